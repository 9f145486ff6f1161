"""Patient page: one drug of the ranking: measured evidence beside the prediction, and the mutations that moved it."""

import pandas as pd
import streamlit as st

from dashboard import frame, messages, nav, patient_data, patient_session, state
from dashboard.patient_session import Opened
from engine.figures.patient import measured_distribution
from engine.figures.patient_frames import measured_with
from engine.figures.patient_lines import markers_chart, movers_chart
from engine.figures.text import interval, number, plural
from engine.patient.types import USED
from engine.units import ic50_um

KEPT = 20  # drugs whose evidence the session remembers
COLUMNS = {
    "name": "Cell line",
    "cancer_type": "Cancer type",
    "similarity": "Similarity",
    "z_score": "Measured z",
    "ic50_um": "Measured IC50, µM",
    "ln_ic50": "ln(IC50), µM",
    "shared_positions": "Shared positions",
    "shared_genes": "Genes mutated in both",
}


def chosen(shown: pd.DataFrame, table: pd.DataFrame) -> int:
    """The drug_id to look at: the one that was picked, else the first of the list."""
    picked = state.get("patient_drug")
    return int(picked) if picked in set(table["drug_id"]) else int(shown["drug_id"].iloc[0])


def show(patient: Opened, shown: pd.DataFrame, drug_id: int) -> None:
    """Everything that stands behind the number of one drug."""
    assert patient.ranking is not None
    table = patient.ranking.table.set_index("drug_id")
    st.divider()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        ids = list(dict.fromkeys([*(int(one) for one in shown["drug_id"]), drug_id]))
        names = table["drug"].to_dict()
        state.choose("patient_drug", drug_id)
        picked = st.selectbox("Drug looked at", ids, key="patient_drug", format_func=names.__getitem__, width=330)
        state.keep("patient_drug", picked)
        nav.link("drug.py", f"Open the page of {names[picked]}", ":material/medication:", compound=str(picked))
    drug = table.loc[picked]
    st.markdown(_in_words(drug))
    with st.spinner("Looking for evidence ..."), patient_session.discreet("looking for evidence"):
        found, moved, marked = _evidence(patient, picked)
        measured = measured_with(patient_data.predictor(patient.run_id), picked)
    left, right = frame.main_and_side("patient_detail")
    with left:
        if measured.empty:
            messages.empty("**No cell line was measured with this drug.** The prediction stands alone.")
        else:
            item = measured_distribution(drug, measured, found, frame.dark())
            frame.chart(item, "patient_distribution", (patient.run_id, picked))
        if len(marked):
            frame.chart(
                markers_chart(marked, str(drug["drug"]), frame.dark()), "patient_markers", (patient.run_id, picked)
            )
    with right:
        if moved.empty:
            messages.empty("**No mutation moved it.** The networks know none of this patient's positions.")
        else:
            used = patient.case.receipt.counts[USED]
            item = movers_chart(moved, str(drug["drug"]), frame.dark(), used)
            frame.chart(item, "patient_movers", (patient.run_id, picked))
    _lines(found, str(drug["drug"]))


def _in_words(drug: pd.Series) -> str:
    """The prediction in one or two sentences."""
    known = [] if pd.isna(drug["target"]) else [f"acts on {messages.plain(drug['target'])}"]
    known += [messages.plain(drug["approval"])] if drug["approval"] else []
    ends = [None if pd.isna(drug[end]) else float(ic50_um(float(drug[end]))) for end in ("lower", "upper")]
    text = f"**{messages.plain(drug['drug'])}**" + (f" ({'; '.join(known)})" if known else "")
    text += f": predicted IC50 **{number(drug['ic50_um_pred'])} µM** (90 % {interval(*ends)})"
    text += f", z **{number(drug['z_score'])}**"
    if not pd.isna(drug["percentile"]):
        lines = plural(int(drug["n_measured"]), "measured line")
        text += f"; {number(drug['percentile'])} % of {lines} are at least as sensitive"
    text += "."
    if pd.isna(drug["skill"]):
        return f"{text} What the model is worth for this drug was not tested."
    good = "better" if drug["skill"] > 0 else "no better"
    return (
        f"{text} For this drug the model is {good} than the naive baseline on unseen lines: skill "
        f"{number(drug['skill'])} over {plural(int(drug['n_skill']), 'pair')}."
    )


def _evidence(patient: Opened, drug_id: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The nearest measured lines, what each mutation does to the prediction, and what was measured on lines with and
    without it; kept for the session."""
    from engine.patient.completions import sequenced_genes
    from engine.patient.markers import markers
    from engine.patient.movers import movers
    from engine.patient.neighbours import evidence

    kept = state.get("patient_evidence")
    key = (patient.case.label, patient.case.made_at, patient.case.cancer_type, patient.run_id, drug_id)
    if key not in kept:
        predictor, genome = patient_data.predictor(patient.run_id), patient.genome
        near = evidence(
            predictor,
            genome.keys,
            drug_id,
            sequenced=sequenced_genes(genome),
            cancer_type=patient.case.cancer_type,
        )
        moved = movers(predictor, genome, [drug_id], patient.case.cancer_type)
        kept = {**dict(list(kept.items())[1 - KEPT :]), key: (near, moved, markers(predictor, genome.keys, drug_id))}
        state.keep("patient_evidence", kept)
    return kept[key]


def _lines(found: pd.DataFrame, drug: str) -> None:
    st.subheader(f"What did {messages.plain(drug)} do to the most similar measured lines?", anchor=False)
    if found.empty:
        messages.empty("**No measured line shares a mutated position with this patient.**")
        return
    shown = found[list(COLUMNS)].rename(columns=COLUMNS)
    frame.table(shown, key="patient_evidence_table", height="content", missing="not known")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption("Similarity: shared ÷ all mutated positions of either. Open:", width="content")
        for line in found.itertuples():
            nav.link("cell_line.py", str(line.name), cosmic=str(line.cosmic_id))
