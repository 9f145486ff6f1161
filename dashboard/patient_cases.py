"""Patient page: the report, and cases that a person chose to keep in the store of this computer."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dashboard import data, job_panel, messages, patient_data, patient_session, state
from dashboard.patient_session import Opened
from engine.errors import EngineError
from engine.figures.text import plural
from engine.settings import store_path

REPORTS = ("HTML", "PDF")


def report_buttons(patient: Opened) -> None:
    """The report as one HTML file and as PDF, made when somebody asks for it. No name of a patient is in theirs."""
    from engine.report.patient import HTML_NAME, PDF_NAME

    def made(write: Callable) -> bytes | str:
        from engine.report.patient import gather

        db = data.database()
        with patient_session.discreet("writing the report"):
            return write(gather(db, patient_data.predictor(patient.run_id), patient.case, patient.ranking))

    def html() -> bytes | str:
        from engine.report.patient_html import patient_html

        return made(patient_html)

    def pdf() -> bytes | str:
        from engine.report.patient_pdf import patient_pdf

        return made(patient_pdf)

    for label, name, mime, make in (
        ("PDF report", PDF_NAME, "application/pdf", pdf),
        ("HTML report", HTML_NAME, "text/html", html),
    ):
        st.download_button(
            label,
            data=make,
            file_name=name,
            mime=mime,
            key=f"patient_{mime.rpartition('/')[2]}",
            icon=":material/description:",
            on_click="ignore",
            help="Receipt, ranked drugs, evidence, model card and hashes of the data; made when you ask for it",
        )


def save_button(patient: Opened) -> None:
    """Keeping a case is a choice; where it goes is said."""
    from engine.patient.cases import save_case

    if patient.case.case_id:
        st.caption(":material/check: Saved in the local store", width="content")
        return
    with st.popover("Save case", icon=":material/save:", help="Keep this case on this computer"):
        st.markdown(
            "Writes the name, the cancer type and the receipt with all its rows into the store on the computer that "
            "runs Tumorcast. Everybody who can open that file can read them. A saved case can be deleted for good."
        )
        st.code(str(store_path()), language=None, wrap_lines=True)
        if st.button("Save this case in the local store", type="primary", key="patient_save"):
            with patient_session.discreet("saving the case"):
                case = save_case(data.database(), patient.case)
            patient_session.put(replace(patient, case=case))
            st.rerun()


def saved(run_id: str) -> None:
    """The cases in the store: open one, or delete it for good."""
    from engine.patient.cases import saved_cases

    with patient_session.discreet("listing the saved cases"):
        cases = saved_cases(data.database())
    if cases.empty:
        return
    st.subheader(plural(len(cases), "saved case"), anchor=False)
    for case in cases.itertuples():
        with st.container(horizontal=True, vertical_alignment="center", key=f"patient_case_{case.case_id}"):
            st.markdown(f"**{messages.plain(case.label)}**", width=260)
            kind = case.cancer_type if isinstance(case.cancer_type, str) else "type not told"
            st.caption(f"{messages.plain(kind)} · {job_panel.when(str(case.made_at))}", width="stretch")
            if st.button("Open", key=f"open_{case.case_id}", icon=":material/folder_open:", type="tertiary"):
                _open(case.case_id, run_id)
            with st.popover("Delete", icon=":material/delete:", type="tertiary"):
                st.markdown("Deletes the case and overwrites what the store held of it. It cannot be brought back.")
                st.button(
                    "Delete for good",
                    key=f"delete_{case.case_id}",
                    type="primary",
                    on_click=_delete,
                    args=(case.case_id,),
                )


def _open(case_id: str, run_id: str) -> None:
    from engine.patient.cases import load_case

    try:
        with st.spinner("Ranking the drugs ..."), patient_session.discreet("opening the case"):
            patient_session.put(patient_session.ranked(load_case(data.database(), case_id), run_id))
        state.keep("patient_done", True)
    except EngineError as error:
        st.error(messages.plain(error), icon=":material/error:")
        return
    st.rerun()


def _delete(case_id: str) -> None:
    from engine.patient.cases import delete_case

    try:
        with patient_session.discreet("deleting the case"):
            delete_case(data.database(), case_id)
    except EngineError as error:
        st.toast(messages.plain(error), icon=":material/error:")
        return
    for label, patient in patient_session.opened().items():
        if patient.case.case_id == case_id:
            patient_session.close(label)
    st.toast("The case is deleted for good.", icon=":material/delete:")
