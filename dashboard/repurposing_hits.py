"""Repurposing page: the table of hits with its evidence, and what the page downloads as."""

from urllib.parse import quote

import pandas as pd
import streamlit as st

from dashboard import export, frame, messages, state
from dashboard.repurposing_data import Analysis, about, whole_matrix
from dashboard.repurposing_matrix import Asked, matching
from engine.chem.drawing import structure_svg
from engine.errors import MoleculeError
from engine.figures.repurposing_lines import intervals_from
from engine.figures.text import chance, count, plural, setting
from engine.figures.type_words import type_name
from engine.response.repurpose import shared
from engine.response.repurpose_words import FALSE_DISCOVERIES, SELECTIVE_BELOW

FORMATS = ("XLSX", "Parquet")
DRAWN = 300  # hits up to which the table holds drawings: more are megabytes on their way to the browser
ROW_PX, HEADER_PX, TALLEST_PX = 66, 38, 640  # of the table
DRAWING_PX = (200, 140)
STRUCTURE = "Structure"
BEST, ASKED = "Best new type", "Cancer type"
COLUMNS = {
    "name": "Drug",
    "best_type": BEST,
    "best_share": "Sensitive there, %",
    "best_selectivity": "Selectivity there, sd",
    "best_q": "q",
    "both": "Both met",
    "nearest_drug": "Nearest trained drug",
    "similarity": "Similarity",
    "best_median": "Median there, ln µM",
    "n_measured": "Measured lines there",
    "mechanism": "Mechanism",
    "flag": "Flag",
    "drug_class": "Class",
    "n_new": "New types",
    "n_types": "Sensitive types",
    "n_sure": "Surely sensitive types",
    "new_types": "All new types",
    "approved_types": "Approved types",
    "reach": "Reach",
    "indications": "Indications",
    "smiles": "SMILES",
    "molecule_id": "Molecule id",
}
WIDTHS = {  # px: as wide as what stands in them, so that the evidence is in sight without scrolling
    "Drug": 100, STRUCTURE: 84, BEST: 66, ASKED: 66, "Sensitive there, %": 62, "Selectivity there, sd": 72, "q": 56,
    "Both met": 58, "Nearest trained drug": 88, "Similarity": 60, "Median there, ln µM": 66,
    "Measured lines there": 74, "Mechanism": 130, "Flag": 128, "All new types": 200, "Indications": 240,
    "SMILES": 240,
}  # fmt: skip
SHORT = {  # beside the type itself
    BEST: "Best type", ASKED: "Type", "Sensitive there, %": "Sens., %", "Selectivity there, sd": "Select., sd",
    "Nearest trained drug": "Nearest", "Similarity": "Simil.", "Both met": "Both", "Median there, ln µM": "Median",
    "Measured lines there": "Measured",
}  # fmt: skip
HELP = {
    BEST: "The type without approval in which sensitive lines are most enriched (smallest p)",
    ASKED: "The cancer type that is asked about",
    "Sensitive there, %": "Sensitive lines: share of that type's lines that are predicted sensitive",
    "Selectivity there, sd": "Selectivity in that type: mean ln(IC50) with the drug's and the type's mean removed; "
    "below 0: more sensitive than both say. What acts on everything is near 0",
    "q": "Of the enrichment of sensitive lines in that type (hypergeometric, Benjamini-Hochberg over all cells)",
    "Both met": f"Selectivity below {setting(SELECTIVE_BELOW)} sd and q below {FALSE_DISCOVERIES:g} in that type",
    "Nearest trained drug": "The drug that was trained on and is most alike; its answer is what the model knows best",
    "Median there, ln µM": "Median of the predicted ln(IC50) of that type's lines",
    "Measured lines there": "Lines of that type in which the drug was measured",
    "Surely sensitive types": "By lines that are sensitive even at the upper bound of their 90 % interval; see below "
    "what the intervals were calibrated on",
    "Similarity": "Tanimoto, to the nearest drug that was trained on; 1 is the same fingerprint",
    "Reach": "Extrapolation: unlike every drug that was trained on",
}


