"""Screens at a glance: every plate is drawn where its Z' is, a bad one is outlined, what is not judged says so."""

import numpy as np
import pandas as pd

from engine.figures.forest import FAILED
from engine.figures.screens import layout_map, measure_name, modality_name, separation
from engine.figures.template import palette

ROWS = pd.DataFrame(
    [("A", "P1", 0.6, "good"), ("A", "P2", 0.3, "doubtful"), ("B", "P1", -7.5, "bad"), ("C", "P1", np.nan, "unknown")],
    columns=["screen", "plate", "value", "verdict"],
).assign(modality="metabolic", reason="why it is so")


def test_every_plate_stands_where_its_z_prime_is():
    chart = separation(ROWS, ["A", "B", "C", "D"], "metabolic", dark=True)
    dots = {trace.customdata[0] + "/" + trace.text[0].split()[0]: trace for trace in chart.figure.data}
    assert dots["A/P1"].x[0] == 0.6 and dots["A/P1"].marker.color == palette(True).sensitive
    assert dots["A/P2"].marker.color == palette(True).resistant and dots["A/P1"].y[0] < dots["A/P2"].y[0]
    bad = dots["B/P1"]
    assert bad.x[0] == -1 and "−7.50" in bad.text[0]  # beyond the axis: an arrow with its value
    assert bad.marker.line.color == FAILED[True]
    said = [note.text for note in chart.figure.layout.annotations]
    assert said.count("not judged by this readout") == 2  # C has no value, D no row
    assert "3 plates of 2 screens, metabolic" in chart.caption
    assert "B: P1 −7.50 (unusable)" in chart.summary and "D: not judged" in chart.summary
    assert len(chart.table) == 4


def test_of_many_plates_only_those_that_need_a_look_are_named():
    plates = [("A", f"P{i}", 0.7 - 0.002 * i, "good") for i in range(6)] + [("A", "P6", 0.2, "doubtful")]
    rows = pd.DataFrame(plates, columns=["screen", "plate", "value", "verdict"]).assign(modality="mos", reason="why")
    chart = separation(rows, ["A"], "mean of stack")
    assert [text.strip() for trace in chart.figure.data for text in trace.text] == [""] * 6 + ["P6"]
    assert "P0 0.700 (excellent)" in chart.summary and "P0" in chart.figure.data[0].hovertext[0]


def test_names_of_screens_and_plates_are_no_markup():
    link = '<a href="https://evil.example">P1</a>'
    rows = ROWS.head(3).assign(screen=link, plate=link, reason=f"{link} " * 9)
    chart = separation(rows, [link], "images")
    dots = chart.figure.data[0]
    assert "<a" not in dots.text[0] + dots.hovertext[0] + chart.figure.layout.yaxis.ticktext[0]
    assert "&lt;a" in dots.text[0] and dots.hovertext[0].count("<br>") > 4


def test_a_store_without_verdicts_can_be_drawn():
    chart = separation(ROWS.head(0), ["A"], "images")
    assert "0 plates of 0 screens" in chart.caption


def test_the_layout_shows_what_is_in_every_well():
    wells = pd.DataFrame(
        [("B", 2, "negative", "DMSO", np.nan), ("B", 3, "therapy", "Olaparib", 1000.0), ("C", 2, "empty", "", np.nan)],
        columns=["row", "column", "well_type", "treatment", "conc_nm"],
    ).assign(plate="P1", replicate=1, addon="", addon_nm=np.nan)
    chart = layout_map(wells, "P1", "layout of mine")
    assert [trace.name for trace in chart.figure.data] == ["Drug (1)", "Negative control (1)"]
    assert chart.figure.data[0].text[0] == "B03: Olaparib, 1,000 nM" and chart.figure.data[1].text[0] == "B02: DMSO"
    assert chart.summary == "P1: 1 drug, 1 negative control." and len(chart.table) == 2


def test_measures_and_readouts_have_names():
    assert measure_name("z_prime") == "Z'" and measure_name("z_prime+Trametinib") == "Z', with Trametinib"
    assert modality_name("image_3") == "Images, phase III" and modality_name("mos") == "Mean of stack"
