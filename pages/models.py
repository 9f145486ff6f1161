"""Networks beside baselines, how training went, and a form that starts the next training."""

import pandas as pd
import streamlit as st

from dashboard import data, export, forms, frame, job_panel, messages
from engine.figures.learning import learning_curves
from engine.figures.text import MEASURE_NAMES, count, duration, interval, model_name, plural, split_name
from engine.response.records import RunSummary
from engine.response.settings import BASELINES
from engine.views import training_curves

PURPOSE = "Which network predicts unseen pairs best, and is it better than knowing only the averages?"


def main() -> None:
    runs = data.runs()
    run = None
    above = st.container()
    if runs:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            run = forms.choose_run(runs)
            forms.copy_link(("run",))
    with above:
        frame.heading("Models", PURPOSE, bool(run and run.simulated), [run.dataset] if run and run.dataset else [])
    if run is None:
        messages.empty("**No run yet.** Train the networks below; the leaderboard appears when the run is done.")
    else:
        _leaderboard(run)
        _curves(run)
    _train()


def _leaderboard(run: RunSummary) -> None:
    board = _board(data.model_scores(run.run_id))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Leaderboard", anchor=False, width="content")
        export.buttons(board, f"tumorcast-leaderboard-{run.run_id}", key="leaderboard")
    frame.table(board, key="leaderboard_table", height="content")
    st.caption(_made(run))


def _board(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per model, best R² first; intervals beside the values."""
    rows = []
    for model, found in scores.groupby("model"):
        row = {"Model": model_name(str(model)), "Kind": "baseline" if model in BASELINES else "network"}
        for name, label in MEASURE_NAMES.items():
            score = found[found["name"] == name].iloc[0]
            row[label] = score["value"]
            row[f"{label}: 95 % interval"] = interval(score["lower"], score["upper"])
        rows.append({**row, "Held-out pairs": int(found["n"].max())})
    return pd.DataFrame(rows).sort_values(MEASURE_NAMES["r2"], ascending=False, ignore_index=True)


def _made(run: RunSummary) -> str:
    return (
        f"Split: {split_name(run.split)}. Pairs: {count(run.n_train)} training, {count(run.n_validation)} validation, "
        f"{count(run.n_test)} held out. Seed {run.seed}, {run.device}, {duration(60 * run.minutes)}, "
        f"peak memory {count(round(run.peak_memory_mib))} MiB."
    )


def _curves(run: RunSummary) -> None:
    curves = training_curves(run)
    if curves.empty:
        return
    context = split_name(run.split)
    with st.grid(2, min_column_width=340, gap="medium"):
        for column in ("validation_rmse", "train_loss"):
            with st.container():
                frame.chart(learning_curves(curves, column, context, frame.dark()), f"curves_{column}")


def _train() -> None:
    st.subheader("Train", anchor=False)
    if not data.store_summary().pairs:
        messages.empty("Training needs measured responses.", page="home.py", label="Import data first")
        return
    with st.container(border=True):
        with st.grid(4, min_column_width=180, gap="small"):
            settings = forms.train_settings()
        needs = data.training_estimate(settings.networks, settings.epochs)
        basis = "measured in the newest run" if needs.measured else "typical on two cores"
        st.caption(
            f"{plural(len(settings.networks), 'network')} on about {count(needs.pairs)} pairs: up to "
            f"{duration(needs.seconds)} on a CPU ({basis}). It runs in the background; this page may be closed."
        )
        if st.button("Start training", type="primary", icon=":material/play_arrow:"):
            job_panel.start("models", lambda: job_panel.submit_training(settings))
    job_panel.follow("models")


main()
