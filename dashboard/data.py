"""Cached reads of the store, the one open Database, and the collector that brings finished jobs in."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from engine import views
from engine.collect import Collector
from engine.radiation import records as radiation
from engine.radiation import shown
from engine.report import card
from engine.response import (
    comparison_records,
    cross_study,
    ensemble,
    entity_records,
    evidence,
    library_rank,
    library_records,
    pair_records,
    records,
    run_comparison,
    source_records,
    type_records,
)
from engine.response import shown_scores as filtered
from engine.settings import store_path
from engine.spheroid import judged, screen_list
from engine.store.database import Database

if TYPE_CHECKING:
    from engine.learn.comparison import Comparison


@st.cache_resource(show_spinner=False)
def _database(path: str) -> Database:
    return Database(Path(path))


@st.cache_resource(show_spinner=False, on_release=lambda collector: collector.stop())
def _collector(path: str) -> Collector:
    return Collector(_database(path)).start()


def database() -> Database:
    """The one open store; the first call starts the collector."""
    path = str(store_path())
    db = _database(path)
    _collector(path)
    return db


READS = {
    read.__name__: read
    for read in (
        views.store_summary,
        views.sources,
        source_records.imports,
        source_records.table_rows,
        views.pair_options,
        views.training_estimate,
        records.runs,
        filtered.shown_scores,
        filtered.model_scores,
        pair_records.pair_summary,
        pair_records.pair_points,
        pair_records.pair_density,
        pair_records.group_errors,
        comparison_records.fold_scores,
        comparison_records.scope_scores,
        run_comparison.compare_runs,
        evidence.differences,
        evidence.rank_models,
        card.model_card,
        entity_records.entity_options,
        entity_records.drug_facts,
        entity_records.line_facts,
        entity_records.mutations,
        entity_records.measured,
        entity_records.held_out,
        entity_records.z_scores,
        entity_records.spreads,
        type_records.type_gains,
        cross_study.cross_study,
        cross_study.measured_twice,
        entity_records.applicability,
        ensemble.default_run,
        library_records.libraries,
        library_records.screens,
        library_records.replaced_screens,
        library_rank.molecules_page,
        library_rank.screened_lines,
    )
} | {
    # Names of another room, some of them the same.
    f"radiation_{read.__name__}": read
    for read in (
        radiation.runs,
        radiation.metrics,
        radiation.expression_sets,
        radiation.survival_sets,
        radiation.survival,
        radiation.survival_doses,
        shown.samples,
        shown.look_ups,
        shown.pairs,
        shown.metrics_without_leukaemia,
    )
}
READS |= {
    f"spheroid_{read.__name__}": read
    for read in (
        screen_list.screens,
        screen_list.hits,
        screen_list.all_scores,
        screen_list.wells,
        screen_list.trained_runs,
        judged.stored,
    )
}


def register(prefix: str, *reads: Any) -> None:
    """Reads of one page's own, called by `_cached(prefix + name)`."""
    READS.update({f"{prefix}_{read.__name__}": read for read in reads})


@st.cache_data(max_entries=64, ttl="1h", show_spinner=False)
def _read(name: str, path: str, version: int, *arguments: Any) -> Any:
    return READS[name](_database(path), *arguments)


def _cached(name: str, *arguments: Any) -> Any:
    """A read that is repeated only after the store has changed."""
    db = database()
    return _read(name, str(db.path), db.version(), *arguments)


def store_summary() -> views.StoreSummary:
    return _cached("store_summary")


def sources() -> pd.DataFrame:
    return _cached("sources")


def imports() -> list[source_records.Import]:
    return _cached("imports")


def table_rows() -> dict[str, int]:
    return _cached("table_rows")


def runs() -> list[records.RunSummary]:
    """Newest first: the order in which a person looks for one."""
    return _cached("runs")[::-1]


def default_run() -> records.RunSummary:
    """The run that patients are ranked with unless another is chosen. Raises InputError where none has a network."""
    return _cached("default_run")


def pair_options(run_id: str) -> views.PairOptions:
    return _cached("pair_options", run_id)


def shown_scores(run_id: str, model: str, wanted: records.PairFilter, sensitive_below: float) -> filtered.ShownScores:
    return _cached("shown_scores", run_id, model, wanted, sensitive_below)


