"""The commands of radiosensitivity: import, train, evaluate, runs, predict, and what they refuse."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from command_line import document, run

from engine.jobs import queue
from engine.radiation import records, train
from engine.settings import store_path
from engine.store.database import Database

sys.path.append(str(Path(__file__).parent / "radiation"))
from small_arrays import small_cohort  # beside the tests of the engine
from small_radiation import fill_store, write_files


def test_from_two_files_to_a_prediction(capsys, tumorcast_home, tmp_path):
    arrays, sf2 = write_files(tmp_path, small_cohort(lines=12, replicates=1, probes=120))
    found = document(capsys, "import", "expression", str(arrays), "--name", "mine", "--origin", "invented")
    assert (found["state"], found["receipt"]["kept"]) == ("collected", 12)
    brought = document(capsys, "import", "survival", str(sf2), "--name", "ours", "--assay", "clonogenic")
    assert brought["receipt"]["kept"] == 12
    assert set(records.survival(Database(store_path()), "ours")["assay"]) == {"clonogenic"}
    options = "--protocol grouped --rounds 1 --folds 3 --epochs 1 --models network,ridge --permutations 0"
    trained = document(capsys, "train", "radiation", *options.split(), "--no-validation", "--wait")
    run_id = trained["id"]
    assert (trained["job"], trained["state"], trained["protocol"]) == (run_id, "collected", "grouped")
    assert (trained["expression"], trained["survival"], trained["lines"]) == ("mine", "ours", 12)
    assert f"{options.split(' --models')[0]} --seed 0" in trained["settings"]["command"]
    told = document(capsys, "evaluate", "--run", run_id)
    assert told == {key: value for key, value in trained.items() if key not in ("job", "state")}
    rmse = [row for row in told["metrics"] if (row["model"], row["scope"], row["name"]) == ("ridge", "lines", "rmse")]
    assert rmse[0]["n"] == 12 and rmse[0]["lower"] <= rmse[0]["value"] <= rmse[0]["upper"]
    (listed,) = document(capsys, "runs")
    assert (listed["id"], listed["task"]) == (run_id, "train_radiation")
    assert listed["metrics"]["ridge"]["rmse"] == rmse[0]["value"]
    predicted = document(capsys, "predict", "radiation", str(arrays), "--run", run_id)
    assert len(predicted["predictions"]) == 12 * 3 and predicted["predictions"][0]["model"] == "network"
    assert {"sf2", "lower", "upper", "nearest", "inside", "movers", "notes"} <= set(predicted["predictions"][0])
    assert set(predicted["predictions"][0]["nearest"][0]) == {"line", "correlation", "sf2"}
    assert set(predicted["predictions"][0]["movers"][0]) == {"probe", "symbol", "moves_sf2", "rsi_gene"}
    status, out, _ = run(capsys, "evaluate", "--run", run_id)
    assert status == 0 and "grouped by line (a line never seen)" in out and "Ridge" in out and "lines\nmodel" in out
    assert "coverage of 90% intervals" in out and "correct: off by less than 0.01 or by less than 10%" in out
    status, out, _ = run(capsys, "runs")
    assert status == 0 and run_id in out
    status, out, _ = run(capsys, "predict", "radiation", str(arrays), "--run", run_id, "--out", str(tmp_path / "o.csv"))
    assert status == 0 and "nearest line" in out and len(pd.read_csv(tmp_path / "o.csv")) == 36
    told = pd.read_csv(arrays).assign(FLAT=7.0)
    told.to_csv(tmp_path / "flat.csv", index=False)
    status, out, _ = run(capsys, "predict", "radiation", str(tmp_path / "flat.csv"), "--run", run_id, "--panel", "lung")
    assert status == 0 and "note: 1 sample left out: all values are the same (sample FLAT)" in out
    assert "Network " in out and "Ridge " in out and " Lung " in out and " ridge " not in out
    status, out, err = run(capsys, "predict", "radiation", str(arrays), "--run", run_id, "--panel", "Heart")
    assert status == 2 and "knows no panel 'Heart'. Choose from Colon, Leukemia, Lung" in err


def test_options_reach_the_job(capsys, tumorcast_home, monkeypatch):
    asked = []

    def submit_training(db, settings):
        asked.append(settings)
        return queue.submit("self_test", "Train", {"steps": 1, "seconds": 0})

    monkeypatch.setattr(train, "submit_training", submit_training)
    words = (
        "--protocol published --rounds 3 --folds 4 --epochs 7 --models ridge,svr --seed 5 --replicates 2 --noise 0.15 "
        "--permutations 0 --no-validation --expression A --survival B"
    )
    document(capsys, "train", "radiation", *words.split())
    document(capsys, "train", "radiation")
    first, second = asked
    assert (first.protocol, first.rounds, first.folds, first.epochs, first.models) == (
        "published", 3, 4, 7, ("ridge", "svr"),
    )  # fmt: skip
    assert (first.seed, first.replicates, first.noise, first.permutations) == (5, 2, 0.15, 0)
    assert (first.validation, first.expression, first.survival) == (False, "A", "B")
    assert (second.protocol, second.rounds, second.folds, second.epochs, second.validation) == (
        "grouped", 5, 6, 100, True,
    )  # fmt: skip
    for job in queue.list_jobs():
        queue.wait(job.id)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train radiation", "holds no gene expression to train on"),
        ("train radiation --models deep", "Unknown model deep"),
        ("train radiation --rounds 0", "rounds is 0: choose 1 or more"),
        ("train radiation --split drug", "--split is no option of train radiation"),
        ("train radiation --networks master", "--networks is no option of train radiation"),
        ("train response --protocol published", "--protocol is no option of train response"),
        ("predict radiation --run gone", "Say which file of expression"),
        ("predict radiation gone.csv --run gone", "The job folder of run gone is gone"),
        ("predict radiation a.csv --run gone --pairs p.csv", "--pairs is no option of predict radiation"),
        ("predict response a.csv --run gone --pairs p --out o", "FILE is no option of predict response"),
        ("predict response --run gone", "predict response needs two files: --pairs PAIRS, and --out FILE"),
        ("evaluate --run gone", "Say what to evaluate: --split SPLIT, or --against DATASET"),
        ("predict response --run gone --panel Lung --pairs p --out o", "--panel is no option of predict response"),
        ("import expression a.csv --assay clonogenic", "--assay is no option of import expression"),
        ("import expression gone.csv", "gone.csv"),
        ("import survival gone.csv", "gone.csv"),
    ],
)
def test_what_is_refused_is_one_line(capsys, tumorcast_home, words, message):
    status, out, err = run(capsys, *words.split())
    assert (status, out, err.count("\n")) == (2, "", 1) and message in err
    assert queue.list_jobs() == []


def test_a_radiosensitivity_run_is_not_evaluated_under_a_split(capsys, tumorcast_home):
    with Database(store_path()).write() as connection:
        connection.execute(
            "INSERT INTO run VALUES ('sf2', 'train_radiation', '2026-01-01', 'grouped', 0, '{}', 'h', 'CPU', 1, 1, 9,"
            " 0, 1, '{}', false)"
        )
    status, _, err = run(capsys, "evaluate", "--run", "sf2", "--split", "drug")
    assert status == 2 and "--split is no option of evaluate of a radiosensitivity run" in err
    status, out, _ = run(capsys, "evaluate", "--run", "sf2")
    assert status == 0 and "sf2" in out


def test_no_line_in_common_is_told_by_the_command(capsys, tumorcast_home):
    db = Database(store_path())
    fill_store(db, small_cohort(lines=6))
    with db.write() as connection:
        connection.execute("UPDATE survival SET line = 'X' || line")
    status, _, err = run(capsys, "train", "radiation")
    assert status == 2 and "No cell line is in both" in err and "'arrays'" in err and "'sf2'" in err
