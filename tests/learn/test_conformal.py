import json

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from engine.errors import TrainingError
from engine.learn.conformal import Calibration, calibrate


def test_constant_width_by_hand():
    """Of 19 errors the ceil(20 x 0.9) = 18th smallest counts."""
    errors = np.arange(1.0, 20.0)
    found = calibrate(np.zeros(19), errors * np.where(np.arange(19) % 2, 1, -1))
    assert found == Calibration(level=0.9, quantile=18.0, floor=None, n=19)
    lower, upper = found.interval(np.array([0.0, 5.0]))
    np.testing.assert_array_equal(lower, [-18, -13])
    np.testing.assert_array_equal(upper, [18, 23])


def test_width_follows_the_spread_by_hand():
    """Errors 1 to 9 with spread 1, then one of 3: floor 1, scores 0.5 to 4.5; all nine are needed for 90 %."""
    found = calibrate(np.arange(1.0, 10.0), np.zeros(9), np.ones(9))
    assert found == Calibration(level=0.9, quantile=4.5, floor=1.0, n=9)
    lower, upper = found.interval(np.zeros(2), np.array([0.0, 3.0]))
    np.testing.assert_allclose(upper, [4.5, 18.0])
    np.testing.assert_allclose(lower, -upper)


@pytest.mark.parametrize(("level", "n", "needed"), [(0.9, 8, 9), (0.95, 18, 19), (0.8, 3, 4), (0.9, 0, 9)])
def test_too_few_validation_pairs(level, n, needed):
    message = f"{n} validation pairs are too few for {100 * level:g} % prediction intervals: {needed} are needed"
    with pytest.raises(TrainingError, match=message):
        calibrate(np.ones(n), np.zeros(n), level=level)
    calibrate(np.ones(needed), np.zeros(needed), level=level)


@pytest.mark.parametrize("level", [0.5, 0.9])
@pytest.mark.parametrize("normalised", [False, True])
def test_covers_what_it_promises(level, normalised):
    """Mean over 200 simulated studies of 400 calibration and 2,000 new pairs, errors of unequal size."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        spread = rng.gamma(2, 0.5, 2400)
        predicted = rng.normal(0, 2, 2400)
        observed = predicted + rng.standard_t(4, 2400) * (0.3 + spread)
        own, new = slice(400), slice(400, None)
        given = spread if normalised else np.zeros(2400)
        found = calibrate(observed[own], predicted[own], given[own] if normalised else None, level)
        lower, upper = found.interval(predicted[new], given[new])
        covered.append(((lower <= observed[new]) & (observed[new] <= upper)).mean())
    assert np.mean(covered) == pytest.approx(level, abs=0.01)
    if level == 0.9:
        assert 0.88 <= np.mean(covered) <= 0.92


def test_spread_evens_coverage_out():
    """Three in four pairs err by N(0, 0.5), the others by N(0, 3), and the spread says which."""
    rng = np.random.default_rng(1)
    spread = np.repeat([0.5, 3.0], [30_000, 10_000])
    observed, predicted = rng.normal(0, spread), np.zeros(40_000)

    def covered(lower, upper):
        inside = (lower <= observed) & (observed <= upper)
        return inside[:30_000].mean(), inside[30_000:].mean()

    def expected(scale_sure, scale_unsure):
        """Coverage of both kinds if intervals of these relative widths cover 90 % of all."""
        sure, unsure = (
            lambda q, s=s, w=w: 1 - 2 * norm.sf(q * w / s) for s, w in ((0.5, scale_sure), (3, scale_unsure))
        )
        q = brentq(lambda q: 0.75 * sure(q) + 0.25 * unsure(q) - 0.9, 0.01, 50)
        return sure(q), unsure(q)

    normalised = covered(*calibrate(observed, predicted, spread).interval(predicted, spread))
    fixed = covered(*calibrate(observed, predicted).interval(predicted))
    assert normalised == pytest.approx(expected(0.5 + 0.5, 3 + 0.5), abs=0.01)
    assert fixed == pytest.approx(expected(1, 1), abs=0.01)
    assert normalised[1] > fixed[1] + 0.1


def test_networks_that_agree_by_chance_do_not_promise_certainty():
    rng = np.random.default_rng(2)
    spread = np.r_[np.full(900, 1.0), np.full(100, 1e-9)]
    found = calibrate(rng.normal(size=1000), np.zeros(1000), spread)
    lower, upper = found.interval(np.zeros(2), np.array([0.0, 1.0]))
    assert 0.5 < upper[0] - lower[0] < upper[1] - lower[1] < 5


def test_one_network_has_no_spread():
    found = calibrate(np.arange(9.0), np.zeros(9), np.zeros(9))
    assert found == calibrate(np.arange(9.0), np.zeros(9))
    np.testing.assert_array_equal(found.interval(np.zeros(2), np.zeros(2))[1], [8, 8])


def test_survives_json():
    for found in (calibrate(np.arange(9.0), np.zeros(9)), calibrate(np.arange(9.0), np.zeros(9), np.ones(9))):
        assert Calibration.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_bad_values():
    with pytest.raises(ValueError, match="must be finite"):
        calibrate(np.ones(9), np.r_[np.zeros(8), np.nan])
    with pytest.raises(ValueError, match=r"level is 90; it must lie between 0 and 1"):
        calibrate(np.ones(9), np.zeros(9), level=90)
    with pytest.raises(ValueError, match="calibrated with a spread; the predictions come without one"):
        calibrate(np.ones(9), np.zeros(9), np.ones(9)).interval(np.zeros(2))
