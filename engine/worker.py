"""Runs one job folder: `python -m engine.worker FOLDER`; with --queue it is the runner that starts such workers."""

import argparse
import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Never

from filelock import FileLock

from engine.errors import EngineError, InputError, JobCancelled, JobError
from engine.jobs.context import JobContext, peak_memory_mib
from engine.jobs.files import write_json
from engine.jobs.launch import run_queue
from engine.jobs.spec import now
from engine.jobs.status import HEARTBEAT_SECONDS, Runner, settled, write_error
from engine.tasks import find_task


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the worker and of the runner."""
    parser = argparse.ArgumentParser(prog="python -m engine.worker", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="the job folder to run")
    parser.add_argument("--queue", metavar="DEVICE", help="work off the queue of this device instead")
    parser.add_argument("--lock", type=int, help="descriptor of the device's lock, handed down by the submitter")
    given = parser.parse_args(arguments)
    if given.queue is not None:
        if given.lock is None:
            parser.error("--queue needs --lock")
        run_queue(given.queue, given.lock)
        return 0
    if given.folder is None:
        parser.error("give a job folder")
    _write_into(given.folder / "log.txt")
    signal.signal(signal.SIGTERM, partial(_stop, given.folder))
    return 0 if run_folder(given.folder) else 1


def run_folder(folder: Path) -> bool:
    """Run the job and leave done.json or error.json; returns whether it finished.

    Tables and summary of an earlier attempt are removed; its checkpoints and finished weights stay.
    """
    # A runner that died may have left a worker that was just starting: the second one waits for the first.
    with FileLock(folder / ".worker"):
        if settled(folder):
            return (folder / "done.json").exists()
        return _run(JobContext.for_folder(folder))


def _run(job: JobContext) -> bool:
    folder = job.folder
    runner = Runner.here(job.spec.device)
    write_json(folder / "runner.json", asdict(runner))
    ended = threading.Event()
    threading.Thread(target=_beat, args=(folder / "runner.json", ended), daemon=True).start()
    try:
        for old in (*job.results.glob("*.parquet"), *job.results.glob("*.json")):
            old.unlink()
        job.check_cancelled()
        job.log(f"{job.spec.title}: started on {runner.device}")
        find_task(job.spec.task)(job)
        write_json(folder / "done.json", {"finished_at": now(), "peak_memory_mib": round(peak_memory_mib(), 1)})
        job.log("finished")
        return True
    except JobCancelled as error:
        write_error(folder, "cancelled", str(error), resumable=True)
    except EngineError as error:
        # The same input fails the same way again; anything else may go well next time.
        write_error(folder, "failed", str(error), resumable=not isinstance(error, InputError))
        job.log(f"failed: {error}")
    except Exception as error:
        traceback.print_exc()
        write_error(folder, "failed", _sentence(error), resumable=True)
    finally:
        ended.set()
    return False


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
    raise JobError("The worker was told to end (SIGTERM). Resume continues from the last checkpoint.")


def _beat(file: Path, ended: threading.Event) -> None:
    """Sign of life for hosts that cannot look this process up."""
    while not ended.wait(HEARTBEAT_SECONDS):
        if file.exists():
            os.utime(file)


if __name__ == "__main__":
    sys.exit(main())
