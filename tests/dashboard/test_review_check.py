"""Screen review: the record computed again beside the page, and a sign-off of scores that do not follow."""

import time
from pathlib import Path

import pytest
from page_checks import PATIENCE_SECONDS, Open, assert_healthy, words
from small_reviews import put, score
from streamlit.testing.v1 import AppTest

from dashboard import review_check
from engine.jobs import launch
from engine.settings import store_path
from engine.spheroid import record_check, review
from engine.store.database import Database

SCREEN = "S1"


@pytest.fixture
def db(tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    review_check.checker.clear()
    found = Database(store_path())
    put(found, SCREEN, drugs=3, modalities=("metabolic",))
    return found


def opened(open_page: Open) -> AppTest:
    app = open_page("screen_review.py", rev_screen=SCREEN, rev_tab="Decisions")
    assert_healthy(app)
    return app


def check(app: AppTest) -> AppTest:
    """Press the button, wait for the outcome and look at it."""
    app.button(key="review_check").click().run(timeout=PATIENCE_SECONDS)
    maker, deadline = review_check.checker(), time.monotonic() + PATIENCE_SECONDS
    while any(one.busy for one in list(maker._files.values())):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return app.run(timeout=PATIENCE_SECONDS)


def edit(db: Database) -> None:
    with db.write() as connection:
        connection.execute("UPDATE score SET dss_asym = dss_asym + 5 WHERE (drug, replicate) = ('Drug 002', 'pooled')")


def captions(app: AppTest) -> str:
    return " ".join(one.value for one in app.caption)


def test_a_record_that_holds_is_told_until_the_store_changes(db: Database, open_page: Open):
    score(db, SCREEN, ("metabolic",))
    app = check(opened(open_page))
    assert_healthy(app)
    (said,) = [one.value for one in app.success if "follows from the record" in one.value]
    assert "9 scores by metabolic" in said and "all are the same to the last digit" in said
    assert "The record holds 0 entries; their chain is whole." in said
    assert "nothing was written" in captions(app) and "check again" not in captions(app)
    edit(db)
    app.run(timeout=PATIENCE_SECONDS)
    assert "The store was written to since: check again." in captions(app)


def test_an_edited_score_is_named_and_signing_asks(db: Database, open_page: Open):
    score(db, SCREEN, ("metabolic",))
    edit(db)
    app = check(opened(open_page))
    assert "Drug 002 by metabolic, pooled" in words(app) and "(5 too high)" in words(app)
    assert "Ask who wrote into the store, and score the screen again" in " ".join(one.value for one in app.markdown)
    tables = [one.value for one in app.dataframe if "In the store" in one.value]
    assert tables[0]["Drug"].tolist() == ["Drug 002"] and tables[0]["Readout"].tolist() == ["Metabolic"]
    next(one for one in app.button if one.label == "Sign off").click().run(timeout=PATIENCE_SECONDS)
    app.text_input(key="rev_name").set_value("Anna").run(timeout=PATIENCE_SECONDS)
    app.button(key="review_sign_now").click().run(timeout=PATIENCE_SECONDS)
    asked = " ".join(one.value for one in app.warning).replace("\\", "")
    assert "1 score does not follow from the record: Drug 002" in asked
    assert app.button(key="review_sign_now").disabled and review.state(db, SCREEN).signed is None
    app.text_area(key="rev_reason").set_value("Known").run(timeout=PATIENCE_SECONDS)
    app.checkbox(key="rev_accept").set_value(True).run(timeout=PATIENCE_SECONDS)
    app.button(key="review_sign_now").click().run(timeout=PATIENCE_SECONDS)
    assert review.state(db, SCREEN).signed is not None
    app = check(app)
    assert "it is the scores that were changed" in words(app)


def test_what_cannot_be_checked_is_told_in_words(db: Database, open_page: Open, monkeypatch: pytest.MonkeyPatch):
    app = opened(open_page)
    assert "Nothing is scored yet" in captions(app) and "review_check" not in {one.key for one in app.button}
    score(db, SCREEN, ("metabolic",))
    with db.write() as connection:
        connection.execute("UPDATE scoring SET settings = '{\"bootstrap\": 1000000000}'")
    app = check(opened(open_page))
    assert "cannot be computed again, as the store does not hold what it should (1,000,000,000 resamples)" in words(app)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret path")

    monkeypatch.setattr(record_check, "check_apart", fail)
    app = check(app)
    assert "The check could not be made (RuntimeError)" in words(app) and "secret" not in words(app)
