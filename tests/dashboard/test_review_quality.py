"""Screen review, tab Quality: what is wrong with a screen stands first, with its reason and a way to it."""

import json

import pandas as pd
import pytest
from page_checks import Open, assert_healthy, labels, words
from reviewed_screens import DEAD_CONTROL, ODD, SCREEN, fill
from small_store import insert
from streamlit.testing.v1 import AppTest

from dashboard import review_choose, review_data, review_plate_data
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.reviewed_wells import dss_pairs

PAGE = {"rev_screen": SCREEN, "rev_tab": "Quality"}
CONTROL = Target("well", plate="P1", row="B", column=3)


def charts(app: AppTest) -> dict[str, dict]:
    """Figures of the page by the heading above them."""
    found = {}
    for one in app.get("plotly_chart"):
        found[one.proto.id.split("-", 2)[-1].rsplit("_", 1)[0]] = json.loads(one.proto.spec)
    return found


def chart(app: AppTest, key: str) -> dict:
    return next(figure for name, figure in charts(app).items() if key in name)


def test_a_dead_control_and_an_odd_well_stand_first_with_their_reasons(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    text = words(app)
    assert "What to look at first" in text
    assert r"**P1_B03** negative control, DMSO. Metabolic: 1 % viable like a positive control" in text
    assert "Mislabelled or wrongly dispensed?" in text and "Without it Z' of P1 is" in text
    assert r"**P1_D04** Trametinib 100 nM. Metabolic: 5 % viable, its replicates" in text
    assert text.index(r"**P1_B03**") < text.index(r"**P1_D04**")
    assert r"**P2" not in text  # nothing is wrong there
    assert "orange-badge[Simulated]" in text
    assert {f"Exclude {DEAD_CONTROL}", f"Exclude {ODD}"} <= set(labels(app))


def test_a_click_on_a_finding_leads_to_its_well(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE)
    app = next(one for one in app.button if one.key == f"see_{DEAD_CONTROL}").click().run()
    assert_healthy(app)
    assert app.session_state["rev_well"] == DEAD_CONTROL
    assert app.session_state["rev_tab"] == "Wells" and DEAD_CONTROL in words(app)


@pytest.mark.parametrize("value", ["percent", "raw", "residual", "deviation", "layout"])
def test_a_map_shows_every_value_and_takes_clicks(db, open_page: Open, value):
    fill(db)
    app = open_page("screen_review.py", **PAGE, rev_value=value)
    assert_healthy(app)
    for plate in ("P1", "P2"):
        figure = chart(app, f"review_map_{plate}")
        names = {name for trace in figure["data"] for name in trace.get("customdata", [])}
        assert {f"{plate}_B02", f"{plate}_E11"} <= names
        ringed = [trace for trace in figure["data"] if trace["marker"]["symbol"] == "square-open"]
        assert bool(ringed) == (plate == "P1")


def test_one_plate_alone_and_a_plate_that_is_not_there(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE, rev_plates="False", rev_plate="P9", rev_well="P9_A01")
    assert_healthy(app)
    keys = list(charts(app))
    assert sum("review_map_" in key for key in keys) == 1
    assert next(one for one in app.selectbox if one.key == "rev_plate").value == "P1"  # the worst
    assert "No well is chosen" in words(app)


def test_what_is_left_out_is_crossed_and_can_be_restored(db, open_page: Open):
    fill(db)
    review.decide(db, SCREEN, "Ada", [Decision("exclude", CONTROL, "wrong control")], 0)
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    text = words(app)
    assert "Left out now: 1 decision" in text and "wrong control (Ada)" in text
    assert "reads like" not in text and "like a positive control" not in text  # no finding any more
    assert f"Restore {DEAD_CONTROL}" in set(labels(app))
    crosses = [t for t in chart(app, "review_map_P1")["data"] if t["marker"]["symbol"] == "x-thin"]
    assert crosses[0]["customdata"] == [DEAD_CONTROL]
    crosses = [t for t in chart(app, "review_controls")["data"] if t["marker"]["symbol"] == "x-thin"]
    assert crosses[0]["customdata"] == [DEAD_CONTROL]


def test_a_screen_without_faults_says_so(db, open_page: Open, monkeypatch):
    monkeypatch.setattr("reviewed_screens.planted", lambda frame: frame)
    fill(db)
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    assert "No plate fails, no control reads like the other one" in words(app)


def test_a_screen_without_replicates_says_what_cannot_be_told(db, open_page: Open):
    fill(db, replicates=1)
    with db.write() as connection:
        connection.execute("DELETE FROM well WHERE plate = 'P2' AND well_type = 'therapy'")
        connection.execute("DELETE FROM readout WHERE plate = 'P2' AND \"row\" IN ('D', 'E')")
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    assert "No drug well has a replicate with a viability" in words(app)


def test_replicates_are_drawn_with_r_and_n(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE)
    text = words(app)
    assert "Do replicates agree in viability?" in text and "Pearson r" in text
    assert "This readout is not scored replicate by replicate yet." in text


def test_pairs_of_scores_are_of_two_replicates_of_one_drug():
    scores = pd.DataFrame(
        [
            ("A", "", "pooled", 9.0),
            ("A", "", "1", 10.0),
            ("A", "", "2", 12.0),
            ("B", "", "1", 3.0),
            ("C", "", "2", None),
        ],
        columns=["drug", "addon", "replicate", "dss_asym"],
    )
    found = dss_pairs(scores)
    assert found[["treatment", "first", "second"]].values.tolist() == [["A", 10.0, 12.0]]
    assert dss_pairs(scores.head(1)).empty


def test_a_screen_without_any_readout_says_what_is_missing(db, open_page: Open):
    fill(db, modalities=())
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    assert "has no readout yet" in words(app)


def test_a_screen_without_controls_says_so(db, open_page: Open):
    fill(db)
    with db.write() as connection:
        connection.execute("DELETE FROM readout WHERE \"row\" IN ('B', 'C')")
        connection.execute("DELETE FROM well WHERE \"row\" IN ('B', 'C')")
        connection.execute("UPDATE readout SET percent = NULL")
        connection.execute("DELETE FROM quality")
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    text = words(app)
    assert "No control wells" in text and "No well has a viability by metabolic" in text
    assert "Not judged by metabolic yet" in text


def test_ranked_wells_begin_with_the_worst(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE)
    assert "Viability by the plate's controls. Click" in words(app)
    table = next(one.value for one in app.dataframe if "Times the noise" in one.value)
    assert table["Well"].tolist()[:2] in ([DEAD_CONTROL, ODD], [ODD, DEAD_CONTROL])
    assert table["Why"].iloc[0] and not table["Why"].iloc[-1]
    assert "Ringed red: 2 wells that should be looked at; crossed: left out" in words(app)


def test_a_well_that_something_else_tells_has_its_reason_in_the_ranking(db, open_page: Open, monkeypatch):
    fill(db)
    ranked = review_plate_data.ranked
    monkeypatch.setattr(review_plate_data, "ranked", lambda *key: ranked(*key).assign(suspect=False, reason=""))
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    table = next(one.value for one in app.dataframe if "Times the noise" in one.value)
    why = dict(zip(table["Well"], table["Why"], strict=True))
    assert "like a positive control" in why[DEAD_CONTROL] and "its replicates" in why[ODD]
    told = words(app)
    assert "0 of these" in told and "2 wells more should be looked at for another reason" in told


def test_many_plates_show_the_worst_ones(db, open_page: Open):
    fill(db, images=False)
    with db.write() as connection:
        for n in range(3, 12):
            for table in ("well", "readout"):
                connection.execute(
                    f"INSERT INTO {table} SELECT * REPLACE ('P{n}' AS plate) FROM {table} WHERE plate = 'P2'"
                )
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    maps = [key for key in charts(app) if "review_map_" in key]
    assert len(maps) == 6 and any("P1" in key for key in maps)
    assert "The worst 6 of 11 plates" in words(app)


def test_reads_know_what_is_left_out(db, tumorcast_home):
    fill(db)
    assert DEAD_CONTROL in {one.target.name for one in review_plate_data.looks(SCREEN)}
    review.decide(db, SCREEN, "Ada", [Decision("exclude", CONTROL, "wrong control")], 0)
    assert DEAD_CONTROL not in {one.target.name for one in review_plate_data.looks(SCREEN)}
    ranked = review_plate_data.ranked(SCREEN, "metabolic")
    assert DEAD_CONTROL not in set(review_choose.well_names(ranked))
    assert int(review_data.values(SCREEN, "metabolic")["left_out"].sum()) == 1


def test_a_thousand_drugs_are_drawn(db, open_page: Open):
    fill(db, images=False)
    rows = [
        (f"L{at // 60}", "DEFGHIJKLMNO"[at % 60 // 5], 2 + 5 * (at % 5) % 25 + dose, f"Drug {at}", 10.0**dose)
        for at in range(1000)
        for dose in range(5)
    ]
    drugs = pd.DataFrame(rows, columns=["plate", "row", "column", "treatment", "conc_nm"])
    drugs = drugs.assign(screen=SCREEN, source_id=SCREEN, well_type="therapy", replicate=1, addon="")
    read = drugs[["screen", "source_id", "plate", "row", "column"]]
    read = read.assign(modality="metabolic", raw=900.0, percent=90.0)
    insert(db, well=drugs, readout=read)
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    assert "The worst 6 of 19 plates" in words(app)


def test_a_plate_that_is_left_out_is_judged_no_more(db, open_page: Open):
    fill(db)
    review.decide(db, SCREEN, "Ada", [Decision("exclude", Target("plate", plate="P1"), "controls overlap")], 0)
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    text = words(app)
    assert "controls overlap (Ada)" in text and "Restore P1" in set(labels(app))
    tables = [one.value for one in app.dataframe if "Verdict" in one.value]
    assert all("P1" not in set(table["Plate"]) for table in tables)
    notes = [one["text"] for one in chart(app, "review_controls")["layout"]["annotations"]]
    assert "<b>P1</b><br>left out" in notes
    assert text.count("Left out by Ada (controls overlap): it is judged no more.") == 1  # under Plates ranked
    assert "Does the place on P2 matter?" in text  # of the plates that count
    assert "16 control wells of 1 plate; 16 more are left out" in text
    app = open_page("screen_review.py", **PAGE, rev_plates="False", rev_plate="P1")
    assert words(app).count("Left out by Ada (controls overlap): it is judged no more.") == 2
    app = open_page("screens.py", scr_screen=SCREEN)
    assert_healthy(app)
    assert "**P1** left out by Ada (controls overlap): judged no more." in words(app)
    assert "Review this screen" in set(labels(app))
    table = next(one.value for one in app.dataframe if "Z' per plate" in one.value)
    assert table["Z' per plate"].iloc[0].endswith(", P1 left out") and "P1 \N{MINUS SIGN}" not in table.to_string()
    app = open_page("screens.py", scr_screen=SCREEN, scr_tab="Quality")
    assert "**P1** left out by Ada" in words(app) and "Wells without a readout" not in words(app)


def scattered(frame: pd.DataFrame) -> pd.DataFrame:
    """Both kinds of controls of P1 lie all over the place."""
    rough = frame["plate"].eq("P1") & frame["well_type"].isin(("negative", "positive"))
    return frame.assign(percent=frame["percent"] + rough * ((frame["column"] % 4 - 1.5) * 60))


@pytest.mark.parametrize("images", [True, False])
def test_a_plate_that_fails_shows_its_controls_beside_those_of_a_good_one(db, open_page: Open, monkeypatch, images):
    monkeypatch.setattr("reviewed_screens.planted", scattered)
    fill(db, images=images)
    app = open_page("screen_review.py", **PAGE, rev_well="P2_D02")
    assert not any("review_beside" in key for key in charts(app))
    app = next(one for one in app.button if one.key == "see_P1").click().run()
    assert_healthy(app)
    assert app.session_state["rev_plate"] == "P1" and app.session_state["rev_plates"] is False
    names = {name for trace in chart(app, "review_beside")["data"] for name in trace.get("customdata", [])}
    assert {"P1_B02", "P1_C02", "P2_B02", "P2_C02"} <= names
    text = words(app)
    assert ("What do the controls of P1 look like, beside those of P2?" in text) == images
    assert "No well of P1 is chosen" in text  # and no card of a well of P2 under the map of P1
    app = next(one for one in app.button if one.key == "see_P1").click().run()  # Close
    assert app.session_state["rev_plates"] is True and not any("review_beside" in key for key in charts(app))


def test_a_well_that_is_suspect_has_its_picture_beside_it(db, open_page: Open):
    fill(db)
    assert len(open_page("screen_review.py", **PAGE).get("image")) == 2
    with db.write() as connection:
        connection.execute("UPDATE screen SET image_job = NULL")
    assert not open_page("screen_review.py", **PAGE).get("image")


def test_wells_more_alive_than_the_controls_share_one_quiet_line(db, open_page: Open, monkeypatch):
    lively = {"P1_E02": 113.0, "P2_E02": 114.0}
    monkeypatch.setattr(
        "reviewed_screens.planted",
        lambda frame: frame.assign(
            percent=(frame["plate"] + "_" + frame["row"] + frame["column"].map("{:02d}".format))
            .map(lively)
            .fillna(frame["percent"])
        ),
    )
    fill(db, modalities=("image_2",))
    with db.write() as connection:
        connection.execute("UPDATE readout SET raw = 0.2 + 0.006 * percent")
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    told = "2 wells read more alive than the controls by images, phase II (up to 114 %): usually healthy."
    assert [one.label for one in app.expander if "alive" in one.label] == [told]
    assert not any(label.startswith("Exclude P") for label in labels(app))
    ringed = [t for t in chart(app, "review_map_P1")["data"] if t["marker"]["symbol"] == "square-open"]
    assert ringed == []


def test_a_well_that_is_left_out_says_by_whom_and_is_no_fault(db, open_page: Open):
    fill(db)
    review.decide(db, SCREEN, "Ada", [Decision("exclude", CONTROL, "wrong control")], 0)
    app = open_page("screen_review.py", rev_screen=SCREEN, rev_tab="Wells", rev_well=DEAD_CONTROL)
    assert_healthy(app)
    text = words(app)
    assert ":gray[:material/close: Left out by Ada (wrong control)]" in text and ":red[" not in text


def test_viabilities_that_came_in_percent_are_called_so(db, open_page: Open):
    fill(db)
    with db.write() as connection:
        connection.execute("UPDATE readout SET raw = percent WHERE percent IS NOT NULL")
    text = words(open_page("screen_review.py", **PAGE))
    assert "Viability as it came in percent, not held against controls. Click" in text
