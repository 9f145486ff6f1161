"""A finished run as one model: its networks in every fold, their mean and spread, its intervals."""

from dataclasses import replace

import numpy as np

from engine.errors import InputError
from engine.learn.conformal import Calibration
from engine.response.records import RunSummary
from engine.response.settings import ENSEMBLE, NETWORKS


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
