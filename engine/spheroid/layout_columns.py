"""Tables of wells: which column holds what, and their rows as text. Layouts and long tables of readouts alike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from engine.errors import InputError
from engine.files.tables import EXTRA, chunks, open_table, squeeze
from engine.spheroid.plate import clean, parse_column, parse_row, parse_well, plate_name
from engine.spheroid.readings import INHIBITION, VIABILITY
from engine.units import NM_PER

# Names without case, blanks and punctuation; the first that a table has counts.
NAMES = {
    "plate": ("plate", "plateid", "platename", "platenumber", "platenr", "platte", "barcode", "platebarcode"),
    "well": ("well", "wellid", "wellname", "wellposition", "position"),
    "row": ("row", "wellrow", "platerow", "zeile"),
    "column": ("column", "col", "wellcolumn", "platecolumn", "spalte"),
    "well_type": ("welltype", "type", "role", "wellrole", "controltype", "sampletype"),
    "treatment": ("treatment", "drug", "drugname", "compound", "compoundname", "substance", "treatmentname"),
    "conc": ("concentration", "conc", "dose", "drugconcentration", "drugconc"),
    "unit": ("unit", "concunit", "concentrationunit", "doseunit", "units"),
    "replicate": ("replicate", "rep", "replicatenumber"),
    "addon": ("addon", "addondrug", "addition", "additive", "addeddrug", "treatment2", "drug2", "combination"),
    "addon_conc": ("addonconcentration", "addonconc", "addondose", "concentration2", "conc2", "dose2"),
    "screen": ("screen", "screenname", "screenid", "experiment"),
    "exclude": ("exclude", "excluded", "masked"),
    "value": (
        "response",
        "raw",
        "rawvalue",
        "signal",
        "value",
        "readout",
        "luminescence",
        "intensity",
        "rlu",
        "count",
        "viability",
        "percentviability",
        "viabilitypercent",
        "viabilityinpercent",
        "pctviability",
        "viabilitypct",
        "cellviability",
        "percentcellviability",
        "cellviabilitypercent",
        "relativeviability",
        "normalizedviability",
        "normalisedviability",
        "inhibition",
        "percentinhibition",
        "inhibitionpercent",
        "inhibitioninpercent",
        "pctinhibition",
        "inhibitionpct",
        "growthinhibition",
        "percentgrowthinhibition",
        "relativeinhibition",
        "normalizedinhibition",
        "normalisedinhibition",
    ),
    "readout_name": ("readout", "readoutname", "measure", "assay"),
}
UNITS = {"pm": "pM", "nm": "nM", "um": "uM", "mm": "mM", "m": "M"}
_MOLAR = re.compile(r"(?i)(p|n|u|µ|μ|m)?\s*(mol\s*/\s*l|mol\s*l-1|molar|m)(?![a-z])")


@dataclass(frozen=True)
class WellTable:
    """A table of wells as text.

    frame: line (its number in the file), plate, row, column and what else of NAMES there is, as text or None.
    units: of conc and addon_conc where the column's name tells one, of value VIABILITY or INHIBITION where
    its name says so.
    name: what messages call the file. has_plates: a column says of which plate a row is; else all are P1.
    """

    name: str
    frame: pd.DataFrame
    units: dict[str, str]
    has_plates: bool = True


def unit_of(text: str) -> str | None:
    """nM, uM, ... of NM_PER for a unit as people write it (µM, nmol/l); None for no molar unit."""
    found = _MOLAR.fullmatch(text.strip())
    if not found:
        return None
    prefix = (found.group(1) or "").replace("µ", "u").replace("μ", "u")
    unit = f"{prefix if prefix != 'M' else 'm'}M"
    return unit if unit in NM_PER else UNITS.get(unit.lower())


def columns_of(header: Sequence[str]) -> tuple[dict[str, int], dict[str, str]]:
    """Place of every known column, and the units that names of concentrations tell: 'Dose [µM]', 'conc_nM'."""
    squeezed = [squeeze(name) for name in header]
    found: dict[str, int] = {}
    units: dict[str, str] = {}
    for key, names in NAMES.items():
        for name in names:
            if name in squeezed:
                found[key] = squeezed.index(name)
                break
            if key in ("conc", "addon_conc") and (hit := _with_unit(name, squeezed)):
                found[key], units[key] = hit
                break
    for kind in (VIABILITY, INHIBITION):
        if "value" in found and kind in squeezed[found["value"]]:
            units["value"] = kind
    if found.get("readout_name") == found.get("value"):
        found.pop("readout_name", None)
    return found, units


def _with_unit(name: str, squeezed: Sequence[str]) -> tuple[int, str] | None:
    for place, column in enumerate(squeezed):
        rest = column.removeprefix(name).removeprefix("in")
        if column.startswith(name) and rest in UNITS:
            return place, UNITS[rest]
    return None


def is_well_table(header: Sequence[str]) -> bool:
    """Whether a header names wells."""
    found, _ = columns_of(header)
    return "well" in found or {"row", "column"} <= set(found)


def is_layout(header: Sequence[str]) -> bool:
    """Whether a header says what is in wells."""
    return is_well_table(header) and bool({"well_type", "treatment"} & set(columns_of(header)[0]))


def is_long(header: Sequence[str]) -> bool:
    """Whether a header gives readouts of wells."""
    return is_well_table(header) and "value" in columns_of(header)[0]


def header_of(path: Path, name: str = "") -> tuple[str, ...]:
    """The header of a table of wells, or the first row of anything else. Raises InputError for what is no table."""
    return open_table(path, name or path.name, is_well_table).header


def read_wells(path: Path, name: str = "", screen: str = "") -> WellTable:
    """Every row of a table of wells; wells are understood, all else is text.

    screen: only its rows, where a column names several screens. Raises InputError for a table without columns of
    wells, naming those it has, and naming the row of what is no well.
    """
    name = name or path.name
    table = open_table(path, name, is_well_table)
    if not is_well_table(table.header):
        raise InputError(
            f"{name} does not say where wells are: its columns are {', '.join(table.header[:8])}. It needs Row and "
            "Column, or Well, and for several plates Plate."
        )
    found, units = columns_of(table.header)
    squeezed = [squeeze(column) for column in table.header]
    if twice := [table.header[place] for place in found.values() if squeezed.count(squeezed[place]) > 1]:
        raise InputError(f"{name} has two columns called {twice[0]!r}: keep the one that counts.")
    parts = []
    for chunk in chunks(table, list(dict.fromkeys((0, *found.values())))):
        chunk = chunk[~chunk[0].str.startswith("#", na=False)]
        if (wide := chunk[EXTRA].notna()).any():
            raise InputError(
                f"{name}, row {chunk.loc[wide, 'row'].iloc[0]} has more values than there are columns: put decimal "
                "commas and names with commas into quotation marks, or separate by semicolon or tab."
            )
        part = pd.DataFrame({key: chunk[place] for key, place in found.items()}, dtype="object")
        parts.append(part.assign(line=chunk["row"].to_numpy()))
    frame = pd.concat(parts, ignore_index=True)
    texts = [key for key in found if key in frame]
    frame[texts] = frame[texts].where(frame[texts].notna(), None)
    # Workbooks and careless exports end in rows of nothing.
    frame = frame[frame[texts].notna().any(axis=1)]
    if screen and "screen" in frame:
        named = frame["screen"].map(lambda text: clean(text or ""))
        if screen in set(named) and (named == "").any():
            line = frame.loc[named == "", "line"].iloc[0]
            raise InputError(f"{name}, row {line} names no screen where others do: write it into every row.")
        if screen not in set(named) and named.nunique() > 1:
            raise InputError(
                f"{name} is of the screens {', '.join(sorted(set(named))[:8])}, not of {screen}: give the table of "
                "that screen, or call it by one of these names."
            )
        frame = frame[named == screen] if screen in set(named) else frame
    if frame.empty:
        raise InputError(f"{name} has no row that says anything: export it again with its wells.")
    return WellTable(name, _placed(frame.reset_index(drop=True), name), units, "plate" in found)


def screens_of(path: Path, name: str = "") -> tuple[str, ...]:
    """Screens that a table names in a column, in the order of names; empty where it has no such column."""
    table = open_table(path, name or path.name, is_well_table)
    found, _ = columns_of(table.header)
    if "screen" not in found:
        return ()
    names: set[str] = set()
    for chunk in chunks(table, [found["screen"]]):
        names.update(clean(text) for text in chunk[found["screen"]].dropna().unique())
    return tuple(sorted(names))


def _placed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """With plate as P1, row as a letter and column as a number."""
    plates = frame["plate"] if "plate" in frame else pd.Series("P1", index=frame.index, dtype="object")
    if plates.isna().any():
        line = frame.loc[plates.isna(), "line"].iloc[0]
        raise InputError(f"{name}, row {line} names no plate: write one such as P1 into every row.")
    rows, columns = [], []
    by_well = "well" in frame and not {"row", "column"} <= set(frame)
    for place in frame.to_dict("records"):
        try:
            if by_well:
                row, column = parse_well(place["well"] or "")
            else:
                row, column = parse_row(place["row"] or ""), parse_column(place["column"] or "")
        except InputError as error:
            raise InputError(f"{name}, row {place['line']}: {error}") from error
        rows.append(row)
        columns.append(column)
    kept = frame.drop(columns=[key for key in ("well", "screen") if key in frame])
    return kept.assign(plate=plates.map({text: plate_name(text) for text in plates.unique()}), row=rows, column=columns)
