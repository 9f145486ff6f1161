"""Radiosensitivity page: predicted against measured SF2, both protocols side by side, with cards and the list."""

import streamlit as st

from dashboard import export, forms, frame, radiation_data, radiation_train
from dashboard.radiation_choose import LEVELS, Shown, all_words, trained
from engine.figures.radiation import Part, predicted_vs_measured
from engine.figures.radiation_words import (
    LOWER_IS_BETTER,
    MEASURE_NAMES,
    PROTOCOL_NAMES,
    best_model,
    fixed_baseline,
    gained_words,
    leukaemia_words,
    lower_name,
    measure,
    model_name,
    neighbour_words,
    percent,
    shown_interval,
    shown_value,
    unseen_words,
)
from engine.figures.text import plural
from engine.radiation.settings import CORRECT_ABSOLUTE, CORRECT_RELATIVE, NETWORK

CARDS = ("r", "rmse", "correct")


def show(shown: Shown) -> None:
    """Claim, cards, the picture of both protocols and the table."""
    if claim := _claim(shown):
        st.markdown(f"**{claim}**")
    if "grouped" in shown.metrics and (words := leukaemia_words(shown.metrics["grouped"])):
        st.markdown(words)
    level = forms.choose_one("What a point is", list(LEVELS), "rad_level", LEVELS.__getitem__)
    _cards(shown, level)
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
    claim, published, grouped = "", shown.runs.get("published"), shown.runs.get("grouped")
    if published is not None:
        per_line = published["samples"] / max(published["lines"], 1)
        claim, _ = neighbour_words(shown.metrics, per_line, False, None)
    return " ".join(part for part in (claim, _unseen(shown) if grouped is not None else "") if part)


def _unseen(shown: Shown) -> str:
    run, metrics = shown.runs["grouped"], shown.metrics["grouped"]
    best, naive = best_model(metrics, "lines"), fixed_baseline(metrics)
    gained = radiation_data.gained(run["run_id"], "line", best, naive) if best and naive else {}
    return unseen_words(metrics, gained.get("rmse"), trained(run))


def _cards(shown: Shown, level: str) -> None:
    frame.cards([_card(shown, protocol, name, level) for protocol in shown.runs for name in CARDS])
    naive = {fixed_baseline(metrics, but=shown.model) for metrics in shown.metrics.values()} - {""}
    less = (
        f" Difference: {model_name(shown.model)} less {' or '.join(map(lower_name, sorted(naive)))}." if naive else ""
    )
    st.caption(
        f"Correct: absolute error below {CORRECT_ABSOLUTE:g} SF2 or relative error below "
        f"{percent(CORRECT_RELATIVE, 0)}.{less}",
        help="Correct is as Kim and Chung 2022 define it. Below every number its 95 % interval, by drawing whole lines "
        "with replacement. The difference is of the same rows, and the same lines are drawn for both; it stands out "
        "where its interval leaves out 0 to the better side.",
    )


def _card(shown: Shown, protocol: str, name: str, level: str) -> frame.Card:
    scope = "lines" if level == "line" else "samples"
    metrics, run = shown.metrics[protocol], shown.runs[protocol]
    label = f"{MEASURE_NAMES[name]} · {PROTOCOL_NAMES[protocol].removesuffix(' protocol').lower()}"
    own = measure(metrics, shown.model, name, scope)
    if own is None:
        return frame.Card(label, "not defined", f"{model_name(shown.model)} has no such measure here.")
    note = f"{shown_interval(name, own.lower, own.upper)} · n {own.n:,}"
    if shown.model == NETWORK and trained(run):
        note += f" · {trained(run)}"
    naive = fixed_baseline(metrics, but=shown.model)
    other = measure(metrics, naive, name, scope) if naive else None
    if other is None:
        return frame.Card(label, shown_value(name, own.value), note)
    gained = radiation_data.gained(run["run_id"], level, shown.model, naive).get(name)
    word = f"difference {gained_words(name, gained)}".replace(" (", ", ").rstrip(")") if gained else ""
    ahead = bool(gained) and (gained.upper < 0 if name in LOWER_IS_BETTER else gained.lower > 0)
    beside = (model_name(naive), shown_value(name, other.value), word, ahead)
    return frame.Card(label, shown_value(name, own.value), note, (beside,))


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
