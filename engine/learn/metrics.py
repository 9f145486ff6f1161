"""How well predictions follow measurements, with bootstrap intervals. Needs numpy only, so pages may call it.

r = pairs, c = clusters, b = bootstrap draws.
"""

from typing import NamedTuple

import numpy as np

SENSITIVE_BELOW = -2.0  # ln(IC50, uM): the published threshold of a sensitive line
MEASURES = ("r2", "rmse", "pearson", "auroc")


class Score(NamedTuple):
    """One measure: its value and 95 % interval, None where it is not defined, and the number of pairs behind it."""

    name: str
    value: float | None
    lower: float | None
    upper: float | None
    n: int


def pair_scores(
    observed: np.ndarray,
    predicted: np.ndarray,
    clusters: np.ndarray | None = None,
    draws: int = 1000,
    seed: int = 0,
    sensitive_below: float = SENSITIVE_BELOW,
) -> list[Score]:
    """R2, RMSE, Pearson r and AUROC of (r,) predictions against (r,) measurements, both ln(IC50) in uM.

    clusters: (r,) labels; given, whole clusters are drawn with replacement for a 95 % percentile interval,
    because pairs of one cell line are not independent. AUROC ranks pairs below `sensitive_below` first.
    A measure is None ("not defined") below 3 pairs, for constant input, or where only one class is present.
    Source: R2 = 1 - SSE/SST against the observed mean; AUROC as the Mann-Whitney statistic, ties counted half.
    """
    observed = np.asarray(observed, float)
    predicted = np.asarray(predicted, float)
    if observed.shape != predicted.shape:
        raise ValueError(f"{observed.shape} measurements but {predicted.shape} predictions")
    n = len(observed)
    if n == 0:
        return [Score(name, None, None, None, 0) for name in MEASURES]
    labels = np.arange(n) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    one = np.ones((1, labels.max() + 1))
    values = _measures(observed, predicted, labels, one, sensitive_below)
    lower: dict[str, float | None] = dict.fromkeys(MEASURES)
    upper = dict(lower)
    if clusters is not None and n >= 3 and one.shape[1] > 1:
        weights = np.random.default_rng(seed).multinomial(
            one.shape[1], np.full(one.shape[1], 1 / one.shape[1]), size=draws
        )
        drawn = _measures(observed, predicted, labels, weights.astype(float), sensitive_below)
        lower = {name: _percentile(drawn[name], 2.5) for name in MEASURES}
        upper = {name: _percentile(drawn[name], 97.5) for name in MEASURES}
    return [
        Score(name, value, lower[name] if value is not None else None, upper[name] if value is not None else None, n)
        for name in MEASURES
        for value in [_defined(values[name][0], n)]
    ]


def _defined(value: float, n: int) -> float | None:
    return float(value) if n >= 3 and np.isfinite(value) else None


def _percentile(values: np.ndarray, q: float) -> float | None:
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, q)) if len(finite) >= 0.5 * len(values) else None


def _measures(
    observed: np.ndarray, predicted: np.ndarray, labels: np.ndarray, weights: np.ndarray, below: float
) -> dict[str, np.ndarray]:
    """Every measure once per row of (b, c) cluster weights, from sums per cluster."""
    # Centring first keeps the sums of squares from cancelling.
    y, p = observed - observed.mean(), predicted - predicted.mean()
    columns = (np.ones_like(y), y, p, y * y, p * p, y * p, (observed - predicted) ** 2)
    sums = np.stack([np.bincount(labels, column, minlength=weights.shape[1]) for column in columns], axis=1)
    n, sy, sp, syy, spp, syp, sse = (weights @ sums).T
    var_y, var_p, cov = syy / n - (sy / n) ** 2, spp / n - (sp / n) ** 2, syp / n - sy * sp / n**2
    # A variance this small beside the values themselves is a constant with rounding on it.
    constant_y = var_y <= 1e-20 * (1 + np.max(np.abs(observed)) ** 2)
    constant_p = var_p <= 1e-20 * (1 + np.max(np.abs(predicted)) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "r2": np.where(constant_y, np.nan, 1 - sse / (n * var_y)),
            "rmse": np.sqrt(sse / n),
            "pearson": np.where(constant_y | constant_p, np.nan, np.clip(cov / np.sqrt(var_y * var_p), -1, 1)),
            "auroc": _auroc(observed < below, predicted, labels, weights),
        }


def _auroc(sensitive: np.ndarray, predicted: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Chance that a sensitive pair is predicted lower than another one; nan where a class is missing."""
    if sensitive.all() or not sensitive.any():
        return np.full(len(weights), np.nan)
    order = np.argsort(predicted, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(predicted[order]) > 0])  # one group per distinct prediction
    positive, cluster = sensitive[order], labels[order]
    result = np.empty(len(weights))
    for first in range(0, len(weights), 100):  # blocks of draws: 100 x pairs stays in memory
        w = weights[first : first + 100][:, cluster]
        pos = np.add.reduceat(w * positive, starts, axis=1)
        neg = np.add.reduceat(w * ~positive, starts, axis=1)
        above = neg.sum(axis=1, keepdims=True) - np.cumsum(neg, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            result[first : first + 100] = (pos * (above + neg / 2)).sum(1) / (pos.sum(1) * neg.sum(1))
    return result
