"""From finished folders into the store: once, whole or not at all, by whoever is in charge."""

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import collect as collecting
from engine.collect import Collector, app_is_up, collect, collect_finished, finished_ids, settle
from engine.errors import JobError, StoreError
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.files import write_json
from engine.jobs.spec import create_folder, now
from engine.settings import jobs_folder, store_path
from engine.store.database import Database

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def db(tumorcast_home) -> Database:
    return Database(store_path())


def drugs(*ids: int, source: str = "mine") -> pd.DataFrame:
    return pd.DataFrame({"name": [f"drug {i}" for i in ids], "drug_id": ids, "source_id": source})


def mutations(*residues: int, source: str = "mine") -> pd.DataFrame:
    rows = {"cosmic_id": 1, "gene": "BRAF", "position_key": [f"BRAF:{r}" for r in residues]}
    return pd.DataFrame(rows | {"classification": "Missense_Mutation", "source_id": source})


def finished(name: str, source: str | None = "mine", **tables: pd.DataFrame) -> str:
    """A finished job folder as a worker leaves it."""
    folder = jobs_folder() / name
    create_folder(folder, "self_test", {} if source is None else {"source_id": source})
    job = JobContext.for_folder(folder)
    for table, frame in tables.items():
        job.write_table(table, frame)
    write_json(folder / "done.json", {"finished_at": now()})
    return name


def until(reached) -> None:
    deadline = time.monotonic() + 120  # for machines that do much else meanwhile
    while not reached():
        assert time.monotonic() < deadline, "never got there"
        time.sleep(0.05)


def known(db: Database, table: str = "drug", column: str = "drug_id") -> list:
    return db.query(f"SELECT {column} FROM {table} ORDER BY 1")[column].tolist()


def test_collected_once(db):
    job_id = finished("a", drug=drugs(1, 2), mutation=mutations(600))
    assert queue.status("a").state == "finished" and finished_ids() == ["a"]
    assert collect(job_id, db) is True
    assert queue.status("a").state == "collected"
    assert collect(job_id, db) is False
    (jobs_folder() / "a" / "collected.json").unlink()  # the app died between commit and marker
    assert collect(job_id, db) is False
    assert known(db) == [1, 2] and known(db, "mutation", "position_key") == ["BRAF:600"]
    assert known(db, "collected_job", "job_id") == ["a"] and finished_ids() == []


