"""Every fit of a run, in units that are kept: what an interrupted job has finished is read back.

A unit is one model in one round of one stage, or a group of networks trained side by side. Units do not depend on each
other, so parts of a cluster may do them in any order. n samples, f folds of a unit.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engine.errors import TrainingError
from engine.jobs.context import JobContext
from engine.jobs.files import read_json, write_json
from engine.radiation import baselines, protocol
from engine.radiation.cohort import filled
from engine.radiation.settings import NETWORK, RadiationSettings
from engine.radiation.types import Cohort, Fold

CV, VALIDATION, PERMUTED = "cv", "validation", "permuted"
FINAL = "final"
LEARNED_COST, NAIVE_COST = 1.0, 0.05  # of one fit, in epochs of a network: seen on 58 arrays of 22,283 probes
KEPT_TOGETHER, KEPT_ON_GPU = 6, 30  # networks of a unit: on a CPU they are trained one after the other anyway


@dataclass(frozen=True)
class Unit:
    """Fits that are done and kept together. number: of its file, from 1; permutation: from 1, 0 where labels are true.

    folds: whose test samples are predicted by a fit to their training samples.
    """

    stage: str
    model: str
    number: int
    folds: tuple[Fold, ...]
    permutation: int = 0

    def cost(self, epochs: int) -> float:
        """How long it takes, in epochs of a network, which is trained for so many."""
        each = {NETWORK: float(epochs), **dict.fromkeys(baselines.NAIVE, NAIVE_COST)}
        return each.get(self.model, LEARNED_COST) * len(self.folds)

    @property
    def name(self) -> str:
        """Of its files. Tells its folds, so that what was fitted to others is never taken for it."""
        told = hashlib.sha256()
        for fold in self.folds:
            told.update(np.concatenate([[len(fold.train)], fold.train, fold.test]).astype("<i8").tobytes())
        return f"{self.stage}.{self.model}.{self.number}.{told.hexdigest()[:8]}"


def together(job: JobContext) -> int:
    """How many networks are one unit: told by where the job waits, so that all its parts and attempts agree."""
    return KEPT_ON_GPU if job.spec.device.startswith("gpu") else KEPT_TOGETHER


def planned(cohort: Cohort, settings: RadiationSettings, together: int) -> list[Unit]:
    """Everything that can be fitted before the first prediction is known: cross-validation and permuted labels.

    together: networks of a unit. Permutation i has the folds of round i (again from the first where there are fewer
    rounds). Raises InputError as `protocol.folds` does.
    """
    folds = protocol.folds(cohort, settings.protocol, settings.rounds, settings.folds, settings.seed)
    rounds = [tuple(fold for fold in folds if fold.round == number) for number in range(1, settings.rounds + 1)]
    units = []
    for model in models_of(settings):
        if model == NETWORK:
            units += _groups(CV, folds, cohort, together)
        else:
            units += [Unit(CV, model, number, cut) for number, cut in enumerate(rounds, 1)]
        for permutation in range(1, settings.permutations + 1):
            cut = rounds[(permutation - 1) % len(rounds)]
            if model == NETWORK:
                units += _groups(PERMUTED, cut, cohort, together, permutation)
            else:
                units.append(Unit(PERMUTED, model, permutation, cut, permutation))
    return units


def left_out(
    cohort: Cohort, model: str, wrong: Sequence[int], settings: RadiationSettings, together: int
) -> list[Unit]:
    """Prediction validation of one model: the samples `wrong` (indices) predicted again, each by a fit without it."""
    folds = protocol.leave_out(cohort, wrong, settings.protocol)
    if not folds:
        return []
    return (
        _groups(VALIDATION, folds, cohort, together) if model == NETWORK else [Unit(VALIDATION, model, 1, tuple(folds))]
    )


def models_of(settings: RadiationSettings) -> tuple[str, ...]:
    """The chosen models, the mean always among them; the network last, as it takes longest."""
    chosen = dict.fromkeys(("mean", *settings.models))
    chosen.pop(NETWORK, None)
    return (*chosen, *((NETWORK,) if NETWORK in settings.models else ()))


def do(
    job: JobContext,
    unit: Unit,
    cohort: Cohort,
    settings: RadiationSettings,
    device: str,
    told: Callable[[float], None],
) -> None:
    """Fit a unit and keep its predictions, unless that was done before. told: gets the share done; may raise."""
    if predicted_file(job, unit).exists():
        return
    if unit.permutation:
        cohort = protocol.shuffled(cohort, settings.seed + unit.permutation)
    started = time.monotonic()
    fit = _network if unit.model == NETWORK else _baseline
    values = fit(job, unit, cohort, settings, device, told)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise TrainingError(f"{unit.model} gave {bad} values that are not numbers. Choose a smaller learning rate.")
    # Before the predictions, which say that the unit is finished.
    write_json(_seconds_file(job, unit.name), {"seconds": time.monotonic() - started})
    _save(predicted_file(job, unit), np.clip(values, 0.0, 1.0))  # a network may leave the range of a fraction
    _forget(resume_file(job, unit))


def rows(job: JobContext, unit: Unit, cohort: Cohort, settings: RadiationSettings) -> pd.DataFrame:
    """What a finished unit predicted, as rows of the table `survival_prediction` without intervals."""
    if unit.permutation:
        cohort = protocol.shuffled(cohort, settings.seed + unit.permutation)
    sample = np.concatenate([fold.test for fold in unit.folds])
    sizes = [len(fold.test) for fold in unit.folds]
    return pd.DataFrame(
        {
            "run_id": job.spec.id,
            "model": unit.model,
            "stage": unit.stage,
            "round": unit.permutation or np.repeat([fold.round for fold in unit.folds], sizes),
            "fold": np.repeat([fold.number for fold in unit.folds], sizes),
            "sample": cohort.sample[sample],
            "line": cohort.line[sample],
            "panel": cohort.panel[sample],
            "observed": cohort.sf2[sample],
            "mean": np.load(predicted_file(job, unit)),
        }
    )


def final_networks(
    job: JobContext, cohort: Cohort, settings: RadiationSettings, device: str, told: Callable[[float], None]
) -> None:
    """Networks trained on every sample, one a round with a start of its own: what predicts other samples later."""
    from engine.radiation.fit import fit_networks

    file, resume = network_file(job.results), job.checkpoints / f"{FINAL}.resume.pt"
    if not file.exists():
        everybody = np.arange(len(cohort.line))
        values = filled(cohort, everybody).values
        trains, started = [everybody] * settings.rounds, time.monotonic()
        fit_networks(values, cohort.sf2, trains, settings, resume, told, device).save(file)
        write_json(_seconds_file(job, FINAL), {"seconds": time.monotonic() - started})
    _forget(resume)


def curves(job: JobContext, units: Sequence[Unit]) -> dict[str, list[dict[str, float]]]:
    """{"network, round 1, fold 1": [{"epoch", "train_loss"}, ...]} of the networks of the cross-validation.

    train_loss: mean squared error of SF2 over the epoch, dropout included.
    """
    found = {}
    for unit in units:
        if unit.stage == CV and unit.model == NETWORK:
            for fold, losses in zip(unit.folds, np.load(curve_file(job, unit)).T, strict=True):
                name = f"{NETWORK}, round {fold.round}, fold {fold.number}"
                found[name] = [{"epoch": i, "train_loss": float(loss)} for i, loss in enumerate(losses, 1)]
    return found


def network_file(results: Path) -> Path:
    """Where the networks of a finished run lie."""
    return results / "network.pt"


def predicted_file(job: JobContext, unit: Unit) -> Path:
    """Where the predictions of a unit lie when it is finished."""
    return job.checkpoints / f"{unit.name}.npy"


def resume_file(job: JobContext, unit: Unit) -> Path:
    """Where networks that are still trained leave their state."""
    return job.checkpoints / f"{unit.name}.resume.pt"


def seconds_of(job: JobContext, name: str) -> float:
    """How long a finished unit, or FINAL, took in the attempt that finished it; 0 where there is none."""
    return float((read_json(_seconds_file(job, name)) or {}).get("seconds", 0.0))


def _seconds_file(job: JobContext, name: str) -> Path:
    return job.checkpoints / f"{name}.seconds.json"


def curve_file(job: JobContext, unit: Unit) -> Path:
    """Where the learning curve of a group of networks lies: (epochs, networks) training loss."""
    return job.checkpoints / f"{unit.name}.curve.npy"


def _groups(stage: str, folds: Sequence[Fold], cohort: Cohort, together: int, permutation: int = 0) -> list[Unit]:
    """Networks side by side share one matrix of values: where some are missing, every fit fills its own."""
    size = 1 if np.isnan(cohort.values).any() else together
    parts = [tuple(folds[start : start + size]) for start in range(0, len(folds), size)]
    first = (permutation - 1) * len(parts) if permutation else 0
    return [Unit(stage, NETWORK, first + number, part, permutation) for number, part in enumerate(parts, 1)]


def _baseline(
    job: JobContext,
    unit: Unit,
    cohort: Cohort,
    settings: RadiationSettings,
    device: str,
    told: Callable[[float], None],
) -> np.ndarray:
    found = []
    for done, fold in enumerate(unit.folds):
        told(done / len(unit.folds))
        given = filled(cohort, fold.train)
        found.append(baselines.predict(unit.model, given, fold.train, fold.test, settings.seed + fold.round))
    return np.concatenate(found)


def _network(
    job: JobContext,
    unit: Unit,
    cohort: Cohort,
    settings: RadiationSettings,
    device: str,
    told: Callable[[float], None],
) -> np.ndarray:
    from engine.radiation.fit import fit_networks  # torch loads when there is a network to train

    given = filled(cohort, unit.folds[0].train)
    trains = [fold.train for fold in unit.folds]
    trained = fit_networks(given.values, cohort.sf2, trains, settings, resume_file(job, unit), told, device)
    if unit.stage == CV:
        _save(curve_file(job, unit), trained.losses.numpy())
    tested = [trained.predict(given.values[fold.test], device, [i])[0] for i, fold in enumerate(unit.folds)]
    return np.concatenate(tested)


def _forget(resume: Path) -> None:
    """What a fit left to be continued from: the file and those beside it whose names go on from its own."""
    for file in resume.parent.glob(f"{resume.name}*"):
        file.unlink()


def _save(file: Path, values: np.ndarray) -> None:
    temporary = file.with_name("part-" + file.name)
    np.save(temporary, values)
    temporary.replace(file)
