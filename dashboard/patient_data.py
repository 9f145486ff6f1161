"""What the Patient page reads: the run, its networks and the mutations of the store; never anything of a patient.

The networks are loaded by a thread of their own, begun when the page opens: torch takes seconds.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import data
from engine.response.records import RunSummary

if TYPE_CHECKING:  # pages open at once
    from engine.patient.knowledge import Knowledge
    from engine.patient.locate import Resources
    from engine.patient.predictor import Predictor


def default_run() -> RunSummary:
    """The run that patients are ranked with unless another is chosen. Raises InputError where none has a network."""
    from engine.patient.knowledge import default_run as default

    return default(data.database())


@st.cache_resource(show_spinner=False)
def _loader() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "predictor")


@st.cache_resource(max_entries=2, show_spinner=False)
def _loading(path: str, version: int, run_id: str) -> "Future[Predictor]":
    def load() -> "Predictor":
        from engine.patient.predictor import load_predictor  # with torch, which takes seconds

        return load_predictor(data._database(path), run_id)

    return _loader().submit(load)


def warm_predictor(run_id: str) -> None:
    """Begin to load the networks of a run, without waiting for them."""
    db = data.database()
    _loading(str(db.path), db.version(), run_id)


def predictor(run_id: str) -> "Predictor":
    """The networks of a run, ready to predict. Raises EngineError where they cannot be loaded."""
    db = data.database()
    key = str(db.path), db.version(), run_id
    try:
        return _loading(*key).result()
    except Exception:
        _loading.clear(*key)  # so that the next look tries again
        raise


@st.cache_resource(max_entries=2, show_spinner=False)
def _knowledge(path: str, version: int, run_id: str) -> "Knowledge":
    from engine.patient.knowledge import load_knowledge

    return load_knowledge(data._database(path), run_id)


def knowledge(run_id: str) -> "Knowledge":
    """What mutation lists are read against. Raises EngineError where the run keeps no networks."""
    db = data.database()
    return _knowledge(str(db.path), db.version(), run_id)


@st.cache_resource(ttl="10m", show_spinner=False)
def resources() -> "Resources":
    """The chain file and the gene model that were fetched, if they were."""
    from engine.patient.locate import resources as fetched

    return fetched()
