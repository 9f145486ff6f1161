"""Repurposing page: its cards and its matrix."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import data, export, forms, frame, messages, state
from dashboard.repurposing_data import Analysis, about
from engine.figures.repurposing import matrix_chart
from engine.figures.repurposing_order import MOST_CLUSTERED, ORDERS, column_order, row_order
from engine.figures.repurposing_view import MEASURES, MatrixView
from engine.figures.text import count, number, plural
from engine.response import repurpose
from engine.response.repurpose import NON_ONCOLOGY, ONCOLOGY, PUBLISHED, UNKNOWN, Thresholds

ROWS = 60  # drugs on one page of the matrix: their names have room
CLASSES = {"all": "All", ONCOLOGY: "Oncology", NON_ONCOLOGY: "Non-oncology", UNKNOWN: "Unknown class"}
SHOWN = {"hits": "Hits", "every": "All molecules"}
SEARCHED = ("name", "mechanism", "target", "indications")
FILTERS = ("rep_class", "rep_rows", "rep_search")


def cards(of: Analysis) -> None:
    """What the rule finds, with the published counts, and what says how far to trust it."""
    told, m = of.outcome.counts, len(of.screen.molecules)
    classes = [f"{count(told[f'{one} molecules'])} {one}" for one in CLASSES if told.get(f"{one} molecules")]
    far = int((~of.screen.molecules["inside"].fillna(False).astype(bool)).sum())
    frame.cards(
        [
            frame.Card("Molecules", count(m), ", ".join(classes).replace("unknown", "of unknown class")),
            _hits(of, NON_ONCOLOGY, "Non-oncology hits"),
            _hits(of, ONCOLOGY, "Oncology hits beyond approval"),
            _recovered(of),
            frame.Card("Extrapolations", f"{count(far)} of {count(m)}", "unlike every drug that was trained on"),
        ]
    )


def headline(of: Analysis) -> None:
    """What the hits are worth, before anybody reads one."""
    st.markdown(f":material/fact_check: **{messages.plain(repurpose.headline(of.controls.table))}**")


def _hits(of: Analysis, drug_class: str, label: str) -> frame.Card:
    told = of.outcome.counts
    published = (
        f"{PUBLISHED[f'{drug_class} hits']} of {count(PUBLISHED[f'{drug_class} molecules'])}, "
        f"{PUBLISHED[f'{drug_class} cytotoxic']} cytotoxic"
    )
    return frame.Card(
        label,
        f"{count(told[f'{drug_class} hits'])} of {count(told[f'{drug_class} molecules'])}",
        f"{count(told[f'{drug_class} cytotoxic'])} generally cytotoxic",
        (("Published:", published, "", False),),
    )


def _recovered(of: Analysis) -> frame.Card:
    """Known indications as positive controls, beside what two answers without any model find."""
    row = of.controls.table.iloc[0]  # all molecules, by the rule
    label = "Approved indications recovered"
    if not row["controls"]:
        return frame.Card(label, "none to recover", "No oncology drug here is approved for a type that takes part")
    beside = [("by chance", number(float(row["expected"]), 2), "", False)]
    if pd.notna(row["naive"]):
        beside.insert(0, ("Naive baseline", count(row["naive"]), "", False))
    share = 100 * row["recovered"] / row["controls"]
    words = "; ".join(f"{name} {value}" for name, value, *_ in beside)
    return frame.Card(
        label, f"{count(row['recovered'])} of {count(row['controls'])}", f"{number(share)} %", ((words, "", "", False),)
    )


def controls(of: Analysis) -> None:
    """How far the approved indications are found again, in words and case by case."""
    told = of.controls
    if told.pairs.empty:
        return
    place = st.expander("Are approved indications found again?", key="repurposing_controls_box", on_change="rerun")
    if not place.open:
        return
    with place:
        for sentence in told.sentences:
            st.markdown(messages.plain(sentence))
        names = dict(zip(of.screen.molecules["molecule_id"], of.screen.molecules["name"], strict=True))
        table = pd.DataFrame(
            {
                "Drug": told.pairs["molecule_id"].map(names),
                "Approved type": told.pairs["cancer_type"],
                "Recovered": told.pairs["sensitive"].map({True: "yes", False: "no"}),
                "Sensitive, % of lines": 100 * told.pairs["share"].astype(float),
                "Selectivity, sd": told.pairs["selectivity"].astype(float),
                "Rank among types": told.pairs["rank"],
                "Measured lines": told.pairs["measured_lines"],
                "Measured sensitive, %": 100 * told.pairs["measured_share"].astype(float),
                "Seen in training": told.pairs["group"],
            }
        )
        frame.table(table, "repurposing_controls", height=260, missing="not measured")
        export.buttons(table, "tumorcast-approved-indications", key="repurposing_controls_file", about=about(of))


@dataclass(frozen=True)
class Asked:
    """What the matrix is asked to show: MEASURES, CLASSES, SHOWN and ORDERS name the values."""

    measure: str
    drug_class: str
    which: str
    order: str


def ask() -> Asked:
    """The controls of the matrix in one row."""
    with st.container(horizontal=True, vertical_alignment="center"):
        return Asked(
            forms.choose_one("Show", list(MEASURES), "rep_measure", MEASURES.__getitem__),
            forms.choose_one("Drugs", list(CLASSES), "rep_class", CLASSES.__getitem__),
            forms.choose_one("Rows", list(SHOWN), "rep_rows", SHOWN.__getitem__),
            forms.choose(
                "Order", list(ORDERS), "rep_order", ORDERS.__getitem__, width=230, label_visibility="collapsed"
            ),
        )


def show(of: Analysis, asked: Asked) -> tuple[int, int] | None:
    """The matrix under its search; returns the cell looked at, None where none is shown."""
    measure = asked.measure
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search drugs",
            key=state.bound("rep_search"),
            placeholder="Search by name, mechanism, target or indication",
            label_visibility="collapsed",
            width=330,
        )
        state.keep("rep_search", search)
        paging = st.container(horizontal=True, vertical_alignment="center", width="content")
    placed, columns = _in_order(
        of, of.screen.summary.screen_id, data.database().version(), of.thresholds, asked, search
    )
    if not len(placed):
        _nothing(of, asked.drug_class, asked.which, search)
        return None
    asked_for = of.find(state.get("rep_cell"))
    with paging:
        page = _page(placed, asked_for, (asked, search))
    if asked.order == "cluster" and len(placed) > MOST_CLUSTERED:
        st.caption(f"More than {MOST_CLUSTERED:,} drugs are not clustered: the most sensitive types come first.")
    chosen = asked_for or _first(of, page)
    view = MatrixView(of.found, of.molecules, page, columns, measure, of.thresholds, chosen)
    shown = (of.screen.summary.screen_id, measure, of.thresholds, page.tobytes(), columns.tobytes())
    frame.chart(
        matrix_chart(view, _context(of), frame.dark()),
        "repurposing_matrix",
        shown,
        on_pick=lambda at: state.choose("rep_cell", of.cell(at)),
        toolbar=False,  # it would lie over the names of the types, which stand above
    )
    return chosen


def _context(of: Analysis) -> str:
    summary = of.screen.summary
    words = f"library {messages.plain(summary.library)}, {plural(summary.n_lines, 'line')}"
    if of.found.left_out:
        n = plural(len(of.found.left_out), "type")
        words += f", {n} with fewer than {plural(of.thresholds.min_lines, 'line')} left out"
    run = next((run for run in data.runs() if run.run_id == summary.run_id), None)
    words += f", predicted by {forms.run_label(run)}" if run else ""
    return words + (", simulated" if summary.simulated else "")


@st.cache_data(max_entries=32, ttl="1h", show_spinner=False)
def _in_order(
    _of: Analysis, screen_id: str, version: int, thresholds: Thresholds, asked: Asked, search: str
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the molecules and of the types in the order shown; a click need not cluster them again."""
    rows = _rows(_of, asked.drug_class, asked.which, search)
    values = np.asarray(getattr(_of.found, asked.measure), float)[rows]
    molecules = _of.molecules.iloc[rows]
    n_types, names = molecules["n_types"].to_numpy(), molecules["name"].to_numpy(str)
    placed = rows[row_order(asked.order, values, n_types, names, low_first=asked.measure != "share")]
    return placed, column_order(asked.order, values, _of.found.types)


