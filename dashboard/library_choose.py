"""Library page: which library, which screen of it, and what its molecules are ranked for."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import data, forms, job_panel, messages, state
from dashboard.job_panel import when
from engine.errors import EngineError
from engine.figures.text import count
from engine.figures.type_words import type_name
from engine.jobs import queue
from engine.response.library_import import REFERENCE_LIBRARY, REFERENCE_ORIGIN
from engine.response.library_rank import Ranked
from engine.response.library_records import ScreenSummary
from engine.response.records import RunSummary

IMPORTING = "library_import"  # the place on the page where imports are followed
LINK = (
    "lib_library", "lib_screen", "lib_tab", "lib_subject", "lib_type", "lib_line", "lib_order", "lib_class",
    "lib_reach", "lib_search", "lib_molecule",
)  # fmt: skip
OF_SCREEN = ("lib_screen", "lib_molecule", "lib_page", "lib_find")
SUBJECTS = {"type": "Cancer type", "line": "Cell line"}


def library(libraries: pd.DataFrame) -> str:
    """One of the libraries, the first by name unless said otherwise."""
    names = list(libraries["library"])
    sizes = dict(zip(names, libraries["molecules"], strict=True))
    _tell_gone("lib_library", names, "library")
    more = {"on_change": state.clear, "args": (OF_SCREEN,), "width": 220}
    return forms.choose("Library", names, "lib_library", lambda one: f"{one} ({count(sizes[one])})", **more)


def screen(of_library: Sequence[ScreenSummary], runs: Sequence[RunSummary]) -> ScreenSummary:
    """One of the screens of the library, newest first."""
    by_id = {one.screen_id: one for one in of_library}
    known = {run.run_id: run for run in runs}
    _tell_gone("lib_screen", list(by_id), "screen")

    def label(screen_id: str) -> str:
        one = by_id[screen_id]
        run = known.get(one.run_id)
        # What was trained, without the run's own date: two dates in a row say nothing.
        made = forms.run_label(run).partition(" · ")[2] if run else f"run {one.run_id}, no longer in the store"
        return f"{when(str(one.created_at))} · {made}"

    return by_id[forms.choose("Screen", list(by_id), "lib_screen", label, width=560)]


def subject(of: Ranked) -> tuple[bool, str]:
    """Whether molecules are ranked for a cancer type, and which; or for which line, by its COSMIC id as text."""
    with st.container(width="content"):
        what = forms.choose_one("Rank for", list(SUBJECTS), "lib_subject", SUBJECTS.__getitem__)
    if what == "type":
        most_lines = sorted(of.types, key=lambda one: -int(of.n_lines[of.types.index(one)]))
        sizes = dict(zip(of.types, of.n_lines, strict=True))
        _tell_gone("lib_type", most_lines, "cancer type with enough lines")
        why = "In order of lines: the first has most, so its medians are the surest. The type last looked at stays."
        return True, forms.choose(
            "Cancer type",
            most_lines,
            "lib_type",
            lambda one: f"{type_name(one)}, {count(sizes[one])} lines",
            width=260,
            help=why,
        )
    names = dict(zip(of.lines["cosmic_id"].astype(str), of.lines["name"], strict=True))
    types = dict(zip(of.lines["cosmic_id"].astype(str), of.lines["cancer_type"], strict=True))
    _tell_gone("lib_line", list(names), "cell line")
    return False, forms.choose(
        "Cell line", list(names), "lib_line", lambda one: f"{names[one]}, {types[one] or 'no type'}", width=260
    )


def arrive(libraries: pd.DataFrame) -> None:
    """Turn to the library that an import on this page has just brought in, once; before the select is drawn."""
    job_id = state.get("followed").get(IMPORTING)
    if job_id is None or job_id == state.get("lib_arrived"):
        return
    try:
        if queue.status(job_id).state != "collected":
            return
        library = str(queue.read_result(job_id)["library"])
    except EngineError:  # the job was deleted
        return
    if library in set(libraries["library"]):
        turn_to(library)
        state.keep("lib_arrived", job_id)


def turn_to(library: str, tab: str = "") -> None:
    """Another library, and another part of the page where one is named; for on_click or before widgets are drawn."""
    state.clear(OF_SCREEN)
    state.choose("lib_library", library)
    if tab:
        state.choose("lib_tab", tab)


def taken() -> set[str]:
    """Names that a new library cannot have without replacing something."""
    return {*data.libraries()["library"], *(one.source_id for one in data.imports())}


def reference_button(label: str = "Use the reference list of approved drugs", primary: bool = False) -> None:
    """Imports the list that comes with Tumorcast, under a name that is free."""
    kind = "primary" if primary else "secondary"
    if st.button(label, type=kind, icon=":material/medication:", disabled=not REFERENCE_LIBRARY.exists()):
        job_panel.start(IMPORTING, _submit_reference)


def _submit_reference() -> str:
    from engine.response.library_import import reference_name, submit_library_import

    name = reference_name(taken())
    return submit_library_import(data.database(), REFERENCE_LIBRARY, name=name, origin=REFERENCE_ORIGIN)


def _tell_gone(name: str, known: Sequence[str], what: str) -> None:
    """An address may name what this store does not have."""
    asked = state.get(name)
    if asked is not None and asked not in known:
        st.toast(f"There is no {what} {messages.plain(asked)} here: another one is shown.", icon=":material/link_off:")
