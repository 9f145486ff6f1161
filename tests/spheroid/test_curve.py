"""Curves fitted side by side: known curves found again, and what cannot be fitted."""

import numpy as np
import pytest
from scipy.optimize import minimize
from small_curves import curves, sigmoid

from engine.errors import InputError
from engine.spheroid.curve import NAMES, evaluate, fit_arranged, fit_curves, starts
from engine.spheroid.curve_values import arrange
from engine.spheroid.dss import dss_asym

X = np.repeat(np.arange(5.0), 2)  # 1 to 10,000 nM in duplicate
ONE = np.zeros(10, int)


def parameters_of(fitted, row: int = 0) -> list[float]:
    return [float(getattr(fitted, name)[row]) for name in NAMES]


def test_the_formula_by_hand():
    """xmid is where half is reached with s = 1; s = 2 squares the fraction."""
    drawn = evaluate(curves((0, 1, 2, 1, 1), (0.1, 0.9, 2, 1, 2)), np.array([1.0, 2.0, 3.0]))
    assert drawn[0] == pytest.approx([1 / 11, 1 / 2, 10 / 11])
    assert drawn[1] == pytest.approx([0.1 + 0.8 / 121, 0.1 + 0.8 / 4, 0.1 + 0.8 * 100 / 121])


@pytest.mark.parametrize("truth", [(0, 0.8, 2, 1.2, 1), (-0.05, 0.9, 1.5, 1, 2), (0.7, 0.1, 2.5, 1.5, 1)])
def test_a_curve_without_noise_is_found_again(truth):
    fitted = fit_curves(X, evaluate(curves(truth), X)[0], ONE, 1)
    if truth[0] < truth[1]:
        assert parameters_of(fitted) == pytest.approx(truth, abs=1e-3)
    assert evaluate(fitted, X)[0] == pytest.approx(evaluate(curves(truth), X)[0], abs=1e-3)
    assert fitted.gof[0] == pytest.approx(1, abs=1e-5) and fitted.n_parameters[0] == 5
    assert (fitted.x_min[0], fitted.x_max[0], fitted.reason) == (0, 4, ("",))


def test_starts_are_the_published_ones():
    """By hand: quantiles of 0, .2, .8, 1; mean z per dose .05, (.2 - low) / (high - low), ...; slope by numpy."""
    y = np.array([0.0, 0.2, 0.8, 1.0])
    values = arrange(np.arange(4.0), y, np.zeros(4, int), 1).values(np.array([0]))
    bottom, top, xmid, slope, asymmetry = starts(values, 5)[0]
    assert (bottom, top, xmid, asymmetry) == pytest.approx((0.03, 0.97, 1.5, 1))  # 5 % of the way to 0.2: 0.03
    z = (np.array([0.2, 0.8]) - 0.015) / 0.97
    logit = np.log(np.array([0.05 / 0.95, z[0] / (1 - z[0]), z[1] / (1 - z[1]), 0.95 / 0.05]))
    assert slope == pytest.approx(np.polyfit(np.arange(4.0), logit, 1)[0])
    assert starts(values, 3)[0][:2] == pytest.approx((0, 0.97)) and starts(values, 2)[0][:2] == pytest.approx((0, 1))


def test_the_loss_is_the_published_one_and_as_low_as_scipy_finds_it():
    rng = np.random.default_rng(4)
    y = sigmoid(X, 0.8, 2, 1.2) + rng.normal(0, 0.05, 10)
    fitted = fit_curves(X, y, ONE, 1)
    residual = np.abs(y - evaluate(fitted, X)[0])
    assert fitted.loss[0] == pytest.approx((residual**1.5).sum())
    assert fitted.gof[0] == pytest.approx(1 - (residual**2).sum() / ((y - y.mean()) ** 2).sum())

    def loss(p):
        return (np.abs(y - p[0] - (p[1] - p[0]) / (1 + 10 ** ((p[2] - X) * p[3])) ** p[4]) ** 1.5).sum()

    best = minimize(loss, [0, 0.8, 2, 1.2, 1], method="Nelder-Mead", options={"maxiter": 8000, "maxfev": 8000})
    assert fitted.loss[0] <= 1.02 * best.fun


