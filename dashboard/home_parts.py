"""Home page: what the store holds, the newest result, and where to start."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dashboard import data, frame, job_panel, messages, nav, radiation_data, scores, screens_data
from dashboard.screens_data import READOUTS
from engine.figures.response import model_forest
from engine.figures.screens import STATES
from engine.figures.text import count, plural, split_name
from engine.figures.verdict import verdict
from engine.response.records import RunSummary, family, opened_first
from engine.views import StoreSummary

SCREENS = 6  # listed


def cards(store: StoreSummary, runs: list[RunSummary]) -> None:
    """Counts of what there is; nothing of what there is not."""
    sf2 = radiation_data.runs()
    moments = [job_panel.when(str(when)) for when in (*(run.created_at for run in runs[:1]), *sf2["created_at"][:1])]
    newest = f"{len(runs)} response, {len(sf2)} SF2, newest: {max(moments)}" if moments else "for images of spheroids"
    shown = [
        (store.lines, frame.Card("Cell lines", count(store.lines), f"{plural(store.types, 'cancer type')}")),
        (store.drugs, frame.Card("Drugs", count(store.drugs), f"{count(store.structures)} with a structure")),
        (store.pairs, frame.Card("Measured pairs", count(store.pairs), "ln(IC50) in µM")),
        (
            store.positions,
            frame.Card("Mutated positions", count(store.positions), f"in {plural(store.genes, 'gene')}"),
        ),
        (store.screens, frame.Card("Spheroid screens", count(store.screens), _states())),
        (store.runs, frame.Card("Training runs", count(store.runs), newest)),
    ]
    frame.cards([card for there, card in shown if there])


def _states() -> str:
    """2 scored, 1 in review."""
    found = screens_data.screens()["state"].value_counts()
    return ", ".join(f"{found[state]} {words.lower()}" for state, words in STATES.items() if state in found)


def newest(runs: list[RunSummary]) -> None:
    """The newest run on drug response; where there is none, the screens."""
    if not runs:
        _screens()
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


def _screens() -> None:
    """The screens that were imported last, each a step from its review."""
    screens = screens_data.screens()
    screens = screens[screens["kind"] == "drugs"].head(SCREENS) if len(screens) else screens
    if screens.empty:
        st.subheader("No results yet", anchor=False)
        st.markdown("The store holds data but no network trained on drug response.")
        nav.link("models.py", "Train the networks", ":material/model_training:")
        return
    st.subheader("Spheroid screens", anchor=False)
    hits = screens_data.hits().set_index(["screen", "modality"])
    for row in screens.to_dict("records"):
        with st.container(border=True):
            st.markdown(f"**{messages.plain(row['screen'])}** :gray[{messages.plain(_about(row, hits))}]")
            nav.link("screen_review.py", "Review", ":material/fact_check:", rev_screen=row["screen"])


def _about(row: Mapping, hits: pd.DataFrame) -> str:
    """Diagnosis, state and hits by the best readout there is."""
    told = [str(row["entity"])] if pd.notna(row["entity"]) and row["entity"] else []
    told.append(STATES[row["state"]].lower())
    for readout in READOUTS:
        modality = screens_data.modality(readout, row["scored"])
        if modality and (row["screen"], modality) in hits.index:
            found = hits.loc[(row["screen"], modality)]
            told.append(
                f"{plural(int(found['hits']), 'hit')} of {plural(int(found['drugs']), 'drug')} "
                f"({READOUTS[readout].lower()})"
            )
            break
    return ", ".join(told) + (", simulated" if row["simulated"] else "")


def starting_points(store: StoreSummary) -> None:
    """What people come for; what the store cannot answer yet stands last."""
    links = [
        (store.pairs, "responses.py", "Browse predicted and observed responses", ":material/scatter_plot:"),
        (store.pairs, "patient.py", "Upload one patient's mutations and rank drugs", ":material/clinical_notes:"),
        (store.screens, "screen_review.py", "Review a spheroid screen", ":material/fact_check:"),
        (store.pairs, "cancer_types.py", "See for which cancer types the model helps", ":material/category:"),
        (store.pairs, "repurposing.py", "Find further cancer types for approved drugs", ":material/grid_on:"),
        (store.pairs, "library.py", "Screen and rank your own molecules", ":material/science:"),
        (True, "radiosensitivity.py", "Predict survival after radiation from gene expression", ":material/radiology:"),
        (True, "screens.py", "Import spheroid screens and see whether their plates hold", ":material/grid_view:"),
        (store.pairs, "models.py", "Compare networks, or train them", ":material/leaderboard:"),
    ]
    st.subheader("Start here", anchor=False)
    for _, page, label, icon in sorted(links, key=lambda link: not link[0]):
        nav.link(page, label, icon)
    with st.popover("Import your own tables", icon=":material/upload_file:", type="tertiary"):
        messages.how_to_import()
