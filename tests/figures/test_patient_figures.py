from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from engine.figures.patient import FIRST, LAST, measured_distribution, ranking_waterfall
from engine.figures.patient_change import compare_chart, what_if_chart
from engine.figures.patient_frames import (
    CHANCE,
    chance_changes,
    common_shift,
    measured_with,
    measured_z,
    told_apart,
    with_z_interval,
)
from engine.figures.patient_lines import DIVERGING, markers_chart, movers_chart, similarity_map
from engine.figures.template import DARK, LIGHT, SELECTED
from engine.patient.types import Genome, NearLine

MARKUP = "<img src=x onerror=alert(1)>"
LINES = (
    NearLine(905_001, "A375", "SKCM", 0.5, ("BRAF:600",), ("BRAF",), 2),
    NearLine(905_002, "HT-29", None, 0.25, ("BRAF:600",), ("BRAF", "TP53"), 1),
)


def ranking(n: int = 3) -> pd.DataFrame:
    """Drugs D0.. with z of -1, -0.5, 0, ...; intervals of one z on both sides; nearest lines half a z above."""
    z = -1 + 0.5 * np.arange(n)
    return pd.DataFrame(
        {
            "drug_id": np.arange(n) + 10,
            "drug": [f"D{i}" for i in range(n)],
            "target": ["BRAF", None, "MEK1"][:n] + ["X"] * (n - 3),
            "ln_ic50_pred": z,
            "lower": z - 2,
            "upper": z + 2,
            "ic50_um_pred": np.exp(z),
            "z_score": z,
            "percentile": 25.0,
            "z_lower": z - 1,
            "z_upper": z + 1,
            "nearest_z": z + 0.5,
            "nearest_n": 5,
            "type_mean": 0.5,
            "n_type": 9,
        }
    )


class Screened:
    """Two lines, two drugs; the second was measured in the first line only."""

    lines = pd.DataFrame({"cosmic_id": [905_001, 905_002], "name": ["A375", "HT-29"]})
    ln_ic50 = np.array([[-2.0, 1.0], [2.0, np.nan]])

    @staticmethod
    def z_scores(values: np.ndarray) -> np.ndarray:
        return (values - np.array([0.0, 1.0])) / np.array([2.0, 4.0])


class Predictor:
    screened = Screened()
    drugs = pd.DataFrame({"drug_id": [10, 11]})

    def drug_rows(self, drug_ids) -> np.ndarray:
        return np.array([[10, 11].index(one) for one in drug_ids])


def traces(chart) -> dict:
    return {trace.name: trace for trace in chart.figure.data if trace.name}


def test_intervals_become_z_scores_in_the_order_of_the_ranking():
    found = with_z_interval(ranking(2)[::-1], Predictor())
    assert list(found["drug_id"]) == [11, 10]
    assert list(found["z_lower"]) == [(-2.5 - 1) / 4, -3.0 / 2]
    assert list(found["z_upper"]) == [(1.5 - 1) / 4, 1.0 / 2]


def test_measured_lines_of_a_drug_and_of_a_map():
    assert measured_with(Predictor(), 11).to_dict("records") == [{"cosmic_id": 905_001, "name": "A375", "ln_ic50": 1.0}]
    assert measured_z(Predictor(), LINES, [11, 10]).to_dict("records") == [
        {"drug_id": 11, "cosmic_id": 905_001, "z_score": 0.0},
        {"drug_id": 10, "cosmic_id": 905_001, "z_score": -1.0},
        {"drug_id": 10, "cosmic_id": 905_002, "z_score": 1.0},
    ]


