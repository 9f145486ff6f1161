"""Screens page: networks that read viability from images, phase by phase, and the scoring of drugs; both as jobs."""

import pandas as pd
import streamlit as st

from dashboard import data, forms, frame, job_panel, messages, screens_data, state
from dashboard.job_panel import when
from dashboard.screens_data import PLACE_SCORE, PLACE_TRAIN, Shown
from engine.errors import EngineError
from engine.figures.screens import modality_name
from engine.spheroid.screen_list import TASK
from engine.spheroid.settings import (
    BACKBONES,
    OWN_WEIGHTS,
    PHASES,
    PRESETS,
    RANDOM_WEIGHTS,
    ScoreSettings,
    SpheroidSettings,
)

SCORING = "score_screen"
WEIGHTS = {OWN_WEIGHTS: "torchvision's own", "file": "A local file", RANDOM_WEIGHTS: "Random"}
FROM_WEIGHTS = "weights"  # where phase II may start instead of a run
PARAMETERS = {5: "Five", 4: "Four", 3: "Three", 2: "Two", 0: "The best of two to five"}


def show(shown: Shown) -> None:
    """Both forms side by side; each with its jobs below."""
    with st.grid(2, min_column_width=420, gap="medium"):
        with st.container():
            st.subheader("Read viability from images", anchor=False)
            _train(shown)
            job_panel.follow(PLACE_TRAIN, TASK)
        with st.container():
            st.subheader("Score drugs", anchor=False)
            _score(shown)
            job_panel.follow(PLACE_SCORE, SCORING)
    _runs()


def _train(shown: Shown) -> None:
    if not int(shown.row["n_images"]):
        messages.empty(
            f"**{messages.plain(shown.screen)} has no images.** A network has nothing to look at; score its other "
            "readouts, or import the screen again with its images."
        )
        return
    with st.container(border=True):
        with st.grid(2, min_column_width=180, gap="small"):
            phase = forms.choose("Phase", list(PHASES), "scr_phase", lambda n: f"{'I' * n}: {PHASES[n]}")
            preset = forms.choose("Preset", ["fast", "published"], "scr_preset", str.capitalize)
            backbone = forms.choose(
                "Backbone", ["", *BACKBONES], "scr_backbone", lambda name: name or "The preset's own"
            )
            start = _start(phase)
            epochs = forms.number("Epochs (0: the preset's)", "scr_epochs", 0, 2000)
            seed = forms.number("Seed", "scr_seed", 0, 2**31 - 1)
        # Weights are asked for only where they count: a run that is started from has its own.
        weights = _weights() if start == FROM_WEIGHTS else ""
        st.caption(f"{preset.capitalize()}: {PRESETS[preset]}.")
        chosen = backbone or SpheroidSettings(shown.screen, preset=preset).backbone_name
        st.caption(f"{chosen}: {BACKBONES[chosen]}.")
        try:
            settings = SpheroidSettings(
                shown.screen, phase, preset, backbone, weights, "" if start == FROM_WEIGHTS else start, epochs or None,
                seed=seed,
            )  # fmt: skip
        except EngineError as error:
            st.error(messages.plain(error), icon=":material/error:")
            return
        lacking = start == FROM_WEIGHTS and not weights
        if lacking:
            st.caption("Give the path of the file with weights.")
        if st.button("Train", type="primary", icon=":material/play_arrow:", key="scr_train_start", disabled=lacking):
            job_panel.start(PLACE_TRAIN, lambda: _submit_training(settings))


def _start(phase: int) -> str:
    """The run that the network starts from, '' for the newest that fits, or FROM_WEIGHTS."""
    if phase == 1:
        return FROM_WEIGHTS
    runs = screens_data.runs()
    before = runs[runs["phase"] == phase - 1]
    labels = {"": "The newest that fits"}
    if phase == 2:
        labels[FROM_WEIGHTS] = "ImageNet weights, without phase I"
    labels |= {one.run_id: f"{when(str(one.created_at))} · {one.screen}, {one.backbone}" for one in before.itertuples()}
    return forms.choose(
        "Starts from", list(labels), "scr_start", labels.__getitem__, help=f"A run of phase {'I' * (phase - 1)}.",
    )  # fmt: skip


def _weights() -> str:
    """What the backbone has learnt before: OWN_WEIGHTS, RANDOM_WEIGHTS, or a path ('' until there is one)."""
    place = forms.choose("ImageNet weights", list(WEIGHTS), "scr_weights", WEIGHTS.__getitem__)
    if place == RANDOM_WEIGHTS:
        st.caption(":material/warning: Random weights have never seen a picture: expect less than from ImageNet's.")
    if place != "file":
        return place
    path = st.text_input(
        "File with weights", key=state.bound("scr_weights_file"), placeholder="/data/weights/squeezenet1_0.pth",
        help=".pth, .safetensors or .npz on the computer that runs Tumorcast, with torchvision's names of parameters.",
    )  # fmt: skip
    return state.keep("scr_weights_file", path.strip())


def _submit_training(settings: SpheroidSettings) -> str:
    from engine.spheroid.train import submit_training

    return submit_training(data.database(), settings)


def _score(shown: Shown) -> None:
    there = [one for one in shown.row["readouts"]][::-1]
    if shown.row["kind"] == "controls":
        messages.empty(f"**{messages.plain(shown.screen)} is a control experiment.** It holds no drugs to score.")
        return
    if not there:
        messages.empty(
            f"**{messages.plain(shown.screen)} has no readouts yet.** Train a network on its images, or import it "
            "again with the tables of a plate reader."
        )
        return
    with st.container(border=True):
        with st.grid(2, min_column_width=180, gap="small"):
            modality = forms.choose("Readout", there, "scr_modality", modality_name)
            parameters = forms.choose(
                "Parameters of a curve", list(PARAMETERS), "scr_parameters", PARAMETERS.__getitem__
            )
            bootstrap = forms.number("Resamples for intervals", "scr_bootstrap", 0, 10_000)
        scored = modality in shown.row["scored"]
        st.caption(
            "Curves of every drug, all replicates together and each alone; DSS_asym, DSS1 to DSS3, IC50, intervals; "
            "and the plates are judged." + (" It replaces the scores there are." if scored else "")
        )
        if st.button(
            "Score again" if scored else "Score", type="primary", icon=":material/play_arrow:", key="scr_score_start"
        ):
            settings = ScoreSettings(parameters, bootstrap=bootstrap)
            job_panel.start(PLACE_SCORE, lambda: _submit_scoring(shown.screen, modality, settings))


def _submit_scoring(screen: str, modality: str, settings: ScoreSettings) -> str:
    from engine.spheroid.score_job import submit_scoring

    return submit_scoring(data.database(), screen, modality, settings)


def _runs() -> None:
    """Networks that were trained so far."""
    runs = screens_data.runs()
    if runs.empty:
        return
    st.subheader("Networks so far", anchor=False)
    table = pd.DataFrame(
        {
            "Screen": runs["screen"].fillna(""),
            "Phase": ["I" * int(n) for n in runs["phase"]],
            "Backbone": runs["backbone"].fillna(""),
            "Preset": runs["preset"].fillna(""),
            "First weights": runs["weights"],
            "Trained": [when(str(moment)) for moment in runs["created_at"]],
            "Minutes": runs["minutes"].astype(float),
            "Device": runs["device"],
            "Data": ["Simulated" if one else "Measured" for one in runs["simulated"]],
            "Run": runs["run_id"],
        }
    )
    frame.table(table, key="screens_runs", height="content")
