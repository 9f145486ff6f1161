"""A run beside another study, in words, as a table and as a scatter."""

import pandas as pd
import pytest

from engine.figures.cross_study import agreement_table, cross_verdict, measured_chart
from engine.figures.response import PAIR_TRACE
from engine.response.cluster_sums import Estimate
from engine.response.common_pairs import Matched
from engine.response.cross_study import Agreement, CrossStudy

ROWS = [
    ("GDSC2", "GDSC1", 0.80),
    ("ensemble", "GDSC1", 0.85),
    ("mean_effects", "GDSC1", 0.78),
    ("GDSC1", "GDSC2", 0.83),
    ("ensemble", "GDSC2", 0.70),
    ("mean_effects", "GDSC2", 0.65),
]
PAIRS = pd.DataFrame({"line": ["u", "v"], "drug": ["A", "B"], "cancer_type": "SKCM", "pathway": None})
PAIRS = PAIRS.assign(a=[1.0, 2.0], b=[1.5, 1.0])


def study(a=(0.07, 0.06, 0.08), b=(0.05, 0.04, 0.06), naive: str | None = "mean_effects") -> CrossStudy:
    one = Estimate(0.9, 0.8, 0.95)
    agreements = [Agreement(x, y, Estimate(v, v - 0.01, v + 0.01), one, one, Estimate(None), one) for x, y, v in ROWS]
    gain = {"GDSC1": Estimate(*a), "GDSC2": Estimate(*b)} if naive else {}
    return CrossStudy(
        **{"run_id": "r", "split": "cell_line", "dataset": "GDSC1", "other": "GDSC2", "model": "ensemble"},
        **{"naive": naive, "simulated": True, "held_out": 9000, "pairs": 3312, "lines": 795, "drugs": 180},
        matched=Matched(30, 150, 0, 48),
        agreements=tuple(agreements),
        gain=gain,
        notes=(),
    )


def test_what_holds_is_said_first_then_the_numbers():
    said, numbers = cross_verdict(study())
    assert said == "What the ensemble adds to the naive baseline holds in GDSC2 too."
    assert numbers == (
        "On 3,312 pairs that both measured, the ensemble reaches R² 0.850 against GDSC1 (another study's measurements: "
        "0.800) and R² 0.700 against GDSC2 (another study's measurements: 0.830). Difference in R² to mean effects: "
        "+0.070 (95 % +0.060 to +0.080) against GDSC1, +0.050 (95 % +0.040 to +0.060) against GDSC2."
    )


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ((0.07, 0.06, 0.08), (0.01, -0.01, 0.03), "does not clearly hold in GDSC2."),
        ((0.07, 0.06, 0.08), (-0.05, -0.06, -0.04), "does not hold in GDSC2."),
        ((0.01, -0.01, 0.03), (0.05, 0.04, 0.06), "does not clearly beat the naive baseline, even in its own study."),
        ((0.07, None, None), (0.05, None, None), "cannot be told from chance: too few cell lines"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_said(a, b, said):
    assert said in cross_verdict(study(a, b))[0]


def test_without_a_naive_baseline_the_numbers_stand_alone():
    said, numbers = cross_verdict(study(naive=None))
    assert "no naive baseline" in said and "Difference" not in numbers


def test_the_table_has_the_other_study_first():
    table = agreement_table(study())
    assert list(table["Prediction"]) == [
        "GDSC2, measured", "Ensemble", "Mean effects (naive)", "GDSC1, measured", "Ensemble", "Mean effects (naive)",
    ]  # fmt: skip
    assert table.loc[1, "R²: 95 % interval"] == "0.840 to 0.860"
    assert table["Spearman ρ"].isna().all() and table.loc[0, "Spearman ρ: 95 % interval"] == "no interval"


def test_both_measurements_of_a_pair_are_drawn(monkeypatch):
    chart = measured_chart(PAIRS, study())
    points = chart.figure.data[PAIR_TRACE]
    assert (list(points.x), list(points.y)) == ([1.0, 2.0], [1.5, 1.0])
    assert chart.figure.layout.xaxis.title.text == "GDSC1: ln(IC50), µM"
    assert "GDSC1 %{x:.2f}, GDSC2 %{y:.2f}" in points.hovertemplate
    assert "unseen cell lines, simulated" in chart.caption
    assert list(chart.table["GDSC2 − GDSC1, ln µM"]) == [-1.0, 0.5]
    monkeypatch.setattr("engine.figures.response.POINT_LIMIT", 1)
    monkeypatch.setattr("engine.figures.cross_study.POINT_LIMIT", 1)
    assert "Density" in measured_chart(PAIRS, study()).caption