@pytest.mark.parametrize(("dark", "colours"), [(False, LIGHT), (True, DARK)])
def test_the_waterfall_shows_prediction_interval_and_nearest_lines(dark, colours):
    chart = ranking_waterfall(ranking(), "ensemble, unseen cell lines", picked=11, dark=dark)
    found = traces(chart)
    assert list(found["predicted"].x) == [-1.0, -0.5, 0.0]
    assert list(found["nearest"].x) == [-0.5, 0.0, 0.5]
    assert [x for x in found["interval"].x if not np.isnan(x)] == [-2.0, 0.0, -1.5, 0.5, -1.0, 1.0]
    assert list(found["predicted"].marker.line.color) == [colours.sensitive, SELECTED, colours.resistant]
    assert found["predicted"].marker.color == colours.ground and found["nearest"].marker.color == colours.text
    assert list(found["predicted"].customdata) == [10, 11, 12]
    assert chart.figure.layout.xaxis.title.text == "z-score among the drug's measured lines"
    assert "3 drugs, ensemble, unseen cell lines. Open: predicted." in chart.caption
    assert "Most sensitive: D0 −1.00" in chart.summary and "Most resistant: D2 0" in chart.summary
    assert list(chart.table["Predicted z"]) == [-1.0, -0.5, 0.0]


def test_a_long_ranking_is_drawn_from_both_ends():
    chart = ranking_waterfall(ranking(40), "ensemble")
    assert len(traces(chart)["predicted"].x) == FIRST + LAST
    labels = list(chart.figure.layout.yaxis.ticktext)
    assert labels[0] == "D0" and labels[-2] == "D39" and labels[-1] == "<i>22 drugs between</i>"
    assert len(chart.table) == 40


def test_drugs_without_interval_or_nearest_lines_are_drawn():
    bare = ranking().assign(z_lower=np.nan, z_upper=np.nan, nearest_z=np.nan, nearest_n=0)
    chart = ranking_waterfall(bare, "ensemble")
    assert list(traces(chart)["predicted"].x) == [-1.0, -0.5, 0.0]
    assert "no interval" in traces(chart)["predicted"].text[0]


def test_the_prediction_stands_among_measured_lines():
    measured = pd.DataFrame({"name": [f"L{i}" for i in range(5)], "ln_ic50": [-3.0, -1.0, 0.0, 1.0, 3.0]})
    near = measured.head(2).assign(similarity=[0.5, 0.25])
    chart = measured_distribution(ranking().iloc[0], measured, near)
    found = traces(chart)
    assert list(found["prediction"].x) == [-1.0] and list(found["interval"].x) == [-3.0, 1.0]
    assert list(found["nearest"].x) == [-3.0, -1.0]
    assert list(found["type"].x) == [0.5] and found["type"].marker.symbol == "line-ns"
    assert sum(found["measured"].y) == 5
    assert "25.0 % of 5 measured lines lie at or below it" in chart.summary
    alone = ranking().iloc[0].copy()
    alone[["type_mean", "lower", "upper"]] = np.nan
    bare = measured_distribution(alone, measured, near[:0])
    assert set(traces(bare)) == {"measured", "prediction"}
    assert "Dash" not in bare.caption


def test_one_measured_value_is_a_histogram_too():
    measured = pd.DataFrame({"name": ["L0"], "ln_ic50": [2.0]})
    assert sum(traces(measured_distribution(ranking().iloc[0], measured, measured[:0]))["measured"].y) == 1


def test_the_map_leaves_unmeasured_pairs_empty():
    measured = measured_z(Predictor(), LINES, [10, 11])
    chart = similarity_map(ranking(2), LINES, measured, "ensemble")
    heat = chart.figure.data[0]
    assert [list(row) for row in heat.text] == [["−1.0", "", "−1.0", "1.0"], ["−0.5", "", "0.0", ""]]
    assert chart.figure.layout.xaxis.ticktext[2:] == ("A375 · 0.50", "HT-29 · 0.25")
    assert "3 of 4 pairs measured" in chart.caption
    assert list(chart.table.columns) == ["Drug", "Predicted z", "A375 (0.50)", "HT-29 (0.25)"]
    assert "HT-29 (type unknown), measured" in heat.customdata[0][3]
    assert (
        similarity_map(ranking(2), LINES, measured, "", True).figure.data[0].colorscale[0][1] == DIVERGING[True][0][1]
    )


