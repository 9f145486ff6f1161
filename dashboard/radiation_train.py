"""Radiosensitivity page: start a training, where a protocol is missing or with one's own choices; the published SF2."""

import pandas as pd
import streamlit as st

from dashboard import forms, job_panel, messages, nav, radiation_data, state
from dashboard.radiation_choose import Shown
from engine.errors import EngineError
from engine.figures.radiation_words import PROTOCOL_ASKS, PROTOCOL_NAMES, model_name, rough_time
from engine.figures.text import count, plural
from engine.radiation.settings import BASELINES, MODELS, NETWORK, OPTIONAL, PROTOCOLS, RadiationSettings
from engine.radiation.shown import rough_seconds

PLACE = "radiosensitivity"
IMPORTING = "radiation_import"
SAME = ("rounds", "folds", "models", "epochs", "batch_size", "learning_rate", "dropout", "l2", "seed", "replicates",
        "noise", "permutations", "validation", "expression", "survival")  # fmt: skip


def submit(settings: RadiationSettings) -> str:
    """Queue a training; what trains is loaded only now, so that pages start fast."""
    from dashboard import data
    from engine.radiation.train import submit_training

    return submit_training(data.database(), settings)


def missing(shown: Shown) -> None:
    """Which protocol has no run here, and the button that trains the other one's models under it."""
    for protocol in PROTOCOLS:
        if protocol in shown.runs:
            continue
        other = next(iter(shown.runs.values()))
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(
                f"**{PROTOCOL_NAMES[protocol]}: no run yet.** It asks about {PROTOCOL_ASKS[protocol]}, with the same "
                "arrays, models, rounds and seed.",
                width="stretch",
            )
            if st.button("Train it", key=f"rad_train_{protocol}", icon=":material/play_arrow:"):
                config = {name: other["config"][name] for name in SAME if name in other["config"]}
                settings = RadiationSettings.from_params({**config, "protocol": protocol})
                job_panel.start(PLACE, lambda settings=settings: submit(settings))


def reference_button(place: str = IMPORTING) -> None:
    """Imports the published SF2, unless the store has them. place: where its job is followed."""
    known = set(radiation_data.survival_sets()["dataset"])
    from engine.radiation.survival_import import REFERENCE_NAME

    if REFERENCE_NAME not in known and st.button(
        "Import the published SF2 (59 lines)", icon=":material/database_upload:"
    ):
        job_panel.start(place, _submit_reference)


def _submit_reference() -> str:
    from engine.radiation.survival_import import (
        REFERENCE_LICENCE,
        REFERENCE_NAME,
        REFERENCE_ORIGIN,
        REFERENCE_SF2,
        submit_survival_import,
    )

    return submit_survival_import(
        REFERENCE_SF2, REFERENCE_NAME, origin=REFERENCE_ORIGIN, licence=REFERENCE_LICENCE, assay="clonogenic"
    )


def show() -> None:
    """What there is to train on, and the form."""
    arrays, doses = radiation_data.expression_sets(), radiation_data.survival_sets()
    if arrays.empty or doses.empty:
        lacks = [words for words, table in (("gene expression", arrays), ("surviving fractions", doses)) if table.empty]
        messages.empty(
            f"**Training needs {' and '.join(lacks)}.** A table of probes by samples and one with the SF2 of their "
            "cell lines; spellings of lines are matched.",
            page="data.py",
            label="Import a table",
        )
        if doses.empty:
            reference_button()
        job_panel.follow(IMPORTING, "import_survival")
        return
    with st.container(border=True):
        try:
            settings = _settings(list(arrays["dataset"]), doses)
        except EngineError as error:
            st.error(messages.plain(error), icon=":material/error:")
            return
        fit = _pair(settings.expression, settings.survival)
        about = arrays.set_index("dataset").loc[settings.expression]
        if fit is not None:
            _estimate(settings, int(fit["arrays"]), int(about["n_probes"]))
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Start training", type="primary", icon=":material/play_arrow:", disabled=fit is None):
                job_panel.start(PLACE, lambda: submit(settings))
            if set(settings.models) != set(BASELINES):
                st.button(
                    "Baselines only", icon=":material/filter_alt:", on_click=state.choose,
                    args=("rad_train_models", list(BASELINES)), help="Leaves out the network and the own models",
                )  # fmt: skip
            if settings.models != MODELS:
                st.button(
                    f"All {len(MODELS)} models", icon=":material/select_all:", on_click=state.choose,
                    args=("rad_train_models", []),
                )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        nav.link("data.py", "Import expression or SF2", ":material/upload_file:", data_tab="Import a table")
        reference_button()
    job_panel.follow(IMPORTING, "import_survival")


