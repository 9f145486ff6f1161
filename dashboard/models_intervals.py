"""Models page: do 90 % intervals hold nine pairs in ten, in every split and in every cancer type?"""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dashboard import data, forms, frame
from dashboard.models_board import caption_pairs
from engine.figures.comparison import coverage, leaves
from engine.figures.text import data_name, model_name, plural, split_name
from engine.response.comparison_records import across_splits
from engine.response.records import RunSummary


def show(run: RunSummary, family: Mapping[str, RunSummary]) -> None:
    """Coverage per split and per cancer type of one model."""
    model = forms.choose("Model", run.models, "model", model_name, width=300)
    worth = across_splits(family)
    by_split = worth[(worth["name"] == "coverage") & (worth["model"] == model) & worth["value"].notna()]
    if by_split.empty:
        st.info(
            f"{model_name(model)} has no prediction intervals in this run: it was trained before they existed. "
            "Train or evaluate it again to get them."
        )
        return
    by_split = by_split.assign(label=by_split["split"].map(split_name))
    by_type = data.scope_scores(run.run_id, "cancer_type", ("coverage",))
    by_type = by_type[by_type["model"] == model]
    st.markdown(f"**{in_words(by_split, by_type)}**")
    dark = frame.dark()
    with st.grid(2, min_column_width=440, gap="medium"):
        with st.container():
            context = f"{model_name(model)}, {data_name(run.dataset, run.simulated)}"
            frame.chart(coverage(by_split, "Do intervals keep their promise?", context, dark), "coverage_splits")
        with st.container():
            context = f"{model_name(model)}, {caption_pairs(run)}"
            frame.chart(coverage(by_type, "And within each cancer type?", context, dark), "coverage_types")
    st.caption(
        "Intervals are split conformal: their half width is calibrated on validation pairs of the same split, so they "
        "promise 90 % over pairs like those. A split that holds out something new, or one cancer type alone, was "
        "promised nothing; below 90 % there, trust the interval less than it says."
    )


def in_words(by_split: pd.DataFrame, by_type: pd.DataFrame) -> str:
    """Where coverage leaves 88 to 92 %. Both: columns `label`, `value`."""
    left = by_split[by_split["value"].map(leaves) != ""]
    out = ", ".join(f"{row.label} ({100 * row.value:.1f} %, {leaves(row.value)})" for row in left.itertuples())
    known = by_type[by_type["value"].notna()]
    low = sum(leaves(value) == "too low" for value in known["value"])
    high = sum(leaves(value) == "too high" for value in known["value"])
    first = f"Coverage leaves 88 to 92 %: {out}." if out else "Coverage stays within 88 to 92 % in every split shown."
    if not len(known):
        return first
    return f"{first} Of {plural(len(known), 'cancer type')} {low} fall below and {high} above."
