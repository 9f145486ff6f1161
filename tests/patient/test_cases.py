"""Kept cases: back as they were, and gone without a byte left."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest

from engine.errors import InputError, StoreError
from engine.patient.cases import delete_case, load_case, save_case, saved_cases
from engine.patient.types import FATES, RECEIPT_COLUMNS, BuildVerdict, Case, Genome, Receipt
from engine.store import database
from engine.store.compact import copy_without
from engine.store.database import Database
from engine.store.schema import MIGRATIONS, PRIVATE_TABLES, TABLES

MADE = datetime(2026, 11, 21, 9, 15, 0, 123456, tzinfo=UTC)
LABEL = "Zyxwv-label-4711"
GENE = "QQSECRETGENEQQ"


def receipt(text: str = "BRAF V600E") -> Receipt:
    rows = pd.DataFrame(
        {
            "row": pd.array([1, 2, 3], dtype="Int64"),
            "text": [text, "µ <b>ü</b> \u2028 'x' \"y\"", ""],
            "gene": ["BRAF", None, "TP53"],
            "change": ["p.V600E", "", None],
            "position_key": ["BRAF:600", None, ""],
            "fate": ["used", "not_understood", "silent"],
            "bit": pd.array([17, None, None], dtype="Int64"),
            "lines": pd.array([60, None, None], dtype="Int64"),
            "reason": ["", "No gene is named.", "Leaves the protein as it is."],
        },
        columns=list(RECEIPT_COLUMNS),
    )
    return Receipt(
        format="pasted text",
        sha256="ab" * 32,
        rows=rows,
        counts={fate: int((rows["fate"] == fate).sum()) for fate in FATES},
        build=BuildVerdict("GRCh37", False, "12 of 12 agree.", {"GRCh37": 12, "GRCh38": 0}, 12),
        genome=Genome(("BRAF:600", "TP53:175"), frozenset({"BRAF", "TP53"})),
        panel="only the genes named",
        notes=("One note.",),
    )


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return Database(tmp_path / "store" / "tumorcast.duckdb")


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def keep_secret(db: Database) -> Case:
    """A case whose label and gene text stand in the store's file in plain bytes."""
    case = save_case(db, Case(LABEL, receipt(GENE), "SKCM", MADE))
    found = bytes_in(db.path.parent)
    assert LABEL.encode() in found and GENE.encode() in found
    return case


def same(one: Case, other: Case) -> None:
    pd.testing.assert_frame_equal(one.receipt.rows, other.receipt.rows)
    for field in ("format", "sha256", "counts", "build", "genome", "panel", "notes"):
        assert getattr(one.receipt, field) == getattr(other.receipt, field), field
    assert (one.label, one.cancer_type, one.made_at) == (other.label, other.cancer_type, other.made_at)


@pytest.mark.parametrize("cancer_type", ["SKCM", None])
def test_a_case_comes_back_as_it_was(db, cancer_type):
    case = Case("Patient 1, before treatment", receipt(), cancer_type, MADE)
    kept = save_case(db, case)
    same(load_case(db, kept.case_id), case)
    assert kept.case_id == load_case(db, kept.case_id).case_id


def test_a_whole_exome_and_an_empty_receipt_come_back(db):
    empty = receipt()
    empty = Receipt(
        "VCF", "", empty.rows.iloc[:0], dict.fromkeys(FATES, 0), BuildVerdict("", True, "Mixed."), Genome(()), "exome"
    )
    case = Case("empty", empty, None, MADE)
    same(load_case(db, save_case(db, case).case_id), case)


def test_the_list_of_cases(db):
    assert saved_cases(db).empty
    save_case(db, Case("older", receipt(), None, MADE - timedelta(days=1)))
    save_case(db, Case("newer", receipt(), "SKCM", MADE.astimezone(timezone(timedelta(hours=2)))))
    found = saved_cases(db)
    assert found["label"].tolist() == ["newer", "older"]
    assert found["made_at"].tolist()[0] == pd.Timestamp("2026-11-21 09:15:00.123456")
    assert found[["rows", "used", "not_understood"]].iloc[0].tolist() == [3, 1, 1]
    assert found["format"].unique().tolist() == ["pasted text"] and found["cancer_type"].isna().tolist() == [
        False,
        True,
    ]


