"""A job that only counts: shows whether queue, worker, progress, cancel and resume work on this machine."""

import json
import time

from engine.errors import InputError
from engine.jobs.context import JobContext
from engine.jobs.files import write_json


def run_self_test(job: JobContext) -> None:
    """Count to params["steps"] with a checkpoint after each step.

    params: steps (default 5), seconds (pause per step, default 0.2), fail_at (step that raises InputError, or absent).
    Writes result.json with the step this attempt began at and the steps done.
    """
    steps = int(job.params.get("steps", 5))
    checkpoint = job.checkpoints / "step.json"
    first = int(json.loads(checkpoint.read_text())["step"]) if checkpoint.exists() else 0
    for step in range(first, steps):
        if step == job.params.get("fail_at"):
            raise InputError(f"The self test was asked to fail at step {step}.")
        job.progress(step / steps, f"Step {step + 1} of {steps}", step=step)
        time.sleep(float(job.params.get("seconds", 0.2)))
        write_json(checkpoint, {"step": step + 1})
        job.log(f"step {step + 1} done")
    job.progress(1.0, "Done", step=steps)
    job.write_result({"began_at": first, "steps": steps})
