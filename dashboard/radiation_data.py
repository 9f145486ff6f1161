"""What the Radiosensitivity page reads of the store, kept until the store changes."""

import pandas as pd
import streamlit as st

from dashboard import data
from engine.radiation.shown import LookUps, lines


def runs() -> pd.DataFrame:
    """Every run, newest first; see `engine.radiation.records.runs`."""
    return data._cached("radiation_runs")


def metrics(run_id: str) -> pd.DataFrame:
    return data._cached("radiation_metrics", run_id)


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
