"""Imports of libraries: a file of molecules becomes a job, and the job rows with a receipt.

rdkit, and what needs it, is loaded when a file is looked at, so pages open without it.
"""

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from engine.chem.library import LIBRARY_COLUMNS, LibraryReceipt, LibrarySettings, stream_library
from engine.errors import InputError
from engine.files.receipt import EXAMPLES, Receipt
from engine.jobs.context import JobContext
from engine.jobs.imports import FILE, Named, refuse_taken_name, source_name, submit, write_receipt
from engine.settings import REFERENCE
from engine.store.database import Database

KIND = "library"
TASK = "import_library"
LIBRARY = Named(
    KIND, TASK, "library", "library", "library", "molecule",
    lost="Screens of the old molecules are then no longer shown.",
)  # fmt: skip
ABOUT = "about"
REFERENCE_LIBRARY = REFERENCE / "approved_library.csv"  # well-known approved drugs, ready to import
REFERENCE_ORIGIN = "reference list of approved drugs that comes with Tumorcast"

REFERENCE_NAMES = ("approved", "approved reference list")  # the second where the first is taken

SCHEMA = pa.schema(
    [(name, pa.float64() if name == "weight_g_mol" else pa.string()) for name in LIBRARY_COLUMNS]
    + [("library", pa.string()), ("source_id", pa.string())]
)


def submit_library_import(
    db: Database,
    path: Path,
    name: str = "",
    settings: LibrarySettings | None = None,
    *,
    about: Path | None = None,
    origin: str = "",
    licence: str = "",
    file_name: str = "",
    simulated: bool = False,
    replace: bool = False,
) -> str:
    """Submits the import of a library; returns the job's id.

    name: of the library, by default the file's name without its ending. replace: takes the place of a library of that
    name, whose screens are then no longer shown where the molecules differ (`library_records.screens`).
    about: a second table with indications and classes by name. file_name: what messages call the file, where it was
    uploaded under another name. simulated: said of the source, as of every import.
    Raises InputError at once where the file is no list of molecules, another kind of import has that name, or a
    library has it, or is about to, and `replace` is not asked for.
    """
    from engine.chem.library_formats import open_library
    from engine.chem.library_rows import read_about

    path, settings, called = Path(path), settings or LibrarySettings(), file_name or Path(path).name
    open_library(path, called)
    if about is not None:
        read_about(Path(about))
    library = source_name(name, called, LIBRARY.what)
    refuse_taken_name(LIBRARY, library, replace, db)
    inputs = {FILE: path} if about is None else {FILE: path, ABOUT: Path(about)}
    told = {"file_name": called, "origin": origin, "licence": licence, "simulated": simulated}
    return submit(LIBRARY, library, inputs, library=library, settings=asdict(settings), **told)


def free_name(wanted: str, taken: Collection[str]) -> str:
    """The name that is wanted, or with the first number behind it that makes it free."""
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name


def reference_name(taken: Collection[str]) -> str:
    """A free name for the list that comes with Tumorcast."""
    first, other = REFERENCE_NAMES
    return free_name(other, taken) if first in taken else first


def run_library_import(job: JobContext) -> None:
    """The task: reads the file in chunks and writes the molecules, their source and the receipt.

    Raises InputError for a file without a molecule that can be used, JobCancelled when somebody asked it to stop.
    """
    library, called = job.params["library"], job.params["file_name"]
    settings, receipt = LibrarySettings(**job.params["settings"]), LibraryReceipt()
    about = job.input(ABOUT) if ABOUT in job.spec.inputs else None
    classes: dict[str, int] = {}

    def progress(share: float) -> None:
        job.progress(0.98 * share, f"Reading {called}", rows=receipt.read, kept=receipt.kept)

    job.progress(0.0, f"Reading {called}")
    part = job.results / "library.part"
    try:
        with pq.ParquetWriter(part, SCHEMA) as writer:
            for chunk in stream_library(job.input(FILE), settings, receipt, progress, called, about):
                rows = chunk.assign(library=library, source_id=job.params["source_id"])
                writer.write_table(pa.Table.from_pandas(rows, SCHEMA, preserve_index=False))
                for drug_class, count in chunk["drug_class"].value_counts().items():
                    classes[str(drug_class)] = classes.get(str(drug_class), 0) + int(count)
                job.check_cancelled()
        if not receipt.kept:
            raise InputError(_nothing_kept(called, receipt))
        part.replace(job.results / "library.parquet")
    finally:
        part.unlink(missing_ok=True)
    told = _as_receipt(receipt)
    summary = told.as_dict({**asdict(settings), "format": receipt.format}) | {"library": library, "classes": classes}
    del summary["merged"]  # rows averaged into others, which molecules are not: repeated ones stand under dropped
    write_receipt(job, receipt.format, told, summary, receipt.kept)
    job.log(f"{called}: {receipt.read:,} molecules read, {receipt.kept:,} kept")


def _as_receipt(found: LibraryReceipt) -> Receipt:
    """The receipt that every import has."""
    receipt = Receipt(read=found.read, dropped=dict(found.dropped), notes=list(found.notes))
    for reason, rows in found.examples.groupby("reason", sort=False):
        receipt.examples[str(reason)] = [
            f"row {row}" + (f": {name}" if name else "")
            for row, name in zip(rows["row"].head(EXAMPLES), rows["name"], strict=False)
        ]
    return receipt


def _nothing_kept(called: str, receipt: LibraryReceipt) -> str:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in receipt.dropped.items())
    from engine.chem.library_rows import NO_PHASE, NOT_APPROVED

    cure = "Check it, or the settings."
    if receipt.dropped.keys() & {NO_PHASE, NOT_APPROVED}:
        cure = "Check it, or keep molecules of any phase (--any-phase on the command line)."
    return f"{called} holds no molecule that can be used, of {receipt.read:,}: {reasons}. {cure}"
