"""What a worker leaves behind, run in this process."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from engine import tasks, worker
from engine.errors import JobCancelled, JobError, TrainingError
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.files import read_json
from engine.jobs.spec import create_folder
from engine.settings import jobs_folder

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def folder(tumorcast_home):
    path = jobs_folder() / "one"
    create_folder(path, "self_test", {"steps": 2, "seconds": 0})
    return path


def behave(monkeypatch: pytest.MonkeyPatch, action) -> None:
    monkeypatch.setattr(worker, "find_task", lambda name: action)


def test_a_job_that_goes_well_is_finished(folder):
    assert worker.run_folder(folder)
    done = read_json(folder / "done.json")
    assert done is not None and done["peak_memory_mib"] > 10
    assert queue.status("one").state == "finished"
    assert queue.status("one").finished_at == done["finished_at"]


def test_tables_of_an_earlier_attempt_go_and_weights_stay(folder):
    for name in ("drug.parquet", "result.json", "master.pt"):
        (folder / "results" / name).touch()
    (folder / "checkpoints" / "old.pt").touch()
    assert worker.run_folder(folder)
    assert {file.name for file in (folder / "results").iterdir()} == {"master.pt", "result.json"}
    assert (folder / "checkpoints" / "old.pt").exists()


@pytest.mark.parametrize(
    ("raised", "told", "resumable"),
    [
        (TrainingError("The loss is not finite."), "The loss is not finite.", True),
        (MemoryError(), "ran out of memory", True),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full", True),
        (KeyError("smiles"), "unexpected KeyError: 'smiles'. Its log tells where.", True),
    ],
)
def test_every_failure_is_one_clear_sentence(folder, monkeypatch, capsys, raised, told, resumable):
    def action(job: JobContext) -> None:
        raise raised

    behave(monkeypatch, action)
    assert not worker.run_folder(folder)
    status = queue.status("one")
    assert status.state == "failed" and status.resumable is resumable
    assert status.error is not None and told in status.error
    assert not (folder / "done.json").exists()


def test_an_unknown_task_is_told(folder, monkeypatch):
    monkeypatch.setattr(tasks, "TASKS", {"other": "a:b"})
    assert not worker.run_folder(folder)
    assert queue.status("one").error == "There is no task 'self_test'; known: other."


def test_a_job_cancelled_before_it_began_does_nothing(folder):
    (folder / "cancel").touch()
    assert not worker.run_folder(folder)
    assert queue.status("one").state == "cancelled"
    assert list((folder / "checkpoints").iterdir()) == []


def test_every_task_name_leads_to_a_function():
    for name in tasks.TASKS:
        assert callable(tasks.find_task(name))


def test_what_a_worker_prints_is_in_the_log(folder):
    """Also what libraries write past Python, and the traceback of a surprise."""
    code = (
        "import os; from engine import worker\n"
        "def task(job): print('from python', flush=True); os.write(1, b'from below\\n'); 1 / 0\n"
        f"worker.find_task = lambda name: task\nworker.main([{str(folder)!r}])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("", "")
    log = queue.read_log("one")
    assert "from python" in log and "from below" in log and "ZeroDivisionError" in log


def test_a_worker_starts_without_the_heavy_libraries():
    code = "import engine.worker, sys; print(*{'torch', 'rdkit', 'duckdb', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_told_to_end_it_says_so(folder):
    with pytest.raises(JobError, match="told to end"):
        worker._stop(folder, 15, None)
    (folder / "cancel").touch()
    with pytest.raises(JobCancelled, match="somebody asked"):
        worker._stop(folder, 15, None)
