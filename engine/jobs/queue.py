"""Submit, list, follow, cancel and resume jobs. Whoever calls may end at any time: the jobs go on."""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import JobError
from engine.jobs import launch, slurm
from engine.jobs.files import read_json, write_json
from engine.jobs.shards import count_shards, forget_ends, read_logs
from engine.jobs.spec import JobStatus, check_job_id, create_folder, new_id
from engine.jobs.status import attempt, changing, folders, read_status, write_error
from engine.settings import jobs_folder

if TYPE_CHECKING:
    import pandas as pd

POLL_SECONDS = 0.25
STALE_SECONDS = 86_400.0


def submit(
    task: str,
    title: str,
    params: Mapping[str, Any],
    seed: int = 0,
    inputs: "Mapping[str, Path | pd.DataFrame] | None" = None,
    gpu: bool = False,
) -> str:
    """Put a job into the queue and see to it that it will run; returns its id.

    inputs: file name -> a file (copied and hashed) or a frame (stored as Parquet), found by the task
    as `job.input(name)`. gpu: the task can use a GPU; it then waits for one where there is any.
    Raises JobError when an input is missing, the disk is full, or SLURM refuses the job.
    """
    job_id = new_id(task)
    root = jobs_folder()
    # A folder appears under its name only when complete.
    staging = root / f".new-{job_id}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        _remove_stale(root)
        device = launch.choose_device(gpu)
        create_folder(staging, task, params, title=title, seed=seed, inputs=inputs, job_id=job_id, device=device)
        staging.rename(root / job_id)
    except OSError as error:
        raise JobError(f"The job could not be written to {root}: {error}.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    launch.start(root / job_id)
    return job_id


def job_folder(job_id: str) -> Path:
    """The folder of a job. Raises JobError where there is no such job."""
    check_job_id(job_id)
    folder = jobs_folder() / job_id
    if not folder.is_dir():
        raise JobError(f"There is no job {job_id}. `python -m engine jobs` lists the jobs there are.")
    return folder


def status(job_id: str) -> JobStatus:
    """Where one job stands."""
    return read_status(job_folder(job_id))


def list_jobs() -> list[JobStatus]:
    """Every job, newest first; also restarts the runner of a queue that lost it."""
    launch.ensure_runners()
    found = [read_status(folder) for folder in folders()]
    return sorted(found, key=lambda job: (job.created_at, job.id), reverse=True)


def cancel(job_id: str) -> JobStatus:
    """Ask a job to stop: at once while it waits, at its next look for a wish to stop while it runs.

    A worker that does not look is ended by force after half a minute, by SLURM after what it calls KillWait.
    Raises JobError when the job has ended already.
    """
    folder = job_folder(job_id)
    with changing(folder):
        before = read_status(folder)
        if not before.active:
            raise JobError(f"Job {job_id} is {before.state}; only a job that waits or runs can be cancelled.")
        (folder / "cancel").touch()
        if before.state == "waiting":
            write_error(folder, "cancelled", "Cancelled before it began.", resumable=True)
        elif count_shards(folder):
            # Parts on many hosts stop each for itself, and the job that would close the array is cancelled too.
            write_error(folder, "cancelled", "Stopped because somebody asked for it.", resumable=True)
        slurm.cancel(folder)
    launch.ensure_runners()
    return read_status(folder)


def resume(job_id: str) -> JobStatus:
    """Put a failed or cancelled job back into the queue; its task continues from its checkpoints.

    Raises JobError when the job has not ended, has finished, or would only fail again.
    """
    folder = job_folder(job_id)
    with changing(folder):
        before = read_status(folder)
        if before.state not in ("failed", "cancelled"):
            raise JobError(f"Job {job_id} is {before.state}; only a failed or cancelled job can be resumed.")
        if not before.resumable:
            raise JobError(f"Job {job_id} would fail again ({before.error}) Correct the input and submit it anew.")
        write_json(folder / "attempt.json", {"attempt": attempt(folder) + 1})
        slurm.cancel(folder)  # whatever is left of the last attempt
        forget_ends(folder)
        # error.json last: until it is gone, the job counts as ended.
        for name in ("cancel", "runner.json", "slurm.json", "error.json"):
            (folder / name).unlink(missing_ok=True)
    launch.start(folder)
    return read_status(folder)


def wait(job_id: str, on_progress: Callable[[JobStatus], None] | None = None) -> JobStatus:
    """Follow a job until it has ended; `on_progress` gets every look at it, the last one included."""
    folder = job_folder(job_id)
    while True:
        seen = read_status(folder)
        if on_progress is not None:
            on_progress(seen)
        if not seen.active:
            return seen
        if seen.state == "waiting" or seen.device == "slurm":
            launch.ensure_runners()
        time.sleep(POLL_SECONDS)


def read_log(job_id: str, last_lines: int = 200) -> str:
    """The end of what the worker wrote, or the workers of all parts, by time; empty before it began."""
    return "\n".join(read_logs(job_folder(job_id))[-last_lines:])


def read_result(job_id: str) -> dict[str, Any]:
    """What the task reported with write_result; empty where it has not."""
    return read_json(job_folder(job_id) / "results" / "result.json") or {}


def _remove_stale(root: Path) -> None:
    """A submitter that was killed while it copied leaves a hidden folder behind."""
    for folder in root.glob(".new-*"):
        if time.time() - folder.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
