"""Inputs -> what the engine takes. Every control remembers itself and stands in the link."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashboard import messages, state
from dashboard.job_panel import when
from dashboard.tables import trained
from engine.figures.text import model_name, plural, split_name
from engine.response.records import PairFilter, RunSummary, family, opened_first
from engine.response.settings import PUBLISHED_SPLIT
from engine.views import PairOptions

FILTER_KEYS = ("type", "drug", "line", "pathway")
PAIR_KEYS = ("run", "split", "model", *FILTER_KEYS)
HONEST = {"cell_line": "lines", "cancer_type": "types", "drug": "drugs", "both": "both"}


def choose(label: str, options: Sequence[Any], name: str, show: Callable[[Any], str] = str, **more: Any) -> Any:
    """One of several."""
    value = st.selectbox(label, options, format_func=show, key=state.bound(name, options, options[0]), **more)
    return state.keep(name, value, default=options[0])


def choose_one(label: str, options: Sequence[Any], name: str, show: Callable[[Any], str] = str) -> Any:
    """One of a few, all of them in sight."""
    key = state.bound(name, options, options[0])
    value = st.segmented_control(label, options, format_func=show, key=key, required=True, label_visibility="collapsed")
    return state.keep(name, value or options[0], default=options[0])


def choose_many(label: str, options: Sequence[Any], name: str, show: Callable[[Any], str] = str, **more: Any) -> list:
    """Any number of several; none chosen means all."""
    more.setdefault("placeholder", f"All {len(options):,}")
    return state.keep(name, st.multiselect(label, options, format_func=show, key=state.bound(name, options), **more))


def choose_run(runs: Sequence[RunSummary], **more: Any) -> RunSummary:
    """One of the runs, the newest one with a network unless said otherwise."""
    by_id = {run.run_id: run for run in runs}
    first = opened_first(runs).run_id
    key = state.bound("run", list(by_id), first)
    st.session_state.setdefault(key, first)
    value = st.selectbox("Run", list(by_id), format_func=lambda run_id: run_label(by_id[run_id]), key=key, **more)
    return by_id[state.keep("run", value, default=first)]


def choose_run_and_split(runs: Sequence[RunSummary]) -> tuple[RunSummary, dict[str, RunSummary]]:
    """The run to show, and its family: split -> the run on the same data under it (`records.family`).

    runs: newest first, not empty. Draws one row: the runs, and beside them the splits the chosen run's family was
    evaluated under, the run's own unless said otherwise. The run returned is the family's under the chosen split, so
    a page shows that one and nothing else. Keys `run` and `split`, both part of a link (`PAIR_KEYS` has them).
    """
    _tell_gone(runs)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = choose_run(runs, width=430, on_change=state.clear, args=(("split",),))
        found = family(runs, chosen)
        run = found[_choose_split(list(found), chosen.split)]
    messages.baselines_only(run)
    return run, found


def _tell_gone(runs: Sequence[RunSummary]) -> None:
    """An address, or a page left open, may name a run that is no longer there."""
    asked = state.get("run")
    if asked is not None and asked not in {run.run_id for run in runs}:
        with_network = "" if opened_first(runs) is runs[0] else " with a network"
        st.warning(
            f"The run {messages.plain(asked)} is not in the store any more: it was deleted, or the address belongs to "
            f"another store. The newest run{with_network} is shown instead.",
            icon=":material/link_off:",
        )


def _choose_split(splits: list[str], own: str) -> str:
    """One of the splits, all of them in sight: the published protocol, then the honest ones."""
    first_honest = next((split for split in splits if split != PUBLISHED_SPLIT), "")

    def label(split: str) -> str:
        if split == PUBLISHED_SPLIT:
            return "Published protocol"
        return f"{'Honest: u' if split == first_honest else 'U'}nseen {HONEST[split]}"

    key = state.bound("split", splits)
    st.session_state.setdefault(key, own)
    value = st.segmented_control("How the test pairs were held out", splits, format_func=label, key=key, required=True)
    return state.keep("split", value or own, default=own)


def run_label(run: RunSummary) -> str:
    """A run as it stands in a list: when, what was trained for how long, and what was held out."""
    names = trained(run)
    networks = "baselines alone" if not names else names[0] if len(names) == 1 else f"{len(names)} networks"
    epochs = f", {plural(run.config['epochs'], 'epoch')}" if names and run.config.get("epochs") else ""
    return f"{when(str(run.created_at))} · {networks}{epochs}, {split_name(run.split)}, seed {run.seed}"


def choose_model(models: Sequence[str]) -> str:
    """A network, the ensemble or a baseline."""
    return choose("Model", models, "model", show=model_name)


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


def number(label: str, name: str, low: int, high: int) -> int:
    """A whole number in a range."""
    return state.keep(name, int(st.number_input(label, low, high, step=1, key=state.bound(name))))


def copy_link(names: Sequence[str]) -> None:
    """The address of this very view, to be copied."""
    with st.popover("Link", icon=":material/link:", type="tertiary", help="The address of this view"):
        st.code(state.link(names), language=None, wrap_lines=True)