def test_a_zero_has_no_sign():
    shown = similarity_map(ranking(1).assign(z_score=-0.04), LINES, measured_z(Predictor(), LINES, [10]), "")
    assert shown.figure.data[0].text[0][0] == "0.0"


def test_movers_are_teal_where_more_sensitive():
    table = pd.DataFrame({"position_key": ["BRAF:600", "TP53:175"], "effect": [-0.5, 0.25]})
    chart = movers_chart(table, "Dabrafenib")
    bars = chart.figure.data[0]
    assert list(bars.x) == [-0.5, 0.25] and list(bars.text) == ["−0.500", "+0.250"]
    assert list(bars.marker.color) == [LIGHT.sensitive, LIGHT.resistant]
    assert chart.caption.startswith("2 mutations that the network knows, Dabrafenib:")
    assert "moved most by BRAF:600, −0.500 ln µM" in chart.summary
    many = pd.DataFrame({"position_key": [f"G:{i}" for i in range(12)], "effect": np.zeros(12)})
    assert movers_chart(many, "X").caption.startswith("The 10 that moved it most of 12 mutations that the network")
    most = pd.DataFrame({"position_key": [f"G:{i}" for i in range(60)], "effect": np.zeros(60)})
    assert movers_chart(most, "X", known=205).caption.startswith(
        "The 10 that moved it most of 60 mutations that were left out in turn, those of the 205 that the network knows "
        "which most cell lines carry, X:"
    )


def test_lines_with_and_without_a_mutation_are_measured():
    table = pd.DataFrame(
        {
            **{"marker": ["BRAF:600", MARKUP], "n_with": [40, 6], "n_without": [300, 334]},
            **{"z_with": [-1.0, 0.1], "z_without": [0.25, 0.0], "difference": [-1.25, 0.1]},
            **{"lower": [-1.5, -0.9], "upper": [-1.0, 1.1], "within_types": [-0.5, np.nan], "n_within": [30, 0]},
        }
    )
    chart = markers_chart(table, "Dabrafenib")
    found = traces(chart)["observed"]
    assert list(found.x) == [-1.25, 0.1] and list(found.error_x.array) == pytest.approx([0.25, 1.0])
    assert [text.strip() for text in chart.figure.data[-1].text] == ["−1.250 (n 40)", "+0.100 (n 6)"]
    assert "measured lines with BRAF:600 (n 40) differ most from those without, by −1.250 of z" in chart.summary
    assert "<img" not in chart.figure.to_json().replace("\\u003c", "<")


def test_drugs_that_nobody_measured_are_not_drawn():
    chart = ranking_waterfall(ranking().assign(z_score=[-1.0, 0.5, np.nan]), "ensemble")
    assert list(traces(chart)["predicted"].x) == [-1.0, 0.5]
    assert chart.caption.startswith("2 drugs (1 without measured lines), ensemble.")


def test_drugs_of_one_name_are_told_apart():
    table = told_apart(ranking().assign(drug=["A", "B", "A"]))
    assert list(table["drug"]) == ["A (10)", "B", "A (12)"]


def test_patients_are_told_apart_by_colour_and_shape():
    table = pd.DataFrame({"drug": ["D0", "D1"], "A": [-1.0, 0.5], "B": [1.0, 0.0], "spread": [2.0, 0.5]})
    chart = compare_chart(table, ["A", "B"], "the largest differences first", "ensemble")
    found = traces(chart)
    assert list(found["A"].x) == [-1.0, 0.5] and list(found["B"].x) == [1.0, 0.0]
    assert found["A"].marker.symbol != found["B"].marker.symbol
    assert found["A"].marker.line.color != found["B"].marker.line.color
    assert chart.figure.layout.showlegend
    assert "They differ most in D0: A −1.00, B 1.00." in chart.summary


