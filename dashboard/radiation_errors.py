"""Radiosensitivity page: the error of every array in panel order, its classes, what is hard, and measures per panel."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import export, forms, frame, messages, radiation_data, radiation_train
from dashboard.radiation_choose import Shown, data_words
from engine.figures.radiation_errors import errors_in_panel_order, errors_table, panel_forest
from engine.figures.radiation_words import (
    MEASURE_NAMES,
    PROTOCOL_NAMES,
    fixed_baseline,
    measure,
    model_name,
    percent,
    said,
    shown_interval,
)
from engine.figures.text import plural

CLASSES = {"share_under_2": "under 2 %", "share_2_to_10": "2 to 10 %", "share_over_10": "over 10 %"}
PANEL_MEASURES = ("rmse", "r", "correct")


def show(shown: Shown) -> None:
    """One protocol's errors: classes, the chart in panel order, the list, the panels."""
    known = [protocol for protocol in ("grouped", "published") if protocol in shown.runs]
    protocol = forms.choose_one("Protocol", known, "rad_protocol", PROTOCOL_NAMES.__getitem__)
    radiation_train.missing(shown)
    run, metrics = shown.runs[protocol], shown.metrics[protocol]
    rows = radiation_data.samples(run["run_id"])
    rows = rows[rows["model"] == shown.model].reset_index(drop=True)
    if rows.empty:
        st.info(f"This run did not train {model_name(shown.model)}: choose another model.")
        return
    context = f"{data_words(run)}, {PROTOCOL_NAMES[protocol].lower()}"
    frame.cards(_cards(metrics, rows, shown.model))
    main_cell, side = frame.main_and_side("rad_errors")
    with main_cell:
        chart = errors_in_panel_order(rows, shown.model, context, frame.dark())
        frame.chart(chart, "rad_errors", view=(protocol, shown.model))
    with side:
        _hard(run, metrics, rows, shown.model)
        name = forms.choose_one("Measure", PANEL_MEASURES, "rad_panel_measure", MEASURE_NAMES.__getitem__)
        naive = fixed_baseline(metrics, but=shown.model)
        chart = panel_forest(metrics, shown.model, naive, name, context, frame.dark())
        frame.chart(chart, "rad_panels", view=(protocol, shown.model, name))


def _cards(metrics: pd.DataFrame, rows: pd.DataFrame, model: str) -> list[frame.Card]:
    cards = []
    for name, one in CLASSES.items():
        found = measure(metrics, model, name)
        n = int((rows["error_class"] == one).sum())
        ends = shown_interval(name, found.lower, found.upper) if found else "no interval"
        cards.append(
            frame.Card(f"Relative error {one}", f"{n:,}", f"{percent(n / len(rows))} ({ends}) of {len(rows):,}")
        )
    first, after = measure(metrics, model, "correct"), measure(metrics, model, "correct", "validated")
    if first:
        right = int((rows["verdict"] == "correct").sum())
        note = f"{said('correct', first)} of {len(rows):,}"
        cards.append(frame.Card("Correct at first", f"{right:,}", note))
    if after:
        rescued = int((rows["verdict"] == "rescued").sum())
        cards.append(
            frame.Card(
                "Correct after validation", f"{right + rescued:,}", f"{rescued:,} rescued · {said('correct', after)}"
            )
        )
    return cards


def _hard(run: Mapping[str, Any], metrics: pd.DataFrame, rows: pd.DataFrame, model: str) -> None:
    """Arrays that stayed wrong when all others trained, and those that were rescued."""
    hard = rows[rows["verdict"] == "prediction-hard"].sort_values("relative_error", ascending=False)
    rescued = rows[rows["verdict"] == "rescued"]
    again = hard["after"].notna().any() or len(rescued)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.subheader("Prediction-hard", anchor=False, width="content")
        export.buttons(errors_table(rows), f"tumorcast-sf2-errors-{run['run_id']}", key="rad_hard")
    st.caption(
        "An array is prediction-hard when it is wrong even after all other arrays have trained: it is then predicted "
        "once more, it alone (or its line, in folds by line) left out."
    )
    if not again:
        wrong = int((rows["verdict"] != "correct").sum())
        of = f"{plural(wrong, 'array')} that {model_name(model)} got wrong"
        if not wrong:
            st.caption("No array is prediction-hard: every one was correct at first.")
            return
        notes = run["config"].get("notes", [])
        why = [str(note) for note in notes if "validation" in str(note).lower() and "left out" in str(note)]
        if not run["config"].get("validation", True):
            why = ["The run was trained without prediction validation."]
        st.caption(messages.plain(" ".join([f"Not tested: none of the {of} was predicted again.", *why])))
        return
    if len(hard):
        # Short names: it stands in a narrow cell.
        short = {"Measured SF2": "Measured", "Predicted SF2": "Predicted", "Predicted again": "Again"}
        table = errors_table(hard)[["Array", *short, "Relative error, %", "Panel"]].rename(columns=short)
        frame.table(table, key=f"rad_hard_{run['run_id']}_{model}", height=min(35 * (len(hard) + 1) + 3, 248))
    what = "the array alone left out" if run["protocol"] == "published" else "its line left out"
    after = measure(metrics, model, "rmse", "validated")
    rmse = f" RMSE afterwards: {said('rmse', after)}." if after else ""
    st.caption(
        f"Arrays that were not correct were predicted again with {what} and all others training: "
        f"{plural(len(rescued), 'array')} rescued, {plural(len(hard), 'array')} still wrong.{rmse}"
    )
