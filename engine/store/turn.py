"""Who may read or write a store file within one process, and the DuckDB engine that reads it.

DuckDB's lock keeps other processes off, not other objects of this one: all of them share one `Turn`. Starting an engine
takes 11 ms of processor time, attaching a file to one that runs 1 ms, so the engine stays and the file, with its lock,
comes and goes. All readers share one attachment: closing a second one would end the lock of the first, as POSIX locks
belong to a process and a file.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import duckdb

from engine.errors import StoreError

# Nothing is ever downloaded.
CONFIG: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
_TURNS: WeakValueDictionary[Path, "Turn"] = WeakValueDictionary()
_FINDING = threading.Lock()


def turn_of(path: Path) -> "Turn":
    """The one `Turn` of a file, whatever it is called."""
    with _FINDING:
        return _TURNS.setdefault(path.resolve(), Turn(path))


class Turn:
    """Any number of threads read, or one writes; one that waits to write goes before new readers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._changed = threading.Condition()
        self._readers: Counter[int] = Counter()  # open reads by thread
        self._writer: int | None = None  # the thread that waits to write or writes
        self._attaching = threading.Lock()
        self._engine: duckdb.DuckDBPyConnection | None = None
        self._attached = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Wait until nobody writes. Raises StoreError inside a write of this thread."""
        me = threading.get_ident()
        with self._changed:
            self._refuse_within_a_write(me)
            # Within a read of its own a thread goes on: who waits to write waits for that one.
            self._changed.wait_for(lambda: self._writer is None or self._readers[me] > 0)
            self._readers[me] += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers[me] -= 1
                self._readers += Counter()  # forgets threads that read no more
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else reads or writes. Raises StoreError inside a read or a write of this thread."""
        me = threading.get_ident()
        with self._changed:
            self._refuse_within_a_write(me)
            if self._readers[me] > 0:
                raise StoreError("A read is open in this thread: write after it has ended.")
            self._changed.wait_for(lambda: self._writer is None)
            self._writer = me
        try:
            with self._changed:
                self._changed.wait_for(lambda: not self._readers)
            yield
        finally:
            with self._changed:
                self._writer = None
                self._changed.notify_all()

    def wait_until_idle(self) -> None:
        """Until nobody reads or writes."""
        with self._changed:
            self._changed.wait_for(lambda: self._writer is None and not self._readers)

    def open(self) -> duckdb.DuckDBPyConnection:
        """A connection that reads the file; to be called in `reading`, and `close`d. Raises duckdb.Error."""
        with self._attaching:
            engine = self._engine if self._engine is not None and self._attached else self._attach()
            self._attached += 1
            try:
                connection = engine.cursor()
                # After two seconds DuckDB would draw a bar of its own on standard output, where --json promises one
                # document.
                connection.execute("USE store; SET enable_progress_bar = FALSE")
            except BaseException:
                self._let_go()
                raise
        return connection

    def close(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let go of the connection; the last one lets go of the file."""
        with self._attaching:
            with suppress(duckdb.Error):
                connection.close()
            self._let_go()

    def _attach(self) -> duckdb.DuckDBPyConnection:
        # Where DuckDB puts aside what does not fit into memory when it opens a file itself.
        config = {**CONFIG, "temp_directory": f"{self.path}.tmp"}
        engine, self._engine = self._engine or duckdb.connect(":memory:", config=config), None
        file = str(self.path).replace("'", "''")
        while True:
            before = inode(self.path)
            engine.execute(f"ATTACH '{file}' AS store (READ_ONLY, TYPE duckdb)")
            if before == inode(self.path):
                break
            engine.execute("DETACH store")  # it has been replaced by a compacted copy just then
        self._engine = engine  # not one that met an error
        return engine

    def _let_go(self) -> None:
        self._attached -= 1
        if self._attached == 0 and (engine := self._engine) is not None:
            self._engine = None
            with suppress(duckdb.Error):  # an engine that met damage is not used again
                engine.execute("DETACH store")
                self._engine = engine

    def _refuse_within_a_write(self, me: int) -> None:
        if self._writer == me:
            raise StoreError("A write is open in this thread: read through the connection that write() gave.")


def inode(path: Path) -> int | None:
    """Tells a file from one that took its place; None where there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
