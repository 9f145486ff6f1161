import numpy as np
import pandas as pd
import pytest

from engine.figures.entity import r2_histogram, relative_sensitivity, type_medians
from engine.figures.template import LIGHT, SELECTED
from engine.figures.waterfall import CROWDED, NAMED, most_sensitive, pair_table, waterfall


def pairs(n: int = 4, **more) -> pd.DataFrame:
    """Lines L0.. measured at 3, 1, -1, -3, -5, ...; predictions half a unit above; intervals of +- 1."""
    observed = 3.0 - 2.0 * np.arange(n)
    frame = pd.DataFrame({"id": range(n), "name": [f"L{i}" for i in range(n)], "grp": ["SKCM", "LUAD"] * (n // 2)})
    frame = frame.assign(observed=observed, predicted=observed + 0.5, naive=0.0, fold=0)
    return frame.assign(lower=frame["predicted"] - 1, upper=frame["predicted"] + 1, **more)


def traces(chart) -> dict:
    return {trace.name: trace for trace in chart.figure.data if trace.name}


def test_waterfall_runs_from_the_most_sensitive_on():
    chart = waterfall(pairs(), "drug", "ensemble", "published split", -2.0)
    found = traces(chart)
    assert list(found["observed"].y) == [-3.0, -1.0, 1.0, 3.0] and list(found["observed"].x) == [1, 2, 3, 4]
    assert list(found["predicted"].y) == [-2.5, -0.5, 1.5, 3.5]
    assert list(chart.figure.layout.xaxis.ticktext) == ["L3", "L2", "L1", "L0"]
    assert found["observed"].marker.color == LIGHT.text
    assert found["predicted"].marker.symbol == "circle" and found["predicted"].marker.color == LIGHT.ground
    assert [y for y in found["interval"].y if not np.isnan(y)] == [-3.5, -1.5, -1.5, 0.5, 0.5, 2.5, 2.5, 4.5]
    assert chart.question == "Which lines does it act on, and was it predicted?"
    assert chart.caption == (
        "4 held-out pairs, published split. Filled: observed. Open: ensemble. "
        "Thin line: its 90 % interval, which holds 4 of 4 measured values."
    )
    assert "from −3.00 to 3.00; 1 sensitive (below −2). Most sensitive: L3 −3.00" in chart.summary


def test_waterfall_has_the_threshold_and_both_units():
    figure = waterfall(pairs(), "drug", "ensemble", "", -2.0).figure
    assert [shape.y0 for shape in figure.layout.shapes] == [-2.0]
    assert figure.layout.annotations[0].text == "sensitive below −2 (0.14 µM)"
    right = dict(zip(figure.layout.yaxis2.ticktext, figure.layout.yaxis2.tickvals, strict=True))
    assert right["10"] == pytest.approx(2.302585) and right["0.1"] == pytest.approx(-2.302585)
    assert figure.layout.yaxis2.matches == "y"
    hover = traces(waterfall(pairs(), "drug", "ensemble", "", -2.0))["observed"].text[0]
    assert hover == (
        "<b>L3</b> (LUAD)<br>observed −3.00 (0.0498 µM)<br>predicted −2.50 (0.0821 µM)<br>90 % interval −3.50 to −1.50"
    )


def test_a_threshold_far_from_the_values_stays_in_sight():
    low, high = waterfall(pairs().assign(observed=5.0), "drug", "ensemble", "", -4.0).figure.layout.yaxis.range
    assert low < -4 and high > 5


def test_a_baseline_is_a_dash_and_a_run_without_intervals_says_so():
    bare = pairs().assign(lower=np.nan, upper=np.nan)
    chart = waterfall(bare, "cell_line", "mean_effects", "published split", -2.0)
    marks = traces(chart)["predicted"].marker
    assert marks.symbol == "line-ew" and marks.line.color == LIGHT.resistant
    assert chart.caption.endswith("Dash: mean effects. This run kept no prediction intervals.")
    assert chart.question == "Which drugs act on it, and was it predicted?"


def test_measured_pairs_are_never_shown_as_predicted():
    measured = pairs()[["id", "name", "grp", "observed"]]
    chart = waterfall(measured, "drug", "ensemble", "GDSC1", -2.0)
    assert set(traces(chart)) == {"observed"}
    assert chart.caption == "4 measured pairs, GDSC1. Filled: observed."
    assert "redicted" not in chart.question + chart.caption + chart.summary + "".join(chart.table.columns)


def test_many_pairs_have_no_names_and_smaller_marks():
    many = waterfall(pairs(CROWDED + 2), "drug", "ensemble", "", -2.0)
    assert len(many.figure.layout.xaxis.ticktext) == 0
    sizes = [traces(waterfall(pairs(n), "drug", "m", "", -2.0))["observed"].marker.size for n in (NAMED, CROWDED, 200)]
    assert sizes == [8, 6, 4]


def test_pair_table_has_both_units_and_the_baseline():
    table = pair_table(pairs(2).assign(grp=[None, "LUAD"]), "drug")
    assert table.iloc[0].to_dict() == {
        "Cell line": "L0",
        "Cancer type": "not known",
        "Observed ln(IC50), µM": 3.0,
        "Observed IC50, µM": pytest.approx(20.085537),
        "Predicted ln(IC50), µM": 3.5,
        "Interval from": 2.5,
        "Interval to": 4.5,
        "Residual, ln µM": 0.5,
        "Baseline ln(IC50), µM": 0.0,
    }
    assert list(pair_table(pairs(2), "cell_line").columns[:2]) == ["Drug", "Target pathway"]


def test_the_lowest_ic50_by_name():
    assert most_sensitive(pairs().sort_values("observed")) == "L3 0.0498 µM, L2 0.368 µM, L1 2.72 µM"


def spreads(r2: list[float | None], n: int = 20) -> pd.DataFrame:
    frame = pd.DataFrame({"id": range(len(r2)), "name": [f"D{i}" for i in range(len(r2))], "n": n, "r2": r2})
    return frame.astype({"r2": float}).assign(sd=1.0, low=0.0, high=3.0, rmse=1.0, bias=0.0)


def test_histogram_marks_this_one_and_names_the_best_and_the_worst():
    chart = r2_histogram(spreads([0.9, 0.5, 0.51, 0.1]), spreads([0.2, 0.4]), 1, "drug", "ensemble", "published split")
    bars = chart.figure.data[0]
    assert sum(bars.y) == 4 and max(bars.y) == 2
    assert bars.y[list(bars.customdata).index("0.5 to 0.55")] == 2
    labels = {label.text: label.x for label in chart.figure.layout.annotations}
    assert labels == {"worst: D3 0.100": 0.1, "best: D0 0.900": 0.9, "D1 0.500": 0.5}
    assert [shape.line.color for shape in chart.figure.layout.shapes].count(SELECTED) == 1
    assert "Median 0.505; strongest naive baseline 0.300." in chart.caption
    assert "D1 is number 3 of 4 with 0.500." in chart.summary
    assert list(chart.table["Drug"]) == ["D0", "D2", "D1", "D3"]


def test_a_very_low_r2_stands_in_the_first_bar_and_is_counted():
    chart = r2_histogram(spreads([-20.0, -2.0, -0.95, 0.4]), spreads([]), 0, "drug", "ensemble", "")
    bars = chart.figure.data[0]
    assert bars.customdata[0] == "below −0.9" and bars.y[0] == 3 and sum(bars.y) == 4
    assert "First bar: 2 drugs below −1." in chart.caption
    own = next(label for label in chart.figure.layout.annotations if "D0" in label.text)
    assert own.text == "worst: D0 −20.0" and own.x == -1


def test_few_pairs_are_not_called_best_or_worst():
    known = spreads([0.9, 0.5, 0.3]).assign(n=[4, 20, 20])
    texts = [label.text for label in r2_histogram(known, known, 0, "drug", "m", "").figure.layout.annotations]
    assert texts == ["worst: D2 0.300", "best: D1 0.500", "D0 0.900"]
    all_few = r2_histogram(known.assign(n=4), known, 9, "drug", "m", "")
    assert [label.text for label in all_few.figure.layout.annotations] == ["worst: D2 0.300", "best: D0 0.900"]


def test_undefined_r2_is_counted_and_not_drawn():
    chart = r2_histogram(spreads([None, 0.5]), spreads([]), 0, "cell_line", "ensemble", "x")
    assert sum(chart.figure.data[0].y) == 1
    assert "Not defined for 1 cell line with fewer than 3 pairs or one measured value." in chart.caption
    nothing = r2_histogram(spreads([None]), spreads([]), 0, "cell_line", "ensemble", "x")
    assert "not defined for any cell line" in nothing.summary


def test_type_medians_put_the_most_sensitive_type_first():
    frame = pd.DataFrame(
        {
            "id": range(7),
            "grp": ["SKCM", "SKCM", "SKCM", "LUAD", "LUAD", "LUAD", None],
            "observed": [-3.0, -1.0, -2.0, 4.0, 2.0, 0.0, 9.0],
            "predicted": [0.0, 1.0, 2.0, 3.0, 1.0, 5.0, 9.0],
            "naive": [0.5, 0.5, 0.5, 2.5, 2.5, 2.5, 2.5],
        }
    )
    chart = type_medians(frame, "ensemble", "drug_mean", "published split")
    assert list(chart.table["Cancer type"]) == ["SKCM", "LUAD", "type unknown"]
    assert list(chart.table["Observed median ln(IC50), µM"]) == [-2.0, 2.0, 9.0]
    assert list(chart.table["Predicted median ln(IC50), µM"]) == [1.0, 3.0, 9.0]
    assert list(chart.table["Held-out lines"]) == [3, 3, 1]
    assert list(chart.figure.layout.yaxis.ticktext) == ["SKCM (3)", "LUAD (3)"]  # one line is no type
    assert traces(chart)["naive"].marker.symbol == "line-ns"
    assert "(1 more type with fewer than 3: see the table)" in chart.caption
    assert "Published split." in chart.caption and "Grey dash: drug mean." in chart.caption
    assert chart.summary == (
        "Most sensitive of 3 cancer types: SKCM (n 3), observed median −2.00, predicted median 1.00, "
        "baseline median 0.500."
    )


def test_type_medians_of_measured_values_have_nothing_predicted():
    chart = type_medians(pairs()[["id", "name", "grp", "observed"]], "ensemble", "drug_mean", "GDSC1")
    assert set(traces(chart)) == {"observed"}
    assert list(chart.table.columns) == ["Cancer type", "Observed median ln(IC50), µM", "Measured lines"]
    same = type_medians(pairs(), "drug_mean", "drug_mean", "")
    assert set(traces(same)) == {"observed", "predicted"}  # the baseline once, as the chosen model


def test_relative_sensitivity_sorts_by_predicted_z():
    known = pairs(z_observed=[1.0, 0.0, -1.0, np.nan], z_predicted=[0.5, -2.0, -1.0, np.nan], z_naive=np.nan)
    chart = relative_sensitivity(known, "ensemble", "drug_mean", "unseen cell lines")
    assert list(chart.table["Drug"]) == ["L1", "L2", "L0"]
    assert list(chart.figure.layout.yaxis.ticktext) == ["L1", "L2", "L0"]
    # r of (1, 0, -1) and (0.5, -2, -1): 1.5 / sqrt(2 x 3.1667)
    assert "over 3 drugs: 0.596; drug mean not defined." in chart.caption
    assert "L1: z −2.00, observed 0" in chart.summary
    assert relative_sensitivity(known.assign(z_predicted=np.nan), "ensemble", "drug_mean", "") is None
