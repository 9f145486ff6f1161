"""Charts, sentences and the table of cancer types."""

from dataclasses import replace

import pandas as pd
import pytest

from engine.figures.forest import FAILED
from engine.figures.template import LIGHT, SELECTED
from engine.figures.type_table import type_table
from engine.figures.type_words import (
    coverage_words,
    full_name,
    gain_words,
    signed,
    strongest_baseline,
    type_name,
    type_verdict,
    types_verdict,
)
from engine.figures.types import TypeView, protocol_chart, type_chart
from engine.response.cluster_sums import Estimate
from engine.response.type_records import TypeGain

NAMES = ["cancer_type", "model", "name", "value", "lower", "upper", "n"]
MEASURES = pd.DataFrame(
    [
        ("SKCM", "ensemble", "r2", 0.812, 0.790, 0.830, 5512),
        ("SKCM", "master", "r2", 0.800, None, None, 5512),
        ("SKCM", "mean_effects", "r2", 0.782, 0.760, 0.800, 5512),
        ("SKCM", "random_forest", "r2", 0.815, 0.795, 0.833, 5512),
        ("SKCM", "line_mean", "r2", 0.010, None, None, 5512),
        ("SKCM", "permuted_drugs", "r2", 0.100, None, None, 5512),
        ("LUAD", "ensemble", "r2", 0.850, 0.840, 0.860, 900),
        ("LUAD", "mean_effects", "r2", 0.840, 0.830, 0.850, 900),
        ("UCEC", "ensemble", "r2", None, None, None, 2),
        ("UCEC", "mean_effects", "r2", None, None, None, 2),
        ("SKCM", "ensemble", "skill", 0.14, 0.10, 0.18, 5512),
        ("LUAD", "ensemble", "skill", 0.06, 0.02, 0.10, 900),
        ("SKCM", "ensemble", "coverage", 0.842, 0.810, 0.870, 5512),
        ("LUAD", "ensemble", "coverage", 0.870, 0.840, 0.905, 900),
        ("SKCM", "ensemble", "rmse", 1.2, 1.1, 1.3, 5512),
        ("LUAD", "ensemble", "rmse", 1.1, 1.0, 1.2, 900),
    ],
    columns=NAMES,
).astype({"value": float, "lower": float, "upper": float})


def gain(value=0.030, lower=0.020, upper=0.041, r2=0.812, base=0.782, **more) -> TypeGain:
    given = {
        **{"split": "pairs", "cancer_type": "SKCM", "model": "ensemble", "baseline": "mean_effects"},
        **{"pairs": 5512, "lines": 55, "clusters": "cell lines"},
    }
    return TypeGain(
        **{**given, **more}, r2=Estimate(r2, 0.79, 0.83), baseline_r2=Estimate(base), gain=Estimate(value, lower, upper)
    )


GAINS = {"SKCM": gain(), "LUAD": gain(0.010, -0.002, 0.022, 0.85, 0.84, cancer_type="LUAD", pairs=900, lines=63)}
VIEW = TypeView(MEASURES, GAINS, "r2", "ensemble", "mean_effects", chosen="SKCM")


def test_labels_are_spelled_out():
    assert type_name("SKCM") == "Melanoma (SKCM)"
    assert full_name("SKCM") == "Skin cutaneous melanoma"
    assert type_name("COAD/READ") == "Colon and rectum (COAD/READ)"
    assert type_name("My own type") == full_name("My own type") == "My own type"


def test_a_type_whose_interval_lies_above_zero_is_beaten():
    assert type_verdict(gain()) == (
        "Melanoma (SKCM): the ensemble beats the naive baseline, mean effects, on 5,512 unseen pairs of 55 lines: "
        "R² 0.812 against 0.782, difference +0.030 (95 % +0.020 to +0.041)."
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (gain(-0.03, -0.041, -0.02, 0.752), "does not beat the naive baseline, mean effects, on 5,512 unseen pairs"),
        (gain(-0.03, -0.041, -0.02, 0.752), "it does worse: R² 0.752 against 0.782, difference −0.030 (95 % −0.041"),
        (gain(0.004, -0.010, 0.018, 0.786), "does not clearly beat the naive baseline, mean effects,"),
        (gain(0.004, -0.010, 0.018, 0.786), "+0.004 (95 % −0.010 to +0.018). The interval includes 0."),
        (gain(0.0, 0.0, 0.0, 0.782), "does not clearly beat"),
        (gain(0.03, None, None), "whether the ensemble beats the naive baseline, mean effects, cannot be told"),
        (gain(0.03, None, None), "difference +0.030. There are too few cell lines for an interval."),
        (gain(None, None, None, None, None, pairs=2, lines=1), "cannot be told on 2 unseen pairs of 1 line: R² takes"),
        (gain(0.3, 0.1, 0.4, -0.1, -0.4), "R² below 0: their own mean would be nearer to these measurements."),
        (gain(model="master"), "Melanoma (SKCM): Master beats the naive baseline"),
        (gain(baseline="type_drug_mean"), "the naive baseline, cancer type × drug mean, on"),
    ],
)
def test_the_sentence_says_what_the_interval_says(found, said):
    assert said in type_verdict(found)


