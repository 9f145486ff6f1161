"""Verdicts that land after decisions were taken: they leave out what the record leaves out."""

from pathlib import Path

import pandas as pd
import pytest
import small_reviews as small
from small_folder import flat_screen

from engine.collect import collect
from engine.jobs import launch
from engine.jobs.context import JobContext
from engine.jobs.files import write_json
from engine.jobs.queue import job_folder, submit
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.judged import judged, quality_rows, stored
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.score_job import run_scoring, submit_scoring
from engine.spheroid.screen_import import run_screen_import, submit_screen_import
from engine.spheroid.screen_list import TASK as TRAINING
from engine.store.database import Database

CONTROL = Target("well", plate="P1", row="B", column=2)


@pytest.fixture(autouse=True)
def _by_hand(tumorcast_home, monkeypatch):
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)


def land(job_id: str, run=run_screen_import) -> None:
    run(JobContext.for_folder(job_folder(job_id)))
    write_json(job_folder(job_id) / "done.json", {})
    assert collect(job_id)


def verdicts(db: Database, screen: str) -> pd.DataFrame:
    return stored(db, screen).drop(columns="job_id")


def imported(folder: Path, plates: tuple[str, ...]) -> Database:
    land(submit_screen_import(flat_screen(folder / "S", plates)))
    return Database(store_path())


def exclude(db: Database, *targets: Target, seen: int = 0) -> None:
    review.decide(db, "S", "Ann", [Decision("exclude", target, "Dust") for target in targets], seen)


def test_a_screen_imported_again_is_judged_without_what_the_record_leaves_out(tmp_path):
    db = imported(tmp_path / "a", ("P1", "P2"))
    everything = verdicts(db, "S")
    exclude(db, CONTROL, Target("plate", plate="P2"))
    decided = verdicts(db, "S")
    assert "P2" not in set(decided["plate"]) and not decided.equals(everything)
    land(submit_screen_import(flat_screen(tmp_path / "b/S", ("P1", "P2")), replace=True))
    pd.testing.assert_frame_equal(verdicts(db, "S"), decided)
    land(submit_scoring(db, "S", "metabolic", small.QUICK), run_scoring)
    pd.testing.assert_frame_equal(verdicts(db, "S"), decided)


def test_a_decision_on_what_the_new_import_lacks_changes_no_verdict(tmp_path):
    db = imported(tmp_path / "a", ("P1", "P2"))
    exclude(db, Target("plate", plate="P2"))
    job = submit_screen_import(flat_screen(tmp_path / "b/S"), replace=True)
    land(job)
    assert len(review.state(db, "S").orphans) == 1
    brought = pd.read_parquet(job_folder(job) / "results" / "quality.parquet")
    assert len(verdicts(db, "S")) == len(brought) and set(brought["plate"]) == {"P1"}


def test_a_decision_taken_while_the_import_works_counts(tmp_path):
    db = imported(tmp_path / "a", ("P1",))
    job = submit_screen_import(flat_screen(tmp_path / "b/S"), replace=True)
    run_screen_import(JobContext.for_folder(job_folder(job)))
    exclude(db, CONTROL)
    decided = verdicts(db, "S")
    write_json(job_folder(job) / "done.json", {})
    assert collect(job)
    pd.testing.assert_frame_equal(verdicts(db, "S"), decided)


def test_a_network_trained_again_is_judged_without_what_the_record_leaves_out():
    db = Database(store_path())
    wells = small.put(db, drugs=3, modalities=("image_2", "metabolic"))
    job = submit(TRAINING, "Train", {"settings": {"screen": "S1"}})
    target = small.well(wells, 0, "negative")
    review.decide(db, "S1", "Ann", [Decision("exclude", target, "Dust", "image")], 0)
    decided = verdicts(db, "S1")
    readouts = db.query("SELECT * FROM readout WHERE modality = 'image_2'")
    judged = quality_rows(wells, readouts, "image_2").assign(screen="S1", job_id=job)
    told = judged.loc[(judged["plate"] == target.plate) & (judged["measure"] == "z_prime"), "reason"].iloc[0]
    assert "16 negative" in told
    JobContext.for_folder(job_folder(job)).write_table("quality", judged)
    write_json(job_folder(job) / "done.json", {})
    assert collect(job, db)
    mine = verdicts(db, "S1").query("modality == 'image_2'")
    told = mine.loc[(mine["plate"] == target.plate) & (mine["measure"] == "z_prime"), "reason"].iloc[0]
    assert "15 negative" in told
    pd.testing.assert_frame_equal(
        mine.reset_index(drop=True), decided.query("modality == 'image_2'").reset_index(drop=True)
    )


def test_what_is_not_judged_yet_is_judged_without_what_the_record_leaves_out(tmp_path):
    db = imported(tmp_path / "a", ("P1", "P2"))
    everything = judged(db, "S")
    exclude(db, CONTROL, Target("plate", plate="P2"))
    decided = judged(db, "S")
    with db.write() as connection:
        connection.execute("DELETE FROM quality")
    assert not decided.equals(everything) and "P2" not in set(decided["plate"])
    pd.testing.assert_frame_equal(judged(db, "S"), decided)
