"""Imports as the Data page shows them."""

import json

from engine.response.source_records import imports, table_rows
from engine.store.database import Database
from engine.store.schema import TABLES


def _source(connection, source_id: str, kind: str, day: int, receipt: dict, **more) -> None:
    values = {
        "source_id": source_id,
        "kind": kind,
        "file_name": f"{source_id}.csv",
        "file_format": "table",
        "sha256": "0" * 64,
        "bytes": 1000,
        "origin": None,
        "licence": None,
        "rows_read": 4,
        "rows_kept": 2,
        "receipt": json.dumps(receipt),
        "imported_at": f"2026-11-0{day} 10:00:00",
        "job_id": f"job-{day}",
        "simulated": False,
        **more,
    }
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO source ({', '.join(values)}) VALUES ({marks})", list(values.values()))


def test_imports_newest_first_with_their_receipts(tmp_path):
    db = Database(tmp_path / "store.duckdb")
    receipt = {
        "read": 4,
        "kept": 2,
        "merged": 1,
        "dropped": {"duplicate": 2},
        "flagged": {"no cancer type": 1},
        "examples": {"duplicate": ["row 3"]},
        "notes": ["A note."],
        "settings": {"unit": "um"},
    }
    with db.write() as connection:
        _source(connection, "lines", "cell-lines", 1, receipt, licence="CC0", origin="here", simulated=True)
        _source(connection, "old", "drugs", 2, {"read": 4, "kept": 2, "dropped": {}})
        connection.execute("INSERT INTO cell_line (cosmic_id, name, source_id) VALUES (1, 'A', 'lines'), (2, 'B', 'x')")
    newest, first = imports(db)
    assert (newest.source_id, newest.rows_now, newest.licence, newest.origin) == ("old", 0, "", "")
    assert (newest.dropped, newest.notes, newest.settings, newest.merged) == ({}, (), {}, 0)
    assert (first.rows_now, first.licence, first.simulated, first.merged) == (1, "CC0", True, 1)
    assert (first.dropped, first.flagged) == ({"duplicate": 2}, {"no cancer type": 1})
    assert (first.examples, first.notes, first.settings) == ({"duplicate": ["row 3"]}, ("A note.",), {"unit": "um"})
    assert first.imported_at.isoformat() == "2026-11-01T10:00:00"


def test_rows_of_every_table(tmp_path):
    db = Database(tmp_path / "store.duckdb")
    assert table_rows(db) == dict.fromkeys(TABLES, 0)
    with db.write() as connection:
        connection.execute("INSERT INTO drug (drug_id, name, source_id) VALUES (1, 'A', 's')")
    assert table_rows(db)["drug"] == 1
