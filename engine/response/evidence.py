"""Is a difference between models more than chance? Over folds where there are several, else over what was held out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from engine.errors import InputError
from engine.response.cluster_sums import DrawnSums, r2
from engine.response.comparison_records import error_sums, fold_scores
from engine.response.records import RunSummary, run_summary
from engine.response.settings import ABLATIONS, ENSEMBLE, NAIVE, NETWORKS
from engine.store.database import Database

if TYPE_CHECKING:  # scipy.stats takes longer to load than a page may
    from engine.learn.comparison import Comparison

MEASURE = "r2"
# What one draw of the bootstrap takes or leaves, where a run has a single fold.
DRAWN = {"cancer_type": "cancer types", "drug": "structures"}
LINES = "cell lines"


@dataclass(frozen=True)
class Differences:
    """table: model, difference, lower, upper, n; R² of the model minus R² of the reference, best first.

    by: what the 95 % intervals are over: 'folds' (n of them), or what the bootstrap drew (n pairs). Not adjusted for
    the number of models.
    """

    table: pd.DataFrame
    reference: str
    by: str


def ranked(run: RunSummary) -> tuple[str, ...]:
    """The models worth ranking: no permuted inputs, and of the naive baselines only the strongest.

    Every model more makes the critical difference larger.
    """
    left_out = {model for model in NAIVE if model != run.naive} | set(ABLATIONS.values())
    if len(set(run.models) & set(NETWORKS)) == 1:
        left_out.add(ENSEMBLE)  # it is the one network
    return tuple(model for model in run.models if model not in left_out)


def rank_models(db: Database, run_id: str, models: tuple[str, ...]) -> "Comparison":
    """Friedman's test and Nemenyi's critical difference over the folds of a run, by R².

    Raises InputError saying what is missing: folds, models, or a score in a fold.
    """
    from engine.learn.comparison import MIN_FOLDS, compare

    scores = _by_fold(db, run_id)
    if len(scores) < MIN_FOLDS:
        what = f"{len(scores)} folds" if len(scores) > 1 else "one cut"
        again = f"python -m engine evaluate --run {run_id} --split {run_summary(db, run_id).split} --folds {MIN_FOLDS}"
        raise InputError(f"Ranks over folds take {MIN_FOLDS} folds or more, and this run has {what}: {again}")
    return compare(scores[[model for model in models if model in scores]])


def differences(db: Database, run_id: str, reference: str) -> Differences:
    """Every model of a run against `reference`, paired.

    Two folds or more: a t test over folds, corrected for overlapping training sets. One: a bootstrap over the unit
    that was left out, the same draws for both models. Raises InputError for a reference the run does not have.
    """
    from engine.learn.comparison import paired_differences

    run = run_summary(db, run_id)
    if reference not in run.metrics:
        raise InputError(f"Run {run_id} has no {reference} to compare with. It has: {', '.join(run.models)}.")
    scores = _by_fold(db, run_id)
    if len(scores) > 1:
        table = paired_differences(scores, reference, 1 / (max(run.folds, len(scores)) - 1))
        return Differences(_best_first(table), reference, "folds")
    sums = error_sums(db, run_id, run.split)
    same = sums[sums["model"] == reference].set_index("cluster")[["n", "observed", "squares"]]
    pairs = sums.pivot(index="cluster", columns="model", values="n").loc[same.index]
    whole = pairs.columns[pairs.eq(same["n"], axis=0).all()]  # without the same pairs there is nothing to pair
    drawn = DrawnSums(same.join(sums.pivot(index="cluster", columns="model", values="squared_error")[whole]))
    value = {model: r2(drawn[model], drawn["n"], drawn["observed"], drawn["squares"]) for model in whole}
    rows = []
    for model in whole.drop(reference):
        found = drawn.estimate(value[model] - value[reference])
        rows.append((model, found.value, found.lower, found.upper, drawn.pairs))
    table = pd.DataFrame(rows, columns=["model", "difference", "lower", "upper", "n"])
    table = table.astype({"difference": float, "lower": float, "upper": float})
    return Differences(_best_first(table), reference, DRAWN.get(run.split, LINES))


def _by_fold(db: Database, run_id: str) -> pd.DataFrame:
    """R², rows folds, columns models."""
    scores = fold_scores(db, run_id)
    return scores[scores["name"] == MEASURE].pivot(index="fold", columns="model", values="value")


def _best_first(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("difference", ascending=False, kind="stable").reset_index(drop=True)
