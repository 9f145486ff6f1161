"""A run against another study's measurements: a section of the Models page."""

import streamlit as st

from dashboard import data, export, forms, frame
from engine.errors import InputError
from engine.figures.cross_study import agreement_table, cross_verdict, measured_chart
from engine.figures.text import model_name, plural
from engine.response.records import RunSummary

IMPORT = "python -m engine import responses FILE --dataset GDSC2"
EXPLAINED = (
    "How well another study's measurement of the same pair agrees is the yardstick. A model that comes nearer to the "
    "study it was trained on than that has learned what is particular to this study. Trained on {own} without these "
    "pairs, on {other} not at all."
)


def section(run: RunSummary) -> None:
    """Choose another dataset of the store; what two measurements share, and how near the model comes to each."""
    st.subheader("Does it hold in another study?", anchor=False)
    others = [name for name in data.store_summary().datasets if name != run.dataset]
    if not others:
        with st.container(border=True):
            st.markdown(
                f"**There is only {run.dataset or 'one study'} in the store.** Import the responses of a second one "
                "under a name of its own; pairs that both measured are then compared here. In a terminal:"
            )
            st.code(IMPORT, language="bash")
        return
    other = forms.choose("Compare with", others, "other_study", width=260)
    try:
        found = data.cross_study_of(run.run_id, other)
    except InputError as error:
        st.info(str(error), icon=":material/info:")
        return
    verdict, numbers = cross_verdict(found)
    st.markdown(f"**{verdict}** {numbers}")
    for note in found.notes:
        st.markdown(f":material/straighten: {note}")
    table, side = frame.main_and_side("cross_study")
    with table:
        rows = agreement_table(found)
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.caption(
                f"{plural(found.pairs, 'pair')} of {found.held_out:,} held out by this run; {model_name(found.model)}."
            )
            export.buttons(rows, f"tumorcast-{run.dataset}-{other}", key="cross_study")
        frame.table(rows, key="cross_study_table", height="content")
        st.caption(
            f"{EXPLAINED.format(own=run.dataset, other=other)} {found.matched.words()} Intervals: 95 %, bootstrap over "
            "cell lines."
        )
    with side:
        pairs = data.measured_twice(run.run_id, other)
        frame.chart(measured_chart(pairs, found, frame.dark()), "measured_twice", (run.run_id, other))
