"""The arithmetic of the metrics: every measure once per row of cluster weights.

n = pairs, u = cells of clusters (see `bootstrap`), b = rows of weights, m = distinct values.
A measure that is not defined is nan here; `metrics` makes that None.
"""

import numpy as np

from engine.learn.bootstrap import Clusters

ROUNDING = 1e-20  # a variance this small beside the squared values is a constant with rounding on it
CANCELLED = 1e-12  # a difference of sums this small beside them is rounding


class Moments:
    """Measures made of sums: r2, rmse, mae, pearson and, with a reference, skill. The sums are taken per cell once."""

    def __init__(self, observed: np.ndarray, predicted: np.ndarray, reference: np.ndarray | None, cells: Clusters):
        # Centring first keeps the sums of squares from cancelling.
        y, p, error = observed - observed.mean(), predicted - predicted.mean(), observed - predicted
        columns = [np.ones_like(y), y, p, y * y, p * p, y * p, error**2, np.abs(error)]
        if reference is not None:
            columns.append((observed - reference) ** 2)
        self.sums = np.stack([np.bincount(cells.cell, column, len(cells.first)) for column in columns], axis=1)
        self.tiny_y = ROUNDING * (1 + np.max(np.abs(observed)) ** 2)
        self.tiny_p = ROUNDING * (1 + np.max(np.abs(predicted)) ** 2)

    def measures(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """(b, u) weights -> (b,) per measure."""
        n, sy, sp, syy, spp, syp, sse, sae, *sse_reference = (weights @ self.sums).T
        with np.errstate(divide="ignore", invalid="ignore"):
            var_y, var_p, cov = syy / n - (sy / n) ** 2, spp / n - (sp / n) ** 2, syp / n - sy * sp / n**2
            no_y, no_p = ~(var_y > self.tiny_y), ~(var_p > self.tiny_p)
            found = {
                "r2": np.where(no_y, np.nan, 1 - sse / (n * var_y)),
                "rmse": np.sqrt(sse / n),
                "mae": sae / n,
                "pearson": np.where(no_y | no_p, np.nan, np.clip(cov / np.sqrt(var_y * var_p), -1, 1)),
            }
            for other in sse_reference:
                found["skill"] = np.where(other > self.tiny_y * n, 1 - sse / other, np.nan)
        return found


class Ranks:
    """Measures made of ranks: spearman, auroc, average_precision. Pairs are sorted once, weights summed per draw."""

    def __init__(self, observed: np.ndarray, predicted: np.ndarray, sensitive: np.ndarray, cells: Clusters):
        by_y, by_p = np.argsort(observed, kind="stable"), np.argsort(predicted, kind="stable")
        self.observed, self.predicted = _Sorted(observed[by_y]), _Sorted(predicted[by_p])
        self.cell_y, self.cell_p = cells.cell[by_y], cells.cell[by_p]
        place = np.empty(len(by_y), int)
        place[by_y] = self.observed.place
        self.y_place = place[by_p]  # of the pairs in the order of their predictions
        self.sensitive = np.flatnonzero(sensitive[by_p])
        place = self.predicted.place[self.sensitive]
        self.starts = np.flatnonzero(np.diff(place, prepend=-1))  # of equally predicted sensitive pairs
        self.sensitive_places = place[self.starts]
        self.smaller_class = min(len(self.sensitive), len(by_y) - len(self.sensitive))

    def measures(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """(b, u) weights -> (b,) per measure. The most sensitive pairs should be predicted lowest."""
        w = weights[:, self.cell_p]
        upto, middle = self.predicted.ranks(w)
        middle_y = self.observed.ranks(weights[:, self.cell_y])[1]
        total = upto[:, -1:]
        # Mid-ranks average half of the total weight, whatever the ties.
        p = (middle if self.predicted.distinct else middle[:, self.predicted.place]) - total / 2
        y = middle_y[:, self.y_place] - total / 2
        wp = w * p
        var_p, cov = np.einsum("bn,bn->b", wp, p), np.einsum("bn,bn->b", wp, y)
        var_y = np.einsum("bn,bn->b", w * y, y)
        none = np.full(len(w), np.nan)
        found = {"auroc": none, "average_precision": none}
        with np.errstate(divide="ignore", invalid="ignore"):
            defined = (var_p > 0) & (var_y > 0)
            found["spearman"] = np.where(defined, np.clip(cov / np.sqrt(var_p * var_y), -1, 1), np.nan)
            if self.smaller_class:
                hits = np.add.reduceat(w[:, self.sensitive], self.starts, axis=1)
                found_hits = np.cumsum(hits, axis=1)
                n_hits, called = found_hits[:, -1], upto[:, self.sensitive_places]
                misses = total[:, 0] - n_hits
                above = (hits * middle[:, self.sensitive_places]).sum(1) - n_hits**2 / 2
                found["auroc"] = np.where(misses > 0, 1 - above / (n_hits * misses), np.nan)
                precision = np.divide(found_hits, called, out=np.zeros_like(called), where=called > 0)
                found["average_precision"] = np.where(misses > 0, (hits * precision).sum(1) / n_hits, np.nan)
        return found


class _Sorted:
    """place: (n,) number of the distinct value that each of the sorted values is."""

    def __init__(self, values: np.ndarray):
        self.starts = np.flatnonzero(np.r_[True, values[1:] > values[:-1]])
        self.distinct = len(self.starts) == len(values)
        self.place = np.repeat(np.arange(len(self.starts)), np.diff(self.starts, append=len(values)))

    def ranks(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(b, n) weights in sorted order -> (b, m) weight up to and with each value, and its mid-rank."""
        if not self.distinct:
            weights = np.add.reduceat(weights, self.starts, axis=1)
        upto = np.cumsum(weights, axis=1)
        return upto, upto - weights / 2


class GroupCorrelations:
    """Pearson r within groups, after the mean of every group in every fold is taken away.

    Left out: groups with fewer than min_pairs pairs, where every fold beyond the first costs one pair more, as its
    mean is taken away: ten lines in seven folds leave three deviations, whose correlation is mostly noise.
    used: (n,) bool; first: (g,) one pair of each group left in; pairs: (g,) their sizes.
    """

    def __init__(
        self, observed: np.ndarray, predicted: np.ndarray, group: np.ndarray, fold: np.ndarray | None, min_pairs: int
    ):
        label, count = np.unique(group, return_inverse=True, return_counts=True)[1:]
        folds = np.zeros(len(group), int) if fold is None else np.unique(fold, return_inverse=True)[1]
        n_folds = folds.max(initial=0) + 1
        in_folds = np.bincount(np.unique(label * n_folds + folds) // n_folds, minlength=len(count))
        self.used = (count - in_folds >= min_pairs - 1)[label]
        _, self.first, label, self.pairs = np.unique(
            np.where(self.used, label, -1)[self.used], return_index=True, return_inverse=True, return_counts=True
        )
        self.first = np.flatnonzero(self.used)[self.first]
        slots, self.slot = np.unique(label * n_folds + folds[self.used], return_inverse=True)
        self.starts = np.searchsorted(slots, np.arange(len(self.pairs)) * n_folds)
        self.y, self.p = (self._centred(values[self.used]) for values in (observed, predicted))
        self.tiny_y = ROUNDING * (1 + np.max(np.abs(observed), initial=0) ** 2)
        self.tiny_p = ROUNDING * (1 + np.max(np.abs(predicted), initial=0) ** 2)

    def _centred(self, values: np.ndarray) -> np.ndarray:
        return values - (np.bincount(self.slot, values) / np.bincount(self.slot))[self.slot]

    def sums(self, cells: Clusters) -> np.ndarray:
        """(6, u, s) sums per cell of the used pairs and slot (group in a fold)."""
        shape = len(cells.first), int(self.slot.max()) + 1
        at = cells.cell * shape[1] + self.slot
        y, p = self.y, self.p
        columns = (np.ones_like(y), y, p, y * y, p * p, y * p)
        return np.stack([np.bincount(at, column, shape[0] * shape[1]).reshape(shape) for column in columns])

    def r(self, weights: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(b, u) weights -> (b, g) correlations, 0 for constant predictions, nan for constant measurements; and the
        mean weight of the pairs of each group."""
        n, sy, sp, syy, spp, syp = (weights @ of for of in sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            within = [np.where(n > 0, s - a * b / n, 0) for s, a, b in ((syy, sy, sy), (spp, sp, sp), (syp, sy, sp))]
            added = (np.add.reduceat(of, self.starts, axis=1) for of in (n, *within, syy, spp))
            n, var_y, var_p, cov, syy, spp = added
            # A draw may hold one pair of every slot, many times: what is left of its squares then is rounding.
            tiny_y, tiny_p = (np.maximum(a * n, CANCELLED * b) for a, b in ((self.tiny_y, syy), (self.tiny_p, spp)))
            r = np.where(var_p > tiny_p, np.clip(cov / np.sqrt(var_y * var_p), -1, 1), 0.0)
        return np.where(var_y > tiny_y, r, np.nan), n / self.pairs
