"""The store under readers, writers, other processes, kills, damage and a full disk."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from engine.errors import StoreBusyError, StoreError, StoreVersionError
from engine.store import database
from engine.store.database import Database
from engine.store.schema import MIGRATIONS, PRIVATE_TABLES, TABLES

DRUG = "INSERT INTO drug BY NAME SELECT {id} AS drug_id, '{name}' AS name, 'test' AS source_id"


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return Database(tmp_path / "store" / "tumorcast.duckdb")


@pytest.fixture
def hold():
    """Start processes that hold a store open, read-only or for writing, and end them afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(path: Path, read_only: bool) -> int:
        code = (
            f"import duckdb, sys; duckdb.connect({str(path)!r}, read_only={read_only}); print('open'); sys.stdin.read()"
        )
        code = code.replace("duckdb.connect(", "c = duckdb.connect(")
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == "open\n"
        return process.pid

    yield start
    for process in started:
        process.communicate("")


def add(db: Database, drug_id: int, name: str = "a") -> None:
    with db.write() as connection:
        connection.execute(DRUG.format(id=drug_id, name=name))


def drugs(db: Database) -> list[int]:
    return db.query("SELECT drug_id FROM drug ORDER BY drug_id")["drug_id"].tolist()


def in_other_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stdout + done.stderr


def test_a_new_store_has_every_table_and_takes_rows(db):
    names = db.query("SELECT table_name FROM duckdb_tables()")["table_name"]
    assert set(names) == {*TABLES, *PRIVATE_TABLES, "schema_version"}
    add(db, 1, "erlotinib")
    found = db.query("SELECT name, smiles FROM drug WHERE drug_id = ?", [1])
    assert found["name"].tolist() == ["erlotinib"] and found["smiles"].isna().all()


def test_rollback_leaves_nothing(db):
    add(db, 1)
    with pytest.raises(ValueError, match="changed my mind"), db.write() as connection:
        connection.execute(DRUG.format(id=2, name="b"))
        connection.execute("DELETE FROM drug WHERE drug_id = 1")
        raise ValueError("changed my mind")
    assert drugs(db) == [1]


def test_a_refused_row_is_a_store_error_and_leaves_nothing(db):
    with pytest.raises(StoreError, match=r"Nothing was written .* NOT NULL"), db.write() as connection:
        connection.execute(DRUG.format(id=1, name="a"))
        connection.execute("INSERT INTO drug (drug_id) VALUES (2)")
    assert drugs(db) == []


def test_version_changes_with_every_write_and_only_then(db):
    first = db.version()
    db.query("FROM drug")
    assert db.version() == first
    add(db, 1)
    second = db.version()
    assert second != first
    other = "from engine.store import Database; from pathlib import Path\n"
    other += f"with Database(Path({str(db.path)!r})).write() as c: c.execute({DRUG.format(id=2, name='b')!r})"
    assert in_other_process(other) == ""
    assert db.version() != second
    assert drugs(db) == [1, 2]


def test_two_processes_read_at_once(db, hold):
    add(db, 1)
    hold(db.path, read_only=True)
    assert drugs(db) == [1]


def test_a_write_meets_a_foreign_reader_and_names_it(db, hold, monkeypatch):
    monkeypatch.setattr(database, "RETRY_SECONDS", 0.3)
    pid = hold(db.path, read_only=True)
    began = time.monotonic()
    with pytest.raises(StoreBusyError, match=f"held by process {pid} "):
        add(db, 1)
    assert time.monotonic() - began >= 0.3
    assert drugs(db) == []


def test_a_read_meets_a_foreign_writer_and_names_it(db, hold, monkeypatch):
    monkeypatch.setattr(database, "RETRY_SECONDS", 0.1)
    pid = hold(db.path, read_only=False)
    with pytest.raises(StoreBusyError, match=f"held by process {pid} "):
        drugs(db)


def test_a_write_waits_for_a_foreign_reader_to_go(db):
    code = f"import duckdb, time; c = duckdb.connect({str(db.path)!r}, read_only=True); print(1); time.sleep(0.6)"
    with subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        add(db, 1)
    assert drugs(db) == [1]


