"""Screen review page: signing a screen off, and reopening it."""

import streamlit as st

from dashboard import data, entity, messages, review_data, review_decide, state
from dashboard.job_panel import when
from dashboard.review_choose import Reviewed
from engine.errors import EngineError
from engine.figures.screens import modality_words
from engine.spheroid.review_types import DifferingError, UnresolvedError


def show(shown: Reviewed) -> None:
    """What the state is, and the button that changes it."""
    signed = shown.state.signed
    if signed is not None:
        st.success(
            f"**Signed off** by {messages.plain(signed.reviewer)}, {when(str(signed.at))}."
            + (f" {messages.plain(signed.reason)}" if signed.reason else ""),
            icon=":material/verified:",
        )
        if review_data.state_hash(shown.screen) != signed.state_hash:
            st.error(
                "Data, networks, settings or decisions are no longer those that were signed. Check the record, below; "
                "reopen the screen and look again.",
                icon=":material/gpp_bad:",
            )
        entity.facts({"Seal": entity.plain(signed.state_hash[:16]), "Entries": entity.plain(str(signed.entry))})
        st.caption(
            "The seal covers layout, readouts, networks, settings and decisions; it stands in every report. Whether "
            "scores still follow from them says *Check this record*, below."
        )
        st.button(
            "Reopen", icon=":material/lock_open:", key="review_reopen", on_click=review_decide.open_dialog,
            args=("reopen",),
        )  # fmt: skip
        return
    stale = review_data.stale(shown.screen)
    if stale:
        names = ", ".join(modality_words(one) for one in stale)
        st.warning(f"Scores by {names} were computed before the last decisions.", icon=":material/update:")
        st.button("Score again", key="review_rescore", on_click=_rescore, args=(shown.screen,))
    st.button(
        "Sign off", type="primary", icon=":material/verified:", key="review_sign_off", width="stretch",
        on_click=review_decide.open_dialog, args=("sign",),
    )  # fmt: skip
    st.caption("Afterwards the screen is read-only until somebody reopens it with a reason.")


def _rescore(screen: str) -> None:
    """For on_click, where nothing can be drawn: what is refused is said by a toast."""
    from engine.spheroid import review

    try:
        review.rescore(data.database(), screen)
    except EngineError as error:
        st.toast(messages.plain(error), icon=":material/error:")


@st.dialog("Sign off", on_dismiss=review_decide.close_dialog)
def sign(shown: Reviewed) -> None:
    """Name, comment, and an answer to what is still open."""
    from engine.spheroid import review

    left = len(shown.state.excluded)
    st.markdown(
        f"**{messages.plain(shown.screen)}** with "
        + ("every well as measured." if not left else f"{left} exclusion{'s' if left > 1 else ''}.")
    )
    name = review_decide.signature()
    words = st.text_area("Comment", key=state.bound("rev_reason"), max_chars=500, help="No names of patients.").strip()
    state.keep("rev_reason", words)
    doubt = _doubt(shown.screen)
    questions = (*review_data.questions(shown.screen), *doubt)
    answered = True
    for question in questions:
        st.warning(messages.plain(question), icon=":material/help:")
    if questions:
        answered = st.checkbox("I have looked at this and sign nevertheless", key=state.bound("rev_accept"))
        state.keep("rev_accept", answered)
        if not words:
            st.caption("Say in the comment why.")
    if not name:
        st.caption("A signature takes a name.")
    ready = bool(name and answered and (words or not questions))
    if st.button("Sign off", type="primary", disabled=not ready, key="review_sign_now"):
        try:
            with st.spinner("Computing every score again, then sealing data, networks and decisions ..."):
                entry = review.sign_off(
                    data.database(), shown.screen, name, words, shown.state.last, answered, bool(doubt)
                )
        except DifferingError as error:
            # Asked like the other questions, and answered anew: what was ticked before was about those.
            state.keep("rev_doubt", (shown.screen, data.database().version(), error.questions))
            state.clear(("rev_accept",))
            st.rerun()
        except UnresolvedError as error:
            st.warning(messages.plain(error), icon=":material/help:")
            return
        except EngineError as error:
            st.error(messages.plain(error), icon=":material/error:")
            return
        review_decide.remember(shown.screen, [entry])
        review_decide.close_dialog()
        st.rerun()


def _doubt(screen: str) -> tuple[str, ...]:
    """What the last attempt to sign was told of scores that do not follow; nothing once the store was written to."""
    told = state.get("rev_doubt")
    return told[2] if told and told[:2] == (screen, data.database().version()) else ()


@st.dialog("Reopen the screen", on_dismiss=review_decide.close_dialog)
def reopen(shown: Reviewed) -> None:
    from engine.spheroid import review

    st.markdown("The signature stays in the record; reports say *not signed off* until somebody signs again.")
    reason = review_decide.why("")
    name = review_decide.signature()
    if st.button("Reopen", type="primary", disabled=not (name and reason), key="review_reopen_now"):
        try:
            entry = review.reopen(data.database(), shown.screen, name, reason, shown.state.last)
        except EngineError as error:
            st.error(messages.plain(error), icon=":material/error:")
            return
        review_decide.remember(shown.screen, [entry])
        review_decide.close_dialog()
        st.rerun()
    if not (name and reason):
        st.caption("It takes a name and a reason.")
