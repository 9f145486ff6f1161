"""Patient page: similar cell lines, several patients side by side, and one mutation more or less."""

import pandas as pd
import streamlit as st

from dashboard import export, forms, frame, messages, patient_data, patient_session, state
from dashboard.patient_ranking import context
from dashboard.patient_session import Opened
from engine.figures.patient_change import compare_chart, what_if_chart
from engine.figures.patient_frames import CHANCE, chance_changes, common_shift, measured_z, told_apart
from engine.figures.patient_lines import similarity_map
from engine.figures.text import MINUS, count, number, plural
from engine.patient.types import FATE_WORDS, NOT_UNDERSTOOD, USED, Receipt

DRUGS, LINES = 20, 10  # of the map
MOST_COMPARED = 4
SHIFT = 0.1  # mean z-scores of two patients that lie further apart are said to differ by a common shift
ORDERS = {"differ": "Differ most", "sensitive": "Most sensitive"}
ORDER_WORDS = {"differ": "the largest differences first", "sensitive": "the lowest mean z-score first"}


def similar(patient: Opened) -> None:
    """The most similar lines, and what the first drugs of the ranking did to them."""
    assert patient.ranking is not None
    from engine.patient.completions import sequenced_genes
    from engine.patient.neighbours import nearest_lines

    predictor, genome = patient_data.predictor(patient.run_id), patient.genome
    with patient_session.discreet("looking for similar lines"):
        near = nearest_lines(
            predictor, genome.keys, LINES, sequenced=sequenced_genes(genome), cancer_type=patient.case.cancer_type
        )
    if not near:
        messages.empty("**No cell line of the store shares a mutated position with this patient.**")
        return
    top = patient.ranking.table.head(DRUGS)
    measured = measured_z(predictor, near, [int(one) for one in top["drug_id"]])
    item = similarity_map(top, near, measured, context(patient.ranking), frame.dark())
    frame.chart(item, "patient_map", (patient.case.label, patient.run_id))
    st.subheader("The most similar cell lines", anchor=False)
    table = pd.DataFrame(
        {
            "Cell line": [line.name for line in near],
            "Cancer type": [line.cancer_type or "not known" for line in near],
            "Similarity": [line.similarity for line in near],
            "Drugs measured": [line.drugs for line in near],
            "Shared positions": [", ".join(line.shared_positions) for line in near],
            "Genes mutated in both": [", ".join(line.shared_genes) for line in near],
        }
    )
    frame.table(table, key="patient_similar", height="content")


def compare(patient: Opened) -> None:
    """Up to four open patients or timepoints."""
    from engine.patient.compare import compare as compared_of

    known = [name for name, one in patient_session.opened().items() if one.ranking is not None]
    if len(known) < 2:
        messages.empty(
            "**One patient is open.** Read a second list above (another patient, or the same one at another time) to "
            "compare them drug by drug."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=560):
            key = state.bound("patient_compared", known)
            if not state.get("patient_compared"):
                st.session_state[key] = known[-MOST_COMPARED:]
            labels = st.multiselect("Patients or timepoints", known, key=key, max_selections=MOST_COMPARED)
            state.keep("patient_compared", labels)
        order = forms.choose_one("Order", list(ORDERS), "patient_order", ORDERS.__getitem__)
    if len(labels) < 2:
        messages.empty("**Choose at least two.**")
        return
    rankings = {label: patient_session.opened()[label].ranking for label in labels}
    with patient_session.discreet("comparing"):
        table = compared_of(rankings)
    ordered = _ordered(table, labels, order)
    said = shift_words(*common_shift(table, labels))
    if said:
        st.markdown(said)
    chart, side = frame.main_and_side("patient_compare")
    with chart:
        item = compare_chart(ordered, labels, ORDER_WORDS[order], context(patient.ranking), frame.dark())
        frame.chart(item, "patient_compare", (tuple(labels), order))
    with side:
        shown = item.table
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader(plural(len(shown), "drug"), anchor=False, width="content")
            export.buttons(shown, "tumorcast-compared", key="patient_compared_export")
        frame.table(shown, key=f"patient_compared_table_{hash((tuple(labels), order))}", height=380)
    st.caption("All predicted; differences have no intervals.")


