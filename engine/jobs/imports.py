"""What every import shares: the name of its source, and the row of the table `source` with its receipt."""

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.jobs.context import JobContext
from engine.settings import store_path
from engine.store.database import Database

FILE = "table"  # the name of the file among the job's inputs; its format is seen from its content


def refuse_name_of_another_kind(source_id: str, kind: str, db: Database | None = None) -> None:
    """Raises InputError where another kind of import has this name."""
    known = (db or Database(store_path())).query(
        "SELECT kind FROM source WHERE source_id = ? AND kind <> ?", [source_id, kind]
    )
    if not known.empty:
        ours = "this library" if kind == "library" else f"these {kind}"
        raise InputError(
            f"The name {source_id} already stands for imported {known['kind'].iloc[0]}: choose another name for "
            f"{ours}, or the receipt of the first would be lost."
        )


def source_row(job: JobContext, file_format: str, receipt: Receipt, summary: dict[str, Any]) -> pd.DataFrame:
    """The row of the table `source` that an import writes. summary: the receipt as the store keeps it."""
    file, params = job.spec.inputs[FILE], job.params
    return pd.DataFrame(
        [
            {
                "source_id": params["source_id"],
                "kind": params["kind"],
                "file_name": params["file_name"],
                "file_format": file_format,
                "sha256": file.sha256,
                "bytes": file.bytes,
                "origin": params["origin"],
                "licence": params["licence"],
                "rows_read": receipt.read,
                "rows_kept": receipt.kept,
                "receipt": json.dumps(summary),
                "imported_at": pd.Timestamp(datetime.now(UTC)).tz_localize(None),
                "job_id": job.spec.id,
                "simulated": bool(params["simulated"]),
            }
        ]
    )
