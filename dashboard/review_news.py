"""Screen review page: what the last decision changed, and what others decided meanwhile."""

from collections.abc import Sequence

import streamlit as st

from dashboard import frame, messages, review_data, review_decide, review_intervals, state
from dashboard.review_choose import Reviewed
from engine.errors import EngineError
from engine.figures.review import changes_table, changes_words, entry_words
from engine.spheroid.review_types import Entry

POLL_SECONDS = 4.0
FITTING = 7  # rows of a table that is shown whole
LISTED = 3


def show(shown: Reviewed) -> None:
    """Above the tabs: own changes, others' decisions, intervals to come, and a watch for further decisions."""
    _others(shown)
    _changed(shown)
    review_intervals.show(shown)
    _watch(shown.screen, shown.state.last)


def news(entries: Sequence[Entry], seen: int, own: Sequence[int]) -> list[Entry]:
    """Decisions after entry `seen` that this session did not take."""
    return [entry for entry in entries if entry.entry > seen and entry.entry not in own]


def _others(shown: Reviewed) -> None:
    seen = state.get("rev_seen")
    if shown.screen not in seen:
        state.keep("rev_seen", {**seen, shown.screen: shown.state.last})
        return
    found = news(shown.state.entries, seen[shown.screen], state.get("rev_own").get(shown.screen, ()))
    if not found:
        return
    told = "  \n".join(messages.plain(entry_words(entry)) for entry in found[-LISTED:])
    more = f"  \nAnd {len(found) - LISTED} more, under Decisions." if len(found) > LISTED else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"**Decided since you last looked.** Scores below count it in.  \n{told}{more}", icon=":material/group:"
        )
        st.button(
            "Seen", key="review_seen", on_click=state.keep,
            args=("rev_seen", {**seen, shown.screen: shown.state.last}),
        )  # fmt: skip


def _changed(shown: Reviewed) -> None:
    done = state.get("rev_changed").get(shown.screen)
    if done is None or not done.entries:
        return
    entry = done.entries[-1]
    with st.container(border=True):
        came = changes_words(done.changes, shown.modality)
        st.markdown(f":material/check: **{messages.plain(entry_words(entry))}.** {messages.plain(came)}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if shown.state.writable and entry.action in ("exclude", "restore") and entry.entry == shown.state.last:
                st.button("Undo", icon=":material/undo:", key="review_undo", on_click=_undo, args=(shown, entry))
            st.button("Hide", key="review_hide", on_click=_hide, args=(shown.screen,), type="tertiary")
        if len(done.changes):
            opened = st.expander("Before and after", key="review_before", on_change="rerun")
            with opened:
                if opened.open:
                    table = changes_table(done.changes)
                    height = "content" if len(table) <= FITTING else 300
                    frame.table(table, key=f"review_changed_{entry.entry}", height=height)


def _undo(shown: Reviewed, entry: Entry) -> None:
    """For on_click, where nothing can be drawn: what is refused is said by a toast."""
    try:
        review_decide.undo(shown, entry)
    except EngineError as error:
        st.toast(messages.plain(error), icon=":material/error:")


def _hide(screen: str) -> None:
    state.keep("rev_changed", {**state.get("rev_changed"), screen: None})


@st.fragment(run_every=POLL_SECONDS)
def _watch(screen: str, drawn: int) -> None:
    """Says that this view is older than the record, as soon as it is."""
    with messages.in_words():
        record = review_data.record(screen)
        if record.last <= drawn:
            return
        who = ", ".join(dict.fromkeys(entry.reviewer for entry in record.entries if entry.entry > drawn))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(
                f"This view is older than the record: {messages.plain(who)} decided something meanwhile. Numbers below "
                "do not count it in yet.",
                icon=":material/update:",
            )
            if st.button("Show the new state", key="review_fresh"):
                st.rerun()
