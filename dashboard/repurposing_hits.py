"""Repurposing page: the table of hits with its evidence, and what the page downloads as."""

import pandas as pd
import streamlit as st

from dashboard import export, frame, state
from dashboard.repurposing_data import Analysis, about, whole_matrix
from engine.figures.text import chance, count, plural

FORMATS = ("XLSX", "Parquet")
COLUMNS = {
    "name": "Drug",
    "drug_class": "Class",
    "flag": "Flag",
    "best_type": "Best new type",
    "best_share": "Sensitive there, %",
    "best_selectivity": "Selectivity there, sd",
    "best_q": "q",
    "n_new": "New types",
    "n_types": "Sensitive types",
    "n_sure": "Surely sensitive types",
    "new_types": "All new types",
    "approved_types": "Approved types",
    "nearest_drug": "Nearest trained drug",
    "similarity": "Similarity",
    "reach": "Reach",
    "mechanism": "Mechanism",
    "indications": "Indications",
}
HELP = {
    "Best new type": "The type without approval in which sensitive lines are most enriched",
    "Selectivity there, sd": "Mean ln(IC50) with the drug's and the type's mean removed; below 0: more sensitive than "
    "both say. What acts on everything is near 0",
    "q": "Of the enrichment of sensitive lines in that type (hypergeometric, Benjamini-Hochberg over all cells)",
    "Surely sensitive types": "By lines that are sensitive even at the upper end of their 90 % interval",
    "Similarity": "Tanimoto, to the nearest drug that was trained on; 1 is the same fingerprint",
    "Reach": "Extrapolation: unlike every drug that was trained on",
}


def show(of: Analysis) -> None:
    """The hits, the most selective first and generally cytotoxic ones last; a picked row opens its cell."""
    hits = _chosen(of.outcome.hits)
    table = hit_table(hits)
    stem = f"tumorcast-repurposing-{of.screen.summary.library}".lower().replace(" ", "-")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(plural(len(hits), "hit"), anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            st.caption("Hits", width="content")
            export.buttons(table, f"{stem}-hits", key="repurposing_hits", formats=FORMATS, about=about(of))
            st.caption("Whole matrix", width="content")
            matrix = pd.DataFrame({"molecule": of.screen.molecules["molecule_id"]})
            export.buttons(
                matrix,
                f"{stem}-matrix",
                key="repurposing_matrix_file",
                whole=lambda: whole_matrix(of),
                formats=FORMATS,
                about=about(of),
            )
    if hits.empty:
        st.caption("No hit under these thresholds.")
        return
    helped = {name: st.column_config.Column(help=text) for name, text in HELP.items()}
    key = f"repurposing_hits_table_{hash((of.screen.summary.screen_id, tuple(hits['molecule_id'])))}"
    texts = {"q": [chance(one) for one in table["q"]]}
    picked = frame.table(table, key, height=380, select=True, shown=texts, **helped)
    st.caption(
        f"{count(len(hits))} of {count(len(of.screen.molecules))} molecules, the most selective first, generally "
        "cytotoxic ones last. Pick a row to see its lines above. "
        + (
            f"Of {plural(of.outcome.approved_unknown, 'oncology drug')} no approved type is known here, so every "
            "sensitive type counts as new."
            if of.outcome.approved_unknown
            else ""
        )
    )
    _pick(hits, picked)


def _chosen(hits: pd.DataFrame) -> pd.DataFrame:
    """Oncology and non-oncology stay apart here too."""
    drug_class = state.get("rep_class")
    return hits if drug_class == "all" else hits[hits["drug_class"] == drug_class].reset_index(drop=True)


def _pick(hits: pd.DataFrame, picked: list[int]) -> None:
    """A row that was just picked opens its cell; one that stays picked does not take a click in the matrix back."""
    cell = f"{hits['molecule_id'].iloc[picked[0]]}|{hits['best_type'].iloc[picked[0]]}" if picked else None
    if cell != state.get("rep_hit"):
        state.keep("rep_hit", cell)
        if cell:
            state.choose("rep_cell", cell)
            st.rerun()


def hit_table(hits: pd.DataFrame) -> pd.DataFrame:
    """Hits with the names that columns have on screen."""
    shown = hits.assign(
        flag=hits["cytotoxic"].map({True: "generally cytotoxic", False: ""}),
        reach=hits["inside"].map({True: "within reach", False: "extrapolation"}).fillna("not known"),
        best_share=100 * hits["best_share"],
        similarity=hits["similarity"].astype(float),
        nearest_drug=hits["nearest_drug"].fillna(""),
    )
    return shown[list(COLUMNS)].rename(columns=COLUMNS)