@pytest.mark.parametrize("lower", [-0.2, -0.001, 0.0, 0.001, 0.2])
def test_only_an_interval_above_zero_counts_as_beating(lower):
    sentence = type_verdict(gain(0.3, lower, 0.4))
    assert ("the ensemble beats" in sentence) == (lower > 0)
    assert ("does not clearly beat" in sentence) == (lower <= 0)


def test_all_types_are_counted_in_one_sentence():
    worse, few = gain(-0.03, -0.04, -0.02, 0.75), gain(0.03, None, None)
    assert types_verdict({"a": gain(), "b": gain(), "c": GAINS["LUAD"], "d": worse, "e": few}) == (
        "The ensemble beats the naive baseline, mean effects, in 2 of 5 cancer types; in 1 the difference cannot be "
        "told from 0, in 1 it does worse, 1 has too few cell lines to tell."
    )
    assert types_verdict({"a": gain()}).endswith("in 1 of 1 cancer type.")
    assert "No cancer type" in types_verdict({})


def test_a_stronger_learned_baseline_is_named():
    assert strongest_baseline(MEASURES, gain()) == (
        "The strongest of all baselines here is random forest: R² 0.815 (0.795 to 0.833), more than the ensemble."
    )
    assert "less than the ensemble" in strongest_baseline(MEASURES, gain(r2=0.9))
    assert strongest_baseline(MEASURES, GAINS["LUAD"]) == ""  # the naive one is the strongest


def test_a_baseline_is_not_compared_with_itself():
    forest = replace(gain(r2=0.815), model="random_forest")
    assert strongest_baseline(MEASURES, forest) == ""  # of the others the naive one is the strongest
    assert strongest_baseline(MEASURES, replace(gain(r2=0.815), model="random_forest", baseline="line_mean")) == (
        "The strongest of the other baselines here is mean effects: R² 0.782 (0.760 to 0.800), less than random forest."
    )


def test_only_coverage_clearly_below_the_promise_is_named():
    words = coverage_words(MEASURES, "ensemble")
    assert (
        words == "The 90 % prediction intervals cover too few pairs in 1 type: Melanoma (SKCM) 0.842 (0.810 to 0.870)."
    )
    assert "keep their promise" in coverage_words(MEASURES[MEASURES["cancer_type"] != "SKCM"], "ensemble")
    assert "not known" in coverage_words(MEASURES, "master")


def test_differences_carry_their_sign():
    assert [signed(x) for x in (0.03, -0.0301, -0.0001, None)] == ["+0.030", "−0.030", "0.000", "not defined"]
    assert gain_words(gain(0.03, None, None)) == "+0.030"


@pytest.mark.parametrize(
    ("measure", "order", "types"),
    [
        ("r2", "value", ["LUAD", "SKCM", "UCEC"]),
        ("r2", "skill", ["SKCM", "LUAD", "UCEC"]),
        ("r2", "name", ["UCEC", "LUAD", "SKCM"]),  # Endometrium, Lung, Melanoma
        ("rmse", "value", ["LUAD", "SKCM", "UCEC"]),  # smaller is better
        ("coverage", "value", ["LUAD", "SKCM", "UCEC"]),  # nearer to 0.9 is better
    ],
)
def test_types_are_ordered(measure, order, types):
    assert TypeView(MEASURES, GAINS, measure, "ensemble", "mean_effects", order).types == types


