"""What counts as correct, and the measures of a run, against numbers worked out by hand or by other formulas."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engine.radiation import measures


def rows(stage="cv", model="ridge", rounds=2, lines=8, replicates=2, shift=0.03, seed=0):
    """Invented predictions; every second line is of the leukaemia panel."""
    rng = np.random.default_rng(seed)
    found = []
    for line in range(lines):
        observed = 0.1 + 0.1 * line
        for replicate in range(replicates):
            for number in range(1, rounds + 1):
                mean = observed + shift * rng.normal()
                panel = "Leukemia" if line % 2 else "Lung"
                row = (model, stage, number, 1, f"S{line}-{replicate}", f"L{line}", panel, observed, mean)
                found.append(row)
    names = ["model", "stage", "round", "fold", "sample", "line", "panel", "observed", "mean"]
    return pd.DataFrame(found, columns=names).assign(run_id="run", lower=np.nan, upper=np.nan)


def value(table, scope, name, key="", model="ridge"):
    chosen = table[(table["scope"] == scope) & (table["name"] == name) & (table["key"] == key)]
    return chosen[chosen["model"] == model].squeeze()


def test_correct_is_below_a_hundredth_or_below_a_tenth_of_the_value():
    predicted = [0.0599, 0.06, 0.0601, 0.549, 0.55, 0.45, 0.451, 0.09]
    observed = [0.05, 0.05, 0.05, 0.5, 0.5, 0.5, 0.5, 0.1]
    assert list(measures.correct(predicted, observed)) == [True, True, False, True, False, False, True, True]


def test_classes_of_error():
    observed = np.full(6, 0.5)
    predicted = [0.5, 0.5099, 0.51, 0.49, 0.55, 0.5501]
    words = ["under 2 %", "under 2 %", "2 to 10 %", "2 to 10 %", "2 to 10 %", "over 10 %"]
    assert list(measures.error_class(predicted, observed)) == words
    assert list(measures.error_class([0.0, 0.1], [0.0, 0.0])) == ["under 2 %", "over 10 %"]


def test_a_sample_is_the_mean_of_its_rounds_and_a_line_of_its_samples():
    predictions = rows()
    samples = measures.per_sample(predictions)
    assert len(samples) == 16
    one = predictions[predictions["sample"] == "S3-1"]
    assert samples.set_index("sample").loc["S3-1", "mean"] == pytest.approx(one["mean"].mean())
    lines = measures.per_line(samples).set_index("line")
    assert len(lines) == 8
    assert lines.loc["L3", "mean"] == pytest.approx(predictions.loc[predictions["line"] == "L3", "mean"].mean())


def test_measures_agree_with_other_formulas():
    predictions = rows()
    table = measures.metric_rows("run-1", predictions)
    samples = measures.per_sample(predictions)
    error = samples["mean"] - samples["observed"]
    assert set(table["run_id"]) == {"run-1"} and not table.duplicated(["model", "scope", "key", "name"]).any()
    assert value(table, "samples", "r")["value"] == pytest.approx(
        stats.pearsonr(samples["mean"], samples["observed"])[0]
    )
    assert value(table, "samples", "rmse")["value"] == pytest.approx(np.sqrt((error**2).mean()))
    assert value(table, "samples", "mae")["value"] == pytest.approx(error.abs().mean())
    assert value(table, "samples", "relative_error")["value"] == pytest.approx(
        (error.abs() / samples["observed"]).mean()
    )
    right = [abs(e) < 0.01 or abs(e) / y < 0.1 for e, y in zip(error, samples["observed"], strict=True)]
    assert value(table, "samples", "correct")["value"] == pytest.approx(np.mean(right))
    shares = [value(table, "samples", f"share_{one}")["value"] for one in ("under_2", "2_to_10", "over_10")]
    assert sum(shares) == pytest.approx(1)
    assert value(table, "samples", "r")["n"] == 16 and value(table, "lines", "r")["n"] == 8
    for name in measures.NAMES:
        row = value(table, "samples", name)
        assert row["lower"] <= row["value"] <= row["upper"]


def test_panels_and_all_but_leukaemia():
    predictions = rows()
    table = measures.metric_rows("run", predictions)
    samples = measures.per_sample(predictions)
    for scope, key, part in (
        ("panel", "Leukemia", samples[samples["panel"] == "Leukemia"]),
        ("panel", "Lung", samples[samples["panel"] == "Lung"]),
        ("without_leukaemia", "", samples[samples["panel"] == "Lung"]),
    ):
        found = value(table, scope, "rmse", key)
        assert found["value"] == pytest.approx(np.sqrt(((part["mean"] - part["observed"]) ** 2).mean()))
        assert found["n"] == 8 and np.isnan(found["lower"])  # four lines are too few for an interval


def test_the_bootstrap_draws_whole_lines():
    """Copies of samples add nothing that was not known: the interval over 16 copied samples is that over 8."""
    once, copied = rows(replicates=1), rows(replicates=1)
    copied = pd.concat([copied, copied.assign(sample=copied["sample"] + " copy")])
    for name in ("r", "rmse", "correct"):
        a, b = (value(measures.metric_rows("run", one), "samples", name) for one in (once, copied))
        assert (a["lower"], a["upper"]) == pytest.approx((b["lower"], b["upper"]))


def test_a_constant_prediction_has_no_correlation():
    table = measures.metric_rows("run", rows().assign(mean=0.4))
    assert np.isnan(value(table, "samples", "r")["value"]) and value(table, "samples", "rmse")["value"] > 0


def test_verdicts_and_measures_after_validation():
    first = pd.DataFrame(
        {
            "model": "network", "stage": "cv", "round": 1, "fold": 1, "sample": list("abcd"),
            "line": ["L1", "L2", "L3", "L4"], "panel": None, "observed": 0.5, "mean": [0.51, 0.6, 0.7, 0.8],
            "lower": 0.4, "upper": 0.9, "run_id": "run",
        }
    )  # fmt: skip
    again = first[first["sample"].isin(["b", "c"])].assign(stage="validation", fold=0, mean=[0.52, 0.9])
    predictions = pd.concat([first, again])
    found = measures.verdicts(predictions).set_index("sample")
    assert list(found["correct_first"]) == [True, False, False, False]
    assert list(found["rescued"]) == [False, True, False, False]
    assert list(found["prediction_hard"]) == [False, False, True, False]
    assert found["after"].isna().tolist() == [True, False, False, True]
    assert found.loc["a", "error_class"] == "2 to 10 %"
    assert list(measures.validated(predictions)["mean"]) == pytest.approx([0.51, 0.52, 0.9, 0.8])
    table = measures.metric_rows("run", predictions)
    assert value(table, "samples", "correct", model="network")["value"] == pytest.approx(0.25)
    assert value(table, "validated", "correct", model="network")["value"] == pytest.approx(0.5)


def test_the_floor_is_the_mean_over_shufflings():
    shuffled = rows(stage="permuted", rounds=30, shift=0.3, seed=5)
    table = measures.metric_rows("run", pd.concat([rows(), shuffled]))
    by_round = shuffled.groupby("round")
    r = by_round.apply(lambda one: np.corrcoef(one["mean"], one["observed"])[0, 1])
    found = value(table, "permuted", "r")
    assert found["value"] == pytest.approx(r.mean()) and found["n"] == 16
    assert (found["lower"], found["upper"]) == pytest.approx(tuple(np.percentile(r, [2.5, 97.5])))
    few = measures.metric_rows("run", pd.concat([rows(), rows(stage="permuted", rounds=3)]))
    assert np.isnan(value(few, "permuted", "r")["lower"]) and np.isfinite(value(few, "permuted", "r")["value"])


@pytest.mark.real_data
def test_the_published_table_gives_the_published_statistics(real_data):
    """r 0.9877 and 171 of 174 correct at first; RMSD 0.0252, 172 correct after validation; HL-60 rescued."""
    table = pd.read_csv(real_data / "sf2/nci60_sf2.csv")
    sample = table["cell_line_canonical"] + " " + table["replicate"].astype(str)
    first = table.assign(model="published", stage="cv", round=1, sample=sample, line=table["cell_line_canonical"])
    first = first.rename(columns={"true_sf2": "observed", "predicted_sf2": "mean"})
    wrong = ~measures.correct(first["mean"], first["observed"])
    again = first[wrong].assign(stage="validation", mean=first["predicted_sf2_after_validation"])
    predictions = pd.concat([first, again])
    found = measures.metric_rows("published", predictions)
    after = {name: value(found, "validated", name, model="published")["value"] for name in measures.NAMES}
    before = {name: value(found, "samples", name, model="published")["value"] for name in measures.NAMES}
    assert before["r"] == pytest.approx(0.9877, abs=5e-5)
    assert after["rmse"] == pytest.approx(0.0252, abs=5e-5)
    assert (round(174 * before["correct"]), round(174 * after["correct"])) == (171, 172)
    told = measures.verdicts(predictions)
    assert list(told.loc[told["prediction_hard"], "line"]) == ["MOLT-4", "MDA-MB-435"]
    assert list(told.loc[told["rescued"], "line"]) == ["HL-60"]
