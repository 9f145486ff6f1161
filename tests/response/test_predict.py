"""From a finished run in the store to predictions for a file of pairs, and the reads the pages use."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_cohort import tables

from engine.collect import collect
from engine.errors import InputError, NetworkError, StoreError
from engine.jobs.context import JobContext
from engine.jobs.files import write_json
from engine.jobs.spec import create_folder
from engine.response import predict
from engine.response.pair_records import pair_points
from engine.response.predict import predict_file, read_pairs
from engine.response.records import PairFilter, run_summary, runs, training_inputs
from engine.response.train import run_training
from engine.settings import jobs_folder, store_path
from engine.store.database import Database

RUN = "20260101-000000-train_response-abcd"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with one run of two networks, collected like any other job."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCAST_HOME", str(tmp_path_factory.mktemp("home")))
        given = tables()
        db = Database(store_path())
        with db.write() as connection:
            connection.execute(
                "INSERT INTO source VALUES ('t','responses','f.csv','GDSC','x',1,'','',1,1,'{}',now(),'j',true)"
            )
            for name, extra in (
                ("cell_line", {"source_id": "t"}),
                ("drug", {"source_id": "t", "pathway": "EGFR signaling"}),
                ("mutation", {"source_id": "t", "classification": "Missense_Mutation"}),
                ("response", {"source_id": "t", "n_measured": 1}),
            ):
                frame = given[f"{name}.parquet"].assign(**extra)
                connection.register("frame", frame)
                connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM frame")
                connection.unregister("frame")
        settings = {
            "networks": ["master", "tanh"],
            "baselines": ["drug_mean", "mean_effects"],
            "epochs": 1,
            "test_share": 0.2,
            "validation_share": 0.15,
            "dataset": "T",
        }
        folder = jobs_folder() / RUN
        inputs, dataset, simulated = training_inputs(db)
        assert (dataset, simulated) == ("T", True)
        create_folder(folder, "train_response", {"settings": settings, "simulated": True}, inputs=inputs)
        run_training(JobContext.for_folder(folder))
        write_json(folder / "done.json", {})
        assert collect(RUN, db)
        yield db
        db.close()


def test_predicts_held_out_pairs_as_the_run_did(store, tmp_path):
    held_out = pair_points(store, RUN, "ensemble", "drug_mean", PairFilter())
    held_out[["drug_id", "cosmic_id"]].to_csv(tmp_path / "pairs.csv", index=False)
    told = []
    summary = predict_file(store, RUN, tmp_path / "pairs.csv", tmp_path / "out.parquet", lambda *a: told.append(a))
    out = pd.read_parquet(tmp_path / "out.parquet")
    assert list(out.columns[:6]) == ["cosmic_id", "drug_id", "ln_ic50_pred", "lower", "upper", "ic50_um_pred"]
    stored = store.query("SELECT * FROM prediction WHERE model = 'ensemble' ORDER BY cosmic_id, drug_id")
    np.testing.assert_allclose(out[["lower", "upper"]], stored[["lower", "upper"]], atol=1e-4)
    np.testing.assert_allclose(out["ic50_um_pred"], np.exp(out["ln_ic50_pred"]))
    assert (out["nearest_line"] == out["cosmic_id"]).all() and (out["line_similarity"] == 1).all()
    assert (out["drug_similarity"] == 1).all() and summary.outside == out["extrapolation"].sum()
    np.testing.assert_allclose(out["ln_ic50_pred"], held_out["predicted"], atol=1e-4)
    assert (summary.pairs, summary.networks, summary.unseen_positions) == (len(held_out), ("master", "tanh"), 0)
    assert told[-1][0] == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cosmic_id,drug_id\n1,99\n", r"pairs.csv names 1 drugs the store has no structure of \(99\)"),
        ("cosmic_id,drug_id\n77,1\n78,1\n", r"2 cell lines the store has no mutations of \(77, 78\)"),
        ("cosmic,drug_id\n1,1\n", "has no column cosmic_id; it has cosmic, drug_id"),
        ("cosmic_id,drug_id\n1,1\nA375,1\n", "row 3: cosmic_id is 'A375', not a whole number"),
        ("cosmic_id,drug_id\n", "has a header but no rows"),
        ("cosmic_id;drug_id\n1;1\n2;\n", "row 3: drug_id is missing"),
        ("cosmic_id,drug_id\n1,1\nNCI,2,1\n", "row 3 has more values than the header has names"),
        ("", "pairs.csv is empty"),
    ],
)
def test_bad_pairs_write_nothing(store, tmp_path, text, message):
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        predict_file(store, RUN, tmp_path / "pairs.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_run_that_knows_no_position_of_these_lines_is_refused(store, tmp_path):
    (tmp_path / "pairs.csv").write_text("cosmic_id,drug_id\n500,1\n")
    with store.write() as connection:
        connection.execute(
            "INSERT INTO mutation BY NAME SELECT 500 AS cosmic_id, 'ABL1' AS gene, 'chr9:133' AS position_key, "
            "'Missense_Mutation' AS classification, 't' AS source_id"
        )
    with pytest.raises(InputError, match="knows none of the 1 mutated positions of these lines"):
        predict_file(store, RUN, tmp_path / "pairs.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_intervals_over_folds_take_the_spread_within_a_fold(store, tmp_path, monkeypatch):
    """Networks that disagree in every fold, each time the other way round: their averages over folds agree."""
    (tmp_path / "pairs.csv").write_text("cosmic_id,drug_id\n1,1\n")
    kept = {"level": 0.9, "quantile": 2.0, "floor": 0.5, "n": 99}
    config = {"ran_folds": [1, 2], "conformal": {"1": {"ensemble": kept}, "2": {"ensemble": kept}}}
    run = replace(run_summary(store, RUN), config=config)
    monkeypatch.setattr(predict, "run_summary", lambda db, run_id: run)
    monkeypatch.setattr(predict, "network_file", lambda results, name, number: results / f"{name}.pt")
    values = iter([1.0, 3.0, 3.0, 1.0])  # master in both folds, then tanh
    monkeypatch.setattr(predict, "predict_pairs", lambda *args, **named: np.array([next(values)]))
    predict_file(store, RUN, tmp_path / "pairs.csv", tmp_path / "out.csv")
    out = pd.read_csv(tmp_path / "out.csv").iloc[0]
    assert (out["ln_ic50_pred"], out["lower"], out["upper"]) == (2.0, 2.0 - 2 * 1.5, 2.0 + 2 * 1.5)


def test_an_ensemble_that_lost_a_network_predicts_nothing(store, tmp_path):
    """The mean of the networks that are left would not be the run's ensemble."""
    (tmp_path / "pairs.csv").write_text("cosmic_id,drug_id\n1,1\n")
    checkpoint = jobs_folder() / RUN / "results" / "tanh.pt"
    away = checkpoint.rename(tmp_path / "tanh.pt")
    try:
        with pytest.raises(NetworkError, match=r"checkpoint tanh\.pt of this run is gone"):
            predict_file(store, RUN, tmp_path / "pairs.csv", tmp_path / "out.csv")
    finally:
        away.rename(checkpoint)
    assert not (tmp_path / "out.csv").exists()


