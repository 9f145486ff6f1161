"""The waterfall: hits and others, intervals, another readout, drugs without a score, classes, and many drugs."""

import numpy as np
import pandas as pd
import pytest

from engine.figures.classes import DARK, LIGHT, class_colours
from engine.figures.screen_hits import NAMED, STRONGEST, HitView, drawn, hit_table, waterfall, why
from engine.figures.template import SELECTED, palette
from engine.spheroid.hits import NOT_TOLD


def rows_of(scores: dict[str, float], **more) -> pd.DataFrame:
    frame = pd.DataFrame({"drug": list(scores), "dss_asym": list(scores.values())})
    frame = frame.assign(
        name=frame["drug"], addon="", hit=frame["dss_asym"] >= 10, reason="", beside=np.nan, group="Kinase inhibitor",
        subgroup="MEK", dss_lower=frame["dss_asym"] - 1, dss_upper=frame["dss_asym"] + 2, n_wells=10,
    )  # fmt: skip
    for name in (
        "sdss",
        "zdss",
        "rdss",
        "dcdss",
        "gof",
        "p_value",
        "ic50_nm",
        "rel_ic50_nm",
        "imax",
        "dss1",
        "dss2",
        "dss3",
    ):
        frame[name] = np.nan if name in ("sdss", "zdss", "rdss", "dcdss") else 0.5
    return frame.assign(**more)


def view_of(rows: pd.DataFrame, chosen: str = "a", expected: tuple[str, ...] = (), beside: str = "") -> HitView:
    return HitView(rows, chosen, "image_3", beside, expected, tuple(rows["group"]), "mine")


def test_hits_are_teal_others_grey_and_the_chosen_one_outlined():
    chart = waterfall(view_of(rows_of({"b": 30.0, "a": 12.0, "c": 9.99})))
    bars = chart.figure.data[0]
    teal, grey = palette(False).sensitive, palette(False).resistant
    assert list(bars.marker.color) == [teal, teal, grey] and list(bars.marker.line.width) == [0, 3, 0]
    assert bars.marker.line.color == SELECTED and list(bars.customdata) == ["b", "a", "c"]
    frame, line = chart.figure.layout.shapes
    assert (frame.x0, frame.x1, frame.line.color) == (0.5, 1.5, SELECTED)  # also where a bar has no height
    assert list(chart.figure.layout.xaxis.ticktext) == ["b", "<b>a</b>", "c"]
    assert (line.y0, line.line.dash, line.line.color) == (10, "dash", SELECTED)
    assert "2 of 3 drugs with a DSS of 10 or more" in chart.summary and "b 30.0" in chart.summary
    ends = [one for one in chart.figure.data[1].y if one == one]
    assert ends == [29.0, 32.0, 11.0, 14.0, 8.99, 11.99]


def test_another_readout_is_a_tick_and_an_expected_hit_a_star():
    rows = rows_of({"a": 20.0, "b": 5.0}, beside=[8.0, np.nan])
    chart = waterfall(view_of(rows, expected=("b",), beside="metabolic"))
    symbols = {
        trace.marker.symbol: trace for trace in chart.figure.data if trace.type == "scatter" and trace.marker.symbol
    }
    assert symbols["line-ew-open"].y[0] == 8 and list(symbols["star"].customdata) == ["b"]
    assert "Tick: metabolic." in chart.caption and "Star: expected to hit." in chart.caption
    assert chart.table["DSS, metabolic"].tolist()[0] == 8


def test_drugs_without_a_score_say_why():
    rows = rows_of({"a": np.nan, "b": np.nan, "c": 3.0}, reason=["left out: Debris (Anna)", "one dose only", ""])
    chart = waterfall(view_of(rows))
    signs = {trace.text[0]: trace.hovertext[0] for trace in chart.figure.select_traces({"mode": "text"})}
    assert signs == {"×": "<b>a</b><br>Left out: Debris (Anna)", "?": "<b>b</b><br>No fit: one dose only"}
    assert chart.table["Without a score"].tolist() == ["Left out: Debris (Anna)", "No fit: one dose only", ""]
    assert why("") == "No fit: not told why"


def test_nothing_scored_and_nothing_at_all_can_be_drawn():
    assert waterfall(view_of(rows_of({"a": np.nan}))).summary == "None of 1 drug has a score."
    assert len(waterfall(view_of(rows_of({}).astype({"name": str}))).table) == 0


@pytest.mark.parametrize("dark", [False, True])
def test_classes_keep_their_colours_when_drugs_are_filtered(dark):
    groups = ["A"] * 3 + ["B"] * 2 + ["C"]
    rows = rows_of({"x": 20.0, "y": 3.0}, group=["B", "C"])
    chart = waterfall(HitView(rows, "x", "mos", "", (), tuple(groups), "mine"), dark)
    strips = {trace.name: trace.marker.color for trace in chart.figure.data if trace.type == "bar" and trace.name}
    colours = DARK if dark else LIGHT
    assert strips == {"B": colours[1], "C": colours[2]}


def test_beyond_eight_classes_the_rest_is_grey_and_without_classes_there_is_no_strip():
    groups = [name for n, name in enumerate("ABCDEFGHIJ") for _ in range(10 - n)]
    colours = class_colours(groups)
    assert len(set(colours.values())) == 9 and colours["I"] == colours["J"] == palette(False).resistant
    chart = waterfall(view_of(rows_of({"a": 20.0}, group=NOT_TOLD, subgroup="")))
    assert [trace.type for trace in chart.figure.data].count("bar") == 1


def test_of_many_drugs_the_strongest_are_drawn_with_chosen_and_expected():
    rows = rows_of({f"d{n:04d}": 40 - n / 25 for n in range(1000)})
    view = view_of(rows, "d0900", ("d0950",))
    found = drawn(view)
    assert len(found) == STRONGEST + 2 and found["drug"].tolist()[-2:] == ["d0900", "d0950"]
    chart = waterfall(view)
    assert len(chart.table) == 1000 and "The strongest 77 of 1,000 drugs" in chart.caption
    assert len(drawn(view_of(rows.head(NAMED)))) == NAMED


def test_a_drug_with_an_addition_is_no_further_drug():
    rows = rows_of({"a": 20.0, "b": 15.0, "c": 5.0}).assign(addon=["", "T", ""])
    chart = waterfall(view_of(rows))
    assert "3 of 3 bars (2 drugs alone, 1 with an addition) drawn" in chart.caption and "+: with T." in chart.caption
    assert list(chart.figure.layout.xaxis.ticktext) == ["<b>a</b>", "b +", "c"]


def test_selective_scores_are_columns_where_there_are_any():
    rows = rows_of({"a": 20.0})
    assert "sDSS" not in hit_table(rows, "") and "sDSS" in hit_table(rows.assign(sdss=4.0), "")
