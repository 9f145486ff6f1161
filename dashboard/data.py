"""Cached reads of the store, the one open Database, and the collector that brings finished jobs in."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from engine import views
from engine.collect import Collector
from engine.response import records
from engine.settings import store_path
from engine.store.database import Database


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
        views.pair_options,
        views.model_scores,
        views.training_estimate,
        records.runs,
        records.model_predictions,
    )
}


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


def runs() -> list[records.RunSummary]:
    """Newest first: the order in which a person looks for one."""
    return _cached("runs")[::-1]


def pair_options(run_id: str) -> views.PairOptions:
    return _cached("pair_options", run_id)


def model_predictions(run_id: str, wanted: records.PairFilter) -> pd.DataFrame:
    return _cached("model_predictions", run_id, wanted)


def model_scores(run_id: str, wanted: records.PairFilter = records.PairFilter()) -> pd.DataFrame:  # noqa: B008 - frozen
    return _cached("model_scores", run_id, wanted)


def training_estimate(networks: tuple[str, ...], epochs: int) -> views.TrainingEstimate:
    return _cached("training_estimate", networks, epochs)
