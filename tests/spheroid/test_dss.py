"""Scores of curves whose areas are known by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from small_curves import curves

from engine.errors import InputError
from engine.spheroid.dss import concentrations, dss_1_2_3, dss_1_2_3_of, dss_asym, selective

NOTHING, HALF, ALL = (0, 0, 2, 1, 1), (0.5, 0.5, 2, 1, 1), (1, 1, 2, 1, 1)
SIGMOID, FALLING = (0, 1, 2, 1, 1), (0, 0.6, 2, -1, 1)


def test_flat_curves_by_hand():
    """(100 y - 10) / 90 of 50."""
    assert dss_asym(curves(NOTHING, HALF, ALL)).dss == pytest.approx([0, 50 * 40 / 90, 50])


def test_a_sigmoid_by_quadrature():
    area = quad(lambda x: max(0, 100 / (1 + 10 ** (2 - x)) - 10), 0, 4, points=[2 - np.log10(9)])[0]
    scores = dss_asym(curves(SIGMOID))
    assert scores.dss[0] == pytest.approx(50 * area / (90 * 4), abs=1e-3)  # 200 points
    assert (scores.imin[0], scores.imax[0], scores.threshold[0]) == (0, 100, 10)


@pytest.mark.parametrize(("threshold", "expected"), [("relative", 39 / 89), ("ten", 40 / 90), ("none", 50 / 100)])
def test_thresholds(threshold, expected):
    """A curve at 50 % within the doses whose top of 110 % lies far beyond them: a tenth of 110 is 11."""
    scores = dss_asym(curves((0.5, 1.3, 90, 1, 1)), threshold)
    assert scores.imax[0] == 110 and scores.dss[0] == pytest.approx(50 * expected)


def test_a_falling_curve_counts_as_its_last_value():
    """0.6 / (1 + 10^2) at the highest dose is below 10 %."""
    assert dss_asym(curves(FALLING, (0.5, 0.9, 2, -1, 1))).dss == pytest.approx([0, 50 * (40.396 - 0) / 90], abs=0.01)


def test_adjusted_by_goodness_of_fit_and_never_negative():
    two = replace(curves(ALL, ALL, ALL), gof=np.array([0.5, -2.0, np.nan]))
    assert dss_asym(two).adjusted == pytest.approx([25, 0, np.nan], nan_ok=True)


def test_unknown_threshold():
    with pytest.raises(InputError, match="Unknown activity threshold 'five': choose one of relative, ten, none"):
        dss_asym(curves(ALL), "five")


def test_concentrations_of_a_sigmoid_by_hand():
    """With slope 1 the odds are the dose over 100 nM: 1/3, 1, 3."""
    found = concentrations(curves(SIGMOID))
    assert [float(value[0]) for value in found] == pytest.approx([100 / 3, 100, 300, 100])


def test_concentrations_with_asymmetry_turn_the_curve_round():
    truth = (-0.2, 0.9, 1.5, 0.7, 2.5)
    found = concentrations(curves(truth))
    bottom, top, xmid, slope, s = truth
    for target, dose in zip((0.25, 0.5, 0.75, (0.9 - 0.1) / 2), found, strict=True):  # Imin counts as -10 % at least
        assert bottom + (top - bottom) / (1 + 10 ** ((xmid - np.log10(dose[0])) * slope)) ** s == pytest.approx(target)


def test_targets_that_a_curve_never_reaches_become_the_outer_doses():
    high, low = concentrations(curves((0.6, 0.9, 2, 1, 1))), concentrations(curves((0, 0.3, 2, 1, 1)))
    assert (high.ic25[0], high.ic50[0]) == (1, 1) and 1 < high.ic75[0] < 10_000
    assert (low.ic50[0], low.ic75[0]) == (10_000, 10_000)
    assert np.isnan([value[0] for value in concentrations(curves(FALLING))]).all()


def test_concentrations_far_beyond_the_doses_are_never_reached():
    """A nearly flat line reaches a half at 10^32 nM by rounding alone; 10^6, two decades above the doses, is told."""
    almost_flat, beyond = curves((-1.9, 2.1, 1.1, 0.008, 0.9)), curves((0, 1, 6, 1, 1))
    assert concentrations(almost_flat).ic50[0] == 10_000 and concentrations(beyond).ic50[0] == pytest.approx(1e6)
    assert concentrations(curves((0, 1.1, -300, 0.001, 300))).ic25[0] in (1, 10_000)
    assert concentrations(curves((0, 1, -9, 1, 1))).ic50[0] == 1
    assert concentrations(curves(NOTHING)).rel_ic50[0] == 10_000  # half of no effect is never reached, not at once


def yadav_by_quadrature(ic50, slope, top, low, high, threshold):
    """The definition, without the closed form."""
    c, start, end = np.log10(ic50), np.log10(low), np.log10(high)

    def above(x):
        return max(0, top / (1 + 10 ** (slope * (c - x))) - threshold)

    reached = np.clip(c - np.log10((top - threshold) / threshold) / slope, start, end)
    dss1 = 100 * quad(above, start, end, points=[reached])[0] / ((100 - threshold) * (end - start))
    dss2 = dss1 / np.log10(top)
    return dss1, dss2, dss2 * 2 * (end - reached) / (end - start)


def test_dss_1_2_3_by_quadrature():
    given = (30.0, 1.2, 80.0, 1.0, 10_000.0, 10.0)
    found = dss_1_2_3(*(np.array([value]) for value in given))
    assert [float(value[0]) for value in found] == pytest.approx(yadav_by_quadrature(*given), abs=1e-4)


def test_dss_1_2_3_rules():
    """Beyond the highest dose, at the threshold, without slope: 0. A top above 100 counts as 100, a slope by size."""
    ic50, slope = np.array([10_000, 30, 30, 30, 30, np.nan]), np.array([1, 1, 0, 1, -1, 1])
    top = np.array([90, 10, 90, 130, 100, 90])
    found = dss_1_2_3(ic50, slope, top, np.ones(6), np.full(6, 1e4))
    assert found.dss1[:3].tolist() == [0, 0, 0] and found.dss1[3] == found.dss1[4] > 0
    assert np.isnan(found.dss1[5])


def test_dss_1_2_3_of_fitted_curves():
    """A curve that falls to nothing at the highest dose scores nothing, whatever the size of its slope."""
    found = dss_1_2_3_of(curves((0, 0.8, np.log10(30), 1.2, 1), (0, 0.8, np.log10(30), -1.2, 1)))
    expected = yadav_by_quadrature(30, 1.2, 80, 1, 10_000, 10)
    assert [float(value[0]) for value in found] == pytest.approx(expected, abs=1e-4)
    assert found.dss3[1] == 0


def test_a_drug_that_kills_at_every_dose_scores_even_where_noise_tips_its_curve_over():
    """Flat at 96 %: DSS1 (96 - 10) / 90 of 100, DSS2 that over log10 96, DSS3 twice DSS2."""
    tipped, level = (0, 1.0, 5.5, -0.92, 1), (0, 0.96, 2, 0, 1)
    found = dss_1_2_3_of(curves(tipped))
    last = 1 / (1 + 10 ** ((5.5 - 4) * -0.92))
    assert last == pytest.approx(0.96, abs=0.002)
    dss1 = 100 * (100 * last - 10) / 90
    dss2 = dss1 / np.log10(100 * last)
    assert [float(value[0]) for value in found] == pytest.approx([dss1, dss2, 2 * dss2], abs=1e-3)
    assert dss_1_2_3_of(curves(level)).dss1[0] == 0  # no slope at all: Breeze's rule


def test_selective_scores_by_hand():
    """References 4, 6, 11: mean 7, sd 3.6056, median 6, MAD 2."""
    found = selective(np.array([20.0, 20.0, 20.0]), np.array([[4, 6, 11], [5, np.nan, np.nan], [np.nan] * 3]))
    assert found.sdss == pytest.approx([13, 15, np.nan], nan_ok=True)
    assert found.zdss == pytest.approx([13 / (np.sqrt(13) + 1), np.nan, np.nan], nan_ok=True)
    assert found.rdss == pytest.approx([14 / (1.4826 * 2 + 1), 15, np.nan], nan_ok=True)
    assert np.isnan(selective(np.array([1.0]), np.empty((1, 0))).sdss).all()