def shift_words(lowest: str, highest: str, apart: float) -> str:
    """That patients differ in nearly every drug alike; empty where they hardly do."""
    if not apart >= SHIFT:
        return ""
    return (
        f"**A common shift.** Over all drugs {messages.plain(lowest)} is predicted more sensitive than "
        f"{messages.plain(highest)}, by {number(apart)} of z on average: only a difference well beyond that is of the "
        "drug."
    )


def _ordered(table: pd.DataFrame, labels: list[str], order: str) -> pd.DataFrame:
    by = table[labels].mean(axis=1) if order == "sensitive" else -table["spread"].abs()
    return table.loc[by.sort_values(kind="stable").index].reset_index(drop=True)


def what_if(patient: Opened) -> None:
    """The ranking with mutations added or taken away."""
    assert patient.ranking is not None
    from engine.patient.what_if import what_if as changes_of

    left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
    with left:
        text = st.text_input(
            "Add mutations",
            key=state.bound("patient_add"),
            placeholder="KRAS G12D; TP53 R175H",
            help="Written like a pasted list; several are separated by semicolons. Enter shows what changes.",
        )
        state.keep("patient_add", text)
    with right:
        keys = list(patient.genome.keys)
        gone = forms.choose_many("Take away", keys, "patient_remove", placeholder="None")
    added = _understood(text or "", patient)
    if not added and not gone:
        messages.empty("**Nothing is changed yet.** Add a mutation or take one away, and see which drugs move.")
        return
    new = [key for key in added if key not in patient.genome.keys or key in gone]
    if not new and not gone:
        messages.empty("**The patient has it already.** Add another mutation.")
        return
    with st.spinner("Predicting ..."), patient_session.discreet("predicting the change"):
        changes = changes_of(
            patient_data.predictor(patient.run_id), patient.genome, tuple(new), tuple(gone), patient.case.cancer_type
        )
    changes = told_apart(changes)
    what = ", ".join([f"+ {key}" for key in new] + [f"{MINUS} {key}" for key in gone])
    chart, side = frame.main_and_side("patient_what_if")
    with chart:
        item = what_if_chart(changes, what, context(patient.ranking), frame.dark())
        frame.chart(item, "patient_what_if", what)
    with side:
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader(plural(len(item.table), "drug"), anchor=False, width="content")
            export.buttons(item.table, "tumorcast-what-if", key="patient_what_if_table")
        frame.table(item.table, key=f"patient_changes_{hash(what)}", height=380)
    st.caption(
        "What the networks make of the change: no cell line was measured with and without it, and changes have no "
        f"intervals. {_noise_words(patient)} An empty z: no or one line was measured with the drug, so there is "
        "nothing to compare with."
    )


def _noise_words(patient: Opened) -> str:
    """How large a change is that means nothing; looked up once for a patient."""
    kept = state.get("patient_noise")
    key = (*patient.identity, patient.run_id)
    if key not in kept:
        with st.spinner("Predicting ..."), patient_session.discreet("predicting random changes"):
            kept = {key: chance_changes(patient_data.predictor(patient.run_id), patient.genome)}
        state.keep("patient_noise", kept)
    median, most = kept[key]
    if median != median:
        return ""
    return (
        f"Noise: {count(CHANCE)} positions drawn at random and added one by one move ln(IC50) of a drug by "
        f"{number(median)} in the middle, one time in twenty by {number(most)} or more; no smaller change "
        "can be told from that."
    )


def _understood(text: str, patient: Opened) -> tuple[str, ...]:
    """The positions that were typed in; what is none is said in place."""
    if not text.strip():
        return ()
    from engine.patient.text import read_text
    from engine.patient.understand import understand

    with patient_session.discreet("reading the mutation"):
        receipt = understand(read_text(text), patient_data.knowledge(patient.run_id), panel="listed")
    _tell(receipt)
    used = receipt.rows[receipt.rows["fate"] == USED]
    return tuple(dict.fromkeys(used["position_key"]))


def _tell(receipt: Receipt) -> None:
    for row in receipt.rows[receipt.rows["fate"] != USED].itertuples():
        said = f"{row.text}: {FATE_WORDS[row.fate].lower()}. {row.reason}"
        (st.error if row.fate == NOT_UNDERSTOOD else st.warning)(messages.plain(said), icon=":material/info:")
    if receipt.counts[USED] > 1:
        st.caption(f"{count(receipt.counts[USED])} mutations added together.")
