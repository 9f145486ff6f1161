"""Imports of gene expression: a file becomes a job, and the job rows with a receipt."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.files.receipt import Receipt
from engine.jobs.context import JobContext
from engine.jobs.imports import FILE, Named, refuse_taken_name, source_name, submit, write_receipt
from engine.radiation.expression_read import look, read
from engine.radiation.types import Expression

EXPRESSION = Named(
    "expression", "import_expression", "expression", what="data set of expression", table="expression", part="sample"
)
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
    dataset = source_name(name, called, EXPRESSION.what)
    refuse_taken_name(EXPRESSION, dataset, replace)
    about = {"file_name": called, "origin": origin, "licence": licence, "simulated": simulated}
    return submit(EXPRESSION, dataset, {FILE: path}, dataset=dataset, **about)


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
    write_receipt(job, found.format, receipt, summary, receipt.kept)
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
