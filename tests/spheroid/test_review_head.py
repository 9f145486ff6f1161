"""A record that lost its end, or was written anew, is told apart from the one that people signed."""

import pytest
import small_reviews as small

from engine.errors import StoreBusyError
from engine.settings import store_path
from engine.spheroid import review, review_head
from engine.spheroid.review_head import FOLDER
from engine.spheroid.review_records import entries_of, hash_of
from engine.spheroid.review_types import Decision, Target, UnresolvedError
from engine.store.database import Database


@pytest.fixture
def db(tumorcast_home) -> Database:
    """A screen without scores, commented three times."""
    found = Database(store_path())
    small.put(found, drugs=1, modalities=("metabolic",), plates=1)
    for number in range(3):
        comment(found, f"Comment {number}")
    return found


def comment(db: Database, text: str) -> None:
    review.decide(db, "S1", "Ann", [Decision("comment", Target(), text)], review.state(db, "S1").last)


def by_hand(db: Database, sql: str, *values: object) -> None:
    with db.write() as connection:
        connection.execute(sql, list(values))


def test_an_untouched_record_has_its_end(db):
    assert review.state(db, "S1").broken == "" and len(list(store_path().with_name(FOLDER).iterdir())) == 1


def test_the_newest_entries_cannot_be_taken_away_unnoticed(db):
    by_hand(db, "DELETE FROM review WHERE entry = 3")
    assert "Entry 3 of the record of S1 is missing: the store was changed by hand" in review.state(db, "S1").broken
    comment(db, "As if nothing had happened")
    comment(db, "Nor now")
    assert "Entry 3 of the record of S1 is another than was recorded" in review.state(db, "S1").broken
    by_hand(db, "DELETE FROM review")
    assert "is missing" in review.state(db, "S1").broken


def test_a_chain_computed_anew_is_noticed(db):
    *_, last = entries_of(db, "S1")[0]
    other = last.__class__(**{**vars(last), "reason": "Another reason"})
    previous = entries_of(db, "S1")[0][1].hash
    forged = hash_of("S1", other, previous)
    by_hand(db, "UPDATE review SET reason = 'Another reason', hash = ? WHERE entry = 3", forged)
    assert entries_of(db, "S1")[1] == "", "the chain alone holds"
    assert "Entry 3 of the record of S1 is another" in review.state(db, "S1").broken


def test_a_store_put_back_on_purpose_is_accepted_again(db):
    by_hand(db, "DELETE FROM review WHERE entry = 3")
    told = review.state(db, "S1").broken
    (note,) = store_path().with_name(FOLDER).iterdir()
    assert f"delete {FOLDER}/{note.name}" in told
    note.unlink()
    assert review.state(db, "S1").broken == ""
    comment(db, "Goes on")
    assert note.exists() and review.state(db, "S1").broken == ""


def test_a_damaged_note_breaks_nothing(db):
    (note,) = store_path().with_name(FOLDER).iterdir()
    note.write_text("{")
    comment(db, "Still written")
    assert review.state(db, "S1").broken == ""


def test_a_sign_off_asks_about_a_record_without_its_end(db, monkeypatch):
    monkeypatch.setattr("engine.spheroid.sign_off._refuse_unfinished", lambda db, record: None)
    by_hand(db, "DELETE FROM review WHERE entry = 3")
    with pytest.raises(UnresolvedError, match="Entry 3 of the record of S1 is missing.*Sign off all the same"):
        review.sign_off(db, "S1", "Ann", "Fine", 2)
    assert review.sign_off(db, "S1", "Ann", "Fine", 2, acknowledged=True, differing=True).entry == 3


def test_a_decision_is_recorded_though_the_store_is_busy_when_its_end_is_noted(db, monkeypatch):
    def busy(*asked: object) -> None:
        raise StoreBusyError("The store is held by another process.")

    with monkeypatch.context() as patch:
        patch.setattr(review_head, "cut_off", busy)
        comment(db, "Noted by nobody")
    state = review.state(db, "S1")
    assert state.entries[-1].reason == "Noted by nobody" and state.broken == ""
