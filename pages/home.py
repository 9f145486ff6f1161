"""What is in the store, the newest result, what is running, and where to start."""

import streamlit as st

from dashboard import data, frame, job_panel, messages, nav, radiation_data, scores, tables
from engine.figures.response import model_forest
from engine.figures.text import count, plural, split_name
from engine.figures.verdict import verdict
from engine.response.records import RunSummary, family, opened_first

PURPOSE = "Which drugs will these genomes respond to? Predictions beside measurements and naive baselines."
LAST = 4  # runs, sources and jobs that are listed


def main() -> None:
    store = data.store_summary()
    frame.heading("Tumorcast", PURPOSE, store.simulated, store.datasets)
    if store.empty:
        _begin()
        return
    runs = data.runs()
    sf2 = radiation_data.runs()
    moments = [job_panel.when(str(when)) for when in (*(run.created_at for run in runs[:1]), *sf2["created_at"][:1])]
    newest = f"{len(runs)} response, {len(sf2)} SF2, newest: {max(moments)}" if moments else "none yet"
    frame.cards(
        [
            frame.Card("Cell lines", count(store.lines), f"{plural(store.types, 'cancer type')}"),
            frame.Card("Drugs", count(store.drugs), f"{count(store.structures)} with a structure"),
            frame.Card("Measured pairs", count(store.pairs), "ln(IC50) in µM"),
            frame.Card("Mutated positions", count(store.positions), f"in {plural(store.genes, 'gene')}"),
            frame.Card("Training runs", count(store.runs), newest),
        ]
    )
    main_cell, side = frame.main_and_side("home")
    with main_cell:
        _newest(runs)
    with side:
        _starting_points()
        job_panel.live(lambda: job_panel.recent("home", LAST))
    with st.grid(2, min_column_width=440, gap="medium"):
        if runs:
            with st.container():
                st.subheader("Last runs", anchor=False)
                frame.table(tables.last_runs(runs[:LAST]), key="last_runs")
        with st.container():
            st.subheader("Imported tables", anchor=False)
            frame.table(tables.imported(data.sources()).head(2 * LAST), key="imported")


def _newest(runs: list[RunSummary]) -> None:
    if not runs:
        st.subheader("No results yet", anchor=False)
        st.markdown("The store holds data but no network trained on drug response.")
        nav.link("models.py", "Train the networks", ":material/model_training:")
        return
    run = opened_first(runs)
    if not run.models:
        return messages.empty("**The newest run holds no measures.**", page="models.py", label="Train again")
    messages.baselines_only(run)
    measures = data.model_scores(run.run_id)
    context = f"run of {job_panel.when(str(run.created_at))}, {split_name(run.split)}{', simulated' * run.simulated}"
    model = run.models[0]
    lead = f"{verdict(measures, model, run.split, run.naive)} {scores.skill_words(run, model)}"
    frame.chart(model_forest(measures, "r2", context, model, frame.dark()), "newest_run", lead=lead)
    scores.protocols(family(runs, run), run, model)


def _starting_points() -> None:
    st.subheader("Start here", anchor=False)
    nav.link("responses.py", "Browse predicted and observed responses", ":material/scatter_plot:")
    nav.link("cancer_types.py", "See for which cancer types the model helps", ":material/category:")
    nav.link("patient.py", "Upload one patient's mutations and rank drugs", ":material/clinical_notes:")
    nav.link("repurposing.py", "Find further cancer types for approved drugs", ":material/grid_on:")
    nav.link("library.py", "Screen and rank your own molecules", ":material/science:")
    nav.link("radiosensitivity.py", "Predict survival after radiation from gene expression", ":material/radiology:")
    nav.link("screens.py", "See spheroid screens and whether their plates hold", ":material/grid_view:")
    nav.link("models.py", "Compare networks, or train them", ":material/leaderboard:")
    with st.popover("Import your own tables", icon=":material/upload_file:", type="tertiary"):
        messages.how_to_import()


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
