"""A store copied into a fresh file, so that no byte of a deleted row stays behind."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import duckdb


class Gone(NamedTuple):
    """The rows that a copy leaves out: those of `table` whose `column` has `value`."""

    table: str
    column: str
    value: str


def copy_without(connection: duckdb.DuckDBPyConnection, fresh: Path, gone: Gone | None) -> int:
    """Copy schema and rows of the open store into the new file `fresh`, all but `gone`; returns how many left.

    The open store is written out first, so that its write-ahead log is gone and closing it changes no file.
    Raises duckdb.Error, also for a full disk.
    """
    (store,) = connection.execute("SELECT current_database()").fetchone() or ("",)
    connection.execute("CHECKPOINT")
    connection.execute(f"ATTACH '{str(fresh).replace(chr(39), chr(39) * 2)}' AS fresh")
    try:
        connection.execute(f'COPY FROM DATABASE "{store}" TO fresh (SCHEMA)')
        names = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_oid", [store]
        ).fetchall()
        left = 0
        for (table,) in names:
            copy = f'INSERT INTO fresh.main."{table}" FROM "{store}".main."{table}"'
            if gone is None or table != gone.table:
                connection.execute(copy)
                continue
            where = f'"{gone.column}" IS DISTINCT FROM ?'
            connection.execute(f"{copy} WHERE {where}", [gone.value])
            (left,) = connection.execute(
                f'SELECT count(*) FROM "{store}".main."{table}" WHERE NOT ({where})', [gone.value]
            ).fetchone() or (0,)
        connection.execute("CHECKPOINT fresh")
    finally:
        connection.execute("DETACH fresh")
    return left


def replace_durably(fresh: Path, path: Path) -> None:
    """Put a complete file into the place of another, with its permissions; survives a power cut. Raises OSError."""
    shutil.copymode(path, fresh)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
