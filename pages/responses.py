"""Predicted against observed ln(IC50) of held-out pairs, beside the naive baselines."""

import pandas as pd
import streamlit as st

from dashboard import data, export, forms, frame, messages
from engine.figures.response import PAIR_TRACE, model_forest, pair_table, predicted_vs_observed
from engine.figures.text import count, difference, interval, model_name, number, plural, split_name
from engine.learn.metrics import SENSITIVE_BELOW
from engine.response.settings import BASELINES

MEASURES = {"r2": "R²", "rmse": "RMSE, ln µM", "pearson": "Pearson r", "auroc": "AUROC, ln(IC50) < −2"}
SHOWN = 200
PURPOSE = "How well does the model predict pairs it has not seen, and for which drugs and lines?"


def main() -> None:
    runs = data.runs()
    if not runs:
        frame.heading("Responses", PURPOSE)
        messages.empty(
            "**No predictions yet.** They come with the first training run.", page="models.py", label="Train"
        )
        return
    above = st.container()
    with st.grid(6, min_column_width=175, gap="small"):
        run = forms.choose_run(runs)
        model = forms.choose_model(run.models)
        wanted = forms.pair_filter(data.pair_options(run.run_id))
    with above:
        frame.heading("Responses", PURPOSE, run.simulated, [run.dataset] if run.dataset else [])
    pairs = data.model_predictions(run.run_id, wanted)
    if pairs.empty:
        messages.empty("**No held-out pair matches these filters.** Take one of them back to see pairs again.")
        return
    pairs = pairs.assign(predicted=pairs[model])
    scores = data.model_scores(run.run_id, wanted)
    frame.cards([_card(name, model, scores, pairs) for name in MEASURES])
    context = split_name(run.split) + (", simulated" if run.simulated else "")
    with st.grid(5, min_column_width=150, gap="medium") as grid:
        with grid.cell(column_span=3):
            picked = _scatter(pairs, f"{model_name(model)}, {context}", (run.run_id, model, wanted))
        with grid.cell(column_span=2):
            frame.chart(model_forest(scores, "r2", context, model, frame.dark()), "model_forest")
    _table(pairs, picked)


def _card(name: str, model: str, scores: pd.DataFrame, pairs: pd.DataFrame) -> frame.Card:
    found = {row.model: row for row in scores[scores["name"] == name].itertuples()}
    own = found[model]
    n = f"n {count(own.n)}"
    if name == "auroc":
        n = f"{count((pairs['observed'] < SENSITIVE_BELOW).sum())} sensitive of {count(own.n)}"
    beside = []
    for baseline in reversed(BASELINES):
        if baseline in found and baseline != model:
            other = found[baseline]
            known = pd.notna(own.value) and pd.notna(other.value)
            better = known and (own.value < other.value) == (name == "rmse") and own.value != other.value
            shown = difference(own.value, other.value) if known else ""
            beside.append((model_name(baseline), number(other.value), shown, better))
    note = f"{interval(own.lower, own.upper)} · {n}"
    return frame.Card(MEASURES[name], number(own.value), note, tuple(beside))


def _scatter(pairs: pd.DataFrame, context: str, view: tuple) -> pd.DataFrame:
    """Shows the scatter plot and returns the pairs selected in it."""
    chart = predicted_vs_observed(pairs, context, frame.dark())
    event = frame.chart(chart, "pairs_plot", view, on_select="rerun")
    rows = [point["point_index"] for point in event["selection"]["points"] if point["curve_number"] == PAIR_TRACE]
    return pairs.iloc[rows]


def _table(pairs: pd.DataFrame, picked: pd.DataFrame) -> None:
    table = pair_table(pairs if picked.empty else picked)
    what = plural(len(picked), "selected pair") if len(picked) else "Where is the model most wrong?"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(what, anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            forms.copy_link(forms.PAIR_KEYS)
            export.buttons(table, "tumorcast-pairs", key="pairs")
    frame.table(table.head(SHOWN), key="pairs_table", height=260)
    st.caption(
        f"{plural(min(len(table), SHOWN), 'pair')} of {count(len(table))}, largest residual (predicted − observed) "
        "first; the download holds all."
    )


main()
