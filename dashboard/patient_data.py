"""What the Patient page reads: the run, its networks and the mutations of the store; never anything of a patient.

The networks are loaded by a thread of their own, begun when the page opens: torch takes seconds.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import data

if TYPE_CHECKING:  # pages open at once
    from engine.patient.knowledge import Knowledge
    from engine.patient.predictor import Predictor


@st.cache_resource(show_spinner=False)
def _loader() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "predictor")


@st.cache_resource(max_entries=2, show_spinner=False)
def _loading(path: str, contents: int, run_id: str) -> "Future[Predictor]":
    def load() -> "Predictor":
        import engine.patient.understand  # noqa: F401 - what reads coordinates takes a second too
        from engine.patient.predictor import load_predictor  # with torch, which takes seconds

        return load_predictor(data._database(path), run_id)

    return _loader().submit(load)


def _key(run_id: str) -> tuple[str, int, str]:
    """What the networks of a run and the measurements beside them depend on: runs and imports, not a saved case."""
    sources = data.sources()
    imported = tuple(zip(sources["source_id"], sources["imported_at"].astype(str), strict=True))
    return str(data.database().path), hash((tuple(run.run_id for run in data.runs()), imported)), run_id


def warm_predictor(run_id: str) -> None:
    """Begin to load the networks of a run, without waiting for them."""
    _loading(*_key(run_id))


def predictor(run_id: str) -> "Predictor":
    """The networks of a run, ready to predict. Raises EngineError where they cannot be loaded."""
    key = _key(run_id)
    found = _loading(*key)
    try:
        if found.done():
            return found.result()
        with st.spinner("Loading the networks ..."):
            return found.result()
    except Exception:
        _loading.clear(*key)  # so that the next look tries again
        raise


@st.cache_resource(max_entries=2, show_spinner=False)
def _knowledge(path: str, contents: int, run_id: str) -> "Knowledge":
    from engine.patient.knowledge import load_knowledge

    return load_knowledge(data._database(path), run_id)


def knowledge(run_id: str) -> "Knowledge":
    """What mutation lists are read against. Raises EngineError where the run keeps no networks."""
    return _knowledge(*_key(run_id))