def test_pairs_file_that_is_missing_or_binary(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_pairs(tmp_path / "absent.csv")
    (tmp_path / "photo.parquet").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(InputError, match=r"photo\.parquet cannot be read as Parquet"):
        read_pairs(tmp_path / "photo.parquet")
    (tmp_path / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(InputError, match=r"photo\.csv is a PNG image, not a table"):
        read_pairs(tmp_path / "photo.csv")


def test_folder_of_the_result_that_is_missing(store, tmp_path):
    (tmp_path / "pairs.csv").write_text("cosmic_id,drug_id\n1,1\n")
    with pytest.raises(InputError, match="no folder .*absent to write out.csv into"):
        predict_file(store, RUN, tmp_path / "pairs.csv", tmp_path / "absent" / "out.csv")


def test_run_that_is_not_there(store, tmp_path):
    (tmp_path / "pairs.csv").write_text("cosmic_id,drug_id\n1,1\n")
    with pytest.raises(StoreError, match=f"no run 'nothing' in the store. Runs: {RUN}"):
        predict_file(store, "nothing", tmp_path / "pairs.csv", tmp_path / "out.csv")


def test_summary_has_every_model_with_n(store):
    run = run_summary(store, RUN)
    assert run.models == ["ensemble", "master", "tanh", "mean_effects", "drug_mean"]
    assert {m["n"] for m in run.metrics.values()} == {run.n_test}
    assert run.simulated and run.dataset == "T" and runs(store) == [run]
    assert json.loads(json.dumps(run.curves))["master"][0]["epoch"] == 1


def test_filters_narrow_the_pairs(store):
    everything = pair_points(store, RUN, "tanh", "drug_mean", PairFilter())
    part = pair_points(store, RUN, "tanh", "drug_mean", PairFilter(cancer_types=("SKCM",), drug_ids=(1, 2)))
    expected = everything[(everything["cancer_type"] == "SKCM") & everything["drug_id"].isin([1, 2])]
    pd.testing.assert_frame_equal(part, expected.reset_index(drop=True))


def test_nothing_to_train_on(tmp_path):
    with pytest.raises(InputError, match="no drug responses to train on"):
        training_inputs(Database(tmp_path / "empty.duckdb"))


def test_dataset_that_is_not_there(store):
    with pytest.raises(InputError, match="no dataset 'GDSC9' in the store. Datasets: T"):
        training_inputs(store, "GDSC9")
