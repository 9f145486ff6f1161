"""Plate maps: every well where it stands, what is left out crossed, what is odd ringed, colours around a named zero."""

import numpy as np
import pandas as pd
import pytest

from engine.figures.forest import FAILED
from engine.figures.plate_places import MEDIAN, places
from engine.figures.plates import VALUES, plate_map, span
from engine.figures.template import SELECTED

WELLS = pd.DataFrame(
    [
        ("P1", "B", 2, "negative", "DMSO", np.nan, 100.0, False, ""),
        ("P1", "B", 3, "therapy", "Olaparib", 1000.0, 60.0, False, "unlike its neighbours"),
        ("P1", "D", 3, "therapy", "Olaparib", 10.0, 90.0, True, ""),
        ("P1", "D", 4, "therapy", "Olaparib", 1.0, np.nan, False, ""),
        ("P1", "A", 1, "empty", "", np.nan, np.nan, False, ""),
        ("P2", "B", 2, "negative", "DMSO", np.nan, -70.0, False, ""),
    ],
    columns=["plate", "row", "column", "well_type", "treatment", "conc_nm", "percent", "left_out", "reason"],
).assign(replicate=1, addon="", addon_nm=np.nan, raw=1.0, residual=lambda t: t["percent"] - 80, deviation=0.0)


def by_symbol(chart) -> dict[str, list]:
    found: dict[str, list] = {}
    for trace in chart.figure.data:
        found.setdefault(str(trace.marker.symbol) + str(trace.marker.line.color or ""), []).append(trace)
    return found


def test_a_map_has_every_well_of_its_plate_and_nothing_else():
    chart = plate_map(WELLS, "P1", "percent", "Z' 0.6.", selected="P1_B03", failed=True, dark=True)
    assert {name for trace in chart.figure.data for name in trace.customdata} == {
        "P1_B02",
        "P1_B03",
        "P1_D03",
        "P1_D04",
    }
    first = chart.figure.data[0]
    assert list(first.x) == [2, 3, 3] and list(first.y) == [0, 0, 1]  # C holds nothing: B and D stand side by side
    assert list(first.marker.color) == [100.0, 60.0, 90.0]
    marks = by_symbol(chart)
    assert list(marks[f"x-thin{FAILED[True]}"][0].customdata) == ["P1_D03"]
    assert list(marks[f"square-open{FAILED[True]}"][0].customdata) == ["P1_B03"]
    assert list(marks[f"square-open{SELECTED}"][0].customdata) == ["P1_B03"]
    assert chart.figure.layout.shapes[0].line.color == FAILED[True]
    assert chart.figure.layout.yaxis.ticklabelstandoff > 0, "the frame does not run through the letters"
    assert "1 well left out, crossed." in chart.caption and chart.table["Left out"].tolist() == ["", "", "yes", ""]


@pytest.mark.parametrize("value", VALUES)
def test_every_value_can_be_drawn_and_has_a_table(value):
    chart = plate_map(WELLS, "P1", value, "told.")
    assert len(chart.table) == 4 and chart.question == "P1" and "4 wells of P1" in chart.summary


def test_residuals_diverge_around_zero_and_noise_is_not_blown_up():
    assert span(WELLS.assign(residual=[1.0, -2.0, 0, 0, 0, 0]), "residual") == (-30.0, 30.0)
    low, high = span(WELLS, "residual")
    assert low == -high and high > 100
    assert span(WELLS.assign(percent=[100, 60, 90, 0, 0, 910.0]), "percent") == (0.0, 150.0)
    assert span(WELLS.head(0), "percent") == (0.0, 100.0) and span(WELLS.assign(raw=5.0), "raw") == (4.5, 5.5)


def test_an_empty_plate_is_an_empty_map():
    chart = plate_map(WELLS, "P9", "percent", "told.")
    assert chart.table.empty and "0 wells" in chart.summary


def test_medians_by_row_and_column_are_of_living_wells():
    wells = pd.DataFrame(
        [
            ("P1", "B", 2, 100.0, 4.0),
            ("P1", "B", 3, 100.0, 8.0),
            ("P1", "C", 2, 100.0, -20.0),
            ("P1", "C", 3, 10.0, 99.0),
        ],
        columns=["plate", "row", "column", "expected", "residual"],
    )
    chart = places(wells, "P1", "Edge is fine.", "metabolic")
    found = chart.table.set_index("Place")
    assert found[MEDIAN].to_dict() == {"row B": 6.0, "row C": -20.0, "column 2": -8.0, "column 3": 8.0}
    assert found.loc["column 3", "Wells"] == 1  # the dead well says nothing of its place
    assert "Farthest off is row C with −20.0" in chart.summary and "Edge is fine." in chart.caption
    assert places(wells.head(0), "P1", "", "metabolic").table.empty
