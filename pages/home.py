"""What is in the store, the newest result, what is running, and where to start."""

import streamlit as st

from dashboard import data, frame, job_panel, messages, nav
from engine.figures.response import model_forest
from engine.figures.text import count, plural, split_name
from engine.jobs import queue
from engine.response.records import RunSummary

PURPOSE = "Which drugs will these genomes respond to? Predictions beside measurements and naive baselines."


def main() -> None:
    store = data.store_summary()
    frame.heading("Tumorcast", PURPOSE, store.simulated, store.datasets)
    if store.empty:
        _begin()
        return
    runs = data.runs()
    newest = job_panel.when(str(runs[0].created_at)) if runs else "none yet"
    frame.cards(
        [
            frame.Card("Cell lines", count(store.lines), f"{plural(store.types, 'cancer type')}"),
            frame.Card("Drugs", count(store.drugs), f"{count(store.structures)} with a structure"),
            frame.Card("Measured pairs", count(store.pairs), "ln(IC50) in µM"),
            frame.Card("Mutated positions", count(store.positions), f"in {plural(store.genes, 'gene')}"),
            frame.Card("Training runs", count(store.runs), f"newest: {newest}"),
        ]
    )
    with st.grid(5, min_column_width=150, gap="medium") as grid:
        with grid.cell(column_span=3):
            _newest(runs)
        with grid.cell(column_span=2):
            _starting_points()
            _running()


def _newest(runs: list[RunSummary]) -> None:
    if not runs:
        st.subheader("No results yet", anchor=False)
        st.markdown("The store holds data but no trained network.")
        nav.link("models.py", "Train the networks", ":material/model_training:")
        return
    run = runs[0]
    context = f"run of {job_panel.when(str(run.created_at))}, {split_name(run.split)}"
    context += ", simulated" if run.simulated else ""
    frame.chart(model_forest(data.model_scores(run.run_id), "r2", context, dark=frame.dark()), "newest_run")


def _starting_points() -> None:
    st.subheader("Start here", anchor=False)
    nav.link("responses.py", "Browse predicted and observed responses", ":material/scatter_plot:")
    nav.link("models.py", "Compare networks, or train them", ":material/leaderboard:")
    with st.popover("Import your own tables", icon=":material/upload_file:", type="tertiary"):
        messages.how_to_import()


def _running() -> None:
    st.subheader("Running jobs", anchor=False)
    job_panel.live(_jobs)


def _jobs() -> None:
    active = [job for job in queue.list_jobs() if job.active]
    for job in active[::-1][:3]:
        job_panel.one(job, "home")
    if not active:
        st.caption("Nothing is running.")
    if len(active) > 3:
        nav.link("jobs.py", f"{len(active) - 3} more waiting")


def _begin() -> None:
    """An empty store: two ways to fill it."""
    with st.grid(2, min_column_width=340, gap="medium", border=True):
        with st.container():
            st.subheader("Look around with simulated data", anchor=False)
            st.markdown(
                "Builds a cohort of about 240 cell lines and 60 real drugs, shaped like the real thing and labelled "
                "*Simulated*, then trains the networks on it. Takes a few minutes in the background."
            )
            if st.button("Build the demonstration cohort", type="primary", icon=":material/science:"):
                job_panel.start("home", job_panel.submit_demo)
        with st.container():
            st.subheader("Import your own tables", anchor=False)
            messages.how_to_import()
    _running()


main()
