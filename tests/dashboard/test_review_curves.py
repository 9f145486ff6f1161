"""Screen review, tab Curves: points, fits and images of the dilution series, and what can be left out."""

from pathlib import Path

import pytest
from page_checks import Open, assert_healthy, figure_of, labels, words
from small_reviewed import multiply, put
from streamlit.testing.v1 import AppTest

from dashboard import review_curves
from engine.settings import jobs_folder
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target

SCREEN = "BT-40_DS1"
MINE = {"rev_screen": SCREEN, "rev_tab": "Curves", "rev_modality": "metabolic"}


@pytest.fixture
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


def large(app: AppTest) -> dict:
    """The figure of the chosen drug; that of many drugs has more than two axes."""
    specs = [figure_of(item.proto.spec) for item in app.get("plotly_chart")]
    return next(spec for spec in specs if "xaxis2" not in spec["layout"])


def small(app: AppTest) -> dict:
    return figure_of(app.get("plotly_chart")[-1].proto.spec)


def button(app: AppTest, key: str):
    return next(one for one in app.button if one.key == key)


def test_one_drug_large_and_all_small(db, open_page: Open):
    put(db)
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    text = words(app)
    assert "How does Trametinib act, dose by dose?" in text and "How does each drug act, dose by dose?" in text
    assert "Dot: replicate 1. Diamond: replicate 2." in text and "Dashed: images, phase II." in text
    assert "The screen was imported without images." in text and "images" not in large(app)["layout"]
    titles = [note["text"] for note in small(app)["layout"]["annotations"]]
    assert titles[0].startswith("<b>Trametinib</b><br>DSS 24.") and titles[0].endswith("<br>Kinase inhibitor: MEK")
    assert len(titles) == 4
    told = next(one.value for one in app.dataframe if "Readout" in one.value)
    assert told["Replicate"].tolist() == ["together", "1", "2"] * 2


def test_drugs_are_chosen_and_looked_through(db, open_page: Open):
    put(db)
    app = open_page("screen_review.py", **MINE, rev_drugs=["Olaparib", "Bortezomib", "Gone"])
    assert_healthy(app)
    assert [note["text"].split("</b>")[0] for note in small(app)["layout"]["annotations"]] == [
        "<b>Bortezomib", "<b>Olaparib",
    ]  # fmt: skip
    assert button(app, "review_stronger").disabled
    app = button(app, "review_weaker").click().run()
    assert "How does Bortezomib act, dose by dose?" in words(app)
    app = next(one for one in app.selectbox if one.key == "rev_drug").set_value("Olaparib").run()
    assert "How does Olaparib act, dose by dose?" in words(app) and button(app, "review_weaker").disabled
    # Another tab looks at the same drug.
    app.session_state["rev_tab"] = "Hits"
    assert "How does Olaparib act, dose by dose?" in words(app.run())


def test_one_axis_or_each_its_own(db, open_page: Open):
    put(db, drugs={"Strong": 0.95, "Weak": 0.0})
    app = open_page("screen_review.py", **MINE)
    assert small(app)["layout"]["yaxis"]["range"] == small(app)["layout"]["yaxis2"]["range"]
    app = next(one for one in app.toggle if one.key == "rev_fixed").set_value(False).run()
    assert_healthy(app)
    assert len(small(app)["layout"]["annotations"]) == 2


def test_images_stand_under_their_doses(db, pictures: Path, open_page: Open):
    put(db, images=pictures, missing=("P1_A03",))
    app = open_page("screen_review.py", **MINE, rev_well="P2_A04")
    assert_healthy(app)
    images = large(app)["layout"]["images"]
    assert len(images) == 9 and {round(one["x"]) for one in images} == {0, 1, 2, 3, 4}
    assert {one["y"] for one in images} == {0.0, 1.0}
    assert all(one["source"].startswith("data:image/webp;base64,") for one in images)
    assert "1 of 10 wells have no image." in words(app) and "no image" in str(large(app)["data"])
    assert "**P2_A04**, replicate 2, 100 nM" in words(app)


