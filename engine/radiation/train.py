"""The training job: expression and SF2 in; held-out predictions of every model, measures and final networks out.

On a cluster its fits are shared out (`run_shard`), and `finish` does what needs all of them; here one process does
both.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from engine.jobs.context import JobContext
from engine.jobs.queue import submit
from engine.jobs.runs import torch_device
from engine.radiation import fits, measures, rsi
from engine.radiation.cohort import cohort_of
from engine.radiation.finished import half_widths, save_run
from engine.radiation.intervals import conformal
from engine.radiation.records import TASK, training_inputs
from engine.radiation.run_rows import run_row, summary
from engine.radiation.settings import NETWORK, RadiationSettings
from engine.radiation.types import Cohort
from engine.store.database import Database

_Opened = tuple[Cohort, dict[str, Any], RadiationSettings, str]  # with the cohort's receipt, and the device
FITTED, VALIDATED = 0.8, 0.95  # of the progress bar; the rest are measures and their intervals
SECOND_CHANCE = (
    "Prediction validation predicts only samples again that were not correct, so chance can mend some and spoil none: "
    "measures after it are no fair estimate."
)
SAME_LABEL = (
    "The permuted labels stay with their lines: where a line's other arrays train, a model that recognises lines "
    "predicts them too, though they mean nothing."
)


def submit_training(db: Database, settings: RadiationSettings) -> str:
    """Put what training needs of the store into a new job folder and start it; returns the job's id.

    Raises InputError where data sets are missing or have no line in common, or cannot be cut into so many folds.
    """
    inputs, expression, survival, simulated = training_inputs(db, settings.expression, settings.survival)
    settings = replace(settings, expression=expression, survival=survival)
    cohort, _ = cohort_of(inputs, settings)
    fits.planned(cohort, settings, 1)  # whatever cannot be cut into folds is refused before anything waits
    if "rsi" in settings.models:  # and so is an array without its genes
        rsi.index(cohort.values[:1], cohort.probes, cohort.symbols, cohort.scale)
    params = {"settings": asdict(settings), "simulated": simulated, "shards": settings.rounds}
    return submit(TASK, _title(settings), params, settings.seed, inputs, gpu=NETWORK in settings.models)


def _title(settings: RadiationSettings) -> str:
    one = len(settings.models) == 1
    what = settings.models[0].replace("_", " ") if one else f"{len(settings.models)} models of SF2"
    epochs = f", {settings.epochs} epoch{'s' * (settings.epochs > 1)}" if NETWORK in settings.models else ""
    rounds = f"{settings.rounds} x {settings.folds} folds"
    return f"Train {what} ({settings.protocol} protocol, {rounds}{epochs})"


def run_training(job: JobContext) -> None:
    """Task `train_radiation`. What an interrupted attempt has finished is kept, the running networks continue."""
    opened = _opened(job)
    run_shard(job, 0, 1, opened)
    finish(job, opened)


def run_shard(job: JobContext, shard: int, shards: int, opened: _Opened | None = None) -> None:
    """Fit the units shard, shard + shards, ... of cross-validation and permutation that nobody has fitted yet.

    With the last shard come the final networks. Raises JobCancelled when somebody asked the job to stop; what is
    finished stays.
    """
    cohort, _, settings, device = opened or _opened(job)
    units = fits.planned(cohort, settings, fits.together(job))[shard::shards]
    final = float(settings.rounds * settings.epochs) if NETWORK in settings.models and shard == shards - 1 else 0.0
    end = 1.0 if shards > 1 else FITTED
    total = sum(unit.cost(settings.epochs) for unit in units) + final
    if not total:
        return
    start = end * (1 - final / total)
    _fit(job, units, cohort, settings, device, (0.0, start))
    if final:
        told = _teller(job, "Networks on every sample", start, end - start)
        fits.final_networks(job, cohort, settings, device, told)


def finish(job: JobContext, opened: _Opened | None = None) -> None:
    """Prediction validation, measures, intervals, and what later predicts other samples; writes the run's rows."""
    cohort, receipt, settings, device = opened or _opened(job)
    units = fits.planned(cohort, settings, fits.together(job))
    # Parts of a cluster have done these already; what a part has lost is fitted now.
    _fit(job, units, cohort, settings, device, (FITTED, FITTED))
    if NETWORK in settings.models:
        told = _teller(job, "Networks on every sample", FITTED, 0.0)
        fits.final_networks(job, cohort, settings, device, told)
    frame = pd.concat([fits.rows(job, unit, cohort, settings) for unit in units], ignore_index=True)
    notes = [*receipt["notes"], *([SAME_LABEL] if settings.permutations and settings.protocol == "published" else [])]
    again: list[fits.Unit] = []
    if settings.validation:
        again, said = _wrong_ones(cohort, frame, settings, fits.together(job))
        notes += [SECOND_CHANCE, *said] if again else said
        _fit(job, again, cohort, settings, device, (FITTED, VALIDATED))
        frame = pd.concat([frame, *(fits.rows(job, unit, cohort, settings) for unit in again)], ignore_index=True)
    job.progress(VALIDATED, "Measures and their intervals")
    started = time.monotonic()
    frame = conformal(frame, settings.protocol)
    metrics = measures.metric_rows(job.spec.id, frame)
    widths = half_widths(frame, settings.protocol)
    save_run(job.results, job.spec.id, cohort, settings, widths, bool(job.params["simulated"]))
    fitted = sum(fits.seconds_of(job, name) for name in (*(unit.name for unit in (*units, *again)), fits.FINAL))
    seconds = fitted + time.monotonic() - started
    receipt |= {"notes": notes}
    run = run_row(job, cohort, receipt, settings, widths, fits.curves(job, units), device, seconds / 60)
    job.write_table("survival_prediction", frame)
    job.write_table("metric", metrics)
    job.write_table("run", pd.DataFrame([run]))
    job.write_result(summary(metrics, settings, receipt, run))
    job.log(f"{receipt['samples']:,} samples of {receipt['lines']:,} lines, {receipt['probes']:,} probes: finished")


