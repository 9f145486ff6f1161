"""Every baseline by one call: fitted on training pairs, its few settings chosen on validation pairs.

l = lines, d = drugs, r = pairs, n = pairs to predict, s = settings to choose from, f = features.
"""

import warnings
from collections.abc import Callable

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import enet_path

from engine.errors import InputError
from engine.learn.baselines import (
    MeanEffects,
    TypeDrugMean,
    fit_drug_mean,
    fit_line_mean,
    fit_mean_effects,
    fit_type_drug_mean,
)
from engine.response.cohort import Cohort
from engine.response.known import Known
from engine.response.reduced import random_forest, svm
from engine.response.settings import BASELINES, NAIVE

NEIGHBOURS = (5, 10, 20, 40, 80)
PRIOR_NEIGHBOURS = (1.0, 3.0, 10.0)  # average neighbours, without any deviation, that are counted in
SAME_TYPE = 1.0  # added to the Jaccard index, which is at most 1: lines of the same cancer type come first
PENALTIES = (0.5, 0.3, 0.2, 0.1, 0.06, 0.03)  # of the smallest penalty that leaves no coefficient
L1_RATIO = 0.5
FEWEST_PAIRS = 20  # of a drug, to fit coefficients
TYPE_SCALE = 4.0  # a type is one feature beside hundreds of genes; on this scale the penalty weighs on it a quarter

OnProgress = Callable[[float], None]


def predict_baseline(
    name: str,
    cohort: Cohort,
    part: np.ndarray,
    rows: np.ndarray,
    seed: int,
    on_progress: OnProgress = lambda share: None,
) -> np.ndarray:
    """ln(IC50, uM) of pairs by the baseline `name`, one of `settings.BASELINES`; the same seed gives the same bytes.

    part: (r,) codes of `learn/splits.py` for the cohort's pairs; values of TEST and UNUSED pairs are never read.
    rows: (n,) which pairs to predict. on_progress: told the finished share.
    Returns (n,). Where a line has no training pair, averages say what the drug's training pairs say; where a drug has
    none, what the line's say; where neither has, their common mean. random_forest and svm use features instead.
    Raises InputError for an unknown name, TrainingError without training or validation pairs.
    """
    if name not in BASELINES:
        raise InputError(f"Unknown baseline '{name}'. Choose from {', '.join(BASELINES)}.")
    known = Known(cohort, part)
    line, drug = cohort.line[rows], cohort.drug[rows]
    if name in NAIVE:
        values = _naive(name, known).predict(line, drug)
    else:
        learned = {"nearest_lines": nearest_lines, "elastic_net": elastic_net, "random_forest": random_forest}
        values = learned.get(name, svm)(known, line, drug, seed, on_progress)
    on_progress(1.0)
    return values


def _naive(name: str, known: Known) -> MeanEffects | TypeDrugMean:
    line, drug, value = known.train
    if name == "drug_mean":
        return fit_drug_mean(drug, value, *known.sizes)
    if name == "line_mean":
        return fit_line_mean(line, value, *known.sizes)
    if name == "mean_effects":
        return fit_mean_effects(line, drug, value, *known.sizes)
    return fit_type_drug_mean(line, drug, value, known.cancer_type, known.sizes[1])


def _averages(known: Known) -> MeanEffects:
    """What nearest_lines and elastic_net correct: mean effects, or where no tested line was trained on, drug means."""
    return _naive("mean_effects" if known.tests_known_lines else "drug_mean", known)  # type: ignore[return-value]


