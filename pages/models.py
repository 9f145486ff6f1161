"""Networks beside baselines, how training went, and a form that starts the next training."""

import streamlit as st

from dashboard import data, export, forms, frame, job_panel, messages, tables
from engine.figures.learning import learning_curves
from engine.figures.text import count, duration, plural, split_name
from engine.figures.verdict import BASELINES_EXPLAINED, verdict
from engine.response.records import RunSummary
from engine.views import training_curves

PURPOSE = "Which network predicts unseen pairs best, and is it better than knowing only the averages?"


def main() -> None:
    runs = data.runs()
    run = None
    above = st.container()
    if runs:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            run = forms.choose_run(runs, width=420)
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
    scores = data.model_scores(run.run_id)
    board = tables.leaderboard(scores)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Leaderboard", anchor=False, width="content")
        export.buttons(board, f"tumorcast-leaderboard-{run.run_id}", key="leaderboard")
    st.markdown(verdict(scores, run.models[0]))
    frame.table(board, key="leaderboard_table", height="content")
    st.caption(f"{_made(run)} {BASELINES_EXPLAINED}")


def _made(run: RunSummary) -> str:
    return (
        f"Split: {split_name(run.split)}. Pairs: {count(run.n_train)} training, {count(run.n_validation)} validation, "
        f"{count(run.n_test)} held out. Seed {run.seed}, {run.device}, {duration(60 * run.minutes)}, "
        f"peak memory {count(round(run.peak_memory_mib))} MiB."
    )


def _curves(run: RunSummary) -> None:
    curves = training_curves(run)
    if curves["epoch"].nunique() < 2:
        return  # one epoch is a dot, not a curve
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
    job_panel.follow("models", "train_response")


main()
