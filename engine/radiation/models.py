"""Own models of SF2 besides the published network: what a line's lineage or panel says, corrected by its expression.

Each is a sum of random effects, every one shrunken as much as the training lines ask for (best linear unbiased
prediction; with expression alone it is ridge regression). k = training lines, t = samples to predict, p = probes,
c = effects, g = shares of variance tried.
"""

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from engine.errors import TrainingError
from engine.radiation.similarity import correlations, most_variable, standardised
from engine.radiation.types import Cohort

MOST_VARIABLE = 2_000  # probes, of those that vary most over the training lines
STEPS = 10  # shares of variance are tried in tenths
LEAST_LINES = 3
# Cells of the blood and lymph die of radiation sooner than those of solid tumours, in patients as in dishes.
BLOOD = re.compile(r"leuk|lymph|myelom|h(a)?emato|blood", re.IGNORECASE)
EFFECTS = {
    "lineage_ridge": ("lineage", "expression"),
    "panel_ridge": ("panel", "expression"),
}


class Lines(NamedTuple):
    """Training lines, each the mean of its training samples. values (k, p) float64, sf2 (k,), panel (k,)."""

    values: np.ndarray
    sf2: np.ndarray
    panel: np.ndarray


def predict(model: str, cohort: Cohort, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """(t,) SF2 of the samples `test` by a model of EFFECTS fitted to the samples `train`; nothing is random.

    Effects: lineage (one for the lines of blood and lymph), panel (one per tissue panel), expression (a linear one of
    every one of the 2,000 most variable probes). A sample whose panel is not told gets no effect of a panel, and the
    lineage of the training line whose expression correlates best with its own.
    Raises TrainingError for fewer than three lines.
    """
    lines = of_lines(cohort, train)
    return blend(kernels(model, cohort, lines, test), lines.sf2)


def kernels(model: str, cohort: Cohort, lines: Lines, test: np.ndarray) -> list[np.ndarray]:
    """The effects of a model as (k + t, k) similarities of training lines and the samples `test` to training lines."""
    probes = most_variable(lines.values, MOST_VARIABLE)
    known, new = lines.values[:, probes], cohort.values[np.ix_(test, probes)].astype(np.float64)
    found = []
    for effect in EFFECTS[model]:
        if effect == "expression":
            found.append(linear(known, new))
        elif effect == "panel":
            found.append(_same(lines.panel, cohort.panel[test]))
        else:
            nearest = correlations(cohort.values[test], lines.values).argmax(axis=1)
            told = np.where(cohort.panel[test] == "", lines.panel[nearest], cohort.panel[test])
            found.append(np.outer(is_blood(np.concatenate([lines.panel, told])), is_blood(lines.panel)).astype(float))
    return found


def is_blood(panel: np.ndarray) -> np.ndarray:
    """(n,) bool: whether tissue panels are of blood and lymph. '' is not."""
    return np.array([bool(BLOOD.search(str(one))) for one in panel], bool)


def of_lines(cohort: Cohort, train: np.ndarray) -> Lines:
    """The training samples, averaged by line: more arrays of a line are no more lines.

    Raises TrainingError for fewer than three lines.
    """
    _, first, line = np.unique(cohort.line[train], return_index=True, return_inverse=True)
    if len(first) < LEAST_LINES:
        raise TrainingError(f"{len(first)} cell lines are too few to train on: import {LEAST_LINES} or more.")
    share = (line == np.arange(len(first))[:, None]) / np.bincount(line)[:, None]
    return Lines(share @ cohort.values[train], cohort.sf2[train][first], cohort.panel[train][first])


def linear(known: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(k + t, k) products of standardised (k, p) training and (t, p) new samples with the training ones."""
    scaled = standardised(known, known)
    return np.concatenate([scaled, standardised(new, known)]) @ scaled.T


def blend(kernels: Sequence[np.ndarray], sf2: np.ndarray) -> np.ndarray:
    """(t,) predictions from c random effects and the mean of (k,) SF2.

    kernels: (k + t, k) each, similarity of training lines and new samples to training lines. SF2 of the training
    lines has the covariance v (sum of share x kernel + share of noise x identity), shares adding to 1. Every division
    of shares in tenths is tried, the noise having one at least, and predictions are averaged with the weight of its
    restricted likelihood, v and the mean integrated out. So no single division is trusted, and nothing is chosen on
    lines that are predicted.
    Source: Henderson 1975, doi:10.2307/2529430 (best linear unbiased prediction); Harville 1974,
    doi:10.1093/biomet/61.2.383 (restricted likelihood).
    """
    k, new = len(sf2), len(kernels[0]) - len(sf2)
    scaled = [kernel / size for kernel in kernels if (size := _size(kernel[:k])) > 0]
    centred = sf2 - sf2.mean()
    if not scaled or not np.any(np.abs(centred) > 1e-12):
        return np.full(new, sf2.mean())
    one, logs, found = np.ones(k), [], []
    for shares in itertools.product(range(STEPS), repeat=len(scaled)):
        if sum(shares) >= STEPS:
            continue
        kernel = np.tensordot(np.array(shares) / STEPS, np.stack(scaled), axes=1)
        factor = cho_factor(kernel[:k] + (1 - sum(shares) / STEPS) * np.eye(k), lower=True)
        weight_of_one = cho_solve(factor, one)
        total = weight_of_one.sum()
        mean = weight_of_one @ centred / total
        weights = cho_solve(factor, centred - mean)
        # log of |V|^(-1/2) (1'V^-1 1)^(-1/2) (y'Py)^(-(k-1)/2)
        log_det = 2 * np.log(np.diag(factor[0])).sum()
        logs.append(-0.5 * (log_det + np.log(total) + (k - 1) * np.log(centred @ weights)))
        found.append(mean + kernel[k:] @ weights)
    likelihood = np.exp(np.array(logs) - max(logs))
    return sf2.mean() + likelihood / likelihood.sum() @ np.array(found)


def _size(kernel: np.ndarray) -> float:
    """The variance that a (k, k) kernel gives on average to a line beside their mean; 0 where it tells no two apart."""
    size = float(np.trace(kernel) / len(kernel) - kernel.mean())
    return size if size > 1e-12 * max(1.0, float(np.abs(kernel).max())) else 0.0


def _same(known: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(k + t, k): 1 where both have the same label, which is not ''."""
    every = np.concatenate([known, new])
    return ((every[:, None] == known[None]) & (every[:, None] != "")).astype(float)
