"""Jobs that only count: they show whether queue, worker, progress, cancel and resume work here or on a cluster."""

import json
import time

from engine.errors import InputError, JobError
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


def run_sum_test(job: JobContext) -> None:
    """Add up 1 to params["numbers"] in as many parts as params["shards"] says (1), one after the other."""
    shards = int(job.params.get("shards", 0)) or 1
    for shard in range(shards):
        run_sum_shard(job, shard, shards)
    finish_sum_test(job)


def run_sum_shard(job: JobContext, shard: int, shards: int) -> None:
    """Add up every `shards`-th number, a checkpoint for each; what an earlier attempt has added stays.

    params: numbers (20 if not given), seconds (pause per number, 0.05), fail_shard (which fails at first, or none).
    """
    numbers = range(1 + shard, int(job.params.get("numbers", 20)) + 1, shards)
    for done, number in enumerate(numbers):
        job.progress(done / len(numbers), f"Number {number}", numbers=done)
        file = job.checkpoints / f"number-{number}.json"
        if file.exists():
            job.log(f"{number} is there")
            continue
        if shard == job.params.get("fail_shard") and done and not (job.checkpoints / "failed").exists():
            (job.checkpoints / "failed").touch()
            raise JobError(f"The sum test was asked to fail at {number}.")
        time.sleep(float(job.params.get("seconds", 0.05)))
        write_json(file, {"number": number})
        job.log(f"{number} added")
    job.progress(1.0, "Done", numbers=len(numbers))


def finish_sum_test(job: JobContext) -> None:
    """Write result.json with the sum of all parts."""
    found = [json.loads(file.read_text())["number"] for file in job.checkpoints.glob("number-*.json")]
    job.write_result({"sum": sum(found), "numbers": len(found)})