def _rows(of: Analysis, drug_class: str, which: str, search: str) -> np.ndarray:
    """Positions of the molecules to show: every word searched for stands somewhere in their texts."""
    molecules = of.molecules
    holds = np.ones(len(molecules), bool)
    if drug_class != "all":
        holds &= (molecules["drug_class"] == drug_class).to_numpy()
    if which == "hits":
        holds &= molecules["hit"].to_numpy(bool)
    if search.strip():
        # A molecule without a name is shown by its id, which nobody searches for by a few letters.
        named = molecules["name"].where(molecules["name"] != molecules["molecule_id"], "")
        texts = molecules.assign(name=named)[list(SEARCHED)].fillna("").astype(str).agg(" ".join, axis=1).str.casefold()
        for word in search.casefold().split():
            holds &= texts.str.contains(re.escape(word)).to_numpy(bool)
    return np.flatnonzero(holds)


def _nothing(of: Analysis, drug_class: str, which: str, search: str) -> None:
    if which == "hits" and not search.strip():
        kind = "" if drug_class == "all" else f" {CLASSES[drug_class].lower()}"
        messages.empty(
            f"**No{kind} hit under these thresholds.** The lowest predicted ln(IC50) of this screen is "
            f"{number(float(of.screen.mean.min()) if of.screen.mean.size else None)}. Loosen the thresholds, or show "
            "all molecules."
        )
    else:
        messages.empty("**No molecule matches.**")
    st.button("Show all molecules", on_click=_every)


