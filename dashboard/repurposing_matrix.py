"""Repurposing page: its cards and its matrix."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, forms, frame, messages, state
from dashboard.repurposing_data import Analysis
from engine.figures.repurposing import matrix_chart
from engine.figures.repurposing_order import MOST_CLUSTERED, ORDERS, column_order, row_order
from engine.figures.repurposing_view import MEASURES, MatrixView
from engine.figures.text import count, number, plural
from engine.figures.type_words import type_name
from engine.response import repurpose
from engine.response.repurpose import NON_ONCOLOGY, ONCOLOGY, PUBLISHED, UNKNOWN, Thresholds

ROWS = 60  # drugs on one page of the matrix: their names have room
CLASSES = {"all": "All", ONCOLOGY: "Oncology", NON_ONCOLOGY: "Non-oncology", UNKNOWN: "Unknown class"}
SHOWN = {"hits": "Hits", "every": "All molecules"}
SEARCHED = ("name", "mechanism", "target", "indications")
FILTERS = ("rep_class", "rep_rows", "rep_search", "rep_type")


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
    told, name = of.outcome.counts, CLASSES[drug_class].lower()
    total = told[f"{drug_class} molecules"]
    if not total:
        return frame.Card(label, "none", f"The library names no {name} drugs")
    published = (
        f"{PUBLISHED[f'{drug_class} hits']} of {count(PUBLISHED[f'{drug_class} molecules'])}, "
        f"{PUBLISHED[f'{drug_class} cytotoxic']} cytotoxic"
    )
    return frame.Card(
        label,
        f"{count(told[f'{drug_class} hits'])} of {count(total)}",
        f"{count(told[f'{drug_class} cytotoxic'])} generally cytotoxic",
        (("Published, at −2 and 10 %:", published, "", False),) if _as_published(of.thresholds) else (),
    )


def _as_published(thresholds: Thresholds) -> bool:
    """Whether the rule is the published one; counts of another rule cannot be compared with the publication's.

    Types of few lines are left out or not without any molecule being judged differently in the others.
    """
    return replace(thresholds, min_lines=Thresholds().min_lines) == Thresholds()


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


@dataclass(frozen=True)
class Asked:
    """What the matrix is asked to show: MEASURES, CLASSES, SHOWN and ORDERS name the values."""

    measure: str
    drug_class: str
    which: str
    order: str
    search: str = ""
    cancer_type: str = ""


def ask(types: tuple[str, ...]) -> tuple[Asked, DeltaGenerator]:
    """The controls of the matrix in one row, what drugs are asked for, and the place of its pages beside that.

    types: of the screen.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        how = (
            forms.choose_one("Show", list(MEASURES), "rep_measure", MEASURES.__getitem__),
            forms.choose_one("Drugs", list(CLASSES), "rep_class", CLASSES.__getitem__),
            forms.choose_one("Rows", list(SHOWN), "rep_rows", SHOWN.__getitem__),
            forms.choose(
                "Order", list(ORDERS), "rep_order", ORDERS.__getitem__, width=230, label_visibility="collapsed"
            ),
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        cancer_type = forms.choose(
            "Cancer type",
            ["", *sorted(types)],
            "rep_type",
            lambda one: type_name(one) if one else "Every cancer type",
            width=250,
            label_visibility="collapsed",
            help="Which drugs for this type? It stands first in the matrix, and hits and their file are those for it",
        )
        search = st.text_input(
            "Search drugs",
            key=state.bound("rep_search"),
            placeholder="Search by name, mechanism, target or indication",
            label_visibility="collapsed",
            width=330,
        )
        state.keep("rep_search", search)
        paging = st.container(horizontal=True, vertical_alignment="center", width="content")
    return Asked(*how, search or "", cancer_type), paging


def show(of: Analysis, asked: Asked, paging: DeltaGenerator) -> tuple[int, int] | None:
    """The matrix, its pages in their place; returns the cell looked at, None where none is shown."""
    placed, columns = _in_order(of, of.screen.summary.screen_id, data.database().version(), of.thresholds, asked)
    if not len(placed):
        _nothing(of, asked)
        return None
    asked_for = of.find(state.get("rep_cell"))
    with paging:
        page = _page(of, placed, asked_for, asked)
    if asked.order == "cluster" and len(placed) > MOST_CLUSTERED:
        st.caption(f"More than {MOST_CLUSTERED:,} drugs are not clustered: the most sensitive types come first.")
    chosen = asked_for or _first(of, page, asked.cancer_type)
    own_type = asked.cancer_type or None
    view = MatrixView(of.found, of.molecules, page, columns, asked.measure, of.thresholds, chosen, own_type)
    shown = (of.screen.summary.screen_id, asked.measure, of.thresholds, page.tobytes(), columns.tobytes())
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
    _of: Analysis, screen_id: str, version: int, thresholds: Thresholds, asked: Asked
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the molecules and of the types in the order shown; a click need not cluster them again."""
    holds = matching(_of, asked)
    if asked.which == "hits":
        holds &= _of.molecules["molecule_id"].isin(set(_of.hits_of(asked.cancer_type)["molecule_id"])).to_numpy()
    rows = np.flatnonzero(holds)
    values = np.asarray(getattr(_of.found, asked.measure), float)[rows]
    molecules = _of.molecules.iloc[rows]
    n_types, names = molecules["n_types"].to_numpy(), molecules["name"].to_numpy(str)
    placed = rows[row_order(asked.order, values, n_types, names, low_first=asked.measure != "share")]
    return placed, column_order(asked.order, values, _of.found.types, asked.cancer_type)


def matching(of: Analysis, asked: Asked) -> np.ndarray:
    """(m,) whether a molecule is of the class, and every word searched for stands somewhere in its texts."""
    molecules, search = of.molecules, asked.search
    holds = np.ones(len(molecules), bool)
    if asked.drug_class != "all":
        holds &= (molecules["drug_class"] == asked.drug_class).to_numpy()
    if search.strip():
        # A molecule without a name is shown by its id, which nobody searches for by a few letters.
        named = molecules["name"].where(molecules["name"] != molecules["molecule_id"], "")
        texts = molecules.assign(name=named)[list(SEARCHED)].fillna("").astype(str).agg(" ".join, axis=1).str.casefold()
        for word in search.casefold().split():
            holds &= texts.str.contains(re.escape(word)).to_numpy(bool)
    return holds


def _nothing(of: Analysis, asked: Asked) -> None:
    if asked.which == "hits" and not asked.search.strip():
        kind = "" if asked.drug_class == "all" else f" {CLASSES[asked.drug_class].lower()}"
        of_type = f" for {messages.plain(type_name(asked.cancer_type))}" if asked.cancer_type else ""
        messages.empty(
            f"**No{kind} hit{of_type} under these thresholds.** The lowest predicted ln(IC50) of this screen is "
            f"{number(float(of.screen.mean.min()) if of.screen.mean.size else None)}. Loosen the thresholds, or show "
            "all molecules."
        )
    else:
        messages.empty(f"**No {'hit' if asked.which == 'hits' else 'molecule'} matches.**")
    st.button("Show all molecules", on_click=_every)


def _every() -> None:
    state.clear(FILTERS)
    state.choose("rep_rows", "every")


def _page(of: Analysis, placed: np.ndarray, cell: tuple[int, int] | None, asked: Asked) -> np.ndarray:
    """The drugs of one page of the matrix, or all of them.

    The page of the cell that was asked for opens when another is asked for, or in another order, and says so; without
    such a cell another order opens the first page. The page that a person turns to after that stays.
    """
    pages = -(-len(placed) // ROWS)
    if pages <= 1:
        return placed
    whole = st.toggle(f"All {count(len(placed))}", key=state.bound("rep_all"))
    state.keep("rep_all", whole)
    if whole:
        return placed
    names = list(range(1, pages + 1))
    at = np.flatnonzero(placed == cell[0]) if cell else np.array([], int)
    if state.get("rep_turned") != (cell, asked):
        before = state.get("rep_turned")
        state.keep("rep_turned", (cell, asked))
        if len(at):
            state.choose("rep_page", int(at[0]) // ROWS + 1)
        elif before is not None and before[1] != asked:
            state.choose("rep_page", 1)
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
    if len(at) and page == int(at[0]) // ROWS + 1:
        st.caption(f"The page with {messages.plain(of.molecules['name'].iloc[placed[at[0]]])}", width="content")
    return placed[(page - 1) * ROWS : page * ROWS]


def _first(of: Analysis, rows: np.ndarray, cancer_type: str) -> tuple[int, int]:
    """Until somebody clicks: the first hit of the table that is in sight."""
    hits = of.hits_of(cancer_type)
    own = hits[hits["molecule_id"].isin(of.screen.molecules["molecule_id"].iloc[rows])]
    if len(own):
        return of.place[own["molecule_id"].iloc[0]], of.found.types.index(own["best_type"].iloc[0])
    row = int(rows[0])
    return row, of.found.types.index(cancer_type) if cancer_type else int(np.argmax(of.found.share[row]))