def nearest_lines(
    known: Known, line: np.ndarray, drug: np.ndarray, seed: int, on_progress: OnProgress = lambda share: None
) -> np.ndarray:
    """(n,) the averages plus the mean deviation from them that the most similar training lines show with the drug.

    Similarity: Jaccard index of the known mutated positions; lines of the same cancer type come before all others.
    The mean is weighted by similarity and shrunk towards 0; of the k lines those count that trained with the drug.
    """
    averages, of_line, of_drug = _averages(known), *known.train[:2]
    deviation, measured = np.zeros(known.sizes), np.zeros(known.sizes)
    deviation[of_line, of_drug] = known.train.value - averages.predict(of_line, of_drug)
    measured[of_line, of_drug] = 1
    similarity = _similarity(known)
    validation = known.validation[:2]
    best, least = np.zeros(known.sizes), np.inf
    for i, k in enumerate(min(k, len(similarity)) for k in NEIGHBOURS):
        kth = np.sort(similarity, axis=1)[:, -k, None]  # lines as similar as the kth count too
        weight = np.where(similarity >= kth, similarity, 0)
        weight *= k / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)  # 1 for the average neighbour
        total, count = weight @ deviation, weight @ measured
        for prior in PRIOR_NEIGHBOURS:
            correction = total / (count + prior)
            error = known.error(averages.predict(*validation) + correction[validation])
            if error < least:
                best, least = correction, error
        on_progress((i + 1) / len(NEIGHBOURS))
    return np.asarray(averages.predict(line, drug) + best[line, drug])


def _similarity(known: Known) -> np.ndarray:
    """(l, l) of every line to the training lines; 0 to itself and to lines without training pairs."""
    bits = known.cohort.genomes.astype(float)
    shared = (bits @ bits.T).toarray()
    n = shared.diagonal()
    jaccard = shared / np.maximum(n[:, None] + n - shared, 1)
    similarity = jaccard + SAME_TYPE * (known.cancer_type[:, None] == known.cancer_type)
    np.fill_diagonal(similarity, 0)
    similarity[:, np.setdiff1d(np.arange(len(similarity)), known.lines)] = 0
    return np.asarray(similarity)


def elastic_net(
    known: Known, line: np.ndarray, drug: np.ndarray, seed: int, on_progress: OnProgress = lambda share: None
) -> np.ndarray:
    """(n,) the averages plus, per drug, a sparse linear model of mutated genes and cancer type.

    One penalty for all drugs, as a share of each drug's smallest one that leaves no coefficient. A drug with fewer
    than FEWEST_PAIRS training pairs stays at the averages.
    Source: Zou & Hastie 2005, doi:10.1111/j.1467-9868.2005.00503.x.
    """
    averages, of_line, of_drug = _averages(known), *known.train[:2]
    deviation = known.train.value - averages.predict(of_line, of_drug)
    features = np.hstack([known.genes(), TYPE_SCALE * known.types()])
    correction = np.zeros((*known.sizes, len(PENALTIES)))
    wanted = np.union1d(drug, known.validation.drug)
    for i, column in enumerate(wanted):
        pairs = np.flatnonzero(of_drug == column)
        if len(pairs) >= FEWEST_PAIRS:
            correction[:, column] = _linear_path(features, of_line[pairs], deviation[pairs])
        on_progress((i + 1) / len(wanted))
    validation = known.validation[:2]
    base = averages.predict(*validation)
    errors = [known.error(base + correction[*validation, s]) for s in range(len(PENALTIES))]
    return np.asarray(averages.predict(line, drug) + correction[line, drug, int(np.argmin(errors))])


def _linear_path(features: np.ndarray, rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(l, s) predictions for every row of (l, f) features by a fit to `rows` and their target for every penalty."""
    centre, mean = features[rows].mean(axis=0), target.mean()
    x, y = np.asfortranarray(features[rows] - centre), target - mean
    largest = np.abs(x.T @ y).max(initial=0) / (len(y) * L1_RATIO)
    if largest < 1e-9:  # nothing varies
        return np.full((len(features), len(PENALTIES)), mean)
    with warnings.catch_warnings():  # where a weak penalty does not converge, validation decides what it is worth
        warnings.simplefilter("ignore", ConvergenceWarning)
        alphas = largest * np.array(PENALTIES)
        _, coefficients, _ = enet_path(x, y, l1_ratio=L1_RATIO, alphas=alphas, tol=1e-3, max_iter=500)
    return np.asarray(mean + (features - centre) @ coefficients)
