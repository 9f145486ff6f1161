"""How well predictions follow measurements, with bootstrap intervals. Needs numpy only, so pages may call it.

n = pairs; `measures` has the arithmetic, `bootstrap` the draws.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from engine.learn.bootstrap import Clusters, percentiles
from engine.learn.measures import GroupCorrelations, Moments, Ranks

SENSITIVE_BELOW = -2.0  # ln(IC50, uM): the published threshold of a sensitive line
MEASURES = ("r2", "rmse", "mae", "pearson", "spearman", "auroc", "average_precision")
CLASS_MEASURES = ("auroc", "average_precision")
RANK_MEASURES = ("spearman", *CLASS_MEASURES)
MIN_CLASS = 5  # pairs of either class below which AUROC and average precision get no interval
MANY_PAIRS, RANK_DRAWS = 20_000, 400  # from so many pairs on, measures by rank take fewer draws: 1 ms per 40,000


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
    reference: np.ndarray | None = None,
    measures: tuple[str, ...] = MEASURES,
    clusters_2: np.ndarray | None = None,
) -> list[Score]:
    """The wanted measures of (n,) predictions against (n,) measurements, both ln(IC50) in uM.

    clusters: (n,) labels; given, whole clusters are drawn with replacement for a 95 % percentile interval,
    because pairs of one cell line are not independent; clusters_2 crosses them with a second clustering. Fewer
    than 5 clusters give no interval. From 20,000 pairs on, measures by rank take at most 400 draws.
    reference: (n,) predictions of a naive baseline; given, "skill" = 1 - MSE / MSE of the reference comes last.
    AUROC and average precision rank pairs below `sensitive_below` first; with fewer than 5 pairs of either class
    they get no interval. A measure is None ("not defined") below 3 pairs, for constant input, or where only one
    class is present.
    Raises ValueError for lengths that differ and for values that are not finite.
    Source: R2 = 1 - SSE/SST against the observed mean; Spearman: Pearson r of mid-ranks; AUROC: Mann-Whitney
    statistic, ties counted half; average precision: sum of precision x gain in recall over distinct predictions.
    """
    observed, predicted = np.asarray(observed, float), np.asarray(predicted, float)
    _check(observed, predicted, "predictions")
    names = measures
    if reference is not None:
        reference, names = np.asarray(reference, float), (*measures, "skill")
        _check(observed, reference, "predictions of the reference")
    n = len(observed)
    if n == 0:
        return [Score(name, None, None, None, 0) for name in names]
    cells = Clusters.of(np.zeros(n, int) if clusters is None else clusters, clusters_2)
    one = np.ones((1, len(cells.first)))
    interval = clusters is not None and n >= 3 and cells.enough
    moments = Moments(observed, predicted, reference, cells)
    values, drawn = moments.measures(one), {}
    if interval:
        drawn = _stack(moments.measures(weights) for weights in cells.draws(draws, seed, len(cells.first)))
    if set(names) & set(RANK_MEASURES):
        ranks = Ranks(observed, predicted, observed < sensitive_below, cells)
        values |= ranks.measures(one)
        if interval:
            enough = draws if n < MANY_PAIRS else min(draws, RANK_DRAWS)
            drawn |= _stack(ranks.measures(weights) for weights in cells.draws(enough, seed, n))
        if ranks.smaller_class < MIN_CLASS:
            drawn = {name: of_name for name, of_name in drawn.items() if name not in CLASS_MEASURES}
    return [_score(name, values[name][0], drawn.get(name), n) for name in names]


def within_group_r(
    observed: np.ndarray,
    predicted: np.ndarray,
    group: np.ndarray,
    clusters: np.ndarray | None = None,
    min_pairs: int = 10,
    fold: np.ndarray | None = None,
    draws: int = 1000,
    seed: int = 0,
    clusters_2: np.ndarray | None = None,
) -> Score:
    """Mean over groups (drugs) of the Pearson r within the group, named "within_drug_r"; n: pairs of these groups.

    group: (n,) labels. Groups with fewer than min_pairs pairs or constant measurements are left out; a prediction
    that is constant within a group counts as r = 0: a baseline with one value per drug orders nothing.
    fold: (n,) the fold that tested each pair; r is then that of the deviations from the group's mean in its fold.
    Without it such a baseline would seem to correlate negatively over several folds, because the mean of a training
    set is low where the mean of its test part is high.
    clusters: (n,) labels that are drawn for the 95 % interval (None: groups are drawn), clusters_2: (n,) labels of
    a second clustering of whole groups. In a draw a group counts by the mean weight of its pairs.
    Raises ValueError as `pair_scores` does, and for a second clustering that cuts through a group.
    """
    observed, predicted = np.asarray(observed, float), np.asarray(predicted, float)
    _check(observed, predicted, "predictions")
    groups = GroupCorrelations(observed, predicted, np.asarray(group), fold, min_pairs)
    undefined = Score("within_drug_r", None, None, None, 0)
    if len(groups.pairs) == 0:
        return undefined
    cells = Clusters.of(np.asarray(group if clusters is None else clusters)[groups.used])
    second = None
    if clusters_2 is not None:
        label_2 = np.unique(clusters_2, return_inverse=True)[1]
        if any(len(np.unique(label_2[group == one])) > 1 for one in group[groups.first]):
            raise ValueError("the second clustering cuts through a group")
        second = Clusters.of(label_2[groups.first])
    sums = groups.sums(cells)
    (r,), _ = groups.r(np.ones((1, len(cells.first))), sums)
    defined = np.isfinite(r)
    if not defined.any():
        return undefined
    lower = upper = None
    if cells.enough and (second is None or second.enough):
        width = max(sums.shape[1:])
        weights_2 = iter(()) if second is None else second.draws(draws, seed + 1, width)
        means = []
        for weights in cells.draws(draws, seed, width):
            drawn_r, weight = groups.r(weights, sums)
            if second is not None:
                weight = weight * next(weights_2)[:, second.cell]
            weight = np.where(np.isfinite(drawn_r), weight, 0)
            with np.errstate(invalid="ignore"):
                means.append((weight * np.nan_to_num(drawn_r)).sum(1) / weight.sum(1))
        lower, upper = percentiles(np.concatenate(means))
    return Score("within_drug_r", float(r[defined].mean()), lower, upper, int(groups.pairs[defined].sum()))


def coverage(
    observed: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    clusters: np.ndarray | None = None,
    draws: int = 1000,
    seed: int = 0,
    clusters_2: np.ndarray | None = None,
) -> list[Score]:
    """The scores "coverage" (share of (n,) measurements inside their prediction interval, ends included) and "width"
    (mean upper - lower, ln uM). Clusters and errors as in `pair_scores`."""
    observed, lower, upper = (np.asarray(values, float) for values in (observed, lower, upper))
    _check(observed, lower, "lower ends")
    _check(observed, upper, "upper ends")
    n = len(observed)
    if n == 0:
        return [Score(name, None, None, None, 0) for name in ("coverage", "width")]
    cells = Clusters.of(np.zeros(n, int) if clusters is None else clusters, clusters_2)
    columns = (np.ones(n), (lower <= observed) & (observed <= upper), upper - lower)
    sums = np.stack([np.bincount(cells.cell, column, len(cells.first)) for column in columns], axis=1)

    def means(weights: np.ndarray) -> dict[str, np.ndarray]:
        total, inside, width = (weights @ sums).T
        with np.errstate(invalid="ignore"):
            return {"coverage": inside / total, "width": width / total}

    values, drawn = means(np.ones((1, len(cells.first)))), {}
    if clusters is not None and n >= 3 and cells.enough:
        drawn = _stack(means(weights) for weights in cells.draws(draws, seed, len(cells.first)))
    return [_score(name, values[name][0], drawn.get(name), n) for name in values]


def _check(observed: np.ndarray, values: np.ndarray, what: str) -> None:
    if observed.shape != values.shape:
        raise ValueError(f"{observed.shape} measurements but {values.shape} {what}")
    for name, found in (("measurements", observed), (what, values)):
        bad = int((~np.isfinite(found)).sum())
        if bad:
            raise ValueError(f"{bad} of {len(found)} {name} are not finite numbers")


def _stack(blocks: Iterable[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    found = list(blocks)
    return {name: np.concatenate([block[name] for block in found]) for name in found[0]}


def _score(name: str, value: float, drawn: np.ndarray | None, n: int) -> Score:
    if n < 3 or not np.isfinite(value):
        return Score(name, None, None, None, n)
    lower, upper = (None, None) if drawn is None else percentiles(drawn)
    return Score(name, float(value), lower, upper, n)
