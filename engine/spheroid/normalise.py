"""Raw readouts -> viability in percent by the controls of their plate: 0 is the positive control, 100 the negative one.

Medians of the controls, plate by plate; wells with an added drug by negative controls that hold it (dss.md).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.spheroid.control_quality import control_groups, positive_type
from engine.spheroid.types import WELL_COLUMNS, Plates, Readouts

PLACES = ["plate", "row", "column"]
FAR = 30.0  # percent points; medians of ten wells of a usable plate lie within a few


class Percent(NamedTuple):
    """frame: WELL_COLUMNS, raw, percent (NaN where not defined). notes: sentences about plates without percentages."""

    frame: pd.DataFrame
    notes: tuple[str, ...]


def percent(readouts: Readouts, plates: Plates, *, death_readout: bool = False) -> pd.DataFrame:
    """All wells of the layout with raw readout and percent viability; see `normalised`."""
    return normalised(readouts, plates, death_readout=death_readout).frame


def normalised(readouts: Readouts, plates: Plates, *, death_readout: bool = False) -> Percent:
    """percent = 100 (raw - median of positive) / (median of negative - median of positive), per plate and addition.

    Metabolic readouts are held against their own positive control where the layout has one. death_readout: the signal
    rises as cells die; percentages are viabilities all the same, as the controls say which way is up, but the warning
    that controls look swapped turns round.
    A plate without a control, or whose controls read the same, has no percentages and a note that says so.
    Readouts that are percentages stay as they are; a note says where the plate's negative control is far from 100 %.
    """
    wells = plates.wells.drop(columns=["raw", "percent"], errors="ignore")
    frame = wells.merge(readouts.frame[[*PLACES, "raw"]], on=PLACES, how="left").assign(percent=np.nan)
    killed = positive_type(frame, readouts.modality)
    notes: list[str] = []
    if readouts.is_percent:
        ready = frame.assign(percent=frame["raw"])
        return Percent(ready[[*WELL_COLUMNS, "raw", "percent"]], _odd_controls(ready, readouts))
    for plate, own in frame.groupby("plate", sort=False):
        if own["raw"].notna().any():
            frame.loc[own.index, "percent"] = _of_plate(
                str(plate), own, readouts.modality, killed, death_readout, notes
            )
    return Percent(frame[[*WELL_COLUMNS, "raw", "percent"]], tuple(notes))


def _odd_controls(ready: pd.DataFrame, readouts: Readouts) -> tuple[str, ...]:
    """A sentence for every plate whose negative control does not look as in a screen of viabilities in percent."""
    alone = ready[(ready["well_type"] == "negative") & (ready["addon"] == "")]
    medians = alone.groupby("plate", sort=False)["percent"].median().dropna()
    given, whole, other = "viabilities", 100, " or as percent inhibition"
    if readouts.inhibited:
        medians, given, whole, other = 100 - medians, "inhibitions", 0, ""
    return tuple(
        f"Plate {plate}: the {readouts.modality} readouts are given as {given} in percent, but its negative control "
        f"reads {value:.4g} % where {whole} was expected. Check the readouts, or import them as raw ones{other}."
        for plate, value in medians.items()
        if abs(value - whole) > FAR
    )


def _of_plate(
    plate: str, own: pd.DataFrame, modality: str, killed: str, death_readout: bool, notes: list[str]
) -> np.ndarray:
    groups = {group.addon: group for group in control_groups(own, killed)}
    made = np.full(len(own), np.nan)
    for addon in own["addon"].unique():
        group = groups.get(addon)
        which = f" with {addon}" if addon else ""
        chosen = (own["addon"] == addon).to_numpy()
        if addon and (group is None or not len(group.negative)):
            group = groups.get("")
            notes.append(
                f"Plate {plate} has no negative control with {addon}: its wells with {addon} are held against negative "
                f"controls without it, so that their viability holds the effect of {addon}, too."
            )
        lacking = [
            name
            for name, values in (("negative", group.negative), ("positive", group.positive))
            if not len(values)
        ] if group is not None else ["negative", "positive"]  # fmt: skip
        if lacking or group is None:
            kinds = {"negative": "neg", "positive": "BzCl or pos" if killed == "metabolic_positive" else "pos"}
            notes.append(
                f"Plate {plate} has no {' and no '.join(lacking)} control{which} with a {modality} readout: its wells "
                f"have no percentages. Call the control wells {' and '.join(kinds[name] for name in lacking)} in the "
                "layout, or give their readouts, and import again."
            )
            continue
        alive, dead = float(np.median(group.negative)), float(np.median(group.positive))
        if alive == dead:
            notes.append(
                f"Plate {plate}: negative and positive controls{which} both read {alive:g} ({modality}), so there are "
                "no percentages. Check the readouts and the layout."
            )
            continue
        if (alive < dead) != death_readout:
            notes.append(
                f"Plate {plate}: negative controls{which} look {'deader' if death_readout else 'less alive'} than "
                f"positive ones ({modality}: medians {alive:g} and {dead:g}). Are they swapped in the layout, was the "
                "plate turned round, or does the signal rise as cells die?"
            )
        made[chosen] = 100 * (own.loc[chosen, "raw"].to_numpy(float) - dead) / (alive - dead)
    return made
