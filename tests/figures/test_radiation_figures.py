"""Charts of radiosensitivity: what is drawn, in which order, and what is said of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.figures.radiation import Part, models_beside, predicted_vs_measured
from engine.figures.radiation_curves import agreement_chart, bad_fit, curve_words, lines_table, survival_curve
from engine.figures.radiation_errors import errors_in_panel_order, panel_forest
from engine.figures.radiation_own import movers_chart, own_beside_nearest, own_table, reach, skill_words
from engine.figures.radiation_words import (
    Measured,
    best_model,
    fixed_baseline,
    gained_words,
    leukaemia_words,
    measure,
    neighbour_words,
    rough_time,
    said,
    short_said,
    trained_words,
    unseen_words,
)
from engine.figures.template import SELECTED
from engine.radiation.agreement import agree
from engine.radiation.shown import Gained, LookUps
from engine.radiation.types import SamplePrediction

ONE = SamplePrediction(
    sample="mine", line="", model="network", sf2=0.4, lower=0.2, upper=0.6,
    nearest=(("A549", 0.9, 0.61), ("K-562", 0.5, 0.05)), inside=True,
    movers=(("1_at", "TP53", -0.03, False), ("2_at", "STAT1", 0.02, True), ("3_at", "", 0.01, False)),
)  # fmt: skip


def rows(level: str = "sample") -> pd.DataFrame:
    """Four arrays of two lines in two panels; one wrong and hard, one rescued."""
    frame = pd.DataFrame(
        {
            "model": "network",
            "sample": ["K-562 1", "K-562 2", "A549 1", "A549 2"],
            "line": ["K-562", "K-562", "A549", "A549"],
            "panel": ["Leukemia", "Leukemia", "Non-small cell lung", "Non-small cell lung"],
            "observed": [0.05, 0.05, 0.61, 0.61],
            "mean": [0.30, 0.09, 0.60, 0.61],
            "after": [0.28, 0.05, np.nan, np.nan],
            "lower": np.nan,
            "upper": np.nan,
            "verdict": ["prediction-hard", "rescued", "correct", "correct"],
            "error_class": ["over 10 %", "over 10 %", "under 2 %", "under 2 %"],
        }
    )
    error = (frame["mean"] - frame["observed"]).abs()
    frame = frame.assign(absolute_error=error, relative_error=error / frame["observed"])
    return frame if level == "sample" else frame.iloc[::2].assign(lower=0.0, upper=0.9)


def metrics(**of: dict[str, float]) -> pd.DataFrame:
    """Rows of the table metric: model -> name -> value, in samples and lines alike, with an interval of 0.1 around."""
    found = [
        (model, scope, "", name, value, value - 0.1, value + 0.1, 20)
        for model, named in of.items()
        for name, value in named.items()
        for scope in ("samples", "lines")
    ]
    return pd.DataFrame(found, columns=["model", "scope", "key", "name", "value", "lower", "upper", "n"])


@pytest.mark.parametrize("dark", [False, True])
def test_both_protocols_stand_side_by_side_with_the_same_axes(dark: bool):
    parts = [Part("published", rows()), Part("grouped", rows())]
    chart = predicted_vs_measured(parts, "network", "sample", "NCI-60", dark)
    titles = [note.text for note in chart.figure.layout.annotations]
    assert titles == ["Published protocol", "Grouped by line"]
    assert chart.figure.layout.xaxis.range == chart.figure.layout.xaxis2.range == chart.figure.layout.yaxis.range
    drawn = [trace for trace in chart.figure.data if trace.mode == "markers"]
    assert [len(trace.x) for trace in drawn] == [2, 2, 2, 2]  # not correct, correct, of either protocol
    assert len(chart.table) == 4 and list(chart.table["Verdict, grouped"]) == list(rows()["verdict"])
    assert "2 of 4 arrays predicted correctly" in chart.summary
    assert list(chart.table)[4] == "Predicted, grouped"  # a narrow window shows the first columns


def test_lines_carry_their_intervals_and_arrays_do_not():
    of_lines = predicted_vs_measured([Part("grouped", rows("line"))], "network", "line", "NCI-60")
    assert "Thin lines: 90 % intervals." in of_lines.caption and "2 cell lines" in of_lines.caption
    drawn = [trace for trace in of_lines.figure.data if trace.mode == "markers"]
    assert drawn[0].error_y.array == (0.6,)  # from 0.30 up to 0.9
    arrays = predicted_vs_measured([Part("grouped", rows())], "network", "sample", "NCI-60")
    assert "Thin lines" not in arrays.caption


def test_every_model_stands_beside_the_baselines_in_one_order():
    tables = {
        "published": metrics(network={"r": 0.99}, nearest_neighbour={"r": 0.98}),
        "grouped": metrics(network={"r": 0.3}, nearest_neighbour={"r": 0.2}, mean={"r": -0.4}),
    }
    chart = models_beside(tables, "r", "lines", "network", "NCI-60")
    assert list(chart.figure.layout.yaxis.ticktext) == ["<b>Network</b>", "Nearest neighbour", "Mean"]
    assert list(chart.figure.layout.yaxis.tickvals) == [3, 2, 1]  # the best on top
    assert "below 0 by construction" in chart.caption
    assert {trace.marker.symbol for trace in chart.figure.data} == {"line-ns", "circle", "x-thin"}
    assert len(chart.table) == 5


def test_errors_stand_in_the_order_given_with_hard_ones_in_red():
    chart = errors_in_panel_order(rows(), "network", "NCI-60")
    assert list(chart.figure.layout.yaxis.ticktext) == ["K-562", "A549"]
    assert [note.text for note in chart.figure.layout.annotations] == ["Leukemia", "Non-small cell lung"]
    hard = next(trace for trace in chart.figure.data if trace.name == "prediction-hard")
    assert hard.marker.line.color == "#c8322b" and "again 0.280" in hard.text[0]
    assert "2 correct, 1 rescued, 1 prediction-hard, 0 incorrect" in chart.summary
    assert "grey" not in chart.caption and "red: prediction-hard" in chart.caption


def test_many_lines_are_told_by_their_panel_alone():
    many = pd.concat([rows().assign(line=f"L{i}", sample=[f"L{i} {k}" for k in range(4)]) for i in range(95)])
    chart = errors_in_panel_order(many, "network", "many")
    assert chart.figure.layout.yaxis.ticktext == () and chart.figure.layout.height < 700


def test_panels_follow_all_arrays_and_those_without_leukaemia():
    table = metrics(network={"rmse": 0.2})
    more = [("network", "panel", panel, "rmse", value, np.nan, np.nan, 6)
            for panel, value in (("Breast", 0.1), ("Leukemia", 0.3))]  # fmt: skip
    more.append(("network", "without_leukaemia", "", "rmse", 0.15, 0.1, 0.2, 14))
    table = pd.concat([table, pd.DataFrame(more, columns=table.columns)])
    chart = panel_forest(table, "network", "", "rmse", "NCI-60")
    assert list(chart.table["Panel"]) == ["All arrays", "Without leukaemia", "Leukemia", "Breast"]
    assert list(chart.table["95 % interval"])[2] == "no interval"


def curve_row(**more: float) -> pd.Series:
    known = {"alpha_per_gy": 0.3, "beta_per_gy2": 0.03, "sf2": 0.5, "n_doses": 3} | more
    ends = {f"{name}_{end}": np.nan for name in ("sf2", "alpha", "beta") for end in ("lower", "upper")}
    return pd.Series({"line": "A549", "sf2_from": "fit", "panel": "Lung", **ends, **known})


def test_a_survival_curve_passes_through_its_own_formula():
    points = pd.DataFrame({"dose_gy": [2.0, 4.0, 8.0], "replicate": 1, "surviving_fraction": [0.5, 0.2, 0.0]})
    chart = survival_curve(points, curve_row(), "mine")
    curve = chart.figure.data[0]
    at_2 = np.interp(2.0, curve.x, curve.y)
    assert at_2 == pytest.approx(np.exp(-(0.3 * 2 + 0.03 * 4)), rel=2e-3)
    assert "1 point without survivors" in chart.caption and chart.figure.layout.yaxis.type == "log"
    assert (
        curve_words(curve_row())
        == "SF2 0.500 (no interval), α 0.300 per Gy (no interval), β 0.0300 per Gy² (no interval)"
    )


def test_a_curve_that_misses_its_sf2_is_flagged_and_an_interval_only_told_where_there_is_one():
    rows = pd.DataFrame([curve_row(), curve_row(sf2=0.9), curve_row(alpha_per_gy=np.nan)])
    assert list(bad_fit(rows)) == [False, True, False]  # the curve gives 0.487
    assert list(lines_table(rows)["Fit"]) == ["good", "misses SF2 by over 0.1", ""]
    points = pd.DataFrame({"dose_gy": [2.0, 4.0], "replicate": 1, "surviving_fraction": [0.5, 0.2]})
    assert "95 % interval" not in survival_curve(points, curve_row(), "mine").caption


def test_one_dose_is_no_curve():
    points = pd.DataFrame({"dose_gy": [2.0], "replicate": 1, "surviving_fraction": [0.5]})
    row = curve_row(alpha_per_gy=np.nan, beta_per_gy2=np.nan, n_doses=1)
    chart = survival_curve(points, row, "mine")
    assert "Too few doses for a curve" in chart.caption and len(chart.figure.data) == 2
    assert lines_table(row.to_frame().T)["SF2"].iloc[0] == 0.5


def test_two_assays_are_compared_with_their_limits():
    first = pd.Series([0.1, 0.3, 0.5, 0.7], index=list("abcd"))
    found = agree(first, first + 0.1)
    chart = agreement_chart(found, "one", "other")
    low, high = chart.figure.layout.yaxis2.range
    assert low < min(0, *found.limits) and high > max(found.limits)  # nothing stands on the frame
    assert "on average 0.100 higher" in chart.summary and "Pearson r 1.00" in chart.summary
    assert list(chart.table.columns) == ["Cell line", "SF2, one", "SF2, other", "Second − first"]


def test_ones_own_sample_stands_above_its_nearest_lines():
    chart = own_beside_nearest(ONE, "trained on NCI-60")
    assert list(chart.figure.layout.yaxis.ticktext) == ["<b>mine</b>, predicted", "A549", "K-562"]
    assert "90 % interval 0.200 to 0.600" in chart.summary
    table = own_table([ONE])
    assert table["Applicability"].iloc[0] == "within reach" and table["Nearest line"].iloc[0] == "A549"
    assert reach(False) == "extrapolation" and reach(None) == "not known"


def test_a_sample_out_of_reach_has_no_number_to_rely_on():
    chart = own_beside_nearest(replace(ONE, inside=False), "trained on NCI-60")
    assert "Red: out of reach, without an interval." in chart.caption and "no interval" in chart.summary
    assert "0.400" not in "".join(chart.figure.data[-1].text) and "extrapolation" in chart.figure.data[-1].text[0]


def test_a_model_is_worth_what_it_has_over_the_mean_on_left_out_lines():
    table = metrics(network={"rmse": 0.2, "r": 0.4}, mean={"rmse": 0.21}, ridge={"rmse": 0.22, "r": 0.3})
    assert skill_words(table, "network") == ("0.200", "r 0.400 · mean of all lines: 0.210 · n 20 lines", True)
    chance = metrics(network={"rmse": 0.2, "r": 0.05}, mean={"rmse": 0.21})  # the interval of r holds 0
    assert skill_words(chance, "network")[2] is False
    trained_on = own_beside_nearest(replace(ONE, look_up="A549"), "trained on NCI-60")
    assert "90 % interval, from" not in trained_on.caption
    assert skill_words(table, "ridge")[2] is False and skill_words(table, "svr") == ("", "", False)


def test_genes_of_the_rsi_are_marked():
    chart = movers_chart(ONE, "NCI-60")
    assert chart.figure.data[0].marker.color[1] == SELECTED
    assert list(chart.figure.layout.yaxis.ticktext) == ["TP53 (1_at)", "<b>STAT1 (2_at)</b>", "3_at"]
    assert "Orange: STAT1, of the ten genes of the radiosensitivity index (RSI)." in chart.caption


PUBLISHED = metrics(network={"correct": 0.95}, nearest_neighbour={"correct": 0.97})
GROUPED = metrics(network={"correct": 0.2, "rmse": 0.2}, nearest_neighbour={"correct": 0.15}, panel_mean={"rmse": 0.17})


def test_a_look_up_that_explains_the_published_accuracy_is_named():
    claim, text = neighbour_words({"published": PUBLISHED, "grouped": GROUPED}, 3.0, True, LookUps(99, 100))
    assert claim == "A nearest neighbour alone explains the published accuracy."
    assert "artificial replicates" in text and "97.0 % (87.0 to 107.0 %) of 20 arrays" in text
    assert "in 99.0 % of its tests it finds the line's own SF2" in text
    assert "15.0 %" in text and "was recognising a line" in text


def test_a_look_up_that_does_not_explain_it_is_not_said_to():
    weak = metrics(network={"correct": 0.95}, nearest_neighbour={"correct": 0.4})
    claim, text = neighbour_words({"published": weak}, 3.0, False, None)
    assert "does not explain" in claim and "recognising" not in text and "repeat arrays" in text
    assert "Train the grouped protocol" in text
    assert "172 of 174 arrays, after prediction validation" in text and "here a look-up gets 40.0 %" in text
    poor = metrics(network={"correct": 0.2}, nearest_neighbour={"correct": 1.0})
    assert "does no worse than the network" in neighbour_words({"published": poor}, 3.0, False, None)[0]
    claim, text = neighbour_words({"published": PUBLISHED}, 1.0, False, None)
    assert "Every line has one array" in claim
    assert neighbour_words({"grouped": GROUPED}, 3.0, False, None) == ("", "")


@pytest.mark.parametrize(
    ("ends", "words"),
    [((-0.05, 0.02), "cannot be told from"), ((-0.05, -0.01), "is closer than"), ((0.01, 0.05), "is further off than")],
)
def test_what_is_left_for_unseen_lines_is_told_beside_one_fixed_baseline(ends: tuple[float, float], words: str):
    told = unseen_words(GROUPED, Gained(sum(ends) / 2, *ends))
    assert told.startswith(f"On 20 lines never seen, network, the best of 2 models, {words} panel mean: RMSE 0.200")
    assert f"difference {gained_words('rmse', Gained(sum(ends) / 2, *ends))}." in told


def test_baselines_and_the_best_model_are_found_by_rule():
    more = metrics(network={"rmse": 0.2}, ridge={"rmse": 0.15}, mean={"rmse": 0.1}, lineage_mean={"rmse": 0.3})
    assert fixed_baseline(more) == "lineage_mean" and fixed_baseline(more, but="lineage_mean") == "mean"
    assert fixed_baseline(PUBLISHED) == "" and best_model(more, "lines") == "ridge"  # a mean is no model
    told = unseen_words(more, None, "trained 8 epochs, demonstration")
    assert "The network (published architecture, trained 8 epochs, demonstration): 0.200" in told


def test_what_leukaemia_explains_is_told_by_the_runs_own_numbers():
    table = metrics(ridge={"r": 0.6, "rmse": 0.16}, lineage_mean={"r": 0.59, "rmse": 0.17})
    left = {("ridge", "r"): 0.2, ("lineage_mean", "r"): -0.3, ("ridge", "rmse"): 0.165, ("lineage_mean", "rmse"): 0.165}
    rows = [(model, "without_leukaemia", "", name, value, np.nan, np.nan, 15) for (model, name), value in left.items()]
    words = leukaemia_words(pd.concat([table, pd.DataFrame(rows, columns=table.columns)]))
    assert words.startswith("Much of the correlation is leukaemia against all others (5 of 20 arrays): ridge r 0.600")
    assert "lineage mean r 0.590 and RMSE 0.170 with it, −0.300 and 0.165 without (n 20 and 15)." in words
    assert leukaemia_words(table) == ""


def test_short_trainings_differences_and_durations_are_said_in_words():
    assert trained_words(8, True) == "trained 8 epochs, demonstration" and trained_words(100, False) == ""
    assert gained_words("correct", Gained(0.034, 0.01, 0.06)) == "+3.4 points (1.0 to 6.0)"
    assert short_said("correct", Measured(0.264, 0.151, 0.377, 59)) == "26 % (15 to 38)"
    assert short_said("r", Measured(-0.32, np.nan, np.nan, 59)) == "−0.32"
    assert gained_words("r", Gained(-0.1, np.nan, np.nan)) == "−0.100 (no interval)"
    assert [rough_time(one) for one in (4, 42, 600, 9000)] == ["10 s", "40 s", "10 min", "2 h"]


def test_measures_are_found_with_their_intervals():
    assert measure(GROUPED, "network", "rmse", "lines") == Measured(0.2, pytest.approx(0.1), pytest.approx(0.3), 20)
    assert said("correct", Measured(0.5, np.nan, np.nan, 3)) == "50.0 %"
