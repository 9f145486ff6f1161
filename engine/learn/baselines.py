"""Predictors that know no biology. Every model stands beside them, on the same pairs.

r = pairs, l = lines, d = drugs. All are fitted on training pairs only.
"""

from dataclasses import dataclass

import numpy as np

from engine.errors import TrainingError


@dataclass(frozen=True)
class MeanEffects:
    """value = mean + drug effect + line effect; what was never seen in training has no effect.

    mean: scalar; line_effect: (l,); drug_effect: (d,), all in ln(IC50, uM).
    """

    mean: float
    line_effect: np.ndarray
    drug_effect: np.ndarray

    def predict(self, line: np.ndarray, drug: np.ndarray) -> np.ndarray:
        return self.mean + self.line_effect[line] + self.drug_effect[drug]


def fit_drug_mean(drug: np.ndarray, value: np.ndarray, n_lines: int, n_drugs: int) -> MeanEffects:
    """Every pair of a drug gets the mean of that drug's training pairs; (r,) indices and values."""
    mean = _mean(value)
    return MeanEffects(mean, np.zeros(n_lines), _effect(drug, value - mean, n_drugs))


def fit_mean_effects(
    line: np.ndarray, drug: np.ndarray, value: np.ndarray, n_lines: int, n_drugs: int, tolerance: float = 1e-6
) -> MeanEffects:
    """Two-way additive least squares by backfitting, which converges to the exact solution for unbalanced tables."""
    mean = _mean(value)
    line_effect, drug_effect = np.zeros(n_lines), np.zeros(n_drugs)
    for _ in range(200):
        before = drug_effect
        line_effect = _effect(line, value - mean - drug_effect[drug], n_lines)
        drug_effect = _effect(drug, value - mean - line_effect[line], n_drugs)
        if np.max(np.abs(drug_effect - before)) < tolerance:
            break
    return MeanEffects(mean, line_effect, drug_effect)


def _mean(value: np.ndarray) -> float:
    if len(value) == 0:
        raise TrainingError("There is not one training pair to fit a baseline on.")
    return float(np.mean(value))


def _effect(index: np.ndarray, residual: np.ndarray, size: int) -> np.ndarray:
    count = np.bincount(index, minlength=size)
    return np.bincount(index, residual, minlength=size) / np.maximum(count, 1)
