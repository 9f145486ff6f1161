"""Predicted against observed ln(IC50) of held-out pairs, beside the naive baselines."""

import pandas as pd
import streamlit as st

from dashboard import data, export, forms, frame, messages, scores, state
from engine.figures.response import PAIR_TRACE, group_table, model_forest, pair_table, predicted_vs_observed
from engine.figures.text import count, model_name, plural, split_name
from engine.figures.verdict import verdict

SHOWN = 200
GROUPS = {"pair": "Pairs", "drug": "Drugs", "line": "Cell lines", "cancer_type": "Cancer types"}
PURPOSE = "How well does the model predict pairs it has not seen, and for which drugs and lines?"


def main() -> None:
    runs = data.runs()
    if not runs:
        frame.heading("Responses", PURPOSE)
        messages.no_run(data.store_summary().pairs > 0)
        return
    above = st.container()
    run, _ = forms.choose_run_and_split(runs)
    with st.grid(5, min_column_width=138, gap="small"):
        model = forms.choose_model(run.models)
        wanted = forms.pair_filter(data.pair_options(run.run_id))
    with above:
        frame.heading("Responses", PURPOSE, run.simulated, [run.dataset] if run.dataset else [])
    pairs = data.model_predictions(run.run_id, wanted)
    if pairs.empty:
        messages.empty("**No held-out pair matches these filters.** Take one of them back to see pairs again.")
        st.button("Clear all filters", on_click=state.clear, args=(forms.FILTER_KEYS,))
        return
    pairs = pairs.assign(predicted=pairs[model])
    found = data.model_scores(run.run_id, wanted)
    scores.cards(model, found, pairs)
    st.markdown(f"**{verdict(found, model)}**")
    context = split_name(run.split) + (", simulated" if run.simulated else "")
    main_cell, side = frame.main_and_side("responses")
    with main_cell:
        picked = _scatter(pairs, f"{model_name(model)}, {context}", (run.run_id, model, wanted))
    with side:
        frame.chart(model_forest(found, "r2", context, model, frame.dark()), "model_forest")
    _table(pairs, picked)


def _scatter(pairs: pd.DataFrame, context: str, view: tuple) -> pd.DataFrame:
    """Shows the scatter plot and returns the pairs selected in it."""
    chart = predicted_vs_observed(pairs, context, frame.dark())
    event = frame.chart(chart, "pairs_plot", view, on_select="rerun")
    rows = [point["point_index"] for point in event["selection"]["points"] if point["curve_number"] == PAIR_TRACE]
    return pairs.iloc[rows]


def _table(pairs: pd.DataFrame, picked: pd.DataFrame) -> None:
    what = plural(len(picked), "selected pair") if len(picked) else "Where is the model most wrong?"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(what, anchor=False, width="content")
        by = forms.choose_one("Errors of", list(GROUPS), "by", GROUPS.__getitem__)
        chosen = pairs if picked.empty else picked
        table = pair_table(chosen) if by == "pair" else group_table(chosen, by)
        with st.container(horizontal=True, width="content"):
            forms.copy_link((*forms.PAIR_KEYS, "by"))
            export.buttons(table, f"tumorcast-{GROUPS[by].lower().replace(' ', '-')}", key="pairs")
    frame.table(table.head(SHOWN), key=f"{by}_table", height=260)
    order = "largest residual (predicted − observed)" if by == "pair" else "largest error"
    st.caption(
        f"{count(min(len(table), SHOWN))} of {count(len(table))} {GROUPS[by].lower()}, {order} first"
        + ("; the download holds all." if len(table) > SHOWN else ".")
    )


main()
