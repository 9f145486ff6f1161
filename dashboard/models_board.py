"""Models page: every model of a run with every measure, its interval and n."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import data, export, forms, frame
from dashboard import scores as scores_of
from engine.figures.comparison import split_worth
from engine.figures.response import model_forest
from engine.figures.text import (
    MEASURE_NAMES,
    count,
    data_name,
    duration,
    interval,
    model_name,
    number,
    plural,
    split_name,
)
from engine.figures.verdict import verdict
from engine.response.comparison_records import across_splits
from engine.response.records import RunSummary
from engine.response.settings import ABLATIONS, LEARNED, NAIVE

FOREST = ("r2", "rmse", "skill", "within_drug_r", "auroc")  # what the picture may show
FIRST = ("r2", "rmse", "skill", "within_drug_r", "coverage")  # what the table shows unless asked for more
KINDS = {
    **dict.fromkeys(NAIVE, "naive baseline"),
    **dict.fromkeys(LEARNED, "learned baseline"),
    **dict.fromkeys(ABLATIONS.values(), "permuted inputs"),
}
PERCENT = ("coverage",)
NAME = st.column_config.Column(pinned=True, width=175)  # px: the longest name of a model


def show(run: RunSummary, family: Mapping[str, RunSummary]) -> None:
    """The picture for one measure, the splits beside it, and the table with all of them."""
    scores = data.model_scores(run.run_id)
    if scores.empty:
        st.info("This run has no measures in the store: nothing can be ranked.")
        return
    st.markdown(f"**{verdict(scores, run.models[0], run.split, run.naive)}**")
    context = split_name(run.split) + (", simulated" if run.simulated else "")
    main_cell, side = frame.main_and_side("models")
    with main_cell:
        known = [name for name in FOREST if (scores["name"] == name).any()]
        measure = forms.choose_one("Measure", known, "measure", MEASURE_NAMES.__getitem__)
        frame.chart(model_forest(scores, measure, context, run.models[0], frame.dark()), "board_forest")
    with side:
        worth = across_splits(family)
        context = data_name(run.dataset, run.simulated)
        frame.chart(split_worth(worth, run.models[0], "r2", context, frame.dark()), "board_worth")
    _table(run, scores)


def _table(run: RunSummary, scores: pd.DataFrame) -> None:
    known = [name for name in MEASURE_NAMES if (scores["name"] == name).any()]
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.subheader("Leaderboard", anchor=False, width="content")
        export.buttons(full_table(scores), f"tumorcast-leaderboard-{run.run_id}", key="leaderboard")
    shown = forms.choose_many(
        "Measures", known, "measures", MEASURE_NAMES.__getitem__, placeholder="The five that matter most"
    )
    values, texts = board(scores, [name for name in known if name in (shown or FIRST)])
    frame.table(values, key="leaderboard_table", height="content", shown=texts, **wide_enough(texts))
    st.caption(
        f"Split: {split_name(run.split)}. Pairs: {count(run.n_train)} training, {count(run.n_validation)} validation"
        f"{' in a fold, on average' if run.folds > 1 else ''}, {count(run.n_test)} held out. In brackets: 95 % "
        f"intervals by bootstrap over what was left out. {_skill(run)}Seed {run.seed}, {run.device}, "
        f"{duration(60 * run.minutes)}."
    )
    scores_of.tell_baselines(run.models)


def _skill(run: RunSummary) -> str:
    if not run.naive:
        return ""
    return f"Skill: 1 − MSE / MSE of {model_name(run.naive).lower()}, the strongest naive baseline here. "


def board(scores: pd.DataFrame, names: Sequence[str]) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """One row per model, best R² first: Model, Kind, the measures, Pairs; and per measure the texts with intervals.

    scores: columns `model`, `name`, `value`, `lower`, `upper`, `n`.
    """
    by = scores.set_index(["model", "name"])
    order = scores[scores["name"] == "r2"].sort_values("value", ascending=False, kind="stable")["model"]
    models = [*order, *(model for model in scores["model"].unique() if model not in set(order))]
    table = pd.DataFrame(
        {
            "Model": [model_name(model) for model in models],
            "Kind": [KINDS.get(model, "network") for model in models],
        }
    )
    texts = {}
    for name in names:
        cells = [by.loc[(model, name)] if (model, name) in by.index else None for model in models]
        label = MEASURE_NAMES[name]
        table[label] = [float("nan") if cell is None else float(cell["value"]) for cell in cells]
        texts[label] = ["" if cell is None else with_interval(cell, name in PERCENT) for cell in cells]
    n = scores.groupby("model")["n"].max()
    table["Pairs"] = [int(n[model]) for model in models]
    return table, texts


def wide_enough(texts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Column settings with room for the longest text of each column, and for the longest name of a model."""
    most = {label: max(len(text) for text in [label, *column]) for label, column in texts.items()}
    return {"Model": NAME, **{label: st.column_config.Column(width=18 + round(5.6 * n)) for label, n in most.items()}}


def with_interval(score: pd.Series, percent: bool = False) -> str:
    """'0.812 (0.801 to 0.822)'; percent: a fraction as '90.1 % (88.9 to 91.2)'."""
    if percent and pd.notna(score["value"]):
        ends = "" if pd.isna(score["lower"]) else f" ({100 * score['lower']:.1f} to {100 * score['upper']:.1f})"
        return f"{100 * score['value']:.1f} %{ends}"
    ends = "" if pd.isna(score["lower"]) else f" ({interval(score['lower'], score['upper'])})"
    return number(score["value"]) + ends


def full_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Every measure with both ends of its interval in columns of their own: what is downloaded."""
    rows = scores.assign(
        Model=scores["model"].map(model_name),
        Kind=[KINDS.get(model, "network") for model in scores["model"]],
        Measure=scores["name"].map(lambda name: MEASURE_NAMES.get(name, name)),
    )
    names = {"value": "Value", "lower": "95 % interval, lower", "upper": "95 % interval, upper", "n": "Pairs"}
    return rows[["Model", "Kind", "Measure", *names]].rename(columns=names)


def caption_pairs(run: RunSummary) -> str:
    """'480 held-out pairs, unseen cell lines, simulated'."""
    return f"{plural(run.n_test, 'held-out pair')}, {split_name(run.split)}" + (", simulated" if run.simulated else "")
