"""The page of cancer types in parts: its controls, and everything about the one type chosen."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboard import data, forms, frame, nav, scores, state
from engine.figures.response import predicted_vs_observed
from engine.figures.text import MEASURE_NAMES, model_name, split_name
from engine.figures.type_words import UNSEEN, full_name, strongest_baseline, type_name, type_verdict
from engine.figures.types import TypeView, protocol_chart
from engine.response.records import PairFilter, RunSummary
from engine.response.settings import ABLATIONS, BASELINES
from engine.response.type_records import TypeGain

MEASURES = ("r2", "rmse", "skill", "within_drug_r", "auroc", "coverage")
ORDERS = {"value": "Best first", "skill": "Most skill first", "name": "By name"}
LINK = ("run", "split", "model", "type_measure", "type_order", "cancer_type")


def choose(run: RunSummary, measures: pd.DataFrame) -> TypeView:
    """The controls in one row, and the view they ask for. measures: as `TypeView` takes them, not empty."""
    types = sorted(measures["cancer_type"].unique(), key=type_name)
    networks = [model for model in run.models if model not in (*BASELINES, *ABLATIONS.values())]
    # In a run without network the classical baselines are compared with the naive one, which needs no choice.
    models = networks or [model for model in run.models if model != run.naive] or run.models
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = state.bound("cancer_type", types)
        st.session_state.setdefault(key, measures.groupby("cancer_type")["n"].max().idxmax())
        chosen = st.selectbox("Cancer type", types, format_func=_label, key=key, width=330)
        state.keep("cancer_type", chosen)
        model = forms.choose("Model", models, "model", model_name, width=160)
        measure = forms.choose("Measure", MEASURES, "type_measure", MEASURE_NAMES.__getitem__, width=230)
        order = forms.choose("Order", list(ORDERS), "type_order", ORDERS.__getitem__, width=170)
        forms.copy_link(LINK)
    gains = data.type_gains(run.run_id, run.split, model, run.naive) if run.naive else {}
    return TypeView(measures, gains, measure, model, run.naive or "", order, chosen)


def _label(cancer_type: str) -> str:
    return f"{type_name(cancer_type)}: {full_name(cancer_type).lower()}"


def one(view: TypeView, run: RunSummary, family: dict[str, RunSummary]) -> None:
    """The chosen type: whether the model beats the naive baseline, the same under every split, and its pairs."""
    st.subheader(f"{full_name(view.chosen)} ({view.chosen})", anchor=False)
    gain = view.gains.get(view.chosen)
    if gain is None:
        st.markdown("There is no naive baseline to compare the model with: this run holds none for these pairs.")
    else:
        st.markdown(f"**{type_verdict(gain)}** {UNSEEN.get(run.split, '')} {strongest_baseline(view.measures, gain)}")
        _protocols(view, run, family)
    _pairs(view, run)


def _protocols(view: TypeView, run: RunSummary, family: dict[str, RunSummary]) -> None:
    others = {split: _gain(other, view) for split, other in family.items() if other.run_id != run.run_id}
    found = [view.gains[view.chosen] if split == run.split else others.get(split) for split in family]
    gains = [gain for gain in found if gain is not None]
    chart = protocol_chart(gains, run.simulated, frame.dark())
    frame.chart(chart, "type_protocols", (run.run_id, view.model, view.chosen))
    scores.tell_members(family, view.model)
    if len(family) < 2:
        label = "Evaluate this run on what it has never seen"
        nav.link("models.py", label, ":material/fact_check:", run=run.run_id)


def _gain(run: RunSummary, view: TypeView) -> TypeGain | None:
    """The chosen type in another run of the family; None where that run has no such pairs, model or naive baseline."""
    if run.naive is None or view.model not in run.models:
        return None
    return data.type_gains(run.run_id, run.split, view.model, run.naive, view.chosen).get(view.chosen)


def _pairs(view: TypeView, run: RunSummary) -> None:
    pairs = data.pair_points(run.run_id, view.model, view.naive, PairFilter(cancer_types=(view.chosen,)))
    if pairs.empty:
        st.caption("None of its pairs is in the store any more.")
        return
    context = f"{model_name(view.model)}, {type_name(view.chosen)}, {split_name(run.split)}"
    context += ", simulated" if run.simulated else ""
    chart = predicted_vs_observed(pairs, context, frame.dark())
    chart.figure.update_layout(dragmode="zoom")  # selecting is what Responses is for
    chart = replace(chart, caption=chart.caption.removesuffix(" Draw around points to select."))
    frame.chart(chart, "type_pairs", (run.run_id, view.model, view.chosen))
    query = {"run": run.run_id, "split": run.split, "model": view.model, "type": view.chosen}
    nav.link("responses.py", "See these pairs on Responses", ":material/scatter_plot:", **query)
