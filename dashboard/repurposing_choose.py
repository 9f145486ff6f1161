"""Repurposing page: which screen, under which thresholds, and what to do where there is none yet."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import data, forms, job_panel, messages, nav, state
from dashboard.job_panel import when
from engine.figures.text import count, plural
from engine.response.library_records import ScreenSummary
from engine.response.records import RunSummary
from engine.response.repurpose import Thresholds
from engine.response.settings import NETWORKS
from engine.settings import REFERENCE

PLACE = "repurposing"
REFERENCE_LIST = REFERENCE / "approved_library.csv"
RULES = {"more": "more than", "least": "at least"}
CYTOTOXIC, LINES = (0.0, 100.0), (1.0, 1000.0)  # the least and the most that may be asked for
THRESHOLDS = ("rep_below", "rep_share", "rep_rule", "rep_cytotoxic", "rep_lines")
LINK = (
    "rep_library", "rep_screen", "rep_measure", "rep_class", "rep_rows", "rep_order", "rep_search",
    "rep_type", *THRESHOLDS, "rep_cell",
)  # fmt: skip


def no_library() -> None:
    """How libraries come in, with the button that brings in the reference list."""
    messages.empty(
        "**No library of molecules yet.** The matrix needs one that was screened with a trained run. Start with the "
        "list of well-known approved drugs that comes with Tumorcast, or import your own molecules."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Import the approved drugs", type="primary", disabled=not REFERENCE_LIST.exists()):
            job_panel.start(PLACE, _submit_reference)
        if any(entry.file == "library.py" for entry in nav.PAGES):
            nav.link("library.py", "Import your own molecules", ":material/upload_file:")
    st.code(".venv/bin/python -m engine import library FILE --name NAME", language="bash", wrap_lines=True)
    job_panel.follow(PLACE, "import_library")


def no_screen(library: str, molecules: int, runs: Sequence[RunSummary]) -> None:
    """The button that screens the library, followed in place."""
    replaced(library)
    usable = [run for run in runs if set(run.models) & set(NETWORKS)]
    if not usable:
        messages.no_run(data.store_summary().pairs > 0)
        return
    messages.empty(
        f"**{messages.plain(library)} has not been screened yet.** Its {plural(molecules, 'molecule')} are predicted "
        "for every cell line with mutations and a cancer type; that takes about a minute for a thousand molecules."
    )
    by_id = {run.run_id: run for run in usable}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        run_id = st.selectbox(
            "Run",
            list(by_id),
            format_func=lambda one: forms.run_label(by_id[one]),
            key=state.bound("rep_run", list(by_id), usable[0].run_id),
            width=430,
        )
        if st.button("Screen it", type="primary", icon=":material/play_arrow:"):
            job_panel.start(PLACE, lambda: _submit_screening(library, run_id))
    job_panel.follow(PLACE, "screen_library")


def replaced(library: str) -> None:
    """Says of screens that are not offered, as the library holds other molecules now."""
    old = [one for one in data.replaced_screens() if one.library == library]
    if old:
        st.caption(
            f":material/history: {plural(len(old), 'earlier screen')} of {messages.plain(library)}, the last of "
            f"{when(str(old[0].created_at))}, predicted other molecules than the library holds now and "
            f"{'is' if len(old) == 1 else 'are'} not shown."
        )


def _submit_reference() -> str:
    from engine.response.library_import import REFERENCE_ORIGIN, reference_name, submit_library_import

    name = reference_name({one.source_id for one in data.imports()})  # another kind of import may have it
    return submit_library_import(data.database(), REFERENCE_LIST, name=name, origin=REFERENCE_ORIGIN)


def _submit_screening(library: str, run_id: str) -> str:
    from engine.response.screening import submit_screening

    return submit_screening(data.database(), library, run_id=run_id)


def library(libraries: pd.DataFrame, screens: Sequence[ScreenSummary]) -> str:
    """One of the libraries, the one that was screened last unless said otherwise."""
    names = list(dict.fromkeys([*(screen.library for screen in screens), *libraries["library"]]))
    sizes = dict(zip(libraries["library"], libraries["molecules"], strict=True))

    def label(name: str) -> str:
        return f"{name} ({count(sizes[name])})" if name in sizes else name

    return forms.choose("Library", names, "rep_library", label, width=200)


def screen(screens: Sequence[ScreenSummary], runs: Sequence[RunSummary]) -> ScreenSummary:
    """One of the screens of the chosen library, the newest unless said otherwise."""
    by_id = {one.screen_id: one for one in screens}
    known = {run.run_id: run for run in runs}

    def label(screen_id: str) -> str:
        one = by_id[screen_id]
        run = known.get(one.run_id)
        # What was trained, without the run's own date: two dates in a row say nothing.
        made = forms.run_label(run).partition(" · ")[2] if run else f"run {one.run_id}, no longer in the store"
        return f"{when(str(one.created_at))} · {made}"

    return by_id[forms.choose("Screen", list(by_id), "rep_screen", label, width=330)]


def thresholds() -> Thresholds:
    """The rule's settings; the published ones unless changed."""
    published = Thresholds()
    below = _number("Sensitive below ln(IC50)", "rep_below", -12.0, 6.0, 0.5, "Natural logarithm of µM: −2 is 0.135 µM")
    least = state.get("rep_rule") == "least"
    share = _number(
        f"{'At least' if least else 'More than'}, % of lines",
        "rep_share", 0.0, 100.0, 1.0,
        "Share of a type's lines that must be sensitive for the type to count; Rule changes more than to at least",
    )  # fmt: skip
    # Drawn only while it is open: fields in a closed popover are not in the browser yet, miss the values that are put
    # back, and would come up, and answer, with the least they may hold.
    box = st.popover(
        "Rule", icon=":material/tune:", help="All thresholds of the rule", key="repurposing_rule", on_change="rerun"
    )
    if box.open:
        with box:
            rule = forms.choose("A type counts with", list(RULES), "rep_rule", lambda one: f"{RULES[one]} this share")
            cytotoxic = _number("Generally cytotoxic above, % of types", "rep_cytotoxic", *CYTOTOXIC, 1.0)
            fewest = _number("Lines that a type needs to take part", "rep_lines", *LINES, 1.0)
            st.caption(
                f"Published: ln(IC50) below −2 in more than {100 * published.type_share:.0f} % of a type's lines; "
                f"generally cytotoxic in more than {100 * published.cytotoxic_share:.0f} % of the types."
            )
            st.button("Published thresholds", on_click=state.clear, args=(THRESHOLDS,), icon=":material/restart_alt:")
    else:
        rule = state.get("rep_rule")
        rule = state.keep("rep_rule", rule if rule in RULES else state.KEYS["rep_rule"].default)
        cytotoxic = state.keep("rep_cytotoxic", _known("rep_cytotoxic", *CYTOTOXIC))
        fewest = state.keep("rep_lines", _known("rep_lines", *LINES))
    return Thresholds(
        sensitive_below=below,
        type_share=share / 100,
        more_than=rule == "more",
        cytotoxic_share=cytotoxic / 100,
        min_lines=int(fewest),
    )


def _number(label: str, name: str, low: float, high: float, step: float, more: str | None = None) -> float:
    """A field for a number that is remembered."""
    if name not in st.session_state:
        st.session_state[name] = _known(name, low, high)
    return state.keep(
        name, float(st.number_input(label, low, high, step=step, format="%g", key=name, help=more, width=170))
    )


def _known(name: str, low: float, high: float) -> float:
    """A number that may come from an address as text; one that is none, or out of range, is the default."""
    try:
        value = float(state.get(name))
    except (TypeError, ValueError):
        value = state.KEYS[name].default
    return value if low <= value <= high else float(state.KEYS[name].default)
