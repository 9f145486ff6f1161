"""Arrays on a real SLURM cluster of one node, started here; and what is said of them, without one."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from slurm_cluster import ClusterError, cluster, why_not

from engine import worker
from engine.errors import JobError
from engine.jobs import queue, shards, slurm
from engine.jobs.files import read_json, write_json
from engine.jobs.spec import JobStatus, create_folder
from engine.jobs.status import read_status
from engine.settings import jobs_folder

DEADLINE_SECONDS = 120.0
SETTINGS = {"PARTITION": "short", "CPUS": "1", "MEMORY_GB": "0.2", "MINUTES": "10"}


@pytest.fixture(scope="module")
def node() -> Iterator[dict[str, str]]:
    """The environment of a running cluster; skips with the reason where none can be started."""
    if reason := why_not():
        pytest.skip(f"no SLURM cluster: {reason}")
    # Not tmp_path: the path of a socket must be short.
    with TemporaryDirectory(prefix="slurm-") as name:
        try:
            with cluster(Path(name)) as environment:
                yield environment
        except ClusterError as error:
            pytest.skip(f"no SLURM cluster: {error}")


@pytest.fixture
def home(tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUMORCAST_EXECUTOR", "slurm")
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"TUMORCAST_SLURM_{name}", value)
    return tumorcast_home


@pytest.fixture
def on_cluster(node: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in node.items():
        monkeypatch.setenv(name, value)
    return home


def add_up(**params: float) -> str:
    return queue.submit("sum_test", "sum", {"numbers": 12, "seconds": 0.02, "shards": 4, **params})


def until(job_id: str, reached) -> JobStatus:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        seen = queue.status(job_id)
        if reached(seen):
            return seen
        time.sleep(0.05)
    raise AssertionError(f"never got there: {queue.status(job_id)}\n{queue.read_log(job_id)}")


def at_work(job_id: str, shard: int) -> psutil.Process:
    """The process of a part that has begun."""
    folder = shards.shard_folder(queue.job_folder(job_id), shard)
    until(job_id, lambda _: (folder / "progress.json").exists())
    return psutil.Process((read_json(folder / "runner.json") or {})["pid"])


def queued(job_id: str) -> list[str]:
    """What SLURM still has of a job."""
    look = ["squeue", "--noheader", f"--name={job_id}", "--format=%i"]
    return subprocess.run(look, capture_output=True, text=True, check=True).stdout.split()


def test_an_array_does_what_one_process_does(on_cluster, monkeypatch):
    """Four shards, two at once on two CPUs, then the closing job."""
    job_id = add_up()
    ended = queue.wait(job_id)
    assert (ended.state, ended.device, ended.fraction) == ("finished", "slurm", 1.0), queue.read_log(job_id)
    assert queue.read_result(job_id) == {"sum": 78, "numbers": 12}  # 1 + 2 + ... + 12
    folder = queue.job_folder(job_id)
    assert sorted(path.name for path in (folder / "shards").iterdir()) == ["0", "1", "2", "3"]
    assert all((path / "done.json").exists() for path in (folder / "shards").iterdir())
    peak = (read_json(folder / "done.json") or {})["peak_memory_mib"]
    assert peak >= max((read_json(path) or {})["peak_memory_mib"] for path in folder.glob("shards/*/done.json")) > 0
    lines = queue.read_log(job_id).splitlines()
    assert any(line.startswith("part 3: ") and line.endswith("11 added") for line in lines)
    assert lines[-1].endswith("finished") and any(line.endswith("all 4 parts have finished") for line in lines)
    array = next(text for file in (folder / "submitit").glob("*.sh") if "--array" in (text := file.read_text()))
    assert "--array=0-3%4" in array and "--partition=short" in array

    monkeypatch.setenv("TUMORCAST_EXECUTOR", "local")
    here = add_up()
    assert queue.wait(here).state == "finished"
    assert queue.read_result(here) == queue.read_result(job_id)


def test_a_part_that_fails_is_named_and_resume_does_only_what_is_missing(on_cluster):
    job_id = add_up(fail_shard=2, shards=3)
    failed = queue.wait(job_id)
    assert (failed.state, failed.resumable) == ("failed", True)
    assert failed.error == (
        "1 of 3 parts failed: part 3: The sum test was asked to fail at 6. "
        "Resume does these parts again and skips what is done."
    )
    assert not (queue.job_folder(job_id) / "results" / "result.json").exists()
    queue.resume(job_id)
    assert queue.wait(job_id).state == "finished"
    assert queue.read_result(job_id) == {"sum": 78, "numbers": 12}
    lines = queue.read_log(job_id).splitlines()
    for number in range(1, 13):
        assert sum(line.endswith(f" {number} added") for line in lines) == 1


def test_a_killed_part_is_noticed(on_cluster):
    job_id = add_up(shards=2, seconds=0.5)
    at_work(job_id, 1).kill()
    failed = queue.wait(job_id)
    assert (failed.state, failed.resumable) == ("failed", True)
    assert failed.error is not None
    assert "1 of 2 parts failed: part 2: stopped without a word (killed, out of memory or out of time)" in failed.error
    assert "Killed" in queue.read_log(job_id)  # as srun says


def test_cancel_takes_the_whole_array_out_of_slurm(on_cluster, monkeypatch):
    monkeypatch.setenv("TUMORCAST_SLURM_PARALLEL", "1")
    job_id = add_up(shards=3, seconds=5)
    process = at_work(job_id, 0)
    seen = queue.status(job_id)
    assert seen.state == "running" and seen.message == "0 of 3 parts done, 1 at work"
    assert queue.cancel(job_id).state == "cancelled"
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (queued(job_id) or process.is_running()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert queued(job_id) == [] and not (process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    assert not (shards.shard_folder(queue.job_folder(job_id), 1) / "runner.json").exists()
    assert queue.status(job_id).error == "Stopped because somebody asked for it."


def test_a_job_of_one_process_runs_too_and_what_slurm_drops_is_noticed(on_cluster, monkeypatch):
    assert queue.wait(queue.submit("self_test", "count", {"steps": 2, "seconds": 0})).state == "finished"
    monkeypatch.setattr(slurm, "LOOK_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(slurm, "MISSING_SECONDS", 0.0)
    monkeypatch.setenv("TUMORCAST_SLURM_CPUS", "2")
    first, dropped = (queue.submit("self_test", "count", {"steps": 1000, "seconds": 0.2}) for _ in range(2))
    until(first, lambda seen: seen.state == "running")
    (number,) = (read_json(queue.job_folder(dropped) / "slurm.json") or {})["job_ids"]
    subprocess.run(["scancel", number], check=True)
    lost = queue.wait(dropped)
    assert (lost.state, lost.error, lost.resumable) == ("failed", slurm.LOST, True)
    assert queue.cancel(first).active or queue.status(first).state == "cancelled"
    assert queue.wait(first).state == "cancelled"


def test_a_refused_array_is_told_and_nothing_stays_behind(on_cluster, monkeypatch):
    monkeypatch.setenv("TUMORCAST_SLURM_PARTITION", "nowhere")
    with pytest.raises(JobError, match=r"SLURM did not take job .*invalid partition"):
        add_up()
    (job,) = queue.list_jobs()
    assert (job.state, job.resumable) == ("failed", True) and queued(job.id) == []


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("MINUTES", "a day", "TUMORCAST_SLURM_MINUTES is 'a day'; it must be a whole number above 0"),
        ("SHARDS", "0", "TUMORCAST_SLURM_SHARDS is '0'; it must be a whole number above 0"),
        ("GPUS", "-1", "TUMORCAST_SLURM_GPUS is '-1'; it must be a whole number"),
        ("MEMORY_GB", "16G", "TUMORCAST_SLURM_MEMORY_GB is '16G'; it must be a number of gigabytes above 0"),
    ],
)
def test_settings_that_are_no_numbers_are_told(home, monkeypatch, tmp_path, name, given, told):
    (tmp_path / "srun").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(f"TUMORCAST_SLURM_{name}", given)
    with pytest.raises(JobError, match=told):
        queue.submit("sum_test", "sum", {"shards": 0})


def test_how_many_tasks_an_array_has(monkeypatch):
    monkeypatch.delenv("TUMORCAST_SLURM_SHARDS", raising=False)
    assert slurm.shards_for({}) == 1
    assert slurm.shards_for({"shards": 5}) == 5
    assert slurm.shards_for({"shards": 0}) == 16
    monkeypatch.setenv("TUMORCAST_SLURM_SHARDS", "20")
    assert slurm.shards_for({"shards": 0}) == 20


@pytest.fixture
def folder(home: Path) -> Path:
    path = jobs_folder() / "one"
    create_folder(path, "sum_test", {"numbers": 6, "seconds": 0, "shards": 3}, device="slurm")
    write_json(path / "slurm.json", {"job_ids": ["1", "2"], "shards": 3})
    return path


def test_parts_are_one_bar(folder):
    assert read_status(folder).state == "waiting"
    assert worker.run_shard(folder, 0, 3)
    part = shards.shard_folder(folder, 1)
    part.mkdir()
    write_json(part / "runner.json", read_json(shards.shard_folder(folder, 0) / "runner.json"))
    write_json(part / "progress.json", {"fraction": 0.5, "message": "x", "numbers": {"numbers": 1}, "eta_s": 10.0})
    seen = read_status(folder)
    assert (seen.state, seen.message, seen.numbers) == ("running", "1 of 3 parts done, 1 at work", {"numbers": 3})
    # (1 + 0.5 + 0) / 3 of 95 %; half a part takes 10 s, a half and a whole are left.
    assert seen.fraction == pytest.approx(0.475) and seen.eta_s == 30.0


def test_seconds_left_do_not_jump_when_another_part_begins(folder):
    """Two parts at work, one of which has not told its speed yet: what is left goes twice as fast as the one tells."""
    for number in (0, 1):
        part = shards.shard_folder(folder, number)
        part.mkdir(parents=True)
        write_json(part / "runner.json", {"pid": 1})
    first, second = (shards.shard_folder(folder, number) / "progress.json" for number in (0, 1))
    write_json(first, {"fraction": 0.5, "message": "", "numbers": {}, "eta_s": 10.0})
    write_json(second, {"fraction": 0.0, "message": "", "numbers": {}, "eta_s": None})
    early = shards.merged_progress(shards.read_shards(folder, 3), {})
    write_json(second, {"fraction": 0.01, "message": "", "numbers": {}, "eta_s": 19.8})
    late = shards.merged_progress(shards.read_shards(folder, 3), {})
    # Half a part and two whole ones at a tenth of a part a second.
    assert early["eta_s"] == pytest.approx(25.0) and late["eta_s"] == pytest.approx(24.9)
    assert early["fraction"] == pytest.approx(0.95 * 0.5 / 3)


def test_the_closing_job_counts_who_is_missing(folder):
    assert worker.run_shard(folder, 0, 3)
    assert not worker.run_finish(folder, 3)
    seen = read_status(folder)
    assert seen.error is not None and seen.error.startswith("2 of 3 parts failed: part 2, 3: stopped without a word")


def test_equal_reasons_are_told_once_and_the_cure_once(folder):
    for shard in (0, 2):
        part = shards.shard_folder(folder, shard)
        part.mkdir(parents=True)
        write_json(part / "error.json", {"error": "The disk is full. Resume when there is space.", "resumable": True})
    assert worker.run_shard(folder, 1, 3)
    assert shards.why_failed(shards.read_shards(folder, 3)) == (
        "2 of 3 parts failed: part 1, 3: The disk is full. Resume does these parts again and skips what is done.",
        True,
    )


def test_what_would_fail_again_is_not_offered_again(folder):
    part = shards.shard_folder(folder, 2)
    part.mkdir(parents=True)
    write_json(part / "error.json", {"state": "failed", "error": "Row 3 is bad.", "resumable": False})
    assert worker.run_shard(folder, 0, 3) and worker.run_shard(folder, 1, 3)
    assert not worker.run_finish(folder, 3)
    seen = read_status(folder)
    assert (seen.error, seen.resumable) == ("1 of 3 parts failed: part 3: Row 3 is bad.", False)


def test_a_part_of_a_task_that_cannot_be_cut_is_told(home):
    path = jobs_folder() / "whole"
    create_folder(path, "self_test", {"shards": 2}, device="slurm")
    assert not worker.run_shard(path, 0, 2)
    told = (read_json(shards.shard_folder(path, 0) / "error.json") or {})["error"]
    assert told.startswith("The task 'self_test' cannot be cut into shards; these can: screen_library, train_radiation")


def test_an_attempt_that_ends_late_does_not_end_the_next_one(folder):
    """SLURM takes a while to end what was cancelled; the job may have been resumed by then."""

    def late(job):
        write_json(folder / "attempt.json", {"attempt": 2})
        raise JobError("too late")

    job = worker.JobContext.for_folder(folder, 1)
    assert not worker._run(job, shards.shard_folder(folder, 1), late, 0)
    assert not (shards.shard_folder(folder, 1) / "error.json").exists()


def test_the_end_of_slurms_time_is_told(folder):
    with pytest.raises(JobError, match="time for this job is over"):
        worker._stop(folder, signal.SIGUSR2, None)


def test_slurm_that_does_not_answer_ends_nothing(folder, monkeypatch):
    monkeypatch.setattr(slurm, "LOOK_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(slurm, "MISSING_SECONDS", -1.0)
    monkeypatch.setenv("PATH", os.devnull)
    for _ in range(2):
        slurm.look_after([folder])
    assert read_status(folder).state == "waiting"


def test_who_was_missing_once_is_not_ended_at_the_next_gap(folder, monkeypatch):
    monkeypatch.setattr(slurm, "LOOK_EVERY_SECONDS", 0.0)
    write_json(folder / "slurm.json", {"job_ids": ["7"]})
    answers = iter([set(), {"7"}, set()])
    monkeypatch.setattr(slurm, "_known", lambda: next(answers))
    slurm.look_after([folder])
    assert "missing_since" in read_json(folder / "slurm.json")
    monkeypatch.setattr(slurm, "MISSING_SECONDS", -1.0)
    slurm.look_after([folder])
    assert read_json(folder / "slurm.json") == {"job_ids": ["7"]}
    slurm.look_after([folder])  # the first look of another gap, however long ago the last one was
    assert read_status(folder).state == "waiting"
