"""Screen review page, Quality: what to look at first, each with its reason, a way to it and the button beside it."""

from collections.abc import Sequence

import streamlit as st

from dashboard import messages, review_beside, review_decide, state
from dashboard.review_choose import Reviewed
from engine.figures.text import plural
from engine.spheroid.findings import Finding
from engine.spheroid.review_types import READOUTS

MOST = {"plate": 3, "control": 4, "well": 4}
ICONS = {
    "plate": ":red[:material/error:]",
    "control": ":orange[:material/swap_vert:]",
    "well": ":orange[:material/blur_on:]",
}
LEFT_OUT = 6  # of the exclusions are listed here; all of them under Decisions


def show(shown: Reviewed, looks: Sequence[Finding]) -> None:
    """A short list, worst first; below it what is no fault, and what is left out already."""
    st.subheader("What to look at first", anchor=False)
    faults = [one for one in looks if one.kind in MOST]
    if not faults:
        st.markdown(
            ":material/check_circle: No plate fails, no control reads like the other one, and no well is unlike all of "
            "its replicates and neighbouring doses, by any readout that judges this screen."
        )
    listed = [one for kind, most in MOST.items() for one in [each for each in faults if each.kind == kind][:most]]
    for one in listed:
        _row(shown, one)
    counts = {kind: sum(one.kind == kind for one in faults) for kind in MOST}
    hidden = {kind: counts[kind] - most for kind, most in MOST.items() if counts[kind] > most}
    if hidden:
        st.caption(f"And {', '.join(plural(n, kind) for kind, n in hidden.items())} more: see the tables below.")
    for one in looks:
        if one.kind == "readout":
            st.markdown(f":gray[:material/info: {messages.plain(one.reason)} A sign-off asks about it.]")
        elif one.kind == "alive":
            review_beside.alive(shown, one)
    _left_out(shown)


def _row(shown: Reviewed, one: Finding) -> None:
    """One finding: of a well its picture, where it has one; of a plate its controls below, when they are asked for."""
    icon, name = ICONS[one.kind], one.target.name
    picture = b"" if one.kind == "plate" else review_beside.thumbnail(shown, name)
    if picture:
        small, words, buttons = st.columns([0.75, 4.25, 2], vertical_alignment="center")
        small.image(picture, width=72)
    else:
        words, buttons = st.columns([5, 2], vertical_alignment="center")
    words.markdown(f"{icon} **{messages.plain(name)}** {messages.plain(one.reason)}")
    opened = one.kind == "plate" and review_beside.is_open(name)
    with buttons, st.container(horizontal=True, horizontal_alignment="right"):
        if opened:
            st.button("Close", key=f"see_{name}", icon=":material/close:", on_click=see_all, help=name)
        elif one.kind == "plate":
            st.button(
                "See it", key=f"see_{name}", icon=":material/grid_on:", on_click=see_plate, args=(name,), help=name
            )
        else:
            st.button(
                "See it", key=f"see_{name}", icon=":material/visibility:", on_click=review_beside.see_well,
                args=(name,), help=name,
            )  # fmt: skip
        review_decide.offer(shown, one.target, f"look_{one.kind}_{name}")
    if opened:
        with st.container(border=True):
            review_beside.plate(shown, name)
            st.caption(
                f"Its map stands alone under Plates below, where every well of {messages.plain(name)} can be clicked."
            )


def see_plate(plate: str) -> None:
    """That plate alone on the map, its controls where it was found; for on_click."""
    state.choose("rev_plate", plate)
    state.choose("rev_plates", False)


def see_all() -> None:
    """All plates on the map again; for on_click."""
    state.choose("rev_plates", True)


def _left_out(shown: Reviewed) -> None:
    """What counts as excluded now, with the button that brings it back."""
    excluded = shown.state.excluded
    if not excluded:
        return
    st.markdown(f"**Left out now: {plural(len(excluded), 'decision')}**")
    for entry in excluded[-LEFT_OUT:][::-1]:
        words, buttons = st.columns([5, 2], vertical_alignment="center")
        about = "" if entry.readout == "all" else f" ({READOUTS[entry.readout]})"
        words.markdown(
            f":gray[:material/close:] **{messages.plain(entry.target.name)}**{about}: "
            f"{messages.plain(entry.reason)} ({messages.plain(entry.reviewer)})"
        )
        with buttons, st.container(horizontal=True, horizontal_alignment="right"):
            review_decide.offer(shown, entry.target, f"out_{entry.entry}", entry.readout)
    if len(excluded) > LEFT_OUT:
        st.caption(f"The last {LEFT_OUT} of {len(excluded)}; all of them under Decisions.")
