"""What every training says of itself: the device that it runs on, and its row of the table `run`."""

import json
from typing import Any

import pandas as pd

from engine.jobs.context import JobContext, peak_memory_mib


def torch_device(job: JobContext) -> str:
    """cuda where the job was given a GPU and torch sees one, else cpu."""
    import torch  # pages and jobs without a network do without it

    return "cuda" if job.spec.device != "cpu" and torch.cuda.is_available() else "cpu"


def run_row(job: JobContext, config: dict[str, Any], device: str, **columns: Any) -> dict[str, Any]:
    """The run as the store keeps it. config: all that makes it another run, or tells of it; versions are added.

    device: as torch calls it. columns: of the table `run`, those that differ from engine to engine.
    """
    name = "CPU"
    if device != "cpu":
        import torch

        name = str(torch.cuda.get_device_name())
    return {
        "run_id": job.spec.id,
        "task": job.spec.task,
        "created_at": pd.Timestamp(job.spec.created_at).tz_localize(None),
        "seed": job.seed,
        "config": json.dumps({**config, "versions": job.spec.versions}),
        "device": name,
        "peak_memory_mib": peak_memory_mib(),
        **columns,
    }