def _every() -> None:
    state.clear(FILTERS)
    state.choose("rep_rows", "every")


def _page(placed: np.ndarray, cell: tuple[int, int] | None, view: tuple[object, ...]) -> np.ndarray:
    """The drugs of one page of the matrix, or all of them.

    The page of the cell that was asked for opens when another is asked for, or in another order; the page that a
    person turns to after that stays.
    """
    pages = -(-len(placed) // ROWS)
    if pages <= 1:
        return placed
    whole = st.toggle(f"All {count(len(placed))}", key=state.bound("rep_all"))
    state.keep("rep_all", whole)
    if whole:
        return placed
    names = list(range(1, pages + 1))
    if state.get("rep_turned") != (cell, view):
        state.keep("rep_turned", (cell, view))
        at = np.flatnonzero(placed == cell[0]) if cell else np.array([], int)
        if len(at):
            state.choose("rep_page", int(at[0]) // ROWS + 1)
    key = state.bound("rep_page", names, 1)
    page = st.selectbox(
        "Drugs",
        names,
        format_func=lambda one: f"{count((one - 1) * ROWS + 1)} to {count(min(one * ROWS, len(placed)))}",
        key=key,
        label_visibility="collapsed",
        width=150,
    )
    state.keep("rep_page", page)
    return placed[(page - 1) * ROWS : page * ROWS]


def _first(of: Analysis, rows: np.ndarray) -> tuple[int, int]:
    """Until somebody clicks: the most selective hit that is not generally cytotoxic, among the drugs in sight."""
    hits = of.outcome.hits  # in this very order, generally cytotoxic ones last
    own = hits[hits["molecule_id"].isin(of.screen.molecules["molecule_id"].iloc[rows])]
    if len(own):
        return of.place[own["molecule_id"].iloc[0]], of.found.types.index(own["best_type"].iloc[0])
    row = int(rows[0])
    return row, int(np.argmax(of.found.share[row]))
