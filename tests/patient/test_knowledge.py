"""What a run knows: its positions, how many training lines are mutated there, and the mutations of the store."""

import shutil

import pytest

from engine.errors import InputError, StoreError
from engine.patient.knowledge import load_knowledge
from engine.response.ensemble import default_run
from engine.settings import jobs_folder, store_path
from engine.store.database import Database


@pytest.fixture
def demo(demo_home, monkeypatch) -> Database:
    monkeypatch.setenv("TUMORCAST_HOME", str(demo_home))
    return Database(store_path())


def test_the_demonstration_is_known(demo):
    run = default_run(demo)
    assert (run.split, run.simulated) == ("pairs", True)
    knowledge = load_knowledge(demo)
    assert knowledge.run_id == run.run_id
    assert set(knowledge.training_lines) == set(knowledge.vocabulary.keys)
    lines = demo.query("SELECT count(DISTINCT cosmic_id) AS n FROM mutation WHERE position_key = 'BRAF:600'")["n"][0]
    assert 1 <= knowledge.training_lines["BRAF:600"] <= lines
    assert {"BRAF", "KMT2D"} <= knowledge.census
    assert knowledge.known["simulated"].all()
    assert str(knowledge.known["start_grch37"].dtype) == "Int64"
    assert not knowledge.known.duplicated().any()


def test_an_older_run_tells_its_positions_by_its_checkpoint(demo, demo_home, tmp_path, monkeypatch):
    run_id = default_run(demo).run_id
    before = load_knowledge(demo)
    shutil.copytree(demo_home / "jobs" / run_id, tmp_path / "jobs" / run_id)
    (tmp_path / "jobs" / run_id / "results" / "reference.npz").unlink()
    monkeypatch.setenv("TUMORCAST_HOME", str(tmp_path))
    knowledge = load_knowledge(demo)
    assert knowledge.vocabulary == before.vocabulary
    assert knowledge.training_lines == {}


def test_a_store_without_runs(tumorcast_home):
    with pytest.raises(InputError, match="Train a network first, or build the demonstration"):
        default_run(Database(store_path()))


def test_a_store_with_baselines_only(filled_home):
    db = Database(store_path())
    networks = "('ensemble', 'master', 'fully_connected', 'shallow', 'tanh', 'unified')"
    with db.write() as connection:
        connection.execute(f"DELETE FROM metric WHERE model IN {networks}")
    with pytest.raises(InputError, match="trained only baselines"):
        default_run(db)
    with pytest.raises(InputError, match="trained no network, only baselines"):
        load_knowledge(db, "20261121-091500-train_response-0a1b")


def test_a_run_whose_folder_is_gone(filled_home):
    db = Database(store_path())
    assert not jobs_folder().exists()
    assert default_run(db).split == "pairs"  # though the one of unseen lines is newer
    with pytest.raises(InputError, match="The job folder of run 20261121-091500-train_response-0a1b is gone"):
        load_knowledge(db)


def test_a_run_that_does_not_exist(filled_home):
    with pytest.raises(StoreError, match="There is no run 'x' in the store"):
        load_knowledge(Database(store_path()), "x")
