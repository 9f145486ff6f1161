"""A finished run as one model: its networks in every fold, their mean and spread, its intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from engine.errors import InputError, JobError
from engine.jobs.queue import job_folder
from engine.learn.conformal import Calibration
from engine.response.records import RunSummary, family, runs
from engine.response.settings import ENSEMBLE, NETWORKS, PUBLISHED_SPLIT
from engine.store.database import Database


@dataclass(frozen=True)
class Intervals:
    """Where 90 % intervals come from. split: how they were calibrated; note: what to know about that, or empty.

    covered: by drug_id, share of the drug's held-out pairs of that split that lay within, where it was asked for.
    """

    calibration: Calibration | None
    split: str
    note: str
    covered: pd.Series = field(default_factory=lambda: pd.Series(dtype=float), compare=False)


def default_run(db: Database) -> RunSummary:
    """The run that predicts unless another is chosen: the newest one with a network.

    Measured data comes before simulated data, and the published split before all others: its networks are trained on
    every line, while those of a run of several folds each lack the lines (or drugs) of their fold.
    Raises InputError where no run has a network.
    """
    found = runs(db)
    usable = [run for run in found if run.networks]
    if usable:
        return max(usable, key=lambda run: (not run.simulated, run.split == PUBLISHED_SPLIT, run.created_at))
    if found:
        raise InputError("The runs in the store trained only baselines, and this needs a network: train one first.")
    raise InputError(
        "There is no trained network yet. Train a network first, or build the demonstration (python -m engine demo)."
    )


def results_of(run: RunSummary) -> Path:
    """The folder with the run's networks. Raises InputError where it is gone."""
    try:
        return job_folder(run.run_id) / "results"
    except JobError as error:
        raise InputError(
            f"The job folder of run {run.run_id} is gone, and with it its networks: choose another run or train again."
        ) from error


def networks_of(run: RunSummary) -> tuple[str, ...]:
    """The networks of a run. Raises InputError for a run of baselines alone."""
    networks = tuple(model for model in run.models if model in NETWORKS)
    if not networks:
        raise InputError(f"Run {run.run_id} trained no network, only baselines: choose another run to predict with.")
    return networks


def folds_of(run: RunSummary) -> tuple[int, ...]:
    """Numbers of the folds that were run, as its files carry them; 0 is a single cut."""
    return tuple(run.config.get("ran_folds", [0]))


def mean_and_spread(members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over networks of (networks, folds, ...) predictions.

    The spread within a fold is what intervals were calibrated with; averages over folds lie closer together.
    """
    return members.mean(axis=(0, 1)), members.std(axis=0).mean(axis=0)


def calibration_of(run: RunSummary) -> Calibration | None:
    """The ensemble's; of several folds their median. None where the run is older than intervals."""
    kept = run.config.get("conformal", {}).values()
    folds = [Calibration.from_dict(fold[ENSEMBLE]) for fold in kept if ENSEMBLE in fold]
    if not folds:
        return None
    floors = [one.floor for one in folds if one.floor is not None]
    return replace(
        folds[0],
        quantile=float(np.median([one.quantile for one in folds])),
        floor=float(np.median(floors)) if floors else None,
    )


def honest_run(db: Database, run: RunSummary, splits: Sequence[str]) -> RunSummary | None:
    """The run that shows what this one is worth under the first of the splits that was evaluated; None: under none."""
    kin = family(runs(db), run)
    return next((kin[split] for split in splits if split in kin and ENSEMBLE in kin[split].metrics), None)


def intervals_of(run: RunSummary, honest: RunSummary | None, otherwise: str) -> Intervals:
    """Those of the honest run where they fit the networks of `run`, else its own.

    otherwise: what to know about its own, which come from pairs of lines and drugs that it was trained on.
    """
    own = calibration_of(run)
    if honest is not None:
        calibration = calibration_of(honest)
        same = networks_of(honest) == networks_of(run)
        # Widths that follow the spread of other networks say nothing about the spread of these.
        if calibration is not None and (same or calibration.floor is None):
            other = (
                "The skill and the intervals told here were measured on another set of networks than the one that "
                "predicts: take them as a guide."
            )
            return Intervals(calibration, honest.split, "" if same else other)
    if own is None:
        return Intervals(None, "", "There are no intervals: the run has none. Train again to get them.")
    return Intervals(own, run.split, otherwise)
