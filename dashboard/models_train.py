"""Models page: start a training, or evaluate the chosen run under another split."""

from collections.abc import Mapping

import streamlit as st

from dashboard import data, forms, job_panel, messages
from engine.errors import EngineError
from engine.figures.text import count, duration, model_name, plural, split_name
from engine.response.records import RunSummary
from engine.response.settings import ABLATIONS, BASELINES, NETWORKS, PUBLISHED_SPLIT, SPLITS, TrainSettings

FOLDS = (5, 7, 10, 2)  # the first is the default; the published split begins with its single cut
RANKED = 7  # folds from which on models can be ranked


def show(run: RunSummary | None, family: Mapping[str, RunSummary]) -> None:
    """Both forms; without a run only the first."""
    if not data.store_summary().pairs:
        messages.empty("Training needs measured responses.", page="data.py", label="Import data first")
        return
    if run is not None:
        _evaluate(run, family)
    _train()


def _train() -> None:
    st.subheader("Train", anchor=False)
    with st.container(border=True):
        try:
            settings = _settings()
        except EngineError as error:
            st.error(str(error), icon=":material/error:")
            return
        _estimate(settings)
        if st.button("Start training", type="primary", icon=":material/play_arrow:"):
            job_panel.start("models", lambda: job_panel.submit_training(settings))


def _settings() -> TrainSettings:
    with st.grid(4, min_column_width=200, gap="small"):
        networks = forms.choose_many("Networks", NETWORKS, "train_networks", model_name, placeholder="All five")
        split = forms.choose("Hold out", SPLITS, "train_split", split_name)
        folds = forms.choose("Folds", _folds(split), "train_folds", _fold_words)
        only = forms.choose_many(
            "Run only folds", range(1, folds + 1), "train_only", disabled=folds == 1, placeholder="All"
        )
        epochs = forms.number("Epochs", "train_epochs", 1, 500)
        seed = forms.number("Seed", "train_seed", 0, 2**31 - 1)
        baselines = forms.choose_many("Baselines", BASELINES, "train_baselines", model_name)
        ablations = forms.choose_many(
            "Permuted inputs",
            list(ABLATIONS),
            "train_ablations",
            {"genomes": "Genomes swapped", "drugs": "Structures swapped"}.__getitem__,
            placeholder="None",
            help="Trains the networks once more with every line's genome, or every drug's structure, swapped for "
            "another one's: what is still predicted then does not come from it.",
        )
    return TrainSettings(
        networks=tuple(networks) or NETWORKS,
        split=split,
        folds=folds,
        only_folds=tuple(sorted(only)) if folds > 1 else (),
        epochs=epochs,
        seed=seed,
        baselines=tuple(baselines) or BASELINES,
        ablations=tuple(ablations),
    )


def _folds(split: str) -> tuple[int, ...]:
    return (1, *FOLDS) if split == PUBLISHED_SPLIT else FOLDS


def _fold_words(folds: int) -> str:
    if folds == 1:
        return "Single cut, as published"
    return f"{folds} folds" + (": enough to rank models" if folds == RANKED else "")


def _estimate(settings: TrainSettings) -> None:
    needs = data.training_estimate(settings.networks, settings.epochs)
    times = len(settings.fold_numbers) * (1 + len(settings.ablations))
    basis = "measured in the newest run" if needs.measured else "typical on two cores"
    st.caption(
        f"{plural(len(settings.networks), 'network')} on about {count(needs.pairs)} pairs"
        + (f", trained {times} times over" if times > 1 else "")
        + f": up to {duration(times * needs.seconds)} on a CPU ({basis}), baselines and intervals not counted. It runs "
        "in the background; this page may be closed."
    )


def _evaluate(run: RunSummary, family: Mapping[str, RunSummary]) -> None:
    st.subheader("Evaluate this run under another split", anchor=False)
    missing = [split for split in SPLITS if split not in family]
    with st.container(border=True):
        if missing:
            st.markdown(f"Not known yet: what its models are worth on {', '.join(split_name(s) for s in missing)}.")
        else:
            st.markdown("Evaluated under every split. A new evaluation takes the place of the earlier one.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            options = [*missing, *(split for split in SPLITS if split not in missing)]
            split = forms.choose("Hold out", options, "evaluate_split", split_name, width=280)
            folds = forms.choose("Folds", _folds(split), "evaluate_folds", _fold_words, width=240)
            if st.button("Evaluate", icon=":material/rule:"):
                job_panel.start("models", lambda: job_panel.submit_evaluation(run.run_id, split, folds))
        st.caption(
            "The same networks with the same settings and baselines, trained from scratch in every fold: nothing is "
            "scored by a model that has seen it."
        )