def test_ids_are_random(db):
    ids = {save_case(db, Case("same", receipt(), None, MADE)).case_id for _ in range(3)}
    assert len(ids) == 3 and all(len(one) == 16 for one in ids)


@pytest.mark.parametrize(("label", "words"), [("  ", "Give the case a name"), ("x" * 101, "may have 100 characters")])
def test_labels_that_are_refused(db, label, words):
    with pytest.raises(InputError, match=words):
        save_case(db, Case(label, receipt(), None, MADE))


def test_half_a_surrogate_pair_is_no_reason_to_lose_a_case(db):
    kept = save_case(db, Case("a\ud800", receipt(), None, MADE))
    assert load_case(db, kept.case_id).label == kept.label == "a?"


def test_a_deleted_case_leaves_no_byte(db):
    other = save_case(db, Case("stays", receipt(), None, MADE))
    case = keep_secret(db)
    before = db.version()
    delete_case(db, case.case_id)
    found = bytes_in(db.path.parent)
    assert LABEL.encode() not in found and GENE.encode() not in found
    assert saved_cases(db)["label"].tolist() == ["stays"]
    same(load_case(db, other.case_id), other)
    assert db.version() != before
    assert sorted(file.name for file in db.path.parent.iterdir()) == [".creating", "tumorcast.duckdb"]
    with pytest.raises(InputError, match="not in the store"):
        load_case(db, case.case_id)
    with pytest.raises(InputError, match="not in the store"):
        delete_case(db, case.case_id)


def test_deleting_by_sql_alone_would_leave_bytes(db):
    """Why the store is written anew: DuckDB keeps deleted rows in its file."""
    save_case(db, Case("stays", receipt(), None, MADE))
    keep_secret(db)
    with db.write() as connection:
        connection.execute("DELETE FROM patient_case WHERE label = ?", [LABEL])
    assert GENE.encode() in bytes_in(db.path.parent)


def test_the_rest_of_the_store_is_the_same_after_a_deletion(tmp_path, build_store):
    db = build_store(tmp_path / "store" / "tumorcast.duckdb")
    db.path.chmod(0o600)
    tables = [*TABLES, "schema_version"]
    before = {table: db.query(f"FROM {table}") for table in tables}
    schema = db.query("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1")
    delete_case(db, keep_secret(db).case_id)
    for table in tables:
        pd.testing.assert_frame_equal(db.query(f"FROM {table}"), before[table])
    pd.testing.assert_frame_equal(db.query("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1"), schema)
    assert db.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreError, match="Duplicate key"), db.write() as connection:
        connection.execute("INSERT INTO drug BY NAME SELECT * FROM drug LIMIT 1")


def test_a_full_disk_leaves_the_case_and_the_store(db):
    with db.write() as connection:
        connection.execute(
            "INSERT INTO drug BY NAME SELECT i AS drug_id, hash(i)::VARCHAR || hash(i + 1) AS name, 's' AS source_id"
            " FROM range(100000) r(i)"
        )
    case = keep_secret(db)
    code = f"""
import resource
from pathlib import Path
from engine.patient.cases import delete_case
from engine.store.database import Database
db = Database(Path({str(db.path)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
delete_case(db, {case.case_id!r})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "StoreError: The store" in done.stderr and "could not be written anew" in done.stderr
    assert list(db.path.parent.glob(".compact-*")) == []
    same(load_case(db, case.case_id), case)
    delete_case(db, case.case_id)
    assert len(db.query("FROM drug")) == 100_000 and saved_cases(db).empty


@pytest.mark.parametrize("moment", ["before the copy is complete", "before it is put in place"])
def test_a_kill_leaves_the_store_and_the_next_deletion_clears_up(db, moment):
    case, other = keep_secret(db), save_case(db, Case("other", receipt(), None, MADE))
    where = "copy_without" if moment.startswith("before the copy") else "replace_durably"
    code = f"""
