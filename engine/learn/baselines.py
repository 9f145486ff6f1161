"""Predictors that know no biology. Every model stands beside them, on the same pairs.

r = training pairs, l = lines, d = drugs, t = cancer types. All are fitted on training pairs only; line and drug are
(r,) indices, value (r,) in ln(IC50, uM). Each fit has `.predict(line, drug)` for index arrays of equal length.
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


@dataclass(frozen=True)
class TypeDrugMean:
    """value = drug's mean + what the line's cancer type adds for this drug.

    type_of_line: (l,) number of each line's cancer type; drug_mean: (d,), type_effect: (t, d), in ln(IC50, uM).
    prior_pairs: pairs of a type with a drug whose mean would count half, see `fit_type_drug_mean`.
    """

    type_of_line: np.ndarray
    drug_mean: np.ndarray
    type_effect: np.ndarray
    prior_pairs: float

    def predict(self, line: np.ndarray, drug: np.ndarray) -> np.ndarray:
        return self.drug_mean[drug] + self.type_effect[self.type_of_line[line], drug]


def fit_drug_mean(drug: np.ndarray, value: np.ndarray, n_lines: int, n_drugs: int) -> MeanEffects:
    """Every pair of a drug gets the mean of that drug's training pairs; a drug never seen the mean of all."""
    mean = _mean(value)
    return MeanEffects(mean, np.zeros(n_lines), _effect(drug, value - mean, n_drugs))


def fit_line_mean(line: np.ndarray, value: np.ndarray, n_lines: int, n_drugs: int) -> MeanEffects:
    """Every pair of a line gets the mean of that line's training pairs; a line never seen the mean of all."""
    mean = _mean(value)
    return MeanEffects(mean, _effect(line, value - mean, n_lines), np.zeros(n_drugs))


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


def fit_type_drug_mean(
    line: np.ndarray, drug: np.ndarray, value: np.ndarray, cancer_type: np.ndarray, n_drugs: int
) -> TypeDrugMean:
    """Mean of a cancer type's training pairs with a drug, shrunk towards the drug's mean by n / (n + prior_pairs).

    cancer_type: (l,) label of every line, also of those that are only predicted. A type never seen with the drug
    gets the drug's mean, a drug never seen the mean of all.
    prior_pairs is the variance within a type and drug over the variance between the types of a drug, both from the
    training pairs by the method of moments for unbalanced groups, one ratio for all drugs; where types differ by no
    more than chance it is infinite.
    Source: empirical Bayes shrinkage, Efron & Morris 1975, doi:10.1080/01621459.1975.10479864; moments of the
    unbalanced one-way layout, Searle, Casella & McCulloch 1992, Variance Components, doi:10.1002/9780470316856, ch. 3.
    """
    types, type_of_line = np.unique(cancer_type, return_inverse=True)
    of_drugs = fit_drug_mean(drug, value, 0, n_drugs)
    drug_mean = of_drugs.mean + of_drugs.drug_effect
    cell, shape = type_of_line[line] * n_drugs + drug, (len(types), n_drugs)
    deviation = value - drug_mean[drug]
    pairs = np.bincount(cell, minlength=len(types) * n_drugs)
    effect = _effect(cell, deviation, len(pairs))
    n, cells, drugs = len(value), np.count_nonzero(pairs), len(np.unique(drug))
    prior_pairs = np.inf
    if n > cells > drugs:
        within = np.sum((deviation - effect[cell]) ** 2) / (n - cells)
        of_drug = pairs.reshape(shape).sum(axis=0)
        expected_pairs = n - np.sum((pairs.reshape(shape) ** 2).sum(axis=0)[of_drug > 0] / of_drug[of_drug > 0])
        between = (np.sum(pairs * effect**2) - (cells - drugs) * within) / expected_pairs
        if between > 0:
            prior_pairs = float(within / between)
    return TypeDrugMean(type_of_line, drug_mean, (effect * pairs / (pairs + prior_pairs)).reshape(shape), prior_pairs)


def _mean(value: np.ndarray) -> float:
    if len(value) == 0:
        raise TrainingError("There is not one training pair to fit a baseline on.")
    return float(np.mean(value))


def _effect(index: np.ndarray, residual: np.ndarray, size: int) -> np.ndarray:
    count = np.bincount(index, minlength=size)
    return np.bincount(index, residual, minlength=size) / np.maximum(count, 1)
