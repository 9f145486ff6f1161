"""A layout in the column form of the published data set and of iTReX -> what is in every well of a screen."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.files.tables import squeeze
from engine.spheroid.concentrations import in_nm
from engine.spheroid.layout_columns import WellTable, read_wells
from engine.spheroid.plate import PLACE, clean, parse_well, plate_order, size_for, well_name
from engine.spheroid.readings import comments
from engine.spheroid.types import WELL_COLUMNS, WELL_TYPES, Plates

__all__ = ["parse_well", "plates_of", "read_layout", "well_name"]

TYPE_NAMES = {
    "negative": ("neg", "negative", "negativecontrol", "negctrl", "negcontrol", "nc", "dmso", "vehicle", "solvent"),
    "positive": ("pos", "positive", "positivecontrol", "posctrl", "poscontrol", "pc", "sts", "staurosporine"),
    "metabolic_positive": ("metabolicpositive", "bzcl", "benzethonium", "benzethoniumchloride"),
    "therapy": ("therapy", "drug", "sample", "compound", "treatment", "treated", "test"),
    "series": ("trc", "series", "controlseries", "dilution", "dilutionseries", "titration"),
    "untreated": ("untreated", "cells", "cellsonly", "nodrug", "notreatment"),
    "empty": ("empty", "blank", "media", "medium", "mediumonly", "background", "nocells", "pbs", "water"),
    "other": ("other", "unknown"),
}
_TYPE = {name: kind for kind, names in TYPE_NAMES.items() for name in names}
_SAID_BY_DRUG = {name: _TYPE[name] for kind in ("negative", "metabolic_positive", "untreated", "empty")
                 for name in TYPE_NAMES[kind] if name not in ("neg", "nc")}  # fmt: skip
STAUROSPORINE = ("sts", "staurosporine")
NAMED = 5
PLACES = ["plate", "row", "column"]


def read_layout(path: Path, name: str, receipt: Receipt, screen: str = "", pos_rules: bool = False) -> Plates:
    """A layout as CSV, TSV, XLSX or Parquet, Latin or umlauts, with # comments.

    receipt: told of rows, of what is odd and of what was assumed. screen: only its rows, where a column names screens.
    pos_rules: as in iTReX the wells called `pos` are the positive control of the readouts, and wells of another type
    (BzCl) are not, whatever they hold. Without it, `pos` is that of images and BzCl that of metabolic readouts.
    Raises InputError naming file and row for wells that stand twice or lie on no plate, and for concentrations without
    a clear unit.
    """
    return plates_of(read_wells(path, name, screen), receipt, comments(path), pos_rules)


def plates_of(table: WellTable, receipt: Receipt, notes: tuple[str, ...] = (), pos_rules: bool = False) -> Plates:
    """The layout that a table of wells tells. notes: its comments, which may name the unit of concentrations."""
    frame, name = table.frame, table.name
    if "well_type" not in frame and "treatment" not in frame:
        raise InputError(f"{name} does not say what is in its wells: it needs WellType, Treatment and Concentration.")
    receipt.read += len(frame)
    _refuse_twice(frame, name)
    known = len(receipt.notes)
    made = frame[["line", *PLACES]].copy()
    made["treatment"] = [clean(text or "") for text in frame.get("treatment", pd.Series([""] * len(frame)))]
    made["conc_nm"] = in_nm(table, "conc", notes, receipt)
    made["addon"] = [clean(text or "") for text in frame.get("addon", pd.Series([""] * len(frame)))]
    made["addon_nm"] = in_nm(table, "addon_conc", notes, receipt) if "addon_conc" in frame else np.nan
    made["well_type"] = _types(frame, made, name, receipt)
    made = _additions(made)
    if pos_rules:
        made = _only_pos(made, frame, receipt)
    control = made["well_type"].isin(["negative", "untreated", "empty"])
    made.loc[control & ~(made["conc_nm"] > 0), "conc_nm"] = np.nan
    made["replicate"] = _replicates(frame, made, name)
    _note_doses(made, name, receipt)
    place = made["row"].map(PLACE)
    n_wells = size_for(int(place.max()) + 1, int(made["column"].max()))
    assert n_wells is not None  # rows and columns beyond 1,536 wells were refused when they were read
    order = {plate: i for i, plate in enumerate(sorted(made["plate"].unique(), key=plate_order))}
    made = made.assign(place=place, order=made["plate"].map(order))
    made = made.sort_values(["order", "place", "column"], ignore_index=True)
    return Plates(made[list(WELL_COLUMNS)], n_wells, tuple(receipt.notes[known:]))


def _refuse_twice(frame: pd.DataFrame, name: str) -> None:
    twice = frame.duplicated(PLACES, keep=False)
    if not twice.any():
        return
    first = frame[twice].iloc[0]
    lines = frame.loc[(frame[PLACES] == first[PLACES]).all(axis=1), "line"].tolist()
    well = f"{first['plate']}_{well_name(first['row'], first['column'])}"
    raise InputError(
        f"{name} describes well {well} in rows {' and '.join(map(str, lines[:4]))} ({int(twice.sum()):,} rows in all "
        "are of such wells): keep one row a well; if the table holds several screens, name them in a column Screen."
    )


def _types(frame: pd.DataFrame, made: pd.DataFrame, name: str, receipt: Receipt) -> list[str]:
    """One of WELL_TYPES per well, by the type the layout tells, else by the treatment."""
    doses = made[made["treatment"] != ""].groupby("treatment")["conc_nm"].nunique()
    told = frame["well_type"] if "well_type" in frame else pd.Series([None] * len(frame))
    kinds: list[str] = []
    strange: list[int] = []
    unsaid = 0
    for text, treatment in zip(told, made["treatment"], strict=True):
        drug = squeeze(treatment)
        if text is not None:
            kind = _TYPE.get(squeeze(text)) or (squeeze(text) if squeeze(text) in WELL_TYPES else None)
            if kind is None:
                strange.append(len(kinds))
            elif kind == "positive" and _SAID_BY_DRUG.get(drug) == "metabolic_positive":
                kind = "metabolic_positive"
            kinds.append(kind or "other")
        elif drug in _SAID_BY_DRUG:
            kinds.append(_SAID_BY_DRUG[drug])
        elif drug in STAUROSPORINE and doses.get(treatment, 0) <= 1:
            kinds.append("positive")
        else:
            unsaid += not treatment
            kinds.append("therapy" if treatment else "other")
    if strange:
        wells = frame.iloc[strange]
        names = ", ".join(sorted({repr(text) for text in wells["well_type"]})[:NAMED])
        receipt.flag(wells, pd.Series(True, index=wells.index), "unknown well type, kept as 'other' and not used")
        receipt.notes.append(
            f"{name} has the unknown well types {names} in {len(strange):,} wells, the first {_well(wells.iloc[0])}: "
            f"they are kept as 'other' and not used. Known are neg, pos, BzCl, TRC, therapy, untreated and empty."
        )
    if unsaid:
        receipt.notes.append(f"{name} does not say what is in {unsaid:,} wells: they are kept as 'other' and not used.")
    if "well_type" not in frame:
        receipt.notes.append(f"{name} has no column WellType: controls were told by their treatment (DMSO, BzCl, ...).")
    return kinds


def _additions(made: pd.DataFrame) -> pd.DataFrame:
    """'A + X' is drug A with the addition X where a vehicle with X ('DMSO + X') is among the negative controls."""
    pattern = re.compile(r"(.+?)\s+\+\s+(.+)")
    vehicles = [pattern.fullmatch(text) for text in made.loc[made["well_type"] == "negative", "treatment"].unique()]
    added = {found.group(2) for found in vehicles if found}
    for place, text in made.loc[made["addon"] == "", "treatment"].items():
        found = pattern.fullmatch(text)
        if found and found.group(2) in added:
            made.loc[place, ["treatment", "addon"]] = found.groups()
    return made


def _only_pos(made: pd.DataFrame, frame: pd.DataFrame, receipt: Receipt) -> pd.DataFrame:
    if "well_type" not in frame:
        return made
    called = frame["well_type"].map(lambda text: squeeze(text or "") in ("pos", "positive", "positivecontrol"))
    aside = (made["well_type"] == "metabolic_positive") & ~called
    if not (called.any() and aside.any()):
        return made
    receipt.notes.append(
        f"0 % viability are the {int(called.sum()):,} wells that the layout calls pos ({_some(made, called)}); its "
        f"{int(aside.sum()):,} wells of {_some(made, aside)} are kept aside. Call those pos if they are the control."
    )
    made.loc[aside, "well_type"] = "other"
    return made


def _replicates(frame: pd.DataFrame, made: pd.DataFrame, name: str) -> np.ndarray:
    """The layout's own numbers, else counted per drug and dose from left to right over the plates.

    Plates P1A, P1B, ... are replicates A, B, ... of one plate, as in iTReX.
    """
    if "replicate" in frame:
        told = pd.to_numeric(frame["replicate"], errors="coerce")
        wrong = frame["replicate"].notna() & ~((told >= 1) & (told % 1 == 0))
        if wrong.any():
            first = frame[wrong].iloc[0]
            raise InputError(
                f"{name}, row {first['line']}: the replicate is {first['replicate']!r}; write whole numbers from 1."
            )
        return told.fillna(1).to_numpy(int)
    letters = made["plate"].str.extract(r"^P\d+([A-Z])$")[0]
    if letters.notna().all() and letters.nunique() > 1:
        return letters.map({letter: i for i, letter in enumerate(sorted(letters.unique()), 1)}).to_numpy(int)
    plates = {plate: i for i, plate in enumerate(sorted(made["plate"].unique(), key=plate_order))}
    order = made.assign(place=made["row"].map(PLACE), order=made["plate"].map(plates))
    order = order.sort_values(["order", "column", "place"])
    counted = order.groupby(["treatment", "conc_nm", "addon", "well_type"], dropna=False).cumcount() + 1
    replicate = counted.reindex(made.index)
    return np.where(made["treatment"] == "", 1, replicate).astype(int)


def _note_doses(made: pd.DataFrame, name: str, receipt: Receipt) -> None:
    drugs = made[(made["well_type"] == "therapy") & (made["treatment"] != "")]
    if lost := int((drugs["conc_nm"].isna()).sum()):
        first = drugs[drugs["conc_nm"].isna()].iloc[0]
        receipt.notes.append(
            f"{name}: {lost:,} drug wells have no concentration, the first {_well(first)}: not scored."
        )
    if zero := int((drugs["conc_nm"] == 0).sum()):
        first = drugs[drugs["conc_nm"] == 0].iloc[0]
        receipt.notes.append(
            f"{name}: {zero:,} drug wells have the concentration 0, the first {_well(first)}: not scored. Call them "
            "neg if they hold the vehicle alone."
        )
    doses = drugs[~(drugs["conc_nm"] == 0)].groupby("treatment")["conc_nm"].nunique()
    if few := sorted(doses.index[doses == 1]):
        receipt.notes.append(f"Drugs with a single dose, which gives no curve: {_listed(few)}.")
    nameless = made[(made["well_type"] == "therapy") & (made["treatment"] == "")]
    if len(nameless):
        receipt.notes.append(
            f"{name}: {len(nameless):,} drug wells name no treatment, the first {_well(nameless.iloc[0])}."
        )


def _some(made: pd.DataFrame, chosen: pd.Series) -> str:
    return _listed(sorted(made.loc[chosen, "treatment"].unique())) or "no named treatment"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _well(row: pd.Series) -> str:
    return f"{row['plate']}_{well_name(row['row'], row['column'])}"
