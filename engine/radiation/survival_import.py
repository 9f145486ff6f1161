"""Imports of SF2 and survival curves: a file becomes a job, and the job rows with a receipt."""

from pathlib import Path

import pandas as pd

from engine.files.tables import open_table
from engine.jobs.context import JobContext
from engine.jobs.imports import FILE, Named, refuse_taken_name, source_name, submit, write_receipt
from engine.radiation.survival_columns import recognise, refusal
from engine.radiation.survival_read import read_survival
from engine.settings import REFERENCE, store_path
from engine.store.database import Database

SURVIVAL = Named(
    "survival", "import_survival", "survival", what="data set of surviving fractions", table="survival", part="line"
)
EXPRESSION_LINES = "expression_lines.parquet"  # which lines have expression: a worker never opens the store
# The published SF2 of 59 lines of the NCI-60, ready to import.
REFERENCE_SF2 = REFERENCE / "nci60_sf2.csv"
REFERENCE_NAME = "NCI-60 SF2"
REFERENCE_ORIGIN = "Kim and Chung 2022, Table 1: clonogenic SF2 of 59 NCI-60 lines, measured by others they cite"
REFERENCE_LICENCE = "Published facts"


def submit_survival_import(
    path: Path,
    name: str = "",
    *,
    origin: str = "",
    licence: str = "",
    file_name: str = "",
    assay: str = "",
    simulated: bool = False,
    replace: bool = False,
) -> str:
    """Submits the import of surviving fractions; returns the job's id.

    name: of the data set, by default the file's name without its ending. replace: takes the place of a data set of that
    name. assay: how survival was measured, where the table does not say (clonogenic, 9-day proliferation, ...).
    file_name: what messages call the file, where it was uploaded under another name.
    Raises InputError at once where the file is no such table, or the name is taken and `replace` is not asked for.
    """
    path, called = Path(path), file_name or Path(path).name
    table = open_table(path, called, lambda header: recognise(header) is not None)
    if recognise(table.header) is None:
        raise refusal(table.header, called)
    dataset, db = source_name(name, called, SURVIVAL.what), Database(store_path())
    refuse_taken_name(SURVIVAL, dataset, replace, db)
    lines = db.query("SELECT DISTINCT dataset, line FROM expression")
    about = {"file_name": called, "origin": origin, "licence": licence, "simulated": simulated}
    return submit(SURVIVAL, dataset, {FILE: path, EXPRESSION_LINES: lines}, assay=assay.strip(), **about)


def run_survival_import(job: JobContext) -> None:
    """The task: reads the file and writes the lines, their points, the source and the receipt.

    Raises InputError for a file without a line that can be used, JobCancelled when somebody asked it to stop.
    """
    dataset, called = job.params["source_id"], job.params["file_name"]
    job.progress(0.0, f"Reading {called}")
    reading = read_survival(job.input(FILE), called, lambda done: job.progress(0.5 * done, f"Reading {called}"))
    job.progress(0.9, "Writing the rows", lines=len(reading.lines))
    ids = {"dataset": dataset, "source_id": job.params["source_id"]}
    lines = reading.lines.assign(**ids)
    if job.params["assay"]:
        lines["assay"] = lines["assay"].fillna(job.params["assay"])
    _note_expression(lines, pd.read_parquet(job.input(EXPRESSION_LINES)), reading.receipt.notes)
    job.write_table("survival", lines)
    # Written even where it is empty, so that the points of a table imported before under this name go.
    job.write_table("survival_dose", reading.points.assign(**ids))
    summary = reading.receipt.as_dict({"format": reading.format, "assay": job.params["assay"]})
    summary |= {"lines": len(lines), "points": len(reading.points)}
    write_receipt(job, reading.format, reading.receipt, summary, len(lines))
    job.log(
        f"{called}: {reading.receipt.read:,} rows read, {reading.receipt.kept:,} kept, {len(lines):,} lines written"
    )


def _note_expression(lines: pd.DataFrame, expression: pd.DataFrame, notes: list[str]) -> None:
    for dataset, known in expression.groupby("dataset"):
        without = lines.loc[~lines["line"].isin(known["line"]), "line_name"].tolist()
        shown = f"; without: {', '.join(without[:5])}{', ...' if len(without) > 5 else ''}" if without else ""
        notes.append(f"{len(lines) - len(without):,} of {len(lines):,} lines have expression in {dataset}{shown}.")
