"""Screen review: decisions, their effect, the sign-off, and two people at once."""

from pathlib import Path

import pandas as pd
import pytest
from page_checks import Open, assert_healthy, shown
from small_reviews import put, score
from streamlit.testing.v1 import AppTest

from dashboard import review_news, state
from engine.figures.review import before_and_after, changes_table, changes_words, entry_words
from engine.jobs import launch
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.store.database import Database

SCREEN = "S1"


@pytest.fixture
def db(tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A simulated screen of two plates, scored by two readouts."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    found = Database(store_path())
    put(found, SCREEN)
    score(found, SCREEN)
    return found


def press(app: AppTest, label: str) -> AppTest:
    # Signs that Markdown would act on are escaped in names.
    return next(button for button in app.button if button.label.replace("\\", "") == label).click().run(timeout=60)


def decisions(open_page: Open, **query: str) -> AppTest:
    app = open_page("screen_review.py", rev_screen=SCREEN, rev_tab="Decisions", **query)
    assert_healthy(app)
    return app


def fill(app: AppTest, name: str = "Anna", words: str = "Dust in the image") -> AppTest:
    app.text_input(key="rev_reason").set_value(words).run(timeout=60)
    return app.text_input(key="rev_name").set_value(name).run(timeout=60)


def test_a_well_is_left_out_with_its_effect_and_brought_back(db: Database, open_page: Open):
    app = decisions(open_page, rev_well="P1_A03")
    assert "Nothing is left out" in shown(app)
    press(app, "Exclude P1_A03")
    assert next(one for one in app.button if one.label == "Exclude").disabled, "it takes a name and a reason"
    press(fill(app), "Exclude")
    assert_healthy(app)
    assert "Anna excluded P1" in shown(app) and "Left out now: 1" in shown(app)
    record = review.state(db, SCREEN)
    assert [entry.target.name for entry in record.excluded] == ["P1_A03"]
    assert record.excluded[0].reason == "Dust in the image"
    assert "What do the exclusions change?" in [item.value for item in app.subheader]
    press(app, "Undo")
    assert review.state(db, SCREEN).excluded == () and review.state(db, SCREEN).last == 2
    assert "Nothing is left out" in shown(app)


def test_decisions_of_somebody_else_are_told_and_none_is_lost(db: Database, open_page: Open):
    app = decisions(open_page, rev_well="P1_A03")
    review.decide(db, SCREEN, "Ben", [Decision("exclude", Target("plate", plate="P2"), "Edge effect")], 0)
    press(app, "Exclude P1_A03")
    press(fill(app), "Exclude")
    assert_healthy(app)
    text = "\n".join(item.value for item in app.info) + shown(app)
    assert "Decided since you last looked" in text and "Ben excluded P2: Edge effect" in text
    assert [entry.reviewer for entry in review.state(db, SCREEN).entries] == ["Ben", "Anna"]
    press(app, "Seen")
    assert "Ben excluded P2: Edge effect" not in "\n".join(item.value for item in app.info)


def test_what_somebody_else_left_out_meanwhile_is_told_in_the_dialog(db: Database, open_page: Open):
    app = decisions(open_page, rev_well="P1_A03")
    press(app, "Exclude P1_A03")
    well = Target("well", plate="P1", row="A", column=3)
    review.decide(db, SCREEN, "Ben", [Decision("exclude", well, "Dust")], 0)
    fill(app)
    assert "Ben left it out of all readouts: Dust" in shown(app)
    assert not [button for button in app.button if button.label == "Exclude"]
    assert review.state(db, SCREEN).last == 1


def test_sign_off_locks_the_screen_until_it_is_reopened(db: Database, open_page: Open):
    app = decisions(open_page, rev_well="P1_A03")
    press(app, "Sign off")
    app.text_input(key="rev_name").set_value("Anna").run(timeout=60)
    next(one for one in app.button if one.key == "review_sign_now").click().run(timeout=60)
    assert_healthy(app)
    assert review.state(db, SCREEN).status == "signed_off"
    assert any("Signed off" in item.value and "Anna" in item.value for item in app.success)
    assert not [one for one in app.button if one.label.startswith("Exclude") and not one.disabled]
    press(app, "Reopen")
    press_again = next(one for one in app.button if one.key == "review_reopen_now")
    assert press_again.disabled
    fill(app, words="A plate was read wrongly")
    next(one for one in app.button if one.key == "review_reopen_now").click().run(timeout=60)
    assert review.state(db, SCREEN).status == "in_review"
    assert "A plate was read wrongly" in "".join(map(str, app.dataframe[-1].value["Why"]))


def test_a_failed_plate_is_asked_about_before_the_signature(db: Database, open_page: Open):
    with db.write() as connection:
        connection.execute(
            "UPDATE quality SET value = -0.4, verdict = 'bad' WHERE measure = 'z_prime' AND plate = 'P1'"
        )
    app = decisions(open_page)
    press(app, "Sign off")
    app.text_input(key="rev_name").set_value("Anna").run(timeout=60)
    assert any("P1 failed" in item.value for item in app.warning)
    assert next(one for one in app.button if one.key == "review_sign_now").disabled
    app.text_area(key="rev_reason").set_value("Its drugs are on P2, too").run(timeout=60)
    app.checkbox(key="rev_accept").set_value(True).run(timeout=60)
    next(one for one in app.button if one.key == "review_sign_now").click().run(timeout=60)
    assert_healthy(app)
    assert review.state(db, SCREEN).status == "signed_off"


def test_a_comment_is_recorded(db: Database, open_page: Open):
    app = decisions(open_page)
    press(app, "Comment")
    app.text_area(key="rev_reason").set_value("<b>Looks</b> fine").run(timeout=60)
    app.text_input(key="rev_name").set_value("Anna").run(timeout=60)
    press(app, "Record the comment")
    assert_healthy(app)
    assert review.state(db, SCREEN).entries[-1].reason == "<b>Looks</b> fine"
    assert app.text_area == [] or "rev_reason" not in {item.key for item in app.text_area}


def test_an_old_view_says_so():
    entries = [type("Entry", (), {"entry": number})() for number in (1, 2, 3)]
    assert [one.entry for one in review_news.news(entries, 1, (3,))] == [2]
    assert review_news.news(entries, 3, ()) == []


def test_changes_in_words_name_what_became_a_hit():
    changes = pd.DataFrame(
        {
            "modality": "metabolic", "drug": ["A", "B", "A"], "addon": "", "replicate": ["pooled", "pooled", "1"],
            "before": [9.0, 20.0, 1.0], "after": [12.0, None, 2.0], "hit_before": [False, True, False],
            "hit_after": [True, False, False],
        }
    )  # fmt: skip
    said = changes_words(changes)
    assert said.startswith("2 drugs changed, 2 by 0.1 or more; now a hit: A; no hit any more: B.")
    assert changes_words(changes, "image_2").startswith("No score by images, phase II changed. Drugs that changed")
    assert "Addition" not in changes_table(changes)
    assert "B 20.0 → not defined" in said
    chart = before_and_after(changes, "S1")
    assert len(chart.table) == 3 and chart.summary == said
    assert changes_words(changes.head(0)) == "No score changed."


def test_an_entry_in_words():
    entry = review.Entry(
        1,
        pd.Timestamp("2026-01-01"),
        "Anna",
        "exclude",
        Target("well", plate="P1", row="D", column=5),
        "image",
        "Dust",
        "",
        "",
    )
    assert entry_words(entry) == "Anna excluded P1_D05 (images): Dust"
    assert state.KEYS["rev_name"].linked is False, "names of reviewers stand in no address"
