"""The command line: what it prints, its exit status, and that it gets along with an open app."""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from command_line import document, run

from engine import __main__ as cli
from engine.cli import commands
from engine.cli.output import cell, duration, table
from engine.collect import Collector, app_is_up
from engine.jobs import queue
from engine.response import records, train
from engine.response.settings import CurationSettings, TrainSettings
from engine.settings import store_path
from engine.store.database import Database
from engine.store.schema import TABLES

REPOSITORY = Path(__file__).resolve().parents[1]
LINES = "COSMIC_ID,CELL_LINE_NAME,TCGA_DESC\n1,Alpha,SKCM\n2,Beta,LUAD\n2,Beta,LUAD\n"


def commands_by_name() -> dict[str, argparse.ArgumentParser]:
    (action,) = (action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction))
    return action.choices


def shell(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "engine", *arguments], cwd=REPOSITORY, capture_output=True, text=True)


@pytest.fixture
def lines(tmp_path: Path, tumorcast_home: Path) -> Path:
    path = tmp_path / "lines.csv"
    path.write_text(LINES)
    return path


def test_the_commands_are_those_of_the_design():
    designed = "demo import train evaluate predict runs jobs networks export fetch report patient"
    of_libraries = "screen-library repurpose"
    of_screens = "score quality synergy explain phenotypes review report-screen bundle rescore"
    assert set(commands_by_name()) == {*designed.split(), *of_libraries.split(), *of_screens.split()}


@pytest.mark.parametrize("name", commands_by_name())
def test_each_command_takes_json_and_shows_an_example(name):
    help_text = commands_by_name()[name].format_help()
    assert "--json" in help_text and f"example: python -m engine {name}" in help_text


def test_the_command_line_starts_without_the_heavy_libraries():
    code = "import engine.__main__, sys; print(*{'torch', 'rdkit', 'sklearn'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_networks_have_the_published_sizes(capsys):
    found = {row["name"]: row for row in document(capsys, "networks")}
    assert {name: row["parameters"] for name, row in found.items()} == {
        "master": 365_486,
        "fully_connected": 367_116,
        "shallow": 8_427_949,
        "tanh": 367_124,
        "unified": 262_306,
    }
    assert all(set(row) == {"name", "parameters", "dual_convergence"} for row in found.values())
    assert [name for name, row in found.items() if not row["dual_convergence"]] == ["unified"]


def test_import_waits_and_shows_its_receipt(capsys, lines):
    done = document(capsys, "import", "cell-lines", str(lines), "--name", "mine", "--origin", "here")
    assert done["state"] == "collected" and done["receipt"]["read"] == 3
    rows = Database(store_path()).query("SELECT cosmic_id, source_id FROM cell_line ORDER BY cosmic_id")
    assert rows.values.tolist() == [[1, "mine"], [2, "mine"]]
    shown = document(capsys, "jobs", "show", done["job"])
    assert shown["state"] == "collected" and shown["result"]["kept"] == done["receipt"]["kept"]
    assert [job["id"] for job in document(capsys, "jobs")] == [done["job"]]
    assert "rows read" in document(capsys, "jobs", "log", done["job"])["log"]
    status, out, _ = run(capsys, "jobs")
    assert status == 0 and done["job"] in out and "In the store" in out


def test_a_job_left_alone_is_collected_by_the_next_command(capsys, lines):
    job_id = document(capsys, "import", "cell-lines", str(lines), "--no-wait")["job"]
    assert queue.wait(job_id).state == "finished"
    assert document(capsys, "runs") == []
    assert queue.status(job_id).state == "collected"


def test_with_json_stdout_holds_one_document_and_nothing_else(lines):
    good = shell("import", "cell-lines", str(lines), "--json")
    assert good.returncode == 0 and json.loads(good.stdout)["state"] == "collected"
    bad = shell("import", "drugs", str(lines), "--json")
    assert bad.returncode == 2 and set(json.loads(bad.stdout)) == {"error"}


