"""Intervals by drawing whole clusters of pairs with replacement. Needs numpy only.

n = pairs, u = cells (pairs of one cluster, or of one combination of two), b = bootstrap draws.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MIN_CLUSTERS = 5  # fewer say too little about how clusters differ: no interval
BLOCK = 200_000  # numbers in memory at once; a block this small stays in the processor's cache


@dataclass(frozen=True)
class Clusters:
    """cell: (n,) cell of each pair; first, second: (u,) the cell's cluster in each clustering, second None for one."""

    cell: np.ndarray
    first: np.ndarray
    second: np.ndarray | None

    @classmethod
    def of(cls, clusters: np.ndarray, clusters_2: np.ndarray | None = None) -> "Clusters":
        """clusters, clusters_2: (n,) labels."""
        first = np.unique(np.asarray(clusters), return_inverse=True)[1]
        if clusters_2 is None:
            return cls(first, np.arange(first.max(initial=-1) + 1), None)
        second = np.unique(np.asarray(clusters_2), return_inverse=True)[1]
        size = second.max(initial=-1) + 1
        cells, cell = np.unique(first * size + second, return_inverse=True)
        return cls(cell, cells // size, cells % size)

    @property
    def enough(self) -> bool:
        """Whether every clustering has so many clusters that an interval means something."""
        both = (self.first,) if self.second is None else (self.first, self.second)
        return all(labels.max(initial=-1) + 1 >= MIN_CLUSTERS for labels in both)

    def draws(self, draws: int, seed: int, width: int) -> Iterator[np.ndarray]:
        """Blocks of (b, u) weights: how often each cell was drawn. The same seed gives the same weights.

        width: numbers that the caller holds per draw, which decides how many draws are a block.
        With two clusterings each is drawn on its own and the weights are multiplied, which errs on the wide side.
        Source: Owen 2007, doi:10.1214/07-AOAS122 (pigeonhole bootstrap).
        """
        rng, rng_2 = np.random.default_rng(seed), np.random.default_rng([seed, 2])
        step = max(1, BLOCK // max(width, len(self.first)))
        for start in range(0, draws, step):
            size = min(step, draws - start)
            weights = _multinomial(rng, self.first, size)
            if self.second is not None:
                weights = weights[:, self.first] * _multinomial(rng_2, self.second, size)[:, self.second]
            yield weights


def percentiles(drawn: np.ndarray) -> tuple[float | None, float | None]:
    """The middle 95 % of (b,) draws; None where a measure was not defined in more than half of them."""
    finite = drawn[np.isfinite(drawn)]
    if len(finite) == 0 or len(finite) < 0.5 * len(drawn):
        return None, None
    lower, upper = np.percentile(finite, [2.5, 97.5])
    return float(lower), float(upper)


def _multinomial(rng: np.random.Generator, labels: np.ndarray, draws: int) -> np.ndarray:
    count = int(labels.max()) + 1
    return rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(float)
