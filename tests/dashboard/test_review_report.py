"""The report's files on the Screen review page: made when asked for, beside the page, kept by state."""

import threading
import time
from pathlib import Path

import pytest
from page_checks import PATIENCE_SECONDS, Open, assert_healthy
from small_reviewed import put
from streamlit.testing.v1 import AppTest

from dashboard import report_maker
from dashboard.report_maker import Maker
from engine import __main__ as cli
from engine.errors import InputError
from engine.report import screen_write
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.store.database import Database

SCREEN = "BT-40_DS1"


@pytest.fixture
def db(tumorcast_home: Path) -> Database:
    report_maker.maker.clear()
    found = Database(store_path())
    put(found)
    return found


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which files were asked for; they are made at once, small."""
    asked: list[str] = []

    def make(db, screen, form, progress=None):
        asked.append(form)
        progress(0.5, "drawing figure 2 of 4")
        if form == "pdf":
            raise InputError("There is no Chromium *here*.")
        return b"file", f"{screen}.{form}"

    monkeypatch.setattr(screen_write, "screen_file", make)
    return asked


def opened(open_page: Open) -> AppTest:
    app = open_page("screen_review.py", rev_screen=SCREEN, rev_tab="Decisions")
    app.session_state["review_report"] = True
    app.run(timeout=60)
    assert_healthy(app)
    return app


def settle() -> None:
    """Until nothing is in work any more."""
    maker = report_maker.maker()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(one.busy for one in list(maker._files.values())):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button] + [one.proto.label for one in app.get("download_button")]


def test_nothing_is_made_before_somebody_asks(db, written, open_page: Open):
    app = opened(open_page)
    assert {"Make HTML", "Make PDF", "Make XLSX", "Make PPTX"} <= set(labels(app))
    app.run(timeout=60)
    assert written == [] and "not signed off" in " ".join(one.value for one in app.markdown)


def test_a_file_is_made_once_and_downloads_until_the_record_changes(db, written, open_page: Open):
    app = opened(open_page)
    app.button(key="review_report_make_html").click().run(timeout=60)
    settle()
    app.run(timeout=60)
    assert_healthy(app)
    assert written == ["html"] and "Download HTML" in labels(app) and "Make HTML" not in labels(app)
    again = opened(open_page)
    assert "Download HTML" in labels(again) and written == ["html"]
    review.decide(db, SCREEN, "Ben", [Decision("comment", Target(), "Looks fine")], 0)
    again.run(timeout=60)
    assert "Make HTML" in labels(again)


def test_a_file_of_before_the_sign_off_is_not_offered_after_it(db, written, open_page: Open):
    app = opened(open_page)
    app.button(key="review_report_make_html").click().run(timeout=60)
    settle()
    review.sign_off(db, SCREEN, "Ben", "", 0, acknowledged=True)
    app.run(timeout=60)
    assert_healthy(app)
    assert "Make HTML" in labels(app) and "Download HTML" not in labels(app)


def test_what_is_refused_is_said_in_words(db, written, open_page: Open):
    app = opened(open_page)
    app.button(key="review_report_make_pdf").click().run(timeout=60)
    settle()
    app.run(timeout=60)
    assert [one.value for one in app.error] == [r"There is no Chromium \*here\*."]
    assert "Make PDF" in labels(app), "it can be tried again"


def test_the_real_workbook_is_made(db, open_page: Open):
    app = opened(open_page)
    app.button(key="review_report_make_xlsx").click().run(timeout=60)
    settle()
    app.run(timeout=60)
    assert_healthy(app)
    assert "Download XLSX" in labels(app)
    (made,) = report_maker.maker()._files.values()
    assert made.content.startswith(b"PK") and made.name.startswith("tumorcast-BT-40_DS1-not-signed-off-")


def test_the_bundle_computes_the_same_scores(db, open_page: Open, tmp_path: Path):
    app = opened(open_page)
    app.button(key="review_report_make_bundle").click().run(timeout=60)
    settle()
    app.run(timeout=60)
    assert_healthy(app)
    (made,) = report_maker.maker()._files.values()
    assert made.name.endswith("-review.zip") and "Download bundle" in labels(app)
    (tmp_path / made.name).write_bytes(made.content)
    assert cli.main(["rescore", str(tmp_path / made.name)]) == 0


def test_a_page_is_not_held_up_and_the_oldest_files_go():
    maker, go_on = Maker(kept=2), threading.Event()

    def slow(progress):
        progress(0.25, "reading")
        go_on.wait(PATIENCE_SECONDS)
        return b"slow", "slow"

    maker.start("slow", slow)
    while maker.look("slow").part < 0.25:
        time.sleep(0.01)
    assert maker.look("slow").busy and maker.look("slow").sentence == "reading"
    maker.start("slow", slow)  # asked for twice, made once
    for name in "abc":
        maker.start(name, lambda progress, name=name: (name.encode(), name))
    go_on.set()
    while maker.look("c").busy:
        time.sleep(0.01)
    maker.start("d", lambda progress: (b"d", "d"))
    kept = [name for name in ("slow", *"abcd") if maker.look(name)]
    assert kept == ["c", "d"]


def test_a_mistake_of_the_program_is_no_silence():
    maker = Maker()
    maker.start("x", lambda progress: 1 / 0)
    while maker.look("x").busy:
        time.sleep(0.01)
    assert maker.look("x").error == "The report could not be made (ZeroDivisionError). Details are in the terminal."
