"""Reads mutations and responses, files of any size: each chunk is reduced at once to what is known and wanted."""

from pathlib import Path

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.response.census import census_genes, current_symbols
from engine.response.formats import dataset_of
from engine.response.lines import DrugIndex, LineIndex, whole_numbers
from engine.response.readers import Progress, Reading, open_as
from engine.response.units_check import UnitCheck, numbers, to_ln_um
from engine.response.variants import NOT_CODING, UNKNOWN, classify

COMPACT_ROWS = 500_000  # kept rows that are merged at once, which bounds the memory of a file full of duplicates
MUTATION_COLUMNS = [
    "cosmic_id", "gene", "position_key", "protein_change", "classification", "chromosome", "start_grch37",
    "start_grch38", "reference", "alternate",
]  # fmt: skip
_SAME_MUTATION = ["cosmic_id", "position_key", "protein_change", "classification"]
_SHOW_LINE = ("cosmic_id", "depmap_id", "sanger_id", "ccle_name", "line_name", "sample")
_PAIR = ["dataset", "cosmic_id", "drug_id"]
_BUILDS = {"37": "37", "hg19": "37", "grch37": "37", "38": "38", "hg38": "38", "grch38": "38"}
_CHROMOSOMES = {"23": "X", "24": "Y", "25": "MT", "M": "MT"}  # COSMIC numbers them


def read_mutations(
    path: Path,
    cell_line: pd.DataFrame,
    name: str = "",
    census_only: bool = True,
    on_progress: Progress | None = None,
) -> Reading:
    """Mutations of known lines: MAF, DepMap, COSMIC or Passports.

    cell_line: the store's table. census_only: leave out genes that are not in the Cancer Gene Census.
    Returns MUTATION_COLUMNS, one row per line and protein change. Raises InputError.
    """
    opened, receipt, index = open_as(path, "mutations", name, on_progress), Receipt(), LineIndex(cell_line)
    kept: list[pd.DataFrame] = []
    for chunk in opened.read(receipt):
        rows = _mutations(chunk, index, receipt, census_only)
        kept.append(_with_position(rows, opened.match.format.build))
        if sum(map(len, kept)) > COMPACT_ROWS:
            kept = [_distinct(kept, receipt)]
    frame = _distinct(kept, receipt).reindex(columns=MUTATION_COLUMNS).astype({"cosmic_id": "int64"})
    return Reading(frame.reset_index(drop=True), receipt, opened.match.format.name)


def _mutations(chunk: pd.DataFrame, index: LineIndex, receipt: Receipt, census_only: bool) -> pd.DataFrame:
    """The chunk's rows that are a protein-changing mutation of a known line; the rule that drops most comes first."""
    show = ("gene", "protein_change", "classification")
    rows = receipt.drop(chunk, chunk["gene"].isna(), "gene missing")
    # COSMIC names other transcripts of a gene like this; their residue numbers are not those of the gene.
    rows = receipt.drop(rows, rows["gene"].str.contains("_ENST", regex=False), "not the canonical transcript", show)
    rows = rows.assign(gene=current_symbols(rows["gene"]))
    if census_only:
        rows = receipt.drop(rows, ~rows["gene"].isin(census_genes()), "gene outside the census", ("gene",))
    found = index.find(rows)
    rows = receipt.drop(rows, found.isna(), "unknown cell line", _SHOW_LINE)
    rows = rows.assign(cosmic_id=found[rows.index].astype("int64"))
    for column in ("classification", "protein_change"):
        if column not in rows:
            rows[column] = None
    classified = classify(rows)
    classified["protein_change"] = rows["protein_change"]
    quiet = classified["classification"].isin(NOT_CODING)
    rows = receipt.drop(classified, quiet, "silent or non-coding", show)
    unclear = (rows["classification"] == UNKNOWN) & rows["position_key"].str.endswith(f":{UNKNOWN}")
    return receipt.drop(rows, unclear, "neither residue nor class", show)


def _with_position(rows: pd.DataFrame, build: str) -> pd.DataFrame:
    """Chromosome and the start in the column of its genome build; missing where the file does not tell the build."""
    blank = pd.Series(None, rows.index, dtype=object)
    chromosome, start = rows.get("chromosome", blank), rows.get("start", blank)
    if "locus" in rows:  # COSMIC: 17:7577120-7577120
        parts = rows["locus"].astype("str").str.extract(r"^(?P<chromosome>[^:]+):(?P<start>\d+)")
        chromosome, start = parts["chromosome"].fillna(chromosome), parts["start"].fillna(start)
    builds = rows["build"].str.strip().str.lower().map(_BUILDS) if "build" in rows else blank
    builds = builds.fillna(build) if build else builds
    places = whole_numbers(start)
    names = chromosome.astype("str").str.strip().str.removeprefix("chr")
    return rows.assign(
        chromosome=names.map(lambda text: _CHROMOSOMES.get(text, text), na_action="ignore"),
        start_grch37=places.where(builds == "37"),
        start_grch38=places.where(builds == "38"),
        reference=rows.get("reference", blank),
        alternate=rows.get("alternate", blank),
    )


def _distinct(kept: list[pd.DataFrame], receipt: Receipt) -> pd.DataFrame:
    rows = pd.concat([frame[[*MUTATION_COLUMNS, "row"]] for frame in kept], ignore_index=True)
    return receipt.drop(rows, rows.duplicated(_SAME_MUTATION), "duplicate", ("cosmic_id", "gene", "protein_change"))