def test_threads_read_and_write_through_one_and_through_two_objects(db):
    other = Database(db.path)
    troubles: list[BaseException] = []

    def attempt(work) -> None:
        try:
            work()
        except BaseException as error:
            troubles.append(error)

    def reading() -> None:
        for _ in range(10):
            drugs(db)

    work = [reading, reading, lambda: add(db, 1), lambda: add(other, 2), lambda: add(db, 3)]
    threads = [threading.Thread(target=attempt, args=(task,)) for task in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert drugs(other) == [1, 2, 3]


def test_writes_through_two_objects_follow_each_other(db):
    """A row that each adds where it is missing is added once."""
    add(db, 0)
    started = threading.Barrier(4)

    def add_if_missing(store: Database) -> None:
        started.wait()
        with store.write() as connection:
            (n,) = connection.execute("SELECT count(*) FROM drug WHERE drug_id = 7").fetchone()
            time.sleep(0.05)
            if n == 0:
                connection.execute(DRUG.format(id=7, name="d"))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(add_if_missing, Database(db.path)) for _ in range(4)]:
            done.result()
    assert drugs(db) == [0, 7]


def test_another_object_of_the_process_waits_for_a_long_write(db, monkeypatch):
    """However long: an import that is submitted while a large library is put into the store."""
    monkeypatch.setattr(database, "RETRY_SECONDS", 0.0)
    other = Database(db.path.parent / ".." / db.path.parent.name / db.path.name)
    with ThreadPoolExecutor(2) as pool:
        with db.write() as connection:
            read, written = pool.submit(drugs, other), pool.submit(add, other, 2)
            time.sleep(0.3)
            assert not read.done() and not written.done()
            connection.execute(DRUG.format(id=1, name="a"))
        written.result()
        assert 1 in read.result()
    assert drugs(db) == [1, 2]


def test_a_reader_that_ends_leaves_the_lock_of_another(db, monkeypatch):
    """POSIX locks belong to a process: closing one handle of a file ends those of all others."""
    add(db, 1)
    with db.reading() as connection:
        assert drugs(Database(db.path)) == [1]
        told = in_other_process(f"import duckdb; duckdb.connect({str(db.path)!r}); print('opened')")
        assert "Could not set lock" in told and "opened" not in told
        assert connection.execute("SELECT count(*) FROM drug").fetchall() == [(1,)]
    assert "opened" in in_other_process(f"import duckdb; duckdb.connect({str(db.path)!r}); print('opened')")


def test_a_read_within_a_read_does_not_wait_for_who_waits_to_write(db):
    with ThreadPoolExecutor(1) as pool:
        with db.reading():
            written = pool.submit(add, db, 1)
            while db._turn._writer is None:
                time.sleep(0.01)
            assert drugs(db) == [] and drugs(Database(db.path)) == []
        written.result()
    assert drugs(db) == [1]


def test_writing_inside_a_read_is_refused_instead_of_waiting_for_ever(db):
    with db.reading(), pytest.raises(StoreError, match="A read is open in this thread"):
        add(db, 1)
    add(db, 2)
    assert drugs(db) == [2]


def test_a_store_that_is_put_back_after_damage_is_read_again(db):
    add(db, 1)
    whole = db.path.read_bytes()
    db.path.write_bytes(b"no store")
    with pytest.raises(StoreError, match="cannot be opened as a store"):
        drugs(db)
    db.path.write_bytes(whole)
    assert drugs(db) == [1]


def test_reading_inside_a_write_is_refused_instead_of_waiting_for_ever(db):
    for reader in (db, Database(db.path)):
        with pytest.raises(StoreError, match="read through the connection"), db.write():
            drugs(reader)
    assert drugs(db) == []


def test_a_closed_store_refuses(db):
    db.close()
    with pytest.raises(StoreError, match="has been closed"):
        drugs(db)


def test_a_newer_store_is_refused(db):
    with db.write() as connection:
        connection.execute("UPDATE schema_version SET version = 999")
    with pytest.raises(StoreVersionError, match=r"has version 999, written by a newer Tumorcast"):
        Database(db.path)


def test_an_older_store_is_migrated_and_keeps_its_rows(db, monkeypatch):
    add(db, 1)
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, "ALTER TABLE drug ADD COLUMN colour VARCHAR"))
    newer = Database(db.path)
    assert newer.query("SELECT drug_id, colour FROM drug")["drug_id"].tolist() == [1]
    assert newer.query("FROM schema_version")["version"].tolist() == [len(MIGRATIONS) + 1]


def test_a_store_without_libraries_gains_them_and_keeps_its_rows(db, tmp_path, monkeypatch):
    path = tmp_path / "before.duckdb"
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", MIGRATIONS[:3])
        add(Database(path), 1)
    newer = Database(path)
    assert drugs(newer) == [1] and newer.query("FROM library_screen").empty
    with newer.write() as connection:
        connection.execute("INSERT INTO library_prediction VALUES ('s', 'm', [0.5, -2], [0.1, 0.2], NULL, NULL, NULL)")
    assert newer.query("SELECT mean[2] AS second FROM library_prediction")["second"].tolist() == [-2.0]
    library = newer.query("DESCRIBE library").set_index("column_name")["column_type"]
    assert library.to_dict() == dict.fromkeys(library.index, "VARCHAR") | {"weight_g_mol": "DOUBLE"}
    assert list(library.index[:5]) == ["library", "molecule_id", "name", "smiles", "weight_g_mol"]