def show(of: Analysis, asked: Asked, cell: tuple[int, int] | None) -> None:
    """The hits, those that meet both first and generally cytotoxic ones last; a picked row opens its cell.

    cell: the one looked at; the row of its molecule stands ticked.
    """
    hits = chosen_hits(of, asked)
    table = hit_table(hits, asked.cancer_type)
    whole = f"tumorcast-repurposing-{of.screen.summary.library}".lower().replace(" ", "-")
    stem = f"{whole}-{asked.cancer_type.lower().replace('/', '-')}" if asked.cancer_type else whole
    of_type = f" for {messages.plain(type_name(asked.cancer_type))}" if asked.cancer_type else ""
    told = about(of) | {"cancer_type_asked_for": asked.cancer_type or "every", "search": asked.search or "none"}
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(f"{plural(len(hits), 'hit')}{of_type}", anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            st.caption("Hits", width="content")
            export.buttons(table, f"{stem}-hits", key="repurposing_hits", formats=FORMATS, about=told)
            st.caption("Whole matrix", width="content")
            matrix = pd.DataFrame({"molecule": of.screen.molecules["molecule_id"]})
            export.buttons(
                matrix,
                f"{whole}-matrix",
                key="repurposing_matrix_file",
                whole=lambda: whole_matrix(of),
                formats=FORMATS,
                about=about(of),
            )
    if hits.empty:
        st.caption("No hit matches." if asked.search.strip() else f"No hit{of_type} under these thresholds.")
        return
    lean = shared(hits)
    if lean:
        st.markdown(f":material/warning: **{messages.plain(lean)}**")
    cells = (hits["molecule_id"] + "|" + hits["best_type"]).tolist()
    ids = hits["molecule_id"].tolist()
    looked_at = of.screen.molecules["molecule_id"].iloc[cell[0]] if cell else ""
    _table(of, hits, table, cells, ids.index(looked_at) if looked_at in ids else None)
    st.caption(_caption(of, hits, asked, of_type))


def _caption(of: Analysis, hits: pd.DataFrame, asked: Asked, of_type: str) -> str:
    """How many, in which order, how the type of each was chosen, and what its intervals are worth."""
    limits = f"selectivity below {setting(SELECTIVE_BELOW)} sd and q \\< {FALSE_DISCOVERIES:g}"
    n, total, supported = count(len(hits)), count(len(of.screen.molecules)), int(hits["supported"].sum())
    first = f"First the {count(supported)} with {limits}" if supported else f"None has {limits}"
    words = [
        f"{n} of {total} molecules{of_type}. {first} there; generally cytotoxic ones last, within each the most "
        "selective first."
    ]
    if asked.cancer_type:
        words.append("Every number is that of this type; drugs approved for it are no hits.")
    else:
        words.append(
            "Best type: the one without approval in which sensitive lines are most enriched (smallest p), so another "
            "may be more selective."
        )
    split = of.screen.summary.interval_split
    if split is not None:
        words.append(f"90 % intervals are {intervals_from(split, known=False).replace(' such as this', '')}.")
    if of.outcome.approved_unknown:
        words.append(
            f"Of {plural(of.outcome.approved_unknown, 'oncology drug')} no approved type is known here, so every "
            "sensitive type counts as new."
        )
    return " ".join([*words, "Pick a row to see its lines."])


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

    def pick(at: int | None) -> None:
        # The ticked row may be of another cell of its molecule: a click on it takes the tick away and opens its own.
        row = ticked if at is None else at
        if row is not None:
            state.choose("rep_cell", cells[row])

    frame.table(
        shown,
        f"repurposing_hits_table_{hash((of.screen.summary.screen_id, tuple(cells)))}",
        height=min(HEADER_PX + row * len(hits), TALLEST_PX),
        shown=texts,
        on_pick=pick,
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


def chosen_hits(of: Analysis, asked: Asked) -> pd.DataFrame:
    """The hits with their smiles and measured lines, of the type, the class and the words that are asked for."""
    hits = of.hits_of(asked.cancer_type)
    molecules = of.screen.molecules
    hits = hits.assign(smiles=hits["molecule_id"].map(molecules.set_index("molecule_id")["smiles"]))
    wanted = set(molecules["molecule_id"][matching(of, asked)])
    return hits[hits["molecule_id"].isin(wanted)].reset_index(drop=True)


def hit_table(hits: pd.DataFrame, cancer_type: str = "") -> pd.DataFrame:
    """Hits, as `chosen_hits` gives them, with the names that columns have on screen. cancer_type: the one asked for."""
    shown = hits.assign(
        both=hits["supported"].map({True: "yes", False: "no"}),
        flag=hits["cytotoxic"].map({True: "generally cytotoxic", False: ""}),
        reach=hits["inside"].map({True: "within reach", False: "extrapolation"}).fillna("not known"),
        best_share=100 * hits["best_share"],
        similarity=hits["similarity"].astype(float),
        nearest_drug=hits["nearest_drug"].fillna(""),
        mechanism=hits["mechanism"].str.replace("|", ", "),
        indications=hits["indications"].str.replace("|", ", "),
    )
    names = COLUMNS | ({"best_type": ASKED} if cancer_type else {})
    return shown[list(COLUMNS)].rename(columns=names)