def test_fewer_parameters_stay_fixed_and_all_takes_the_smallest_loss():
    y = sigmoid(X, 0.6, 2, 1.5) + 0.03 * (-1) ** np.arange(10)
    by = {n: fit_curves(X, y, ONE, 1, n) for n in (2, 3, 4, 5)}
    assert parameters_of(by[2])[:2] == [0, 1] and parameters_of(by[2])[4] == 1
    assert parameters_of(by[3])[0] == 0 and parameters_of(by[3])[4] == parameters_of(by[4])[4] == 1
    best = fit_curves(X, y, ONE, 1, 0)
    assert best.loss[0] == min(by[n].loss[0] for n in by)
    assert best.n_parameters[0] == min(by, key=lambda n: by[n].loss[0])


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("parameters", [0, 2, 3, 4, 5])
def test_all_equal_readouts_become_a_flat_line(value, parameters):
    """Areas above 10 % by hand: (100 v - 10) / 90 of 50, and none at 0."""
    fitted = fit_curves(X, np.full(10, value), ONE, 1, parameters)
    assert evaluate(fitted, X)[0] == pytest.approx(value, abs=2e-3)
    assert np.isnan(fitted.gof[0])  # nothing varies that could be explained
    assert dss_asym(fitted).dss[0] == pytest.approx({0.0: 0, 0.4: 50 / 3, 1.0: 50}[value], abs=0.02)


def test_one_dose_no_well_and_absurd_values_have_no_fit_but_a_reason():
    x = np.array([2, 2, 0, 1, 0, 1.0])
    y = np.array([0.1, 0.2, np.nan, np.nan, 0.1, 5e6])
    fitted = fit_curves(x, y, np.array([0, 0, 1, 1, 2, 2]), 4)
    assert fitted.reason[0] == "one dose only (100 nM); a curve needs at least two"
    assert fitted.reason[1] == fitted.reason[3] == "no well with a dose and a viability"
    assert fitted.reason[2] == "a viability beyond 100 times the controls; look at the controls of the plate"
    assert np.isnan([getattr(fitted, name) for name in NAMES]).all() and np.isnan(fitted.loss).all()
    assert fitted.n_parameters.tolist() == [0, 0, 0, 0]
    assert np.isnan(dss_asym(fitted).dss).all()


def test_two_doses_are_fitted_through_their_medians():
    fitted = fit_curves(np.array([0, 0, 1, 1.0]), np.array([0.1, 0.2, 0.8, 0.9]), np.zeros(4, int), 1)
    assert evaluate(fitted, np.array([0.0, 1.0]))[0] == pytest.approx([0.15, 0.85], abs=1e-3)


def test_missing_wells_and_the_order_of_wells_change_nothing():
    rng = np.random.default_rng(1)
    y = sigmoid(X, 0.8, 2, 1.2) + rng.normal(0, 0.05, 10)
    plain = fit_curves(X, y, ONE, 1)
    holed = fit_curves(np.append(X, [1.0, np.nan]), np.append(y, [np.nan, 0.3]), np.zeros(12, int), 1)
    assert parameters_of(holed) == parameters_of(plain)
    order = rng.permutation(10)
    assert parameters_of(fit_curves(X[order], y[order], ONE, 1)) == parameters_of(plain)


def test_curves_of_any_number_and_length_are_fitted_as_alone(monkeypatch):
    """To the last bit: which drugs are on a plate must not change the score of one of them."""
    monkeypatch.setattr("engine.spheroid.curve_values.CHUNK", 60)
    rng = np.random.default_rng(2)
    lengths = rng.integers(4, 40, 50)
    x = [rng.uniform(0, 4, n) for n in lengths]
    y = [sigmoid(at, 0.8, 2, 1.2) + rng.normal(0, 0.05, len(at)) for at in x]
    arranged = arrange(np.concatenate(x), np.concatenate(y), np.repeat(np.arange(50), lengths), 50)
    seen = np.concatenate([rows for rows, _ in arranged.chunks()])
    assert sorted(seen) == list(range(50)) and len(list(arranged.chunks())) > 20
    together = fit_arranged(arranged, 4)
    for row in range(0, 50, 7):
        alone = fit_curves(x[row], y[row], np.zeros(lengths[row], int), 1, 4)
        assert parameters_of(alone) == parameters_of(together, row)


def test_doses_that_differ_beyond_reason_and_steep_steps_stay_finite():
    x = np.repeat([-9.0, 0.0, 12.0], 2)
    fitted = fit_curves(x, np.array([0, 0.01, 0.5, 0.52, 1, 1.01]), np.zeros(6, int), 1)
    assert np.isfinite([*parameters_of(fitted), dss_asym(fitted).dss[0]]).all()
    step = fit_curves(X, (X > 1.5).astype(float), ONE, 1)
    assert np.isfinite(parameters_of(step)).all() and step.gof[0] > 0.99


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="2 to 5 parameters, or 0 for the best of them; not 6"):
        fit_curves(X, X, ONE, 1, 6)
    with pytest.raises(InputError, match="10 doses, 9 inhibitions and 10 curve numbers"):
        fit_curves(X, X[1:], ONE, 1)
