"""Reviews of screens that are not as they should be."""

import time

import pytest
import small_reviews as small

from engine.errors import InputError
from engine.jobs import launch
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database

ONE = ("metabolic",)


@pytest.fixture
def db(tumorcast_home, monkeypatch) -> Database:
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    return Database(store_path())


def exclude(target: Target) -> Decision:
    return Decision("exclude", target, "Dust")


def test_without_replicates_a_replicate_is_the_drug(db):
    wells = small.put(db, drugs=3, modalities=ONE, replicates=1, plates=1)
    small.score(db, modalities=ONE)
    done = review.decide(db, "S1", "Ann", [exclude(Target("replicate", drug="Drug 001", replicate=1))], 0)
    assert set(done.changes["replicate"]) == {"pooled", "1"} and done.changes["after"].isna().all()
    review.decide(db, "S1", "Ann", [exclude(small.well(wells, 6))], 1)
    assert review.sign_off(db, "S1", "Ann", "", 2).entry == 3


def test_all_drugs_inactive(db):
    wells = small.put(db, drugs=4, modalities=ONE, active=False)
    small.score(db, modalities=ONE)
    done = review.decide(db, "S1", "Ann", [exclude(small.well(wells, 2))], 0)
    assert not done.changes["hit_after"].any() and (done.changes["after"] < 10).all()
    assert review.sign_off(db, "S1", "Ann", "No hits", 1).state_hash


def test_a_drug_that_could_not_be_fitted_can_be_left_out_and_brought_back(db):
    small.put(db, drugs=3, modalities=ONE)
    with db.write() as connection:
        connection.execute("UPDATE well SET conc_nm = 10 WHERE treatment = 'Drug 002'")
    small.score(db, modalities=ONE)
    told = "SELECT DISTINCT reason FROM curve WHERE drug = 'Drug 002'"
    assert db.query(told)["reason"].tolist() == ["one dose only (10 nM); a curve needs at least two"]
    target = Target("drug", drug="Drug 002")
    assert review.decide(db, "S1", "Ann", [exclude(target)], 0).changes.empty
    assert db.query(told)["reason"].tolist() == ["left out: Dust (Ann)"]
    review.decide(db, "S1", "Ann", [Decision("restore", target, "x")], 1)
    assert db.query(told)["reason"].tolist() == ["one dose only (10 nM); a curve needs at least two"]


def test_everything_left_out(db):
    small.put(db, drugs=3, modalities=ONE)
    small.score(db, modalities=ONE)
    done = review.decide(db, "S1", "Ann", [exclude(Target("plate", plate=f"P{n}")) for n in (1, 2)], 0)
    assert done.changes["after"].isna().all() and len(done.changes) == 9
    assert db.query("SELECT count(*) AS n FROM curve WHERE reason LIKE 'left out: Dust%'")["n"].iloc[0] == 9
    small.score(db, modalities=ONE)
    assert review.stale(db, "S1") == ()


def test_a_screen_with_readouts_and_no_scores_is_judged_anew(db):
    wells = small.put(db, drugs=3, modalities=ONE)
    done = review.decide(db, "S1", "Ann", [exclude(small.well(wells, 0, "negative"))], 0)
    assert done.changes.empty and review.changes(db, "S1", "metabolic").empty
    judged = db.query("SELECT reason FROM quality WHERE plate = 'P1' AND measure = 'z_prime'")["reason"].iloc[0]
    assert "15 negative" in judged
    with pytest.raises(InputError, match="S1 is not scored yet"):
        review.sign_off(db, "S1", "Ann", "", 1)


def test_a_thousand_drugs_are_decided_on_in_seconds(db):
    """Loose, as machines of a test are busy: 32 plates and 1,000 drugs; everything fitted anew takes far longer."""
    wells = small.put(db, drugs=1000, modalities=ONE, plates=0)
    small.score(db, modalities=ONE, settings=ScoreSettings(bootstrap=0))
    began = time.process_time()
    done = review.decide(db, "S1", "Ann", [exclude(small.well(wells, 2))], 0)
    assert len(done.changes) == 2 and time.process_time() - began < 8
