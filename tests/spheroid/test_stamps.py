"""What a page may keep of a screen, and when it must read again."""

import pytest
from small_reviews import put, score, well

from engine.jobs import launch
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.stamps import stamp
from engine.store.database import Database


def test_a_stamp_changes_with_what_values_follow_from_and_never_comes_back(
    tumorcast_home, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    db = Database(store_path())
    wells = put(db)
    first = {one: stamp(db, "S1", one) for one in ("", "metabolic", "image_2")}
    score(db)
    assert stamp(db, "S1") != first[""], "scores and verdicts are new"
    assert stamp(db, "S1", "metabolic") == first["metabolic"], "percentages are not"
    scored = stamp(db, "S1")
    review.decide(db, "S1", "Anna", [Decision("comment", Target(), "Looks fine")], 0)
    put(db, "S2")
    assert stamp(db, "S1") == scored
    out = Decision("exclude", well(wells), "Dust", "image")
    review.decide(db, "S1", "Anna", [out], 1)
    assert stamp(db, "S1", "image_2") != first["image_2"] and stamp(db, "S1") != scored
    review.decide(db, "S1", "Anna", [Decision("restore", well(wells), "No dust", "image")], 2)
    assert stamp(db, "S1", "image_2") != first["image_2"] and stamp(db, "S1") != scored
