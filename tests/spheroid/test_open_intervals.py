"""Intervals that a decision leaves open are drawn by scoring jobs, and no job overwrites newer scores."""

import pandas as pd
import pytest
import small_reviews as small

from engine.collect import collect
from engine.errors import InputError
from engine.jobs import queue
from engine.jobs.files import write_json
from engine.jobs.queue import job_folder
from engine.jobs.spec import read_spec
from engine.spheroid import open_intervals, review
from engine.spheroid.exclusions import applied
from engine.spheroid.open_intervals import draw_again, drawing
from engine.spheroid.review_types import Decision, Target, UnresolvedError
from engine.spheroid.score_job import submit_scoring
from engine.spheroid.scoring import KEY, score_table
from engine.spheroid.scoring_records import scoring_of
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database

PLATE = Decision("exclude", Target("plate", plate="P2"), "Edge effect")
SETTINGS = ScoreSettings(bootstrap=20, seed=5, parameters=3)


@pytest.fixture
def db(tumorcast_home, monkeypatch) -> Database:
    return small.undrawn(monkeypatch, SETTINGS)


def decide(db: Database, *decisions: Decision) -> None:
    review.decide(db, "S1", "Ann", decisions, review.state(db, "S1").last)


def well(column: int) -> Decision:
    return Decision("exclude", Target("well", plate="P1", row="A", column=column), "Dust")


def scores(db: Database) -> pd.DataFrame:
    return db.query("SELECT * FROM score ORDER BY drug, addon, replicate")


def intervals(db: Database) -> pd.DataFrame:
    return scores(db).set_index(KEY)[["dss_asym", "dss_lower", "dss_upper"]]


def test_what_is_open_is_drawn_by_a_job_with_the_stored_settings(db):
    assert open_intervals.open_intervals(db, "S1") == () and draw_again(db, "S1") == ()
    decide(db, PLATE)
    (waiting,) = open_intervals.open_intervals(db, "S1")
    assert waiting.modality == "metabolic" and waiting.drugs == 3 and 3 <= waiting.curves <= 9
    assert intervals(db)["dss_lower"].isna().sum() >= waiting.curves
    (job_id,) = draw_again(db, "S1")
    assert read_spec(job_folder(job_id)).params["settings"]["seed"] == 5
    assert draw_again(db, "S1") == (), "it is under way"
    ((modality, up_to_date, ours, job),) = drawing(db, "S1")
    assert (modality, up_to_date, ours, job.id, job.state) == ("metabolic", True, True, job_id, "waiting")
    small.finish(job_id, db)
    assert open_intervals.open_intervals(db, "S1") == () and drawing(db, "S1") == () and review.stale(db, "S1") == ()
    assert intervals(db)["dss_lower"].notna().sum() >= waiting.curves
    whole = score_table(applied(db, "S1", "metabolic"), SETTINGS).score.set_index(KEY)
    pd.testing.assert_frame_equal(
        intervals(db).astype(float), whole.loc[intervals(db).index, intervals(db).columns], check_exact=True
    )
    assert scoring_of(db, "S1", "metabolic").settings == SETTINGS


def test_references_stay_the_stored_ones_though_their_screen_was_scored_anew(db):
    small.put(db, "S2", drugs=3, modalities=("metabolic",), noise=0.02)
    small.score(db, "S2", ("metabolic",), SETTINGS)
    small.score(db, "S1", ("metabolic",), SETTINGS, references=("S2",))
    before = scoring_of(db, "S1", "metabolic").references
    with db.write() as connection:
        connection.execute("DELETE FROM score WHERE screen = 'S2'")
    decide(db, PLATE)
    (job_id,) = draw_again(db, "S1")
    small.finish(job_id, db)
    pd.testing.assert_frame_equal(scoring_of(db, "S1", "metabolic").references, before)
    assert scoring_of(db, "S1", "metabolic").screens == ("S2",) and len(before) == 3


