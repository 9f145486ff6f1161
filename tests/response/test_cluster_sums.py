"""Measures from sums per cluster, against typed numbers and against the pairs themselves."""

import numpy as np
import pandas as pd
import pytest

from engine.learn.metrics import pair_scores
from engine.response.cluster_sums import DrawnSums, Estimate, pearson, r2


def sums(observed: np.ndarray, predicted: np.ndarray, clusters: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame({"n": 1.0, "y": observed, "yy": observed**2, "p": predicted, "pp": predicted**2})
    frame = frame.assign(yp=observed * predicted, sse=(observed - predicted) ** 2)
    return frame.groupby(clusters).sum()


def test_sums_give_what_the_pairs_give():
    rng = np.random.default_rng(3)
    clusters = rng.integers(0, 12, 200)
    observed = rng.normal(3, 2, 200)
    predicted = observed + rng.normal(0, 1, 200)
    drawn = DrawnSums(sums(observed, predicted, clusters))
    expected = {score.name: score[1:4] for score in pair_scores(observed, predicted, clusters)}
    found = {
        "r2": r2(drawn["sse"], drawn["n"], drawn["y"], drawn["yy"]),
        "pearson": pearson(drawn["n"], drawn["y"], drawn["p"], drawn["yy"], drawn["pp"], drawn["yp"]),
        "rmse": np.sqrt(drawn["sse"] / drawn["n"]),
    }
    for name, values in found.items():
        one = drawn.estimate(values)
        assert (one.value, one.lower, one.upper) == pytest.approx(expected[name]), name


def test_a_paired_difference_that_never_changes_has_no_width():
    observed = np.arange(20.0)
    drawn = DrawnSums(pd.DataFrame({"n": 4.0, "y": observed, "better": 1.0, "worse": 3.0}))
    assert drawn.estimate((drawn["worse"] - drawn["better"]) / drawn["n"]) == Estimate(0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("n", "clusters", "expected"),
    [
        (1.0, 2, Estimate(None)),  # two pairs
        (3.0, 1, Estimate(2.0)),  # one cluster: nothing to draw from
        (1.0, 4, Estimate(2.0)),  # four clusters are too few
        (1.0, 5, Estimate(2.0, 2.0, 2.0)),
    ],
)
def test_too_little_gives_no_value_or_no_interval(n, clusters, expected):
    drawn = DrawnSums(pd.DataFrame({"n": np.full(clusters, n)}))
    assert drawn.estimate(np.full(1001, 2.0)) == expected


def test_constant_measurements_are_not_defined():
    constant = np.full(9, 0.1)
    drawn = DrawnSums(sums(constant, np.arange(9.0), np.arange(9)))
    assert drawn.estimate(r2(drawn["sse"], drawn["n"], drawn["y"], drawn["yy"])) == Estimate(None)
    r = pearson(drawn["n"], drawn["y"], drawn["p"], drawn["yy"], drawn["pp"], drawn["yp"])
    assert drawn.estimate(r) == Estimate(None)
