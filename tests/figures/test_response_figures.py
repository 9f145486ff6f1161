from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from engine.figures import response
from engine.figures.learning import LABEL_GAP, _apart, _whole_step, learning_curves
from engine.figures.pair_tables import group_table, pair_table
from engine.figures.response import PAIR_TRACE, RING_LIMIT, density_of_pairs, model_forest, predicted_vs_observed
from engine.figures.template import DARK, LIGHT, SELECTED
from engine.response.pair_records import BINS, Density


def pairs(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "drug": "Erlotinib",
            "line": [f"LINE-{i}" for i in range(n)],
            "cancer_type": "LUAD",
            "pathway": "EGFR signaling",
            "observed": np.linspace(-4, 4, n),
            "predicted": np.linspace(-3, 3, n),
        }
    )


SCORES = pd.DataFrame(
    [
        ("drug_mean", "r2", 0.71, 0.70, 0.72, 100),
        ("mean_effects", "r2", 0.77, 0.76, 0.78, 100),
        ("master", "r2", 0.80, 0.79, 0.81, 100),
        ("ensemble", "r2", 0.81, 0.80, 0.82, 100),
        ("ensemble", "rmse", 1.16, 1.13, 1.19, 100),
    ],
    columns=["model", "name", "value", "lower", "upper", "n"],
)


def test_pairs_are_points_that_can_be_selected():
    chart = predicted_vs_observed(pairs(5), "Master, published split")
    points = chart.figure.data[PAIR_TRACE]
    assert isinstance(points, go.Scattergl)
    assert list(points.x) == [-4.0, -2.0, 0.0, 2.0, 4.0]
    assert list(points.y) == [-3.0, -1.5, 0.0, 1.5, 3.0]
    assert points.selected.marker.color == SELECTED
    assert chart.caption.startswith("5 held-out pairs, Master, published split. Line: identity.")
    assert "half of the pairs within 0.500 of the identity line" in chart.summary


def test_the_table_begins_with_the_largest_residual():
    table = predicted_vs_observed(pairs(5), "").table
    assert list(table["Cell line"]) == ["LINE-0", "LINE-4", "LINE-1", "LINE-3", "LINE-2"]
    assert list(table["Residual, ln µM"]) == [1.0, -1.0, 0.5, -0.5, 0.0]


def test_many_pairs_are_binned_and_said_to_be(monkeypatch):
    monkeypatch.setattr(response, "POINT_LIMIT", 100)
    chart = predicted_vs_observed(pairs(101), "Master")
    density = chart.figure.data[PAIR_TRACE]
    assert isinstance(density, go.Heatmap)
    assert int(np.sum(density.customdata)) == 101
    assert "Density" in chart.caption


def test_one_pair_is_enough():
    assert len(predicted_vs_observed(pairs(1), "Master").figure.data) == 2


def test_a_line_without_a_cancer_type_is_shown():
    frame = pairs(2).assign(cancer_type=[None, "LUAD"])
    assert predicted_vs_observed(frame, "Master").figure.data[PAIR_TRACE].text[0] == "Erlotinib, LINE-0 (type unknown)"


def test_both_axes_have_the_same_round_ticks():
    layout = predicted_vs_observed(pairs(5), "").figure.layout
    assert layout.xaxis.dtick == layout.yaxis.dtick == 1.0


def test_so_many_pairs_come_counted():
    counts = np.zeros((BINS, BINS), int)
    counts[10, 12], counts[40, 40] = 30_000, 5
    chart = density_of_pairs(Density(np.linspace(-9, 9, BINS + 1), counts, 0.1, 0.8), "Master")
    assert chart.caption.startswith("30,005 held-out pairs, Master. Line: identity. Density: too many")
    assert "half of the pairs within 0.800 of the identity line" in chart.summary
    assert list(chart.table["Pairs"]) == [30_000, 5]
    assert list(chart.table.iloc[0])[:2] == pytest.approx([-6.5, -6.9])  # the middle of 12 and of 10 of 90 bins


