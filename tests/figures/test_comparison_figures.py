"""What a model is worth under every split, whether its intervals hold, what permuted inputs say."""

import numpy as np
import pandas as pd
import pytest

from engine.figures.comparison import ablation, ablation_sentences, coverage, leaves, split_worth
from engine.figures.forest import FAILED, Mark, Row, forest
from engine.figures.template import LIGHT

COLUMNS = ["split", "model", "name", "value", "lower", "upper", "n"]
WORTH = pd.DataFrame(
    [
        ("cell_line", "ensemble", "r2", 0.750, 0.730, 0.770, 900),
        ("cell_line", "svm", "r2", 0.720, 0.700, 0.740, 900),
        ("cell_line", "elastic_net", "r2", 0.760, 0.740, 0.780, 900),
        ("cell_line", "drug_mean", "r2", 0.715, 0.690, 0.740, 900),
        ("cell_line", "type_drug_mean", "r2", 0.755, 0.735, 0.775, 900),
        ("pairs", "ensemble", "r2", 0.838, 0.828, 0.848, 500),
        ("pairs", "mean_effects", "r2", 0.791, 0.780, 0.802, 500),
        ("pairs", "ensemble", "skill", 0.224, 0.200, 0.250, 500),
        ("drug", "ensemble", "r2", -1.6, -2.0, -1.2, 300),
        ("drug", "line_mean", "r2", np.nan, np.nan, np.nan, 300),
    ],
    columns=COLUMNS,
)


def texts(figure) -> list[str]:
    return [text.strip() for text in figure.data[-1].text]


def test_each_split_shows_the_model_beside_the_best_of_either_kind_of_baseline():
    chart = split_worth(WORTH, "ensemble", "r2", "GDSC1")
    assert texts(chart.figure) == ["0.838", "0.791", "0.750", "0.760", "0.755", "← −1.60"]
    assert list(chart.figure.layout.yaxis.ticktext) == [
        "<b>Published: random pairs</b>",
        "Ensemble",
        "Mean effects",
        "<b>Unseen cell lines</b>",
        "Ensemble",
        "Elastic net per drug",
        "Cancer type × drug mean",
        "<b>Unseen drugs</b>",
        "Ensemble",
    ]
    circles, dashes, _ = chart.figure.data
    assert (circles.marker.symbol, dashes.marker.symbol) == ("circle", "line-ns")
    assert list(circles.x) == [0.838, 0.750, -1.0]  # far below stands at the edge, without an interval
    assert list(circles.error_x.array) == pytest.approx([0.01, 0.02, 0])
    assert list(chart.table["R²"]) == [0.838, 0.791, 0.75, 0.76, 0.755, -1.6]
    assert list(chart.table["Pairs"]) == [500, 500, 900, 900, 900, 300]
    assert "unseen drugs: Ensemble −1.60." in chart.summary


def test_another_measure_asks_another_question():
    chart = split_worth(WORTH, "ensemble", "skill", "GDSC1")
    assert chart.question == "How much better than the strongest naive baseline?"
    assert texts(chart.figure) == ["0.224"]
    assert split_worth(WORTH[:0], "ensemble", "r2", "GDSC1").table.empty


def test_a_baseline_looked_at_is_drawn_once_and_as_a_dash():
    chart = split_worth(WORTH, "type_drug_mean", "r2", "GDSC1")
    cell_line = chart.table[chart.table["Split"] == "unseen cell lines"]
    assert list(cell_line["Model"]) == ["Cancer type × drug mean", "Elastic net per drug"]
    assert [trace.name for trace in chart.figure.data[:-1]] == ["baseline"]


COVERED = pd.DataFrame(
    {
        "label": ["BRCA", "GBM", "LUAD", "SKCM"],
        "value": [0.90, 0.853, 0.93, np.nan],
        "lower": [0.88, 0.80, 0.91, np.nan],
        "upper": [0.92, 0.90, 0.95, np.nan],
        "n": [1200, 400, 300, 2],
    }
)


