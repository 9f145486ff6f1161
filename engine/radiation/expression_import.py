"""Imports of gene expression: a file becomes a job, and the job rows with a receipt."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.imports import FILE, refuse_name_of_another_kind, source_row
from engine.radiation.expression_read import look, read
from engine.radiation.types import Expression
from engine.settings import store_path
from engine.store.database import Database

KIND = "expression"
TASK = "import_expression"
ROWS = 50  # samples written at a time

SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("dataset", "sample", "line", "line_name", "panel")]
    + [("replicate", pa.int32()), ("values", pa.list_(pa.float32())), ("source_id", pa.string())]
)


def submit_expression_import(
    path: Path,
    name: str = "",
    *,
    origin: str = "",
    licence: str = "",
    file_name: str = "",
    simulated: bool = False,
    replace: bool = False,
) -> str:
    """Submits the import of a table of expression; returns the job's id.

    name: of the data set, by default the file's name without its ending. file_name: what messages call the file,
    where it was uploaded under another name. replace: takes the place of a data set of that name.
    Raises InputError at once where the file's beginning is no expression, another kind of import has that name, or a
    data set has it, or is about to, and `replace` is not asked for.
    """
    path, called = Path(path), file_name or Path(path).name
    look(path, called)
    dataset = (name or called.split(".", 1)[0]).strip()
    if not dataset:
        raise InputError(f"{called} needs a name for the data set: give one.")
    refuse_name_of_another_kind(dataset, KIND)
    title = f"Import expression {dataset}"
    if not replace:
        _refuse_taken_name(dataset, title)
    params = {
        "kind": KIND,
        "source_id": dataset,
        "dataset": dataset,
        "file_name": called,
        "origin": origin,
        "licence": licence,
        "simulated": simulated,
    }
    return queue.submit(TASK, title, params, inputs={FILE: path})


def _refuse_taken_name(dataset: str, title: str) -> None:
    known = Database(store_path()).query("SELECT n_samples FROM expression_set WHERE dataset = ?", [dataset])
    if len(known):
        raise InputError(
            f"There is expression called '{dataset}' already, with {known['n_samples'].iloc[0]:,} samples: give this "
            "one another name, or ask to replace it (--replace on the command line)."
        )
    if any(job.task == TASK and job.title == title and (job.active or job.state == "finished")
           for job in queue.list_jobs()):  # fmt: skip
        raise InputError(f"Expression '{dataset}' is being imported right now: wait for it, or give another name.")


def run_expression_import(job: JobContext) -> None:
    """The task: reads the file, writes its samples, its set of probes, their source and the receipt.

    Raises InputError for a file without expression that can be used, JobCancelled when somebody asked it to stop.
    """
    called, receipt = job.params["file_name"], Receipt()
    job.progress(0.0, f"Reading {called}")
    found = read(job.input(FILE), called, receipt, lambda share: job.progress(0.8 * share, f"Reading {called}"))
    expression, dataset, source_id = found.expression, job.params["dataset"], job.params["source_id"]
    job.progress(0.85, "Writing samples", samples=len(expression.samples))
    _write_samples(job, expression, dataset, source_id)
    about = {
        "dataset": dataset,
        "platform": expression.platform or None,
        "scale": expression.scale,
        "probes": expression.probes.tolist(),
        "symbols": expression.symbols.tolist(),
        "n_samples": len(expression.samples),
        "n_probes": len(expression.probes),
        "simulated": bool(job.params["simulated"]),
        "source_id": source_id,
    }
    job.write_table("expression_set", pd.DataFrame([about]))
    summary: dict[str, Any] = receipt.as_dict({"format": found.format}) | found.summary | {"dataset": dataset}
    job.write_table("source", source_row(job, found.format, receipt, summary))
    file = job.spec.inputs[FILE]
    params = {key: job.params[key] for key in ("source_id", "kind", "file_name", "origin", "licence", "simulated")}
    job.write_result({**summary, **params, "sha256": file.sha256, "bytes": file.bytes, "rows_written": receipt.kept})
    job.log(f"{called}: {receipt.read:,} samples read, {receipt.kept:,} kept, {len(expression.probes):,} probes")


def _write_samples(job: JobContext, expression: Expression, dataset: str, source_id: str) -> None:
    """results/expression.parquet, some samples at a time; missing values become NULL."""
    part = job.results / "expression.part"
    n_probes = len(expression.probes)
    try:
        with pq.ParquetWriter(part, SCHEMA) as writer:
            for start in range(0, len(expression.samples), ROWS):
                rows = expression.samples.iloc[start : start + ROWS]
                flat = expression.values[start : start + ROWS].ravel()
                values = pa.array(flat, pa.float32(), mask=np.isnan(flat))
                lists = pa.ListArray.from_arrays(np.arange(0, len(flat) + 1, n_probes, dtype=np.int32), values)
                columns = [pa.array([dataset] * len(rows), pa.string())]
                columns += [pa.array(rows[name].astype(str), pa.string()) for name in ("sample", "line", "line_name")]
                columns.append(pa.array([panel or None for panel in rows["panel"]], pa.string()))
                columns += [pa.array(rows["replicate"], pa.int32()), lists]
                columns.append(pa.array([source_id] * len(rows), pa.string()))
                writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))
                job.check_cancelled()
        part.replace(job.results / "expression.parquet")
    finally:
        part.unlink(missing_ok=True)
