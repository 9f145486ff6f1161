"""Patient page: one case's mutations, expression and screen side by side, drug by drug, with what each rests on."""

import pandas as pd
import streamlit as st

from dashboard import (
    export,
    forms,
    frame,
    messages,
    nav,
    patient_data,
    patient_session,
    review_data,
    state,
)
from dashboard.patient_ranking import context
from dashboard.patient_session import Opened
from engine.errors import EngineError
from engine.figures.patient_joined import joined_chart, joined_table, joined_words
from engine.figures.radiation_words import model_name as radiation_name
from engine.figures.screens import modality_name, modality_words
from engine.figures.text import interval, number, plural
from engine.spheroid.review_types import STATUSES
from engine.spheroid.settings import MODALITY_ALIASES

NONE = "None"


def show(patient: Opened) -> None:
    """Which screen is this case's, what it and the mutations say, and SF2 where expression was read."""
    assert patient.ranking is not None
    screens = review_data.screens()
    scored = screens[(screens["kind"] == "drugs") & (screens["scored"].map(len) > 0)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # Whose screen it is nobody can tell from the data: a person says so, in this session alone.
        screen = forms.choose("Screen of this case's spheroids", [NONE, *scored["screen"]], "patient_screen", width=320)
        modality = ""
        if screen != NONE:
            there = scored.set_index("screen").loc[screen, "scored"]
            options = [one for one in (*MODALITY_ALIASES["image"], "metabolic", "mos") if one in there]
            modality = forms.choose("Readout", options, "patient_readout", modality_name, width=220)
    _radiation()
    if screen == NONE:
        if scored.empty:
            messages.empty(
                "**No screen is scored yet.** With a screen of this tumour's spheroids, drugs stand side by side here.",
                page="screens.py", label="Go to Screens",
            )  # fmt: skip
        else:
            messages.empty(
                "**Choose the screen of this tumour's spheroids** to see where it and the mutations agree or not."
            )
        return
    _drugs(patient, screen, modality)


def _drugs(patient: Opened, screen: str, modality: str) -> None:
    from engine.patient.joined import SENSITIVE_BELOW, join_screen

    assert patient.ranking is not None
    predictor = patient_data.predictor(patient.run_id)
    means = pd.Series(predictor.screened.mean, index=predictor.drugs["drug_id"].to_numpy())
    try:
        with patient_session.discreet("joining the screen"):
            joined = join_screen(patient.ranking, review_data.scores(screen, modality), means)
    except EngineError as error:
        messages.empty(messages.plain(error))
        return
    st.markdown(messages.plain(joined_words(joined)))
    simulated = " Simulated." if patient.ranking.simulated or _row(screen)["simulated"] else ""
    said = f"{context(patient.ranking)}; screen {screen}, {modality_words(modality)}.{simulated}"
    chart, side = frame.main_and_side("patient_joined")
    chosen = state.get("patient_joined_drug") or ""
    with chart:
        item = joined_chart(joined, SENSITIVE_BELOW, said.rstrip("."), chosen, frame.dark())
        frame.chart(item, "patient_joined", (patient.case.label, screen, modality, chosen), on_pick=_pick)
    with side:
        st.subheader("What each rests on", anchor=False)
        _rests(patient, screen, modality)
        if joined.only_screen:
            names = ", ".join(joined.only_screen[:8])
            more = f" and {len(joined.only_screen) - 8} more" if len(joined.only_screen) > 8 else ""
            st.caption(
                f"{plural(len(joined.only_screen), 'screened drug')} the networks do not know: "
                f"{messages.plain(names)}{more}."
            )
    table = joined_table(joined)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Drug by drug", anchor=False, width="content")
        export.buttons(table, "tumorcast-case-joined", key="patient_joined_export")
    frame.table(table, key="patient_joined_table", height=420)


def _pick(drug: object) -> None:
    state.keep("patient_joined_drug", drug if isinstance(drug, str) else drug[0])  # type: ignore[index]


def _row(screen: str) -> pd.Series:
    return review_data.screens().set_index("screen").loc[screen]


def _rests(patient: Opened, screen: str, modality: str) -> None:
    """The evidence behind either side, in a few lines."""
    assert patient.ranking is not None
    record = review_data.record(screen)
    quality = review_data.verdicts(screen)
    z = quality[(quality["measure"] == "z_prime") & (quality["plate"] != "") & (quality["modality"] == modality)]
    plates = ", ".join(f"{one.plate} {number(one.value, 2)}" for one in z.itertuples()) or "not judged"
    left = f", {plural(len(record.excluded), 'exclusion')}" if record.excluded else ""
    skilled = patient.ranking.table["skill"].gt(0)
    st.markdown(
        f"**Mutations.** {plural(len(patient.genome.keys), 'position')}; networks with skill above the naive baseline "
        f"for {int(skilled.sum())} of {len(skilled)} drugs. {messages.plain(patient.ranking.domain)}"
    )
    st.markdown(f"**Screen.** {messages.plain(screen)}, {STATUSES[record.status]}{left}. Z' {messages.plain(plates)}.")
    nav.link("screen_review.py", "Open the screen", ":material/fact_check:", rev_screen=screen, rev_modality=modality)


def _radiation() -> None:
    """SF2 of the expression file that was read in this session, where there is one."""
    own = state.get("rad_own")
    if own is None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("No gene expression was read in this session: SF2 is not known.", width="content")
            nav.link("radiosensitivity.py", "Predict SF2", ":material/radiology:", rad_tab="Predict your own")
        return
    samples = [NONE, *dict.fromkeys(one.sample for one in own.found)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sample = forms.choose(
            "Expression sample of this case", samples, "patient_sf2_sample", messages.plain, width=320
        )
        found = [one for one in own.found if one.sample == sample]
        told = "; ".join(
            f"{radiation_name(one.model)} "
            + (f"{number(one.sf2)} ({interval(one.lower, one.upper)})" if one.inside is not False else "extrapolation")
            for one in found[:3]
        )
        if found:
            st.markdown(f"**SF2** (fraction, 90 %): {messages.plain(told)}", width="content")
