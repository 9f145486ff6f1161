"""SF2 from gene expression: predicted beside measured in both protocols, and of one's own samples."""

import pandas as pd
import streamlit as st

from dashboard import (
    data,
    frame,
    job_panel,
    messages,
    radiation_choose,
    radiation_curves,
    radiation_data,
    radiation_errors,
    radiation_own,
    radiation_predictions,
    radiation_protocols,
    radiation_train,
    state,
)
from engine.radiation.records import TASK

PURPOSE = "How many cells of a line survive 2 Gy (SF2): does its gene expression tell, also for a line never seen?"
PREDICTIONS, PROTOCOLS, ERRORS, CURVES, OWN, TRAIN = TABS = (
    "Predictions", "Both protocols", "Errors by panel", "Survival curves", "Predict your own", "Train",
)  # fmt: skip


def main() -> None:
    runs = radiation_data.runs()
    if runs.empty:
        _without_runs()
    else:
        _with_runs(runs)
    job_panel.follow(radiation_train.PLACE, TASK)


def _without_runs() -> None:
    sets = (radiation_data.expression_sets(), radiation_data.survival_sets())
    simulated = data.store_summary().simulated or any(bool(one["simulated"].any()) for one in sets)
    frame.heading("Radiosensitivity", PURPOSE, simulated)
    messages.empty(
        "**No predictions of SF2 yet.** They come with the first training: the published network beside its "
        "baselines, by the published protocol or grouped by line."
    )
    radiation_train.show()
    if len(sets[1]):
        radiation_curves.show()


def _with_runs(runs: pd.DataFrame) -> None:
    above = st.container()
    shown = radiation_choose.choose(runs)
    with above:
        of = list(dict.fromkeys(str(run["expression"]) for run in shown.runs.values()))
        if any(radiation_choose.artificial(run) for run in shown.runs.values()):
            of.append("artificial replicates")
        frame.heading("Radiosensitivity", PURPOSE, shown.simulated, of)
    tabs = st.tabs(TABS, key=state.bound("rad_tab", TABS), on_change="rerun")
    opened = next(name for name, tab in zip(TABS, tabs, strict=True) if tab.open)
    state.keep("rad_tab", opened, default=PREDICTIONS)
    drawn = {
        PREDICTIONS: lambda: radiation_predictions.show(shown),
        PROTOCOLS: lambda: radiation_protocols.show(shown),
        ERRORS: lambda: radiation_errors.show(shown),
        CURVES: radiation_curves.show,
        TRAIN: radiation_train.show,
    }
    for name, tab in zip(TABS, tabs, strict=True):
        with tab:
            if name == OWN:
                # Always drawn, or a chosen file would be lost by a look at another tab.
                radiation_own.show(runs, opened == OWN)
            elif name == opened:
                drawn[name]()


main()
