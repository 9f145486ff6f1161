import numpy as np
import pytest

from engine.errors import TrainingError
from engine.learn.baselines import fit_drug_mean, fit_mean_effects


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


def test_no_training_pair():
    with pytest.raises(TrainingError, match="not one training pair"):
        fit_drug_mean(np.array([], int), np.array([]), 1, 1)