def _opened(job: JobContext) -> _Opened:
    job.progress(0.0, "Reading the tables")
    settings = RadiationSettings.from_params(job.params["settings"])
    tables = {
        name: pd.read_parquet(job.input(name))
        for name in ("expression_set.parquet", "expression.parquet", "survival.parquet", "left_out.parquet")
    }
    cohort, receipt = cohort_of(tables, settings)
    return cohort, receipt, settings, torch_device(job) if NETWORK in settings.models else "cpu"


def _fit(
    job: JobContext,
    units: Sequence[fits.Unit],
    cohort: Cohort,
    settings: RadiationSettings,
    device: str,
    span: tuple[float, float],
) -> None:
    """span: from where to where the job's bar goes meanwhile."""
    total, done = max(sum(unit.cost(settings.epochs) for unit in units), 1e-9), 0.0
    for unit in units:
        kept = fits.predicted_file(job, unit).exists()
        cost, length = unit.cost(settings.epochs), span[1] - span[0]
        told = _teller(job, _called(unit, settings), span[0] + length * done / total, length * cost / total)
        told(0.0)
        fits.do(job, unit, cohort, settings, device, told)
        done += cost
        if not kept:
            job.log(f"{_called(unit, settings)}: {len(unit.folds)} fits, {fits.seconds_of(job, unit.name):.1f} s")


def _teller(job: JobContext, what: str, start: float, length: float) -> Callable[[float], None]:
    def told(done: float) -> None:
        job.progress(start + length * done, what)

    return told


def _called(unit: fits.Unit, settings: RadiationSettings) -> str:
    what = {
        fits.CV: f"round {unit.folds[0].round} of {settings.rounds}",
        fits.VALIDATION: "prediction validation",
        fits.PERMUTED: f"permuted labels, {unit.permutation} of {settings.permutations}",
    }[unit.stage]
    return f"{unit.model.replace('_', ' ').capitalize()}: {what}"


def _wrong_ones(
    cohort: Cohort, frame: pd.DataFrame, settings: RadiationSettings, together: int
) -> tuple[list[fits.Unit], list[str]]:
    """Samples that were not correct, to be predicted again; for the network only where that costs less than it did.

    In the published protocol they are few (3 of 174 there) and each is one fit. Where lines are held out whole most
    samples are wrong, and to train a network for each would take longer than the whole cross-validation; the other
    models are cheap.
    """
    units, notes = [], []
    place = {name: i for i, name in enumerate(cohort.sample)}
    first = frame[frame["stage"] == fits.CV].groupby(["model", "sample"], sort=False)[["mean", "observed"]].mean()
    for model in fits.models_of(settings):
        mine = first.loc[model]
        correct = measures.correct(mine["mean"].to_numpy(), mine["observed"].to_numpy())
        wrong = sorted(place[name] for name in mine.index[~np.asarray(correct, bool)])
        found = fits.left_out(cohort, model, wrong, settings, together)
        needed, spent = sum(len(unit.folds) for unit in found), settings.rounds * settings.folds
        if model == NETWORK and needed > spent:
            notes.append(
                f"Prediction validation of the network is left out: {len(wrong):,} of {len(cohort.sample):,} samples "
                f"were not correct, and {needed:,} further networks would be more than the {spent:,} of the "
                "cross-validation."
            )
            continue
        units += found
    return units, notes
