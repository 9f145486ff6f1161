"""Starts workers: a runner on this machine takes folders in order, or SLURM gets each folder directly (slurm.py).

One runner per device (cpu, gpu0, gpu1 ...) lives while there is something to do. It holds a lock on a file that the
kernel frees when it dies, so a killed runner never blocks the queue: the next submit, list or resume starts another.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

from engine.errors import JobError
from engine.jobs import slurm
from engine.jobs.shards import keep_last_words
from engine.jobs.spec import read_spec
from engine.jobs.status import DIED, attempt, changing, is_alive, read_runner, settled, unsettled, write_error
from engine.settings import REPOSITORY, home, jobs_folder

POLL_SECONDS = 0.2
# After a wish to stop: the loop polls the file, then comes SIGTERM, then SIGKILL.
TERM_AFTER_SECONDS = 20.0
KILL_AFTER_SECONDS = 30.0
# submitit would end a job after 2 minutes.
LOCAL_TIMEOUT_MINUTES = 60 * 24 * 365


def choose_device(gpu: bool) -> str:
    """The queue for a job: slurm, cpu, or the GPU with the fewest jobs.

    gpu: whether the task can use a GPU. TUMORCAST_EXECUTOR=slurm sends every job to SLURM,
    TUMORCAST_DEVICE=cpu keeps it off the GPUs, TUMORCAST_DEVICE=cuda insists on one.
    """
    if os.environ.get("TUMORCAST_EXECUTOR", "local") == "slurm":
        return "slurm"
    wish = os.environ.get("TUMORCAST_DEVICE", "")
    if wish not in ("", "cpu", "cuda"):
        raise JobError(f"TUMORCAST_DEVICE is {wish!r}; it may be cpu or cuda.")
    if not gpu or wish == "cpu":
        return "cpu"
    devices = [f"gpu{index}" for index in gpu_indices()]
    if not devices and wish == "cuda":
        raise JobError("TUMORCAST_DEVICE is cuda, but no NVIDIA GPU was found here. Unset it to train on the CPU.")
    busy = [spec.device for _, spec in unsettled()]
    return min(devices, key=busy.count, default="cpu")


def gpu_indices() -> list[int]:
    """The NVIDIA GPUs of this machine that CUDA_VISIBLE_DEVICES leaves, found without importing torch."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [int(part) for part in visible.split(",") if part.strip().isdigit()]
    if not shutil.which("nvidia-smi"):
        return []
    try:
        listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return []  # a driver that hangs is no GPU to train on
    return list(range(sum(line.startswith("GPU ") for line in listing.stdout.splitlines())))


def start(folder: Path) -> None:
    """See to it that a worker takes this folder when its turn comes."""
    spec = read_spec(folder)
    if spec.device == "slurm":
        slurm.submit(folder)
    else:
        ensure_runner(spec.device)


def ensure_runners() -> None:
    """A runner for every device with a job that has not ended, and a look at what SLURM has; cheap where all go on."""
    waiting = list(unsettled())
    for device in {spec.device for _, spec in waiting} - {"slurm"}:
        ensure_runner(device)
    slurm.look_after([folder for folder, spec in waiting if spec.device == "slurm"])


def ensure_runner(device: str) -> bool:
    """Start the runner of a device unless it lives; returns whether one was started.

    The lock is taken here and handed down to the new process, so two submitters never start two runners.
    """
    folder = jobs_folder() / ".runners"
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / f"{device}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _take(lock):
            return False
        with (folder / f"{device}.log").open("ab") as log:
            runner = subprocess.Popen(
                [sys.executable, "-m", "engine.worker", "--queue", device, "--lock", str(lock)],
                cwd=REPOSITORY,
                env={**os.environ, "TUMORCAST_HOME": str(home())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,  # outlives the terminal and the app
            )
        # A parent that stays has to take note of the runner's end, or it remains as a zombie.
        threading.Thread(target=runner.wait, daemon=True).start()
        return True
    finally:
        os.close(lock)


def run_queue(device: str, lock: int) -> None:
    """The runner: works off the queue of one device, one job at a time, then ends.

    lock: the inherited descriptor of the device's lock file.
    """
    os.set_inheritable(lock, False)
    while True:
        folder = _next(device)
        if folder is not None:
            _run_one(folder, device)
            continue
        # Whoever submits adds the folder first and looks at the lock second; here it is the other way round.
        fcntl.flock(lock, fcntl.LOCK_UN)
        if _next(device) is None or not _take(lock):
            return


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _next(device: str) -> Path | None:
    """The job to look after: one that a lost runner left behind comes before the first that waits."""
    mine = [folder for folder, spec in unsettled() if spec.device == device]
    taken = [folder for folder in mine if (folder / "runner.json").exists()]
    return next(iter(taken + mine), None)


def _run_one(folder: Path, device: str) -> None:
    import submitit

    number = attempt(folder)
    try:
        if (folder / "runner.json").exists():
            _follow(folder, None)
        else:
            executor = submitit.LocalExecutor(folder / "submitit")
            gpus = [int(device.removeprefix("gpu"))] if device.startswith("gpu") else []
            executor.update_parameters(
                timeout_min=LOCAL_TIMEOUT_MINUTES, gpus_per_node=len(gpus), visible_gpus=gpus, stderr_to_stdout=True
            )
            _follow(folder, executor.submit(slurm.work, str(folder)))
        with changing(folder):
            # Somebody may have seen the worker dead, and resumed the job, before this runner looked.
            if not settled(folder) and attempt(folder) == number:
                keep_last_words(folder)
                stopped = (folder / "cancel").exists()
                state, reason = ("cancelled", "Stopped by force.") if stopped else ("failed", DIED)
                write_error(folder, state, reason, resumable=True)
    except Exception as error:
        # The runner must go on with the other jobs; the reason is on this job's record and in the runner's log.
        traceback.print_exc()
        write_error(folder, "failed", f"The worker could not be started: {error}", resumable=True)


def _follow(folder: Path, job: "object | None") -> None:
    """Wait until the worker has ended; a wish to stop that it does not follow is enforced by signals."""
    asked: float | None = None
    while _running(folder, job):
        if asked is None and (folder / "cancel").exists():
            asked = time.monotonic()
        if asked is not None:
            patience = time.monotonic() - asked
            if patience > KILL_AFTER_SECONDS:
                _signal(folder, signal.SIGKILL)
            elif patience > TERM_AFTER_SECONDS:
                _signal(folder, signal.SIGTERM)
        time.sleep(POLL_SECONDS)


def _running(folder: Path, job: "object | None") -> bool:
    if job is not None:
        return not job.done()  # type: ignore[attr-defined]
    return is_alive(folder) and not settled(folder)


def _signal(folder: Path, number: signal.Signals) -> None:
    runner = read_runner(folder)
    if runner is not None and is_alive(folder):
        with suppress(ProcessLookupError):
            os.kill(runner.pid, number)