def test_collected_once_by_two_processes_at_a_time(db):
    finished("a", mutation=mutations(600, 601))
    code = "from engine.collect import collect; print(collect('a'))"
    both = [
        subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert sorted(process.communicate()[0].strip() for process in both) == ["False", "True"]
    assert known(db, "mutation", "position_key") == ["BRAF:600", "BRAF:601"]


def test_importing_again_replaces_the_rows_of_that_source_only(db):
    finished("a", drug=drugs(1, 2), mutation=mutations(600, 601))
    finished("b", source="theirs", drug=drugs(3, source="theirs"), mutation=mutations(12, source="theirs"))
    assert collect_finished(db) == ["a", "b"]
    finished("c", drug=drugs(2, 4), mutation=mutations(600))
    assert collect_finished(db) == ["c"]
    assert known(db) == [2, 3, 4]
    assert known(db, "mutation", "position_key") == ["BRAF:12", "BRAF:600"]


def test_a_table_of_drugs_without_structures_keeps_those_that_are_known(db):
    finished("a", drug=drugs(1, source="first").assign(smiles="CCO", target="A"), source="first")
    finished("b", drug=drugs(1, source="second").assign(smiles=None, target="B"), source="second")
    collect_finished(db)
    assert known(db, column="smiles") == ["CCO"] and known(db, column="target") == ["B"]
    assert known(db, column="source_id") == ["first"]


def lines(source: str, **columns: list) -> pd.DataFrame:
    return pd.DataFrame({"cosmic_id": [1, 2], "name": ["A375", "HT-29"], "source_id": source} | columns)


def test_sources_of_lines_fill_each_others_gaps_whichever_was_read_first(db):
    """Two imports at once: neither knew of the other when it was submitted."""
    finished("a", source="gdsc", cell_line=lines("gdsc", cancer_type=["SKCM", "COAD_READ"], msi=["MSS", None]))
    finished("b", source="depmap", cell_line=lines("depmap", depmap_id=["ACH-000219", None], msi=[None, "MSI"]))
    collect_finished(db)
    both = "FROM cell_line ORDER BY cosmic_id"
    first, second = db.query(both).itertuples()
    assert (first.cancer_type, first.msi, first.depmap_id) == ("SKCM", "MSS", "ACH-000219")
    assert (second.cancer_type, second.msi) == ("COAD_READ", "MSI")
    finished("c", source="depmap", cell_line=lines("depmap", depmap_id=["ACH-1", None]).head(1))
    collect_finished(db)
    first, second = db.query(both).itertuples()
    assert (first.cancer_type, first.depmap_id, second.cancer_type) == ("SKCM", "ACH-1", "COAD_READ")
    finished("d", source="gdsc", cell_line=lines("gdsc").tail(1))
    collect_finished(db)
    assert known(db, "cell_line", "cosmic_id") == [2]  # what a source brought and brings no more is gone


def test_a_folder_of_parts_goes_in_whole_and_once(db):
    job_id = finished("a", source=None)
    parts = jobs_folder() / "a" / "results" / "library_prediction"
    parts.mkdir()
    for part, ids in enumerate((["AAA", "BBB"], ["CCC"])):
        mean = [[float(part), -1.5]] * len(ids)
        rows = {"spread": mean, "mean": mean, "molecule_id": ids, "screen_id": "a"}  # found by name, not by place
        pd.DataFrame(rows).to_parquet(parts / f"part-{part:05d}.parquet", index=False)
    (parts / ".part-00002.parquet.half").write_bytes(b"what a killed worker left")
    assert collect(job_id, db) is True
    (jobs_folder() / "a" / "collected.json").unlink()
    assert collect(job_id, db) is False
    found = db.query("SELECT molecule_id, mean, inside FROM library_prediction ORDER BY molecule_id")
    assert found["molecule_id"].tolist() == ["AAA", "BBB", "CCC"]
    assert [list(mean) for mean in found["mean"]] == [[0.0, -1.5], [0.0, -1.5], [1.0, -1.5]]
    assert found["inside"].isna().all()


def parts_of_a_screen(job_id: str, molecules: int, chunk: int, lines: int) -> str:
    """A finished screen of noise, as `screen_parts` leaves it."""
    finished(job_id, source=None)
    folder = jobs_folder() / job_id / "results" / "library_prediction"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, start in enumerate(range(0, molecules, chunk)):
        values = rng.normal(size=(min(chunk, molecules - start), lines)).astype(np.float32)
        rows = {"screen_id": job_id, "molecule_id": [f"M{start + i:06}" for i in range(len(values))]}
        frame = pd.DataFrame(rows).assign(mean=list(values), spread=list(values))
        frame.to_parquet(folder / f"part-{part:05d}.parquet", index=False)
    return job_id


def test_a_screen_that_is_collected_again_replaces_its_rows(db):
    """As after a store was put back from a copy that knew of the job's rows but not of the job."""
    collect(parts_of_a_screen("a", molecules=5, chunk=2, lines=3), db)
    before = db.query("SELECT * FROM library_prediction ORDER BY molecule_id")
    with db.write() as connection:
        connection.execute("DELETE FROM collected_job")
        connection.execute("DELETE FROM library_prediction WHERE molecule_id = 'M000003'")
        connection.execute("UPDATE library_prediction SET spread = [9.0, 9.0, 9.0] WHERE molecule_id = 'M000001'")
    (jobs_folder() / "a" / "collected.json").unlink()
    assert collect("a", db) is True
    after = db.query("SELECT * FROM library_prediction ORDER BY molecule_id")
    pd.testing.assert_frame_equal(after, before)


def test_memory_does_not_grow_with_the_screen(db):
    """80 MB of predictions go through 32 MiB; without the limit collecting them takes 200 MiB more."""
    parts_of_a_screen("a", molecules=20_000, chunk=1_000, lines=500)
    code = (
        "import sys; from pathlib import Path; from engine import collect\n"
        "def held(what):\n"
        "    lines = Path('/proc/self/status').read_text().splitlines()\n"
        "    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024\n"
        "before = held('VmRSS'); collect.MEMORY_MIB = int(sys.argv[1]); collect.collect('a')\n"
        "print(held('VmHWM') - before)"
    )
    run = subprocess.run([sys.executable, "-c", code, "32"], cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) < 130
    assert len(known(db, "library_prediction", "molecule_id")) == 20_000


def test_a_folder_of_parts_for_an_unknown_table_or_beside_a_file_of_it_is_refused(db):
    finished("a", source=None)
    finished("b", source=None, drug=drugs(1))
    for job_id, table in (("a", "weather"), ("b", "drug")):
        (jobs_folder() / job_id / "results" / table).mkdir()
        drugs(1).to_parquet(jobs_folder() / job_id / "results" / table / "part-00000.parquet")
    with pytest.raises(JobError, match="Job a brings rows for weather, which the store does not have"):
        collect("a", db)
    with pytest.raises(JobError, match="Job b brings drug both as a file and as a folder of parts"):
        collect("b", db)


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"drug": drugs(5), "weather": drugs(1)}, "brings rows for weather, which the store does not have"),
        ({"collected_job": drugs(1)}, "brings rows for collected_job"),
        ({"drug": drugs(5), "mutation": mutations(1).drop(columns="gene")}, "could not be put .* NOT NULL"),
        ({"drug": drugs(5).assign(colour="red")}, 'could not be put .* "colour"'),
    ],
)
def test_results_that_do_not_fit_leave_nothing(db, tables, told):
    collect(finished("good", drug=drugs(1)), db)
    finished("bad", source=None, **tables)
    with pytest.raises(JobError, match=told):
        collect("bad", db)
    assert known(db) == [1] and queue.status("bad").state == "finished"


