"""Measures from sums per cluster of pairs, with bootstrap intervals: what DuckDB added up needs no pair to be loaded.

u = clusters (cell lines, or structures where drugs are left out), k = columns, b = bootstrap draws. Needs numpy only.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from engine.learn.bootstrap import MIN_CLUSTERS, percentiles

DRAWS = 1000
FEWEST_PAIRS = 3  # below, no measure is defined


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; None where it is not defined."""

    value: float | None
    lower: float | None = None
    upper: float | None = None


class DrawnSums:
    """Sums over all clusters, and over clusters drawn with replacement: `sums["n"]` is (1 + b,), the first of all.

    What is computed from several columns is paired: each draw takes the same clusters for all of them. The draws are
    those of `learn.metrics.pair_scores` with the same clusters in the same order and the same seed.
    """

    def __init__(self, sums: pd.DataFrame, draws: int = DRAWS, seed: int = 0) -> None:
        """sums: (u, k), one row per cluster; its column n counts pairs."""
        self.clusters = len(sums)
        self.pairs = int(sums["n"].sum())
        added = _weights(self.clusters, draws, seed) @ sums.to_numpy(float)
        self._of = dict(zip(sums.columns, added.T, strict=True))

    def __getitem__(self, column: str) -> np.ndarray:
        return self._of[column]

    def estimate(self, values: np.ndarray) -> Estimate:
        """(1 + b,) values as one with its 95 % percentile interval.

        Not defined for fewer than three pairs or where the value is not finite; no interval with fewer than five
        clusters, or where most draws are not defined.
        """
        if self.pairs < FEWEST_PAIRS or not np.isfinite(values[0]):
            return Estimate(None)
        if self.clusters < MIN_CLUSTERS:
            return Estimate(float(values[0]))
        return Estimate(float(values[0]), *percentiles(values[1:]))


@lru_cache(maxsize=8)  # many groups have the same number of clusters, and drawing takes longer than adding up
def _weights(clusters: int, draws: int, seed: int) -> np.ndarray:
    """(1 + b, u): how often each cluster counts; once in the first row."""
    drawn = np.random.default_rng(seed).multinomial(clusters, np.full(clusters, 1 / clusters), size=draws)
    return np.concatenate([np.ones((1, clusters)), drawn])


def r2(squared_error: np.ndarray, n: np.ndarray, total: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """1 - SSE/SST, nan where the measurements are constant.

    squared_error: SSE; n: pairs; total, squares: sums of the measurements and of their squares; (b,) each.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - squared_error / _spread(n, total, squares)


def pearson(n: np.ndarray, x: np.ndarray, y: np.ndarray, xx: np.ndarray, yy: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Pearson's r from sums of x, y, their squares and products, (b,) each; nan where one of them is constant."""
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (xy - x * y / n) / np.sqrt(_spread(n, x, xx) * _spread(n, y, yy))
    return np.clip(r, -1, 1)


def _spread(n: np.ndarray, total: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Sum of squares around the mean; nan where it is nothing but rounding."""
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = squares - total**2 / n
    return np.where(spread > 1e-12 * squares, spread, np.nan)
