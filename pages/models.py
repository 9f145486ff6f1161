"""Networks beside baselines under every split: what each is worth, whether that is real, and how it was made."""

import streamlit as st

from dashboard import (
    cross_study,
    data,
    export,
    forms,
    frame,
    job_panel,
    messages,
    models_board,
    models_evidence,
    models_intervals,
    models_made,
    models_pair,
    models_splits,
    models_train,
    state,
)

PURPOSE = "Which model predicts unseen pairs best, and is it better than knowing only the averages?"
LINK = ("run", "split", "tab", "model", "measure", "measures", "ranked", "other_run", "other_study")
TABS = {
    "Leaderboard": models_board.show,
    "Splits": models_splits.show,
    "Is it real?": models_evidence.show,
    "Intervals": models_intervals.show,
    "Other study": lambda run, family: cross_study.section(run),
    "Two runs": models_pair.show,
    "Learning curves": models_made.curves,
    "Model card": models_made.card,
    "Train": models_train.show,
}


def main() -> None:
    runs = data.runs()
    above = st.container()
    if not runs:
        with above:
            frame.heading("Models", PURPOSE)
        messages.empty("**No run yet.** Train the networks below; the leaderboard appears when the run is done.")
        models_train.show(None, {})
    else:
        run, family = forms.choose_run_and_split(runs)
        with above, st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            with st.container(width="content"):
                frame.heading("Models", PURPOSE, run.simulated, [run.dataset] if run.dataset else [])
            with st.container(horizontal=True, width="content", gap="small"):
                forms.copy_link(LINK)
                export.report(run.run_id)
        tabs = st.tabs(list(TABS), key=state.bound("tab", list(TABS)), on_change="rerun")
        state.keep("tab", next(name for name, tab in zip(TABS, tabs, strict=True) if tab.open), default="Leaderboard")
        for tab, show in zip(tabs, TABS.values(), strict=True):
            if tab.open:
                with tab:
                    show(run, family)
    job_panel.follow("models", "train_response")


main()
