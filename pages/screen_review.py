"""Screen review: one screen from its plates to a signed-off result."""

import streamlit as st

from dashboard import (
    data,
    frame,
    messages,
    nav,
    review_cards,
    review_choose,
    review_compare,
    review_curves,
    review_data,
    review_decisions,
    review_hits,
    review_news,
    review_phenotypes,
    review_quality,
    review_report,
    review_wells,
    state,
)

PURPOSE = "Which drugs kill this tumour's spheroids, and can the plates be trusted? Review, decide, sign off."
TABS = {
    "Quality": review_quality.show,
    "Hits": review_hits.show,
    "Curves": review_curves.show,
    "Wells": review_wells.show,
    "Phenotypes": review_phenotypes.show,
    "Compare": review_compare.show,
    "Decisions": review_decisions.show,
}


def main() -> None:
    screens = review_data.screens()
    screens = screens[screens["kind"] == "drugs"]
    if screens.empty:
        frame.heading("Screen review", PURPOSE, data.store_summary().simulated)
        messages.empty(
            "**No screen to review yet.** Import one, or build the demonstration screens, on the Screens page."
        )
        nav.link("screens.py", "Go to Screens", icon=":material/grid_view:")
        return
    above, row = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        shown = review_choose.choose(screens)
        review_report.offer(shown)
    with above:
        frame.heading("Screen review", PURPOSE, shown.simulated)
        review_cards.status(shown)
    review_news.show(shown)
    review_cards.show(shown)
    tabs = st.tabs(list(TABS), key=state.bound("rev_tab", list(TABS)), on_change="rerun")
    opened = next(name for name, tab in zip(TABS, tabs, strict=True) if tab.open)
    state.keep("rev_tab", opened, default="Quality")
    for name, tab in zip(TABS, tabs, strict=True):
        if name == opened:
            with tab:
                TABS[name](shown)
    review_decisions.dialogs(shown)


main()
