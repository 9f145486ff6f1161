"""Intervals of SF2 from the residuals of other lines, and what they cover."""

import numpy as np
import pandas as pd
import pytest

from engine.errors import TrainingError
from engine.radiation import measures
from engine.radiation.intervals import calibration, conformal


def predictions(lines=40, replicates=2, rounds=3, error=0.1, seed=0):
    """Invented SF2 and predictions; an error is a line's, with a little of the round."""
    rng = np.random.default_rng(seed)
    observed, off = rng.uniform(0.3, 0.7, lines), error * rng.normal(size=lines)
    rows = [
        (
            "ridge",
            "cv",
            number,
            1,
            f"S{line}-{i}",
            f"L{line}",
            "Lung",
            observed[line],
            observed[line] + off[line] + jitter,
        )
        for line, true in enumerate(observed)
        for i in range(replicates)
        for number, jitter in zip(range(1, rounds + 1), 0.001 * rng.normal(size=rounds), strict=True)
    ]
    names = ["model", "stage", "round", "fold", "sample", "line", "panel", "observed", "mean"]
    return pd.DataFrame(rows, columns=names)


def test_half_width_is_the_quantile_of_the_other_lines():
    given = predictions(lines=12, error=0.03)
    found = conformal(given, "grouped")
    assert list(found[given.columns].itertuples(index=False)) == list(given.itertuples(index=False))
    residual = measures.per_line(measures.per_sample(given)).set_index("line").eval("abs(observed - mean)")
    for sample, rows in found.groupby("sample"):
        line = rows["line"].iloc[0]
        others = sorted(residual.drop(line))
        half = others[10]  # the ceil(0.9 * 12)-th of eleven
        assert rows["lower"].nunique() == rows["upper"].nunique() == 1
        assert rows["lower"].iloc[0] == pytest.approx(rows["mean"].mean() - half), sample
        assert rows["upper"].iloc[0] == pytest.approx(rows["mean"].mean() + half)


def test_a_line_never_widens_its_own_interval():
    given = predictions(error=0.03)
    residual = measures.per_line(measures.per_sample(given)).set_index("line").eval("abs(observed - mean)")
    best = residual.idxmin()
    worse = given.copy()
    worse.loc[worse["line"] == best, "observed"] = 0.0
    before, after = (conformal(one, "grouped").set_index(["sample", "round"]) for one in (given, worse))
    own = before["line"] == best
    assert np.array_equal(before.loc[own, ["lower", "upper"]], after.loc[own, ["lower", "upper"]])
    assert (after.loc[~own, "upper"] >= before.loc[~own, "upper"]).all()
    assert (after.loc[~own, "upper"] > before.loc[~own, "upper"]).any()


def test_coverage_is_reported_and_about_ninety_percent():
    covered = []
    for seed in range(10):
        found = conformal(predictions(seed=seed), "grouped").assign(run_id="run")
        table = measures.metric_rows("run", found, draws=50).set_index(["scope", "name"])["value"]
        covered.append(table["lines", "coverage"])
        assert table["samples", "coverage"] == pytest.approx(table["lines", "coverage"], abs=0.06)
        assert 0.2 < table["samples", "width"] < 0.6
    assert 0.88 <= np.mean(covered) <= 0.95


def test_an_impossible_mean_is_in_its_interval_at_the_end_of_the_range():
    given = predictions(lines=30, error=0.03)
    given.loc[given["line"] == "L3", "mean"] = 1.32
    found = conformal(given, "grouped")
    mine = found[found["line"] == "L3"]
    assert (mine["upper"] == 1).all() and (mine["lower"] > 0.8).all() and (mine["lower"] < 1).all()


def test_ends_are_fractions():
    found = conformal(predictions(error=0.5), "grouped")
    assert found["lower"].min() == 0 and found["upper"].max() == 1 and (found["lower"] <= found["upper"]).all()


def test_none_where_they_would_promise_nothing():
    """Published folds, too few lines, samples predicted again and shuffled labels have no interval."""
    assert conformal(predictions(), "published")[["lower", "upper"]].isna().all(axis=None)
    assert conformal(predictions(lines=9), "grouped")[["lower", "upper"]].isna().all(axis=None)
    assert conformal(predictions(lines=10), "grouped")[["lower", "upper"]].notna().all(axis=None)
    given = predictions()
    other = [given[given["sample"] == "S0-0"].head(1).assign(stage="validation"), given.assign(stage="permuted")]
    found = conformal(pd.concat([given, *other], ignore_index=True), "grouped")
    assert found.loc[found["stage"] == "cv", "lower"].notna().all()
    assert found.loc[found["stage"] != "cv", ["lower", "upper"]].isna().all(axis=None)
    table = measures.metric_rows("run", conformal(given, "published"))
    assert not set(table["name"]) & {"coverage", "width"}


def test_calibration_for_lines_outside():
    given = predictions(lines=19)
    residual = measures.per_line(measures.per_sample(given)).eval("abs(observed - mean)")
    assert calibration(given, "ridge").quantile == pytest.approx(sorted(residual)[17])  # ceil(0.9 * 20) = 18th
    with pytest.raises(TrainingError, match="8 cell lines predicted by ridge are too few for 90 % intervals: 9 are"):
        calibration(predictions(lines=8), "ridge")