def _pair(expression: str, survival: str) -> pd.Series | None:
    """Says how many arrays and lines have both; None, and why, where none has."""
    found = radiation_data.pairs(expression)
    mine = found[found["dataset"] == survival]
    if mine.empty:
        st.warning(
            f"No line is in both {messages.plain(expression)} and {messages.plain(survival)}: choose another pair.",
            icon=":material/warning:",
        )
        return None
    fit = mine.iloc[0]
    assay = f"assay {messages.plain(fit['assay'])}" if fit["assay"] else "assay not told"
    said = f"{plural(fit['arrays'], 'array')} of {plural(fit['shared'], 'line')} that have both; {assay}."
    others = found[(found["dataset"] != survival) & (found["shared"] >= fit["shared"])]
    others = others[others["simulated"] <= fit["simulated"]]
    if len(others):
        told = ", ".join(f"{messages.plain(row.dataset)} ({plural(row.shared, 'line')})" for row in others.itertuples())
        said += f" As well or better fits {told}."
    st.caption(said)
    return fit


def _settings(arrays: list[str], doses: pd.DataFrame) -> RadiationSettings:
    with st.grid(4, min_column_width=200, gap="small"):
        # Another expression set has another best table of SF2, which is then the one that is preset.
        expression = forms.choose(
            "Expression", arrays, "rad_train_expression", on_change=state.clear, args=(("rad_train_survival",),)
        )
        fitting = radiation_data.pairs(expression).set_index("dataset")["shared"]
        names = list(dict.fromkeys([*fitting.index, *doses["dataset"]]))
        survival = forms.choose(
            "Measured SF2", names, "rad_train_survival",
            lambda one: f"{one}, {plural(int(fitting.get(one, 0)), 'line')} shared",
        )  # fmt: skip
        protocol = forms.choose("Protocol", ["grouped", "published"], "rad_train_protocol", PROTOCOL_NAMES.__getitem__)
        models = forms.choose_many(
            "Models",
            (*MODELS, *OPTIONAL),
            "rad_train_models",
            model_name,
            placeholder=f"All {len(MODELS)} (pick to restrict)",
        )
        rounds = forms.number("Rounds", "rad_train_rounds", 1, 50)
        folds = forms.number("Folds", "rad_train_folds", 2, 60)
        epochs = forms.number("Epochs of the network", "rad_train_epochs", 1, 2000)
        seed = forms.number("Seed", "rad_train_seed", 0, 2**31 - 1)
        replicates = forms.number("Artificial replicates", "rad_train_replicates", 1, 20)
        noise = st.number_input(
            "Their noise, log2 units", 0.0, 5.0, step=0.05, format="%g", key=state.bound("rad_train_noise"),
            help="Gaussian noise on every probe of each copy: no measured arrays, and said wherever they are shown.",
        )  # fmt: skip
        state.keep("rad_train_noise", float(noise))
    if replicates > 1 and not noise:
        st.warning("Copies without noise are the very same array: set their noise.", icon=":material/warning:")
    return RadiationSettings(
        protocol=protocol, rounds=rounds, folds=folds, models=tuple(models) or MODELS, epochs=epochs, seed=seed,
        replicates=replicates, noise=float(noise), expression=expression, survival=survival,
    )  # fmt: skip


def _estimate(settings: RadiationSettings, samples: int, probes: int) -> None:
    """samples: arrays that have SF2."""
    arrays = samples * settings.replicates
    least, most = (rough_time(seconds) for seconds in rough_seconds(settings, samples, probes))
    takes = least if least == most else f"{least}, and up to {most} with all that is predicted again"
    fits = settings.rounds * settings.folds
    network = f", the network {fits:,} times" if NETWORK in settings.models else ""
    st.caption(
        f"{plural(len(settings.models), 'model')} on {plural(arrays, 'array')} of {count(probes)} probes: every model "
        f"is fitted {fits:,} times ({settings.rounds} rounds of {settings.folds} folds){network}, then each incorrect "
        "array again, and once with labels permuted. **Takes roughly "
        f"{takes}**, on one thread of a processor; a GPU is faster where there is one. It runs in the background; this "
        "page may be closed."
    )
