"""What DuckDB's errors mean for a person: a store that is held, newer, damaged or no store at all."""

import re
from pathlib import Path

import duckdb

from engine.errors import StoreBusyError, StoreError, StoreVersionError


def is_lock(error: duckdb.Error) -> bool:
    """Whether somebody else has the file open."""
    # The last two are DuckDB's texts where this very process has the file open, past Database or under another name.
    return any(text in str(error) for text in ("Could not set lock", "different configuration", "already attached"))


def busy(path: Path, seconds: float, error: duckdb.Error) -> StoreBusyError:
    """The error that names who has held the store for so many seconds."""
    pid = re.search(r"PID (\d+)", str(error))
    holder = f"process {pid.group(1)}" if pid else "another part of this program"
    return StoreBusyError(
        f"The store {path} has been held by {holder} for more than {seconds:.0f} s. Close it there or try again."
    )


def refusal(path: Path, error: duckdb.Error) -> StoreError:
    """The error for a file that cannot be opened, with what to do."""
    if "newer" in str(error) and "version" in str(error):
        return StoreVersionError(f"The store {path} was written by a newer DuckDB: {first_line(error)}")
    return StoreError(
        f"{path} cannot be opened as a store: {first_line(error)} "
        f"Move the file, and {path.name}.wal if it is there, away to start a new store, or put back a copy of it."
    )


def first_line(error: BaseException) -> str:
    """The first line of an error's text."""
    return str(error).strip().splitlines()[0]
