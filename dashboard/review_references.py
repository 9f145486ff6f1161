"""Screen review page: what a drug has beyond its score in reference samples, and the choice of these."""

import streamlit as st

from dashboard import data, forms, job_panel, messages, review_data
from dashboard.review_choose import Reviewed
from engine.spheroid.settings import ScoreSettings

PLACE, TASK = "review_references", "score_screen"


def show(shown: Reviewed) -> None:
    """sDSS, zDSS and rDSS say how a score differs from other samples'; scoring again brings them."""
    made = review_data.how_scored(shown.screen, shown.modality)
    before = list(made.screens) if made else []
    with st.expander("Selective scores, beside other screens", key="review_references_open", on_change="rerun") as box:
        if box.open:
            _choice(shown, before, made.settings if made else ScoreSettings())


def _choice(shown: Reviewed, before: list[str], settings: ScoreSettings) -> None:
    named = ", ".join(messages.plain(one) for one in before)
    st.markdown(
        "sDSS is a drug's DSS minus its mean in reference samples; zDSS and rDSS are that over their spread. "
        + (f"The scores above stand beside {named}." if named else "The scores above stand beside no other screen.")
    )
    screens = review_data.screens()
    there = [
        one["screen"] for one in screens.to_dict("records")
        if shown.modality in one["scored"] and one["screen"] != shown.screen and one["simulated"] == shown.simulated
    ]  # fmt: skip
    if not there:
        st.caption("No other screen is scored by this readout yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = forms.choose_many("Reference screens", there, "rev_references", width=420, placeholder="Choose some")
        locked = not shown.state.writable
        pressed = st.button(
            "Score again beside them", icon=":material/play_arrow:", key="review_rescore_beside",
            disabled=locked or not chosen, help="The screen is signed off." if locked else None,
        )  # fmt: skip
    if pressed:
        job_panel.start(PLACE, lambda: _submit(shown, settings, chosen))
    job_panel.follow(PLACE, TASK)


def _submit(shown: Reviewed, settings: ScoreSettings, references: list[str]) -> str:
    from engine.spheroid.score_job import submit_scoring

    return submit_scoring(data.database(), shown.screen, shown.modality, settings, references)
