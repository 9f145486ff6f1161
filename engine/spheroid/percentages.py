"""Readouts that are percentages already: viabilities stay as they are, inhibitions are turned round, both are checked.

A viability is 100 % of living wells and 0 of dead ones; an inhibition is 0 % without effect and 100 where all is dead.
Taken for each other they would turn every score of a screen upside down, so controls and doses are asked which it is.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.spheroid.control_quality import positive_type
from engine.spheroid.plate import well_name
from engine.spheroid.readings import INHIBITION, VIABILITY

PLACES = ["plate", "row", "column"]
# Percentages of a screen: some are larger than fractions can be, and half of all wells cannot grow to the double.
MOST_PERCENT, LEAST_PERCENT = 200.0, 2.0
HALF = 50.0  # an inhibition above it is more death than life
FALLEN = 30.0  # percent points from the lowest to the highest dose; inhibitions rise with it
FAR_OUT = 50.0  # percent points beyond 0 and 100, from which wells are named
NAMED = 5
# Written in decimals, 100 - 54.7 is 45.3 to the last digit again, as a file of viabilities would say.
DECIMALS = 10
CALLED = {VIABILITY: "viabilities", INHIBITION: "inhibitions"}


class Settled(NamedTuple):
    """frame: as given, raw being viabilities in percent where is_percent. inhibited: they came as inhibitions."""

    frame: pd.DataFrame
    is_percent: bool
    inhibited: bool


def settled(frame: pd.DataFrame, wells: pd.DataFrame, modality: str, receipt: Receipt, asked: str = "") -> Settled:
    """Readouts as raw ones or as viabilities in percent, by the word of a person or else of every file.

    frame: PLACES, raw, file and told (what the file says: VIABILITY, INHIBITION or ''). wells: the layout. asked: what
    a person says. receipt: told what was done, and of values outside of 0 to 100.
    Raises InputError where files contradict each other or the person, where numbers are no percentages, and where
    inhibitions look like viabilities.
    """
    told = _told(frame, modality, asked)
    if not told:
        return Settled(frame, False, False)
    measured, file = frame["raw"].dropna(), str(frame["file"].iloc[0])
    if odd := _odd(measured, told):
        if told == VIABILITY and not asked:
            receipt.notes.append(
                f"{file} calls its numbers viabilities, but {odd}: they are taken as raw readouts and held "
                "against the plates' controls."
            )
            return Settled(frame, False, False)
        rest = "import them as raw readouts" if asked else "call raw readouts otherwise"
        raise InputError(
            f"{file}: the {modality} readouts cannot be {CALLED[told]} in percent ({odd}). Multiply fractions by 100, "
            f"or {rest}, which are held against the plates' controls."
        )
    why = "was asked for" if asked else "their file says"
    if told == VIABILITY:
        receipt.notes.append(
            f"The {modality} readouts are taken as viabilities in percent, as {why}: they are not held against "
            "controls."
        )
        return Settled(frame, True, False)
    if alive := _looks_alive(frame, wells, modality):
        cure = "import them as percent viability (--percent)" if asked else "call them viability in the file"
        raise InputError(
            f"{file}: the {modality} readouts are given as inhibitions in percent (0 is no effect, 100 all dead), but "
            f"{alive}, as viabilities do: {cure}, or correct the layout if they are inhibitions."
        )
    receipt.notes.append(
        f"The {modality} readouts are inhibitions in percent, as {why}: turned into viabilities (100 - inhibition), "
        f"which are not held against controls.{_outside(frame)}"
    )
    turned = (100.0 - frame["raw"]).round(DECIMALS)
    return Settled(frame.assign(raw=turned), True, True)


def _told(frame: pd.DataFrame, modality: str, asked: str) -> str:
    """VIABILITY, INHIBITION or '' for raw readouts."""
    by_file = {str(file): set(own) - {""} for file, own in frame.groupby("file", sort=False)["told"]}
    for file, kinds in by_file.items():
        if len(kinds) > 1:
            raise InputError(f"{file} calls some readouts viabilities and others inhibitions: give one of them.")
        if asked and kinds - {asked}:
            other = next(iter(kinds))
            raise InputError(
                f"{file} says that it holds {CALLED[other]} in percent, but {CALLED[asked]} were asked for: ask for "
                f"{CALLED[other]}, or correct the words in the file."
            )
    if asked:
        return asked
    says = {file: next(iter(kinds), "") for file, kinds in by_file.items()}
    first = next((file for file, kind in says.items() if kind), "")
    if not first:
        return ""
    if other_file := next((file for file, kind in says.items() if kind != says[first]), ""):
        rest = f"{CALLED[says[other_file]]}" if says[other_file] else "does not"
        raise InputError(
            f"{first} says that it holds {CALLED[says[first]]} in percent, {other_file} {rest}: give the {modality} "
            "readouts of all plates in one form."
        )
    return says[first]


def _odd(measured: pd.Series, told: str) -> str:
    """Why numbers can be no percentages, '' where they can. Inhibitions may all be small, and go below 0."""
    if measured.empty:
        return ""
    highest = measured.max() if told == VIABILITY else measured.abs().max()
    if highest <= LEAST_PERCENT:
        return f"the highest is {highest:g}, as of fractions"
    if measured.abs().median() > MOST_PERCENT:
        return f"half of them exceed {measured.abs().median():,.0f}"
    return ""


def _looks_alive(frame: pd.DataFrame, wells: pd.DataFrame, modality: str) -> str:
    """By what inhibitions look like viabilities, '' where they do not: controls, and without them the doses."""
    known = ["plate", "row", "column", "well_type", "treatment", "conc_nm", "addon"]
    joined = frame[[*PLACES, "raw"]].merge(wells[known], on=PLACES)
    alone = joined[(joined["addon"] == "") & joined["raw"].notna()]
    negative, positive = (
        _median(alone[alone["well_type"] == kind]) for kind in ("negative", positive_type(alone, modality))
    )
    if not np.isnan(negative):
        if negative > max(HALF, 0.0 if np.isnan(positive) else positive):
            beside = "" if np.isnan(positive) else f" and positive ones {positive:.4g}"
            return f"negative controls read {negative:.4g}{beside}"
        return ""
    drugs = alone[(alone["well_type"] == "therapy") & alone["conc_nm"].notna()].groupby("treatment")
    ends = [own.groupby("conc_nm")["raw"].median().sort_index() for _, own in drugs]
    ends = [own for own in ends if len(own) > 1]
    if not ends:
        return ""
    low, high = (float(np.median([own.iloc[place] for own in ends])) for place in (0, -1))
    if low > HALF and (high < low - FALLEN or positive < HALF):
        return f"wells of the lowest dose read {low:.4g} and of the highest {high:.4g}"
    return ""


def _median(wells: pd.DataFrame) -> float:
    """Of the plates' medians, so that one plate that was turned round does not decide; NaN where there is none."""
    return float(wells.groupby("plate")["raw"].median().median())


def _outside(frame: pd.DataFrame) -> str:
    """A sentence on inhibitions below 0 or above 100, '' where there are none."""
    raw = frame["raw"]
    out = (raw < 0) | (raw > 100)
    if not out.any():
        return ""
    far = frame[(raw < -FAR_OUT) | (raw > 100 + FAR_OUT)]
    names = [
        f"{plate}_{well_name(row, column)} {value:g}"
        for plate, row, column, value in far[[*PLACES, "raw"]].head(NAMED).itertuples(index=False)
    ]
    more = f" and {len(far) - NAMED:,} more" if len(far) > NAMED else ""
    named = f"; look at {', '.join(names)}{more}" if names else ""
    return (
        f" {int(out.sum()):,} of {int(raw.notna().sum()):,} inhibitions lie below 0 or above 100 (from "
        f"{raw.min():g} to {raw.max():g}) and stay so{named}."
    )
