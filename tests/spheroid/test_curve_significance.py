"""Curves against flat lines."""

import numpy as np
import pytest
from scipy import stats
from small_curves import sigmoid

from engine.spheroid.curve_values import arrange
from engine.spheroid.significance import p_values


def arranged(y: np.ndarray, doses: int):
    """Values (k, n), doses one log apart."""
    k, n = y.shape
    x = np.tile(np.repeat(np.arange(float(doses)), n // doses), k)
    return arrange(x, y.ravel(), np.repeat(np.arange(k), n), k)


def test_p_is_that_of_f_with_five_degrees():
    """By hand from the best four-parameter curve, which here is a straight step between two levels."""
    y = np.array([[0.0, 0.1, 0.0, 0.1, 0.8, 0.9, 0.8, 0.9]])
    flat, curve = ((y - y.mean()) ** 2).sum(), 8 * 0.05**2
    assert p_values(arranged(y, 4))[0] == pytest.approx(stats.f.sf((flat - curve) / curve * 8 / 4, 5, 3), rel=1e-3)


def test_effects_are_significant_and_noise_is_not():
    rng = np.random.default_rng(0)
    x = np.repeat(np.arange(5.0), 2)
    noise = rng.normal(0, 0.05, (300, 10))
    effect = p_values(arranged(sigmoid(x, 0.8, 2, 1.5) + noise, 5))
    assert (effect < 0.01).mean() > 0.99
    chance = p_values(arranged(noise, 5))
    assert (chance < 0.05).mean() < 0.05 and (chance > 0.2).mean() > 0.8


def test_many_doses_keep_the_level():
    chance = p_values(arranged(np.random.default_rng(1).normal(0, 0.1, (400, 17)), 17))
    assert 0.02 < (chance < 0.05).mean() < 0.1


def test_equal_values_are_flat_and_five_values_say_nothing():
    assert p_values(arranged(np.full((1, 10), 0.3), 5))[0] == 1
    assert np.isnan(p_values(arranged(np.array([[0, 0.1, 0.5, 0.9, 1.0]]), 5))[0])
    one_dose = arrange(np.ones(8), np.arange(8.0), np.zeros(8, int), 1)
    assert np.isnan(p_values(one_dose)[0])
