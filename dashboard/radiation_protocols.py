"""Radiosensitivity page: every model beside the baselines in both protocols, and what a look-up alone explains."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from dashboard import export, forms, frame, radiation_data, radiation_train, state
from dashboard.radiation_choose import LEVELS, Shown, all_words, artificial, trained
from engine.figures.radiation import models_beside
from engine.figures.radiation_words import (
    MEASURE_NAMES,
    PROTOCOL_ASKS,
    PROTOCOL_NAMES,
    is_baseline,
    measure,
    model_name,
    neighbour_words,
    short_said,
)
from engine.figures.radiation_words import WITHOUT as WITHOUT_LEUKAEMIA
from engine.figures.text import duration, plural
from engine.radiation.settings import MODEL_DESCRIPTIONS, MODELS, NETWORK, OPTIONAL

DRAWN = ("r", "rmse", "mae", "correct")
LINES = {"all": "All lines", "without": "Without leukaemia"}
TABLE = ("r", "rmse", "correct")


def show(shown: Shown) -> None:
    """What a look-up explains, the picture, the table, how the runs were made."""
    _neighbour(shown)
    with st.container(horizontal=True):
        name = forms.choose_one("Measure", DRAWN, "rad_measure", MEASURE_NAMES.__getitem__)
        level = forms.choose_one("What a point is", list(LEVELS), "rad_level", LEVELS.__getitem__)
        metrics, of = _over(shown)
    scope = "lines" if level == "line" else "samples"
    radiation_train.missing(shown)
    context = all_words(shown) + (f", {of}" if of else "")
    chart = models_beside(metrics, name, scope, shown.model, context, frame.dark())
    frame.chart(chart, "rad_models", view=(name, scope, of))
    _table(shown, metrics, scope, of)
    with st.expander("What does each model know?"):
        st.markdown("\n".join(f"- **{model_name(model)}** {MODEL_DESCRIPTIONS[model]}." for model in _known(shown)))
    _made(shown)


def _over(shown: Shown) -> tuple[dict[str, pd.DataFrame], str]:
    """Protocol -> measures over the lines that were asked for, and which these are ('' for all)."""
    metrics = shown.metrics
    if not any((table["scope"] == WITHOUT_LEUKAEMIA).any() for table in metrics.values()):
        return metrics, ""
    if forms.choose_one("Lines", list(LINES), "rad_lines", LINES.__getitem__) == "all":
        return metrics, ""
    fewer = {protocol: radiation_data.without_leukaemia(run["run_id"]) for protocol, run in shown.runs.items()}
    return fewer, "without leukaemia"


def _neighbour(shown: Shown) -> None:
    """In plain words, from these runs' own numbers: is the published accuracy more than recognising a line?"""
    published = shown.runs.get("published")
    if published is None:
        return
    claim, text = neighbour_words(
        shown.metrics,
        published["samples"] / max(published["lines"], 1),
        artificial(published),
        radiation_data.look_ups(published["run_id"]),
        trained(published),
    )
    if not claim:
        return
    with st.container(border=True):
        st.markdown(f"**{claim}** {text}")
        if shown.model != "nearest_neighbour" and "nearest_neighbour" in published["config"].get("models", MODELS):
            st.button("See its predictions", icon=":material/scatter_plot:", on_click=_see_neighbour)


def _see_neighbour() -> None:
    state.choose("rad_model", "nearest_neighbour")
    state.choose("rad_tab", "Predictions")


def _table(shown: Shown, measured: Mapping[str, pd.DataFrame], scope: str, of: str) -> None:
    """One row per model: each measure in each protocol with its interval; the last column is the floor.

    measured: of `_over`, with `of`.
    """
    models = _known(shown)
    values = pd.DataFrame({"Model": [model_name(model) for model in models]})
    texts: dict[str, list[str]] = {}
    floors: dict[str, list[float]] = {}
    few = " / ".join(dict.fromkeys(words for run in shown.runs.values() if (words := trained(run).split(",")[0])))
    if few:
        values["Model"] = [
            name + (f", {few}" if model == NETWORK else "") for name, model in zip(values["Model"], models, strict=True)
        ]
    # Grouped first: it asks the question that matters, and what is narrow cuts off what is last.
    for protocol in sorted(measured, key=lambda one: one != "grouped"):
        metrics = measured[protocol]
        short = PROTOCOL_NAMES[protocol].removesuffix(" protocol").removesuffix(" by line").lower()
        for name in TABLE:
            label = f"{MEASURE_NAMES[name].removesuffix(', SF2').removeprefix('Pearson ')}, {short}"
            cells = [measure(metrics, model, name, scope) for model in models]
            values[label] = [float("nan") if cell is None else cell.value for cell in cells]
            texts[label] = ["" if cell is None else short_said(name, cell) for cell in cells]
        floor = [measure(metrics, model, "r", "permuted") for model in models]
        if any(floor):
            floors[f"r permuted, {short}"] = [float("nan") if one is None else one.value for one in floor]
    values = values.assign(**floors)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.subheader("Models and baselines", anchor=False, width="content")
        export.buttons(_full(shown), "tumorcast-sf2-models", key="rad_models_export")
    wide = {
        label: st.column_config.Column(width=20 + round(6 * max(map(len, [label, *column]))))
        for label, column in texts.items()
    }
    frame.table(
        values,
        key="rad_models_full",
        height="content",
        shown=texts,
        missing="none",
        Model=st.column_config.Column(pinned=True, width=165 if few else 140),
        **wide,
    )
    own = ", ".join(name for name, model in zip(values["Model"], models, strict=True) if not is_baseline(model))
    over = ("Lines" if scope == "lines" else "Arrays") + (f" {of}" if of else "")
    counted = "; ".join(
        f"{PROTOCOL_NAMES[protocol].lower()} ({PROTOCOL_ASKS[protocol]}): "
        f"{plural(int(table.loc[table['scope'] == scope, 'n'].max()), 'line' if scope == 'lines' else 'array')}"
        for protocol, table in measured.items()
    )
    st.caption(
        f"{over}; {counted}. In brackets: 95 % intervals by drawing whole lines. Own models: {own or 'none'}; others "
        "are baselines. RMSE in SF2. Correct: absolute error below 0.01 or relative error below 10 %. Permuted: SF2 "
        "shuffled among lines."
    )


def _known(shown: Shown) -> list[str]:
    """The models that either run has measures of."""
    there = {model for table in shown.metrics.values() for model in table["model"]}
    return [model for model in (*MODELS, *OPTIONAL) if model in there]


def _full(shown: Shown) -> pd.DataFrame:
    """Every measure of every scope: what is downloaded."""
    tables = [
        table.assign(protocol=protocol, model=table["model"].map(model_name))
        for protocol, table in shown.metrics.items()
    ]
    return pd.concat(tables, ignore_index=True)[
        ["protocol", "model", "scope", "key", "name", "value", "lower", "upper", "n"]
    ]


def _made(shown: Shown) -> None:
    """How each run was made, and what it says of its data."""
    for protocol, run in shown.runs.items():
        config = run["config"]
        st.caption(
            f"**{PROTOCOL_NAMES[protocol]}**: {config.get('rounds')} rounds of {config.get('folds')} folds, "
            f"{config.get('epochs')} epochs, seed {run['seed']}, {run['device']}, {duration(60 * run['minutes'])}, SF2 "
            f"from {run['survival']}. " + " ".join(map(str, config.get("notes", [])))
        )
