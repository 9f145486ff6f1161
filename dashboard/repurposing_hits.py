"""Repurposing page: the table of hits with its evidence, and what the page downloads as."""

from urllib.parse import quote

import pandas as pd
import streamlit as st

from dashboard import export, frame, state
from dashboard.repurposing_data import Analysis, about, whole_matrix
from engine.chem.drawing import structure_svg
from engine.errors import MoleculeError
from engine.figures.text import chance, count, plural

FORMATS = ("XLSX", "Parquet")
DRAWN = 300  # hits up to which the table holds drawings: more are megabytes on their way to the browser
ROW_PX, HEADER_PX, TALLEST_PX = 66, 38, 640  # of the table
DRAWING_PX = (200, 140)
STRUCTURE = "Structure"
COLUMNS = {
    "name": "Drug",
    "best_type": "Best new type",
    "best_share": "Sensitive there, %",
    "best_selectivity": "Selectivity there, sd",
    "best_q": "q",
    "mechanism": "Mechanism",
    "flag": "Flag",
    "drug_class": "Class",
    "n_new": "New types",
    "n_types": "Sensitive types",
    "n_sure": "Surely sensitive types",
    "new_types": "All new types",
    "approved_types": "Approved types",
    "nearest_drug": "Nearest trained drug",
    "similarity": "Similarity",
    "reach": "Reach",
    "indications": "Indications",
    "smiles": "SMILES",
    "molecule_id": "Molecule id",
}
WIDTHS = {  # px: as wide as what stands in them, so that the evidence is in sight without scrolling
    "Drug": 112, STRUCTURE: 104, "Best new type": 94, "Sensitive there, %": 82, "Selectivity there, sd": 96, "q": 58,
    "Mechanism": 110, "Flag": 128, "All new types": 200, "Indications": 240, "SMILES": 240,
}  # fmt: skip
SHORT = {"Sensitive there, %": "Sensitive, %", "Selectivity there, sd": "Selectivity, sd"}  # beside the type itself
HELP = {
    "Best new type": "The type without approval in which sensitive lines are most enriched",
    "Sensitive there, %": "Share of that type's lines that are predicted sensitive",
    "Selectivity there, sd": "In that type: mean ln(IC50) with the drug's and the type's mean removed; below 0: "
    "more sensitive than both say. What acts on everything is near 0",
    "q": "Of the enrichment of sensitive lines in that type (hypergeometric, Benjamini-Hochberg over all cells)",
    "Surely sensitive types": "By lines that are sensitive even at the upper end of their 90 % interval",
    "Similarity": "Tanimoto, to the nearest drug that was trained on; 1 is the same fingerprint",
    "Reach": "Extrapolation: unlike every drug that was trained on",
}


def show(of: Analysis, cell: tuple[int, int] | None) -> None:
    """The hits, the most selective first and generally cytotoxic ones last; a picked row opens its cell.

    cell: the one looked at; the row that opens it stands ticked.
    """
    hits = chosen_hits(of)
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
    cells = (hits["molecule_id"] + "|" + hits["best_type"]).tolist()
    looked_at = f"{of.screen.molecules['molecule_id'].iloc[cell[0]]}|{of.found.types[cell[1]]}" if cell else ""
    _table(of, hits, table, cells, cells.index(looked_at) if looked_at in cells else None)
    st.caption(
        f"{count(len(hits))} of {count(len(of.screen.molecules))} molecules, the most selective first, generally "
        "cytotoxic ones last. Pick a row to see its lines. "
        + (
            f"Of {plural(of.outcome.approved_unknown, 'oncology drug')} no approved type is known here, so every "
            "sensitive type counts as new."
            if of.outcome.approved_unknown
            else ""
        )
    )


def _table(of: Analysis, hits: pd.DataFrame, table: pd.DataFrame, cells: list[str], ticked: int | None) -> None:
    """The table as it is drawn: with a picture of every structure where they are not too many."""
    drawn = len(hits) <= DRAWN
    shown = table.copy()
    helped = {name: st.column_config.Column(help=text) for name, text in HELP.items()}
    helped |= {
        name: st.column_config.Column(SHORT.get(name), help=HELP.get(name), width=width)
        for name, width in WIDTHS.items()
    }
    helped["Drug"] = st.column_config.Column(width=WIDTHS["Drug"], pinned=True)
    if drawn:
        shown.insert(1, STRUCTURE, _pictures(hits, tuple(hits["smiles"]), frame.dark()))
        helped[STRUCTURE] = st.column_config.ImageColumn(width=WIDTHS[STRUCTURE])
    row = ROW_PX if drawn else 35
    texts = {"q": [chance(one) for one in table["q"]]}
    if drawn:  # rows with room for a second line; the column Flag says it too
        flagged = zip(table["Drug"], table["Flag"], strict=True)
        texts["Drug"] = [f"{name} ({flag})" if flag else str(name) for name, flag in flagged]
    frame.table(
        shown,
        f"repurposing_hits_table_{hash((of.screen.summary.screen_id, tuple(cells)))}",
        height=min(HEADER_PX + row * len(hits), TALLEST_PX),
        shown=texts,
        on_pick=lambda at: None if at is None else state.choose("rep_cell", cells[at]),
        ticked=ticked,
        row_height=row if drawn else None,
        **helped,
    )


@st.cache_data(max_entries=8, ttl="1h", show_spinner="Drawing the structures ...")
def _pictures(_hits: pd.DataFrame, smiles: tuple[str, ...], dark: bool) -> list[str | None]:
    """The drawings as addresses that hold them; None where a structure cannot be read. smiles: of the hits."""
    found: list[str | None] = []
    for one, name in zip(smiles, _hits["name"], strict=True):
        try:
            drawing = structure_svg(str(one or ""), dark, *DRAWING_PX, where=str(name))
        except MoleculeError:
            found.append(None)
        else:
            found.append("data:image/svg+xml," + quote(drawing))
    return found


def chosen_hits(of: Analysis) -> pd.DataFrame:
    """The hits with their smiles; oncology and non-oncology stay apart here too."""
    drug_class, hits = state.get("rep_class"), of.outcome.hits
    hits = hits.assign(smiles=hits["molecule_id"].map(of.screen.molecules.set_index("molecule_id")["smiles"]))
    return hits if drug_class == "all" else hits[hits["drug_class"] == drug_class].reset_index(drop=True)


def hit_table(hits: pd.DataFrame) -> pd.DataFrame:
    """Hits, as `chosen_hits` gives them, with the names that columns have on screen."""
    shown = hits.assign(
        flag=hits["cytotoxic"].map({True: "generally cytotoxic", False: ""}),
        reach=hits["inside"].map({True: "within reach", False: "extrapolation"}).fillna("not known"),
        best_share=100 * hits["best_share"],
        similarity=hits["similarity"].astype(float),
        nearest_drug=hits["nearest_drug"].fillna(""),
        mechanism=hits["mechanism"].str.replace("|", ", "),
        indications=hits["indications"].str.replace("|", ", "),
    )
    return shown[list(COLUMNS)].rename(columns=COLUMNS)