def pair_summary(
    run_id: str, model: str, wanted: records.PairFilter, sensitive_below: float
) -> pair_records.PairSummary:
    return _cached("pair_summary", run_id, model, wanted, sensitive_below)


def pair_points(
    run_id: str, model: str, naive: str, wanted: records.PairFilter, worst: int | None = None
) -> pd.DataFrame:
    return _cached("pair_points", run_id, model, naive, wanted, worst)


def pair_density(
    run_id: str, model: str, wanted: records.PairFilter, limits: tuple[float, float]
) -> pair_records.Density:
    return _cached("pair_density", run_id, model, wanted, limits)


def compare_runs(run_a: str, run_b: str, model: str) -> run_comparison.RunComparison:
    """Raises InputError with the reason where two runs cannot be compared."""
    return _cached("compare_runs", run_a, run_b, model)


def group_errors(run_id: str, model: str, naive: str, wanted: records.PairFilter, by: str) -> pd.DataFrame:
    return _cached("group_errors", run_id, model, naive, wanted, by)


def model_scores(run_id: str, wanted: records.PairFilter = records.PairFilter()) -> pd.DataFrame:  # noqa: B008 - frozen
    return _cached("model_scores", run_id, wanted)


def training_estimate(networks: tuple[str, ...], epochs: int) -> views.TrainingEstimate:
    return _cached("training_estimate", networks, epochs)


def fold_scores(run_id: str) -> pd.DataFrame:
    return _cached("fold_scores", run_id)


def scope_scores(run_id: str, scope: str, names: tuple[str, ...]) -> pd.DataFrame:
    return _cached("scope_scores", run_id, scope, names)


def differences(run_id: str, reference: str) -> evidence.Differences:
    return _cached("differences", run_id, reference)


def rank_models(run_id: str, models: tuple[str, ...]) -> "Comparison":
    return _cached("rank_models", run_id, models)


def model_card(run_id: str) -> card.Card:
    return _cached("model_card", run_id)


def entity_options(subject: str, run_id: str) -> pd.DataFrame:
    return _cached("entity_options", subject, run_id)


def drug_facts(drug_id: int) -> entity_records.DrugFacts:
    return _cached("drug_facts", drug_id)


def line_facts(cosmic_id: int) -> entity_records.LineFacts:
    return _cached("line_facts", cosmic_id)


def mutations(cosmic_id: int) -> pd.DataFrame:
    return _cached("mutations", cosmic_id)


def measured(subject: str, entity: int, dataset: str) -> pd.DataFrame:
    return _cached("measured", subject, entity, dataset)


def held_out(run_id: str, model: str, naive: str, subject: str, entity: int) -> pd.DataFrame:
    return _cached("held_out", run_id, model, naive, subject, entity)


def z_scores(run_id: str, model: str, naive: str, cosmic_id: int) -> pd.DataFrame:
    return _cached("z_scores", run_id, model, naive, cosmic_id)


def spreads(run_id: str, model: str, subject: str) -> pd.DataFrame:
    return _cached("spreads", run_id, model, subject)


def applicability(run_id: str, subject: str, entity: int) -> entity_records.Applicability | None:
    return _cached("applicability", run_id, subject, entity)


def type_gains(
    run_id: str, split: str, model: str, baseline: str, only: str | None = None
) -> dict[str, type_records.TypeGain]:
    return _cached("type_gains", run_id, split, model, baseline, only)


def cross_study_of(run_id: str, dataset: str) -> cross_study.CrossStudy:
    return _cached("cross_study", run_id, dataset)


def measured_twice(run_id: str, dataset: str) -> pd.DataFrame:
    return _cached("measured_twice", run_id, dataset)


def libraries() -> pd.DataFrame:
    return _cached("libraries")


def screens() -> tuple[library_records.ScreenSummary, ...]:
    """Screened libraries, newest first."""
    return _cached("screens")


def replaced_screens() -> tuple[library_records.ScreenSummary, ...]:
    """Screens of libraries that hold other molecules now."""
    return _cached("replaced_screens")


def library_molecules(library: str, start: int, n: int, search: str = "") -> tuple[pd.DataFrame, int]:
    return _cached("molecules_page", library, start, n, search)


def screened_lines(simulated: bool) -> int:
    return _cached("screened_lines", simulated)
