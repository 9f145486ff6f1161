"""Screen review page: leaves something out or brings it back, wherever it is looked at, and says what came of it."""

from collections.abc import Sequence

import streamlit as st

from dashboard import data, messages, review_data, state
from dashboard.review_choose import Reviewed
from engine.errors import EngineError
from engine.figures.text import cut
from engine.spheroid.review_types import KINDS, READOUTS, Decided, Decision, Entry, ReviewState, Target

OTHER = "Another reason"
REASONS = {
    "well": ("Contaminated", "Dust or debris in the image", "Out of focus", "No spheroid", "Dispensing failed",
             "Swapped or mislabelled control", "Edge effect"),
    "plate": ("Controls do not separate", "Swapped or mislabelled controls", "Out of focus", "Dispensing failed",
              "Edge effect", "Contaminated", "Read wrongly"),
    "drug": ("Fluoresces", "Precipitates", "Wrong stock", "Not stable"),
    "replicate": ("Does not agree with the others", "Dispensing failed", "Contaminated"),
}  # fmt: skip
NAMED = 40  # signs of a name on a button
LOCKED = "The screen is signed off. Reopen it under Decisions first."


def offer(shown: Reviewed, target: Target, key: str, readout: str = "all", label: str = "") -> None:
    """A button beside whatever is looked at: exclude it with a reason, or restore it where it is excluded.

    readout: of READOUTS, what the decision is about unless the person says otherwise. label: on the button, instead of
    the target's name.
    """
    entry = exclusion(shown.state, target)
    word, icon = ("Restore", ":material/undo:") if entry else ("Exclude", ":material/block:")
    locked = not shown.state.writable
    st.button(
        f"{word} {label or messages.plain(cut(target.name, NAMED))}", icon=icon, key=f"{key}_decide", disabled=locked,
        help=LOCKED if locked else None, on_click=open_dialog, args=("decide", target, readout),
    )  # fmt: skip


def open_dialog(name: str, *about: object) -> None:
    """For on_click. A dialog lives in the session: it stays open when something else draws the page anew."""
    state.keep("rev_asking", (name, *about))


def close_dialog() -> None:
    """What was typed is forgotten with it; the name is not."""
    state.keep("rev_asking", None)
    state.clear(("rev_reason", "rev_why", "rev_accept"))


def exclusion(record: ReviewState, target: Target) -> Entry | None:
    """The exclusion of exactly this that counts now."""
    return next((entry for entry in record.excluded[::-1] if entry.target == target), None)


@st.dialog("Record a decision", on_dismiss=close_dialog)
def ask(shown: Reviewed, target: Target, readout: str) -> None:
    """Who, why, and of which readouts; recorded and rescored at once."""
    entry = exclusion(shown.state, target)
    what = f"**{messages.plain(target.name)}** ({KINDS[target.kind].partition(' ')[2]}, {messages.plain(shown.screen)})"
    if entry:
        st.markdown(
            f"Bring back {what}. {messages.plain(entry.reviewer)} left it out of {READOUTS[entry.readout]}: "
            f"{messages.plain(entry.reason)}."
        )
        about = entry.readout
    else:
        st.markdown(f"Leave out {what}. Nothing is deleted: curves and scores are made anew without it.")
        about = readouts(shown, readout)
    reason = why("" if entry else target.kind)
    name = signature()
    if st.button("Restore" if entry else "Exclude", type="primary", disabled=not (name and reason)):
        action = "restore" if entry else "exclude"
        if decide(shown, [Decision(action, target, reason, about)], name):
            close_dialog()
            st.rerun()
    if not (name and reason):
        st.caption("It takes a name and a reason.")


def readouts(shown: Reviewed, default: str) -> str:
    """Which readouts a decision is about; all, where the screen has but one kind."""
    kinds = {
        one: words for one, words in READOUTS.items() if one == "all" or any(m.startswith(one) for m in shown.readouts)
    }
    if len(kinds) <= 2:
        return "all"
    options = list(kinds)
    key = state.bound("rev_about", options, default)
    st.session_state.setdefault(key, default)
    about = st.segmented_control("Of which readouts", options, format_func=kinds.__getitem__, key=key, required=True)
    return str(state.keep("rev_about", about or default))


def why(kind: str) -> str:
    """A usual reason, one in the person's own words, or both. kind: of KINDS, '' where only words do."""
    usual = ""
    if kind:
        options = [*REASONS[kind], OTHER]
        usual = st.selectbox(
            "Why", options, key=state.bound("rev_why", options), index=None, placeholder="Choose a reason"
        )
        state.keep("rev_why", usual)
    words = st.text_input("In your own words", key=state.bound("rev_reason"), max_chars=500).strip()
    state.keep("rev_reason", words)
    known = usual if usual and usual != OTHER else ""
    return f"{known}: {words}" if known and words else known or words


def signature() -> str:
    """The name that decisions are signed with, remembered in this session."""
    name = st.text_input(
        "Your name", key=state.bound("rev_name"), max_chars=80, help="Stands in the record and in reports."
    )
    return str(state.keep("rev_name", name.strip()))


def decide(shown: Reviewed, decisions: Sequence[Decision], name: str) -> bool:
    """Records them, rescores, and keeps what changed; says in words what was refused."""
    from engine.spheroid import review

    try:
        with st.spinner("Refitting curves and scoring again ..."):
            done = review.decide(data.database(), shown.screen, name, decisions, shown.state.last)
    except EngineError as error:
        st.error(messages.plain(error), icon=":material/error:")
        return False
    remember(shown.screen, done.entries, done)
    return True


def remember(screen: str, entries: Sequence[Entry], done: Decided | None = None) -> None:
    """That these entries are this session's own, and what they changed."""
    own = state.get("rev_own")
    state.keep("rev_own", {**own, screen: (*own.get(screen, ()), *(entry.entry for entry in entries))})
    state.keep("rev_changed", {**state.get("rev_changed"), screen: done})


def undo(shown: Reviewed, entry: Entry) -> None:
    """Takes a decision of this session back, for on_click: the record keeps both."""
    action = "restore" if entry.action == "exclude" else "exclude"
    reason = f"Taken back: {entry.reason}"
    # The view may have moved on since: what counts is the record as it is now.
    fresh = review_data.record(shown.screen)
    if fresh.writable:
        from engine.spheroid import review

        done = review.decide(
            data.database(),
            shown.screen,
            entry.reviewer,
            [Decision(action, entry.target, reason, entry.readout)],
            fresh.last,
        )
        remember(shown.screen, done.entries, done)
