"""What a screen's report says after decisions: what numbers still rest on, what is left out, what a signer accepted."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import small_combination
from small_reviewed import DRUGS, SETTINGS, put

from engine.jobs import launch
from engine.report import screen_counted
from engine.report.parts import Section
from engine.report.screen import ScreenReport, gather
from engine.report.screen_chapters import chapters
from engine.report.screen_figures import moved
from engine.report.screen_pairs import pairs_chapter
from engine.report.screen_words import chips_of, scoring_words, status_note
from engine.report.screen_write import kept
from engine.report.screen_xlsx import screen_xlsx
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database

SCREEN = "BT-40_DS1"
MADE = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


@pytest.fixture
def db(tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(launch, "start", lambda folder: None)
    return Database(store_path())


def report_of(db: Database) -> ScreenReport:
    return gather(db, SCREEN, MADE)


def section(report: ScreenReport, anchor: str) -> Section:
    return next(one.section for one in chapters(report) if one.section.anchor == anchor)


def told(one: Section) -> str:
    tables = [cell for table in one.tables for row in table.rows for cell in (table.title, table.caption, *row)]
    cards = [f"{card.label} {card.value} {' '.join(card.notes)}" for card in one.cards]
    return "\n".join([one.lead, *one.texts, *one.points, *(f"{f.label} {f.text}" for f in one.facts), *cards, *tables])


def decide(db: Database, *targets: Target, reason: str = "Blurred", readout: str = "all") -> None:
    decisions = [Decision("exclude", one, reason, readout) for one in targets]
    review.decide(db, SCREEN, "Anna", decisions, review.state(db, SCREEN).last)


def without_intervals(db: Database, where: str = "true", left: bool = True) -> None:
    """Scores without their interval. left: to a scoring job."""
    with db.write() as connection:
        connection.execute(f"UPDATE score SET dss_lower = NULL, dss_upper = NULL WHERE {where}")
        rows = connection.execute(f"SELECT DISTINCT drug, addon, replicate FROM score WHERE {where}").fetchall()
        told = json.dumps({"open_intervals": [list(row) for row in rows]} if left else {})
        connection.execute("UPDATE scoring SET settings = json_merge_patch(settings, ?::JSON)", [told])


def test_intervals_are_told_where_they_are(db: Database):
    put(db)
    hits = section(report_of(db), "hits")
    assert "with its 95 % bootstrap interval. IC50" in told(hits)
    assert hits.tables[0].columns[1] == "DSS\n95 % interval" and " to " in hits.tables[0].rows[0][1]
    assert "Interval: from the 2.5th" in told(section(report_of(db), "methods"))


def test_no_interval_is_promised_where_none_is_drawn(db: Database):
    put(db)
    without_intervals(db)
    report = report_of(db)
    hits = section(report, "hits")
    assert "without an interval: all wait for a scoring job." in told(hits)
    assert hits.tables[0].columns[1] == "DSS\nno interval"
    assert not [row for row in hits.tables[0].rows if "\n" in row[1] or " to " in row[1]]
    assert "Interval: from" not in told(section(report, "methods"))
    assert "intervals by 20 resamples, seed 0: none is drawn (4 wait for a scoring job; 8 have" in scoring_words(
        report.main
    )
    captions = [figure.draw(False).caption for one in chapters(report) for figure in one.figures]
    assert not [caption for caption in captions if "95 % interval" in caption]


def test_intervals_of_some_scores_are_counted(db: Database):
    put(db)
    without_intervals(db, "drug = 'Trametinib' AND replicate = 'pooled'")
    report = report_of(db)
    assert "interval (3 of 4; 1 waits for a scoring job)" in told(section(report, "hits"))
    assert any(row[1].endswith("\nno interval") for row in section(report, "hits").tables[0].rows)
    assert ", of 3 of 12 scores (1 waits" in scoring_words(report.main)


def test_intervals_that_no_resample_gave_wait_for_nothing(db: Database):
    put(db)
    without_intervals(db, left=False)
    assert screen_counted.intervals(report_of(db).main).why == "of 4 the resamples gave none"
    assert screen_counted.Intervals(4, 1, 0, 0, 3, False).why == "this readout was scored with 3 resamples"


def test_scores_without_resamples_say_so(db: Database):
    put(db, settings=ScoreSettings(bootstrap=0))
    report = report_of(db)
    assert "without an interval: this readout was scored without resamples" in told(section(report, "hits"))
    assert "no intervals" in scoring_words(report.main)


def test_few_wells_are_why_there_is_no_interval(db: Database):
    put(db)
    decide(db, Target("replicate", replicate=2), reason="Dispensing failed")
    found = screen_counted.intervals(report_of(db).main)
    assert (found.scores, found.drawn, found.resamples) == (4, 0, SETTINGS.bootstrap)
    assert found.few == 4, "five wells for five parameters"
    assert found.why == "4 have too few wells for one"


def test_wells_and_replicates_stand_by_every_drug(db: Database):
    put(db)
    decide(db, Target("replicate", drug="Trametinib", replicate=2), Target("well", plate="P1", row="A", column=7))
    report = report_of(db)
    by = {row[0].split("\n")[0].partition(" (")[0]: row[4] for row in section(report, "hits").tables[0].rows}
    assert by == {
        "Trametinib": "5 of 10\nreplicate 1 only", "Vemurafenib": "9 of 10\nreplicates 1, 2",
        "Bortezomib": "10\nreplicates 1, 2",
    }  # fmt: skip
    assert "where all count: 1 of 4 drugs rests on one replicate alone" in told(section(report, "hits"))
    book = openpyxl.load_workbook(io.BytesIO(screen_xlsx(report)))
    first, *others = book["Scores images phase II"].iter_rows(values_only=True)
    rows = pd.DataFrame(others, columns=list(first))
    mine = rows[rows["Replicate"] == "pooled"].set_index("Drug")
    assert mine.loc["Trametinib", ["Wells", "Wells in the layout", "Replicates that count"]].tolist() == [5, 10, "1"]


def test_a_plate_that_is_left_out_is_no_failure(db: Database):
    put(db)
    decide(db, Target("plate", plate="P2"))
    # As an older version kept it: judged although it is left out.
    with db.write() as connection:
        connection.execute(
            """INSERT INTO quality BY NAME SELECT * REPLACE ('P2' AS plate, 'bad' AS verdict, -1.0 AS value)
               FROM quality WHERE plate = 'P1' AND measure = 'z_prime'"""
        )
    report = report_of(db)
    quality = section(report, "quality")
    titles = {table.title: table for table in quality.tables}
    bad = [row for title, table in titles.items() if title.startswith("What is bad") for row in table.rows]
    assert "P2" not in {row[0] for row in bad}
    assert titles["Plates left out by decision"].rows == (
        ("P2", "all readouts", "Anna", f"{report.state.entries[0].at:%Y-%m-%d %H:%M} UTC", "Blurred"),
    )
    assert [row[2] for row in titles["Every plate"].rows if row[1] == "P2\nby Anna"] == ["Left out", "Left out"]
    assert "P2" not in quality.lead and screen_counted.failed_plates(report) == {}
    card = next(one for one in section(report, "summary").cards if one.label.startswith("Plates that fail"))
    assert card.value == "0 of 1"
    assert card.notes == ("images, phase II: none", "metabolic: none", "left out: P2")
    figures = {one.anchor: one.draw(False) for chapter in chapters(report) for one in chapter.figures}
    assert "Left out by decision: P2." in figures["separation"].caption
    assert set(figures["separation"].table["Plate"]) == {"P1"}
    assert "The plate is left out by Anna: Blurred." in figures["plate-2"].caption
    book = openpyxl.load_workbook(io.BytesIO(screen_xlsx(report)))
    verdicts = {(row[0], row[4], row[5]) for row in book["Quality"].iter_rows(values_only=True)}
    assert {one[1:] for one in verdicts if one[0] == "P2"} == {("left out", "left out by Anna: Blurred")}


def test_left_out_wells_are_drawn_where_they_were_measured(db: Database):
    put(db)
    decide(db, Target("plate", plate="P2"))
    report = report_of(db)
    figures = {one.anchor: one.draw(False) for chapter in chapters(report) for one in chapter.figures}
    strips = figures["controls"].table.set_index("Well")["Viability, %"]
    wells = report.main.values.query("plate == 'P2' and well_type == 'negative'")
    assert strips["P2_A01"] == pytest.approx(wells["percent_imported"].iloc[0])
    assert 80 < strips["P2_A01"] < 120
    shown = figures["plate-2"].figure.data[0].marker.color
    assert np.isfinite(np.asarray(shown, float)).all()


def test_failed_plates_of_every_readout_and_what_the_signer_accepted(db: Database):
    put(db)
    with db.write() as connection:
        connection.execute(
            """UPDATE quality SET verdict = 'bad', value = -0.5
               WHERE plate = 'P1' AND measure = 'z_prime' AND modality = 'metabolic'"""
        )
    report = report_of(db)
    card = next(one for one in section(report, "summary").cards if one.label.startswith("Plates that fail"))
    assert card.value == "1 of 2" and "metabolic: P1" in card.notes and "images, phase II: none" in card.notes
    assert "Open: P1 fails by metabolic and still counts." in status_note(report)
    review.sign_off(db, SCREEN, "Ben", "", 0, acknowledged=True)
    assert "Accepted with the sign-off: P1 fails by metabolic and still counts." in status_note(report_of(db))
    with db.write() as connection:
        connection.execute("UPDATE readout SET raw = raw + 1")
    assert "Accepted" not in status_note(report_of(db)), "nobody accepted what the screen is now"


def test_a_drug_with_an_addition_is_no_further_drug_of_the_report(db: Database):
    small_combination.put(db, small_combination.wells())
    report = gather(db, small_combination.SCREEN)
    summary = section(report, "summary")
    assert len(report.main.drugs) == 6 and len(report.main.alone) == 3
    hits = report.main.drugs.groupby(report.main.drugs["addon"] != "")["hit"].sum()
    assert summary.cards[0].value == f"{hits[False]} of 3"
    assert f"with an addition {hits[True]} of 3" in summary.cards[0].notes
    assert " of 3 drugs " in summary.lead or "none of 3 drugs" in summary.lead


def test_a_readout_that_does_not_judge_fails_no_plate(db: Database):
    put(db)
    with db.write() as connection:
        connection.execute("UPDATE quality SET modality = 'mos', verdict = 'bad' WHERE modality = 'metabolic'")
        connection.execute("UPDATE score SET modality = 'mos' WHERE modality = 'metabolic'")
        connection.execute("UPDATE readout SET modality = 'mos' WHERE modality = 'metabolic'")
    card = next(one for one in section(report_of(db), "summary").cards if one.label.startswith("Plates that fail"))
    assert card.value == "0 of 2" and "mean of stack: P1, P2" in card.notes


def test_only_visible_changes_are_counted(db: Database):
    put(db)
    decide(db, Target("well", plate="P1", row="A", column=5))
    report = report_of(db)
    every = pd.DataFrame(
        {
            "modality": "image_2", "drug": ["A", "B", "C", "D"], "addon": "", "replicate": "pooled",
            "before": [10.0, 9.99, 20.0, np.nan], "after": [10.05, 10.01, 25.0, 4.0],
            "hit_before": [True, False, True, False], "hit_after": [True, True, True, False],
        }
    )  # fmt: skip
    assert set(moved(every)["drug"]) == {"B", "C", "D"}
    words = section(report, "changes").texts
    assert "1 of 4 drugs changed by 0.1 or more in DSS; largest steps: Trametinib" in "".join(words)
    assert len(words) == len(report.scored) == 2


def test_a_drug_that_is_left_out_has_no_step(db: Database):
    put(db)
    decide(db, Target("drug", drug="Bortezomib"), Target("well", plate="P1", row="A", column=5))
    report = report_of(db)
    told_of = section(report, "changes").texts[0]
    assert "1 with no score any more" in told_of and "not defined" not in told_of
    assert "no hit any more: Bortezomib" in told_of and "steps: Bortezomib" not in told_of
    figures = {one.anchor: one.draw(False) for chapter in chapters(report) for one in chapter.figures}
    for anchor in [name for name in figures if name.startswith("changes")]:
        assert "Not drawn: 1 drug with a score on one side alone." in figures[anchor].caption
        assert not any(np.isnan([one.x0, one.x1]).any() for one in figures[anchor].figure.layout.shapes)


def test_a_simulated_screen_is_called_so_once(db: Database):
    put(db, sample="Simulated", simulated=True)
    with db.write() as connection:
        connection.execute("UPDATE screen SET entity = 'Simulated tumour'")
    assert chips_of(report_of(db)) == ["2 × 384 wells"]


def test_what_a_file_rests_on_changes_with_intervals_and_verdicts(db: Database):
    put(db)
    before = kept(db, SCREEN)
    without_intervals(db)
    assert kept(db, SCREEN) != before
    assert kept(db, "S9") == kept(db, "S8")


def test_pairs_stand_with_both_curves_and_their_images(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "tiffs"
    folder.mkdir()
    put(db, drugs={**DRUGS, "<b>Bold</b>": 0.9}, images=folder)
    pairs = pd.DataFrame(
        {
            "drug": ["<b>Bold</b>", "Bortezomib"], "other": ["Trametinib", "Gone"], "distance": 1.0, "share": 0.9,
            "dss": 20.0, "other_dss": 19.0, "status": "suggested", "dcdss": np.nan, "reason": "Both work",
        }
    )  # fmt: skip
    monkeypatch.setattr("engine.report.screen._pairs", lambda db, screen, readouts: (pairs, "", "image_2"))
    report = report_of(db)
    chapter, figures = pairs_chapter(report)
    assert [one.anchor for one in figures] == ["pair-1-1", "pair-1-2"], "a drug that is not there is no picture"
    first = figures[0].draw(False)
    assert first.question.startswith("Pair 1: <b>Bold</b>, DSS ")
    assert len(first.figure.layout.images) == 10
    assert len(chapter.tables[0].rows) == 2
    book = openpyxl.load_workbook(io.BytesIO(screen_xlsx(report)))
    header = [cell.value for cell in book["Complementary pairs"][1]]
    assert header == ["Drug", "With", "DSS of the drug", "DSS of the other", "Distance of their looks",
                      "Pairs that look more alike, fraction", "Status", "Why"]  # fmt: skip