import os, signal
from pathlib import Path
from engine.patient.cases import delete_case
from engine.store import database
def killed(*arguments):
    Path({str(db.path.with_name(".compact-tumorcast.duckdb"))!r}).touch()
    os.kill(os.getpid(), signal.SIGKILL)
database.{where} = killed
delete_case(database.Database(Path({str(db.path)!r})), {case.case_id!r})
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert list(db.path.parent.glob(".compact-*")) != []
    same(load_case(db, case.case_id), case)
    delete_case(db, case.case_id)
    assert list(db.path.parent.glob(".compact-*")) == []
    assert saved_cases(db)["case_id"].tolist() == [other.case_id]
    assert LABEL.encode() not in bytes_in(db.path.parent)


def test_nobody_writes_into_the_file_that_is_replaced(db, monkeypatch):
    """A second Database of this process and another process both wait; what they write is in the new file."""
    case = keep_secret(db)
    insert = "INSERT INTO drug BY NAME SELECT {} AS drug_id, 'a' AS name, 's' AS source_id"
    other = Database(db.path)

    def write_here() -> None:
        with other.write() as connection:
            connection.execute(insert.format(1))

    code = f"""
from pathlib import Path
from engine.store.database import Database
with Database(Path({str(db.path)!r})).write() as connection:
    connection.execute({insert.format(2)!r})
"""
    started: list = []

    def slow(connection, fresh, gone):
        left = copy_without(connection, fresh, gone)
        thread = threading.Thread(target=write_here)
        thread.start()
        started.extend([thread, subprocess.Popen([sys.executable, "-c", code])])
        thread.join(1.0)
        assert thread.is_alive()
        return left

    monkeypatch.setattr(database, "copy_without", slow)
    delete_case(db, case.case_id)
    started[0].join()
    assert started[1].wait(300) == 0
    assert sorted(db.query("SELECT drug_id FROM drug")["drug_id"]) == [1, 2]
    assert GENE.encode() not in bytes_in(db.path.parent)


def test_a_store_behind_a_link_is_written_anew_where_it_lies(db, tmp_path):
    case = keep_secret(db)
    elsewhere = tmp_path / "disk" / "real.duckdb"
    elsewhere.parent.mkdir()
    os.rename(db.path, elsewhere)
    db.path.symlink_to(elsewhere)
    delete_case(db, case.case_id)
    assert db.path.is_symlink() and saved_cases(db).empty
    assert LABEL.encode() not in bytes_in(tmp_path)


def test_compacting_alone_keeps_every_row(db):
    case = keep_secret(db)
    assert db.compact() == 0
    same(load_case(db, case.case_id), case)


def test_an_export_holds_no_case(db, tmp_path):
    keep_secret(db)
    files = db.export(tmp_path / "out")
    assert PRIVATE_TABLES == ("patient_case",) and "patient_case" not in {file.stem for file in files}
    assert set(PRIVATE_TABLES).isdisjoint(TABLES)  # nor may a job bring rows for it
    found = bytes_in(tmp_path / "out")
    assert LABEL.encode() not in found and GENE.encode() not in found


def test_a_store_of_the_version_before_opens_with_its_rows(tmp_path, monkeypatch):
    path = tmp_path / "tumorcast.duckdb"
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", MIGRATIONS[:2])
        with Database(path).write() as connection:
            connection.execute("INSERT INTO drug BY NAME SELECT 1 AS drug_id, 'a' AS name, 's' AS source_id")
    db = Database(path)
    assert db.query("SELECT name FROM drug")["name"].tolist() == ["a"]
    case = save_case(db, Case("first", receipt(), None, MADE))
    same(load_case(db, case.case_id), case)
