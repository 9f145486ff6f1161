"""Radiosensitivity page: predicted against measured SF2, both protocols side by side, with cards and the list."""

import streamlit as st

from dashboard import export, forms, frame, radiation_data, radiation_train
from dashboard.radiation_choose import LEVELS, Shown, all_words
from engine.figures.radiation import Part, predicted_vs_measured
from engine.figures.radiation_words import (
    FRACTIONS,
    LOWER_IS_BETTER,
    MEASURE_NAMES,
    PROTOCOL_NAMES,
    best_baseline,
    measure,
    model_name,
    neighbour_words,
    shown_interval,
    shown_value,
    unseen_words,
)
from engine.figures.text import MINUS, difference, plural

CARDS = ("r", "rmse", "correct")


def show(shown: Shown) -> None:
    """Claim, cards, the picture of both protocols and the table."""
    st.markdown(_claim(shown))
    level = forms.choose_one("What a point is", list(LEVELS), "rad_level", LEVELS.__getitem__)
    frame.cards([_card(shown, protocol, name, level) for protocol in shown.runs for name in CARDS])
    parts = []
    for protocol, run in shown.runs.items():
        rows = radiation_data.of_level(run["run_id"], level)
        mine = rows[rows["model"] == shown.model]
        if len(mine):
            parts.append(Part(protocol, mine, bool(run["simulated"])))
    radiation_train.missing(shown)
    if not parts:
        st.info(f"No run that is shown trained {model_name(shown.model)}: choose another model.")
        return
    chart = predicted_vs_measured(parts, shown.model, level, all_words(shown), frame.dark())
    frame.chart(chart, "rad_scatter", view=(shown.model, level))
    _coverage(shown)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.subheader("Every " + ("array" if level == "sample" else "cell line"), anchor=False, width="content")
        export.buttons(chart.table, f"tumorcast-sf2-{shown.model}", key="rad_predictions")
    table = chart.table.drop(columns=["Panel"]) if not chart.table["Panel"].any() else chart.table
    frame.table(table, key="rad_predictions_table", height=360)


def _claim(shown: Shown) -> str:
    published = shown.runs.get("published")
    if published is None:
        return f"**{unseen_words(shown.metrics['grouped'])}**"
    per_line = published["samples"] / max(published["lines"], 1)
    claim, _ = neighbour_words(shown.metrics, per_line, False, None)
    left = unseen_words(shown.metrics["grouped"]) if "grouped" in shown.runs else ""
    return f"**{' '.join(part for part in (claim, left) if part)}**" if claim or left else ""


def _card(shown: Shown, protocol: str, name: str, level: str) -> frame.Card:
    scope = "lines" if level == "line" else "samples"
    metrics = shown.metrics[protocol]
    label = f"{MEASURE_NAMES[name]} · {PROTOCOL_NAMES[protocol].removesuffix(' protocol').lower()}"
    own = measure(metrics, shown.model, name, scope)
    if own is None:
        return frame.Card(label, "not defined", f"{model_name(shown.model)} has no such measure here.")
    note = f"{shown_interval(name, own.lower, own.upper)} · n {own.n:,}"
    naive = best_baseline(metrics, name, scope, but=shown.model)
    other = measure(metrics, naive, name, scope) if naive else None
    if other is None:
        return frame.Card(label, shown_value(name, own.value), note)
    ahead = own.value != other.value and (own.value < other.value) == (name in LOWER_IS_BETTER)
    points = f"{100 * (own.value - other.value):+.1f}".replace("-", MINUS)
    word = points if name in FRACTIONS else difference(own.value, other.value)
    return frame.Card(
        label,
        shown_value(name, own.value),
        note,
        ((model_name(naive), shown_value(name, other.value), word, ahead),),
    )


def _coverage(shown: Shown) -> None:
    """What the intervals are, and how often they hold the measured value."""
    grouped = shown.metrics.get("grouped")
    said = measure(grouped, shown.model, "coverage", "lines") if grouped is not None else None
    if said is None:
        st.caption("90 % intervals are made by the grouped protocol alone, from the errors of other lines.")
        return
    width = measure(grouped, shown.model, "width", "lines")
    wide = f", {shown_value('width', width.value)} SF2 wide on average" if width else ""
    st.caption(
        f"90 % intervals (conformal, from the errors of other lines) hold the measured SF2 of "
        f"{shown_value('coverage', said.value)} ({shown_interval('coverage', said.lower, said.upper)}) of "
        f"{plural(said.n, 'line')}{wide}. In the published protocol there are none: other arrays of a tested line "
        "have been seen."
    )
