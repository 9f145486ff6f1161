"""Where a job stands, read from its folder alone: the folder is the truth, no process has to be asked."""

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from engine.errors import JobError
from engine.jobs.files import read_json, write_json
from engine.jobs.shards import count_shards, merged_progress, read_shards
from engine.jobs.spec import JobSpec, JobStatus, now, read_spec
from engine.settings import jobs_folder

DIED = "The worker stopped without a word (killed or out of memory). Resume continues from the last checkpoint."
# The clock that start times are derived from may be corrected while a job runs.
START_TOLERANCE_SECONDS = 2.0
# A worker on another host cannot be looked up; it touches runner.json every HEARTBEAT_SECONDS instead.
HEARTBEAT_SECONDS = 15.0
SILENT_SECONDS = 300.0


@dataclass(frozen=True)
class Runner:
    """The process that works on a job."""

    pid: int
    process_started: float  # seconds since the epoch
    host: str
    device: str
    started_at: str  # UTC, ISO 8601

    @classmethod
    def here(cls, device: str) -> "Runner":
        """This very process."""
        return cls(os.getpid(), psutil.Process().create_time(), socket.gethostname(), device, now())


def folders() -> list[Path]:
    """Every job folder, in no particular order."""
    root = jobs_folder()
    if not root.is_dir():
        return []
    return [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]


def settled(folder: Path) -> bool:
    """Whether the job has ended, well or not, and said so."""
    return (folder / "done.json").exists() or (folder / "error.json").exists()


def unsettled() -> Iterator[tuple[Path, JobSpec]]:
    """Jobs that have not said how they ended, in the order in which they were submitted."""
    found: list[tuple[str, Path, JobSpec]] = []
    for folder in folders():
        if settled(folder):
            continue
        try:
            spec = read_spec(folder)
        except JobError:
            continue  # read_status shows it as failed, with the reason
        found.append((spec.created_at, folder, spec))
    for _, folder, spec in sorted(found, key=lambda entry: entry[:2]):
        yield folder, spec


def read_runner(folder: Path) -> Runner | None:
    """The process that took the job; None while it waits."""
    content = read_json(folder / "runner.json")
    return None if content is None else Runner(**content)


def is_alive(folder: Path) -> bool:
    """Whether the process that took the job still lives; pid and start time together are never used twice."""
    runner = read_runner(folder)
    if runner is None:
        return False
    if runner.host != socket.gethostname():
        try:
            return time.time() - (folder / "runner.json").stat().st_mtime < SILENT_SECONDS
        except FileNotFoundError:
            return False
    try:
        process = psutil.Process(runner.pid)
        same = abs(process.create_time() - runner.process_started) < START_TOLERANCE_SECONDS
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def changing(folder: Path) -> FileLock:
    """Held while somebody decides from a job's state what its next state is."""
    return FileLock(folder / ".changing")


def attempt(folder: Path) -> int:
    """How often the job has been put into the queue: 1 at first, one more with each resume."""
    return int((read_json(folder / "attempt.json") or {"attempt": 1})["attempt"])


def write_error(folder: Path, state: str, error: str, resumable: bool) -> None:
    """End a job as `failed` or `cancelled` with the reason a person sees."""
    content = {"state": state, "error": error, "resumable": resumable, "finished_at": now()}
    write_json(folder / "error.json", content)


def read_status(folder: Path) -> JobStatus:
    """The status of one job folder; a damaged one is shown as failed, never as absent.

    Raises JobError where there is no such folder.
    """
    if not folder.is_dir():
        raise JobError(f"There is no job {folder.name}. `python -m engine jobs` lists the jobs there are.")
    try:
        spec = read_spec(folder)
        return _status(folder, spec)
    except (JobError, TypeError) as error:
        return JobStatus(
            id=folder.name, task="unknown", title=folder.name, state="failed", fraction=0.0, message="", numbers={},
            eta_s=None, started_at=None, finished_at=None, device="", error=str(error), resumable=False, created_at="",
        )  # fmt: skip


def _status(folder: Path, spec: JobSpec) -> JobStatus:
    parts = read_shards(folder, count_shards(folder))
    runners = [Runner(**part.runner) for part in parts if part.runner]
    state, end = _state(folder, begun=bool(runners))
    runner = min(runners, key=lambda each: each.started_at) if runners else read_runner(folder)
    progress = read_json(folder / "progress.json") or {}
    if parts:
        progress = merged_progress(parts, progress if (folder / "runner.json").exists() else {})
    fraction, message, eta_s = float(progress.get("fraction", 0.0)), str(progress.get("message", "")), None
    if state in ("finished", "collected"):
        put = str(end.get("note") or "In the store")
        fraction, message = 1.0, put if state == "collected" else "Finished, on its way into the store"
    elif state == "waiting":
        message = "Waiting for its turn"
    elif state == "running":
        eta_s = progress.get("eta_s")
        message = "Stopping" if (folder / "cancel").exists() else message or "Starting"
    return JobStatus(
        id=spec.id,
        task=spec.task,
        title=spec.title,
        state=state,
        fraction=fraction,
        message=message,
        numbers=progress.get("numbers", {}),
        eta_s=eta_s,
        started_at=runner.started_at if runner else None,
        finished_at=end.get("finished_at"),
        device=runner.device if runner else spec.device,
        error=end.get("error"),
        resumable=bool(end.get("resumable", False)),
        created_at=spec.created_at,
    )


def _state(folder: Path, begun: bool) -> tuple[str, dict[str, Any]]:
    """The state and what the file that ended the job says. begun: whether a part of it was taken by a process."""
    ended = _ended(folder)
    if ended is not None:
        return ended
    if not (folder / "runner.json").exists():
        # A part that died is not looked for: the closing job comes when all parts have ended, and says so.
        return ("running" if begun else "waiting"), {}
    if is_alive(folder):
        return "running", {}
    # The worker may have ended between the two looks.
    if (folder / "cancel").exists():
        return _ended(folder) or ("cancelled", {"error": "Stopped by force.", "resumable": True})
    return _ended(folder) or ("failed", {"error": DIED, "resumable": True})


def _ended(folder: Path) -> tuple[str, dict[str, Any]] | None:
    done = read_json(folder / "done.json")
    if done is not None:
        collected = read_json(folder / "collected.json")
        if collected is not None:
            return "collected", {**done, "note": collected.get("note")}
        trouble = read_json(folder / "collect_error.json") or {}
        return "finished", {**done, "error": trouble.get("error")}
    error = read_json(folder / "error.json")
    return None if error is None else (str(error.get("state", "failed")), error)
