"""Every model of a run fitted to one fold: baselines, networks, their ensemble, and the ensemble on permuted inputs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.jobs.context import JobContext
from engine.learn import loop
from engine.response.baselines import predict_baseline
from engine.response.evaluate import check_finite
from engine.response.fit import fit_network, predict_rows
from engine.response.folds import Fold
from engine.response.settings import ABLATIONS, ENSEMBLE, LEARNED, TrainSettings

PREDICTION_SHARE = 0.02  # of a network's part of the progress bar
LEARNED_COST = 0.25  # of training one network for 12 epochs, seen on GDSC1


class Values(NamedTuple):
    """A model's ln(IC50, uM) of the fold's validation pairs, then its test pairs; spread: s.d. over its networks."""

    mean: np.ndarray
    spread: np.ndarray | None = None


Curves = dict[str, list[loop.Epoch]]


def predict_fold(
    job: JobContext,
    fold: Fold,
    settings: TrainSettings,
    data_hash: str,
    device: str,
    where: str,
    span: tuple[float, float],
) -> tuple[dict[str, Values], Curves]:
    """Fit every model of the settings on the fold's training pairs; returns {model: values} and learning curves.

    where: what progress and log lines start with. span: (start, length) of the job's progress bar.
    A model that an interrupted attempt has finished is read back.
    """
    rows = np.concatenate([fold.validation, fold.test])
    bar = _Bar(job, where, span, settings)
    found: dict[str, Values] = {}
    for name in settings.baselines:
        bar.begin(name, LEARNED_COST if name in LEARNED else 0.0)
        values = _kept(
            job.checkpoints / _file(name, fold.number, "npy"),
            lambda name=name: predict_baseline(name, fold.cohort, fold.part, rows, settings.seed, bar.show),  # type: ignore[misc]
        )
        found[name] = Values(check_finite(name, values))
    members, curves = _networks(job, fold, settings, data_hash, device, bar, rows)
    if members:
        ensemble = _ensemble(members)
        found |= {name: Values(mean, ensemble.spread) for name, mean in members.items()}
        found[ENSEMBLE] = ensemble
    for what in settings.ablations:
        permuted = fold.permuted(what, settings.seed)
        members, _ = _networks(job, permuted, settings, data_hash, device, bar, rows, f"{ABLATIONS[what]}.")
        found[ABLATIONS[what]] = _ensemble(members)
    return found, curves


def network_file(results: Path, name: str, number: int) -> Path:
    """The checkpoint of a network of a finished run; number: of the fold, 0 for a single cut."""
    return results / _file(name, number, "pt")


def _ensemble(members: dict[str, np.ndarray]) -> Values:
    """The mean of the networks and, of two or more, their standard deviation."""
    stacked = np.stack(list(members.values()))
    return Values(stacked.mean(axis=0), stacked.std(axis=0) if len(stacked) > 1 else None)


def _networks(
    job: JobContext,
    fold: Fold,
    settings: TrainSettings,
    data_hash: str,
    device: str,
    bar: "_Bar",
    rows: np.ndarray,
    prefix: str = "",
) -> tuple[dict[str, np.ndarray], Curves]:
    """prefix: of the files; only networks without one are kept as results."""
    members: dict[str, np.ndarray] = {}
    curves: Curves = {}
    for name in settings.networks:
        bar.begin(prefix.replace(".", " ") + name, 1.0)
        label = prefix + name
        values_file = job.checkpoints / _file(label, fold.number, "npy")
        curve_file = job.checkpoints / _file(label, fold.number, "curve.json")
        if not (values_file.exists() and curve_file.exists()):
            resume = job.checkpoints / _file(label, fold.number, "resume.pt")
            trained, history = fit_network(name, fold, settings, data_hash, device, resume, bar.on_step)
            values = check_finite(name, predict_rows(trained, fold, rows, device))
            if not prefix:
                trained.save(network_file(job.results, name, fold.number))
            curve_file.write_text(json.dumps([tuple(epoch) for epoch in history]))
            _save(values_file, values)
            resume.unlink()
        members[name] = np.load(values_file)
        curves[name] = [loop.Epoch(*row) for row in json.loads(curve_file.read_text())]
    return members, curves


def _file(label: str, number: int, ending: str) -> str:
    return f"{label}.fold{number}.{ending}" if number else f"{label}.{ending}"


def _kept(file: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """What an earlier attempt left in `file`, else what `make` returns, which is left there."""
    if not file.exists():
        _save(file, make())
    values: np.ndarray = np.load(file)
    return values


def _save(file: Path, values: np.ndarray) -> None:
    temporary = file.with_name("part-" + file.name)
    np.save(temporary, values)
    temporary.replace(file)


class _Bar:
    """Progress and log lines of one fold."""

    def __init__(self, job: JobContext, where: str, span: tuple[float, float], settings: TrainSettings) -> None:
        self._job, self._where, self._settings = job, where, settings
        self._start, length = span
        learned = sum(name in LEARNED for name in settings.baselines)
        cost = LEARNED_COST * learned + len(settings.networks) * (1 + len(settings.ablations))
        self._scale = length / max(cost, LEARNED_COST)
        self._done = self._cost = 0.0
        self._name = ""

    def begin(self, name: str, cost: float) -> None:
        self._done += self._cost
        self._cost, self._name = cost, name.replace("_", " ")
        self.show(0.0)

    def show(self, share: float, message: str = "", **numbers: float) -> None:
        done = self._start + self._scale * (self._done + self._cost * share)
        self._job.progress(done, self._where + (message or self._name), **numbers)

    def on_step(self, step: int, total: int, history: list[loop.Epoch]) -> None:
        epochs = self._settings.epochs
        numbers = {"epoch": float(len(history))}
        if history:
            numbers |= {"validation_rmse": history[-1].validation_rmse, "train_loss": history[-1].train_loss}
        message = f"{self._name}: epoch {min(len(history) + 1, epochs)} of {epochs}"
        self.show((1 - PREDICTION_SHARE) * step / total, message, **numbers)
        if history and step == len(history) * (total // epochs):
            last = history[-1]
            self._job.log(
                f"{self._where}{self._name} epoch {last.epoch}: loss {last.train_loss:.4f}, validation RMSE "
                f"{last.validation_rmse:.4f} ln µM, {last.seconds:.0f} s"
            )
