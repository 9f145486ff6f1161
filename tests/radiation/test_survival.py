"""The linear-quadratic fit against typed-out curves, a grid search and linear regression."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engine.errors import InputError
from engine.radiation.survival import OneDoseError, distinct_doses, fit_curve, survival

DOSES = np.array([1.0, 2.0, 4.0, 6.0, 8.0])


def grid_interval(dose, ln_s, weights):
    """The profile interval by brute force: every alpha and beta of a fine grid whose sum of squares is small enough."""
    alpha, beta = np.meshgrid(np.linspace(0, 0.6, 1201), np.linspace(0, 0.08, 1601), indexing="ij")
    squares = sum((y + alpha * d + beta * d * d) ** 2 for d, y in zip(dose, ln_s, strict=True))
    freedom = len(dose) - 2
    inside = squares <= squares.min() * (1 + stats.t.ppf(0.975, freedom) ** 2 / freedom)
    values = (weights[0] * alpha + weights[1] * beta)[inside]
    return values.min(), values.max()


def test_survival_is_the_formula():
    """0.3 per Gy and 0.03 per Gy^2: 0.6 + 0.12 at 2 Gy, 1.5 + 0.75 at 5 Gy."""
    assert survival([0, 2, 5], 0.3, 0.03) == pytest.approx([1.0, np.exp(-0.72), np.exp(-2.25)])
    with pytest.raises(InputError, match="dose of -1 Gy is negative"):
        survival([1, -1], 0.3, 0.03)


def test_a_curve_without_noise_is_found_exactly():
    fit = fit_curve([0, *DOSES], [1, *survival(DOSES, 0.21, 0.034)])
    assert (fit.alpha_per_gy, fit.beta_per_gy2) == pytest.approx((0.21, 0.034))
    assert fit.sf2 == pytest.approx(np.exp(-0.42 - 0.136))
    assert (fit.n_doses, fit.left_out) == (5, 0)
    assert fit.rmse_ln == pytest.approx(0, abs=1e-9)
    assert fit.sf2_interval == pytest.approx((fit.sf2, fit.sf2), abs=1e-6)


def test_away_from_the_bounds_the_intervals_are_those_of_linear_regression():
    rng = np.random.default_rng(1)
    dose = np.repeat(DOSES, 4)
    ln_s = np.log(survival(dose, 0.3, 0.03)) + 0.05 * rng.standard_normal(len(dose))
    fit = fit_curve(dose, np.exp(ln_s))
    design = np.column_stack([dose, dose**2])
    found = np.linalg.lstsq(design, -ln_s)[0]
    residual = -ln_s - design @ found
    spread = np.linalg.inv(design.T @ design) * (residual @ residual) / (len(dose) - 2)
    t = stats.t.ppf(0.975, len(dose) - 2)
    assert (fit.alpha_per_gy, fit.beta_per_gy2) == pytest.approx(tuple(found))
    half = t * np.sqrt(np.diag(spread))
    assert fit.alpha_interval == pytest.approx((found[0] - half[0], found[0] + half[0]))
    assert fit.beta_interval == pytest.approx((found[1] - half[1], found[1] + half[1]))
    middle, wide = 2 * found[0] + 4 * found[1], t * np.sqrt(np.array([2, 4]) @ spread @ np.array([2, 4]))
    assert fit.sf2_interval == pytest.approx((np.exp(-middle - wide), np.exp(-middle + wide)))


@pytest.mark.parametrize(
    "ln_s",
    [
        [-0.35, -0.75, -1.1, -1.4, -1.5],  # bends the other way: beta is 0
        [0.05, -0.1, -0.45, -1.2, -2.4],  # alpha is 0
        [-0.2, -0.5, -1.3, -2.2, -3.9],  # both above 0, the ellipse cut by both axes or one
    ],
)
def test_at_the_bounds_the_intervals_are_what_a_grid_finds(ln_s):
    fit = fit_curve(DOSES, np.exp(ln_s))
    assert fit.alpha_per_gy >= 0 and fit.beta_per_gy2 >= 0
    assert fit.alpha_interval == pytest.approx(grid_interval(DOSES, ln_s, (1, 0)), abs=2e-3)
    assert fit.beta_interval == pytest.approx(grid_interval(DOSES, ln_s, (0, 1)), abs=2e-4)
    lower, upper = grid_interval(DOSES, ln_s, (2, 4))
    assert fit.sf2_interval == pytest.approx((np.exp(-upper), np.exp(-lower)), abs=2e-3)
    assert fit.sf2_interval[0] <= fit.sf2 <= fit.sf2_interval[1] <= 1


def test_the_interval_of_sf2_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    truth, hits = np.exp(-2 * 0.25 - 4 * 0.02), 0
    for _ in range(600):
        fraction = survival(DOSES, 0.25, 0.02) * np.exp(0.1 * rng.standard_normal(len(DOSES)))
        lower, upper = fit_curve(DOSES, fraction).sf2_interval
        hits += lower <= truth <= upper
    assert 0.93 <= hits / 600 <= 0.99  # bounds make it err on the careful side


def test_two_doses_make_a_curve_without_an_interval_and_replicates_give_one():
    two = fit_curve([2, 6], survival([2, 6], 0.2, 0.02))
    assert (two.alpha_per_gy, two.beta_per_gy2) == pytest.approx((0.2, 0.02))
    assert two.alpha_interval is None and two.beta_interval is None and two.sf2_interval is None
    more = fit_curve([2, 2, 6, 6], survival([2, 2, 6, 6], 0.2, 0.02) * [0.95, 1.05, 0.9, 1.1])
    assert more.n_doses == 2 and more.sf2_interval[0] < more.sf2 < more.sf2_interval[1]


def test_doses_without_survivors_are_left_out_and_counted():
    fit = fit_curve([2, 4, 8, 8], [0.5, 0.25, 0, 0])
    assert (fit.left_out, fit.n_doses) == (2, 2)
    assert fit.alpha_per_gy == pytest.approx(np.log(2) / 2)
    with pytest.raises(InputError, match="every fraction is 0, which has no logarithm"):
        fit_curve([2, 4], [0, 0])
    with pytest.raises(InputError, match="there is no dose above 0 Gy"):
        fit_curve([0, 0], [1, 1])


def test_fractions_above_one_take_part_and_give_no_negative_parameter():
    fit = fit_curve([1, 2, 4], [1.1, 1.05, 1.2])
    assert (fit.alpha_per_gy, fit.beta_per_gy2, fit.sf2) == (0, 0, 1)


def test_one_dose_of_2_gy_gives_sf2_only_and_another_is_refused():
    fit = fit_curve([2, 2, 2, 0], [0.4, 0.5, 0.6, 1])
    mean, spread = np.log([0.4, 0.5, 0.6]).mean(), np.log([0.4, 0.5, 0.6]).std(ddof=1)
    half = 4.302652729911275 * spread / np.sqrt(3)  # t of 2 degrees of freedom
    assert fit.sf2 == pytest.approx(np.exp(mean))
    assert fit.sf2_interval == pytest.approx((np.exp(mean - half), np.exp(mean + half)))
    assert np.isnan([fit.alpha_per_gy, fit.beta_per_gy2, fit.rmse_ln]).all() and fit.n_doses == 1
    assert fit_curve([2, 2], [0.4, 0.6]).sf2_interval is None
    with pytest.raises(OneDoseError, match="one dose only, 4 Gy: SF2 needs the fraction at 2 Gy, or two doses"):
        fit_curve([4, 4], [0.2, 0.3])


def test_what_is_no_dose_or_fraction_is_refused():
    with pytest.raises(InputError, match=r"surviving fraction of -0.1 \(point 2\)"):
        fit_curve([1, 2], [0.5, -0.1])
    with pytest.raises(InputError, match=r"dose of nan \(point 1\)"):
        fit_curve([np.nan, 2], [0.5, 0.1])
    with pytest.raises(InputError, match="2 doses and 1 fractions"):
        fit_curve([1, 2], [0.5])


def test_doses_that_differ_by_rounding_are_one():
    assert distinct_doses(np.array([0, 2, 2 + 1e-12, 0.1 + 0.2, 0.3])) == 2


@pytest.mark.real_data
def test_the_540_lines_of_yard_agree(real_data):
    """498 of the lines have parameters by the package the data come with: unweighted least squares on ln S as here.

    Its optimiser stops early on some lines: nowhere is its sum of squares smaller than ours.
    """
    lines = pd.read_csv(real_data / "sf2" / "cleveland_540_dose_response.csv.gz")
    columns = [name for name in lines if name.startswith("surv_")]
    dose = np.array([float(name.removeprefix("surv_").removesuffix("gy")) for name in columns])
    fits = [fit_curve(dose, row) for row in lines[columns].to_numpy()]
    lines["a"], lines["b"] = [f.alpha_per_gy for f in fits], [f.beta_per_gy2 for f in fits]
    known = lines[lines["lq_alpha"].notna()]
    assert len(known) == 498
    off = (known["a"] - known["lq_alpha"]).abs()
    assert (off < 1e-4).sum() == 418 and off.median() < 1e-7 and off.max() < 0.032
    assert np.corrcoef(known["a"], known["lq_alpha"])[0, 1] > 0.9998
    assert np.corrcoef(known["b"], known["lq_beta"])[0, 1] > 0.9996

    def squares(alpha, beta):
        ln_s = np.log(known[columns].to_numpy())
        return ((ln_s + np.outer(alpha, dose) + np.outer(beta, dose**2)) ** 2).sum(axis=1)

    assert (squares(known["a"], known["b"]) <= squares(known["lq_alpha"], known["lq_beta"]) + 1e-9).all()
