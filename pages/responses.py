"""Predicted against observed ln(IC50) of held-out pairs, beside the naive baselines and the other protocols."""

import pandas as pd
import streamlit as st

from dashboard import data, forms, frame, messages, pair_list, scores, state
from engine.figures.response import (
    PAIR_TRACE,
    POINT_LIMIT,
    density_of_pairs,
    model_forest,
    padded,
    predicted_vs_observed,
)
from engine.figures.text import model_name, plural, split_name
from engine.figures.verdict import verdict
from engine.learn.metrics import SENSITIVE_BELOW
from engine.response.pair_records import PairSummary
from engine.response.records import PairFilter

PURPOSE = "How well does the model predict pairs it has not seen, and for which drugs and lines?"


def main() -> None:
    runs = data.runs()
    if not runs:
        frame.heading("Responses", PURPOSE)
        messages.no_run(data.store_summary().pairs > 0)
        return
    above = st.container()
    run, family = forms.choose_run_and_split(runs)
    with above:
        frame.heading("Responses", PURPOSE, run.simulated, [run.dataset] if run.dataset else [])
    if not run.models:
        messages.empty(
            "**This run holds no measures and no predictions.** Train again to see some.",
            page="models.py",
            label="Train",
        )
        return
    with st.grid(5, min_column_width=138, gap="small"):
        model = forms.choose_model(run.models)
        wanted = forms.pair_filter(data.pair_options(run.run_id))
    below = float(run.config.get("sensitive_below", SENSITIVE_BELOW))
    summary = data.pair_summary(run.run_id, model, wanted, below)
    if not summary.pairs:
        _nothing(model, summary, filtered=wanted != PairFilter())
        return
    found = data.shown_scores(run.run_id, model, wanted, below)
    scores.cards(model, found, summary, below)
    st.markdown(f"**{verdict(found.table, model, run.split, found.skill_of)}**")
    scores.notes(model, found, summary)
    scores.protocols(family, run, model, filtered=wanted != PairFilter())
    context = split_name(run.split) + (", simulated" if run.simulated else "")
    few = summary.pairs <= POINT_LIMIT
    naive = found.naive or ""
    points = data.pair_points(run.run_id, model, naive, wanted) if few else None
    view = pair_list.PairView(run, model, naive, wanted, summary.pairs, points)
    main_cell, side = frame.main_and_side("responses")
    with main_cell:
        picked = _scatter(view, summary, f"{model_name(model)}, {context}")
    with side:
        frame.chart(model_forest(found.table, "r2", context, model, frame.dark()), "model_forest")
    pair_list.show(view, picked)


def _nothing(model: str, summary: PairSummary, filtered: bool) -> None:
    if summary.not_finite:
        messages.empty(
            f"**No prediction to show.** All {plural(summary.not_finite, 'prediction')} of {model_name(model)} that "
            "match are no finite numbers (NaN or infinite). Choose another model, or train at a smaller learning rate."
        )
        return
    if not filtered:
        messages.empty(f"**This run keeps no predictions of {model_name(model)}.** Choose another model or run.")
        return
    messages.empty("**No held-out pair matches these filters.** Take one of them back to see pairs again.")
    st.button("Clear all filters", on_click=state.clear, args=(forms.FILTER_KEYS,))


def _scatter(view: pair_list.PairView, summary: PairSummary, context: str) -> pd.DataFrame:
    """Shows the pairs, and returns those that were drawn around."""
    if view.points is None:
        limits = padded(summary.low, summary.high)
        density = data.pair_density(view.run.run_id, view.model, view.wanted, limits)
        frame.chart(density_of_pairs(density, context, frame.dark()), "pairs_density", view.key)
        return pd.DataFrame()
    chart = predicted_vs_observed(view.points, context, frame.dark())
    event = frame.chart(chart, "pairs_plot", view.key, on_select="rerun")
    rows = [point["point_index"] for point in event["selection"]["points"] if point["curve_number"] == PAIR_TRACE]
    return view.points.iloc[rows]


main()
