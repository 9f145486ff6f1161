"""Screen review, tab Phenotypes: the map, what looks alike, the gallery, complementary pairs, and what is missing."""

import pandas as pd
import pytest
from page_checks import Open, assert_healthy, button, labels, words
from small_phenotypes import ONE, RUN, fill
from streamlit.testing.v1 import AppTest

from dashboard import review_phenotypes
from engine.jobs import queue
from engine.jobs.spec import read_spec
from engine.spheroid import phenotype_job, review
from engine.spheroid.review_types import Decision, Target
from engine.store.database import Database

TAB = {"rev_tab": "Phenotypes", "rev_screen": ONE}


def table_with(app: AppTest, column: str) -> pd.DataFrame:
    return next(one.value for one in app.dataframe if column in one.value)


def pictures(app: AppTest) -> int:
    """Pictures beside each other on the page; those for the pointer are one text."""
    return sum(str(one.proto).count("<img src=") for one in app.get("html"))


def test_a_map_says_what_looks_alike(db, open_page: Open, tmp_path):
    fill(db, tmp_path)
    app = open_page("screen_review.py", rev_drug="Panobinostat", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "Which drugs make spheroids look alike?" in text
    assert "12 drug wells at the highest dose and 12 control wells, SIM-P_DS1, images, phase II, simulated data" in text
    assert "What looks like Panobinostat?" in text
    likes = table_with(app, "Pairs nearer, %")
    assert likes["Drug"].iloc[0] == "Entinostat" and likes["DSS"].iloc[0] == 14.0
    assert likes["Class"].iloc[0] == "Epigenetic modifier"
    assert "**Yes.** Two wells of one drug lie nearer" in text and "6 pairs of replicates, 60 random pairs" in text
    assert pictures(app) > 12  # the gallery, and the controls beside the pair
    assert not any("100 %" in line for line in text.split("\n") if "look more alike" in line)


def test_pairs_that_are_only_suggested_are_said_to_be(db, open_page: Open, tmp_path):
    fill(db, tmp_path)
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "**Suggested, not measured.**" in text and "**Measured together.**" not in text
    pairs = table_with(app, "Pairs more alike, %")
    assert {pairs["Drug"].iloc[0], pairs["With"].iloc[0]} == {"Bortezomib", "Panobinostat"}
    assert "Bortezomib beside Panobinostat" in text
    assert "How does Bortezomib act, dose by dose?" in text and "How does Panobinostat act" in text


def test_a_pair_stands_in_the_link_and_measured_ones_come_apart(db, open_page: Open, tmp_path):
    fill(db, tmp_path)
    with db.write() as connection:
        connection.execute(
            """INSERT INTO score BY NAME SELECT * REPLACE ('Entinostat' AS addon, 5.5 AS dcdss) FROM score
               WHERE drug = 'Bortezomib' AND modality = 'image_2'"""
        )
    app = open_page("screen_review.py", rev_pair="Bortezomib|Entinostat", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "**Measured together.**" in text and "Bortezomib beside Entinostat" in text and "dcDSS +5.5" in text
    assert table_with(app, "dcDSS")["With"].tolist() == ["Entinostat"]


@pytest.mark.parametrize("hue", ["class", "subclass", "dss", "replicate", "plate"])
@pytest.mark.parametrize("which", ["tsne", "umap"])
def test_every_colour_and_map_draws(hue, which, db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", rev_hue=hue, rev_map=which, **TAB)
    assert_healthy(app)
    assert ("UMAP of the components" if which == "umap" else "t-SNE of the components") in words(app)


def test_images_that_are_gone_leave_the_map(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "Which drugs make spheroids look alike?" in text and "are not there any more" in text and pictures(app) == 0


def test_wells_in_the_lasso_fill_the_gallery_and_open(db, open_page: Open, tmp_path):
    fill(db, tmp_path)
    app = open_page("screen_review.py", **TAB)
    app.session_state["rev_lasso"] = ("P1_B03", "P2_H02")
    app.run()
    assert_healthy(app)
    assert "2 wells in the lasso" in words(app) and "Strongest first." in words(app)
    button(app, "P1_B03").click().run()
    assert not app.exception
    assert (app.session_state["rev_tab"], app.session_state["rev_well"]) == ("Wells", "P1_B03")
    assert app.session_state["rev_drug"] == "Bortezomib"


def test_a_lasso_chooses_wells_and_a_click_one(monkeypatch):
    kept, event = {}, {"selection": {"points": [{"customdata": "P1_B03"}, {"customdata": "P2_B03"}, {}]}}
    monkeypatch.setattr(review_phenotypes.st, "session_state", {"chart": event})
    monkeypatch.setattr(review_phenotypes.state, "choose", kept.__setitem__)
    monkeypatch.setattr(review_phenotypes.review_choose, "pick_well", lambda well: kept.update(well=well))
    for draws, found in ((True, {"rev_lasso": ("P1_B03", "P2_B03")}), (False, {"well": "P1_B03"})):
        kept.clear()
        monkeypatch.setattr(review_phenotypes.state, "get", lambda name, draws=draws: draws)
        review_phenotypes._selected("chart")
        assert kept == found


def test_excluded_wells_are_crossed_and_count_for_nothing(db, open_page: Open, tmp_path):
    fill(db, tmp_path)
    review.decide(db, ONE, "Ada", [Decision("exclude", Target("drug", drug="Panobinostat"), "dropped", "image")], 0)
    app = open_page("screen_review.py", rev_drug="Panobinostat", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "Crossed: 2 excluded wells, which count for nothing here." in text
    assert "Panobinostat is not compared: its wells are excluded." in text
    if any("Pairs more alike, %" in one.value for one in app.dataframe):
        assert "Panobinostat" not in set(table_with(app, "Pairs more alike, %")[["Drug", "With"]].to_numpy().ravel())


def test_without_a_map_a_button_makes_one(db, open_page: Open, tmp_path, monkeypatch):
    fill(db, tmp_path, mapped=False)
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "**No phenotype map by this network yet** (images, phase II)" in words(app)
    app = button(app, "Make the map").click().run()
    assert [one.value for one in app.error] == []
    spec = read_spec(queue.job_folder(queue.list_jobs()[0].id))
    assert (spec.task, spec.params["screen"], spec.params["run_id"]) == ("map_phenotypes", ONE, RUN)


def test_a_umap_is_added_where_its_package_is_and_asked_for_where_it_is_not(db, open_page: Open, tmp_path, monkeypatch):
    fill(db, tmp_path)
    app = open_page("screen_review.py", **TAB)
    assert "Add a UMAP" not in labels(app)  # it has one
    with db.write() as connection:
        connection.execute("UPDATE feature SET umap_x = NULL, umap_y = NULL")
    monkeypatch.setattr(phenotype_job, "umap_missing", lambda: "Install the package")
    app = button(open_page("screen_review.py", **TAB), "Add a UMAP").click().run()
    assert [one.value for one in app.error] == ["Install the package"]
    assert "map_phenotypes" not in {job.task for job in queue.list_jobs()}
    monkeypatch.setattr(phenotype_job, "umap_missing", lambda: "")
    app = button(app, "Add a UMAP").click().run()
    assert not app.exception and [one.value for one in app.error] == []
    (job,) = (one for one in queue.list_jobs() if one.task == "map_phenotypes")
    params = read_spec(queue.job_folder(job.id)).params
    assert (params["screen"], params["run_id"], params["umap"]) == (ONE, RUN, True)
    assert "Map phenotypes of SIM-P_DS1" in words(app)


def place_wells(db: Database, where: str, components: str) -> None:
    """Other components for some wells. where, components: SQL."""
    with db.write() as connection:
        connection.execute(
            f"""UPDATE feature SET components = {components} WHERE (plate, "row", "column") IN (
                    SELECT plate, "row", "column" FROM well WHERE {where})"""
        )


def test_a_drug_without_an_effect_is_said_to_look_like_controls(db, open_page: Open):
    fill(db)
    with db.write() as connection:
        connection.execute("UPDATE well SET well_type = 'negative' WHERE well_type IN ('untreated', 'positive')")
    place_wells(db, "well_type = 'negative'", '[0, 0.2 * "column"]')  # 0.4 to 1.4, in the mean 0.84
    place_wells(db, "treatment = 'Olaparib'", "[0.1, 0.9]")
    quiet = words(open_page("screen_review.py", rev_drug="Olaparib", **TAB))
    assert "Olaparib **looks like the negative controls** at its highest dose" in quiet
    assert "1 of 6 drugs look like the negative controls at the highest dose" in quiet
    assert "looks like the negative controls" not in words(open_page("screen_review.py", rev_drug="Bortezomib", **TAB))


def test_a_screen_in_which_nothing_acts_has_no_phenotypes(db, open_page: Open):
    fill(db, shift=-30.0)
    with db.write() as connection:
        connection.execute("UPDATE well SET well_type = 'negative' WHERE well_type <> 'therapy'")
    place_wells(db, "well_type = 'negative'", '[0, 0.2 * "column"]')
    place_wells(db, "well_type = 'therapy'", "[0, 0.9]")
    app = open_page("screen_review.py", rev_drug="Imatinib", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "6 of 6 drugs look like the negative controls" in text and "**Hardly.**" in text
    assert "Imatinib **looks like the negative controls**" in text
    assert "No complementary pair: it takes two hits, and by images, phase II this screen has none." in text


def test_pairs_of_a_map_on_which_replicates_lie_apart_are_doubted(db, open_page: Open):
    fill(db)
    assert not open_page("screen_review.py", **TAB).warning
    with db.write() as connection:
        connection.execute("DELETE FROM feature WHERE plate = 'P2'")
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "no drug has two wells with an image at its highest dose" in words(app)
    assert [one.value for one in app.warning if "By this network replicates hardly look alike" in one.value]


def test_hits_without_an_image_make_no_pair(db, open_page: Open):
    fill(db)
    with db.write() as connection:
        connection.execute(
            """DELETE FROM feature WHERE (plate, "row", "column") IN (
                   SELECT plate, "row", "column" FROM well WHERE treatment IN ('Panobinostat', 'Entinostat'))"""
        )
    text = words(open_page("screen_review.py", **TAB))
    assert "No complementary pair: of 3 hits by images, phase II, 1 has a well on the map that counts." in text


def test_a_network_trained_again_asks_for_a_new_map(db, open_page: Open):
    fill(db)
    with db.write() as connection:
        connection.execute("UPDATE readout SET run_id = 'zz-newer' WHERE run_id IS NOT NULL")
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "**No phenotype map by this network yet**" in words(app)


def test_a_screen_without_images_says_so(db, open_page: Open):
    fill(db, modalities=("metabolic",))
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "**SIM-P_DS1 has no images.**" in words(app)


def test_images_that_no_network_looked_at_ask_for_training(db, open_page: Open):
    fill(db, mapped=False)
    with db.write() as connection:
        connection.execute("DELETE FROM readout WHERE run_id IS NOT NULL")
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "**No network has looked at these images yet.**" in words(app)


@pytest.mark.parametrize(("shift", "hits"), [(-30.0, "none"), (-13.0, "1")])
def test_too_few_hits_make_no_pair(shift, hits, db, open_page: Open):
    fill(db, shift=shift)
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert f"No complementary pair: it takes two hits, and by images, phase II this screen has {hits}." in words(app)


def test_a_map_without_scores_names_what_is_missing(db, open_page: Open):
    fill(db)
    with db.write() as connection:
        connection.execute("DELETE FROM score WHERE modality = 'image_2'")
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "the screen is not scored by images, phase II" in words(app)


def test_drugs_and_wells_that_are_gone_are_forgotten(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", rev_drug="Gone", rev_well="P9_Z99", rev_pair="Gone|Lost", **TAB)
    assert_healthy(app)
    assert "Bortezomib beside Panobinostat" in words(app)