def test_a_failing_migration_leaves_the_older_store(db, monkeypatch):
    broken = (*MIGRATIONS, "ALTER TABLE drug ADD COLUMN colour VARCHAR; SELECT * FROM nowhere")
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", broken)
        with pytest.raises(StoreError, match="nowhere"):
            Database(db.path)
    assert "colour" not in Database(db.path).query("FROM drug").columns


def test_a_new_store_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    """Another process that opens it at the same moment must not find half a file."""
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", (*MIGRATIONS, "SELECT * FROM nowhere"))
        with pytest.raises(StoreError, match=r"cannot be created: .*nowhere"):
            Database(tmp_path / "tumorcast.duckdb")
    assert list(tmp_path.glob("*.duckdb*")) == [] and list(tmp_path.glob(".new-*")) == []
    assert drugs(Database(tmp_path / "tumorcast.duckdb")) == []


def test_a_folder_that_cannot_hold_a_store_is_told(tmp_path):
    (tmp_path / "store").write_text("a file, no folder")
    with pytest.raises(StoreError, match=r"tumorcast\.duckdb cannot be created: .*"):
        Database(tmp_path / "store" / "tumorcast.duckdb")


def test_a_file_that_is_no_store_is_refused(tmp_path):
    path = tmp_path / "tumorcast.duckdb"
    path.write_text("cell_line,drug\n" * 1000)
    with pytest.raises(StoreError, match=r"cannot be opened as a store: .* not a valid DuckDB"):
        Database(path)
    assert path.read_text().startswith("cell_line")


def test_somebody_elses_duckdb_file_is_refused(tmp_path):
    path = tmp_path / "tumorcast.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE holiday (day DATE)")
    with pytest.raises(StoreError, match="no Tumorcast store"):
        Database(path)


def test_damage_inside_the_file_is_a_store_error(db):
    with db.write() as connection:
        connection.execute(
            "INSERT INTO drug BY NAME SELECT i AS drug_id, hash(i) AS name, 's' AS source_id FROM range(50000) r(i)"
        )
    size = db.path.stat().st_size
    with db.path.open("r+b") as file:
        for place in range(12288, size, 4096):
            file.seek(place)
            file.write(b"\xff" * 64)
    with pytest.raises(StoreError, match="Corrupt database file"):
        Database(db.path).query("SELECT max(name) FROM drug")


def test_a_killed_writer_leaves_what_it_committed(db):
    code = f"""
import os
from pathlib import Path
from engine.store import Database
db = Database(Path({str(db.path)!r}))
with db.write() as c:
    c.execute({DRUG.format(id=1, name="a")!r})
with db.write() as c:
    c.execute({DRUG.format(id=2, name="b")!r})
    os.kill(os.getpid(), 9)
"""
    before = db.version()
    in_other_process(code)
    assert db.version() != before
    assert drugs(db) == [1]
    add(db, 3)
    assert drugs(db) == [1, 3]


def test_a_full_disk_during_a_write_leaves_the_store_as_it_was(db):
    add(db, 1)
    code = f"""
import resource
from pathlib import Path
from engine.store import Database
limit = Path({str(db.path)!r}).stat().st_size + 300_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
with Database(Path({str(db.path)!r})).write() as c:
    c.execute("INSERT INTO drug BY NAME SELECT i + 10 AS drug_id, hash(i)::VARCHAR || hash(i + 1) AS name,"
              " 's' AS source_id FROM range(200000) r(i)")
"""
    assert "StoreError: Nothing was written" in in_other_process(code)
    assert drugs(db) == [1]
    add(db, 2)
    assert drugs(db) == [1, 2]


def test_export_writes_every_table(db, tmp_path):
    add(db, 7, "nutlin-3a")
    files = db.export(tmp_path / "out")
    assert sorted(file.stem for file in files) == sorted(TABLES)
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT drug_id, name FROM read_parquet(?)", [str(tmp_path / "out/drug.parquet")])
        assert rows.fetchall() == [(7, "nutlin-3a")]


def test_an_export_that_cannot_be_written_names_the_file(db, tmp_path):
    (tmp_path / "out" / "cell_line.parquet").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"cell_line\.parquet could not be written"):
        db.export(tmp_path / "out")


def test_export_into_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be made .* choose another"):
        Database(tmp_path / "s.duckdb").export(tmp_path / "file" / "out")
