"""A job cut into shards: each has its own folder of signs, shards/<k>/, and together they are seen as one job.

shards/<k>/ holds what one process says of itself (runner.json, progress.json, log.txt, then done.json or error.json),
so that tasks on many hosts never write into the same file. Inputs, checkpoints and results are those of the job.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.jobs.files import read_json

SIGNS = ("runner.json", "done.json", "error.json")
# Of the bar; the rest is the closing task, which only puts together what the shards made.
SHARE_OF_SHARDS = 0.95
LOG_TAIL_BYTES = 1 << 18
LEAST_TAIL_BYTES = 1 << 13
LAST_WORDS = 4000  # characters
STAMP = len("2026-01-31T12:34:56")
DIED = "stopped without a word (killed, out of memory or out of time)"


@dataclass(frozen=True)
class Shard:
    """One part of a job as its folder tells it. state: waiting | begun | done | failed; begun may mean killed."""

    number: int  # from 1, as a person counts
    state: str
    error: str
    resumable: bool
    progress: dict[str, Any]
    runner: dict[str, Any] | None

    @property
    def fraction(self) -> float:
        """How much of this part is done, 0 to 1."""
        return 1.0 if self.state == "done" else float(self.progress.get("fraction", 0.0))


def shard_folder(folder: Path, shard: int) -> Path:
    """Where shard 0, 1, ... of the job in `folder` says how it is."""
    return folder / "shards" / str(shard)


def count_shards(folder: Path) -> int:
    """Into how many tasks SLURM got this job; 0 where it runs as one."""
    return int((read_json(folder / "slurm.json") or {}).get("shards", 0))


def read_shards(folder: Path, shards: int) -> list[Shard]:
    """All parts of a job, in order; a part that nobody has begun is among them."""
    return [_read_shard(shard_folder(folder, shard), shard + 1) for shard in range(shards)]


def merged_progress(parts: list[Shard], closing: dict[str, Any]) -> dict[str, Any]:
    """One progress for all parts, in the form of progress.json.

    parts: at least one. closing: progress of the closing task, empty before it began. Numbers are summed over the
    parts, speeds (names that end in _per_s) over those at work. Seconds left assume that as many parts go on at once
    as do now, at their present speed; one that has just begun is taken to be as fast as the others.
    """
    done = sum(part.state == "done" for part in parts)
    failed = sum(part.state == "failed" for part in parts)
    numbers: dict[str, float] = {}
    for part in parts:
        for name, value in part.progress.get("numbers", {}).items():
            if part.state == "begun" or not name.endswith("_per_s"):
                numbers[name] = numbers.get(name, 0.0) + (value or 0.0)
    message = f"{done} of {len(parts)} parts done, {sum(part.state == 'begun' for part in parts)} at work"
    mean = sum(part.fraction for part in parts) / len(parts)
    return {
        "fraction": SHARE_OF_SHARDS * mean + (1 - SHARE_OF_SHARDS) * float(closing.get("fraction", 0.0)),
        "message": closing.get("message") or message + (f", {failed} failed" if failed else ""),
        "numbers": numbers,
        "eta_s": _seconds_left(parts),
    }


def why_failed(parts: list[Shard]) -> tuple[str, bool] | None:
    """One sentence that names the parts that did not finish, and whether resuming helps; None where all did."""
    bad = [part for part in parts if part.state != "done"]
    if not bad:
        return None
    reasons: dict[str, list[int]] = {}
    for part in bad:
        reason = re.sub(r" Resume [^.]*\.$", "", part.error.strip())  # the whole sentence ends with one cure for all
        reasons.setdefault(reason or DIED, []).append(part.number)
    told = "; ".join(f"part {', '.join(map(str, numbers))}: {reason}" for reason, numbers in reasons.items())
    resumable = all(part.resumable for part in bad)
    cure = " Resume does these parts again and skips what is done." if resumable else ""
    return f"{len(bad)} of {len(parts)} parts failed: {told.rstrip('.')}.{cure}", resumable


def forget_ends(folder: Path) -> None:
    """Before another attempt: how the parts ended is forgotten; what they made and their logs stay."""
    for name in SIGNS:
        for sign in (folder / "shards").glob(f"*/{name}"):
            sign.unlink(missing_ok=True)


def keep_last_words(folder: Path, shard: int | None = None) -> None:
    """Add to log.txt what submitit and SLURM wrote beside a worker: the only trace of a broken installation.

    shard: of that part only; else of every process of the job.
    """
    for file in sorted((folder / "submitit").glob("*_log.*" if shard is None else f"*_{shard}_0_log.*")):
        words = file.read_text(encoding="utf-8", errors="replace")[-LAST_WORDS:]
        if words.strip():
            with (folder / "log.txt").open("a", encoding="utf-8") as log:
                log.write(words)


def read_logs(folder: Path) -> list[str]:
    """The end of the job's log and of every part's, by time; lines of a part begin with its number."""
    parts = sorted((folder / "shards").glob("*/log.txt"), key=lambda path: int(path.parent.name))
    told: list[tuple[str, str]] = []
    for path in (folder / "log.txt", *parts):
        prefix = f"part {int(path.parent.name) + 1}: " if path in parts else ""
        stamp = ""  # a line without a time, such as one of a traceback, belongs to the one before it
        for line in _tail(path, max(LOG_TAIL_BYTES // (len(parts) + 1), LEAST_TAIL_BYTES)):
            if line[:2] == "20" and line[10:11] == "T":
                stamp = line[:STAMP]
            told.append((stamp, prefix + line))
    return [line for _, line in sorted(told, key=lambda entry: entry[0])] if parts else [line for _, line in told]


def _read_shard(folder: Path, number: int) -> Shard:
    runner, error = read_json(folder / "runner.json"), read_json(folder / "error.json") or {}
    if (folder / "done.json").exists():
        state = "done"
    elif error:
        state = "failed"
    else:
        state = "waiting" if runner is None else "begun"
    return Shard(
        number=number,
        state=state,
        error=str(error.get("error", "")),
        resumable=bool(error.get("resumable", True)),
        progress=read_json(folder / "progress.json") or {},
        runner=runner,
    )


def _seconds_left(parts: list[Shard]) -> float | None:
    at_work = [part for part in parts if part.state == "begun" and part.progress.get("eta_s")]
    if not at_work:
        return None
    begun = sum(part.state == "begun" for part in parts)
    per_second = begun * sum((1 - part.fraction) / part.progress["eta_s"] for part in at_work) / len(at_work)
    if per_second <= 0:
        return None
    left = sum(1 - part.fraction for part in parts if part.state != "failed")
    return float(round(max(left / per_second, *(part.progress["eta_s"] for part in at_work)), 1))


def _tail(path: Path, size: int) -> list[str]:
    if not path.exists():
        return []
    with path.open("rb") as log:
        log.seek(max(path.stat().st_size - size, 0))
        return log.read().decode("utf-8", errors="replace").splitlines()
