"""Finished job folders into the store: one transaction each, once each.

Every results/<table>.parquet, or every part of a folder results/<table>/, is inserted by column name into that table,
streamed and never held as a whole (what is not written yet waits in a file beside the store); rows with a known
primary key replace the old ones, but in a table that sources share (`schema.SHARED`) their empty cells keep what was
known. A job with params["source_id"] first removes what that source had put into the tables it writes; from tables of
screens without a source (curve, score, quality, feature) what they hold of params["screen"]. Curves, scores and
verdicts of a screen by one modality come whole with every scoring: what only an earlier one said is removed. Scores
that follow from older decisions than those in the store are dropped (`spheroid.landing`), with a note on the job;
verdicts that come with an import or a training are made anew where decisions leave wells out.
"""

import logging
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from engine.errors import EngineError, InputError, JobError, StoreError
from engine.jobs import queue
from engine.jobs.files import write_json
from engine.jobs.spec import JobSpec, now, read_spec
from engine.jobs.status import folders
from engine.settings import home, store_path
from engine.spheroid import unpacked
from engine.spheroid.landing import judge_without_excluded, outdated
from engine.spheroid.review_records import refuse_signed_off, screens_of
from engine.store.database import Database
from engine.store.reads import Within
from engine.store.schema import SHARED, TABLES

WHOLE = ("curve", "score", "quality")  # of a screen and a modality
SIGNED = {"screen", "plate", "well", "readout", "curve", "score", "scoring", "quality"}  # what a sign-off is about
POLL_SECONDS = 1.0
RETRY_SECONDS = 60.0
APP_PATIENCE_SECONDS = 60.0
PARTS = "*.parquet"
# DuckDB holds the rows of a transaction until it ends: of 100,000 molecules 2.5 GiB. Beyond this it puts them aside in
# a file. Threads hold some of it each, so that on a machine of many none would be left for the rows.
MEMORY_MIB = 512
THREADS = 4


def collect(job_id: str, db: Database | None = None) -> bool:
    """Put one finished job into the store; returns whether this call did it (False: it was there already).

    Raises JobError when the job has not finished or its results do not fit; nothing is half-written then, the
    folder stays as it is and can be collected later.
    """
    folder = queue.job_folder(job_id)
    if not (folder / "done.json").exists():
        raise JobError(f"Job {job_id} is {queue.status(job_id).state}; only a finished job can be collected.")
    if (folder / "collected.json").exists():
        return False
    spec = read_spec(folder)
    try:
        db = db or Database(store_path())
        with db.write() as connection:
            _be_modest(connection)
            fresh = not _is_collected(connection, job_id)
            note = outdated(Within(connection), spec) if fresh else ""
            if fresh:
                # What a scoring job brings too late is left out whole; the job counts as done, and says so.
                _insert(connection, spec, {} if note else _result_tables(folder))
        write_json(folder / "collected.json", {"collected_at": now(), **({"note": note} if note else {})})
    except (StoreError, InputError, OSError) as error:
        raise JobError(f"Job {job_id} has finished but could not be put into the store: {error}") from error
    (folder / "collect_error.json").unlink(missing_ok=True)
    if spec.task == unpacked.TASK:
        with suppress(OSError):  # nothing is lost by what stays
            unpacked.release(Path(str(spec.params.get("folder", ""))))
    return fresh


def collect_finished(db: Database | None = None) -> list[str]:
    """Collect every finished job, in the order in which they finished; returns the ids that went in.

    Raises JobError at the first that cannot be collected, after trying all.
    """
    collected: list[str] = []
    troubles: list[JobError] = []
    for job_id in finished_ids():
        try:
            if collect(job_id, db):
                collected.append(job_id)
        except JobError as error:
            note_trouble(job_id, error)
            troubles.append(error)
    if troubles:
        raise troubles[0]
    return collected


def finished_ids() -> list[str]:
    """Jobs that have finished and wait to be collected, oldest end first."""
    found = []
    for folder in folders():
        if not (folder / "collected.json").exists():
            with suppress(FileNotFoundError, NotADirectoryError):  # not finished, or deleted just now
                found.append(((folder / "done.json").stat().st_mtime_ns, folder.name))
    return [name for _, name in sorted(found)]


def settle(job_id: str, db: Database | None = None, patience: float = APP_PATIENCE_SECONDS) -> None:
    """See to it that a finished job is in the store.

    While the app is up the app collects: this waits for it, and collects by itself only after `patience` seconds.
    """
    marker = queue.job_folder(job_id) / "collected.json"
    deadline = time.monotonic() + patience
    while app_is_up() and not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    collect(job_id, db)


def app_is_up() -> bool:
    """Whether an app that collects is running on this TUMORCAST_HOME."""
    lock = FileLock(_app_lock())
    try:
        with lock.acquire(blocking=False):
            return False
    except Timeout:
        return True


def note_trouble(job_id: str, error: EngineError) -> None:
    """Leave the reason beside the job, for the Jobs page.

    Impossible on a full disk or when the folder has been deleted; nothing is lost by it.
    """
    with suppress(OSError, JobError):
        write_json(queue.job_folder(job_id) / "collect_error.json", {"error": str(error), "at": now()})


