"""Which approved drugs look active in a cancer they are not used for: drugs by cancer types, by the published rule."""

import streamlit as st

from dashboard import (
    data,
    forms,
    frame,
    library_screen,
    messages,
    repurposing_cell,
    repurposing_choose,
    repurposing_controls,
    repurposing_data,
    repurposing_hits,
    repurposing_matrix,
    state,
)
from engine.figures.text import count

PURPOSE = "Which approved drugs look active in a cancer they are not used for?"


def main() -> None:
    libraries, screens = data.libraries(), data.screens()
    if libraries.empty and not screens:
        frame.heading("Repurposing", PURPOSE, data.store_summary().simulated, research=True)
        repurposing_choose.no_library()
        return
    above = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        library = repurposing_choose.library(libraries, screens)
        of_library = [screen for screen in screens if screen.library == library]
        if of_library:
            screen = repurposing_choose.screen(of_library, data.runs())
            thresholds = repurposing_choose.thresholds()
            forms.copy_link(repurposing_choose.LINK)
    simulated = screen.simulated if of_library else data.store_summary().simulated
    with above:
        frame.heading("Repurposing", PURPOSE, simulated, [library], research=True)
    if not of_library:
        sizes = dict(zip(libraries["library"], libraries["molecules"], strict=True))
        repurposing_choose.no_screen(library, int(sizes[library]), data.runs())
        return
    if screen.n_molecules > repurposing_data.LARGEST:
        messages.empty(
            f"**{count(screen.n_molecules)} molecules are too many for a matrix.** Rank them on the page Library, or "
            f"write the hits to a file: `python -m engine repurpose --library {library} --json`."
        )
        return
    _screen(repurposing_data.analysis(screen.screen_id, thresholds))


def _screen(of: repurposing_data.Analysis) -> None:
    repurposing_matrix.cards(of)
    repurposing_matrix.headline(of)
    runs = data.runs()
    library_screen.worth(next((run for run in runs if run.run_id == of.screen.summary.run_id), None), runs)
    asked, paging = repurposing_matrix.ask(of.found.types)
    main_cell, side, below = frame.main_side_and_below("repurposing")
    with main_cell:
        cell = repurposing_matrix.show(of, asked, paging)
    state.keep("rep_cell", state.get("rep_cell") if of.find(state.get("rep_cell")) else None)
    if cell is not None:
        with side:
            repurposing_cell.show(of, cell)
    with below:
        repurposing_hits.show(of, asked, cell)
        repurposing_controls.show(of)


main()
