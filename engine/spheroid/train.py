"""The training job of one phase: a screen's images in; a network, raw viabilities and percentages of all wells out."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from engine.errors import InputError
from engine.jobs.context import JobContext
from engine.jobs.queue import job_folder, submit
from engine.jobs.runs import run_row, torch_device
from engine.spheroid import trained, weights
from engine.spheroid.fit import Fitted, Shown, Workplace, fit
from engine.spheroid.image_store import open_images
from engine.spheroid.judged import quality_rows
from engine.spheroid.network import ScreenNetwork, build, calibrate, parameter_count
from engine.spheroid.phases import PhaseWells, control_wells, duplicate_wells, smallest_loss
from engine.spheroid.phenotype_job import write_map
from engine.spheroid.predict import PLACE, metric_rows, percentages, places, readouts_of
from engine.spheroid.prepare import network_input
from engine.spheroid.presets import recipe
from engine.spheroid.review_records import refuse_signed_off
from engine.spheroid.screen_list import TASK
from engine.spheroid.settings import LABEL_SMOOTHING, OWN_WEIGHTS, PRESETS, RANDOM_WEIGHTS, SpheroidSettings
from engine.spheroid.train_records import layout_of, screen_with_images, start_run
from engine.spheroid.trained import TrainedScreen
from engine.store.database import Database

CALIBRATED = 32  # images that tell a network with random weights what images are like
SHOWN = ("loss", "accuracy", "smallest_loss")


def submit_training(db: Database, settings: SpheroidSettings) -> str:
    """Put a screen's layout into a new job folder and start training; returns the job's id.

    Raises InputError where the screen, its images, its controls, the run to start from or the file of weights are
    missing or do not fit, or the screen is signed off.
    """
    row = screen_with_images(db, settings.screen)
    refuse_signed_off(db, settings.screen, "trained again")
    if settings.phase == 1 and row["kind"] != "controls":
        raise InputError(
            f"{settings.screen} is no control experiment: phase I trains on one, or what validates phase II would have "
            "trained already. Choose a screen of controls only, or start phase II from ImageNet weights."
        )
    start = start_run(db, settings, bool(row["simulated"]))
    layout = layout_of(db, settings.screen)
    control_wells(_with_images(layout, str(row["image_job"])), settings.seed)  # refused before anything waits
    inputs: dict[str, Path | pd.DataFrame] = {"well.parquet": layout}
    file = "" if start or settings.weights in ("", OWN_WEIGHTS, RANDOM_WEIGHTS) else settings.weights
    if file:
        with torch.device("meta"):  # shapes without numbers
            weights.load(ScreenNetwork(settings.backbone_name), file)
        inputs[Path(file).name] = Path(file).expanduser()
    params = {
        "settings": asdict(settings),
        "start": start,
        "weights_file": Path(file).name,
        **{name: row[name] for name in ("image_job", "n_wells", "kind")},
        "simulated": bool(row["simulated"]),
        "screen_source": row["source_id"],
    }
    title = f"Train {settings.backbone_name} for {settings.screen} (phase {'I' * settings.phase}, {settings.preset})"
    return submit(TASK, title, params, settings.seed, inputs, gpu=True)


def run_training(job: JobContext) -> None:
    """Task `train_spheroid`. An interrupted attempt continues from its last checkpoint.

    Raises JobCancelled when somebody asked the job to stop, TrainingError where the loss is not finite.
    """
    began = time.monotonic()
    job.progress(0.0, "Opening images")
    settings = SpheroidSettings.from_params(job.params["settings"])
    layout = pd.read_parquet(job.input("well.parquet"))
    wells = _with_images(layout, job.params["image_job"])
    device = torch_device(job)
    before, notes = _start(job, settings)
    images, names = open_images(job_folder(job.params["image_job"])), places(wells)
    shown = Shown(lambda which: images.stack([names[i] for i in which]), len(names), before.rule)
    if settings.weights == RANDOM_WEIGHTS and not job.params["start"]:
        some = control_wells(wells, settings.seed).train[:CALIBRATED]
        calibrate(before.network, network_input(shown.images(some), shown.rule))
    how = recipe(settings)
    at = Workplace(device, settings.seed, job.checkpoints, lambda done, words: job.progress(0.97 * done, words))
    fitted = fit(before.network, shown, _chooser(settings, wells), how, at)
    job.progress(0.98, "Percentages and measures")
    readouts = readouts_of(wells, fitted.raw, settings.phase)
    percent = percentages(layout, int(job.params["n_wells"]), readouts)
    notes = (*notes, *fitted.wells.notes, *percent.notes)
    after = TrainedScreen(
        job.spec.id, before.network.cpu(), before.rule, settings.screen, settings.phase, settings.preset,
        before.weights, before.sha256, bool(job.params["simulated"]) or before.simulated, how.views,
    )  # fmt: skip
    trained.save(job.results, after)
    if job.params["kind"] == "drugs":
        job.progress(0.985, "Mapping phenotypes")
        notes = (*notes, *write_map(job, after, images, layout, device))
    metrics = metric_rows(
        job.spec.id, settings.backbone_name, fitted.wells, fitted.raw, percent.frame, wells["well_type"]
    )
    job.write_table("readout", _readout_rows(job, settings, percent.frame))
    modality = f"image_{settings.phase}"
    judged = quality_rows(layout, percent.frame, modality)
    job.write_table("quality", judged.assign(screen=settings.screen, job_id=job.spec.id))
    job.write_table("metric", metrics)
    run = _run_row(job, settings, after, fitted, notes, device, (time.monotonic() - began) / 60)
    job.write_table("run", pd.DataFrame([run]))
    job.write_result(_summary(job, settings, fitted, metrics, run, notes))
    for file in job.checkpoints.glob("*"):  # gigabytes, and of no more use
        file.unlink()
    job.log(f"{len(fitted.wells.train):,} wells trained, {len(fitted.wells.validation):,} validated: finished")


def _with_images(layout: pd.DataFrame, image_job: str) -> pd.DataFrame:
    """The wells of the layout that have an image. Raises InputError where none has."""
    images = open_images(job_folder(image_job))
    there = [well in images for well in places(layout)]
    if not any(there):
        raise InputError("No well of the layout has an image: check that plates are called alike in both.")
    return layout[there].reset_index(drop=True)


def _start(job: JobContext, settings: SpheroidSettings) -> tuple[TrainedScreen, tuple[str, ...]]:
    """The network as training begins, and what a person should know of it."""
    name = settings.backbone_name
    if job.params["start"]:
        found = trained.load(job.params["start"])
        simulated = found.simulated and not job.params["simulated"]
        return found, ("The network comes from simulated images.",) if simulated else ()
    network = build(name, settings.seed)
    file = job.params["weights_file"]
    job.progress(0.0, "ImageNet weights")
    named = "" if settings.weights == OWN_WEIGHTS else settings.weights
    found_weights = weights.load(network, str(job.input(file)) if file else named)
    weights.use(network, found_weights)
    skipped = ("Phase I was left out: the network started from weights directly.",) if settings.phase > 1 else ()
    begun = TrainedScreen(
        "", network, found_weights.rule, settings.screen, 0, settings.preset, found_weights.name, found_weights.sha256,
        bool(job.params["simulated"]),
    )  # fmt: skip
    return begun, (*found_weights.notes, *skipped)


def _chooser(settings: SpheroidSettings, wells: pd.DataFrame) -> Callable[[Callable[[], np.ndarray]], PhaseWells]:
    if settings.phase == 3:
        return lambda before: duplicate_wells(wells, before())
    return lambda before: control_wells(wells, settings.seed)


def _readout_rows(job: JobContext, settings: SpheroidSettings, percent: pd.DataFrame) -> pd.DataFrame:
    return percent[[*PLACE, "raw", "percent"]].assign(
        screen=settings.screen,
        modality=f"image_{settings.phase}",
        run_id=job.spec.id,
        source_id=job.params["screen_source"],  # so that importing the screen again removes them
    )


def _run_row(
    job: JobContext,
    settings: SpheroidSettings,
    after: TrainedScreen,
    fitted: Fitted,
    notes: tuple[str, ...],
    device: str,
    minutes: float,
) -> dict[str, Any]:
    name, wells = settings.backbone_name, fitted.wells
    config = {
        **asdict(settings),
        "backbone": name,
        "parameters": parameter_count(after.network),
        "preset_means": PRESETS[settings.preset],
        "recipe": asdict(recipe(settings)),
        "label_smoothing": LABEL_SMOOTHING,
        "smallest_loss": smallest_loss(wells.target),
        "start": job.params["start"],
        "weights_name": after.weights,
        "weights_sha256": after.sha256,
        "intensity_rule": after.rule,
        "notes": list(notes),
    }
    curve = [
        {
            "epoch": epoch.epoch, "train_loss": epoch.train_loss, "validation_loss": _finite(epoch.validation_rmse),
            "learning_rate": epoch.learning_rate, "seconds": epoch.seconds,
        }
        for epoch in fitted.history
    ]  # fmt: skip
    return run_row(
        job,
        config,
        device,
        split=f"phase_{settings.phase}",
        data_hash=sha256((job.spec.inputs["well.parquet"].sha256 + job.params["image_job"]).encode()).hexdigest(),
        minutes=minutes,
        n_train=len(wells.train),
        n_validation=len(wells.validation),
        n_test=len(fitted.raw) - len(wells.train) - len(wells.validation),
        curves=json.dumps({name: curve}),
        simulated=after.simulated,
    )


def _summary(
    job: JobContext,
    settings: SpheroidSettings,
    fitted: Fitted,
    metrics: pd.DataFrame,
    run: Mapping[str, Any],
    notes: tuple[str, ...],
) -> dict[str, Any]:
    """What the Jobs page and the command line tell."""
    told = {
        f"{scope}_{name}" if name != "smallest_loss" else name: value
        for scope, name, value in metrics[["scope", "name", "value"]].itertuples(index=False)
        if name in SHOWN
    }
    lowest = metrics.loc[metrics["name"] == "z_prime", "value"].min()
    return {
        "run_id": job.spec.id,
        "screen": settings.screen,
        "phase": settings.phase,
        "modality": f"image_{settings.phase}",
        "preset": settings.preset,
        "backbone": settings.backbone_name,
        **{name: run[name] for name in ("n_train", "n_validation", "device", "minutes", "simulated")},
        "wells": len(fitted.raw),
        **{name: float(value) for name, value in told.items()},
        "lowest_z_prime": _finite(float(lowest)),
        "notes": list(notes),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
