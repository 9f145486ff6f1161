"""What every import shares: the name of its source, its job, and the row of the table `source` with its receipt."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.settings import store_path
from engine.store.database import Database

FILE = "table"  # the name of the file among the job's inputs; its format is seen from its content
_ABOUT = ("screen", "source_id", "kind", "file_name", "origin", "licence", "simulated")


class Named(NamedTuple):
    """A kind of import whose name is taken once. table: of the store, with a row for every part of what has a name."""

    kind: str  # as the table `source` says it
    task: str
    title: str  # of the job, before the name
    what: str
    table: str
    part: str
    lost: str = ""  # a sentence: what is gone when it is replaced


def source_name(name: str | None, called: str, what: str = "source") -> str:
    """The name that was given, by default the file's without its ending. Raises InputError where none is left."""
    if found := (name or called.split(".", 1)[0]).strip():
        return found
    raise InputError(f"{called} needs a name for the {what}: give one.")


def refuse_name_of_another_kind(source_id: str, kind: str, db: Database | None = None) -> None:
    """Raises InputError where another kind of import has this name."""
    known = (db or Database(store_path())).query(
        "SELECT kind FROM source WHERE source_id = ? AND kind <> ?", [source_id, kind]
    )
    if not known.empty:
        raise InputError(
            f"The name {source_id} already stands for imported {known['kind'].iloc[0]}: choose another name, or the "
            "receipt of the first would be lost."
        )


def refuse_taken_name(named: Named, name: str, replace: bool, db: Database | None = None) -> None:
    """Raises InputError where another kind of import has this name, or where one of this kind has it or is about to
    and `replace` is not asked for."""
    db = db or Database(store_path())
    refuse_name_of_another_kind(name, named.kind, db)
    if replace:
        return
    n = int(db.query(f"SELECT count(*) AS n FROM {named.table} WHERE source_id = ?", [name])["n"].iloc[0])
    if n:
        raise InputError(
            f"There is a {named.what} called '{name}' already, with {n:,} {named.part}{'s' * (n != 1)}: give this one "
            "another name, or ask to replace it (--replace on the command line)." + f" {named.lost}".rstrip()
        )
    for job in queue.list_jobs():
        if (job.task, job.title) != (named.task, _title(named, name)) or not (job.active or job.state == "finished"):
            continue
        if job.error:
            raise InputError(
                f"The {named.what} '{name}' was read already, but is not in the store yet. {job.error} Mend that (it "
                "is tried again every minute while the dashboard runs), or give another name."
            )
        raise InputError(f"The {named.what} '{name}' is being imported right now: wait for it, or give another name.")


def submit(named: Named, name: str, inputs: Mapping[str, Path | pd.DataFrame], **params: Any) -> str:
    """Submits the import of what will have this name; returns the job's id.

    params: of the task, among them file_name, origin, licence and simulated.
    """
    about = {"kind": named.kind, "source_id": name, **params}
    return queue.submit(named.task, _title(named, name), about, inputs=inputs)


def _title(named: Named, name: str) -> str:
    return f"Import {named.title} {name}"


def write_receipt(
    job: JobContext, file_format: str, receipt: Receipt, summary: dict[str, Any], rows: int, **kept: Any
) -> None:
    """The table `source` and the result of an import.

    summary: the receipt as the store keeps it. rows: written. kept: what the store keeps beside it.
    """
    file, params = job.spec.inputs[FILE], job.params
    source = {
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
        "receipt": json.dumps({**summary, **kept}),
        "imported_at": pd.Timestamp(datetime.now(UTC)).tz_localize(None),
        "job_id": job.spec.id,
        "simulated": bool(params["simulated"]),
    }
    job.write_table("source", pd.DataFrame([source]))
    about = {key: params[key] for key in _ABOUT if key in params}
    job.write_result({**summary, **about, "sha256": file.sha256, "bytes": file.bytes, "rows_written": rows})
