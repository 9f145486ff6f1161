"""Whatever answers a SELECT: the store, or the transaction that somebody is writing in just then."""

from collections.abc import Sequence
from typing import Any, Protocol

import duckdb
import pandas as pd


class Reads(Protocol):
    """What a module of SQL asks of its `db`: `Database` has it, and so has `Within`."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """The rows of one SELECT; parameters fill its question marks."""
        ...


class Within:
    """Reads of an open `Database.write()`: they see what the transaction has written so far."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """See `Reads.query`."""
        return self.connection.execute(sql, list(parameters)).df()