def read_responses(
    path: Path,
    cell_line: pd.DataFrame,
    drug: pd.DataFrame,
    name: str = "",
    dataset: str | None = None,
    unit: str = "auto",
    on_progress: Progress | None = None,
) -> Reading:
    """Fitted dose responses of known lines and drugs.

    cell_line, drug: the store's tables. dataset: what to call it; by default the file's own column, else GDSC1 or
    GDSC2 from its name, else the name. unit: auto | ln_um | um | nm, of the column with the IC50.
    Returns dataset, cosmic_id, drug_id, ln_ic50, auc, n_measured, one row per line and drug of a dataset; repeated
    measurements are averaged as ln IC50. Raises InputError, also where the values cannot be of that unit.
    """
    opened = open_as(path, "responses", name, on_progress)
    receipt, lines, drugs = Receipt(), LineIndex(cell_line), DrugIndex(drug)
    column = next(c for c in ("ln_ic50", "ic50_um", "ic50_nm") if c in opened.match.columns)
    if unit == "auto" and column != "ln_ic50":
        unit = column.removeprefix("ic50_")
        receipt.notes.append(f"IC50 in {unit} by the name of its column, converted to ln of uM.")
    check, otherwise, sums = UnitCheck(opened.table.name), dataset or dataset_of(opened.table.name), [_no_sums()]
    for chunk in opened.read(receipt):
        rows = _responses(chunk, column, unit, lines, drugs, receipt, check)
        named = rows["dataset"] if "dataset" in rows and dataset is None else pd.Series(None, rows.index, dtype=object)
        sums.append(_sums(rows.assign(dataset=named.fillna(otherwise))))
        if sum(map(len, sums)) > COMPACT_ROWS:
            sums = [_added(sums)]
    check.refuse(unit)
    total = _added(sums)
    receipt.merged = receipt.kept - len(total)
    frame = total[_PAIR].assign(
        ln_ic50=total["ln_ic50"] / total["n_measured"],
        auc=(total["auc"] / total["n_auc"].where(total["n_auc"] > 0)).astype(float),
        n_measured=total["n_measured"].astype("int32"),
    )
    return Reading(frame, receipt, opened.match.format.name)


def _responses(
    chunk: pd.DataFrame,
    column: str,
    unit: str,
    lines: LineIndex,
    drugs: DrugIndex,
    receipt: Receipt,
    check: UnitCheck,
) -> pd.DataFrame:
    found_line, found_drug = lines.find(chunk), drugs.find(chunk)
    show = ("cosmic_id", "line_name", "drug_id", "drug_name", column)
    rows = receipt.drop(chunk, found_line.isna(), "unknown cell line", show)
    rows = receipt.drop(rows, found_drug[rows.index].isna(), "unknown drug", show)
    rows = receipt.drop(rows, rows[column].isna(), "value missing", show)
    values = numbers(rows[column])
    rows = receipt.drop(rows, values.isna(), "value is not a number", show)
    values = values[rows.index]
    check.see(values.to_numpy())
    ln_ic50, in_range = to_ln_um(values.to_numpy(), unit)
    rows = receipt.drop(rows, pd.Series(~in_range, rows.index), "value out of range", show)
    auc = numbers(rows["auc"]) if "auc" in rows else pd.Series(np.nan, rows.index)
    return rows.assign(
        cosmic_id=found_line[rows.index].astype("int64"),
        drug_id=found_drug[rows.index].astype("int64"),
        ln_ic50=ln_ic50[in_range],
        # A fraction of the curve's maximum; fits with noise end a little above 1. It is only shown, so the row stays.
        auc=auc.where((auc >= 0) & (auc <= 2)),
    )


def _no_sums() -> pd.DataFrame:
    types = {"dataset": "str", "cosmic_id": "int64", "drug_id": "int64", "ln_ic50": float, "auc": float}
    counts = {"n_auc": "int64", "n_measured": "int64"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in {**types, **counts}.items()})


def _sums(rows: pd.DataFrame) -> pd.DataFrame:
    counted = rows.assign(n_auc=rows["auc"].notna().astype("int64"), n_measured=1)
    return _added([counted[list(_no_sums().columns)]])


def _added(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Sums and counts per pair, so that means of a file of any size need only one row per pair."""
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return rows.groupby(_PAIR, as_index=False, sort=True).sum()


def require_rows(reading: Reading, name: str) -> None:
    """Raises InputError where no row could be used, with the commonest reason and what to do about it."""
    receipt = reading.receipt
    if receipt.kept:
        return
    # Most rows of any exome are of other genes or silent: that is the reason only where there is no other one.
    told = [r for r in receipt.dropped if r not in ("gene outside the census", "silent or non-coding")]
    reason = max(told or receipt.dropped, key=lambda r: receipt.dropped[r])
    example = receipt.examples[reason][0]
    counts = "; ".join(f"{r}: {n:,}" for r, n in receipt.dropped.items())
    raise InputError(
        f"{name}: none of its {receipt.read:,} rows can be used ({counts}; such as {example}). "
        f"{_CURES.get(reason, 'Check the file and its columns.')}"
    )


_CURES = {
    "unknown cell line": "Import the cell-line table that names these lines first, or check their ids.",
    "unknown drug": "Import the drug table that names these drugs first, or check their ids.",
    "gene outside the census": "Check that the gene column holds HGNC symbols of Cancer Gene Census genes.",
    "silent or non-coding": "Give a file that also lists mutations which change the protein.",
    "value out of range": "Check the unit: give ln of IC50 in uM, or state the unit (um or nm).",
    "value missing": "Give a file with fitted IC50 values.",
    "value is not a number": "Give a file whose IC50 column holds numbers.",
}
