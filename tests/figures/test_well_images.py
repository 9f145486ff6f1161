"""Wells as pictures: counts through a window and a colour map, heat over them, strips that take clicks, counts."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from engine.figures import well_images
from engine.figures.forest import FAILED
from engine.figures.template import SELECTED
from engine.figures.well_images import Thumb, histogram, lookup, picture, strip, thumbnail, windowed

RAMP = np.arange(0, 1000, dtype=np.uint16).reshape(10, 100)


@pytest.mark.parametrize("colours", well_images.COLOURS)
def test_a_colour_map_begins_dark_and_grows_brighter(colours):
    table = lookup(colours)
    assert table.shape == (256, 3) and table.dtype == np.uint8
    assert table[0].sum() < 160 < table[-1].sum()
    assert lookup("grey")[128].tolist() == [128, 128, 128]
    blue = lookup("hoechst")[128]
    assert blue[2] > blue[1] > blue[0]


def test_counts_go_through_the_window():
    assert windowed((100.0, 300.0), (25, 75)) == (150.0, 250.0)
    assert windowed((100.0, 300.0), (50, 50)) == (200.0, 201.0)  # never nothing at all
    shown = np.asarray(picture(RAMP, (200.0, 711.0), "grey"))[..., 0]
    assert shown[RAMP <= 200].max() == 0 and shown[RAMP >= 711].min() == 255 and shown.ravel()[400] == 99
    low, high = well_images.ends(RAMP)
    assert 0 < low < 10 and 990 < high < 1000
    assert well_images.ends(np.full((4, 4), 7)) == (7.0, 8.0)


def test_heat_lies_over_the_picture_where_it_is_hot():
    counts, heat = np.zeros((8, 8), np.uint16), np.zeros((8, 8), np.uint8)
    heat[:, 4:] = 255
    over = np.asarray(picture(counts, (0.0, 10.0), "grey", heat))
    assert over[:, 0].sum() == 0 and over[:, 7].sum(axis=-1).min() > 100


def test_pictures_are_files_of_the_size_asked_for():
    made = picture(RAMP, (0.0, 999.0), "viridis")
    assert Image.open(io.BytesIO(well_images.png(made, 64))).size == (64, 64)
    small = thumbnail(RAMP, (0.0, 999.0), "grey")
    assert Image.open(io.BytesIO(small)).size == (92, 92) and len(small) < 5000
    assert Image.open(io.BytesIO(well_images.jpeg(made, 50))).size == (50, 5)


def test_a_strip_takes_clicks_and_says_what_is_missing():
    image = thumbnail(RAMP, (0.0, 999.0), "grey")
    thumbs = [Thumb("P1_D02", 0, 0, 88.0, False, image), Thumb("P1_D03", 1, 1, np.nan, True, b"")]
    chart = strip(thumbs, ["Rep. 1", "Rep. 2"], ["1 nM", "10 nM"], "How?", "2 doses.", selected="P1_D02", dark=True)
    assert list(chart.figure.data[0].customdata) == ["P1_D02", "P1_D03"]
    (drawn,) = chart.figure.layout.images
    assert base64.b64decode(drawn.source.partition(",")[2]) == image
    colours = [shape.line.color for shape in chart.figure.layout.shapes]
    assert colours == [SELECTED, FAILED[True], FAILED[True]]  # chosen; crossed
    said = [note.text for note in chart.figure.layout.annotations]
    assert said == ["P1_D02<br>88.0 %", "no<br>image", "P1_D03<br>left out"]
    assert chart.caption == "2 doses. 1 well without an image."
    assert chart.table["Image"].tolist() == ["yes", "no"] and chart.table["Row"].tolist() == ["Rep. 1", "Rep. 2"]


def test_counts_are_told_beside_the_window():
    chart = histogram(RAMP, (0.0, 999.0), (100.0, 899.0), "P1_D02", "MIP, S")
    assert int(chart.table["Pixels"].sum()) == 1000 and "10 % of pixels are darker" in chart.summary
    assert [shape.x0 for shape in chart.figure.layout.shapes] == [100.0, 899.0]
