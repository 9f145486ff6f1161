"""Repurposing page: one cell of the matrix, its lines, and what is known of its molecule."""

import pandas as pd
import streamlit as st

from dashboard import entity, frame, messages, nav, reach_words, repurposing_data
from dashboard.repurposing_data import Analysis
from engine.errors import MoleculeError
from engine.figures.repurposing_lines import intervals_from, line_table, lines_chart
from engine.figures.text import chance, count, interval, number, plural
from engine.figures.type_words import type_name
from engine.response.repurpose_controls import TRAINED_ON

COLUMNS = {"Cell line": 84, "Predicted, ln µM": 150, "Observed, ln µM": 100, "Predicted IC50, µM": 70}  # widths, px
SHORT = {"Predicted IC50, µM": "IC50, µM"}
HELP = {"Predicted, ln µM": "With its 90 % interval, where the run has one", "Predicted IC50, µM": "As predicted"}


def show(of: Analysis, cell: tuple[int, int]) -> None:
    """The lines of the cell, most sensitive first, above the molecule itself."""
    row, column = cell
    molecule, cancer_type = of.molecules.iloc[row], of.found.types[column]
    lines = repurposing_data.lines(of, str(molecule["molecule_id"]), cancer_type)
    name = messages.plain(molecule["name"])
    st.subheader(f"{name} in {type_name(cancer_type)}", anchor=False)
    cut_off = reach_words.drug_cut_off(of.screen.summary.run_id)
    intervals = intervals_of(of, molecule)
    _badges(molecule, cancer_type, cut_off)
    st.markdown(_words(of, row, column, intervals))
    below = of.thresholds.sensitive_below
    item = lines_chart(lines, str(molecule["name"]), cancer_type, below, frame.dark(), intervals)
    frame.chart(item, "repurposing_lines", (of.screen.summary.screen_id, cell))
    _table(lines, f"repurposing_lines_table_{of.screen.summary.screen_id}_{row}_{column}")
    _molecule(molecule, cut_off)


def intervals_of(of: Analysis, molecule: pd.Series) -> str:
    """What the intervals of the molecule were calibrated on, and whether that holds for it."""
    similarity = molecule["similarity"]
    known = pd.notna(similarity) and float(similarity) >= TRAINED_ON
    return intervals_from(of.screen.summary.interval_split, bool(known))


def _badges(molecule: pd.Series, cancer_type: str, cut_off: float | None) -> None:
    with st.container(horizontal=True, gap="small"):
        st.badge(
            {"unknown": "Unknown class"}.get(molecule["drug_class"], molecule["drug_class"].capitalize()), color="gray"
        )
        if cancer_type in str(molecule["cancer_types"]).split("|"):
            st.badge("Approved for this type", color="green", icon=":material/verified:")
        if molecule["cytotoxic"]:
            words = f"Sensitive in {plural(int(molecule['n_types']), 'type')}: a poison rather than a treatment of one"
            st.badge("Generally cytotoxic", color="orange", icon=":material/warning:", help=words)
        reach_words.reach_chip(molecule["similarity"], molecule["inside"], cut_off)


def _words(of: Analysis, row: int, column: int, intervals: str) -> str:
    found = of.found
    n, sensitive = int(found.n_lines[column]), int(found.count[row, column])
    words = [f"**{count(sensitive)} of {plural(n, 'line')} sensitive ({number(100 * found.share[row, column])} %)**"]
    sure = found.sure[row, column]
    if pd.notna(sure):
        narrow = f" ({intervals.partition(', ')[2]})" if ", " in intervals else ""
        words.append(f"{count(round(sure * n))} even at the upper bound of the interval{narrow}")
    words.append(f"selectivity {number(found.selectivity[row, column])} sd")
    words.append(chance(float(found.q[row, column]), "q").replace("<", r"\<"))
    return " · ".join(words)


def _table(lines: pd.DataFrame, key: str) -> None:
    place = st.container(horizontal=True, vertical_alignment="center")
    whole = line_table(lines)
    shown = whole[[name for name in COLUMNS if not whole[name].isna().all()]]
    banded = zip(whole["Predicted, ln µM"], whole["From"], whole["To"], strict=True)
    texts = [number(mean) + (f" ({interval(low, high)})" if pd.notna(low) else "") for mean, low, high in banded]
    widths: dict[str, object] = {
        name: st.column_config.Column(SHORT.get(name), width=width, pinned=name == "Cell line", help=HELP.get(name))
        for name, width in COLUMNS.items()
    }
    picked = frame.table(
        shown, key, height=210, select=True, shown={"Predicted, ln µM": texts}, missing="not measured", **widths
    )
    with place:
        for at in picked:
            line = lines.iloc[at]
            nav.link(
                "cell_line.py", f"Open {line['name']}", ":material/arrow_forward:", cosmic=str(int(line["cosmic_id"]))
            )
        if not picked:
            st.caption("Pick a row to open its cell line.")
    measured_as = sorted(set(lines["observed_as"].dropna())) if "observed_as" in lines else []
    if measured_as:
        st.caption(f"Measured as {messages.plain(', '.join(measured_as))}.")


def _molecule(molecule: pd.Series, cut_off: float | None) -> None:
    st.subheader(messages.plain(molecule["name"]), anchor=False)
    try:
        drawing = entity.structure(molecule["smiles"], frame.dark(), str(molecule["name"]))
    except MoleculeError as error:
        st.caption(f"The structure cannot be drawn. {messages.plain(error)}")
    else:
        st.image(drawing, alt=f"Structure of {molecule['name']}: {molecule['smiles']}")
    approved = str(molecule["cancer_types"] or "").replace("|", ", ")
    near = pd.notna(molecule["nearest_drug_id"])
    weight = molecule["weight_g_mol"]
    entity.facts(
        {
            "Mechanism": entity.plain(molecule["mechanism"] or None),
            "Target": entity.plain(str(molecule["target"] or "").replace("|", ", ") or None),
            "Indications": entity.plain(str(molecule["indications"] or "").replace("|", ", ") or None),
            "Approved types": entity.plain(approved or None),
            "Nearest trained drug": entity.plain(molecule["nearest_drug"]) if near else None,
            "Reach": entity.plain(reach_words.reach_words(molecule["similarity"], molecule["inside"], cut_off)),
            "Weight": entity.plain(number(float(weight), 4), " g/mol") if pd.notna(weight) else None,
            "Molecule id": entity.plain(molecule["molecule_id"]),
        }
    )
    if near:
        label = f"Open {messages.plain(molecule['nearest_drug'])}"
        nav.link("drug.py", label, ":material/medication:", compound=str(int(molecule["nearest_drug_id"])))
