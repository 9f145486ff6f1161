"""The DuckDB store: one file that many processes read or one process writes."""

from engine.store.database import Database

__all__ = ["Database"]
