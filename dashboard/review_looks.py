"""Screen review page, Quality: what to look at first, each with its reason, a way to it and the button beside it."""

from collections.abc import Sequence

import streamlit as st

from dashboard import messages, review_choose, review_decide, state
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
    """A short list, worst first, and what is left out already."""
    st.subheader("What to look at first", anchor=False)
    if not looks:
        st.markdown(
            ":material/check_circle: No plate fails, no control reads like the other one, and no well is unlike all of "
            "its replicates and neighbouring doses, by any readout of this screen."
        )
    listed = [one for kind, most in MOST.items() for one in [each for each in looks if each.kind == kind][:most]]
    for one in listed:
        _row(shown, one)
    counts = {kind: sum(one.kind == kind for one in looks) for kind in MOST}
    hidden = {kind: counts[kind] - most for kind, most in MOST.items() if counts[kind] > most}
    if hidden:
        st.caption(f"And {', '.join(plural(n, kind) for kind, n in hidden.items())} more: see the tables below.")
    _left_out(shown)


def _row(shown: Reviewed, one: Finding) -> None:
    icon, name = ICONS[one.kind], one.target.name
    words, buttons = st.columns([5, 2], vertical_alignment="center")
    words.markdown(f"{icon} **{messages.plain(name)}** {messages.plain(one.reason)}")
    see, symbol = (see_plate, "grid_on") if one.kind == "plate" else (see_well, "visibility")
    with buttons, st.container(horizontal=True, horizontal_alignment="right"):
        st.button("See it", key=f"see_{name}", icon=f":material/{symbol}:", on_click=see, args=(name,), help=name)
        review_decide.offer(shown, one.target, f"look_{one.kind}_{name}")


def see_plate(plate: str) -> None:
    """That plate alone on the map; for on_click."""
    state.choose("rev_plate", plate)
    state.choose("rev_plates", False)


def see_well(well: str) -> None:
    """The well's image beside its neighbours; for on_click."""
    review_choose.pick_well(well)
    review_choose.go("Wells")


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
