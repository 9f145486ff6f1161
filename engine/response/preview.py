"""A look at a file before it is imported: format, columns, first rows and what would stop it. Writes nothing.

Needs no rdkit, so that pages start fast.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from engine.errors import InputError
from engine.files.tables import EXTRA, Table, chunks, open_table
from engine.response.formats import KINDS, Match, dataset_of, lacking, missing_columns, nearest, recognise
from engine.response.units_check import UNITS, UnitCheck, numbers

ROWS = 20
SHOWN_COLUMNS = 40  # of a file with thousands
SAMPLE = 1_000  # rows by which units are judged; the import judges by all
# A table of responses names lines and drugs, so it fits their formats too: the most demanding kind comes first.
DETECTED_FIRST = ("responses", "mutations", "cell-lines", "drugs")
UNIT_WORDS = {"ln_um": "ln of µM", "um": "µM", "nm": "nM"}
FIELD_WORDS = {
    "cosmic_id": "COSMIC id of the cell line",
    "depmap_id": "DepMap id of the cell line",
    "sanger_id": "Sanger id of the cell line",
    "ccle_name": "CCLE name of the cell line",
    "line_name": "name of the cell line",
    "name": "name",
    "sample": "any id or name of the cell line",
    "drug_id": "id of the drug",
    "drug_name": "name of the drug",
    "ln_ic50": "IC50, as ln of µM",
    "ic50_um": "IC50, in µM",
    "ic50_nm": "IC50, in nM",
    "auc": "area under the curve, a fraction",
    "dataset": "name of the dataset",
    "gene": "gene symbol",
    "classification": "kind of mutation",
    "protein_change": "protein change",
    "build": "genome build",
    "chromosome": "chromosome",
    "start": "position, 1-based",
    "locus": "chromosome and position",
    "reference": "reference allele",
    "alternate": "alternate allele",
    "cancer_type": "cancer type (TCGA label)",
    "tissue": "tissue",
    "tissue_detail": "tissue in detail",
    "msi": "microsatellite instability",
    "growth": "growth properties",
    "target": "target",
    "pathway": "target pathway",
    "pubchem_cid": "PubChem compound id",
    "smiles_parent": "structure without salt",
    "smiles": "structure",
    "inchikey": "InChIKey",
    "note": "note",
}


@dataclass(frozen=True)
class Column:
    """One column of the file. used_as: in words, empty where it is ignored. example: its first value."""

    name: str
    used_as: str
    example: str


@dataclass(frozen=True)
class Preview:
    """What an import of the file would do.

    kind: as asked for, else as it looks; empty where the file fits none. fits: every kind whose columns it has.
    columns: used ones first, then ignored ones, SHOWN_COLUMNS at most; ignored: how many are in all.
    rows: the first 20 as text, one column per entry of `columns`.
    unit: of the IC50 column (ln_um | um | nm), dataset: what its rows would be called; both empty for other kinds.
    problems: what stops the import, each with its cure. notes: what a person should know.
    """

    file_name: str
    bytes: int
    kind: str
    fits: tuple[str, ...]
    format: str
    place: str
    columns: tuple[Column, ...]
    ignored: int
    rows: pd.DataFrame
    unit: str
    dataset: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def preview(
    path: Path,
    kind: str | None = None,
    file_name: str = "",
    unit: str = "auto",
    dataset: str | None = None,
    filled: Collection[str] | None = None,
) -> Preview:
    """Looks at the beginning of a file.

    kind: cell-lines | drugs | mutations | responses; None finds it out. file_name: what messages call the file.
    unit, dataset: as in ImportOptions. filled: the store's tables that have rows, where what is missing shall be told.
    Raises InputError for a file that is no table at all, a kind or a unit that is not known.
    """
    if kind not in (None, *KINDS):
        raise InputError(f"There is nothing called {kind!r} to import: choose one of {', '.join(KINDS)}.")
    if unit not in UNITS:
        raise InputError(f"The unit {unit!r} is not known: choose one of {', '.join(UNITS)}.")
    table = open_table(path, file_name, lambda header: bool(_fits(header, kind)))
    fits = _fits(table.header)
    kind = kind or next((one for one in DETECTED_FIRST if one in fits), "")
    match = recognise(table.header, kind) if kind else None
    places = _places(table, match or (nearest(table.header, kind) if kind else None))
    problems = _fit_problems(table, kind, match)
    sample, trouble = _sample(table, list(places))
    problems += trouble
    if match and kind == "responses":
        unit, told = _unit(table.name, match, sample, unit)
        problems += told
    if kind and filled is not None and (told_first := lacking(kind, filled)):
        problems.append(told_first)
    names = _distinct([table.header[place].strip() for place in places])
    columns = tuple(
        Column(name, FIELD_WORDS.get(field, ""), _first(sample, place))
        for name, (place, field) in zip(names, places.items(), strict=True)
    )
    return Preview(
        file_name=table.name,
        bytes=path.stat().st_size,
        kind=kind,
        fits=fits,
        format=match.format.name if match else "",
        place=_place(table),
        columns=columns,
        ignored=sum(bool(name.strip()) for name in table.header) - sum(bool(column.used_as) for column in columns),
        rows=sample.head(ROWS).set_axis(names, axis=1),
        unit=unit if match and kind == "responses" else "",
        dataset=_dataset(table.name, match, sample, dataset) if match and kind == "responses" else "",
        problems=tuple(problems),
        notes=tuple(_notes(kind, match) if match else ()),
    )


def _fits(header: Collection[str], kind: str | None = None) -> tuple[str, ...]:
    names = list(header)
    return tuple(one for one in KINDS if kind in (None, one) and recognise(names, one))


def _places(table: Table, match: Match | None) -> dict[int, str]:
    """Place in the header -> the field it is used as, empty for the ignored ones, which come last."""
    used = {place: field for field, place in match.columns.items()} if match else {}
    rest = [place for place, name in enumerate(table.header) if place not in used and name.strip()]
    return {**dict(sorted(used.items())), **dict.fromkeys(rest[: max(SHOWN_COLUMNS - len(used), 0)], "")}


def _fit_problems(table: Table, kind: str, match: Match | None) -> list[str]:
    if match:
        return []
    if not kind:
        return [
            "The columns fit no known table. Say what it holds to see which columns are missing; the README lists the "
            "formats that are known."
        ]
    found = nearest(table.header, kind)
    problems = [
        f"Missing column: {names}. Give the column that holds it this name."
        if " or " not in names
        else f"Missing column: one of {names}. Give the column that holds it one of these names."
        for names in missing_columns(found)
    ]
    others = " or ".join(_fits(table.header))
    return problems + ([f"It looks like a table of {others} instead: import it as that."] if others else [])


def _sample(table: Table, places: list[int]) -> tuple[pd.DataFrame, list[str]]:
    empty = pd.DataFrame({place: pd.Series(dtype="str") for place in places})
    try:
        rows = next((part for part in chunks(table, places, rows=SAMPLE) if len(part)), empty)
    except InputError as error:
        return empty, [str(error)]
    return rows[places].reset_index(drop=True), [] if rows.get(EXTRA, pd.Series()).isna().all() else [_SHIFTED]


_SHIFTED = "Some rows have more values than the header has names: they would be left out. Check quotes and separators."


def _unit(name: str, match: Match, sample: pd.DataFrame, unit: str) -> tuple[str, list[str]]:
    """The unit of the IC50 column, and what speaks against it."""
    field = next(one for one in ("ln_ic50", "ic50_um", "ic50_nm") if one in match.columns)
    if unit == "auto" and field != "ln_ic50":
        unit = field.removeprefix("ic50_")
    check = UnitCheck(name)
    check.see(numbers(sample[match.columns[field]]).to_numpy())
    looks = check.looks_like(unit)
    known = "ln_um" if unit == "auto" else unit
    if looks is None:
        return known, []
    return known, [
        f"The IC50 values look like {UNIT_WORDS[looks]}, not {UNIT_WORDS[known]}: set the unit to {UNIT_WORDS[looks]}, "
        f"or to {UNIT_WORDS['ln_um']} if that is what they are."
    ]


def _dataset(name: str, match: Match, sample: pd.DataFrame, dataset: str | None) -> str:
    if dataset:
        return dataset
    own = sample[match.columns["dataset"]].dropna().unique() if "dataset" in match.columns else []
    return ", ".join(map(str, own)) or dataset_of(name)


def _notes(kind: str, match: Match) -> list[str]:
    if kind == "cell-lines" and "cancer_type" not in match.columns:
        return ["Holds no TCGA labels: lines known from this table alone take no part in training."]
    if kind == "drugs" and not {"smiles", "smiles_parent"} & set(match.columns):
        told = "drugs without one take no part in training. The command fetch pubchem finds them."
        return [f"Holds no structures: {told}"]
    return []


def _distinct(names: list[str]) -> list[str]:
    """Names that repeat carry their number."""
    return [name if name not in names[:i] else f"{name} ({names[: i + 1].count(name)})" for i, name in enumerate(names)]


def _first(sample: pd.DataFrame, place: int) -> str:
    values = sample[place].dropna()
    return str(values.iloc[0]) if len(values) else ""


def _place(table: Table) -> str:
    sheet = f"sheet {table.sheet}" if table.sheet else ""
    row = f"header in row {table.header_row}" if table.header_row > 1 else ""
    return ", ".join(part for part in (sheet, row) if part)
