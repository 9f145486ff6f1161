"""For which cancer types the model beats the naive baseline, and by how much."""

import streamlit as st

from dashboard import cancer_type, data, export, forms, frame, messages, scores, state
from engine.figures.text import split_name
from engine.figures.type_words import coverage_words, types_verdict
from engine.figures.types import type_chart

PURPOSE = "For which cancer types does the model know more than the averages, and by how much?"


def main() -> None:
    runs = data.runs()
    if not runs:
        frame.heading("Cancer types", PURPOSE)
        messages.no_run(data.store_summary().pairs > 0)
        return
    above = st.container()
    run, family = forms.choose_run_and_split(runs)
    with above:
        frame.heading("Cancer types", PURPOSE, run.simulated, [run.dataset] if run.dataset else [])
    stored = data.scope_scores(run.run_id, "cancer_type", cancer_type.MEASURES)
    if stored.empty:
        messages.empty(
            "**This run holds no measures per cancer type.** Train again to see them; lines need a TCGA label.",
            page="models.py",
            label="Train",
        )
        return
    view = cancer_type.choose(run, stored.rename(columns={"key": "cancer_type"}))
    st.markdown(types_verdict(view.gains))
    item = type_chart(view, split_name(run.split) + (", simulated" if run.simulated else ""), frame.dark())
    main_cell, side = frame.main_and_side("types")
    with main_cell:
        shown = (run.run_id, view.model, view.measure, view.order, view.chosen)
        frame.chart(item, "types", shown, on_pick=lambda one: state.choose("cancer_type", one))
        st.markdown(f"**Prediction intervals.** {coverage_words(view.measures, view.model)}")
        scores.tell_baselines(run.models)
    with side:
        cancer_type.one(view, run, family)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("All cancer types", anchor=False, width="content")
        export.buttons(item.table, "tumorcast-cancer-types", key="all_types")
    frame.table(item.table, key="all_types_table")


main()
