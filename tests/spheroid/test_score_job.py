"""The job that scores a screen, from the store and back into it."""

import numpy as np
import pytest
from small_curves import DOSES, sigmoid
from small_store import insert

from engine.collect import collect
from engine.errors import InputError
from engine.jobs import launch
from engine.jobs.context import JobContext
from engine.jobs.files import read_json, write_json
from engine.jobs.queue import job_folder
from engine.settings import store_path
from engine.spheroid.score_job import run_scoring, submit_scoring
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database

DRUGS = {"strong": (0.9, 1.0), "weak": (0.3, 3.0)}
SETTINGS = ScoreSettings(parameters=3, bootstrap=30, seed=7)


@pytest.fixture
def db(tumorcast_home, monkeypatch) -> Database:
    """Two screens of two drugs in duplicate, metabolic and of images, one modality without percentages."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    wells, readouts = [], []
    for name in ("S1", "reference"):
        for row, (drug, (top, xmid)) in zip("BC", DRUGS.items(), strict=True):
            for number in range(10):
                dose = DOSES[number % 5]
                place = {"screen": name, "plate": "P1", "row": row, "column": number + 2}
                wells.append(
                    {
                        **place, "well_type": "therapy", "treatment": drug, "conc_nm": dose,
                        "replicate": 1 + number // 5, "source_id": name,
                    }
                )  # fmt: skip
                percent = 100 * (1 - float(sigmoid(np.log10(dose), top, xmid, 1.5))) + (number % 3 - 1)
                for modality in ("metabolic", "image_2"):
                    readouts.append(
                        {**place, "modality": modality, "raw": percent, "percent": percent, "source_id": name}
                    )
                readouts.append({**place, "modality": "mos", "raw": 1.0, "percent": None, "source_id": name})
    screens = [
        {
            "screen": name, "kind": "drugs", "n_plates": 1, "n_wells": 384, "n_images": 0, "simulated": True,
            "source_id": name,
        }
        for name in ("S1", "reference")
    ]  # fmt: skip
    database = Database(store_path())
    insert(database, screen=screens, well=wells, readout=readouts)
    return database


def run(db: Database, screen: str, modality: str = "metabolic", references: tuple[str, ...] = ()) -> str:
    job_id = submit_scoring(db, screen, modality, SETTINGS, references)
    run_scoring(JobContext.for_folder(job_folder(job_id)))
    write_json(job_folder(job_id) / "done.json", {})
    assert collect(job_id, db)
    return job_id


def test_a_screen_is_scored_into_the_store(db):
    job_id = run(db, "S1")
    kept = db.query("SELECT * FROM score JOIN curve USING (screen, modality, drug, addon, replicate) ORDER BY drug")
    assert len(kept) == 2 * 3 and set(kept["job_id"]) == {job_id} and set(kept["modality"]) == {"metabolic"}
    pooled = kept[kept["replicate"] == "pooled"].set_index("drug")
    assert pooled["hit"].to_dict() == {"strong": True, "weak": False}
    assert pooled["n_parameters"].tolist() == [3, 3] and pooled["dss_lower"].notna().all()
    assert pooled.loc["strong", "top"] == pytest.approx(0.9, abs=0.05)
    result = read_json(job_folder(job_id) / "results" / "result.json")
    assert result == {"screen": "S1", "modality": "metabolic", "drugs": 2, "hits": 1, "without_fit": 0}


def test_scoring_again_replaces_and_references_give_selective_scores(db):
    run(db, "reference")
    run(db, "S1")
    second = run(db, "S1", references=("reference",))
    kept = db.query("SELECT * FROM score WHERE screen = 'S1' AND replicate = 'pooled'")
    assert len(kept) == 2 and set(kept["job_id"]) == {second}
    assert kept["sdss"].to_numpy(float) == pytest.approx([0, 0], abs=1e-9)  # the reference holds the same numbers


def test_what_an_earlier_scoring_said_and_this_one_does_not_is_gone(db):
    """A drug that is in no well any more, and a verdict that is no longer asked for; other readouts keep theirs."""
    run(db, "S1")
    with db.write() as connection:
        connection.execute("INSERT INTO quality SELECT * REPLACE ('out_of_date' AS measure) FROM quality LIMIT 1")
        connection.execute("INSERT INTO quality SELECT * REPLACE ('mos' AS modality) FROM quality LIMIT 1")
        connection.execute("UPDATE well SET well_type = 'other' WHERE treatment = 'weak' AND screen = 'S1'")
    last = run(db, "S1")
    for table in ("score", "curve"):
        assert db.query(f"SELECT DISTINCT drug FROM {table} WHERE screen = 'S1'")["drug"].tolist() == ["strong"]
    kept = db.query("SELECT modality, measure, job_id FROM quality WHERE screen = 'S1'")
    assert set(kept.loc[kept["modality"] == "metabolic", "job_id"]) == {last}
    assert "out_of_date" not in set(kept["measure"]) and (kept["modality"] == "mos").sum() == 1


def test_image_is_the_best_phase_that_there_is(db):
    job_id = submit_scoring(db, "S1", "image", SETTINGS)
    assert JobContext.for_folder(job_folder(job_id)).params["modality"] == "image_2"


def test_what_cannot_be_scored(db):
    with pytest.raises(InputError, match="There is no screen 'S9'; the store holds: S1, reference"):
        submit_scoring(db, "S9", "metabolic", SETTINGS)
    with pytest.raises(InputError, match="Unknown modality 'ctg'. Choose from image, image_1"):
        submit_scoring(db, "S1", "ctg", SETTINGS)
    with pytest.raises(InputError, match="no readouts of the modality image_3; it has: image_2, metabolic, mos. Train"):
        submit_scoring(db, "S1", "image_3", SETTINGS)
    with pytest.raises(InputError, match="No mos readout of the screen S1 has a percentage"):
        submit_scoring(db, "S1", "mos", SETTINGS)
    with pytest.raises(InputError, match="reference has no scores of the modality metabolic"):
        submit_scoring(db, "S1", "metabolic", SETTINGS, ("reference",))
