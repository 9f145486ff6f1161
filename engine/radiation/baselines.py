"""Baselines of SF2 prediction by one call: what a model has to beat, fitted on the training samples alone.

n = samples, p = probes, k = training samples, t = samples to predict.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from engine.errors import InputError, TrainingError
from engine.radiation import models, rsi
from engine.radiation.similarity import correlations, most_variable
from engine.radiation.types import Cohort

MOST_VARIABLE = 2_000  # probes, of those that vary most over the training samples
INNER_FOLDS = 5
LEAST_INNER_LINES = 3


def predict(model: str, cohort: Cohort, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """SF2 (fraction, 0 to 1) of the samples `test`, by a model fitted to the samples `train`.

    model: a name of BASELINES, BEYOND or OPTIONAL in `engine/radiation/settings.py`. train (k,), test (t,): indices
    into the cohort; the SF2 of test samples is never read, so it may be NaN. Returns (t,).
    Scaling, the ranking of probes by variance and hyperparameters come from `train` alone; hyperparameters by a
    cross-validation whose folds hold whole lines.
    Raises InputError for an unknown model or where genes of rsi are missing, TrainingError where fewer than three lines
    train a model that has to choose.
    """
    if model in NAIVE:
        found = NAIVE[model](cohort, train, test)
    elif model in LEARNED:
        found = _learned(model, cohort, train, test, seed)
    elif model in models.EFFECTS:
        found = models.predict(model, cohort, train, test)
    elif model == "rsi":
        found = rsi.predict(cohort, train, test)
    else:
        known = (*NAIVE, *LEARNED, *models.EFFECTS, "rsi")
        raise InputError(f"Unknown model {model!r}. Choose from {', '.join(known)}.")
    return np.clip(found, 0.0, 1.0)


def inner_folds(lines: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Folds of (k,) training samples by their lines, for choosing hyperparameters: (train, validate) positions.

    Raises TrainingError for fewer than three lines.
    """
    count = len(np.unique(lines))
    if count < LEAST_INNER_LINES:
        raise TrainingError(
            f"{count} cell lines are too few to choose hyperparameters on: import {LEAST_INNER_LINES} or more."
        )
    splitter = GroupKFold(min(INNER_FOLDS, count), shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(lines)), groups=lines))


def _mean(cohort: Cohort, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    return np.full(len(test), cohort.sf2[train].mean())


def _panel_mean(cohort: Cohort, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The mean of everybody where no training sample is of the panel, or it is not told."""
    overall, panel = cohort.sf2[train].mean(), cohort.panel[train]
    means = {one: cohort.sf2[train][panel == one].mean() for one in np.unique(panel) if one}
    return np.array([means.get(one, overall) for one in cohort.panel[test]])


def _lineage_mean(cohort: Cohort, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The mean of the lines of blood and lymph, or of all others; of everybody where none of the kind trains. A sample
    whose panel is not told is of the kind of the training sample whose expression correlates best with its own."""
    overall, panel, told = cohort.sf2[train].mean(), cohort.panel[train], cohort.panel[test]
    if (told == "").any():
        nearest = correlations(cohort.values[test], cohort.values[train]).argmax(axis=1)
        told = np.where(told == "", panel[nearest], told)
    blood = models.is_blood(panel)
    means = {kind: cohort.sf2[train][blood == kind].mean() for kind in np.unique(blood)}
    return np.array([means.get(kind, overall) for kind in models.is_blood(told)])


def _nearest_neighbour(cohort: Cohort, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    return cohort.sf2[train][correlations(cohort.values[test], cohort.values[train]).argmax(axis=1)]


def _learned(model: str, cohort: Cohort, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    probes = most_variable(cohort.values[train], MOST_VARIABLE)
    given = cohort.values[np.ix_(train, probes)].astype(np.float64)
    make, grid = LEARNED[model]
    search = make(seed)
    if grid:
        inner = inner_folds(cohort.line[train], seed)
        search = GridSearchCV(search, grid, cv=inner, scoring="neg_mean_squared_error", error_score="raise")
    with warnings.catch_warnings():
        # Labels that a small training set explains wholly leave PLS nothing for its further components.
        warnings.filterwarnings("ignore", "y residual is constant", UserWarning)
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        search.fit(given, cohort.sf2[train])
    return np.ravel(search.predict(cohort.values[np.ix_(test, probes)].astype(np.float64)))


NAIVE: dict[str, Callable[[Cohort, np.ndarray, np.ndarray], np.ndarray]] = {
    "mean": _mean,
    "panel_mean": _panel_mean,
    "lineage_mean": _lineage_mean,
    "nearest_neighbour": _nearest_neighbour,
}
# How each is made from a seed, and what is chosen by the inner cross-validation.
LEARNED: dict[str, tuple[Callable[[int], BaseEstimator], Mapping[str, Any]]] = {
    "ridge": (
        lambda seed: make_pipeline(StandardScaler(), Ridge()),
        {"ridge__alpha": [10.0**k for k in range(1, 6)]},  # beside 2,000 standardised probes
    ),
    "pls": (
        lambda seed: make_pipeline(StandardScaler(), PLSRegression(scale=False)),
        {"plsregression__n_components": [1, 2, 3, 4, 6]},
    ),
    "svr": (
        lambda seed: make_pipeline(StandardScaler(), SVR(epsilon=0.05)),
        {"svr__C": [0.03, 0.1, 0.3, 1.0], "svr__gamma": [0.1 / MOST_VARIABLE, 1 / MOST_VARIABLE]},
    ),
    "random_forest": (
        lambda seed: RandomForestRegressor(200, max_features="sqrt", random_state=seed),
        {},  # a forest needs no choice; trying two leaf sizes took eleven times as long
    ),
}
