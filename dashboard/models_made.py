"""Models page: how training went, and the card that says what the run is."""

from collections.abc import Mapping
from html import escape

import pandas as pd
import streamlit as st

from dashboard import data, frame
from engine.figures.learning import learning_curves
from engine.figures.text import split_name
from engine.response.comparison_records import learning_rows
from engine.response.records import RunSummary


def curves(run: RunSummary, family: Mapping[str, RunSummary]) -> None:
    """Learning curves of the run under the chosen split."""
    rows = learning_rows(run)
    if rows["epoch"].nunique() < 2:
        st.info("There is no learning curve: this run trained no network, or for one epoch only.")
        return
    context = split_name(run.split) + (", simulated" if run.simulated else "")
    with st.grid(2, min_column_width=440, gap="medium"):
        for column in ("validation_rmse", "train_loss"):
            with st.container():
                frame.chart(learning_curves(rows, column, context, frame.dark()), f"curves_{column}")


def card(run: RunSummary, family: Mapping[str, RunSummary]) -> None:
    """What was trained on what, how to do it again, and what it cannot say."""
    found = data.model_card(run.run_id)
    main_cell, side = frame.main_and_side("card")
    with main_cell:
        st.subheader("Model card", anchor=False)
        facts = [f"<dt>{escape(fact.label)}</dt><dd>{escape(fact.text)}</dd>" for fact in found.facts]
        st.html(f'<dl class="tc-facts">{"".join(facts)}</dl>')
        if found.command:
            st.markdown("**Do it again**")
            st.code(found.command, language="bash", wrap_lines=True)
    with side:
        st.subheader("Limits", anchor=False)
        st.markdown("\n".join(f"- {limit}" for limit in found.limits))
        if found.notes:
            st.subheader("Notes", anchor=False)
            st.markdown("\n".join(f"- {note}" for note in found.notes))
    with st.grid(2, min_column_width=440, gap="medium"):
        _below("Left out before training", found.left_out, "Nothing was left out, or the run kept no receipt.")
        _below("Folds", found.folds, "This run kept no record of its cut.")


def _below(title: str, table: pd.DataFrame, nothing: str) -> None:
    with st.container():
        st.subheader(title, anchor=False)
        if table.empty:
            st.caption(nothing)
        else:
            frame.table(table, key=title.split()[0].lower() + "_table", height="content")
