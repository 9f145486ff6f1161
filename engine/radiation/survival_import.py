"""Imports of SF2 and survival curves: a file becomes a job, and the job rows with a receipt."""

from pathlib import Path

import pandas as pd

from engine.errors import InputError
from engine.files.tables import open_table
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.imports import FILE, refuse_name_of_another_kind, source_row
from engine.radiation.survival_columns import recognise, refusal
from engine.radiation.survival_read import read_survival
from engine.settings import REFERENCE, store_path
from engine.store.database import Database

KIND = "survival"
TASK = "import_survival"
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
    dataset = (name or called.split(".", 1)[0]).strip()
    if not dataset:
        raise InputError(f"{called} needs a name for the data set: give one.")
    db, title = Database(store_path()), f"Import survival {dataset}"
    refuse_name_of_another_kind(dataset, KIND, db)
    if not replace:
        _refuse_taken_name(dataset, title, db)
    params = {
        "kind": KIND,
        "source_id": dataset,
        "file_name": called,
        "origin": origin,
        "licence": licence,
        "assay": assay.strip(),
        "simulated": simulated,
    }
    lines = db.query("SELECT DISTINCT dataset, line FROM expression")
    return queue.submit(TASK, title, params, inputs={FILE: path, EXPRESSION_LINES: lines})


def _refuse_taken_name(dataset: str, title: str, db: Database) -> None:
    n = int(db.query("SELECT count(*) AS n FROM survival WHERE dataset = ?", [dataset])["n"].iloc[0])
    if n:
        raise InputError(
            f"There are surviving fractions called '{dataset}' already, of {n:,} lines: give these another name, or "
            "ask to replace them (--replace on the command line)."
        )
    if any(job.task == TASK and job.title == title and (job.active or job.state == "finished")
           for job in queue.list_jobs()):  # fmt: skip
        raise InputError(f"Surviving fractions '{dataset}' are being imported right now: wait, or give another name.")


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
    job.write_table("source", source_row(job, reading.format, reading.receipt, summary))
    file = job.spec.inputs[FILE]
    about = {key: job.params[key] for key in ("source_id", "kind", "file_name", "origin", "licence", "simulated")}
    job.write_result({**summary, **about, "sha256": file.sha256, "bytes": file.bytes, "rows_written": len(lines)})
    job.log(
        f"{called}: {reading.receipt.read:,} rows read, {reading.receipt.kept:,} kept, {len(lines):,} lines written"
    )


def _note_expression(lines: pd.DataFrame, expression: pd.DataFrame, notes: list[str]) -> None:
    for dataset, known in expression.groupby("dataset"):
        without = lines.loc[~lines["line"].isin(known["line"]), "line_name"].tolist()
        shown = f"; without: {', '.join(without[:5])}{', ...' if len(without) > 5 else ''}" if without else ""
        notes.append(f"{len(lines) - len(without):,} of {len(lines):,} lines have expression in {dataset}{shown}.")
