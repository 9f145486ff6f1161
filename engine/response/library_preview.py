"""A look at a file of molecules before it is imported: what its columns are taken for, what becomes of its first rows.

rdkit is loaded when a file is looked at, so pages open without it.
"""

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.chem.library import LIBRARY_COLUMNS, LibraryReceipt, LibrarySettings
from engine.files.tables import open_table

if TYPE_CHECKING:
    from engine.chem.library_formats import Entry

LOOK_ROWS = 200
SHOWN_ROWS = 12
ANY_G_MOL = 2_000.0  # heavier structures take too long to be looked at twice
WEIGHT_STEP = 10.0  # g/mol, to which a weight that is proposed is rounded
USED_AS = {
    "smiles": "structure (SMILES)",
    "name": "name",
    "id": "name where there is none",
    "indications": "indications",
    "class": "oncology or not",
    "oncology": "oncology or not",
    "area": "oncology or not",
    "atc": "oncology or not (ATC code)",
    "cancer_types": "approved cancer types (TCGA)",
    "mechanism": "mechanism",
    "target": "target",
    "phase": "approved or not",
    "approved": "approved or not",
    "weight": "weight, compared with the structure's",
}


@dataclass(frozen=True)
class LibraryPreview:
    """What was understood of a file.

    columns: column, used_as and example, of a list of SMILES or an SD file its fields. rows: row, name, smiles (as in
    the file), fate ("kept" or the reason) of the first SHOWN_ROWS rows. molecules: LIBRARY_COLUMNS of what is kept of
    the first LOOK_ROWS rows; receipt: of the same. cures: row, name and cure, the setting that would keep a row that
    the settings leave out, of the same.
    """

    format: str
    bytes: int
    ignored: tuple[str, ...]
    columns: pd.DataFrame
    rows: pd.DataFrame
    molecules: pd.DataFrame
    receipt: LibraryReceipt
    cures: pd.DataFrame


def preview_library(path: Path, settings: LibrarySettings, name: str = "") -> LibraryPreview:
    """Reads the first LOOK_ROWS rows of a file as the import would.

    name: what messages call it. Raises InputError for a file that is no list of molecules.
    """
    from engine.chem.library_formats import open_library
    from engine.chem.library_rows import Reading

    source = open_library(path, name)
    receipt = LibraryReceipt(format=source.format, notes=list(source.notes))
    entries = [entry for entry, _ in islice(source.read(), LOOK_ROWS)]
    reading = Reading(settings, receipt, {}, source.tells_phase)
    rows: list[dict[str, object]] = []
    found, cures = [], []
    for entry in entries:
        kept, dropped = receipt.kept, dict(receipt.dropped)
        reading.take(entry)
        found += list(reading.chunk())
        reason = next((why for why, n in receipt.dropped.items() if n > dropped.get(why, 0)), "")
        called = entry.values.get("name") or entry.values.get("id", "")
        if reason and (cure := _cure(entry, settings, source.tells_phase)):
            cures.append({"row": entry.row, "name": called, "cure": cure})
        rows.append(
            {
                "row": entry.row,
                "name": called,
                "smiles": entry.values.get("smiles", "drawn in the file" if entry.molecule is not None else ""),
                "fate": "kept" if receipt.kept > kept else reason,
            }
        )
    header = _header(path, name, source.format)
    return LibraryPreview(
        format=source.format,
        bytes=path.stat().st_size,
        ignored=_ignored(header),
        columns=_columns(header, entries),
        rows=pd.DataFrame(rows[:SHOWN_ROWS], columns=["row", "name", "smiles", "fate"]),
        molecules=pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(LIBRARY_COLUMNS)),
        receipt=receipt,
        cures=pd.DataFrame(cures, columns=["row", "name", "cure"]),
    )


def _cure(entry: "Entry", settings: LibrarySettings, tells_phase: bool) -> str:
    """Which of the settings would keep an entry that they leave out; empty where none would, as of a duplicate."""
    every = replace(settings, min_weight_g_mol=0.0, max_weight_g_mol=ANY_G_MOL, largest_fragment=True,
                    approved_only=False)  # fmt: skip
    weight = _weight_if_kept(entry, every, tells_phase)
    if weight is None or _weight_if_kept(entry, settings, tells_phase) is not None:
        return ""
    cures = []
    for switch, words in (
        ({"approved_only": False}, "turn off Approved molecules only"),
        ({"largest_fragment": True}, "turn on Largest fragment of salts"),
    ):
        without = replace(every, **{name: getattr(settings, name) for name in switch})
        if _weight_if_kept(entry, without, tells_phase) is None:
            cures.append(words)
    if weight < settings.min_weight_g_mol:
        cures.append(f"{weight:.1f} g/mol, set Lightest to {WEIGHT_STEP * np.floor(weight / WEIGHT_STEP):g}")
    if weight > settings.max_weight_g_mol:
        cures.append(f"{weight:.1f} g/mol, set Heaviest to {WEIGHT_STEP * np.ceil(weight / WEIGHT_STEP):g}")
    return "; ".join(cures)


def _weight_if_kept(entry: "Entry", settings: LibrarySettings, tells_phase: bool) -> float | None:
    """g/mol of the molecule that these settings would make of an entry alone; None where they leave it out."""
    from engine.chem.library_rows import Reading

    reading = Reading(settings, LibraryReceipt(), {}, tells_phase)
    reading.take(entry)
    kept = [chunk["weight_g_mol"].iloc[0] for chunk in reading.chunk()]
    return float(kept[0]) if kept else None


def _header(path: Path, name: str, file_format: str) -> tuple[str, ...]:
    """The names of a table's columns; none of a list of SMILES, an SD file or a table without a header."""
    from engine.chem.library_formats import places

    if file_format in ("list of SMILES", "SD file"):
        return ()
    header = open_table(path, name, lambda row: "smiles" in places(row) or len(places(row)) > 1).header
    return header if places(header) else ()


def _ignored(header: tuple[str, ...]) -> tuple[str, ...]:
    from engine.chem.library_formats import places

    used = set(places(header).values())
    return tuple(column for at, column in enumerate(header) if at not in used and column.strip())


def _columns(header: tuple[str, ...], entries: "list[Entry]") -> pd.DataFrame:
    from engine.chem.library_formats import PHASES, places

    named = {field: header[at] for field, at in places(header).items()}
    rows = []
    for field, words in USED_AS.items():
        example = next((entry.values[field] for entry in entries if field in entry.values), "")
        drawn = field == "smiles" and any(entry.molecule is not None for entry in entries)
        # A column `groups` is shown only where phases stand in it.
        if example or drawn or (field in named and field not in PHASES):
            column = named.get(field, "found by content" if field == "smiles" and header else words.split(" (")[0])
            rows.append({"column": column, "used_as": words, "example": example or ("drawn" if drawn else "")})
    return pd.DataFrame(rows, columns=["column", "used_as", "example"])
