"""Are models different over folds, or is it chance?

A table of scores has one row per fold (or repeat) and one column per model. Folds of one cross-validation share
training pairs, so their scores are not independent: the rank test takes them as if they were and is optimistic, the
intervals of the differences correct for it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from engine.errors import InputError

MIN_FOLDS = 7  # below, the rank test has hardly any power and its approximation no ground
MIN_MODELS = 3


@dataclass(frozen=True)
class Comparison:
    """mean_ranks: model -> mean rank over the folds, 1 is best, best first. p_value: Friedman's; all models alike.

    critical_difference: mean ranks that lie further apart belong to different models (Nemenyi, at `alpha`).
    cliques: largest groups of two or more models that cannot be told apart, best first.
    """

    mean_ranks: dict[str, float]
    p_value: float
    critical_difference: float
    cliques: tuple[tuple[str, ...], ...]
    folds: int
    alpha: float


def compare(scores: pd.DataFrame, higher_is_better: bool = True, alpha: float = 0.05) -> Comparison:
    """Friedman's test over folds x models, then Nemenyi's critical difference.

    Where Friedman's test finds nothing at `alpha`, all models are one clique: single differences are not looked at.
    Raises InputError for fewer than 7 folds, fewer than 3 models, or a model without a score in a fold.
    Source: Demsar 2006, Journal of Machine Learning Research 7:1-30, section 3.2.2; Friedman's statistic with the
    correction for ties.
    """
    folds, models = scores.shape
    if models < MIN_MODELS:
        raise InputError(
            f"{models} model{'' if models == 1 else 's'} cannot be ranked: choose {MIN_MODELS} or more, "
            "or look at the paired differences."
        )
    if folds < MIN_FOLDS:
        raise InputError(
            f"{folds} fold{'' if folds == 1 else 's'} are too few to rank models: "
            f"evaluate them in {MIN_FOLDS} or more folds."
        )
    missing = scores.isna()
    if missing.to_numpy().any():
        model = missing.any().idxmax()
        raise InputError(
            f"{model} has no score in fold {', '.join(map(str, scores.index[missing[model]]))}: "
            "evaluate it there, or leave it out of the comparison."
        )
    values = scores.to_numpy(float)
    ranks = stats.rankdata(-values if higher_is_better else values, axis=1).mean(axis=0)
    order = np.argsort(ranks, kind="stable")
    # With every model alike in every fold there is nothing to test.
    p_value = 1.0 if (values == values[:, :1]).all() else float(stats.friedmanchisquare(*values.T).pvalue)
    q = stats.studentized_range.ppf(1 - alpha, models, np.inf) / np.sqrt(2)
    critical = float(q * np.sqrt(models * (models + 1) / (6 * folds)))
    names = [str(scores.columns[i]) for i in order]
    cliques = (tuple(names),) if p_value >= alpha else _cliques(names, ranks[order], critical)
    return Comparison(dict(zip(names, ranks[order].tolist(), strict=True)), p_value, critical, cliques, folds, alpha)


def _cliques(names: list[str], ranks: np.ndarray, critical: float) -> tuple[tuple[str, ...], ...]:
    """Runs of sorted ranks no wider than `critical` that no other such run contains."""
    found, reached = [], 0
    for first, rank in enumerate(ranks):
        last = int(np.searchsorted(ranks, rank + critical, side="right"))
        if last > reached and last - first > 1:
            found.append(tuple(names[first:last]))
        reached = max(reached, last)
    return tuple(found)


def paired_differences(
    scores: pd.DataFrame, reference: str, test_per_train: float | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Every other model minus the reference, over the folds that have both: model, difference, lower, upper, n.

    The interval is that of a t test whose variance is enlarged for training sets that overlap, (1/n + test_per_train)
    s2; test_per_train: test pairs per training pair, by default 1 / (folds - 1), which fits when all folds of a cut
    are in the table. Intervals are not adjusted for the number of models. difference is nan without a common fold,
    lower and upper with fewer than two.
    Raises InputError for a reference that is not among the models.
    Source: Nadeau & Bengio 2003, doi:10.1023/A:1024068626366 (corrected resampled t test).
    """
    if reference not in scores:
        raise InputError(f"There is no score of {reference}. Choose from {', '.join(map(str, scores.columns))}.")
    if test_per_train is None:
        test_per_train = 1 / (len(scores) - 1) if len(scores) > 1 else 0.0
    rows = []
    for model in scores.columns.drop(reference):
        difference = (scores[model] - scores[reference]).dropna()
        n, half = len(difference), np.nan
        if n > 1:
            error = np.sqrt((1 / n + test_per_train) * difference.var(ddof=1))
            half = float(stats.t.ppf((1 + level) / 2, n - 1) * error)
        mean = float(difference.mean())
        rows.append((str(model), mean, mean - half, mean + half, n))
    return pd.DataFrame(rows, columns=["model", "difference", "lower", "upper", "n"])