def test_a_reader_that_has_seen_enough_gets_no_traceback(tumorcast_home):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "engine", "networks", "--json"]
    with os.fdopen(write, "w") as closed:
        done = subprocess.run(command, cwd=REPOSITORY, stdout=closed, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_refused_is_one_line_on_stderr(capsys, lines):
    status, out, err = run(capsys, "import", "responses", str(lines))
    assert (status, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1
    status, _, err = run(capsys, "jobs", "show", "nowhere")
    assert status == 2 and "There is no job nowhere" in err
    status, _, err = run(capsys, "jobs", "cancel")
    assert status == 2 and "Say which job" in err
    status, _, err = run(capsys, "export", str(lines))
    assert status == 2 and "lines.csv" in err
    status, _, err = run(capsys, "train", "response", "--networks", "huge")
    assert status == 2 and "huge" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["runs"], ["jobs"], ["jobs", "test"], ["demo"], ["export", "out"], ["import", "drugs", "drugs.csv"],
        ["train", "response"], ["predict", "response", "--run", "a", "--pairs", "b", "--out", "c"],
        ["score", "--screen", "s"], ["quality", "--screen", "s"],
    ],
)  # fmt: skip
def test_a_store_of_a_newer_version_is_refused_before_anything_is_begun(capsys, tumorcast_home, arguments):
    with Database(store_path()).write() as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    status, out, err = run(capsys, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1) and "has version 99, written by a newer Tumorcast" in err
    assert queue.list_jobs() == []


def test_a_job_that_fails_after_submission_is_an_error_with_its_reason(capsys, tumorcast_home, monkeypatch):
    fails = {"steps": 2, "seconds": 0, "fail_at": 1}
    monkeypatch.setattr(train, "submit_training", lambda db, settings: queue.submit("self_test", "Train", fails))
    status, _, err = run(capsys, "train", "response", "--wait")
    assert status == 2 and "asked to fail at step 1" in err and "jobs log" in err


def test_train_hands_over_what_was_asked(capsys, tumorcast_home, monkeypatch):
    given = []

    def submit_training(db, settings):
        given.append(settings)
        return queue.submit("self_test", "Train", {"steps": 1, "seconds": 0})

    monkeypatch.setattr(train, "submit_training", submit_training)
    first = document(capsys, "train", "response", "--networks", "master,tanh", "--epochs", "3", "--seed", "7", "--wait")
    assert first["state"] == "collected" and first["run"] == first["job"]
    assert document(capsys, "train", "response", "--networks", "all")["state"] in ("waiting", "running", "finished")
    assert (given[0].networks, given[0].epochs, given[0].seed, given[0].split) == (("master", "tanh"), 3, 7, "pairs")
    assert len(given[1].networks) == 5
    queue.wait(queue.list_jobs()[0].id)


def test_splits_folds_and_ablations_reach_the_job(capsys, tumorcast_home, monkeypatch):
    asked = []

    def submit_training(db, settings):
        asked.append(settings)
        return queue.submit("self_test", "Train", {"steps": 1, "seconds": 0})

    monkeypatch.setattr(train, "submit_training", submit_training)
    words = "--networks none --split cell_line --folds 7 --only-folds 1,3 --baselines drug-mean,svm"
    document(capsys, "train", "response", *words.split())
    document(capsys, "train", "response", "--networks", "master", "--ablations", "genomes", "--sensitive-below=-1.5")
    assert (asked[0].networks, asked[0].split, asked[0].fold_numbers) == ((), "cell_line", (1, 3))
    assert (asked[0].n_folds, asked[0].baselines) == (7, ("drug_mean", "svm"))
    assert (asked[1].ablations, asked[1].sensitive_below, asked[1].n_folds) == (("genomes",), -1.5, 1)
    for job in queue.list_jobs():
        queue.wait(job.id)


def test_evaluate_takes_over_the_settings_of_the_run(capsys, filled_home, monkeypatch):
    asked = []

    def submit_training(db, settings):
        asked.append(settings)
        return queue.submit("self_test", "Train", {"steps": 1, "seconds": 0})

    (run, *_) = [run for run in records.runs(Database(store_path())) if run.split == "pairs"]
    config = {**asdict(TrainSettings(networks=("tanh",), epochs=4, seed=9)), "curation": {"settings": {}, "steps": []}}
    with Database(store_path()).write() as connection:
        connection.execute("UPDATE run SET config = ? WHERE run_id = ?", [json.dumps(config), run.run_id])
    monkeypatch.setattr(train, "submit_training", submit_training)
    document(capsys, "evaluate", "--run", run.run_id, "--split", "drug", "--folds", "7", "--no-wait")
    (settings,) = asked
    assert (settings.networks, settings.epochs, settings.seed) == (("tanh",), 4, 9)
    assert (settings.split, settings.n_folds, settings.evaluates) == ("drug", 7, run.run_id)
    queue.wait(queue.list_jobs()[0].id)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--run gone --split drug", "There is no run 'gone' in the store"),
        ("--run gone", "Say what to evaluate: --split SPLIT, or --against DATASET"),
        ("--run gone --split drug --only-folds one", "'one' is no list of folds"),
        ("--run gone --against GDSC9", "There is no run 'gone' in the store"),
    ],
)
def test_evaluate_refuses(capsys, filled_home, words, message):
    status, out, err = run(capsys, "evaluate", *words.split())
    assert (status, out, err.count("\n")) == (2, "", 1) and message in err
    assert queue.list_jobs() == []


