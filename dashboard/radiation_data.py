"""What the Radiosensitivity page reads of the store, kept until the store changes."""

import pandas as pd
import streamlit as st

from dashboard import data
from engine.radiation import shown
from engine.radiation.shown import Gained, LookUps, lines


def runs() -> pd.DataFrame:
    """Every run, newest first; see `engine.radiation.records.runs`."""
    return data._cached("radiation_runs")


def metrics(run_id: str) -> pd.DataFrame:
    return data._cached("radiation_metrics", run_id)


def without_leukaemia(run_id: str) -> pd.DataFrame:
    """`metrics` over the lines that are no leukaemia."""
    return data._cached("radiation_metrics_without_leukaemia", run_id)


def samples(run_id: str) -> pd.DataFrame:
    """Every model's held-out arrays, with their verdicts."""
    return data._cached("radiation_samples", run_id)


@st.cache_data(max_entries=16, ttl="1h", show_spinner=False)
def _lines(run_id: str, path: str, version: int) -> pd.DataFrame:
    return lines(samples(run_id))


def of_level(run_id: str, level: str) -> pd.DataFrame:
    """`samples`, or their means per cell line."""
    if level == "sample":
        return samples(run_id)
    db = data.database()
    return _lines(run_id, str(db.path), db.version())


@st.cache_data(max_entries=64, ttl="1h", show_spinner=False)
def _gained(run_id: str, level: str, model: str, baseline: str, path: str, version: int) -> dict[str, Gained]:
    return shown.gained(of_level(run_id, level), model, baseline)


def gained(run_id: str, level: str, model: str, baseline: str) -> dict[str, Gained]:
    """Measure -> what a model has over a baseline on the same rows."""
    db = data.database()
    return _gained(run_id, level, model, baseline, str(db.path), db.version())


def look_ups(run_id: str) -> LookUps | None:
    return data._cached("radiation_look_ups", run_id)


def pairs(expression: str) -> pd.DataFrame:
    """Surviving fractions that fit an expression set, best first; see `engine.radiation.shown.pairs`."""
    return data._cached("radiation_pairs", expression)


def expression_sets() -> pd.DataFrame:
    return data._cached("radiation_expression_sets")


def survival_sets() -> pd.DataFrame:
    return data._cached("radiation_survival_sets")


def survival(dataset: str = "") -> pd.DataFrame:
    return data._cached("radiation_survival", dataset)


def survival_doses(dataset: str, line: str) -> pd.DataFrame:
    return data._cached("radiation_survival_doses", dataset, line)
