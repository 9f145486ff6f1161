"""The one door to the DuckDB file.

DuckDB lets many processes read a file or one process write it, never both. So nobody keeps the file open: a query
opens it read-only for as long as the query runs (a few ms), a write waits for the readers of its own process,
opens for writing, runs one transaction and lets go. Whoever meets another process' lock tries again for 10 s; within
one process each waits for its turn, through whatever Database object.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from filelock import FileLock

from engine.errors import StoreError, StoreVersionError
from engine.store.compact import Gone, copy_without, replace_durably
from engine.store.schema import MIGRATIONS, TABLES
from engine.store.troubles import busy, first_line, is_lock, refusal
from engine.store.turn import CONFIG, inode, turn_of

RETRY_SECONDS = 10.0
PAUSE_SECONDS = 0.05
ALONE: dict[str, Any] = {**CONFIG, "custom_user_agent": "compact"}


class Database:
    """Reads and writes of one store file; may be shared by threads.

    path: the DuckDB file; it and its folder are created when missing, an older store is migrated.
    Raises StoreVersionError for a store of a newer Tumorcast, StoreError for a file that is no store,
    StoreBusyError when another process holds it for longer than 10 s.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._turn = turn_of(self.path)
        self._closed = False
        if not self.path.exists():
            self._create()
        if self._schema_version() < len(MIGRATIONS):
            with self.write() as connection:
                _migrate(connection, self.path)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """The rows of one SELECT; parameters fill its question marks. A mistake in the SQL raises duckdb.Error."""
        with self.reading() as connection:
            return connection.execute(sql, list(parameters)).df()

    def version(self) -> int:
        """A number that changes with every committed write, whoever wrote: the key of cached reads.

        Taken from the file's inode, size and time of change, so that asking neither opens the store nor ever waits.
        """
        parts: list[int] = []
        for file in (self.path, _log_of(self.path)):
            try:
                state = file.stat()
            except FileNotFoundError:
                parts.append(0)
            else:
                parts += [state.st_ino, state.st_size, state.st_mtime_ns]
        return hash(tuple(parts))

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Queries of this process wait meanwhile; inside the block read through the connection it gives.
        Raises StoreBusyError naming the holder, StoreError when the disk is full or the file damaged.
        """
        with self._writing(CONFIG) as connection:
            try:
                connection.begin()
                try:
                    yield connection
                    connection.commit()
                except BaseException:
                    _roll_back(connection)
                    raise
            except duckdb.Error as error:
                raise StoreError(f"Nothing was written to the store {self.path}: {first_line(error)}") from error

    def compact(self, gone: Gone | None = None) -> int:
        """Write the file anew, without the rows of `gone`, and put it in the old one's place; returns how many left.

        DuckDB leaves the bytes of deleted rows in its file; after this no byte of them is in any file of the store.
        Everybody waits meanwhile as for a write. The old file stays until the new one is complete, so a full disk or
        a kill leaves the store with its rows. Raises StoreError and StoreBusyError as `write` does.
        """
        path = self.path.resolve()  # a link stays a link
        fresh = path.with_name(f".compact-{path.name}")
        # With its own configuration nobody past this class can join the connection and write to the file that is about
        # to be replaced; other processes are kept off by DuckDB's lock until it is closed.
        with self._writing(ALONE) as connection:
            try:
                _remove(fresh)  # of a process that was killed here
                left = copy_without(connection, fresh, gone)
                replace_durably(fresh, path)
            except (duckdb.Error, OSError) as error:
                raise StoreError(f"The store {path} could not be written anew: {first_line(error)}") from error
            finally:
                connection.close()
                _remove(fresh)
        return left

    def export(self, folder: Path) -> list[Path]:
        """Write every table but the private ones as folder/<table>.parquet, all from one moment; returns the files.

        Raises StoreError naming the file that could not be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {folder} cannot be made ({error.strerror}): choose another.") from error
        files = [folder / f"{table}.parquet" for table in TABLES]
        with self.reading() as connection:
            connection.begin()
            for table, file in zip(TABLES, files, strict=True):
                rows = connection.table(table)
                try:
                    rows.write_parquet(str(file))
                except duckdb.IOException as error:
                    with suppress(OSError):
                        file.unlink()
                    raise StoreError(f"{file} could not be written: {first_line(error)}") from error
        return files

    def close(self) -> None:
        """Wait for running queries to end; later ones are refused."""
        self._closed = True
        self._turn.wait_until_idle()

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Several SELECTs that see the store at one moment. Writes wait meanwhile: for what takes milliseconds.

        Raises StoreBusyError naming the holder, StoreError for a damaged file or within a write of this thread.
        """
        self._refuse_closed()
        with self._turn.reading():
            try:
                connection = self._patiently(self._turn.open)
                try:
                    yield connection
                finally:
                    self._turn.close(connection)
            except (duckdb.IOException, duckdb.FatalException, duckdb.InternalException) as error:
                raise StoreError(f"The store {self.path} cannot be read: {first_line(error)}") from error

    @contextmanager
    def _writing(self, config: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
        self._refuse_closed()
        with self._turn.alone():
            connection = self._patiently(lambda: self._open(config))
            try:
                yield connection
            finally:
                connection.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreError(f"The store {self.path} has been closed.")

    def _open(self, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        while True:
            file = inode(self.path)
            connection = duckdb.connect(self.path, config=config)
            if file == inode(self.path):
                connection.execute("SET enable_progress_bar = FALSE")  # see `Turn.open`
                return connection
            connection.close()  # what was opened has been replaced by a compacted copy just then

    def _patiently(self, opened: Callable[[], duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
        """What `opened` gives, tried again while another process holds the file."""
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            try:
                return opened()
            except duckdb.Error as error:
                if not is_lock(error):
                    raise refusal(self.path, error) from error
                if time.monotonic() > deadline:
                    raise busy(self.path, RETRY_SECONDS, error) from error
            time.sleep(PAUSE_SECONDS)

    def _schema_version(self) -> int:
        """The store's version; 0 for a file that holds no table yet."""
        with self.reading() as connection:
            return _read_version(connection, self.path)

    def _create(self) -> None:
        """Build the store beside its place and move it there whole: others take half a file for a damaged one."""
        fresh = self.path.with_name(f".new-{self.path.name}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(".creating")):
                if self.path.exists():
                    return
                _remove(fresh)  # of a process that was killed here
                try:
                    with duckdb.connect(fresh, config=CONFIG) as connection:
                        _migrate(connection, fresh)
                        connection.execute("CHECKPOINT")
                    fresh.replace(self.path)
                finally:
                    _remove(fresh)
        except (duckdb.Error, OSError) as error:
            raise StoreError(f"The store {self.path} cannot be created: {first_line(error)}") from error


def _migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    version = _read_version(connection, path)  # read again: another process may have been faster
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    for migration in MIGRATIONS[version:]:
        connection.execute(migration)
    connection.execute("DELETE FROM schema_version")
    connection.execute("INSERT INTO schema_version VALUES (?)", [len(MIGRATIONS)])


def _remove(store: Path) -> None:
    for file in (store, _log_of(store)):
        file.unlink(missing_ok=True)


def _log_of(store: Path) -> Path:
    return store.with_name(store.name + ".wal")


def _read_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        return 0
    if "schema_version" not in tables:
        raise StoreError(f"{path} is a DuckDB file but no Tumorcast store. Point TUMORCAST_HOME at another folder.")
    row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    version = int(row[0]) if row and row[0] is not None else 0
    if version > len(MIGRATIONS):
        raise StoreVersionError(
            f"The store {path} has version {version}, written by a newer Tumorcast; this one knows up to version "
            f"{len(MIGRATIONS)}. Update Tumorcast, or point TUMORCAST_HOME at another folder."
        )
    return version


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.rollback()
    except duckdb.Error:
        # After a failed commit DuckDB has dropped the transaction already; the first error is the one to tell.
        return