def test_one_bad_job_does_not_keep_the_others_out(db):
    finished("a", weather=drugs(1))
    finished("b", drug=drugs(1))
    with pytest.raises(JobError, match="weather"):
        collect_finished(db)
    assert known(db) == [1]
    told = queue.status("a")
    assert told.state == "finished" and told.error is not None and "weather" in told.error


def test_only_a_finished_job_is_collected(db):
    create_folder(jobs_folder() / "a", "self_test", {})
    with pytest.raises(JobError, match="Job a is waiting; only a finished job"):
        collect("a", db)


def test_a_full_disk_leaves_nothing_and_the_job_can_be_collected_later(db):
    """The limit on file size stands for the full disk: writing fails in the middle of the transaction."""
    many = pd.DataFrame({"drug_id": range(100_000)}).assign(source_id="mine")
    many["name"] = [f"{i * 2654435761 % 2**61:x}-{i * 40503 % 2**31:x}" for i in range(100_000)]
    finished("a", source="old", drug=drugs(500_000, source="old"), mutation=mutations(600, source="old"))
    finished("b", drug=many, mutation=mutations(601))
    collect("a", db)
    code = (
        "import resource; from engine.collect import collect; from engine.settings import store_path\n"
        "limit = store_path().stat().st_size + 300_000\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\ncollect('b')"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert "JobError: Job b has finished but could not be put into the store" in run.stderr
    assert "File too large" in run.stderr
    assert known(db) == [500_000] and known(db, "mutation", "position_key") == ["BRAF:600"]
    assert queue.status("b").state == "finished" and finished_ids() == ["b"]
    assert collect("b", db) is True
    assert len(known(db)) == 100_001
    assert known(db, "mutation", "position_key") == ["BRAF:600", "BRAF:601"]


def test_two_imports_submitted_at_once_both_land(db):
    ids = [queue.submit("self_test", name, {"steps": 1, "seconds": 0}) for name in ("a", "b")]
    collector = Collector(db).start()
    try:
        threads = [threading.Thread(target=queue.wait, args=(job_id,)) for job_id in ids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for job_id in ids:
            settle(job_id, db)
    finally:
        collector.stop()
    assert known(db, "collected_job", "job_id") == sorted(ids)


def test_while_the_app_is_up_others_wait_for_it(db):
    assert not app_is_up()
    collector = Collector(db).start()
    try:
        until(app_is_up)
        code = "from engine.collect import app_is_up, settle; print(app_is_up()); settle('a')"
        finished("a", drug=drugs(1))
        run = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
        assert (run.stdout, run.stderr) == ("True\n", "")
        assert known(db) == [1]
    finally:
        collector.stop()
    assert not app_is_up()


def test_an_app_that_hangs_does_not_keep_the_command_line(db, monkeypatch):
    finished("a", drug=drugs(1))
    monkeypatch.setattr(collecting, "app_is_up", lambda: True)
    settle("a", db, patience=0.3)
    assert known(db) == [1]


def test_the_collector_tries_a_failed_job_again_later(db, monkeypatch):
    monkeypatch.setattr(collecting, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(collecting, "RETRY_SECONDS", 0.2)
    finished("a", drug=drugs(1))
    real, calls = Database.write, []

    def full_at_first(self):
        calls.append(time.monotonic())
        if len(calls) == 1:
            raise StoreError("the disk is full")
        return real(self)

    monkeypatch.setattr(Database, "write", full_at_first)
    collector = Collector(db).start()
    until(lambda: queue.status("a").state == "collected")
    collector.stop()
    assert queue.status("a").error is None
    assert calls[1] - calls[0] >= 0.2


def test_the_collector_outlives_a_folder_that_vanishes_and_any_surprise(db, monkeypatch, caplog):
    monkeypatch.setattr(collecting, "POLL_SECONDS", 0.05)
    looks = iter([OSError("the disk went away"), ["deleted meanwhile"]])

    def finished_now() -> list[str]:
        look = next(looks, None)
        if isinstance(look, Exception):
            raise look
        return look or finished_ids()

    monkeypatch.setattr(collecting, "finished_ids", finished_now)
    finished("a", drug=drugs(1))
    collector = Collector(db).start()
    until(lambda: queue.status("a").state == "collected")
    collector.stop()
    assert known(db) == [1] and "the disk went away" in caplog.text


def test_the_folder_may_go_once_collected(db):
    collect(finished("a", drug=drugs(1)), db)
    shutil.rmtree(jobs_folder() / "a")
    assert known(db) == [1] and collect_finished(db) == []
