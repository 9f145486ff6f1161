"""SQL on imports: every source with its receipt, and how many rows the store's tables have."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.store.database import Database
from engine.store.schema import TABLES


@dataclass(frozen=True)
class Import:
    """One source as it was imported.

    imported_at: UTC. rows_now: rows in the store that carry its name; fewer than it wrote where a later import knew
    them better. dropped, flagged: rows by reason; examples: some of them. settings: how the file was read.
    """

    source_id: str
    kind: str
    file_name: str
    file_format: str
    sha256: str
    bytes: int
    origin: str
    licence: str
    rows_read: int
    rows_kept: int
    rows_now: int
    merged: int
    dropped: Mapping[str, int]
    flagged: Mapping[str, int]
    examples: Mapping[str, list[str]]
    notes: tuple[str, ...]
    settings: Mapping[str, Any]
    imported_at: datetime
    job_id: str
    simulated: bool


def imports(db: Database) -> list[Import]:
    """Every import, newest first."""
    found = db.query("""
        WITH now AS (
            SELECT source_id, count(*) AS n FROM cell_line GROUP BY source_id
            UNION ALL SELECT source_id, count(*) FROM drug GROUP BY source_id
            UNION ALL SELECT source_id, count(*) FROM mutation GROUP BY source_id
            UNION ALL SELECT source_id, count(*) FROM response GROUP BY source_id
            UNION ALL SELECT source_id, count(*) FROM library GROUP BY source_id
            UNION ALL SELECT source_id, count(*) FROM expression GROUP BY source_id
            UNION ALL SELECT source_id, count(*) FROM survival GROUP BY source_id
            UNION ALL SELECT source_id, count(*) FROM well GROUP BY source_id
        )
        SELECT source.*, coalesce(n, 0) AS rows_now FROM source LEFT JOIN now USING (source_id)
        ORDER BY imported_at DESC, source_id
    """)
    return [_import(row) for row in found.to_dict("records")]


def _import(row: Mapping[Any, Any]) -> Import:
    receipt: dict[str, Any] = json.loads(row["receipt"])
    return Import(
        source_id=row["source_id"],
        kind=row["kind"],
        file_name=row["file_name"],
        file_format=row["file_format"],
        sha256=row["sha256"],
        bytes=int(row["bytes"]),
        origin=_text(row["origin"]),
        licence=_text(row["licence"]),
        rows_read=int(row["rows_read"]),
        rows_kept=int(row["rows_kept"]),
        rows_now=int(row["rows_now"]),
        merged=int(receipt.get("merged", 0)),
        dropped=receipt.get("dropped", {}),
        flagged=receipt.get("flagged", {}),
        examples=receipt.get("examples", {}),
        notes=tuple(map(str, receipt.get("notes", []))),
        settings=receipt.get("settings", {}),
        imported_at=row["imported_at"],
        job_id=row["job_id"],
        simulated=bool(row["simulated"]),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def table_rows(db: Database) -> dict[str, int]:
    """Rows of every table that an export writes."""
    counts = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in TABLES)
    row = db.query(f"SELECT {counts}").iloc[0]
    return {table: int(row[table]) for table in TABLES}
