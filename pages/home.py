"""What is in the store, the newest result, what is running, and where to start."""

import streamlit as st

from dashboard import data, frame, home_parts, job_panel, messages, tables

PURPOSE = "Which drugs will this tumour respond to? Predictions beside measurements and naive baselines."
LAST = 4  # runs, sources and jobs that are listed


def main() -> None:
    store = data.store_summary()
    frame.heading("Tumorcast", PURPOSE, store.simulated, store.datasets)
    if store.empty:
        _begin()
        return
    runs = data.runs()
    home_parts.cards(store, runs)
    main_cell, side = frame.main_and_side("home")
    with main_cell:
        home_parts.newest(runs)
    with side:
        home_parts.starting_points(store)
        job_panel.live(lambda: job_panel.recent("home", LAST))
    with st.grid(2, min_column_width=440, gap="medium"):
        if runs:
            with st.container():
                st.subheader("Last runs", anchor=False)
                frame.table(tables.last_runs(runs[:LAST]), key="last_runs")
        with st.container():
            st.subheader("Imported tables", anchor=False)
            frame.table(tables.imported(data.sources()).head(2 * LAST), key="imported")


def _begin() -> None:
    """An empty store: two ways to fill it."""
    with st.grid(2, min_column_width=340, gap="medium", border=True):
        with st.container():
            st.subheader("Look around with simulated data", anchor=False)
            st.markdown(
                "Builds a cohort of about 240 cell lines and 60 real drugs, shaped like the real thing and labelled "
                "*Simulated*, with three spheroid screens, then trains the networks. Takes minutes in the background."
            )
            if st.button("Build the demonstration cohort", type="primary", icon=":material/science:"):
                job_panel.start("home", job_panel.submit_demo)
        with st.container():
            st.subheader("Import your own tables", anchor=False)
            messages.how_to_import()
    job_panel.live(lambda: job_panel.recent("home", LAST))


main()
