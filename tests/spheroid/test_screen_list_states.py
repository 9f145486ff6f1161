"""A screen's state follows its record."""

import pytest
from small_reviews import put, score

from engine.jobs import launch
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.screen_list import screen_row
from engine.store.database import Database


def test_in_review_signed_off_and_reopened(tumorcast_home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    db = Database(store_path())
    put(db, modalities=("metabolic",))
    assert (screen_row(db, "S1")["state"], screen_row(db, "S1")["reviewer"]) == ("imported", "")
    score(db, modalities=("metabolic",))
    assert screen_row(db, "S1")["state"] == "scored"
    review.decide(db, "S1", "Anna", [Decision("comment", Target(), "Looks fine")], 0)
    assert (screen_row(db, "S1")["state"], screen_row(db, "S1")["reviewer"]) == ("in_review", "Anna")
    review.sign_off(db, "S1", "Ben", "", 1, True)
    assert (screen_row(db, "S1")["state"], screen_row(db, "S1")["reviewer"]) == ("signed_off", "Ben")
    review.reopen(db, "S1", "Anna", "One more look", 2)
    assert screen_row(db, "S1")["state"] == "in_review"