def test_coverage_is_outlined_in_red_where_it_leaves_its_range():
    chart = coverage(COVERED, "Do intervals keep their promise?", "Ensemble, unseen cell lines")
    kept, failed, _ = chart.figure.data
    assert list(kept.x) == [90.0] and kept.marker.line.color == LIGHT.sensitive
    assert list(failed.x) == [85.3, 93.0] and failed.marker.line.color == FAILED[False]
    assert texts(chart.figure) == ["90.0 %", "85.3 % too low", "93.0 % too high"]
    assert list(chart.figure.layout.yaxis.ticktext) == ["BRCA (1,200)", "GBM (400)", "LUAD (300)"]
    assert "Outside 88 to 92 %: GBM, LUAD." in chart.summary
    assert list(chart.table["Verdict"]) == ["kept", "too low", "too high", "not defined"]
    assert list(chart.table["95 % interval, %"]) == ["88.0 to 92.0", "80.0 to 90.0", "91.0 to 95.0", "no interval"]
    assert set(chart.figure.data[-1].x) == {95.0}  # labels in a column, right of every interval
    band, line = chart.figure.layout.shapes
    assert (band.x0, band.x1, line.x0) == (88.0, 92.0, 90.0)


@pytest.mark.parametrize(
    ("value", "said"), [(0.8799, "too low"), (0.88, ""), (0.92, ""), (0.9201, "too high"), (float("nan"), "")]
)
def test_coverage_leaves_its_range_beyond_88_and_92_percent(value, said):
    assert leaves(value) == said


SCORES = pd.DataFrame(
    [
        ("ensemble", "r2", 0.838, 0.828, 0.848, 500),
        ("permuted_genomes", "r2", 0.835, 0.825, 0.845, 500),
        ("permuted_drugs", "r2", 0.700, 0.680, 0.720, 500),
        ("mean_effects", "r2", 0.791, 0.780, 0.802, 500),
    ],
    columns=COLUMNS[1:],
)


def paired(genomes: tuple, drugs: tuple) -> pd.DataFrame:
    rows = [("permuted_genomes", *genomes), ("permuted_drugs", *drugs)]
    return pd.DataFrame(rows, columns=["model", "difference", "lower", "upper"])


def test_a_network_that_does_as_well_with_the_wrong_genomes_uses_them_as_name_tags():
    found = paired((-0.003, -0.008, 0.002), (-0.138, -0.150, -0.120))
    genomes, drugs = ablation_sentences(SCORES, found, "pairs")
    assert genomes.startswith(
        "**The ensemble does as well with the wrong genomes** (R² 0.838 with the real ones, 0.835"
    )
    assert "paired difference −0.003, −0.008 to +0.002): the genome serves as a name tag" in genomes
    assert drugs.startswith("**The real structures help**") and drugs.endswith("the network uses what they say.")
    (unseen, _) = ablation_sentences(SCORES, found, "cell_line")
    assert unseen.endswith("what it predicts here does not come from the genomes.")


def test_a_wide_interval_says_nothing_about_permuted_inputs():
    genomes, drugs = ablation_sentences(SCORES, paired((-0.03, -0.08, 0.02), (-0.1, np.nan, np.nan)), "pairs")
    assert genomes.startswith("**Whether the real genomes help cannot be told here**")
    assert drugs.startswith("**Whether the real structures help cannot be told here**") and "no interval)" in drugs


def test_without_permuted_inputs_nothing_is_said():
    assert ablation_sentences(SCORES[SCORES["model"] == "ensemble"], paired((0, 0, 0), (0, 0, 0))[:0], "pairs") == []


def test_permuted_inputs_stand_below_the_ensemble_and_above_the_naive_baseline():
    chart = ablation(SCORES, "mean_effects", "published split")
    assert list(chart.table["Model"]) == [
        "Ensemble",
        "Ensemble, genomes permuted",
        "Ensemble, drugs permuted",
        "Mean effects",
    ]
    assert texts(chart.figure) == ["0.838", "0.835", "0.700", "0.791"]
    assert chart.caption.startswith("500 held-out pairs, published split. Permuted:")
    assert ablation(SCORES[:0], None, "").table.empty


def test_observed_is_filled_and_predicted_open():
    marks = [Mark(0, 1.0, None, None, "1", "A", "observed"), Mark(1, 2.0, None, None, "2", "B")]
    predicted, observed, _ = forest(marks, [Row(0, "A"), Row(1, "B")], "x", dark=False).data
    assert (observed.marker.color, predicted.marker.color) == (LIGHT.sensitive, LIGHT.ground)


def test_nothing_to_draw_is_an_empty_figure():
    assert forest([], [], "x", dark=True).layout.xaxis.range == (-0.06, 1.25)