class Collector:
    """The app's background thread: collects finished jobs and says by a lock file that the app is up.

    One per app; a second app on the same folder waits until the first has gone.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._stopped = threading.Event()
        self._again_at: dict[str, float] = {}
        # The thread takes the lock and stop() in another one gives it back.
        self._lock = FileLock(_app_lock(), thread_local=False)
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)

    def start(self) -> "Collector":
        """Begin to collect; returns itself."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End after the collection at hand."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                try:
                    if self._is_the_one():
                        self._collect_due()
                except Exception:
                    # Nobody would notice that this thread has ended: jobs would wait for the store for ever.
                    logging.getLogger(__name__).exception("Collecting went wrong; it is tried again")
                self._stopped.wait(POLL_SECONDS)
        finally:
            self._lock.release()

    def _is_the_one(self) -> bool:
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        return True

    def _collect_due(self) -> None:
        for job_id in finished_ids():
            if time.monotonic() < self._again_at.get(job_id, 0.0):
                continue
            try:
                collect(job_id, self._db)
            except EngineError as error:
                self._again_at[job_id] = time.monotonic() + RETRY_SECONDS
                note_trouble(job_id, error)


def _app_lock() -> Path:
    folder = home() / "store"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "app.lock"


def _be_modest(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"SET memory_limit = '{MEMORY_MIB}MiB'")
    connection.execute(f"SET threads = {min(THREADS, os.cpu_count() or 1)}")


def _result_tables(folder: Path) -> dict[str, Path]:
    """Table name -> its Parquet file, or the pattern of its parts where the job wrote a folder of them.

    Raises JobError for a table that the store does not have, or that comes both ways.
    """
    results = folder / "results"
    parts = {place.parent.name: place.parent / PARTS for place in sorted(results.glob(f"*/{PARTS}"))}
    found = {file.stem: file for file in sorted(results.glob(PARTS))}
    if twice := sorted(parts.keys() & found.keys()):
        raise JobError(f"Job {folder.name} brings {', '.join(twice)} both as a file and as a folder of parts.")
    found |= parts
    unknown = sorted(set(found) - set(TABLES) | set(found) & {"collected_job"})
    if "review" in found:
        raise JobError(f"Job {folder.name} brings decisions on a screen: these only people make, on the page.")
    if unknown:
        raise JobError(f"Job {folder.name} brings rows for {', '.join(unknown)}, which the store does not have.")
    return found


def _is_collected(connection: duckdb.DuckDBPyConnection, job_id: str) -> bool:
    return connection.execute("SELECT 1 FROM collected_job WHERE job_id = ?", [job_id]).fetchone() is not None


def _insert(connection: duckdb.DuckDBPyConnection, spec: JobSpec, tables: dict[str, Path]) -> None:
    if SIGNED & tables.keys():
        for screen in screens_of(spec):
            refuse_signed_off(Within(connection), screen, "changed by a job that was submitted before")
    source_id = spec.params.get("source_id")
    keys: dict[str, list[str]] = dict(
        connection.execute(
            """SELECT table_name, constraint_column_names FROM duckdb_constraints()
               WHERE constraint_type = 'PRIMARY KEY'"""
        ).fetchall()
    )
    for table, file in tables.items():
        if table in SHARED:
            _merge(connection, table, file, source_id)
            continue
        if source_id is not None:
            names = {row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()}
            owner = "source_id" if "source_id" in names else "screen"
            connection.execute(f"DELETE FROM {table} WHERE {owner} = ?", [spec.params.get(owner)])
        elif table in WHOLE:
            connection.execute(
                f"DELETE FROM {table} WHERE (screen, modality) IN (SELECT (screen, modality) FROM read_parquet(?))",
                [str(file)],
            )
        insert = "INSERT OR REPLACE INTO" if _replaces(connection, table, file, keys.get(table, [])) else "INSERT INTO"
        connection.execute(f"{insert} {table} BY NAME SELECT * FROM read_parquet(?)", [str(file)])
    if "quality" in tables:
        judge_without_excluded(connection, spec)
    connection.execute("INSERT INTO collected_job VALUES (?, ?, now() AT TIME ZONE 'UTC')", [spec.id, spec.task])


def _replaces(connection: duckdb.DuckDBPyConnection, table: str, file: Path, key: list[str]) -> bool:
    """Whether rows may be in the table already. Where none is, millions are inserted in a third of the time: only
    what is large enough to come in parts is looked at, and holds no key twice.
    """
    if not key or file.name != PARTS:
        return bool(key)
    names = ", ".join(key)
    found = connection.execute(
        f"SELECT 1 FROM (SELECT {names} FROM {table}) SEMI JOIN (SELECT {names} FROM read_parquet(?)) "
        f"USING ({names}) LIMIT 1",
        [str(file)],
    ).fetchone()
    return found is not None


def _merge(connection: duckdb.DuckDBPyConnection, table: str, file: Path, source_id: str | None) -> None:
    """A known row stays with the source that brought it first.

    Done here and not in the import, as another import may have been collected since that one was submitted.
    """
    key = SHARED[table]
    connection.execute(
        f"DELETE FROM {table} WHERE source_id = ? AND {key} NOT IN (SELECT {key} FROM read_parquet(?))",
        [source_id, str(file)],
    )
    names = [name for name, *_ in connection.execute("DESCRIBE FROM read_parquet(?)", [str(file)]).fetchall()]
    known = ", ".join(
        f"{column} = COALESCE(excluded.{column}, {table}.{column})"
        for column in names
        if column not in (key, "source_id")
    )
    connection.execute(
        f"INSERT INTO {table} BY NAME SELECT * FROM read_parquet(?) ON CONFLICT ({key}) DO UPDATE SET {known}",
        [str(file)],
    )