def test_curation_rules_reach_the_job(capsys, tumorcast_home, monkeypatch):
    asked = []

    def submit_training(db, settings):
        asked.append(settings.curation)
        return queue.submit("self_test", "Train", {"steps": 1, "seconds": 0})

    monkeypatch.setattr(train, "submit_training", submit_training)
    document(capsys, "train", "response")
    rules = ("--all-genes", "--min-lines", "3", "--max-weight", "900", "--need-cid")
    document(capsys, "train", "response", *rules)
    assert asked == [CurationSettings(), CurationSettings(False, 3, 900.0, True)]
    for job in queue.list_jobs():
        queue.wait(job.id)


def test_runs_are_listed_oldest_first_with_their_metrics(capsys, tumorcast_home):
    with Database(store_path()).write() as connection:
        for day, run_id in ((2, "later"), (1, "earlier")):
            connection.execute(
                "INSERT INTO run VALUES"
                " (?, 'train_response', ?, 'pairs', 4, '{}', 'h', 'cpu', 1, 1, 9, 1, 1, '{}', true)",
                [run_id, f"2026-01-0{day} 00:00:00"],
            )
        connection.execute(
            "INSERT INTO metric VALUES ('later', 'master', 'all', '', 'r2', 0.8125, 0.8, 0.82, 20),"
            " ('later', 'master', 'all', '', 'auroc', NULL, NULL, NULL, 20)"
        )
    runs = document(capsys, "runs")
    assert [found["id"] for found in runs] == ["earlier", "later"]
    assert (runs[1]["split"], runs[1]["seed"], runs[1]["simulated"]) == ("pairs", 4, True)
    metrics = runs[1]["metrics"]["master"]
    assert (metrics["r2"], metrics["auroc"], metrics["n"]) == (0.8125, None, 20)
    _, out, _ = run(capsys, "runs")
    assert "0.812" in out and "simulated data" in out


def test_reading_and_importing_work_while_the_app_is_open(lines):
    db = Database(store_path())
    collector = Collector(db).start()
    try:
        while not app_is_up():
            time.sleep(0.05)
        found = shell("import", "cell-lines", str(lines), "--json")
        assert found.returncode == 0, found.stderr
        assert db.query("SELECT count(*) AS n FROM cell_line")["n"].tolist() == [2]
        assert json.loads(shell("runs", "--json").stdout) == []
    finally:
        collector.stop()


def test_a_job_that_does_not_fit_warns_and_blocks_no_command(capsys, tumorcast_home, monkeypatch):
    def refuse(db):
        raise commands.JobError("Job a brings rows for weather.")

    monkeypatch.setattr(commands, "collect_finished", refuse)
    status, out, err = run(capsys, "runs", "--json")
    assert (status, json.loads(out), err) == (0, [], "warning: Job a brings rows for weather.\n")


def test_export_writes_tables(capsys, tumorcast_home, tmp_path):
    files = document(capsys, "export", str(tmp_path / "out"))["files"]
    assert len(files) == len(TABLES) and all(os.path.getsize(file) > 0 for file in files)


def test_ctrl_c_leaves_the_job_alone(capsys, tumorcast_home, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "follow", interrupted)
    status, _, err = run(capsys, "jobs", "test")
    assert status == 130 and "goes on" in err
    (job,) = queue.list_jobs()
    assert queue.wait(job.id).state == "finished"


def test_what_a_person_reads():
    rows = [{"model": "master", "r2": 0.81251, "n": 7630}, {"model": "tanh", "r2": float("nan"), "n": 7630}]
    assert table(rows, "none") == "model   r2     n\nmaster  0.813  7,630\ntanh    -      7,630"
    assert table([], "No runs yet.") == "No runs yet."
    assert [duration(s) for s in (9.6, 75, 3_700)] == ["10 s", "1 min 15 s", "1 h 1 min"]
    assert (cell(True), cell(None)) == ("yes", "-")
