"""The critical-difference plot and the differences to the naive baseline."""

import numpy as np
import pandas as pd
import pytest

from engine.figures.significance import critical_difference, difference_forest, evidence_words, p_text
from engine.learn.comparison import Comparison
from engine.response.evidence import Differences

RANKS = Comparison(
    mean_ranks={"ensemble": 1.14, "svm": 2.0, "master": 2.86, "mean_effects": 4.0},
    p_value=0.0004,
    critical_difference=1.77,
    cliques=(("ensemble", "svm", "master"), ("master", "mean_effects")),
    folds=7,
    alpha=0.05,
)


def lines(figure, width: float) -> list[list[float]]:
    return [list(trace.x) for trace in figure.data if trace.mode == "lines" and trace.line.width == width]


def test_ranks_stand_on_a_scale_with_bars_over_what_cannot_be_told_apart():
    chart = critical_difference(RANKS, "unseen cell lines")
    marks = {trace.name: trace for trace in chart.figure.data if trace.mode == "markers"}
    assert {name: trace.x[0] for name, trace in marks.items()} == {
        "Ensemble": 1.14,
        "Support vector machine": 2.0,
        "Master": 2.86,
        "Mean effects": 4.0,
    }
    assert marks["Master"].marker.symbol == "circle" and marks["Mean effects"].marker.symbol == "line-ns"
    assert lines(chart.figure, 4) == [pytest.approx([1.08, 2.92]), pytest.approx([2.80, 4.06])]
    assert lines(chart.figure, 2) == [pytest.approx([1.0, 2.77])]
    labels = [label.text for label in chart.figure.layout.annotations]
    assert labels[:4] == [
        "Ensemble  <b>1.14</b>  ",
        "Support vector machine  <b>2.00</b>  ",
        "  <b>2.86</b>  Master",
        "  <b>4.00</b>  Mean effects",
    ]
    assert "critical difference 1.77" in labels
    assert "Friedman's test over 7 folds: p below 0.001." in chart.caption and "Nemenyi, 5 %" in chart.caption
    apart = dict(zip(chart.table["Model"], chart.table["Cannot be told apart from"], strict=True))
    assert apart["Ensemble"] == "Support vector machine, Master"
    assert apart["Mean effects"] == "Master"


def test_models_that_are_all_alike_are_said_to_be():
    alike = Comparison(
        {"ensemble": 1.9, "master": 2.0, "tanh": 2.1}, 0.93, 1.25, (("ensemble", "master", "tanh"),), 7, 0.05
    )
    assert "p 0.930; the models as a whole cannot be told apart" in critical_difference(alike, "").caption


def test_no_group_leaves_the_table_without_names():
    apart = Comparison({"ensemble": 1.0, "master": 3.0, "tanh": 5.0}, 0.001, 1.25, (), 7, 0.05)
    assert set(critical_difference(apart, "").table["Cannot be told apart from"]) == {"none"}


@pytest.mark.parametrize(("p", "shown"), [(0.0312, "0.0312"), (0.00099, "below 0.001"), (1.0, "1.00")])
def test_p_values(p, shown):
    assert p_text(p) == shown


TABLE = pd.DataFrame(
    [
        ("ensemble", 0.047, 0.031, 0.063, 7),
        ("svm", 0.010, -0.012, 0.032, 7),
        ("permuted_genomes", 0.001, -0.02, 0.02, 7),
        ("drug_mean", -0.076, -0.090, -0.062, 7),
        ("line_mean", -1.4, -1.6, -1.2, 7),
        ("unified", np.nan, np.nan, np.nan, 7),
    ],
    columns=["model", "difference", "lower", "upper", "n"],
)
FOUND = Differences(TABLE, "mean_effects", "folds")


def test_differences_have_zero_in_sight_and_the_hopeless_at_the_edge():
    chart = difference_forest(FOUND, "unseen cell lines")
    assert chart.question == "What does each model add to mean effects?"
    assert list(chart.figure.layout.yaxis.ticktext) == [
        "Ensemble",
        "Support vector machine",
        "Drug mean",
        "Line mean",
    ]
    assert [text.strip() for text in chart.figure.data[-1].text] == ["+0.047", "+0.010", "−0.076", "← −1.400"]
    assert chart.figure.data[1].x[-1] == pytest.approx(-0.1575)  # 2.5 x the upper end of the best
    assert chart.figure.layout.shapes[0].x0 == 0
    assert "Unseen cell lines; paired over 7 folds, t intervals corrected" in chart.caption
    assert "Above zero with the whole interval: Ensemble." in chart.summary
    assert list(chart.table["Model"])[-1] == "Unified" and "Folds" in chart.table


def test_one_cut_is_compared_over_its_pairs():
    pairs = Differences(TABLE.assign(n=480), "drug_mean", "cell lines")
    caption = difference_forest(pairs, "published split").caption
    assert "the same 480 held-out pairs, bootstrap over cell lines" in caption
    assert difference_forest(Differences(TABLE[:0], "drug_mean", "folds"), "").table.empty


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("ensemble", "Ensemble against mean effects: +0.047 of R² (+0.031 to +0.063): more than chance."),
        ("svm", "zero lies inside, so it may be chance."),
        ("drug_mean", "worse, by more than chance."),
        ("unified", ""),
        ("no_such_model", ""),
    ],
)
def test_the_difference_in_words(model, said):
    words = evidence_words(FOUND, model)
    assert said in words and bool(words) == bool(said)


def test_a_difference_without_an_interval_may_be_chance():
    table = pd.DataFrame([("ensemble", 0.05, np.nan, np.nan, 1)], columns=TABLE.columns)
    assert "give no interval: this may be chance" in evidence_words(
        Differences(table, "drug_mean", "folds"), "ensemble"
    )
