"""Radiosensitivity page: SF2 of somebody's own expression file. What was uploaded stays in this session: a file may be
a patient's, so nothing of it goes into the address, a job folder, a shared cache or the log."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import export, forms, frame, messages, radiation_data, state
from dashboard.patient_session import discreet
from dashboard.radiation_choose import data_words, run_label
from engine.errors import EngineError
from engine.figures.radiation_own import movers_chart, own_beside_nearest, own_table, reach, skill_words
from engine.figures.radiation_words import PROTOCOL_NAMES, measure, model_name
from engine.figures.text import interval, number, plural
from engine.radiation.settings import NETWORK
from engine.radiation.types import SamplePrediction

LARGEST_MB = 500


@dataclass(frozen=True)
class Own:
    """Predictions of one file by one run. receipt: what became of its samples, in words."""

    file_name: str
    run_id: str
    found: tuple[SamplePrediction, ...]
    receipt: tuple[str, ...]


def show(runs: pd.DataFrame, in_sight: bool) -> None:
    """The form, then the predictions. in_sight: else only what would lose a chosen file is drawn."""
    by_id = {row["run_id"]: row for row in runs.to_dict("records")}
    # Grouped runs first: they alone promise an interval for a line never seen.
    options = sorted(by_id, key=lambda one: by_id[one]["protocol"] != "grouped")
    upload = st.file_uploader(
        f"Gene expression of your own samples, up to {LARGEST_MB} MB",
        max_upload_size=LARGEST_MB,
        key="rad_upload",
        help="A GEO series matrix, GCT, CSV, TSV, XLSX or Parquet, packed or not; probes or gene symbols by samples, "
        "either way round, log2 or linear. It stays on the computer that runs Tumorcast, in this session alone.",
    )
    if not in_sight:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        run_id = forms.choose(
            "Run that predicts", options, "rad_own_run",
            lambda one: f"{PROTOCOL_NAMES[by_id[one]['protocol']]} · {run_label(by_id[one])}", width=560,
        )  # fmt: skip
        if st.button("Predict", type="primary", icon=":material/play_arrow:", disabled=upload is None):
            _predict(upload, run_id)
        own = state.get("rad_own")
        if own and st.button("Forget", icon=":material/delete:", help="Forgets the file and its predictions"):
            state.clear(("rad_own", "rad_own_sample"))
            own = None
    if by_id[run_id]["protocol"] != "grouped":
        st.caption("A run of the published protocol has no interval for a line never seen: choose a grouped one.")
    if own is None:
        st.caption(
            "Nothing is saved: the file is read in this process, and its predictions go with this browser session."
        )
        return
    _shown(own, by_id.get(own.run_id))


def _predict(upload: Any, run_id: str) -> None:
    """Reads the file and predicts it; a refusal is shown in words, and nothing of the file is kept then."""
    from engine.files.receipt import Receipt

    receipt, bar = Receipt(), st.progress(0.0, text="Reading the file")
    try:
        with discreet("predicting the file"), tempfile.NamedTemporaryFile(prefix="tumorcast-upload-") as copy:
            from engine.radiation.predict import predict_file  # with torch, which takes seconds

            upload.seek(0)
            shutil.copyfileobj(upload, copy)
            copy.flush()
            found = predict_file(
                Path(copy.name), run_id, file_name=upload.name, receipt=receipt,
                on_progress=lambda share: bar.progress(min(share, 1.0), text="Predicting"),
            )  # fmt: skip
    except EngineError as error:
        state.clear(("rad_own", "rad_own_sample"))
        st.error(messages.plain(error), icon=":material/error:")
        return
    finally:
        bar.empty()
    dropped = [f"{plural(n, 'sample')} left out: {reason}." for reason, n in receipt.dropped.items()]
    kept = f"Read {plural(receipt.read, 'sample')}, predicted {len({one.sample for one in found}):,}."
    said = (kept, *dropped, *map(str, receipt.notes))
    state.clear(("rad_own_sample",))
    state.keep("rad_own", Own(upload.name, run_id, tuple(found), said))


def _best_first(models: list[str], metrics: pd.DataFrame) -> list[str]:
    """Those with the smallest RMSE on left-out lines first: that one opens; models without the measure last."""
    known = {model: measure(metrics, model, "rmse", "lines") for model in models}
    return sorted(models, key=lambda model: found.value if (found := known[model]) else float("inf"))


def _shown(own: Own, run: Mapping[str, Any] | None) -> None:
    metrics = radiation_data.metrics(own.run_id)
    models = _best_first(list(dict.fromkeys(one.model for one in own.found)), metrics)
    samples = list(dict.fromkeys(one.sample for one in own.found))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(f"SF2 of {messages.plain(own.file_name)}", anchor=False, width="content")
        st.badge("Research use only", color="orange", help="Not for treatment decisions.")
        if run is not None and run["simulated"]:
            st.badge("Simulated", color="orange", help="The run was trained on simulated data.")
    for words in own.receipt:
        st.caption(messages.plain(words))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = forms.choose("Model", models, "rad_own_model", model_name, width=220)
        sample = forms.choose("Sample", samples, "rad_own_sample", messages.plain, width=300)
    one = next(found for found in own.found if found.sample == sample and found.model == model)
    context = f"trained on {data_words(run)}" if run is not None else f"run {own.run_id}, no longer in the store"
    _cards(one, metrics)
    for note in dict.fromkeys(one.notes):
        st.caption(messages.plain(note))
    main_cell, side, below = frame.main_side_and_below("rad_own")
    with main_cell:
        frame.chart(own_beside_nearest(one, context, frame.dark()), "rad_nearest", view=(sample, model))
    with side:
        network = next((f for f in own.found if f.sample == sample and f.model == NETWORK and f.movers), None)
        error, beside, better = skill_words(metrics, NETWORK)
        if network and error and not better:
            st.caption(
                "Which genes moved the network is not shown: on left-out lines it does not surely do better than the "
                f"mean of all lines (RMSE {error}; {beside}), so they would say nothing about radiosensitivity."
            )
        elif network:
            frame.chart(movers_chart(network, context, frame.dark()), "rad_movers", view=sample)
        else:
            st.caption("This run trained no network: there are no genes that moved it.")
    with below:
        table = own_table(own.found)
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            st.subheader("Every sample and model", anchor=False, width="content")
            export.buttons(
                table, "tumorcast-own-sf2", key="rad_own_export", about={"Run": own.run_id, "Use": "Research only"}
            )
        frame.table(table, key="rad_own_table", height="auto" if len(table) > 9 else "content")


def _cards(one: SamplePrediction, metrics: pd.DataFrame) -> None:
    """The number where it may be relied on, what it is worth on lines left out, the nearest line, the reach."""
    name = model_name(one.model)
    nearest = one.nearest[0] if one.nearest else None
    error, beside, _ = skill_words(metrics, one.model)
    outside = one.inside is False
    if outside:
        sf2 = frame.Card(f"SF2, {name}", "Extrapolation", f"It gives {number(one.sf2)}, out of what it was trained on.")
    elif one.look_up:
        sf2 = frame.Card(f"SF2, {name}", number(one.sf2), f"No interval holds: this is an array of {one.look_up}.")
    else:
        ends = interval(one.lower, one.upper)
        sure = "" if one.lower is None else ": 90 %, from errors on left-out lines"
        sf2 = frame.Card(f"SF2, {name}", number(one.sf2), f"{ends}{sure}")
    like = "like the lines it was trained on" if one.inside else "not known for this run"
    frame.cards(
        [
            sf2,
            frame.Card(f"Its RMSE on left-out lines, {name}", error or "not known", beside),
            frame.Card(
                "Nearest trained line", nearest[0] if nearest else "not known",
                f"r {nearest[1]:.2f} · measured SF2 {number(nearest[2])}" if nearest else "",
            ),
            frame.Card(
                "Applicability", reach(one.inside).capitalize(), "; ".join(one.outside_because) if outside else like
            ),
        ]
    )  # fmt: skip
