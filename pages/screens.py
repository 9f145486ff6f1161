"""Spheroid screens: which there are, how far each is, and whether its plates can be trusted."""

import pandas as pd
import streamlit as st

from dashboard import (
    data,
    forms,
    frame,
    job_panel,
    messages,
    screens_data,
    screens_import,
    screens_list,
    screens_quality,
    screens_train,
    state,
)
from dashboard.screens_data import READOUTS, Shown

PURPOSE = "Which spheroid screens are there, how far is each, and can its plates be trusted?"
LIST, QUALITY, WORK, IMPORT = TABS = ("All screens", "Quality", "Train and score", "Import")
LINK = ("scr_tab", "scr_screen", "scr_readout", "scr_states", "scr_find")


def main() -> None:
    screens = screens_data.screens()
    if screens.empty:
        _begin()
        return
    above = st.container()
    shown = _choose(screens)
    with above:
        frame.heading("Screens", PURPOSE, bool(screens["simulated"].any()))
    tabs = st.tabs(TABS, key=state.bound("scr_tab", TABS), on_change="rerun")
    opened = next(name for name, tab in zip(TABS, tabs, strict=True) if tab.open)
    state.keep("scr_tab", opened, default=LIST)
    drawn = {LIST: screens_list.show, QUALITY: screens_quality.show, WORK: screens_train.show}
    for name, tab in zip(TABS, tabs, strict=True):
        with tab:
            if name == IMPORT:
                # Always drawn, or a chosen file would be lost by a look at another tab.
                screens_import.show(screens, opened == IMPORT)
            elif name == opened:
                drawn[name](shown)


def _choose(screens: pd.DataFrame) -> Shown:
    """One row of controls: the screen, and by which readout plates are judged."""
    known = list(screens["screen"])
    readouts, most = screens_data.readouts_judged(screens_data.verdicts())
    st.session_state.setdefault(state.bound("scr_readout", readouts, most), most)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        screen = forms.choose("Screen", known, "scr_screen", width=250)
        readout = st.segmented_control(
            "Judged by", readouts, format_func=READOUTS.__getitem__, key="scr_readout", required=True
        )
        state.keep("scr_readout", readout or most, default=most)
        forms.copy_link(LINK)
    return Shown(screens, screen, readout or most)


def _begin() -> None:
    """No screen yet: two ways to get some."""
    frame.heading("Screens", PURPOSE, data.store_summary().simulated)
    messages.empty(
        "**No spheroid screen yet.** Bring in a folder with a layout and readouts or images below, or look around in "
        "three simulated screens first."
    )
    if st.button("Build the demonstration screens", icon=":material/science:"):
        job_panel.start(screens_data.PLACE_DEMO, screens_data.submit_demo)
    screens_import.show(pd.DataFrame(columns=["screen"]), True)


main()
