"""Screen review, tab Wells: the image of a well, what it is held against, and what is said where one is missing."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from page_checks import Open, assert_healthy, labels, words
from reviewed_screens import DEAD_CONTROL, JOB, ODD, SCREEN, fill
from streamlit.testing.v1 import AppTest
from test_review_quality import chart, charts

from dashboard import review_neighbours, review_plate_data
from engine.errors import InputError
from engine.jobs.queue import job_folder
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.heat import Heat
from engine.spheroid.review_types import Decision, Target
from engine.store.database import Database

PAGE = {"rev_screen": SCREEN, "rev_tab": "Wells"}


@pytest.fixture
def db(tumorcast_home: Path) -> Database:
    review_plate_data._images.clear()
    review_plate_data.plate_ends.clear()
    review_plate_data.thumbnail.clear()
    review_plate_data.files.clear()
    review_plate_data.full_size.clear()
    return Database(store_path())


def pictures(app: AppTest) -> list[str]:
    """Captions of the images of a page, as they are read."""
    return [caption.replace("\\", "") for one in app.get("image") for caption in one.captions]


def test_a_well_stands_beside_its_doses_its_replicates_and_the_controls(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE, rev_well=ODD)
    assert_healthy(app)
    text = words(app)
    assert ODD in text and "Trametinib, 100 nM, replicate 1" in text
    assert any(caption.startswith(f"{ODD}, Maximum projection (MIP), ") for caption in pictures(app))
    strip = chart(app, "review_curve_strip")
    (points,) = strip["data"]
    assert set(points["customdata"]) >= {"P1_D02", "P1_D06", "P1_D07", "P2_D04"} and len(points["customdata"]) == 20
    assert list(strip["layout"]["xaxis"]["ticktext"]) == ["1 nM", "10 nM", "100 nM", "1,000 nM", "10,000 nM"]
    assert len(strip["layout"]["images"]) == 10  # P2 has none
    assert "10 wells without an image" in text
    controls = chart(app, "review_control_strip")["data"][0]["customdata"]
    assert DEAD_CONTROL in controls and "P1_C02" in controls
    table = next(one.value for one in app.dataframe if "As imported, %" in one.value)
    assert table["Readout"].tolist() == ["Metabolic"] and table["Viability, %"].tolist() == [5.0]


def test_the_worst_well_is_shown_where_none_is_chosen(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE)
    assert_healthy(app)
    assert app.session_state["rev_well"] == DEAD_CONTROL


def test_next_and_previous_go_row_by_row_around_the_end(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE, rev_well="P1_B02")
    app = next(one for one in app.button if one.key == "well_after").click().run()
    assert_healthy(app)
    assert app.session_state["rev_well"] == "P1_B03"
    for _ in range(2):
        app = next(one for one in app.button if one.key == "well_before").click().run()
    assert app.session_state["rev_well"] == "P1_E11"
    assert review_neighbours.beside(["a"], "a") == ("a", "a")


def test_another_plate_shows_a_well_of_its_own(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE, rev_well=ODD)
    app = next(one for one in app.selectbox if one.key == "rev_plate").set_value("P2").run()
    assert_healthy(app)
    assert app.session_state["rev_well"] == "P2_B02"
    assert "Well P2_B02 has no image in this screen." in words(app)


def test_contrast_and_colours_change_the_picture(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE, rev_well=ODD, rev_colours="inferno", rev_channel="mid")
    assert_healthy(app)
    before = pictures(app)[0]
    assert "Middle plane (MID)" in before
    app = next(one for one in app.slider if one.key == "rev_window").set_value((20, 60)).run()
    assert_healthy(app)
    assert pictures(app)[0] != before
    app = next(one for one in app.slider if one.key == "rev_window").set_value((100, 100)).run()
    assert_healthy(app)  # an empty window shows the brightest
    same = pictures(app)[0]
    app = next(one for one in app.segmented_control if one.key == "rev_contrast").set_value("well").run()
    assert_healthy(app)
    assert pictures(app)[0] != same


def test_a_screen_without_images_says_so_in_one_sentence(db, open_page: Open):
    fill(db, images=False)
    app = open_page("screen_review.py", **PAGE, rev_well=ODD)
    assert_healthy(app)
    text = words(app)
    assert text.count("This screen was imported without images.") == 1
    assert not pictures(app) and "strip" not in " ".join(charts(app))
    table = next(one.value for one in app.dataframe if "Replicate" in one.value and "Well" in one.value)
    assert len(table) == 20 and set(table["Well"]) >= {"P1_D04", "P2_D11"}


def test_images_that_are_gone_say_so(db, open_page: Open):
    fill(db)
    shutil.rmtree(job_folder(JOB) / "results")
    app = open_page("screen_review.py", **PAGE, rev_well=ODD)
    assert_healthy(app)
    assert "keeps no prepared images: import the screen again" in words(app)


def test_a_screen_without_readouts_still_shows_its_images(db, open_page: Open):
    fill(db, modalities=())
    app = open_page("screen_review.py", **PAGE, rev_well=ODD)
    assert_healthy(app)
    assert "There is no readout yet" in words(app) and pictures(app)


def test_a_well_that_is_no_longer_there_is_told(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **PAGE, rev_well="P7_Z99")
    assert_healthy(app)
    assert pictures(app)


def test_what_is_left_out_is_crossed_beside_the_others(db, open_page: Open):
    fill(db)
    review.decide(db, SCREEN, "Ada", [Decision("exclude", Target("well", plate="P1", row="D", column=4), "dust")], 0)
    app = open_page("screen_review.py", **PAGE, rev_well=ODD)
    assert_healthy(app)
    assert f"Restore {ODD}" in labels(app)
    table = next(one.value for one in app.dataframe if "As imported, %" in one.value)
    assert table["Left out"].tolist() == ["yes"] and table["As imported, %"].tolist() == [5.0]
    assert table["Viability, %"].isna().all()
    lines = [one for one in chart(app, "review_curve_strip")["layout"]["shapes"] if one["type"] == "line"]
    assert len(lines) == 2


def test_activation_maps_come_with_a_network(db, open_page: Open, monkeypatch):
    fill(db, modalities=("metabolic",))
    app = open_page("screen_review.py", **PAGE, rev_well=ODD)
    assert "activation maps come with the first training" in words(app)


def test_an_activation_map_stands_beside_the_image(db, open_page: Open, monkeypatch):
    fill(db, modalities=("metabolic", "image_2"))
    heat = Heat(np.full((224, 224), 200, np.uint8), 0.31, "dead", 2, "squeezenet1_0", "run")
    monkeypatch.setattr(review_plate_data, "heat_map", lambda *asked: heat)
    app = open_page("screen_review.py", **PAGE, rev_well=ODD, rev_cam="grad_cam")
    assert_healthy(app)
    assert any("Grad-CAM: what speaks for dead cells. Raw output 0.310, phase II" in one for one in pictures(app))


def test_a_network_that_is_gone_is_told_in_words(db, open_page: Open):
    fill(db, modalities=("metabolic", "image_2"))
    app = open_page("screen_review.py", **PAGE, rev_well=ODD, rev_cam="grad_cam")
    assert_healthy(app)
    assert len(pictures(app)) == 1 and "network" in words(app)


def test_an_original_is_read_from_its_folder(db, tmp_path: Path):
    counts = np.arange(400 * 400, dtype=np.uint32).reshape(400, 400).astype(np.uint16)
    for kind in ("proj", "midz"):
        tifffile.imwrite(tmp_path / f"{SCREEN}_P1_D04_{kind}_400x400.tif", counts)
    fill(db, originals=tmp_path)
    data, size, planes, drawn = review_plate_data.full_size(JOB, ODD, "mip", (0, 100), "grey")
    assert data[:3] == b"\xff\xd8\xff" and size == (400, 400) and planes == 0 and drawn[0] < drawn[1]
    with pytest.raises(InputError, match="holds none of well P1_B02"):
        review_plate_data.full_size(JOB, "P1_B02", "mip", (0, 100), "grey")


def test_originals_that_moved_are_told(db):
    fill(db)
    with pytest.raises(InputError, match="which is there no more"):
        review_plate_data.files(JOB)
    with pytest.raises(InputError, match="is no longer there"):
        review_plate_data.files("20261126-060000-import_screen-ffff")
