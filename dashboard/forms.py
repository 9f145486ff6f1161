"""Inputs -> what the engine takes. Every control remembers itself and stands in the link."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashboard import state
from dashboard.job_panel import when
from dashboard.tables import trained
from engine.figures.text import model_name, plural
from engine.response.records import PairFilter, RunSummary
from engine.response.settings import NETWORKS, TrainSettings
from engine.views import PairOptions

FILTER_KEYS = ("type", "drug", "line", "pathway")
PAIR_KEYS = ("run", "model", *FILTER_KEYS)


def choose(label: str, options: Sequence[Any], name: str, show: Callable[[Any], str] = str, **more: Any) -> Any:
    """One of several."""
    value = st.selectbox(label, options, format_func=show, key=state.bound(name, options), **more)
    return state.keep(name, value, default=options[0])


def choose_one(label: str, options: Sequence[Any], name: str, show: Callable[[Any], str] = str) -> Any:
    """One of a few, all of them in sight."""
    value = st.segmented_control(
        label, options, format_func=show, key=state.bound(name, options), required=True, label_visibility="collapsed"
    )
    return state.keep(name, value or options[0], default=options[0])


def choose_many(label: str, options: Sequence[Any], name: str, show: Callable[[Any], str] = str, **more: Any) -> list:
    """Any number of several; none chosen means all."""
    more.setdefault("placeholder", f"All {len(options):,}")
    return state.keep(name, st.multiselect(label, options, format_func=show, key=state.bound(name, options), **more))


def choose_run(runs: Sequence[RunSummary], **more: Any) -> RunSummary:
    """One of the runs, the newest unless said otherwise."""
    by_id = {run.run_id: run for run in runs}
    return by_id[choose("Run", list(by_id), "run", show=lambda run_id: _run_label(by_id[run_id]), **more)]


def _run_label(run: RunSummary) -> str:
    networks = f"{len(names)} networks" if len(names := trained(run)) != 1 else names[0]
    epochs = f", {plural(run.config['epochs'], 'epoch')}" if run.config.get("epochs") else ""
    return f"{when(str(run.created_at))} · {networks}{epochs}, seed {run.seed}"


def choose_model(models: Sequence[str]) -> str:
    """A network, the ensemble or a baseline."""
    return choose("Network", models, "model", show=model_name)


def pair_filter(options: PairOptions) -> PairFilter:
    """Which held-out pairs to look at."""
    types = choose_many("Cancer type", options.cancer_types, "type")
    drugs = choose_many("Drug", list(options.drugs), "drug")
    lines = choose_many("Cell line", list(options.lines), "line")
    pathways = choose_many("Target pathway", options.pathways, "pathway")
    return PairFilter(
        cancer_types=tuple(types),
        drug_ids=tuple(options.drugs[name] for name in drugs),
        cosmic_ids=tuple(options.lines[name] for name in lines),
        pathways=tuple(pathways),
    )


def train_settings() -> TrainSettings:
    """What to train, and for how long."""
    names = choose_many("Networks", NETWORKS, "train_networks", show=model_name, placeholder="All five")
    epochs = number("Epochs", "train_epochs", 1, 500)
    seed = number("Seed", "train_seed", 0, 2**31 - 1)
    return TrainSettings(networks=tuple(names) or NETWORKS, epochs=epochs, seed=seed)


def number(label: str, name: str, low: int, high: int) -> int:
    """A whole number in a range."""
    return state.keep(name, int(st.number_input(label, low, high, step=1, key=state.bound(name))))


def copy_link(names: Sequence[str]) -> None:
    """The address of this very view, to be copied."""
    with st.popover("Link", icon=":material/link:", type="tertiary", help="The address of this view"):
        st.code(state.link(names), language=None, wrap_lines=True)
