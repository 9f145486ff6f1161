"""Screen review: intervals that a decision left open come back by themselves, or at the press of a button."""

from pathlib import Path

import pytest
import small_reviews as small
from page_checks import Open, assert_healthy
from streamlit.testing.v1 import AppTest

from dashboard import review_intervals
from engine.collect import collect
from engine.jobs import queue
from engine.jobs.files import write_json
from engine.jobs.queue import job_folder
from engine.spheroid import open_intervals, review
from engine.spheroid.open_intervals import OpenIntervals, drawing
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.score_job import submit_scoring
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database

WELL = Target("well", plate="P1", row="A", column=3)
SETTINGS = ScoreSettings(parameters=3, bootstrap=20)
OPEN = "Intervals of 1 drug by metabolic"


@pytest.fixture
def db(tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    return small.undrawn(monkeypatch, SETTINGS)


def page(open_page: Open) -> AppTest:
    app = open_page("screen_review.py", rev_screen="S1", rev_tab="Decisions", rev_well="P1_A03")
    assert_healthy(app)
    return app


def told(app: AppTest) -> str:
    return "\n".join(item.value for item in app.markdown)


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_a_decision_on_the_page_has_its_intervals_drawn(db: Database, open_page: Open):
    app = page(open_page)
    assert "Intervals of" not in told(app)
    next(one for one in app.button if one.label.replace("\\", "") == "Exclude P1_A03").click().run(timeout=60)
    app.text_input(key="rev_reason").set_value("Dust").run(timeout=60)
    app.text_input(key="rev_name").set_value("Ann").run(timeout=60)
    next(one for one in app.button if one.label == "Exclude").click().run(timeout=60)
    assert_healthy(app)
    (job,) = drawing(db, "S1")
    assert f"{OPEN} wait for their turn." in told(app) and "Draw the intervals" not in buttons(app)
    app.run(timeout=60)
    assert [one.job.id for one in drawing(db, "S1")] == [job.job.id], "once"
    queue.cancel(job.job.id)
    app.run(timeout=60)
    assert drawing(db, "S1") == () and "Draw the intervals" in buttons(app), "what was cancelled is not begun again"
    review.decide(db, "S1", "Bo", [Decision("comment", Target(), "Looks odd")], 1)
    app.run(timeout=60)
    (fresh,) = drawing(db, "S1")
    small.finish(fresh.job.id, db)
    app.run(timeout=60)
    assert "Intervals of" not in told(app) and open_intervals.open_intervals(db, "S1") == ()


def test_after_a_reload_or_in_another_session_a_button_does_it(db: Database, open_page: Open):
    review.decide(db, "S1", "Ann", [Decision("exclude", WELL, "Dust")], 0)
    app = page(open_page)
    assert f"{OPEN} are not drawn: a decision changed more curves than can be resampled at once." in told(app)
    assert drawing(db, "S1") == (), "looking at a page submits nothing"
    next(one for one in app.button if one.label == "Draw the intervals").click().run(timeout=60)
    assert f"{OPEN} wait for their turn." in told(app)
    (job,) = drawing(db, "S1")
    again = page(open_page)
    assert not any("may change when it ends" in one.value for one in again.warning), "it draws, and changes no score"
    assert f"{OPEN} wait for their turn." in told(again) and "Draw the intervals" not in buttons(again)
    write_json(job_folder(job.job.id) / "done.json", {})
    again.run(timeout=60)
    assert f"{OPEN} are drawn and on their way into the store." in told(again)


def test_what_lands_too_late_is_dropped_and_the_intervals_come_all_the_same(db: Database, open_page: Open):
    review.decide(db, "S1", "Ann", [Decision("exclude", WELL, "Dust")], 0)
    late = submit_scoring(db, "S1", "metabolic", SETTINGS)
    app = page(open_page)
    assert f"{OPEN} wait for their turn." in told(app), "somebody's own scoring draws them, too"
    assert any("may change when it ends" in one.value for one in app.warning), "by settings of its own"
    next(one for one in app.button if one.label.replace("\\", "") == "Restore P1_A03").click().run(timeout=60)
    app.text_input(key="rev_reason").set_value("Fine").run(timeout=60)
    app.text_input(key="rev_name").set_value("Bo").run(timeout=60)
    next(one for one in app.button if one.label == "Restore").click().run(timeout=60)
    assert_healthy(app)
    (fresh,) = [one.job.id for one in drawing(db, "S1") if one.up_to_date]
    small.work(late)
    assert collect(late, db)
    assert queue.status(late).message.startswith("Nothing was put into the store")
    app.run(timeout=60)
    assert [one.job.id for one in drawing(db, "S1")] == [fresh] and f"{OPEN} wait for their turn." in told(app)


def test_a_signed_off_screen_offers_no_drawing(db: Database, open_page: Open):
    review.decide(db, "S1", "Ann", [Decision("exclude", WELL, "Dust")], 0)
    review.sign_off(db, "S1", "Ann", "", 1, acknowledged=True)
    app = page(open_page)
    assert next(one for one in app.button if one.label == "Draw the intervals").disabled


def test_progress_in_words():
    running = type("Job", (), {"state": "running", "fraction": 0.404})()
    one = open_intervals.Drawing("metabolic", True, True, running)
    said = review_intervals.words(OpenIntervals("metabolic", 24, 60), one)
    assert said == "Intervals of 24 drugs by metabolic are being drawn again: 40 %."
