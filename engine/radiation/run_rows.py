"""What a finished run says of itself: its row of the table `run`, and the summary of its job."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from engine.jobs import runs
from engine.jobs.context import JobContext
from engine.radiation import protocol
from engine.radiation.cohort import data_hash
from engine.radiation.settings import RadiationSettings
from engine.radiation.types import Cohort

SHOWN = ("r", "rmse", "correct")


def run_row(
    job: JobContext,
    cohort: Cohort,
    receipt: dict[str, Any],
    settings: RadiationSettings,
    widths: dict[str, float],
    curves: dict[str, list[dict[str, float]]],
    device: str,
    minutes: float,
) -> dict[str, Any]:
    """The run as the store keeps it. receipt: of the cohort. widths: half widths of 90 % intervals by model."""
    cut = protocol.folds(cohort, settings.protocol, settings.rounds, settings.folds, settings.seed)
    config = {
        **asdict(settings),
        "cohort": receipt,
        "half_width": widths,
        "notes": receipt["notes"],
        "command": settings.command(),
    }
    return runs.run_row(
        job,
        config,
        device,
        split=settings.protocol,
        data_hash=data_hash(cohort),
        minutes=minutes,
        n_train=round(float(np.mean([len(fold.train) for fold in cut]))),
        n_validation=0,
        n_test=len(cohort.sample),
        curves=json.dumps(curves),
        simulated=bool(job.params["simulated"]),
    )


def summary(
    metrics: pd.DataFrame, settings: RadiationSettings, receipt: dict[str, Any], run: dict[str, Any]
) -> dict[str, Any]:
    """What the Jobs page and `jobs show` tell; the measures are those over lines."""
    lines = metrics[(metrics["scope"] == "lines") & metrics["name"].isin(SHOWN)]
    models: dict[str, dict[str, float | None]] = {}
    for model, name, value in zip(lines["model"], lines["name"], lines["value"], strict=True):
        models.setdefault(str(model), {})[str(name)] = None if pd.isna(value) else float(value)
    return {
        "run_id": run["run_id"],
        "protocol": settings.protocol,
        "expression": settings.expression,
        "survival": settings.survival,
        **{name: receipt[name] for name in ("samples", "lines", "probes")},
        "models": models,
        **{name: run[name] for name in ("device", "minutes", "peak_memory_mib", "simulated")},
        "notes": receipt["notes"],
    }
