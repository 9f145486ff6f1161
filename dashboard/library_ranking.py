"""Library page: the molecules ranked for a cancer type or a line, filtered, as a table beside a picture."""

import pandas as pd
import streamlit as st

from dashboard import export, forms, frame, library_choose, library_data, library_detail, messages, state
from engine.figures.library import HEADINGS, Asked, rank_chart, rank_table
from engine.figures.text import count, plural, split_name
from engine.figures.type_words import type_name
from engine.learn.metrics import SENSITIVE_BELOW
from engine.response.library_rank import ORDERS, Ranked, ordered

SHOWN = 1_000  # rows in the table; files hold all
CLASSES = {"all": "All", "oncology": "Oncology", "non-oncology": "Non-oncology", "unknown": "Not known"}
UNSEEN_DRUGS = ("drug", "both")  # splits whose intervals hold for molecules that nobody measured
REACHES = {"all": "All", "inside": "Within reach only"}
SEARCHED = ("name", "indications", "mechanism", "target")
FILTERS = ("lib_class", "lib_reach", "lib_search")
HELP = {
    "IC50, µM": "The dose that halves growth, from the predicted ln(IC50)",
    "Sensitive lines, %": "Of the type's lines, predicted below ln(IC50) −2",
    "Selectivity, sd": "The prediction with the molecule's own mean and the mean of the type (or line) removed; below "
    "0: more sensitive than both say. What acts on everything is near 0",
    "Novelty": "1 − Tanimoto similarity to the nearest drug that was trained on; 0 is the same fingerprint",
    "Reach": "Extrapolation: unlike every drug that was trained on, so the prediction is a guess",
    "Interval from": "90 % interval of the predicted ln(IC50), µM",
    "Interval to": "90 % interval of the predicted ln(IC50), µM",
}


def show(of: Ranked, context: str) -> None:
    """context: the run and what it was trained on, as a caption says it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        is_type, name = library_choose.subject(of)
        order = forms.choose("Rank by", list(ORDERS), "lib_order", str.capitalize, width=140)
        drug_class = forms.choose("Class", list(CLASSES), "lib_class", CLASSES.__getitem__, width=150)
        reach = forms.choose("Reach", list(REACHES), "lib_reach", REACHES.__getitem__, width=150, help=HELP["Reach"])
        search = st.text_input("Search", key=state.bound("lib_search"), placeholder="Name, indication", width=160)
        state.keep("lib_search", search)
    asked = _asked(of, is_type, name, context)
    table = ordered(library_data.table(of, is_type, name), order)
    shown = _filtered(table, drug_class, reach == "inside", search or "")
    if shown.empty:
        messages.empty("**No molecule matches these filters.**")
        st.button("Clear all filters", on_click=state.clear, args=(FILTERS,))
        return
    main_cell, side = frame.main_and_side("library_ranking")
    ids = set(table["molecule_id"])
    chosen = state.get("lib_molecule") if state.get("lib_molecule") in ids else shown["molecule_id"].iloc[0]
    state.keep("lib_molecule", state.get("lib_molecule") if state.get("lib_molecule") in ids else None)
    with main_cell:
        _table(of, shown, table, asked, chosen)
    with side:
        item = rank_chart(shown, asked, chosen, frame.dark())
        view = (of.summary.screen_id, is_type, name, tuple(shown["molecule_id"].head(SHOWN)))
        frame.chart(item, "library_rank", view, on_pick=_pick)
    library_detail.show(of, table[table["molecule_id"] == chosen].iloc[0], asked)


def _asked(of: Ranked, is_type: bool, name: str, context: str) -> Asked:
    if is_type:
        return Asked(name, type_name(name), True, int(of.n_lines[of.types.index(name)]), SENSITIVE_BELOW, context)
    line = of.lines[of.lines["cosmic_id"] == int(name)].iloc[0]
    if of.summary.interval_split:
        unlike = "" if of.summary.interval_split in UNSEEN_DRUGS else ", too narrow for unseen drugs"
        context += f", 90 % intervals from {split_name(of.summary.interval_split)}{unlike}"
    return Asked(name, str(line["name"]), False, 1, SENSITIVE_BELOW, context)


def _pick(molecule_id: object) -> None:
    state.choose("lib_molecule", str(molecule_id))


def _filtered(table: pd.DataFrame, drug_class: str, inside: bool, search: str) -> pd.DataFrame:
    keep = pd.Series(True, index=table.index)
    if drug_class != "all":
        keep &= table["drug_class"] == drug_class
    if inside:
        keep &= table["inside"].fillna(False).astype(bool)
    if words := search.casefold().split():
        # A molecule without a name is shown by its id, which nobody searches for by a few letters.
        named = table.assign(name=table["name"].where(table["name"] != table["molecule_id"], ""))
        first, *others = (named[name].fillna("").astype(str) for name in SEARCHED)
        text = first.str.cat(others, sep=" ").str.casefold()  # row by row it would take seconds
        for word in words:
            keep &= text.str.contains(word, regex=False)
    return table[keep].reset_index(drop=True)


def _table(of: Ranked, shown: pd.DataFrame, whole: pd.DataFrame, asked: Asked, chosen: str) -> None:
    """The ranking; a picked row becomes the molecule looked at, whose row stands ticked."""
    n, all_of = len(shown), len(whole)
    title = plural(n, "molecule") if n == all_of else f"{count(n)} of {plural(all_of, 'molecule')}"
    told = rank_table(shown, asked)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(f"{title} for {messages.plain(asked.name)}", anchor=False, width="content")
        stem = (
            f"tumorcast-library-{of.summary.library}-{asked.key if asked.is_type else asked.name}".lower()
            .replace(" ", "-")
            .replace("/", "-")
        )
        export.buttons(told.assign(SMILES=shown["smiles"], Id=shown["molecule_id"]), stem, key="library_ranking")
    helped = {name: st.column_config.Column(help=text) for name, text in HELP.items() if name in told}
    # px: names in full, the longest texts cut, which the detail tells in full
    helped[HEADINGS["name"]] = st.column_config.Column(width=130, pinned=True)
    helped[HEADINGS["reach"]] = st.column_config.Column(width=100, help=HELP["Reach"])
    helped[HEADINGS["indications"]] = st.column_config.Column(width=180)
    key = f"library_ranking_{hash((of.summary.screen_id, asked, tuple(shown['molecule_id'].head(SHOWN))))}"
    ids = shown["molecule_id"].head(SHOWN).astype(str).tolist()
    frame.table(
        told.head(SHOWN),
        key,
        height=430,
        missing="",
        on_pick=lambda at: None if at is None else _pick(ids[at]),
        ticked=ids.index(chosen) if chosen in ids else None,
        **helped,
    )
    first = f"The first {count(SHOWN)} are shown, files hold all. " if n > SHOWN else ""
    st.caption(f"{first}Everything is predicted. Pick a row or a dot to see the molecule below.")
