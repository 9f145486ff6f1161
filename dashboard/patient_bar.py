"""Patient page: which patient is looked at, under which cancer type, and what to take away."""

import streamlit as st

from dashboard import data, patient_cases, patient_input, patient_session, state
from dashboard.patient_session import Opened


def show(patient: Opened) -> None:
    """Which patient, under which cancer type, and what to take away."""
    known = list(patient_session.opened())
    types = ["", *data.pair_options(patient.run_id).cancer_types]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = state.bound("patient_current", known)
        label = st.selectbox("Patient", known, key=key, width=230)
        state.keep("patient_current", label)
        _type(patient, types)
        adding = bool(state.get("patient_adding"))
        st.button(
            "Cancel" if adding else "Add another",
            icon=":material/undo:" if adding else ":material/add:",
            type="tertiary",
            on_click=state.keep,
            args=("patient_adding", not adding),
            help="Read another patient or timepoint, or open a saved case",
        )
        st.button("Close", icon=":material/close:", type="tertiary", on_click=patient_session.close, args=(label,))
        with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom"):
            if patient.ranking is not None:
                patient_cases.report_buttons(patient)
            patient_cases.save_button(patient)


def _type(patient: Opened, types: list[str]) -> None:
    """Another cancer type ranks again; a case that is told otherwise is another one than was saved."""
    own, identity = patient.case.cancer_type or "", patient.identity
    key = "patient_own_type"
    if key not in st.session_state or state.get("patient_type_of") != identity:
        state.choose(key, own)
    state.keep("patient_type_of", identity)
    options = types if own in types else [*types, own]
    kind = st.selectbox("Cancer type", options, key=key, format_func=patient_input.type_label, width=250)
    if kind != own:
        with st.spinner("Ranking the drugs ..."):
            patient_session.put(patient_session.change_type(patient, kind or None))
        st.rerun()