FLAGS = {
    "lower": -5.0,
    "upper": 5.0,
    "line_flagged": [True, False, True],
    "line_similarity": [0.02, np.nan, np.nan],
    "line_nearest": ["LINE-9", None, None],
    "known_positions": [1, pd.NA, 0],
    "positions": [4, pd.NA, 7],
    "drug_flagged": [False, False, True],
    "drug_similarity": [np.nan, np.nan, 0.21],
    "drug_nearest": [None, None, "Lapatinib"],
}


def test_too_many_extrapolations_are_counted_and_not_ringed():
    flagged = pairs(3).assign(**FLAGS).loc[[0] * (RING_LIMIT + 1)].reset_index(drop=True)
    chart = predicted_vs_observed(flagged, "Master")
    assert "201 extrapolations, too many to ring" in chart.caption
    assert chart.figure.data[-1].marker.symbol != "circle-open"


def test_extrapolations_are_flagged_with_their_number():
    chart = predicted_vs_observed(pairs(3).assign(**FLAGS), "Master")
    assert "Rings: 2 extrapolations." in chart.caption
    assert list(chart.figure.data[-1].x) == [-4.0, 4.0] and chart.figure.data[-1].marker.symbol == "circle-open"
    assert (
        chart.figure.data[PAIR_TRACE]
        .text[0]
        .endswith("<br>extrapolation, line: Jaccard 0.0200 to LINE-9, 1 of 4 positions known")
    )
    assert list(chart.table["Extrapolation"]) == [
        "line: Jaccard 0.0200 to LINE-9, 1 of 4 positions known",
        "line: no similar training line, 0 of 7 positions known; drug: Tanimoto 0.210 to Lapatinib",
        "",
    ]
    assert list(chart.table["Lower 90 %"]) == [-5.0] * 3


def test_intervals_that_nobody_kept_are_no_column():
    assert "Lower 90 %" not in pair_table(pairs(3).assign(lower=np.nan, upper=np.nan))


def test_errors_by_group_stand_beside_a_baseline():
    errors = pd.DataFrame(
        {"id": [2, 1], "name": ["B", "A"], "pairs": [3, 2], "rmse": [3.0, 1.0], "bias": [2.0, 0.0], "naive_rmse": 2.5}
    )
    table = group_table(errors, "drug", "mean_effects")
    assert list(table.columns) == [
        "Drug", "Pairs", "RMSE, ln µM", "Mean residual, ln µM", "RMSE of mean effects, ln µM", "Difference, ln µM",
    ]  # fmt: skip
    assert list(table["Difference, ln µM"]) == [0.5, -1.5]
    assert "Difference, ln µM" not in group_table(errors, "line", None)
    assert "Difference, ln µM" not in group_table(errors.assign(naive_rmse=np.nan), "line", "drug_mean")


def test_forest_puts_networks_first_as_circles_and_baselines_last_as_dashes():
    chart = model_forest(SCORES, "r2", "published split", selected="master")
    networks, baselines, labels = chart.figure.data
    assert (networks.marker.symbol, baselines.marker.symbol) == ("circle", "line-ns")
    assert list(chart.figure.layout.yaxis.ticktext) == ["Ensemble", "<b>Master</b>", "Mean effects", "Drug mean"]
    assert [text.strip() for text in labels.text] == ["0.810", "0.800", "0.770", "0.710"]
    assert list(networks.error_x.array) == pytest.approx([0.01, 0.01])
    assert list(chart.table["95 % interval"]) == [
        "0.800 to 0.820", "0.790 to 0.810", "0.760 to 0.780", "0.700 to 0.720",
    ]  # fmt: skip
    assert "Best network: Ensemble 0.810. Baselines: Mean effects 0.770, Drug mean 0.710." in chart.summary


