"""The demonstration screens come in like real ones, are scored, and one of them gets a network."""

from pathlib import Path

import pytest

from engine.demo import build
from engine.demo.screen_build import BACKBONE, TRAINED, WEIGHTS, submit_demo_screens
from engine.demo.screen_plan import SCREENS
from engine.errors import InputError
from engine.settings import store_path
from engine.spheroid.judged import stored
from engine.spheroid.screen_list import hits, screens, trained_runs
from engine.store.database import Database

NAMES = [screen.name for screen in SCREENS]
DRUG_SCREENS = [screen.name for screen in SCREENS if not screen.control]


@pytest.fixture
def asked(monkeypatch) -> list[tuple]:
    """What is submitted, in order; nothing is simulated or run."""
    found: list[tuple] = []

    def bring(path, name, **about):
        found.append(("import", name, about))
        assert path.is_dir()
        return name

    monkeypatch.setattr("engine.demo.screens.write_screens", lambda folder, **_: None)
    monkeypatch.setattr("engine.spheroid.screen_import.submit_screen_import", bring)
    monkeypatch.setattr(
        "engine.spheroid.score_job.submit_scoring",
        lambda db, name, modality, settings: found.append(("score", name, modality)) or "score",
    )
    monkeypatch.setattr(
        "engine.spheroid.train.submit_training", lambda db, settings: found.append(("train", settings)) or "train"
    )
    return found


def test_imports_come_first_then_scores_then_the_network(tumorcast_home, asked):
    assert len(list(submit_demo_screens(Database(store_path()), seed=5))) == len(asked)
    assert [one[1] for one in asked if one[0] == "import"] == NAMES
    assert all(one[2]["simulated"] and "Simulated" in one[2]["origin"] for one in asked if one[0] == "import")
    assert [one[0] for one in asked] == ["import"] * 4 + ["score"] * 6 + ["train", "score"]
    assert {one[1:] for one in asked if one[0] == "score"} == {
        *((name, modality) for name in DRUG_SCREENS for modality in ("metabolic", "mos")),
        (TRAINED, "image"),
    }
    (settings,) = [one[1] for one in asked if one[0] == "train"]
    assert (settings.screen, settings.preset, settings.backbone_name, settings.weights, settings.seed) == (
        TRAINED, "fast", BACKBONE, WEIGHTS, 5,
    )  # fmt: skip
    assert WEIGHTS == "none"  # nothing is downloaded


def test_a_screen_that_is_there_stays_as_it_is(tumorcast_home, asked):
    db = Database(store_path())
    row = "SELECT ? AS screen, 'drugs' AS kind, 1 AS n_plates, 96 AS n_wells, 0 AS n_images, false AS simulated, 's' AS"
    with db.write() as connection:
        connection.execute(f"INSERT INTO screen BY NAME {row} source_id", [TRAINED])
    assert TRAINED not in {one[1] for one in list(submit_demo_screens(db)) and asked}
    assert [one[0] for one in asked] == ["import"] * 3 + ["score"] * 4
    with db.write() as connection:
        for name in set(NAMES) - {TRAINED}:
            connection.execute(f"INSERT INTO screen BY NAME {row} source_id", [name])
    with pytest.raises(InputError, match="The simulated screens are in the store already"):
        build.start_demo_screens()


def test_the_demonstration_store_holds_them(demo_home: Path, monkeypatch):
    monkeypatch.setenv("TUMORCAST_HOME", str(demo_home))
    db = Database(store_path())
    found = screens(db).set_index("screen")
    assert sorted(found.index) == sorted(NAMES) and found["simulated"].all()
    assert found.loc[TRAINED, "scored"] == ("image_2", "mos", "metabolic")
    assert [found.loc[name, "state"] for name in NAMES] == ["imported", "scored", "scored", "scored"]
    (run,) = trained_runs(db).itertuples()
    assert (run.screen, run.phase, run.preset, run.weights, bool(run.simulated)) == (TRAINED, 2, "fast", "random", True)
    z = stored(db).query("measure == 'z_prime' and plate != ''").set_index(["screen", "modality"])["value"]
    assert (z.xs("metabolic", level="modality") > 0.5).all()
    assert z[TRAINED, "image_2"].min() > 0.2 > 0 > z[TRAINED, "mos"].max()
    of = hits(db).set_index(["screen", "modality"])["hits"]
    assert 0 < of[TRAINED, "metabolic"] < 24 and 0 < of[TRAINED, "image_2"] < 24
