"""The queue with real runner and worker processes: order, kills, cancel, resume."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from engine.errors import JobError
from engine.jobs import launch, queue
from engine.jobs.files import write_json
from engine.jobs.spec import JobStatus, create_folder
from engine.jobs.status import Runner, read_runner
from engine.settings import jobs_folder

REPOSITORY = Path(__file__).resolve().parents[2]
SUBMIT = "from engine.jobs import queue; print(queue.submit('self_test', 'from afar', {'steps': 2, 'seconds': 0.1}))"
DEADLINE_SECONDS = 120.0  # for machines that do much else meanwhile


pytestmark = pytest.mark.usefixtures("tumorcast_home")


def count(steps: int = 3, seconds: float = 0.1, **more: int) -> str:
    return queue.submit("self_test", "count", {"steps": steps, "seconds": seconds, **more})


def until(job_id: str, reached) -> JobStatus:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        seen = queue.status(job_id)
        if reached(seen):
            return seen
        time.sleep(0.05)
    raise AssertionError(f"never got there: {queue.status(job_id)}\n{queue.read_log(job_id)}")


def counting(seen: JobStatus) -> bool:
    return seen.state == "running" and seen.numbers.get("step", 0) >= 2


def worker_of(job_id: str) -> psutil.Process:
    runner = read_runner(queue.job_folder(job_id))
    assert runner is not None
    return psutil.Process(runner.pid)


def hurry(job_id: str) -> None:
    """Let the next attempt count without pauses. The first one pauses, and so cannot end before a test has looked."""
    spec = queue.job_folder(job_id) / "spec.json"
    known = json.loads(spec.read_text())
    write_json(spec, {**known, "params": {**known["params"], "seconds": 0}})


def test_two_submitters_at_once_get_one_runner_and_one_job_at_a_time():
    """Both submitters are gone before their jobs begin."""
    submitters = [
        subprocess.Popen([sys.executable, "-c", SUBMIT], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ids = [submitter.communicate()[0].strip() for submitter in submitters]
    first, second = sorted((queue.wait(job_id) for job_id in ids), key=lambda job: job.created_at)
    assert [first.state, second.state] == ["finished", "finished"]
    assert first.finished_at is not None and second.started_at is not None
    assert first.finished_at < second.started_at
    assert first.fraction == 1.0 and first.device == "cpu" and not first.resumable
    log = queue.read_log(first.id)
    assert "step 1 done" in log and queue.read_log(first.id, last_lines=1).endswith("finished")
    assert queue.read_result(first.id) == {"began_at": 0, "steps": 2}
    assert [job.id for job in queue.list_jobs()] == [second.id, first.id]


def test_only_one_of_many_starts_a_runner():
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda _: launch.ensure_runner("cpu"), range(4)))
    assert sum(started) == 1


def test_a_killed_worker_is_shown_and_resumes_from_its_checkpoint():
    job_id = count(steps=200)
    until(job_id, counting)
    worker_of(job_id).kill()
    failed = queue.wait(job_id)
    assert failed.state == "failed" and failed.resumable
    assert failed.error is not None and "stopped without a word" in failed.error
    hurry(job_id)
    assert queue.resume(job_id).state in ("waiting", "running", "finished")
    assert queue.wait(job_id).state == "finished"
    assert queue.read_result(job_id)["began_at"] >= 2


def test_a_lost_runner_is_replaced_and_the_orphan_is_waited_for():
    first, second = count(steps=30), count(steps=1)
    until(first, lambda seen: seen.state == "running")
    worker = worker_of(first)
    worker.suspend()  # lives, and cannot end before this test has looked
    for parent in worker.parents()[:2]:  # submitit's controller and the runner
        assert "engine.worker" in " ".join(parent.cmdline()) or "submitit" in " ".join(parent.cmdline())
        parent.kill()
    assert queue.status(first).state == "running"
    queue.list_jobs()
    worker.resume()
    ended = [queue.wait(first), queue.wait(second)]
    assert [job.state for job in ended] == ["finished", "finished"]
    assert ended[0].finished_at < ended[1].started_at


def test_runner_and_worker_killed_together():
    first, second = count(steps=200), count(steps=1)
    until(first, counting)
    worker = worker_of(first)
    for process in [*worker.parents()[:2], worker]:
        process.kill()
    until(first, lambda job: job.state == "failed")
    hurry(first)
    assert queue.resume(first).state in ("waiting", "running", "finished")
    assert [queue.wait(first).state, queue.wait(second).state] == ["finished", "finished"]


def test_cancel_while_running_and_while_waiting():
    first, second = count(steps=1000), count(steps=1)
    assert queue.cancel(second).state == "cancelled"
    until(first, counting)
    asked = queue.cancel(first)  # a quick worker has stopped by now
    assert asked.message == "Stopping" or asked.state == "cancelled"
    stopped = queue.wait(first)
    assert (stopped.state, stopped.resumable) == ("cancelled", True)
    assert stopped.error == "Stopped because somebody asked for it."
    with pytest.raises(JobError, match="is cancelled; only a job that waits or runs"):
        queue.cancel(first)
    queue.resume(second)
    assert queue.wait(second).state == "finished"
    with pytest.raises(JobError, match="is finished; only a failed or cancelled job"):
        queue.resume(second)


def test_bad_input_fails_with_its_reason_and_is_not_offered_again():
    failed = queue.wait(count(fail_at=1))
    assert (failed.state, failed.error) == ("failed", "The self test was asked to fail at step 1.")
    with pytest.raises(JobError, match="would fail again"):
        queue.resume(failed.id)


def test_a_worker_that_does_not_listen_is_ended_by_force(monkeypatch, tumorcast_home):
    monkeypatch.setattr(launch, "TERM_AFTER_SECONDS", 0.2)
    monkeypatch.setattr(launch, "KILL_AFTER_SECONDS", 0.5)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None and worker.stdout.readline()
        folder = jobs_folder() / "deaf"
        create_folder(folder, "self_test", {})
        here = asdict(Runner.here("cpu"))
        write_json(
            folder / "runner.json",
            here | {"pid": worker.pid, "process_started": psutil.Process(worker.pid).create_time()},
        )
        (folder / "cancel").touch()
        launch._run_one(folder, "cpu")
        assert worker.wait() == -signal.SIGKILL
    assert queue.status("deaf").state == "cancelled"


def test_a_pid_that_somebody_else_got_is_not_taken_for_the_worker():
    folder = jobs_folder() / "old"
    create_folder(folder, "self_test", {})
    before = asdict(Runner.here("cpu"))
    write_json(folder / "runner.json", before)
    assert queue.status("old").state == "running"
    write_json(folder / "runner.json", before | {"process_started": before["process_started"] - 3600})
    assert queue.status("old").state == "failed"


def test_a_worker_elsewhere_lives_as_long_as_it_gives_signs():
    folder = jobs_folder() / "far"
    create_folder(folder, "self_test", {}, device="slurm")
    write_json(folder / "runner.json", asdict(Runner.here("slurm")) | {"host": "elsewhere", "pid": 1})
    assert queue.status("far").state == "running"
    hour_ago = time.time() - 3600
    os.utime(folder / "runner.json", (hour_ago, hour_ago))
    assert queue.status("far").state == "failed"


def test_submitting_what_is_not_there_leaves_no_folder(tmp_path):
    with pytest.raises(JobError, match=r"nowhere\.csv is no file"):
        queue.submit("self_test", "t", {}, inputs={"file": tmp_path / "nowhere.csv"})
    assert [path for path in jobs_folder().iterdir() if path.name != ".runners"] == []


def test_a_full_disk_at_submit_is_told(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(queue, "create_folder", full)
    with pytest.raises(JobError, match="could not be written .* No space left"):
        queue.submit("self_test", "t", {})


@pytest.mark.parametrize("job_id", ["../store", "", ".runners", "a/b"])
def test_an_id_cannot_lead_out_of_the_folder(job_id):
    with pytest.raises(JobError, match="is no job id"):
        queue.job_folder(job_id)


def test_an_unknown_job_is_told():
    with pytest.raises(JobError, match="There is no job 2026"):
        queue.status("2026")


def test_a_damaged_folder_is_listed_as_failed():
    folder = jobs_folder() / "broken"
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text("{")
    (job,) = queue.list_jobs()
    assert job.state == "failed" and job.error is not None and "spec.json is damaged" in job.error


def test_devices(monkeypatch):
    monkeypatch.delenv("TUMORCAST_EXECUTOR", raising=False)
    monkeypatch.delenv("TUMORCAST_DEVICE", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")
    assert launch.choose_device(gpu=False) == "cpu"
    assert launch.choose_device(gpu=True) == "gpu1"
    monkeypatch.setenv("TUMORCAST_DEVICE", "cpu")
    assert launch.choose_device(gpu=True) == "cpu"
    monkeypatch.setenv("TUMORCAST_DEVICE", "cuda")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(JobError, match="no NVIDIA GPU was found"):
        launch.choose_device(gpu=True)
    monkeypatch.setenv("TUMORCAST_DEVICE", "tpu")
    with pytest.raises(JobError, match="may be cpu or cuda"):
        launch.choose_device(gpu=True)


def test_a_driver_that_hangs_is_no_gpu(monkeypatch):
    def hangs(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(launch.shutil, "which", lambda name: name)
    monkeypatch.setattr(launch.subprocess, "run", hangs)
    assert launch.gpu_indices() == []


def test_each_gpu_has_a_queue_of_its_own(monkeypatch):
    monkeypatch.delenv("TUMORCAST_DEVICE", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    ids = [queue.submit("self_test", "count", {"steps": 1000}, gpu=gpu) for gpu in (False, True, True)]
    running = [until(job_id, lambda job: job.state == "running") for job_id in ids]
    assert [job.device for job in running] == ["cpu", "gpu0", "gpu1"]
    assert [queue.status(job_id).state for job_id in ids] == ["running"] * 3
    for job_id in ids:
        queue.cancel(job_id)
    assert [queue.wait(job_id).state for job_id in ids] == ["cancelled"] * 3


def test_slurm_gets_the_folder_and_loses_it_again(monkeypatch, tmp_path):
    """With stand-ins for sbatch and scancel that write down what they were given."""
    for name in ("sbatch", "srun", "scancel"):
        command = tmp_path / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/{name}.called\necho Submitted batch job 77\n')
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("TUMORCAST_EXECUTOR", "slurm")
    monkeypatch.setenv("TUMORCAST_SLURM_PARTITION", "short")
    job_id = count()
    asked = next((queue.job_folder(job_id) / "submitit").glob("*.sh")).read_text()
    assert "--partition=short" in asked and f"--chdir={REPOSITORY}" in asked
    assert queue.status(job_id).state == "waiting" and queue.status(job_id).device == "slurm"
    assert queue.cancel(job_id).state == "cancelled"
    assert (tmp_path / "scancel.called").read_text() == "77\n"


def test_slurm_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setenv("TUMORCAST_EXECUTOR", "slurm")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(JobError, match="SLURM did not take job"):
        count()
    (job,) = queue.list_jobs()
    assert job.state == "failed" and job.resumable
