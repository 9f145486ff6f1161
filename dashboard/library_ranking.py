"""Library page: the molecules ranked for a cancer type or a line, filtered, as a table beside a picture."""

import pandas as pd
import streamlit as st

from dashboard import (
    export,
    forms,
    frame,
    library_choose,
    library_data,
    library_detail,
    messages,
    reach_words,
    state,
)
from dashboard.job_panel import when
from engine.figures.library import HEADINGS, Asked, rank_chart, rank_table
from engine.figures.text import count, number, plural, split_name
from engine.figures.type_words import type_name
from engine.learn.metrics import SENSITIVE_BELOW
from engine.response.library_rank import ORDERS, Ranked, ordered
from engine.response.records import RunSummary
from engine.response.selectivity import relative_to, relative_warning

MOST_ROWS = 11  # in a table of full height
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
    "Measured ln(IC50)": "In µM, median over the lines that were measured, of drugs in the run's data; "
    "stereoisomers and salts count as one drug",
    "Lines measured": "Lines behind the measured median",
}


def show(of: Ranked, context: str, run: RunSummary | None) -> None:
    """context: the run and what it was trained on, as a caption says it. run: None where it is gone."""
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
    # What filters and search leave is what is looked at: another molecule below the table would be taken for its row.
    wanted = state.get("lib_molecule") if state.get("lib_molecule") in set(shown["molecule_id"]) else None
    chosen = wanted or shown["molecule_id"].iloc[0]
    state.keep("lib_molecule", wanted)
    with main_cell:
        _table(of, shown, table, asked, chosen, _about(of, asked, run, order))
    with side:
        item = rank_chart(shown, asked, chosen, frame.dark())
        view = (of.summary.screen_id, is_type, name, tuple(shown["molecule_id"].head(SHOWN)))
        frame.chart(item, "library_rank", view, on_pick=_pick)
    cut_off = reach_words.drug_cut_off(of.summary.run_id)
    library_detail.show(of, table[table["molecule_id"] == chosen].iloc[0], asked, cut_off)


def _asked(of: Ranked, is_type: bool, name: str, context: str) -> Asked:
    summary = of.summary
    caveat = ""
    if summary.interval_split:
        unlike = "" if summary.interval_split in UNSEEN_DRUGS else ", too narrow for unseen drugs"
        caveat = f"calibrated on {split_name(summary.interval_split)}{unlike}"
        context += f", 90 % intervals {caveat}"
    relative = relative_to(summary.n_reference, summary.n_molecules)
    told = {"below": SENSITIVE_BELOW, "context": context, "relative": relative, "caveat": caveat}
    if is_type:
        return Asked(name, type_name(name), True, int(of.n_lines[of.types.index(name)]), sd=of.type_sd, **told)
    line = of.lines[of.lines["cosmic_id"] == int(name)].iloc[0]
    return Asked(name, str(line["name"]), False, 1, sd=of.by_line.sd, **told)


def _about(of: Ranked, asked: Asked, run: RunSummary | None, order: str) -> dict[str, str | int | float]:
    """What a file must say of the ranking to be understood without this page."""
    summary = of.summary
    cut_off = reach_words.drug_cut_off(summary.run_id)
    return {
        "library": summary.library,
        "library_molecules": len(of.molecules),
        "screen": summary.screen_id,
        "screened_at_utc": summary.created_at.isoformat(sep=" ", timespec="seconds"),
        "run": summary.run_id,
        "run_split": split_name(run.split) if run else "run no longer in the store",
        "run_trained": when(str(run.created_at)) if run else "run no longer in the store",
        "networks": ", ".join(summary.networks),
        "dataset": summary.dataset or "run no longer in the store",
        "simulated": "yes" if summary.simulated else "no",
        "ranked_for": asked.name,
        "ranked_by": order,
        "lines": asked.n_lines,
        "sensitive_below_ln_ic50_um": asked.below,
        "intervals_90": asked.caveat or "none",
        "selectivity": asked.relative,
        "selectivity_sd_ln_um": round(asked.sd, 4) if asked.sd > 0 else "not defined",
        "similarity_cut_off": "not known" if cut_off is None else round(cut_off, 4),
        "warning": relative_warning(summary.n_reference, summary.n_molecules) or "none",
    }


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


def _table(
    of: Ranked, shown: pd.DataFrame, whole: pd.DataFrame, asked: Asked, chosen: str, about: export.About
) -> None:
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
        whole_file = told.assign(SMILES=shown["smiles"], Id=shown["molecule_id"])
        export.buttons(whole_file, stem, key="library_ranking", about=about)
    if warning := relative_warning(of.summary.n_reference, of.summary.n_molecules):
        st.warning(warning, icon=":material/warning:")
    sd = f". One sd is {number(asked.sd)} in ln(IC50), {asked.relative}" if asked.sd > 0 else ""
    whose = "of one line of the type: the median of its lines' intervals" if asked.is_type else "of the prediction"
    ends = f"90 % interval of ln(IC50), µM, {whose}. {asked.caveat.capitalize()}"
    helps = HELP | {"Selectivity, sd": HELP["Selectivity, sd"] + sd, "Interval from": ends, "Interval to": ends}
    helped = {name: st.column_config.Column(help=text) for name, text in helps.items() if name in told}
    # px: names in full, the longest texts cut, which the detail tells in full
    helped[HEADINGS["name"]] = st.column_config.Column(width=130, pinned=True)
    helped[HEADINGS["reach"]] = st.column_config.Column(width=110, help=HELP["Reach"])
    helped[HEADINGS["indications"]] = st.column_config.Column(width=180)
    key = f"library_ranking_{hash((of.summary.screen_id, asked, tuple(shown['molecule_id'].head(SHOWN))))}"
    ids = shown["molecule_id"].head(SHOWN).astype(str).tolist()
    frame.table(
        told.head(SHOWN),
        key,
        height=430 if len(ids) > MOST_ROWS else "content",
        missing="",
        on_pick=lambda at: None if at is None else _pick(ids[at]),
        ticked=ids.index(chosen) if chosen in ids else None,
        **helped,
    )
    first = f"The first {count(SHOWN)} are shown, files hold all. " if n > SHOWN else ""
    but = " but the measured columns" if HEADINGS["measured"] in told else ""
    st.caption(f"{first}Everything{but} is predicted. Pick a row or a dot to see the molecule below.")
