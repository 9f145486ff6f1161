"""Imports: a file of cell lines, drugs, mutations or responses becomes a job, and the job rows with a receipt."""

from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from engine.errors import InputError
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.imports import FILE, refuse_name_of_another_kind, source_name, write_receipt
from engine.response.formats import KINDS, NEEDS, TABLES, lacking
from engine.response.readers import Progress, Reading, open_as, read_cell_lines, read_drugs
from engine.response.streams import read_mutations, read_responses, require_rows
from engine.response.units_check import UNITS
from engine.settings import store_path
from engine.store.database import Database


@dataclass(frozen=True)
class ImportOptions:
    """How to read a file. dataset and unit are of responses, census_only of mutations."""

    dataset: str | None = None  # None: the file's own column, else from its name
    unit: str = "auto"  # auto | ln_um | um | nm, of the IC50 column
    census_only: bool = True

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise InputError(f"The unit {self.unit!r} is not known: choose one of {', '.join(UNITS)}.")


def submit_import(
    path: Path,
    kind: str,
    name: str | None = None,
    origin: str = "",
    licence: str = "",
    options: ImportOptions | None = None,
    simulated: bool = False,
    file_name: str | None = None,
) -> str:
    """Submits the import of a file; returns the job's id.

    kind: cell-lines | drugs | mutations | responses. name: the source's id, by default the file's name without its
    ending; importing again under it replaces its rows. origin, licence: kept beside the rows. file_name: what messages
    call the file, where it was uploaded under another name.
    Raises InputError at once where the file is no table of that kind, or what it joins to has not been imported.
    """
    path, options = Path(path), options or ImportOptions()
    if kind not in KINDS:
        raise InputError(f"There is nothing called {kind!r} to import: choose one of {', '.join(KINDS)}.")
    called = file_name or path.name
    open_as(path, kind, called)
    source_id = source_name(name, called)
    refuse_name_of_another_kind(source_id, kind)
    params = {
        "kind": kind,
        "source_id": source_id,
        "file_name": called,
        "origin": origin,
        "licence": licence,
        "options": asdict(options),
        "simulated": simulated,
    }
    inputs: dict[str, Path | pd.DataFrame] = {FILE: path, **_known(kind)}
    return queue.submit(f"import_{kind.replace('-', '_')}", f"Import {called}", params, inputs=inputs)


def _known(kind: str) -> dict[str, pd.DataFrame]:
    if not NEEDS[kind]:
        return {}
    store = Database(store_path())
    tables = {table: store.query(f"SELECT * FROM {table}") for table in NEEDS[kind]}
    if told := lacking(kind, [table for table, rows in tables.items() if not rows.empty]):
        raise InputError(told)
    return {f"{table}.parquet": rows for table, rows in tables.items()}


def run_import(job: JobContext) -> None:
    """The task: reads the file and writes the rows, their source and the receipt.

    Raises InputError for a file that cannot be used, JobCancelled when somebody asked it to stop.
    """
    kind, source_id = job.params["kind"], job.params["source_id"]
    name, options = job.params["file_name"], ImportOptions(**job.params["options"])
    known = {table: pd.read_parquet(job.input(f"{table}.parquet")) for table in NEEDS[kind]}

    def progress(fraction: float, rows: int) -> None:
        job.progress(0.95 * fraction, f"Reading {name}", rows=rows)

    job.progress(0.0, f"Reading {name}")
    reading = read_kind(kind, job.input(FILE), name, known, options, progress)
    require_rows(reading, name)
    job.progress(0.96, "Writing the rows")
    frame = reading.frame
    if kind == "cell-lines":
        _note_shared(frame, known["cell_line"], source_id, reading)
    job.write_table(TABLES[kind], frame.assign(source_id=source_id))
    summary = reading.receipt.as_dict({**asdict(options), "format": reading.format})
    write_receipt(job, reading.format, reading.receipt, summary, len(frame))
    job.log(f"{name}: {reading.receipt.read:,} rows read, {reading.receipt.kept:,} kept, {len(frame):,} written")


def read_kind(
    kind: str,
    path: Path,
    name: str,
    known: dict[str, pd.DataFrame],
    options: ImportOptions,
    on_progress: Progress | None = None,
) -> Reading:
    """Reads a file of any kind. known: the store's tables named in NEEDS[kind]."""
    if kind == "cell-lines":
        return read_cell_lines(path, name, on_progress)
    if kind == "drugs":
        return read_drugs(path, name, on_progress)
    if kind == "mutations":
        return read_mutations(path, known["cell_line"], name, options.census_only, on_progress)
    return read_responses(
        path, known["cell_line"], known["drug"], name, options.dataset, options.unit, on_progress=on_progress
    )


def _note_shared(frame: pd.DataFrame, known: pd.DataFrame, source_id: str, reading: Reading) -> None:
    """So DepMap's Model.csv adds its ids to the lines of GDSC without removing their cancer types."""
    shared = int((known["source_id"].ne(source_id) & known["cosmic_id"].isin(frame["cosmic_id"])).sum())
    if shared:
        reading.receipt.notes.append(f"{shared:,} lines were known from another source; its values fill empty cells.")
