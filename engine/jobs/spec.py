"""What a job is: its specification on disk and its status as a person sees it.

A job folder holds spec.json, inputs/, progress.json, log.txt, checkpoints/, results/, then done.json (written last)
or error.json; runner.json says which process works on it, `cancel` asks that process to stop.
"""

import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import JobError
from engine.jobs.files import copy_hashed, hash_file, read_json, write_json
from engine.settings import REPOSITORY

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = ("torch", "rdkit", "numpy", "pandas", "duckdb")


@dataclass(frozen=True)
class InputFile:
    """One file that came with the job, as inputs/<name>."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class JobSpec:
    """Everything that decides the outcome of a job."""

    id: str
    task: str
    title: str
    params: dict[str, Any]
    seed: int
    created_at: str  # UTC, ISO 8601
    versions: dict[str, str]
    inputs: dict[str, InputFile]
    device: str  # the queue it waits in: cpu, gpu0, gpu1 ... or slurm


@dataclass(frozen=True)
class JobStatus:
    """Where a job stands. state: waiting | running | finished | collected | failed | cancelled."""

    id: str
    task: str
    title: str
    state: str
    fraction: float  # 0 to 1
    message: str
    numbers: dict[str, float | None]
    eta_s: float | None  # seconds left
    started_at: str | None  # UTC, ISO 8601
    finished_at: str | None  # UTC, ISO 8601
    device: str
    error: str | None
    resumable: bool
    created_at: str  # UTC, ISO 8601

    @property
    def active(self) -> bool:
        """Whether the job still waits or works."""
        return self.state in ("waiting", "running")


def now() -> str:
    """This moment in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def new_id(task: str) -> str:
    """YYYYMMDD-HHMMSS-<task>-<4 hex>, UTC."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{task}-{secrets.token_hex(2)}"


def create_folder(
    folder: Path,
    task: str,
    params: Mapping[str, Any],
    *,
    title: str = "",
    seed: int = 0,
    inputs: "Mapping[str, Path | pd.DataFrame] | None" = None,
    job_id: str | None = None,
    device: str = "cpu",
) -> JobSpec:
    """Make a job folder that a worker, or a test in its own process, can run.

    inputs: file name inside inputs/ -> the file to copy, or a frame to store as Parquet.
    Raises JobError for an input that is missing or parameters that JSON cannot hold.
    """
    for part in ("inputs", "checkpoints", "results"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    spec = JobSpec(
        id=job_id or folder.name,
        task=task,
        title=title or task,
        params=dict(params),
        seed=seed,
        created_at=now(),
        versions=versions(),
        inputs={name: _add_input(folder / "inputs", name, given) for name, given in (inputs or {}).items()},
        device=device,
    )
    try:
        write_json(folder / "spec.json", asdict(spec))
    except (TypeError, ValueError) as error:
        raise JobError(f"The parameters of {task} cannot be stored as JSON: {error}.") from error
    return spec


def read_spec(folder: Path) -> JobSpec:
    """The specification of a job folder. Raises JobError where there is none or it is damaged."""
    content = read_json(folder / "spec.json")
    if content is None:
        raise JobError(f"There is no job {folder.name}. `python -m engine jobs` lists the jobs there are.")
    try:
        inputs = {name: InputFile(**given) for name, given in content.pop("inputs").items()}
        return JobSpec(**content, inputs=inputs)
    except (KeyError, TypeError, AttributeError) as error:
        raise JobError(f"{folder / 'spec.json'} is damaged: {error}. Delete that folder and submit again.") from error


def check_job_id(job_id: str) -> None:
    """Raises JobError for a name that could lead out of the folder of jobs."""
    if not job_id or job_id.startswith(".") or Path(job_id).name != job_id:
        raise JobError(f"{job_id!r} is no job id. `python -m engine jobs` lists the jobs there are.")


@cache
def versions() -> dict[str, str]:
    """Versions of Python, Tumorcast and the packages that decide numbers, found without importing them."""
    found = {"python": _python_version(), "tumorcast": _own_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def _python_version() -> str:
    import platform

    return platform.python_version()


def _own_version() -> str:
    try:
        return version("tumorcast")
    except PackageNotFoundError:
        # Run from a checkout that is not installed.
        project = REPOSITORY / "pyproject.toml"
        if not project.exists():
            return "unknown"
        return str(tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("version", "unknown"))


def _add_input(folder: Path, name: str, given: "Path | pd.DataFrame") -> InputFile:
    if Path(name).name != name:
        raise JobError(f"Input {name!r} is no plain file name.")
    target = folder / name
    if isinstance(given, Path):
        if not given.is_file():
            raise JobError(f"Input {given} is no file.")
        sha256, size = copy_hashed(given, target)
    else:
        given.to_parquet(target, index=False)
        sha256, size = hash_file(target)
    return InputFile(name=name, sha256=sha256, bytes=size)