def test_every_kind_of_model_has_its_mark():
    whole, others, naive, networks, own = type_chart(VIEW, "published split").figure.data
    assert [trace.marker.symbol for trace in (others, naive, networks, own)] == [
        "line-ns", "line-ns", "circle", "circle",
    ]  # fmt: skip
    assert list(own.x) == [0.812, 0.850] and list(own.error_x.array) == pytest.approx([0.018, 0.010])
    assert list(naive.x) == [0.782, 0.840] and list(networks.x) == [0.800]
    assert list(others.x) == [0.815]  # the line mean is too far off, a permuted ensemble is no baseline
    assert own.marker.size > networks.marker.size and naive.marker.line.width > others.marker.line.width
    assert own.marker.color == LIGHT.ground  # open
    assert list(whole.customdata) == ["LUAD", "SKCM", "UCEC"]
    assert [colour == SELECTED for colour in whole.marker.color] == [False, True, False]


def test_the_caption_tells_what_is_not_drawn_and_each_row_its_size():
    chart = type_chart(VIEW, "published split (random pairs), simulated")
    assert chart.caption == (
        "3 cancer types, 6,412 held-out pairs, published split (random pairs), simulated. Intervals: bootstrap over "
        "cell lines. Click a row to open its type. 1 value far off not drawn: the table has them."
    )
    notes = [note.text for note in chart.figure.layout.annotations]
    assert "5,512 · 55" in notes and "900 · 63" in notes and notes.count("not defined") == 1
    assert "Mean effects (naive)" in notes[0]
    assert "<b>Melanoma (SKCM)</b>" in chart.figure.layout.yaxis.ticktext
    assert chart.summary == (
        "R² of Ensemble in 2 cancer types, from Melanoma (SKCM) 0.812 to Lung adenocarcinoma (LUAD) 0.850. "
        "Better than Mean effects by R² in 1 of 2."
    )


def test_intervals_that_cover_too_little_are_outlined():
    view = TypeView(MEASURES, GAINS, "coverage", "ensemble", "mean_effects")
    chart = type_chart(view, "")
    own = chart.figure.data[-1]
    assert list(own.marker.line.color) == [FAILED[False], LIGHT.sensitive]
    assert chart.question == "Where do prediction intervals keep their promise?"


def test_a_run_without_baselines_or_values_is_drawn():
    alone = MEASURES[MEASURES["model"] == "ensemble"]
    assert type_chart(TypeView(alone, {}, "r2", "ensemble", ""), "").table.shape[0] == 3
    undefined = alone.assign(value=float("nan"), lower=float("nan"), upper=float("nan"))
    chart = type_chart(TypeView(undefined, {}, "r2", "ensemble", ""), "")
    assert "not defined for any cancer type" in chart.summary


def test_the_table_answers_first_and_holds_every_model():
    table = type_table(MEASURES, GAINS, "ensemble", ["SKCM", "LUAD", "UCEC"])
    assert list(table.columns[:5]) == [
        "Cancer type", "Full name", "Beats the naive baseline", "Difference in R²", "Difference: 95 % interval",
    ]  # fmt: skip
    assert list(table["Beats the naive baseline"]) == ["yes", "not clearly", ""]
    assert table.loc[0, "Ensemble R²: 95 % interval"] == "0.790 to 0.830"
    assert table.loc[0, "Line mean R²"] == 0.010 and table.loc[0, "Skill"] == 0.14
    assert table["Held-out pairs"].tolist()[:2] == [5512, 900] and table["Held-out pairs"].isna()[2]


def test_one_type_under_every_split():
    honest = gain(0.01, -0.01, 0.03, 0.6, 0.59, split="cell_line", baseline="type_drug_mean")
    chart = protocol_chart([gain(), honest], simulated=True)
    assert list(chart.figure.layout.yaxis.ticktext) == ["Published:<br>random pairs", "Honest:<br>unseen lines"]
    assert list(chart.table["Difference"]) == [0.03, 0.01]
    assert chart.table.loc[1, "Naive baseline"] == "Cancer type × drug mean"
    assert "simulated" in chart.caption and "(Mean effects; Cancer type × drug mean)" in chart.caption
    assert "unseen cell lines: Melanoma (SKCM): the ensemble does not clearly beat" in chart.summary
    undefined = protocol_chart([gain(None, None, None, None, None)], simulated=False)
    assert undefined.table["R²"].isna().all()
