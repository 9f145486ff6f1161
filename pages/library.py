"""One's own molecules: brought in, screened with a trained run, ranked for a cancer type or a cell line."""

import streamlit as st

from dashboard import (
    data,
    forms,
    frame,
    library_choose,
    library_data,
    library_form,
    library_molecules,
    library_ranking,
    library_screen,
    messages,
    state,
)
from engine.figures.text import data_name
from engine.response.library_import import KIND
from engine.response.library_records import ScreenSummary

PURPOSE = "Which of my molecules might act on a cancer type or a cell line, and how new are they?"
RANKING, MOLECULES, SCREEN, IMPORT = TABS = ("Ranking", "Molecules", "Screen", "Import")


def main() -> None:
    libraries, screens, runs = data.libraries(), data.screens(), data.runs()
    if libraries.empty:
        frame.heading("Library", PURPOSE, data.store_summary().simulated, research=True)
        messages.empty(
            "**No library of molecules yet.** Upload a list or paste some SMILES below, or begin with the reference "
            "list of approved drugs that comes with Tumorcast."
        )
        st.session_state["lib_tab"] = IMPORT  # where the receipt stands once there is a library
        library_form.show(data.imports())
        return
    library_choose.arrive(libraries)
    above = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        library = library_choose.library(libraries)
        of_library = [one for one in screens if one.library == library]
        screen = library_choose.screen(of_library, runs) if of_library else None
        forms.copy_link(library_choose.LINK)
    row = libraries.set_index("library").loc[library]
    simulated = screen.simulated if screen else bool(row["simulated"] or data.store_summary().simulated)
    with above:
        frame.heading("Library", PURPOSE, simulated, [library], research=True)
    first = RANKING if screen else SCREEN
    st.session_state.setdefault(state.bound("lib_tab", TABS), first)
    tabs = st.tabs(TABS, key="lib_tab", on_change="rerun")
    opened = next(name for name, tab in zip(TABS, tabs, strict=True) if tab.open)
    state.keep("lib_tab", opened, default=first)
    imports = data.imports()
    with tabs[0]:
        if opened == RANKING:
            _ranking(library, screen)
    with tabs[1]:
        if opened == MOLECULES:
            of = next((one for one in imports if one.source_id == library and one.kind == KIND), None)
            library_molecules.show(library, row, of, screen)
    with tabs[2]:
        if opened == SCREEN:
            library_screen.show(library, int(row["molecules"]), of_library, runs)
    with tabs[3]:
        # Always drawn, or a chosen file would be lost by a look at another tab.
        library_form.show(imports, opened == IMPORT)


def _ranking(library: str, screen: ScreenSummary | None) -> None:
    if screen is None:
        messages.empty(
            f"**{messages.plain(library)} has not been screened yet.** A screen predicts every molecule for every cell "
            "line with mutations and a cancer type."
        )
        st.button(f"Screen {messages.plain(library)}", type="primary", on_click=state.choose, args=("lib_tab", SCREEN))
        return
    runs = data.runs()
    run = next((one for one in runs if one.run_id == screen.run_id), None)
    library_screen.worth(run, runs)
    made = forms.run_label(run) if run else f"run {screen.run_id}"
    context = f"predicted by {made}, {data_name(screen.dataset, screen.simulated)}"
    library_ranking.show(library_data.ranked(screen.screen_id), context, run)


main()
