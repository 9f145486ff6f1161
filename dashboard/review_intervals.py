"""Screen review page: intervals that a decision left open are drawn again by scoring jobs; how far they are."""

from collections.abc import Sequence

import streamlit as st

from dashboard import data, job_panel, messages, nav, review_data, state
from dashboard.review_choose import Reviewed
from engine.errors import EngineError
from engine.figures.screens import modality_words
from engine.figures.text import plural
from engine.spheroid import open_intervals
from engine.spheroid.open_intervals import Drawing, OpenIntervals

PROGRESS = {"waiting": "wait for their turn", "finished": "are drawn and on their way into the store"}

review_data.register(open_intervals.open_intervals)


def waiting(screen: str) -> tuple[OpenIntervals, ...]:
    """Modalities with scores whose intervals are open; see `open_intervals.open_intervals`."""
    return data._cached("review_open_intervals", screen)


def show(shown: Reviewed) -> None:
    """What is open, and what draws it. Who took a decision need not ask: its jobs are submitted here, once."""
    open_ = waiting(shown.screen)
    if not open_:
        return
    asked, own = state.get("rev_drawn"), state.get("rev_own").get(shown.screen, ())
    if shown.state.writable and own and asked.get(shown.screen, 0) < shown.state.last:
        state.keep("rev_drawn", {**asked, shown.screen: shown.state.last})
        _draw(shown.screen)
    _follow(shown.screen, open_, shown.state.writable)


def words(one: OpenIntervals, job: Drawing | None) -> str:
    """Intervals of 24 drugs by metabolic readout are being drawn again: 40 %. job: that draws them, None for none."""
    of = f"Intervals of {plural(one.drugs, 'drug')} by {modality_words(one.modality)}"
    if job is None:
        return f"{of} are not drawn: a decision changed more curves than can be resampled at once."
    if job.job.state == "running":
        return f"{of} are being drawn again: {100 * job.job.fraction:.0f} %."
    return f"{of} {PROGRESS[job.job.state]}."


@st.fragment(run_every=job_panel.POLL_SECONDS)
@messages.in_words()
def _follow(screen: str, drawn: Sequence[OpenIntervals], writable: bool) -> None:
    """Live; the page runs once more when intervals have come, or a decision has opened others."""
    # Jobs first: what one of them brings while this looks is then seen as come, never as given up.
    jobs = {one.modality: one for one in open_intervals.drawing(data.database(), screen) if one.up_to_date}
    open_ = waiting(screen)
    if open_ != drawn:
        st.rerun()
    with st.container(border=True):
        jobs_of = [(one, jobs.get(one.modality)) for one in open_]
        icons = [":material/hourglass_top:" if job else ":material/error_outline:" for _, job in jobs_of]
        told = [messages.plain(words(one, job)) for one, job in jobs_of]
        st.markdown("  \n".join(f"{icon} {line}" for icon, line in zip(icons, told, strict=True)))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if any(one.modality not in jobs for one in open_):
                st.button(
                    "Draw the intervals", icon=":material/play_arrow:", key="review_draw", on_click=_draw,
                    args=(screen,), disabled=not writable,
                    help=None if writable else "The screen is signed off. Reopen it under Decisions first.",
                )  # fmt: skip
            nav.link("jobs.py", "Jobs")


def _draw(screen: str) -> None:
    """For on_click, where nothing can be drawn: what is refused is said by a toast."""
    try:
        open_intervals.draw_again(data.database(), screen)
    except EngineError as error:
        st.toast(messages.plain(error), icon=":material/error:")
