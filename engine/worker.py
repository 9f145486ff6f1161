"""Runs one job folder: `python -m engine.worker FOLDER`; with --queue it is the runner that starts such workers.

On a cluster several workers share a job: each does one shard (--shard K --shards N), and when all have ended, another
(--finish --shards N) puts together what they made or says which of them failed.
"""

import argparse
import errno
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Never

from filelock import FileLock

from engine.errors import EngineError, InputError, JobCancelled, JobError
from engine.jobs.context import JobContext, peak_memory_mib
from engine.jobs.files import read_json, write_json
from engine.jobs.launch import run_queue
from engine.jobs.shards import keep_last_words, read_shards, shard_folder, why_failed
from engine.jobs.spec import now
from engine.jobs.status import HEARTBEAT_SECONDS, Runner, attempt, settled, write_error
from engine.tasks import find_sharded, find_task


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the worker and of the runner."""
    parser = argparse.ArgumentParser(prog="python -m engine.worker", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="the job folder to run")
    parser.add_argument("--queue", metavar="DEVICE", help="work off the queue of this device instead")
    parser.add_argument("--lock", type=int, help="descriptor of the device's lock, handed down by the submitter")
    parser.add_argument("--shard", type=int, metavar="K", help="do this shard only, from 0")
    parser.add_argument("--finish", action="store_true", help="all shards have ended: put them together")
    parser.add_argument("--shards", type=int, default=1, metavar="N", help="into how many the job was cut (1)")
    given = parser.parse_args(arguments)
    if given.queue is not None:
        if given.lock is None:
            parser.error("--queue needs --lock")
        run_queue(given.queue, given.lock)
        return 0
    if given.folder is None:
        parser.error("give a job folder")
    signs = given.folder if given.shard is None else shard_folder(given.folder, given.shard)
    signs.mkdir(parents=True, exist_ok=True)
    _write_into(signs / "log.txt")
    for number in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, partial(_stop, given.folder))
    if given.shard is not None:
        return 0 if run_shard(given.folder, given.shard, given.shards) else 1
    if given.finish:
        return 0 if run_finish(given.folder, given.shards) else 1
    return 0 if run_folder(given.folder) else 1


def run_folder(folder: Path) -> bool:
    """Run the job and leave done.json or error.json; returns whether it finished.

    Tables and summary of an earlier attempt are removed; its checkpoints and finished weights stay.
    """

    def whole(job: JobContext) -> None:
        _clear(job)
        job.check_cancelled()
        job.log(f"{job.spec.title}: started on {job.spec.device}")
        find_task(job.spec.task)(job)

    return _take(folder, folder, whole, lambda: JobContext.for_folder(folder))


def run_shard(folder: Path, shard: int, shards: int) -> bool:
    """Run one of `shards` parts of a job, the first being 0; its end is told in its own folder, not in the job's."""

    def part(job: JobContext) -> None:
        job.check_cancelled()
        job.log(f"{job.spec.title}: part {shard + 1} of {shards} started on {socket.gethostname()}")
        find_sharded(job.spec.task)[0](job, shard, shards)

    return _take(folder, shard_folder(folder, shard), part, lambda: JobContext.for_folder(folder, shard))


def run_finish(folder: Path, shards: int) -> bool:
    """Close a job whose parts have all ended: with done.json, or with an error.json that names those that failed."""

    def closing(job: JobContext) -> None:
        _clear(job)
        job.check_cancelled()
        parts = read_shards(folder, shards)
        failure = why_failed(parts)
        if failure is not None:
            text, resumable = failure
            for part in parts:
                if part.state in ("waiting", "begun"):  # SLURM's own log may say more, such as out of memory
                    keep_last_words(folder, part.number - 1)
            raise JobError(text) if resumable else InputError(text)
        job.log(f"all {shards} parts have finished")
        find_sharded(job.spec.task)[1](job)

    return _take(folder, folder, closing, lambda: JobContext.for_folder(folder), shards)


def _take(
    folder: Path,
    signs: Path,
    action: Callable[[JobContext], None],
    context: Callable[[], JobContext],
    shards: int = 0,
) -> bool:
    """Do it once: whoever comes second waits, and leaves when the job or the part has ended meanwhile.

    A runner that died may have left a worker that was just starting; SLURM may not yet have ended a cancelled one.
    """
    with FileLock(signs / ".worker"):
        if settled(folder) or settled(signs):
            return (signs / "done.json").exists()
        return _run(context(), signs, action, shards)


def _run(job: JobContext, signs: Path, action: Callable[[JobContext], None], shards: int) -> bool:
    """signs: the folder of runner.json, done.json and error.json. shards: whose memory counts for the job's too."""
    number = attempt(job.folder)
    write_json(signs / "runner.json", asdict(Runner.here(job.spec.device)))
    ended = threading.Event()
    threading.Thread(target=_beat, args=(signs / "runner.json", ended), daemon=True).start()

    def fail(state: str, error: str, resumable: bool) -> None:
        # Stopped late by SLURM, this may be an attempt that nobody waits for any more.
        if attempt(job.folder) == number:
            write_error(signs, state, error, resumable)

    try:
        action(job)
        peaks = [(read_json(shard_folder(job.folder, k) / "done.json") or {}).get("peak_memory_mib", 0.0)
                 for k in range(shards)]  # fmt: skip
        peak = max([peak_memory_mib(), *peaks])
        write_json(signs / "done.json", {"finished_at": now(), "peak_memory_mib": round(peak, 1)})
        job.log("finished")
        return True
    except JobCancelled as error:
        fail("cancelled", str(error), resumable=True)
    except EngineError as error:
        # The same input fails the same way again; anything else may go well next time.
        fail("failed", str(error), resumable=not isinstance(error, InputError))
        job.log(f"failed: {error}")
    except Exception as error:
        traceback.print_exc()
        fail("failed", _sentence(error), resumable=True)
    finally:
        ended.set()
    return False


def _clear(job: JobContext) -> None:
    """Tables and summary of an earlier attempt."""
    for old in (*job.results.glob("*.parquet"), *job.results.glob("*.json")):
        old.unlink()


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "The worker ran out of memory. Resume continues from the last checkpoint."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full. Free some space, then resume."
    return f"The worker met an unexpected {type(error).__name__}: {error}. Its log tells where."


def _write_into(log: Path) -> None:
    """Everything this process prints, from C++ too, goes to the job's log."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _stop(folder: Path, number: int, frame: FrameType | None) -> Never:
    if (folder / "cancel").exists():
        raise JobCancelled("Stopped because somebody asked for it.")
    if number == signal.SIGUSR2:  # submitit has SLURM send it 90 s before the end
        raise JobError("SLURM's time for this job is over (TUMORCAST_SLURM_MINUTES). Resume continues from there.")
    raise JobError("The worker was told to end (SIGTERM). Resume continues from the last checkpoint.")


def _beat(file: Path, ended: threading.Event) -> None:
    """Sign of life for hosts that cannot look this process up."""
    while not ended.wait(HEARTBEAT_SECONDS):
        if file.exists():
            os.utime(file)


if __name__ == "__main__":
    sys.exit(main())
