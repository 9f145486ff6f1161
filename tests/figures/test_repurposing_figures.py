"""The repurposing matrix and one cell's lines as figures, against a matrix made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.figures.repurposing import matrix_chart, matrix_height
from engine.figures.repurposing_lines import intervals_from, line_table, lines_chart
from engine.figures.repurposing_order import MOST_CLUSTERED, clustered, column_order, row_order
from engine.figures.repurposing_view import MEASURES, MatrixView, matrix_table
from engine.response.repurpose import Matrix, Thresholds

SHARE = np.array([[0.0, 0.5, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.2]])
MEDIAN = np.array([[3.0, -2.0, -4.0], [-5.0, -5.0, -5.0], [4.0, 3.0, 1.0]])


def matrix() -> Matrix:
    n = np.array([10, 20, 10])
    return Matrix(
        types=("BRCA", "GBM", "SKCM"),
        left_out=("MB",),
        n_lines=n,
        count=np.rint(SHARE * n).astype(int),
        share=SHARE,
        median=MEDIAN,
        sure=SHARE / 2,
        selectivity=np.array([[1.5, 0.0, -1.5], [-0.5, 0.5, 0.0], [0.1, 0.2, np.nan]]),
        selectivity_sd=1.2,
        p=np.full((3, 3), 0.01),
        q=np.full((3, 3), 0.04),
    )


def view(**changed) -> MatrixView:
    molecules = pd.DataFrame(
        {
            "name": ["Cobimetinib", "Bortezomib", "Disulfiram"],
            "drug_class": ["oncology", "oncology", "non-oncology"],
            "cancer_types": ["SKCM", "MM", ""],
            "n_types": [2, 3, 1],
            "cytotoxic": [False, True, False],
        }
    )
    shown = MatrixView(matrix(), molecules, np.array([1, 0, 2]), np.array([2, 0, 1]), "share", Thresholds())
    return replace(shown, **changed)


def trace(item, name: str):
    return [one for one in item.figure.data if one.name == name]


def test_cells_are_drawn_in_the_order_asked_for():
    item = matrix_chart(view(), "a library")
    assert item.figure.data[0].z.tolist() == [[100, 100, 100], [100, 0, 50], [pytest.approx(20), 0, 0]]
    assert (item.figure.data[0].zmin, item.figure.data[0].zmax) == (0, 100)
    assert list(item.figure.layout.yaxis.ticktext) == ["Bortezomib", "Cobimetinib", "Disulfiram"]
    assert list(item.figure.layout.xaxis.ticktext)[:3] == ["SKCM", "BRCA", "GBM"]


def test_every_cell_has_a_point_that_says_which_it_is():
    points = trace(matrix_chart(view(), ""), "cells")[0]
    assert points.customdata.tolist() == [5, 3, 4, 2, 0, 1, 8, 6, 7]  # 3 x molecule + type
    assert list(zip(points.x, points.y, strict=True))[:4] == [(0, 0), (1, 0), (2, 0), (0, 1)]
    assert points.marker.maxdisplayed == 1 and points.marker.opacity == 0
    assert "<b>Cobimetinib</b> in SKCM" in points.text[3] and "sensitive: 10 of 10 (100 %)" in points.text[3]
    assert "approved for it" in points.text[3] and "approved for it" not in points.text[4]


def test_approved_and_chosen_cells_are_outlined_and_poisons_flagged():
    item = matrix_chart(view(chosen=(2, 1)), "")
    boxes = [(min(one.x[:5]), min(one.y[:5])) for one in trace(item, "outline")]
    assert boxes[0] == pytest.approx((-0.42, 0.58))  # Cobimetinib, SKCM: second row, first column
    assert boxes[-1] == pytest.approx((1.48, 1.48))  # Disulfiram, GBM
    assert trace(item, "generally cytotoxic")[0].y.tolist() == [0]
    assert trace(item, "oncology")[0].y.tolist() == [0, 1]


def test_a_chosen_cell_on_another_page_is_not_outlined():
    assert len(trace(matrix_chart(view(rows=np.array([2]), chosen=(1, 0)), ""), "outline")) == 0


@pytest.mark.parametrize(("measure", "middle"), [("median", -2.0), ("selectivity", 0.0)])
def test_two_sided_colours_turn_at_a_named_zero(measure: str, middle: float):
    shown = view(measure=measure)
    low, high = shown.limits()
    assert (low + high) / 2 == pytest.approx(middle) and low < high
    assert shown.limits() == replace(shown, rows=np.array([2])).limits()  # the same on every page


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("dark", [False, True])
def test_every_chart_has_words_and_a_table(measure: str, dark: bool):
    item = matrix_chart(view(measure=measure), "a library", dark)
    assert item.caption.startswith("3 drugs × 3 cancer types, a library.")
    assert item.summary.endswith("1 generally cytotoxic.")
    assert list(item.table["Drug"]) == ["Bortezomib", "Cobimetinib", "Disulfiram"]
    assert "nan" not in item.summary


def test_the_table_tells_class_flag_and_values_in_percent():
    table = matrix_table(view())
    assert list(table.columns[:4]) == ["Drug", "Class", "Sensitive types", "Generally cytotoxic"]
    assert table.loc[0, "Generally cytotoxic"] == "yes" and table.loc[1, "GBM, %"] == 50.0


def test_an_empty_matrix_says_so():
    item = matrix_chart(view(rows=np.array([], int)), "")
    assert item.summary == "No cell to show."


def test_thousands_of_rows_travel_without_a_text_each():
    n = 1500
    shown, random = view(), np.random.default_rng(0)
    many = {name: random.random((n, 25)) for name in ("share", "median", "sure", "selectivity", "p", "q")}
    types = tuple(f"T{one}" for one in range(25))
    found = Matrix(
        types=types, left_out=(), n_lines=np.full(25, 30), count=np.ones((n, 25), int), selectivity_sd=1.0, **many
    )
    molecules = pd.DataFrame(
        {"name": [f"Drug {one}" for one in range(n)], "drug_class": "unknown", "cancer_types": "", "n_types": 0}
    ).assign(cytotoxic=False)
    item = matrix_chart(replace(shown, found=found, molecules=molecules, rows=np.arange(n), columns=np.arange(25)), "")
    points = trace(item, "cells")[0]
    assert points.text is None and len(points.customdata) == 37_500
    assert len(item.figure.to_json()) < 1_500_000
    assert item.figure.layout.yaxis.showticklabels is False and item.figure.layout.height < 1600


def test_few_rows_are_roomy_and_many_are_not_endless():
    assert matrix_height(10) == 110 + 230
    assert matrix_height(60) == 110 + 780
    assert matrix_height(5000) == 110 + 1400


def test_clustering_puts_likes_together_and_the_sensitive_first():
    values = np.array([[0.9, 0.9], [0.0, 0.1], [1.0, 0.9], [0.1, 0.0]])
    assert set(clustered(values)[:2]) in ({0, 2}, {1, 3})
    order = row_order("cluster", values, np.zeros(4), np.array(list("abcd")), low_first=False)
    assert order.tolist()[0] == 2 and set(order[:2]) == {0, 2}
    assert set(row_order("cluster", values, np.zeros(4), np.array(list("abcd")), low_first=True)[:2]) == {1, 3}


def test_more_rows_than_a_dendrogram_holds_stand_by_their_sensitive_types():
    n = MOST_CLUSTERED + 1
    values = np.random.default_rng(0).random((n, 3))
    n_types, names = np.arange(n), np.array([f"m{i}" for i in range(n)])
    assert row_order("cluster", values, n_types, names, low_first=False).tolist() == list(range(n))[::-1]


def test_rows_are_sorted_by_name_types_or_value():
    names, n_types = np.array(["b", "A", "c"]), np.array([1, 3, 3])
    values = np.array([[5.0, -1.0], [2.0, 2.0], [np.nan, 1.0]])
    assert row_order("name", values, n_types, names, True).tolist() == [1, 0, 2]
    assert row_order("value", values, n_types, names, True).tolist() == [0, 2, 1]
    assert row_order("hits", values, n_types, names, True).tolist() == [2, 1, 0]
    assert column_order("name", values, ("z", "a")).tolist() == [1, 0]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_too_few_rows_to_cluster_stay(rows: int):
    values = np.zeros((rows, 3))
    assert len(row_order("cluster", values, np.zeros(rows), np.array(["a"] * rows), False)) == rows
    assert sorted(column_order("cluster", values, ("A", "B", "C"))) == [0, 1, 2]


def lines(observed: bool = True) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cosmic_id": [1, 2, 3],
            "name": ["A375", "SK-MEL-2", "COLO"],
            "mean": [-1.0, -4.0, -2.5],
            "lower": [-3.0, -6.0, -4.5],
            "upper": [1.0, -2.5, -0.5],
            "observed": [-1.5, np.nan, -6.0] if observed else [np.nan] * 3,
        }
    )


def test_lines_stand_most_sensitive_first_with_interval_and_observed():
    item = lines_chart(lines(), "Cobimetinib", "SKCM", -2.0)
    assert item.figure.data[1].y.tolist() == [-4.0, -2.5, -1.0]
    assert item.figure.data[2].y.tolist() == [-6.0, -1.5] and item.figure.data[2].x.tolist() == [2, 3]
    assert "Filled: observed in 2 of 3 lines; 1 of 2 measured within their interval (90 % expected)" in item.caption
    assert "2 sensitive (below −2), 1 even at the upper bound" in item.summary
    assert list(item.table["Cell line"]) == ["SK-MEL-2", "COLO", "A375"]


def test_intervals_say_what_they_were_calibrated_on():
    unlike = intervals_from("cell_line", known=False)
    assert unlike.endswith(", too narrow for unseen drugs such as this")
    assert "too narrow" not in intervals_from("cell_line", known=True)
    assert "too narrow" not in intervals_from("drug", known=False) and intervals_from(None, known=False) == ""
    caption = lines_chart(lines(), "Disulfiram", "GBM", -2.0, intervals=unlike).caption
    assert f"Thin line: 90 % interval, {unlike}." in caption


def test_the_threshold_is_named_above_the_picture():
    (note,) = lines_chart(lines(), "Cobimetinib", "SKCM", -2.0).figure.layout.annotations
    assert note.text == "dashed: sensitive below −2 (0.14 µM)"
    assert (note.yref, note.y, note.yanchor) == ("y domain", 1, "bottom")


def test_the_type_asked_about_stands_first_and_bold():
    assert column_order("name", np.zeros((2, 3)), ("A", "B", "C"), "C").tolist() == [2, 0, 1]
    assert column_order("cluster", np.eye(3), ("A", "B", "C"), "B")[0] == 1
    assert column_order("name", np.zeros((2, 3)), ("A", "B", "C"), "no type").tolist() == [0, 1, 2]
    item = matrix_chart(view(cancer_type="SKCM"), "a library")
    assert item.figure.layout.xaxis.ticktext[:2] == ("<b>SKCM</b>", "BRCA")
    assert "First column: Melanoma (SKCM), which is asked about." in item.caption


def test_names_of_many_types_stand_upright():
    assert matrix_chart(view(), "").figure.layout.xaxis.tickangle == -55
    wide = {name: np.zeros((3, 13)) for name in ("share", "median", "selectivity", "q")}
    types = tuple(f"T{i}" for i in range(13))
    many = replace(matrix(), types=types, n_lines=np.full(13, 10), count=np.zeros((3, 13), int), **wide)
    assert matrix_chart(view(found=many, columns=np.arange(13)), "").figure.layout.xaxis.tickangle == -90


def test_lines_that_nobody_measured_and_runs_without_intervals():
    found = lines(observed=False).assign(lower=np.nan, upper=np.nan)
    item = lines_chart(found, "Disulfiram", "GBM", -2.0, dark=True)
    assert "Nobody measured" in item.caption and "no prediction intervals" in item.caption
    assert "nan" not in item.summary and line_table(found)["Observed, ln µM"].isna().all()