def test_images_that_are_gone_are_told(db, pictures: Path, open_page: Open):
    put(db, "BT-40_DS9", images=pictures)  # no other test may have opened its images
    for path in (jobs_folder() / "images-BT-40_DS9" / "results" / "images").iterdir():
        path.unlink()
    app = open_page("screen_review.py", **{**MINE, "rev_screen": "BT-40_DS9"})
    assert_healthy(app)
    assert "keeps no prepared images" in words(app) and "How does Trametinib act, dose by dose?" in words(app)


def test_a_failed_fit_shows_its_points_and_why(db, open_page: Open):
    put(db, broken=("Vemurafenib",))
    app = open_page("screen_review.py", **MINE, rev_drug="Vemurafenib")
    assert_healthy(app)
    assert "**No fit: one dose only (1 nM); a curve needs at least two**" in words(app)
    dots = [trace for trace in large(app)["data"] if trace.get("customdata")]
    assert [len(trace["x"]) for trace in dots] == [2]
    assert any("No fit: one dose only" in note["text"] for note in small(app)["layout"]["annotations"])


def test_a_well_left_out_is_crossed_and_stays(db, open_page: Open):
    wells = put(db)
    place = wells[wells["treatment"] == "Trametinib"].iloc[2]
    well = Target("well", plate=place["plate"], row=place["row"], column=int(place["column"]))
    review.decide(db, SCREEN, "Anna", [Decision("exclude", well, "Debris")], 0)
    app = open_page("screen_review.py", **MINE, rev_well=well.name, rev_drug="Trametinib")
    assert_healthy(app)
    text = words(app)
    assert "Crossed: left out." in text and f"**{well.name}**, replicate 1, 100 nM" in text and "left out" in text
    assert sum(len(t["x"]) for t in large(app)["data"] if t.get("customdata")) == 10
    crosses = [t for t in large(app)["data"] if t.get("marker", {}).get("symbol") == "x-thin"]
    assert [len(t["x"]) for t in crosses] == [1]
    said = labels(app)
    assert f"Restore {well.name}" in said and "Exclude Trametinib" in said and "Exclude replicate 2" in said


def test_one_replicate_alone_and_one_readout(db, open_page: Open):
    put(db, modalities=("metabolic",), replicates=1)
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    assert "Thin:" not in words(app) and "Dashed:" not in words(app) and "Dot: replicate 1." in words(app)


def test_nothing_acts(db, open_page: Open):
    put(db, drugs={"A": 0.0, "B": 0.0})
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    assert len(small(app)["layout"]["annotations"]) == 2


def test_a_thousand_drugs_come_a_dozen_at_a_time(db, open_page: Open):
    put(db, drugs={f"Drug {n:02d}": n / 25 for n in range(25)}, modalities=("metabolic",), replicates=1)
    multiply(db, SCREEN, 40)
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    assert "1 to 12 of 1,000 drugs" in words(app) and len(small(app)["layout"]["annotations"]) == 12
    app = next(one for one in app.number_input if one.key == "rev_page").set_value(84).run()
    assert_healthy(app)
    assert "997 to 1000 of 1,000 drugs" in words(app)
    app = next(one for one in app.multiselect if one.key == "rev_drugs").set_value(["Drug 24"]).run()
    assert_healthy(app)  # the page that was open is gone
    assert len(small(app)["layout"]["annotations"]) == 1


def test_clicks(monkeypatch: pytest.MonkeyPatch):
    done = []
    for name in ("pick_drug", "pick_well", "go"):
        monkeypatch.setattr(review_curves, name, lambda what, name=name: done.append((name, what)))
    review_curves._look(["Trametinib", "P1_A02"])
    review_curves._look(["Trametinib", "P1_A03", "image"])
    review_curves._take(["Bortezomib", "P1_A04"])
    assert done == [("pick_well", "P1_A02"), ("pick_well", "P1_A03"), ("go", "Wells"), ("pick_drug", "Bortezomib")]
