import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engine.errors import InputError
from engine.learn.comparison import compare, paired_differences

# AUC of four variants of one learner on 14 data sets: Demsar 2006, Journal of Machine Learning Research 7, table 6.
# Printed with three digits, but ranked with more: the 0.9751 ranks before the 0.975 there.
DEMSAR = pd.DataFrame(
    {
        "C4.5": [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.0, 0.940, 0.619, 0.972, 0.957],
        "C4.5+m": [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.0, 0.962, 0.666, 0.981, 0.978],
        "C4.5+cf": [0.771, 0.590, 0.968, 0.654, 0.886, 0.916, 0.609, 0.563, 0.866, 1.0, 0.965, 0.614, 0.9751, 0.946],
        "C4.5+m+cf": [0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685, 0.625, 0.875, 1.0, 0.962, 0.669, 0.975, 0.970],
    }
)


def test_published_example():
    """Mean ranks, critical differences (1.25 at 5 %, 1.12 at 10 %) and groups as printed there."""
    found = compare(DEMSAR, alpha=0.10)
    assert list(found.mean_ranks) == ["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]
    assert list(found.mean_ranks.values()) == pytest.approx([1.964, 2.000, 2.893, 3.143], abs=5e-4)
    assert found.critical_difference == pytest.approx(1.12, abs=0.005)
    assert found.cliques == (("C4.5+m+cf", "C4.5+m", "C4.5+cf"), ("C4.5+cf", "C4.5"))
    strict = compare(DEMSAR, alpha=0.05)
    assert strict.critical_difference == pytest.approx(1.25, abs=0.005)
    assert strict.cliques == (("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"),)
    assert (found.folds, found.alpha) == (14, 0.10)


def test_friedman_p_value_by_formula():
    """9.28 as printed there, corrected for ties: over 1 - sum(t3 - t) / (N k (k2 - 1)) for groups of t equal values."""
    ranks = DEMSAR.rank(axis=1, ascending=False).mean()
    plain = 12 * 14 / (4 * 5) * ((ranks**2).sum() - 4 * 5**2 / 4)
    assert plain == pytest.approx(9.28, abs=0.005)
    ties = sum((count**3 - count) for _, row in DEMSAR.iterrows() for count in row.value_counts())
    expected = stats.chi2.sf(plain / (1 - ties / (14 * 4 * 15)), 3)
    assert compare(DEMSAR).p_value == pytest.approx(expected)


@pytest.mark.parametrize(("models", "q"), [(3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_difference_by_the_published_table_of_q(models, q):
    scores = pd.DataFrame(np.random.default_rng(0).normal(size=(9, models)))
    expected = q * np.sqrt(models * (models + 1) / (6 * 9))
    assert compare(scores).critical_difference == pytest.approx(expected, abs=2e-3)


def test_lower_can_be_better():
    errors = pd.DataFrame({"good": [1.0] * 8, "middling": [2.0] * 8, "bad": [3.0] * 8})
    assert compare(errors, higher_is_better=False).mean_ranks == {"good": 1.0, "middling": 2.0, "bad": 3.0}
    assert list(compare(errors).mean_ranks) == ["bad", "middling", "good"]


def test_cliques_overlap_and_singles_are_none():
    """Ranks 1 to 6 in 30 folds: the critical difference is 1.38, so only neighbours cannot be told apart."""
    scores = pd.DataFrame({name: [-float(i)] * 30 for i, name in enumerate("abcdef")})
    assert compare(scores).cliques == (("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f"))
    assert compare(pd.concat([scores] * 3)).cliques == ()


def test_no_difference_at_all():
    found = compare(pd.DataFrame({name: [0.5] * 7 for name in "abc"}))
    assert found.p_value == 1.0
    assert found.cliques == (("a", "b", "c"),)
    chance = compare(pd.DataFrame(np.random.default_rng(3).normal(size=(7, 4)), columns=list("abcd")))
    assert chance.p_value > 0.05 and len(chance.cliques) == 1 and len(chance.cliques[0]) == 4


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (DEMSAR.head(6), "6 folds are too few to rank models: evaluate them in 7 or more folds."),
        (DEMSAR.iloc[:, :2], "2 models cannot be ranked: choose 3 or more, or look at the paired differences."),
        (DEMSAR.replace(0.569, np.nan), "C4.5+m+cf has no score in fold 1: evaluate it there, or leave it out"),
    ],
)
def test_scores_that_cannot_be_compared(scores, message):
    with pytest.raises(InputError, match=re.escape(message)):
        compare(scores)


def test_paired_differences_by_hand():
    """Differences 1, 2, 3 over three folds: s2 = 1, so the half width is t x sqrt(1/3 + 1/2), with t(2) = 4.303."""
    scores = pd.DataFrame({"naive": [0.0, 1.0, 2.0], "net": [1.0, 3.0, 5.0], "same": [0.0, 1.0, 2.0]})
    found = paired_differences(scores, "naive").set_index("model")
    assert list(found.index) == ["net", "same"]
    half = 4.303 * np.sqrt(1 / 3 + 1 / 2)
    assert tuple(found.loc["net"]) == pytest.approx((2.0, 2 - half, 2 + half, 3), abs=2e-3)
    assert tuple(found.loc["same"]) == (0.0, 0.0, 0.0, 3)
    wider = paired_differences(scores, "naive", test_per_train=1.0).set_index("model")
    assert wider.loc["net", "upper"] == pytest.approx(2 + 4.303 * np.sqrt(4 / 3), abs=2e-3)


def test_paired_differences_keep_their_level_where_folds_share_an_error():
    """Scores of folds correlate by 1/k (what the correction assumes): 95 % intervals hold zero about 95 % of times."""
    rng = np.random.default_rng(0)
    k, held = 7, 0
    for _ in range(400):
        noise = np.sqrt(1 / k) * rng.normal() + np.sqrt(1 - 1 / k) * rng.normal(size=k)
        row = paired_differences(pd.DataFrame({"a": np.zeros(k), "b": noise}), "a").iloc[0]
        held += row["lower"] <= 0 <= row["upper"]
    assert held / 400 == pytest.approx(0.95, abs=0.03)


def test_differences_only_over_common_folds():
    scores = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": [2.0, np.nan, 3.0], "c": [np.nan, np.nan, 1.0]})
    found = paired_differences(scores, "a").set_index("model")
    assert found.loc["b", ["difference", "n"]].tolist() == [1.0, 1]
    assert found.loc["c", "n"] == 0
    assert found[["lower", "upper"]].isna().all(axis=None) and np.isnan(found.loc["c", "difference"])


def test_unknown_reference():
    with pytest.raises(InputError, match="There is no score of net. Choose from a, b."):
        paired_differences(pd.DataFrame({"a": [1.0], "b": [2.0]}), "net")