def test_a_job_that_does_not_know_the_newest_decision_overwrites_nothing(db):
    decide(db, PLATE)
    (late,) = draw_again(db, "S1")
    small.work(late)
    decide(db, well(3))
    before, judged = scores(db), db.query("SELECT * FROM quality")
    assert collect(late, db) and not collect(late, db)
    pd.testing.assert_frame_equal(scores(db), before, check_exact=True)
    pd.testing.assert_frame_equal(db.query("SELECT * FROM quality"), judged, check_exact=True)
    job = queue.status(late)
    assert job.state == "collected" and job.message.startswith("Nothing was put into the store: decisions on S1 were")
    assert review.stale(db, "S1") == ()
    (again,) = draw_again(db, "S1")
    small.finish(again, db)
    assert open_intervals.open_intervals(db, "S1") == () and queue.status(again).message == "In the store"


def test_two_decisions_in_a_row_leave_one_job(db):
    decide(db, PLATE)
    (first,) = draw_again(db, "S1")
    decide(db, well(3))
    (second,) = draw_again(db, "S1")
    assert queue.status(first).state == "cancelled" and [one.job.id for one in drawing(db, "S1")] == [second]
    decide(db, Decision("restore", well(3).target, "Fine after all"))
    (third,) = draw_again(db, "S1")
    small.finish(third, db)
    assert open_intervals.open_intervals(db, "S1") == () and drawing(db, "S1") == ()


def test_a_scoring_of_somebody_counts_and_is_not_cancelled(db):
    own = submit_scoring(db, "S1", "metabolic", SETTINGS)
    decide(db, PLATE)
    (ours,) = draw_again(db, "S1")
    assert queue.status(own).state == "waiting"
    queue.cancel(ours)
    fresh = submit_scoring(db, "S1", "metabolic", SETTINGS)
    assert draw_again(db, "S1") == () and [one.up_to_date for one in drawing(db, "S1")] == [True, False]
    small.finish(fresh, db)
    assert open_intervals.open_intervals(db, "S1") == ()


def test_a_first_scoring_that_is_late_is_better_than_none(db):
    with db.write() as connection:
        for table in ("score", "curve", "scoring"):
            connection.execute(f"DELETE FROM {table}")
    job_id = submit_scoring(db, "S1", "metabolic", SETTINGS)
    decide(db, PLATE)
    small.finish(job_id, db)
    assert review.stale(db, "S1") == ("metabolic",) and len(scores(db)) == 9
    review.rescore(db, "S1")
    assert review.stale(db, "S1") == ()


def test_scores_from_readouts_that_are_there_no_more_do_not_land(db):
    job_id = submit_scoring(db, "S1", "metabolic", SETTINGS)
    small.work(job_id)
    with db.write() as connection:
        connection.execute("UPDATE readout SET raw = raw + 1 WHERE plate = 'P1'")
    before = scores(db)
    assert collect(job_id, db)
    pd.testing.assert_frame_equal(scores(db), before, check_exact=True)
    assert "readouts of S1 were imported or predicted anew" in queue.status(job_id).message


def test_a_job_of_an_older_version_lands_as_it_did(db):
    job_id = submit_scoring(db, "S1", "metabolic", SETTINGS)
    spec = job_folder(job_id) / "spec.json"
    told = pd.read_json(spec, typ="series").to_dict()
    told["params"] = {name: value for name, value in told["params"].items() if name not in ("data", "excluded")}
    write_json(spec, {**told, "created_at": str(told["created_at"])})
    small.finish(job_id, db)
    assert scores(db)["job_id"].unique().tolist() == [job_id]


@pytest.mark.parametrize("resamples", [0, 19], ids=["none", "too few"])
def test_without_resamples_nothing_is_open(db, resamples):
    small.score(db, modalities=("metabolic",), settings=ScoreSettings(bootstrap=resamples))
    decide(db, PLATE)
    assert open_intervals.open_intervals(db, "S1") == ()


def test_a_signed_off_screen_gets_no_jobs_and_says_what_it_lacks(db):
    decide(db, PLATE)
    last = review.state(db, "S1").last
    with pytest.raises(UnresolvedError, match="Intervals of 3 drugs by metabolic were not drawn"):
        review.sign_off(db, "S1", "Ann", "", last)
    review.sign_off(db, "S1", "Ann", "", last, acknowledged=True)
    with pytest.raises(InputError, match="was signed off by Ann"):
        draw_again(db, "S1")
