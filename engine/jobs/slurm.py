"""Gives job folders to SLURM through submitit: one job, or an array of shards and a closing job that waits for it.

Settings by environment: TUMORCAST_SLURM_PARTITION, _ACCOUNT, _MINUTES (1440), _CPUS (4), _MEMORY_GB (16), _GPUS (0),
each for one job or one task of an array; _SHARDS (16), how many tasks an array has; _PARALLEL (all), how many at once.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import JobError
from engine.jobs.files import read_json, write_json
from engine.jobs.shards import keep_last_words
from engine.jobs.spec import read_spec
from engine.jobs.status import changing, settled, write_error
from engine.settings import REPOSITORY, jobs_folder

if TYPE_CHECKING:
    import submitit

LOOK_EVERY_SECONDS = 15.0
# A shared disk may show done.json only a minute after SLURM has forgotten the job.
MISSING_SECONDS = 90.0
PATIENCE_SECONDS = 10.0
LOST = (
    "SLURM no longer has this job, and it did not say how it ended (cancelled there, killed, or out of time). "
    "Resume submits it again."
)


def submit(folder: Path) -> None:
    """Hand a job folder to SLURM; slurm.json then names the jobs SLURM made of it.

    A job whose params hold "shards" becomes an array of so many tasks (0: TUMORCAST_SLURM_SHARDS), unless that is 1.
    Raises JobError, and leaves the job failed and resumable, where SLURM or a setting refuses.
    """
    import submitit

    jobs: list[str] = []
    try:
        shards = shards_for(read_spec(folder).params)
        executor = _executor(folder)
        if shards > 1:
            executor.update_parameters(slurm_array_parallelism=_number("PARALLEL", shards))
            each = [f"--shard={shard}" for shard in range(shards)]
            array = executor.map_array(work, [str(folder)] * shards, each, [f"--shards={shards}"] * shards)
            jobs.append(array[0].job_id.split("_")[0])
            write_json(folder / "slurm.json", {"job_ids": jobs, "shards": shards})
            # It waits for any end, a bad one too: it is the one that says which parts failed.
            closing = _executor(folder)
            closing.update_parameters(slurm_dependency=f"afterany:{jobs[0]}")
            jobs.append(closing.submit(work, str(folder), "--finish", f"--shards={shards}").job_id)
            write_json(folder / "slurm.json", {"job_ids": jobs, "shards": shards})
        else:
            jobs.append(executor.submit(work, str(folder)).job_id)
            write_json(folder / "slurm.json", {"job_ids": jobs})
    except (RuntimeError, ValueError, OSError, JobError, submitit.core.utils.FailedJobError) as error:
        _scancel(jobs)
        write_error(folder, "failed", f"SLURM did not take the job: {error}", resumable=True)
        raise JobError(f"SLURM did not take job {folder.name}: {error}") from error


def shards_for(params: Mapping[str, Any]) -> int:
    """Into how many tasks a job with these parameters is cut: 1 unless its task can be cut.

    Raises JobError for a TUMORCAST_SLURM_SHARDS that is no number.
    """
    if "shards" not in params:
        return 1
    return int(params["shards"]) or array_size()


def array_size() -> int:
    """TUMORCAST_SLURM_SHARDS: how many tasks an array has where a job does not say. Raises JobError for no number."""
    return _number("SHARDS", 16)


def cancel(folder: Path) -> None:
    """Take a job out of SLURM's hands; nothing happens when it never got there or has ended."""
    _scancel((read_json(folder / "slurm.json") or {}).get("job_ids", []))


def look_after(folders: list[Path]) -> None:
    """End those jobs that SLURM has dropped without a word of theirs; asks SLURM every 15 s at most.

    folders: jobs in SLURM's hands that have not ended. Where SLURM does not answer nothing happens.
    """
    looked = jobs_folder() / ".runners" / "slurm.looked"
    if not folders or (looked.exists() and time.time() - looked.stat().st_mtime < LOOK_EVERY_SECONDS):
        return
    looked.parent.mkdir(parents=True, exist_ok=True)
    looked.touch()
    known = _known()
    if known is None:
        return
    for folder in folders:
        with changing(folder):
            record = read_json(folder / "slurm.json")
            if record is None or settled(folder):
                continue
            if known & set(record["job_ids"]):
                if record.pop("missing_since", None) is not None:  # one answer was too early, or from a restart
                    write_json(folder / "slurm.json", record)
                continue
            if "missing_since" not in record:
                write_json(folder / "slurm.json", {**record, "missing_since": time.time()})
            elif time.time() - record["missing_since"] > MISSING_SECONDS:
                keep_last_words(folder)
                write_error(folder, "failed", LOST, resumable=True)


def work(folder: str, *options: str) -> None:
    """Runs inside the process that submitit started, which becomes the worker: its pid is the one on record."""
    os.chdir(REPOSITORY)
    os.execv(sys.executable, [sys.executable, "-u", "-m", "engine.worker", folder, *options])


def _executor(folder: Path) -> "submitit.AutoExecutor":
    import submitit

    # By name: wherever srun is on the PATH, submitit's own choice would be SLURM too.
    executor = submitit.AutoExecutor(folder / "submitit", cluster="slurm")
    cpus = _number("CPUS", 4)
    executor.update_parameters(
        name=folder.name,
        timeout_min=_number("MINUTES", 1440),
        cpus_per_task=cpus,
        mem_gb=_memory_gb(),
        gpus_per_node=_number("GPUS", 0),
        slurm_additional_parameters={"chdir": str(REPOSITORY)},
        # Since SLURM 22.05 srun does not take it over from sbatch.
        slurm_srun_args=[f"--cpus-per-task={cpus}"],
    )
    for name in ("partition", "account"):
        if value := os.environ.get(f"TUMORCAST_SLURM_{name.upper()}"):
            executor.update_parameters(**{f"slurm_{name}": value})
    return executor


def _number(name: str, default: int) -> int:
    given = os.environ.get(f"TUMORCAST_SLURM_{name}") or str(default)
    if not given.isdigit() or (int(given) == 0 and default > 0):
        raise JobError(
            f"TUMORCAST_SLURM_{name} is {given!r}; it must be a whole number{' above 0' if default else ''}."
        )
    return int(given)


def _memory_gb() -> float:
    given = os.environ.get("TUMORCAST_SLURM_MEMORY_GB") or "16"
    try:
        amount = float(given)
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise JobError(f"TUMORCAST_SLURM_MEMORY_GB is {given!r}; it must be a number of gigabytes above 0.")
    return amount


def _scancel(job_ids: list[str]) -> None:
    """SLURM ends processes by SIGTERM, then by force. Where it does not answer, they still look for `cancel`."""
    if job_ids:
        _ask("scancel", *map(str, job_ids))


def _known() -> set[str] | None:
    """The ids of this user's jobs that wait or run, of arrays the array's; None where SLURM does not answer."""
    answer = _ask("squeue", "--noheader", f"--user={os.getuid()}", "--format=%F")
    return None if answer is None or answer.returncode else set(answer.stdout.split())


def _ask(*command: str) -> "subprocess.CompletedProcess[str] | None":
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
