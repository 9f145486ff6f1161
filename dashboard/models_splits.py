"""Models page: what every model is worth under each split."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dashboard import export, forms, frame, scores
from dashboard.models_board import KINDS, wide_enough, with_interval
from engine.figures.comparison import split_worth
from engine.figures.text import MEASURE_NAMES, data_name, model_name, plural
from engine.response.comparison_records import across_splits
from engine.response.records import RunSummary
from engine.response.settings import PUBLISHED_SPLIT, SPLITS

MEASURES = ("r2", "skill")
HEADINGS = {
    PUBLISHED_SPLIT: "published",
    "cell_line": "unseen lines",
    "cancer_type": "unseen types",
    "drug": "unseen drugs",
    "both": "unseen both",
}


def show(run: RunSummary, family: Mapping[str, RunSummary]) -> None:
    """Both pictures for one model, and the table of all."""
    worth = across_splits(family)
    model = forms.choose("Model", run.models, "model", model_name, width=300)
    with st.grid(2, min_column_width=440, gap="medium"):
        for measure in MEASURES:
            with st.container():
                chart = split_worth(worth, model, measure, data_name(run.dataset, run.simulated), frame.dark())
                frame.chart(chart, f"worth_{measure}")
    scores.tell_members(family, model)
    table, texts = worth_table(worth)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("What is each model worth under each split?", anchor=False, width="content")
        export.buttons(table, "tumorcast-splits", key="splits")
    frame.table(table, key="splits_table", height="content", shown=texts, missing="not run", **wide_enough(texts))
    st.caption(_caption(family))


def worth_table(worth: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Rows models, columns R² and skill under every split, and the texts with intervals; NaN where not run."""
    by = worth.set_index(["split", "model", "name"])
    splits = [split for split in SPLITS if (worth["split"] == split).any()]
    models = list(dict.fromkeys(worth["model"]))
    table = pd.DataFrame(
        {"Model": [model_name(m) for m in models], "Kind": [KINDS.get(model, "network") for model in models]}
    )
    texts = {}
    for measure in MEASURES:
        for split in splits:
            cells = [by.loc[key] if (key := (split, model, measure)) in by.index else None for model in models]
            label = f"{MEASURE_NAMES[measure]}, {HEADINGS[split]}"
            table[label] = [float("nan") if cell is None else float(cell["value"]) for cell in cells]
            texts[label] = ["" if cell is None else with_interval(cell) for cell in cells]
    return table, texts


def _caption(family: Mapping[str, RunSummary]) -> str:
    runs = [
        f"{HEADINGS[split]}: {plural(run.n_test, 'pair')}, "
        + ("single cut" if run.folds == 1 else f"{len(run.config.get('ran_folds') or [])} of {run.folds} folds")
        + (f", skill against {model_name(run.naive).lower()}" if run.naive else "")
        for split, run in family.items()
    ]
    missing = [HEADINGS[split] for split in SPLITS if split not in family]
    more = f" Not evaluated yet: {', '.join(missing)}; start one under Train." if missing else ""
    return f"In brackets: 95 % intervals. {'; '.join(runs)}.{more}"
