"""Intervals of scores."""

import numpy as np
import pytest
from small_curves import curves, sigmoid

from engine.spheroid.curve import fit_arranged
from engine.spheroid.curve_bootstrap import dss_intervals
from engine.spheroid.curve_values import arrange
from engine.spheroid.dss import dss_asym
from engine.spheroid.significance import p_values

X = np.repeat(np.arange(5.0), 2)


def noisy(k: int, noise: float, seed: int = 0):
    """k noisy copies of curves with tops from 0.3 to 0.9, and the scores of the true curves."""
    rng = np.random.default_rng(seed)
    tops = np.linspace(0.3, 0.9, k)
    y = np.stack([sigmoid(X, top, 2, 1.2) for top in tops]) + rng.normal(0, noise, (k, 10))
    true = dss_asym(curves(*((0, top, 2, 1.2, 1) for top in tops))).dss
    return arrange(np.tile(X, k), y.ravel(), np.repeat(np.arange(k), 10), k), true


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    values, true = noisy(40, 0.06)
    found = dss_intervals(values, fit_arranged(values, 4), 4, 60, seed=1)
    inside = ((found.lower <= true) & (true <= found.upper)).mean()
    assert 0.85 <= inside <= 1


def test_intervals_hold_their_score_and_grow_with_the_noise():
    (calm, _), (loud, _) = noisy(6, 0.02), noisy(6, 0.1)
    widths = []
    for values in (calm, loud):
        fitted = fit_arranged(values, 3)
        found = dss_intervals(values, fitted, 3, 60, seed=1)
        score = dss_asym(fitted).dss
        assert ((found.lower <= score) & (score <= found.upper)).all()
        widths.append((found.upper - found.lower).mean())
    assert widths[1] > 2 * widths[0] > 0


def test_the_same_seed_gives_the_same_bytes_and_blocks_do_not_matter(monkeypatch):
    values, _ = noisy(6, 0.05)
    fitted = fit_arranged(values, 3)
    first = dss_intervals(values, fitted, 3, 30, seed=5)
    told: list[float] = []
    monkeypatch.setattr("engine.spheroid.curve_bootstrap.BLOCK", 60)
    again = dss_intervals(values, fitted, 3, 30, seed=5, progress=told.append)
    assert np.array_equal(first.lower, again.lower) and np.array_equal(first.upper, again.upper)
    assert told == pytest.approx([1 / 3, 2 / 3, 1])


def test_no_interval_where_nothing_is_left_to_draw_from():
    """Five values on five parameters; no draws wanted; no fit."""
    x, y = np.arange(5.0), np.array([0, 0.1, 0.5, 0.8, 0.9])
    values = arrange(np.append(x, 2.0), np.append(y, 0.3), np.array([0] * 5 + [1]), 2)
    assert np.isnan(dss_intervals(values, fit_arranged(values, 5), 5, 50, seed=0).lower).all()
    with_three = dss_intervals(values, fit_arranged(values, 3), 3, 50, seed=0)
    assert np.isfinite(with_three.lower[0]) and np.isnan(with_three.lower[1])
    assert np.isnan(dss_intervals(values, fit_arranged(values, 3), 3, 0, seed=0).upper).all()


def test_a_curve_alone_is_the_same_to_the_last_bit_as_among_others():
    """So that after a decision only what changed needs to be fitted: fit, test against a flat line and interval."""
    rng = np.random.default_rng(3)
    parts = []
    for number in range(60):
        x = rng.choice(np.arange(0, 5, 0.5), rng.choice([5, 8, 10, 17]))
        y = sigmoid(x, rng.uniform(-0.2, 1.1), rng.uniform(0, 4), rng.uniform(-1, 4))
        parts.append((x, y + rng.normal(0, rng.choice([0.001, 0.1, 0.5]), len(x)), np.full(len(x), number)))

    def numbers(which: list[int], parameters: int) -> np.ndarray:
        x, y, _ = (np.concatenate([parts[number][i] for number in which]) for i in range(3))
        curve_of = np.repeat(np.arange(len(which)), [len(parts[number][0]) for number in which])
        values = arrange(x, y, curve_of, len(which))
        fitted = fit_arranged(values, parameters)
        found = dss_intervals(values, fitted, parameters, 20, 7, names=[f"curve {number}" for number in which])
        scores = dss_asym(fitted)
        return np.stack([getattr(fitted, name) for name in ("bottom", "top", "xmid", "slope", "asymmetry", "loss")]
                        + [scores.dss, found.lower, found.upper, p_values(values)])  # fmt: skip

    for parameters in (0, 3, 5):
        together = numbers(list(range(60)), parameters)
        for number in range(0, 60, 4):
            alone, pair = numbers([number], parameters)[:, 0], numbers([59 - number, number], parameters)[:, 1]
            assert np.array_equal(alone, together[:, number], equal_nan=True)
            assert np.array_equal(pair, together[:, number], equal_nan=True)


def test_draws_follow_from_the_seed_and_the_name_of_the_curve():
    values, _ = noisy(4, 0.05)
    fitted = fit_arranged(values, 3)
    first = dss_intervals(values, fitted, 3, 30, 5, names=["a", "b", "c", "d"])
    other = dss_intervals(values, fitted, 3, 30, 5, names=["a", "b", "x", "d"])
    assert (first.lower == other.lower).tolist() == [True, True, False, True]
    some = dss_intervals(
        values, fitted, 3, 30, 5, names=["a", "b", "c", "d"], wanted=np.array([False, True, False, True])
    )
    assert np.isnan(some.lower[[0, 2]]).all() and np.array_equal(some.upper[[1, 3]], first.upper[[1, 3]])