def test_forest_keeps_room_for_the_models_that_are_close():
    far = pd.DataFrame([("line_mean", "r2", -0.3, -0.4, -0.2, 100)], columns=SCORES.columns)
    chart = model_forest(pd.concat([SCORES, far]), "r2", "")
    assert chart.figure.data[1].x[-1] == pytest.approx(0.81 - 0.4)
    assert (
        chart.figure.data[1].text[-1] == "Line mean: \N{MINUS SIGN}0.300 (\N{MINUS SIGN}0.400 to \N{MINUS SIGN}0.200)"
    )
    assert chart.figure.data[2].text[-1].endswith(" \N{MINUS SIGN}0.300")


def test_forest_leaves_out_what_is_not_defined():
    undefined = SCORES.assign(value=SCORES["value"].where(SCORES["model"] != "drug_mean"))
    assert list(model_forest(undefined, "r2", "").table["Model"]) == ["Ensemble", "Master", "Mean effects"]
    nothing = SCORES.assign(value=np.nan)
    assert model_forest(nothing, "r2", "").table.empty


@pytest.mark.parametrize(("dark", "colours"), [(False, LIGHT), (True, DARK)])
def test_one_template_for_both_grounds(dark, colours):
    figure = predicted_vs_observed(pairs(3), "", dark).figure
    assert figure.layout.template.layout.font.color == colours.text
    assert figure.data[PAIR_TRACE].marker.color == colours.sensitive


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(colours):
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for text in (colours.text, colours.muted):
        assert contrast(text, colours.ground) >= 4.5
    for mark in (colours.sensitive, colours.resistant):
        assert contrast(mark, colours.ground) >= 3


def test_learning_curves_name_the_lowest_point():
    curves = pd.DataFrame(
        {"model": ["master"] * 3, "epoch": [1, 2, 3], "train_loss": [3.0, 2.0, 1.0], "validation_rmse": [2.0, 1.5, 1.6]}
    )
    chart = learning_curves(curves, "validation_rmse", "published split")
    assert "Master lowest 1.50 at epoch 2" in chart.summary
    assert chart.figure.data[0].name == "Master"
    assert list(chart.table.columns) == ["model", "epoch", "validation_rmse"]


def test_learning_curves_have_whole_epochs_and_named_lines():
    rows = [(m, e, loss / e, loss / e) for m, loss in (("master", 4.0), ("tanh", 0.04)) for e in (1, 2)]
    curves = pd.DataFrame(rows, columns=["model", "epoch", "train_loss", "validation_rmse"])
    figure = learning_curves(curves, "train_loss", "").figure
    assert list(figure.layout.xaxis.tickvals) == [1, 2]  # none beyond the last epoch
    assert figure.layout.xaxis.range[0] > 0.5
    assert not figure.layout.showlegend
    assert sorted(label.text for label in figure.layout.annotations) == ["Master", "Tanh"]
    assert [list(line.y) for line in figure.data] == [[1.0, 0.5], [1.0, 0.5]]  # of the first epoch
    assert list(figure.data[1].customdata) == [0.04, 0.02]


@pytest.mark.parametrize(("last", "step"), [(1, 1), (2, 1), (10, 1), (12, 2), (50, 5), (250, 50), (5000, 5000)])
def test_ticks_are_whole_epochs(last, step):
    assert _whole_step(last) == step


def test_labels_do_not_touch():
    for places in ([0.5, 0.5, 0.51], [0.0, 0.98, 0.99], [1.0] * 5):
        moved = _apart(list(places))
        assert all(b - a >= LABEL_GAP - 1e-9 for a, b in pairwise(moved))
        assert moved[0] >= 0
        assert moved[-1] <= 1


def test_one_epoch_and_undefined_values_are_drawn():
    one = pd.DataFrame({"model": ["master"], "epoch": [1], "train_loss": [0.0], "validation_rmse": [np.nan]})
    assert len(learning_curves(one, "train_loss", "").figure.data) == 1
    assert len(learning_curves(one, "validation_rmse", "").figure.data) == 0