def test_a_drug_that_was_never_measured_does_not_differ_most():
    table = pd.DataFrame({"drug": ["D0", "D1"], "A": [-1.0, np.nan], "B": [1.0, np.nan], "spread": [2.0, np.nan]})
    assert "They differ most in D0: A −1.00, B 1.00." in compare_chart(table, ["A", "B"], "", "").summary


def test_what_if_goes_from_before_to_after():
    table = pd.DataFrame(
        {
            "drug": ["D0", "D1"],
            "ln_ic50_before": [1.0, 0.0],
            "ln_ic50_after": [-1.0, 0.5],
            "change": [-2.0, 0.5],
            "z_before": [0.5, 0.0],
            "z_after": [-0.5, 0.25],
        }
    )
    chart = what_if_chart(table, "+ KRAS:12", "ensemble")
    found = traces(chart)
    assert list(found["before"].x) == [0.5, 0.0] and list(found["after"].x) == [-0.5, 0.25]
    assert list(found["after"].marker.line.color) == [LIGHT.sensitive, LIGHT.resistant]
    assert "2 of 2 drugs, + KRAS:12; ensemble." in chart.caption
    assert list(chart.table.columns)[:2] == ["Drug", "Change of ln(IC50), µM"]


def test_a_drug_without_a_z_score_is_named_not_drawn():
    table = pd.DataFrame({"drug": ["D0", "D1"], "ln_ic50_before": [1.0, 0.0], "ln_ic50_after": [-1.0, 0.5]})
    table = table.assign(change=[-2.0, 0.5], z_before=[np.nan, 0.0], z_after=[np.nan, 0.25])
    chart = what_if_chart(table, "+ KRAS:12", "ensemble")
    assert list(chart.figure.layout.yaxis.ticktext) == ["D1"] and len(chart.table) == 2
    assert chart.caption.startswith("1 of 2 drugs") and "1 without measured lines have no z-score" in chart.caption


def test_chance_changes_are_those_of_positions_the_patient_does_not_have():
    class Chance:
        vocabulary = SimpleNamespace(index={f"G:{i}": i for i in range(50)})

        def predict(self, genomes):
            assert genomes[0] == {"G:0", "NEW:1"} and all(len(one) == 3 for one in genomes[1:])
            assert len({one for one in genomes}) == CHANCE + 1
            return np.array([[0.0, 0.0], *([[0.5, -0.5]] * CHANCE)]), None

    assert chance_changes(Chance(), Genome(("G:0", "NEW:1"))) == (0.5, 0.5)


def test_the_common_shift_of_patients_is_that_of_their_means():
    table = pd.DataFrame({"A": [-1.0, 0.0, np.nan], "B": [0.0, 0.5, 0.25]})
    assert common_shift(table, ["A", "B"]) == ("A", "B", 0.75)


def test_names_are_text_and_never_markup():
    table = pd.DataFrame({"drug": [MARKUP], MARKUP: [1.0], "B": [0.0], "spread": [1.0]})
    hostile = ranking(1).assign(drug=MARKUP, target=MARKUP)
    lines = (NearLine(905_001, MARKUP, MARKUP, 0.5, (), (), 1),)
    measured = pd.DataFrame({"name": [MARKUP], "ln_ic50": [1.0]})
    charts = [
        compare_chart(table, [MARKUP, "B"], "", ""),
        ranking_waterfall(hostile, ""),
        similarity_map(hostile, lines, pd.DataFrame({"drug_id": [10], "cosmic_id": [905_001], "z_score": [1.0]}), ""),
        movers_chart(pd.DataFrame({"position_key": [MARKUP], "effect": [1.0]}), "D"),
        measured_distribution(hostile.iloc[0], measured, measured.assign(similarity=0.5)),
    ]
    for chart in charts:
        assert "<img" not in chart.figure.to_json().replace("\\u003c", "<")
