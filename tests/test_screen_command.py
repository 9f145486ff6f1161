"""`python -m engine screen-library`: what it submits, prints and refuses."""

import json

import pandas as pd
import pytest

from engine import __main__ as cli
from engine.cli import commands
from engine.errors import JobError
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.settings import jobs_folder, store_path
from engine.store.database import Database

RUN = "20261121-091500-train_response-0a1b"  # of the small store
RESULT = {
    "library": "approved", "run_id": RUN, "networks": ["master", "tanh"], "interval_split": "cell_line",
    "simulated": True, "molecules": 1500, "lines": 808, "outside": 12, "seconds": 61.5,
    "predictions_per_s_per_network": 39415, "peak_memory_mib": 900.2, "notes": ["Widths are those of unseen lines."],
}  # fmt: skip


@pytest.fixture
def home(filled_home, monkeypatch):
    """The small store with a library, and the folder of its run; nothing runs by itself."""
    with Database(store_path()).write() as connection:
        connection.register("frame", pd.DataFrame({"molecule_id": ["A", "B"], "smiles": ["CCO", "CCN"]}))
        columns = "'approved' AS library, 'unknown' AS drug_class, 's' AS source_id"
        connection.execute(f"INSERT INTO library BY NAME SELECT *, {columns} FROM frame")
    (jobs_folder() / RUN / "results").mkdir(parents=True)
    monkeypatch.setattr(queue.launch, "start", lambda folder: None)
    return filled_home


def test_submits_and_returns(home, capsys):
    assert cli.main(["screen-library", "approved", "--run", RUN, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    job = queue.status(told["job"])
    assert (told["state"], job.task, job.title) == ("waiting", "screen_library", f"Screen approved with {RUN}")


def test_without_a_run_the_default_one_is_taken(home, capsys):
    assert cli.main(["screen-library", "approved"]) == 0
    assert capsys.readouterr().out.startswith("Submitted ")
    assert [job.title for job in queue.list_jobs() if job.task == "screen_library"] == [f"Screen approved with {RUN}"]


def test_waits_and_tells_what_was_done(home, capsys, monkeypatch):
    def finish(job_id, db):
        JobContext.for_folder(queue.job_folder(job_id)).write_result(RESULT)

    monkeypatch.setattr(commands, "finish", finish)
    assert cli.main(["screen-library", "approved", "--run", RUN, "--wait"]) == 0
    assert capsys.readouterr().out == (
        "approved: 1,500 molecules, 12 of them unlike the drugs the run has seen, for 808 lines, simulated data\n"
        f"Run {RUN}, master, tanh\n"
        "62 s, 39,415 predictions per second and network, 900 MiB\n"
        "note: Widths are those of unseen lines.\n"
    )
    assert cli.main(["screen-library", "approved", "--run", RUN, "--wait", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["screen"] == told["job"] and told["molecules"] == 1500 and told["state"] == "collected"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plants"], "There is no library 'plants' in the store. Libraries: approved."),
        (["approved", "--run", "x"], "There is no run 'x' in the store. Runs: "),
    ],
)
def test_what_is_not_there_is_told_in_one_line(home, capsys, arguments, told):
    assert cli.main(["screen-library", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert queue.list_jobs() == [] or all(job.task != "screen_library" for job in queue.list_jobs())


def test_a_screen_that_failed_is_an_error(home, capsys, monkeypatch):
    def fails(job_id, db):
        raise JobError("Screen approved failed: The disk is full.")

    monkeypatch.setattr(commands, "finish", fails)
    assert cli.main(["screen-library", "approved", "--run", RUN, "--wait", "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == {"error": "Screen approved failed: The disk is full."}
