import numpy as np
import pytest

from engine.errors import TrainingError
from engine.learn.baselines import fit_drug_mean, fit_line_mean, fit_mean_effects, fit_type_drug_mean


def test_drug_mean_by_hand():
    fit = fit_drug_mean(np.array([0, 0, 1]), np.array([1.0, 3.0, 5.0]), n_lines=2, n_drugs=3)
    predicted = fit.predict(np.array([0, 1, 1]), np.array([0, 1, 2]))
    np.testing.assert_allclose(predicted, [2, 5, 3])  # a drug never seen gets the mean of all


def test_mean_effects_recovers_an_unbalanced_table():
    rng = np.random.default_rng(0)
    line_effect, drug_effect = rng.normal(size=20), rng.normal(size=10)
    line, drug = np.nonzero(rng.random((20, 10)) < 0.6)
    value = 2 + line_effect[line] + drug_effect[drug]
    fit = fit_mean_effects(line, drug, value, 20, 10)
    np.testing.assert_allclose(fit.predict(line, drug), value, atol=1e-4)


def test_mean_effects_equals_least_squares():
    rng = np.random.default_rng(1)
    line, drug = np.nonzero(rng.random((12, 7)) < 0.7)
    value = rng.normal(size=len(line))
    design = np.zeros((len(line), 19))
    design[np.arange(len(line)), line] = 1
    design[np.arange(len(line)), 12 + drug] = 1
    expected = design @ np.linalg.lstsq(design, value, rcond=None)[0]
    np.testing.assert_allclose(fit_mean_effects(line, drug, value, 12, 7).predict(line, drug), expected, atol=1e-4)


def test_line_mean_by_hand():
    fit = fit_line_mean(np.array([0, 0, 1]), np.array([1.0, 3.0, 5.0]), n_lines=3, n_drugs=2)
    predicted = fit.predict(np.array([0, 1, 2]), np.array([0, 1, 1]))
    np.testing.assert_allclose(predicted, [2, 5, 3])  # a line never seen gets the mean of all


def screen_of_types(rng, between, within, types=30, lines_each=8, drugs=25):
    """A patchy table whose types differ per drug by N(0, between), its pairs by N(0, within)."""
    cancer_type = np.repeat([f"T{i}" for i in range(types)], lines_each)
    line, drug = np.nonzero(rng.random((len(cancer_type), drugs)) < 0.7)
    truth = rng.normal(0, 3, drugs) + rng.normal(0, between, (types, drugs))
    number = line // lines_each
    return line, drug, truth[number, drug] + rng.normal(0, within, len(line)), cancer_type, truth[number, drug]


def test_type_drug_mean_by_hand():
    """Types A and B, two lines each, one drug: A measures 0 and 2, B 10 and 12.

    Within: 4 x 1 over 2 degrees of freedom = 2. Between: (100 - 1 x 2) / (4 - 8 / 4) = 49. So prior = 2 / 49 pairs.
    """
    line, drug, value = np.arange(4), np.zeros(4, int), np.array([0.0, 2.0, 10.0, 12.0])
    fit = fit_type_drug_mean(line, drug, value, np.array(["A", "A", "B", "B", "C"]), n_drugs=2)
    assert fit.prior_pairs == pytest.approx(2 / 49)
    shrunk = 5 * 2 / (2 + 2 / 49)
    predicted = fit.predict(np.array([0, 3, 4, 0]), np.array([0, 0, 0, 1]))
    # Type C was never seen: the drug's mean; drug 1 neither: the mean of all.
    np.testing.assert_allclose(predicted, [6 - shrunk, 6 + shrunk, 6, 6])


@pytest.mark.parametrize(("between", "within"), [(0.5, 1.5), (2.0, 1.0)])
def test_type_drug_mean_finds_the_variances(between, within):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(20):
        line, drug, value, cancer_type, _truth = screen_of_types(rng, between, within)
        found.append(1 / fit_type_drug_mean(line, drug, value, cancer_type, 25).prior_pairs)
    assert np.mean(found) == pytest.approx((between / within) ** 2, rel=0.1)


def test_shrinking_beats_the_drug_mean_and_the_plain_mean_of_the_type():
    rng = np.random.default_rng(1)
    line, drug, value, cancer_type, truth = screen_of_types(rng, 0.5, 1.5)
    fit = fit_type_drug_mean(line, drug, value, cancer_type, 25)
    cell = np.unique(cancer_type, return_inverse=True)[1][line] * 25 + drug
    plain = np.bincount(cell, value)[cell] / np.bincount(cell)[cell]
    of_drug = fit_drug_mean(drug, value, 240, 25).predict(line, drug)
    errors = [np.mean((predicted - truth) ** 2) for predicted in (fit.predict(line, drug), plain, of_drug)]
    assert errors[0] < 0.8 * min(errors[1:])


def test_types_that_differ_by_chance_only_get_the_drug_mean():
    """Every type has the same mean, so the types say nothing; neither do they with one pair each."""
    line, drug, value = np.arange(4), np.zeros(4, int), np.array([0.0, 2.0, 2.0, 0.0])
    for cancer_type in (["A", "A", "B", "B"], ["A", "B", "C", "D"], ["A"] * 4):
        fit = fit_type_drug_mean(line, drug, value, np.array(cancer_type), 1)
        assert fit.prior_pairs == np.inf
        np.testing.assert_array_equal(fit.predict(line, drug), 1.0)


def test_no_training_pair():
    none = np.array([], int)
    for fit in (
        lambda: fit_drug_mean(none, none, 1, 1),
        lambda: fit_line_mean(none, none, 1, 1),
        lambda: fit_mean_effects(none, none, none, 1, 1),
        lambda: fit_type_drug_mean(none, none, none, np.array(["A"]), 1),
    ):
        with pytest.raises(TrainingError, match="not one training pair"):
            fit()
