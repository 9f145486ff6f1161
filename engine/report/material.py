"""What a report is written from: every read of one run, gathered once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from engine.errors import InputError
from engine.figures.response import POINT_LIMIT, density_of_pairs, padded, predicted_vs_observed
from engine.figures.template import Chart
from engine.figures.text import model_name, plural, split_name
from engine.learn.metrics import SENSITIVE_BELOW
from engine.report.card import Card, model_card, ran_folds
from engine.response.comparison_records import across_splits, scope_scores, sources_of
from engine.response.evidence import Differences, differences, rank_models, ranked
from engine.response.pair_records import pair_density, pair_points, pair_summary
from engine.response.records import PairFilter, RunSummary, family, runs
from engine.response.settings import ENSEMBLE
from engine.response.shown_scores import model_scores
from engine.response.type_records import TypeGain, type_gains
from engine.store.database import Database

if TYPE_CHECKING:
    from engine.learn.comparison import Comparison

PER_GROUP = ("r2", "skill")
PER_TYPE = ("r2", "rmse", "skill", "within_drug_r", "auroc", "coverage")


@dataclass(frozen=True)
class Material:
    """What the chapters are written from.

    model: the one the report is about. scores: over all held-out pairs (model, name, value, lower, upper, n).
    types, drugs, lines: per cancer type, drug and line (`comparison_records.scope_scores`). scatter: draws predicted
    against observed, None without pairs. worth: across splits. sources: the imports. against_naive, against_ensemble:
    paired differences of R². ranks: over folds, or in words why there are none. gains: in every cancer type.
    """

    run: RunSummary
    model: str
    context: str
    scores: pd.DataFrame
    worth: pd.DataFrame
    family: Mapping[str, RunSummary]
    types: pd.DataFrame
    drugs: pd.DataFrame
    lines: pd.DataFrame
    scatter: Callable[[bool], Chart] | None
    pairs_note: str
    sources: pd.DataFrame
    against_naive: Differences | None
    against_ensemble: Differences | None
    ranks: "Comparison | str"
    gains: Mapping[str, TypeGain]
    card: Card


def gather(db: Database, run: RunSummary) -> Material:
    """Everything the chapters of one run need."""
    model = run.models[0] if run.models else ""
    kin = family(runs(db), run)
    sources = sources_of(db, run.dataset)
    context = split_name(run.split) + (f", {ran_folds(run)}" if run.folds > 1 else "")
    context += ", simulated" if run.simulated else ""
    scatter, note = _scatter(db, run, model, f"{model_name(model)}, {context}")
    return Material(
        run=run,
        model=model,
        context=context,
        scores=model_scores(db, run.run_id),
        worth=across_splits(kin),
        family=kin,
        types=scope_scores(db, run.run_id, "cancer_type", PER_TYPE),
        drugs=scope_scores(db, run.run_id, "drug", PER_GROUP),
        lines=scope_scores(db, run.run_id, "cell_line", PER_GROUP),
        scatter=scatter,
        pairs_note=note,
        sources=sources[sources["simulated"] == run.simulated],
        against_naive=differences(db, run.run_id, run.naive) if run.naive else None,
        against_ensemble=differences(db, run.run_id, ENSEMBLE) if ENSEMBLE in run.metrics else None,
        ranks=_ranks(db, run),
        gains=type_gains(db, run.run_id, run.split, model, run.naive) if run.naive else {},
        card=model_card(db, run.run_id),
    )


def _scatter(db: Database, run: RunSummary, model: str, context: str) -> tuple[Callable[[bool], Chart] | None, str]:
    """How predicted against observed is drawn, and what its caption adds."""
    below = float(run.config.get("sensitive_below", SENSITIVE_BELOW))
    every = PairFilter()
    summary = pair_summary(db, run.run_id, model, every, below)
    if not summary.pairs:
        return None, ""
    note = f"{plural(summary.not_finite, 'pair')} left out: not finite." if summary.not_finite else ""
    if summary.pairs > POINT_LIMIT:
        density = pair_density(db, run.run_id, model, every, padded(summary.low, summary.high))
        return lambda dark: density_of_pairs(density, context, dark), note
    points = pair_points(db, run.run_id, model, run.naive or model, every)
    return lambda dark: predicted_vs_observed(points, context, dark), note


def _ranks(db: Database, run: RunSummary) -> "Comparison | str":
    """Ranks over folds of the models that matter, or why there are none."""
    try:
        return rank_models(db, run.run_id, ranked(run))
    except InputError as error:
        return f"Models are not ranked here. {error}"
