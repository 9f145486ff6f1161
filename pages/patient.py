"""One patient's mutation list: what was understood of it, and the drugs its tumour may respond to."""

import streamlit as st

from dashboard import (
    data,
    frame,
    messages,
    patient_bar,
    patient_cases,
    patient_data,
    patient_input,
    patient_joined,
    patient_ranking,
    patient_receipt,
    patient_session,
    patient_views,
    state,
)
from dashboard.patient_session import Opened
from engine.response.settings import NETWORKS

PURPOSE = "Which drugs may this tumour respond to? Read a mutation list, see what was understood, question the ranking."
TABS = {
    "Ranking": patient_ranking.show,
    "All rows": lambda patient: patient_receipt.rows(patient.case.receipt),
    "Similar lines": patient_views.similar,
    "What if": patient_views.what_if,
    "Compare": patient_views.compare,
    "Screen and SF2": patient_joined.show,
}


def main() -> None:
    usable = [run for run in data.runs() if set(run.models) & set(NETWORKS)]
    default = data.default_run() if usable else None
    patient = patient_session.current()
    frame.heading("Patient", PURPOSE, bool(default and default.simulated), research=True)
    if default is None:
        store = data.store_summary()
        messages.no_run(not store.empty)
        return
    patient_data.warm_predictor(patient.run_id if patient else default.run_id)
    if patient is None:
        patient_input.show(usable, default)
        patient_cases.saved(default.run_id)
        patient_input.what_is_read()
        return
    patient_bar.show(patient)
    if state.get("patient_adding"):
        with st.container(border=True):
            patient_input.show(usable, default)
            patient_cases.saved(default.run_id)
    _patient(patient)


def _patient(patient: Opened) -> None:
    patient_receipt.summary(patient.case.receipt)
    if patient.ranking is None:
        messages.empty(f"**{patient.why}**")
        patient_receipt.rows(patient.case.receipt)
        return
    tabs = st.tabs(list(TABS), key=state.bound("patient_tab", list(TABS)), on_change="rerun")
    state.keep("patient_tab", next(name for name, tab in zip(TABS, tabs, strict=True) if tab.open), default="Ranking")
    for tab, show in zip(tabs, TABS.values(), strict=True):
        if tab.open:
            with tab:
                show(patient)


with patient_session.discreet("drawing the page"):
    main()
