"""The workbook of a combination screen: combinations in a sheet of their own, where there are any."""

import io
from pathlib import Path

import pandas as pd
import pytest
import small_reviewed
from small_combination import ADDON, DRUGS, SCREEN, put, wells

from engine.jobs import launch
from engine.report.screen import gather
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
