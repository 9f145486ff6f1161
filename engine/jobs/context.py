"""What a task sees of its job: inputs, places to write, progress, the wish to stop."""

import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import JobCancelled, JobError
from engine.jobs.files import read_json, write_json
from engine.jobs.shards import shard_folder
from engine.jobs.spec import JobSpec, now, read_spec

if TYPE_CHECKING:
    import pandas as pd

WRITE_EVERY_SECONDS = 0.2


def peak_memory_mib() -> float:
    """The most memory this process has held, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024  # bytes on macOS, KiB on Linux


class JobContext:
    """The folder of one job, seen by the task that runs it. Needs no worker: `JobContext.for_folder(folder)`.

    shard: which part of the job this process does, None where it does all. A part's progress and log are its own.
    """

    def __init__(self, folder: Path, spec: JobSpec, shard: int | None = None) -> None:
        self.folder = folder
        self.spec = spec
        self.params: dict[str, Any] = spec.params
        self.seed = spec.seed
        self.results = folder / "results"
        self.checkpoints = folder / "checkpoints"
        self._signs = folder if shard is None else shard_folder(folder, shard)
        self._signs.mkdir(parents=True, exist_ok=True)
        self.results.mkdir(exist_ok=True)
        self.checkpoints.mkdir(exist_ok=True)
        self._started_at = now()
        self._clock = time.monotonic()
        # A resumed job soon jumps to where it was; only what lies beyond tells how fast it is.
        earlier = read_json(self._signs / "progress.json")
        self._base: float | None = float(earlier["fraction"]) if earlier else None
        self._last_write = float("-inf")
        self._last_message = ""

    @classmethod
    def for_folder(cls, folder: Path, shard: int | None = None) -> "JobContext":
        """The context of an existing job folder. Raises JobError where its spec.json is missing or damaged."""
        return cls(folder, read_spec(folder), shard)

    def input(self, name: str) -> Path:
        """inputs/<name>. Raises JobError naming the inputs there are."""
        path = self.folder / "inputs" / name
        if not path.is_file():
            known = ", ".join(sorted(self.spec.inputs)) or "none"
            raise JobError(f"Job {self.spec.id} came without the input {name}; its inputs: {known}.")
        return path

    def progress(self, fraction: float, message: str, **numbers: float) -> None:
        """Say how far the work is; cheap enough to be called for every batch.

        fraction: 0 to 1. numbers: what the Jobs page shows beside the bar, e.g. epoch=3, loss=1.2.
        Raises JobCancelled when somebody asked the job to stop.
        """
        self.check_cancelled()
        fraction = min(max(float(fraction), 0.0), 1.0)
        if self._base is None:
            self._base = fraction
        seconds = time.monotonic()
        recently = seconds - self._last_write < WRITE_EVERY_SECONDS
        if recently and message == self._last_message and fraction < 1:
            return
        self._last_write, self._last_message = seconds, message
        progress = {
            "fraction": fraction,
            "message": message,
            "numbers": {name: float(value) for name, value in numbers.items()},
            "eta_s": self._seconds_left(fraction, seconds),
            "started_at": self._started_at,
            "updated_at": now(),
        }
        write_json(self._signs / "progress.json", progress)

    def check_cancelled(self) -> None:
        """Raises JobCancelled when somebody asked the job to stop."""
        if (self.folder / "cancel").exists():
            raise JobCancelled("Stopped because somebody asked for it.")

    def log(self, text: str) -> None:
        """Add a line with the time (UTC) to log.txt."""
        with (self._signs / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{now()[:19]} {text}\n")

    def write_table(self, table: str, frame: "pd.DataFrame") -> None:
        """Rows for a table of the store, kept as results/<table>.parquet until they are collected."""
        frame.to_parquet(self.results / f"{table}.parquet", index=False)

    def write_result(self, summary: dict[str, Any]) -> None:
        """What the Jobs page shows of a finished job, kept as results/result.json."""
        write_json(self.results / "result.json", summary)

    def _seconds_left(self, fraction: float, seconds: float) -> float | None:
        done = fraction - (self._base or 0.0)
        if done <= 0:
            return None
        return round((seconds - self._clock) * (1 - fraction) / done, 1)
