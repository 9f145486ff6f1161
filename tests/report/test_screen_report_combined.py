"""The report of a combination screen: a chapter and a sheet of the workbook, where anything was combined."""

import io
from pathlib import Path

import pandas as pd
import pytest
import small_reviewed
from small_combination import ADDON, DRUGS, SCREEN, put, wells

from engine.figures.combinations import MANY
from engine.jobs import launch
from engine.report.screen import gather
from engine.report.screen_chapters import Chapter, chapters
from engine.report.screen_html import screen_html
from engine.report.screen_xlsx import screen_xlsx
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.store.database import Database

FORMULA = '=HYPERLINK("https://evil.example","x")'


@pytest.fixture
def db(tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(launch, "start", lambda folder: None)
    return Database(store_path())


def book(db: Database, screen: str = SCREEN) -> dict[str, pd.DataFrame]:
    return pd.read_excel(io.BytesIO(screen_xlsx(gather(db, screen))), sheet_name=None)


def about(sheets: dict[str, pd.DataFrame]) -> dict[str, str]:
    return dict(zip(sheets["About"]["What"], sheets["About"]["Value"], strict=True))


def chapter(db: Database, screen: str = SCREEN) -> Chapter | None:
    return next((one for one in chapters(gather(db, screen)) if one.section.anchor == "combinations"), None)


def test_a_chapter_says_what_the_addition_changes_and_draws_it(db):
    put(db, wells({**DRUGS, FORMULA: (0.5, None)}))
    made = chapter(db)
    told = made.section.texts[0]
    assert told.startswith("Measured together in this screen, not suggested. Added (33.0 nM) alone inhibits 20")
    assert "1 of 3 combinations surely above both Bliss and HSA (Boosted), 1 surely below both (Blocked)." in told
    assert "measured only without Added" in made.section.texts[-1]
    (figure,) = made.figures
    assert figure.draw(False).table["Drug"].tolist() == ["Boosted", "Usual", "Blocked"]
    page = screen_html(gather(db, SCREEN))
    assert "What does the addition change?" in page


def test_of_many_rows_paper_shows_the_sure_ones_first(db):
    put(db, wells({**{f"Usual {n:02}": (0.5, 0.5) for n in range(40)}, "Boosted": (0.1, 0.9), "Blocked": (0.9, 0.1)}))
    (figure,) = chapter(db).figures
    chart = figure.draw(False)
    drawn = chart.table["Drug"].tolist()
    assert len(drawn) == MANY and {drawn[0], drawn[-1]} == {"Boosted", "Blocked"}
    assert f"Drawn are {MANY} of 42: those that are surely above or below" in chart.caption


def test_a_chapter_without_a_row_says_why(db):
    put(db, wells(controls=()))
    made = chapter(db)
    assert made.figures == () and f"both with and without {ADDON}" in made.section.texts[0]


def test_a_screen_without_additions_has_no_such_chapter(db):
    small_reviewed.put(db, modalities=("metabolic",))
    assert chapter(db, "BT-40_DS1") is None


def test_combinations_have_a_sheet_with_units(db):
    put(db, wells())
    sheets = book(db)
    rows = sheets["Combinations"]
    assert rows["Drug"].tolist() == ["Boosted", "Usual", "Blocked"] and (rows["Readout"] == "Metabolic").all()
    assert rows["Beside Bliss and HSA"].tolist() == ["Surely above both", "Not sure", "Surely below both"]
    assert {"Over Bliss, points", "Over HSA, points", "Over ZIP, points", "dcDSS", "Doses"} <= set(rows)
    assert "Over Loewe, points" not in rows  # of no drug: the addition has no curve of its own
    told = about(sheets)["Combinations by Metabolic"]
    assert told.startswith("In a sheet of their own. Added (33.0 nM) alone inhibits 20")


def test_what_is_left_out_is_not_in_it_but_named(db):
    put(db, wells({**DRUGS, "Solo": (0.5, None)}))
    review.decide(db, SCREEN, "Ada", [Decision("exclude", Target("drug", drug="Boosted"), "Wrong stock")], 0)
    sheets = book(db)
    assert sheets["Combinations"]["Drug"].tolist() == ["Usual", "Blocked"]
    told = about(sheets)["Combinations by Metabolic"]
    assert "no well counts: Boosted." in told and "measured only without Added: Solo." in told


def test_without_controls_the_reason_stands_in_its_place(db):
    put(db, wells(controls=()))
    sheets = book(db)
    assert "Combinations" not in sheets
    assert f"both with and without {ADDON}" in about(sheets)["Combinations by Metabolic"]


def test_a_formula_as_a_name_stays_text(db):
    put(db, wells({FORMULA: (0.2, 0.8)}))
    assert book(db)["Combinations"]["Drug"].tolist() == [FORMULA]


def test_a_screen_without_additions_has_no_such_sheet(db):
    small_reviewed.put(db, modalities=("metabolic",))
    sheets = book(db, "BT-40_DS1")
    assert "Combinations" not in sheets and not any(name.startswith("Combinations") for name in about(sheets))
