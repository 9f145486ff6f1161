"""A small trained run made ready to predict: the numbers of `predict`, the honest run, what is refused."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_store import insert

from engine.collect import collect
from engine.errors import InputError, NetworkError, StoreError
from engine.jobs.context import JobContext
from engine.jobs.files import write_json
from engine.jobs.spec import create_folder
from engine.patient.neighbours import nearest_lines
from engine.patient.predictor import load_predictor
from engine.patient.ranking import rank
from engine.patient.types import Genome
from engine.response.predict import predict_file
from engine.response.records import training_inputs
from engine.response.train import run_training
from engine.settings import REPOSITORY, jobs_folder, store_path
from engine.store.database import Database

sys.path.append(str(Path(__file__).resolve().parent.parent / "response"))
from small_cohort import SMILES, tables

RUN = "20260101-000000-train_response-aaaa"
HONEST = "20260101-000001-train_response-bbbb"
TWIN = 7  # the structure of drug 2 under another id, whose screen read 3 ln uM higher
NEW = 8  # has a structure, was never measured


def _train(db: Database, run_id: str, **settings) -> None:
    folder = jobs_folder() / run_id
    common = {"baselines": ["drug_mean", "type_drug_mean"], "epochs": 2, "dataset": "T", "test_share": 0.2}
    inputs, _, simulated = training_inputs(db)
    params = {"settings": {**common, "validation_share": 0.15, **settings}, "simulated": simulated}
    create_folder(folder, "train_response", params, inputs=inputs)
    run_training(JobContext.for_folder(folder))
    write_json(folder / "done.json", {})
    assert collect(run_id, db)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two networks trained on random pairs, one of them evaluated on unseen lines."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    given = tables(n_lines=40, n_positions=4500)
    drugs, response = given["drug.parquet"], given["response.parquet"]
    extra = pd.DataFrame({"drug_id": [TWIN, NEW], "name": ["b", "new"], "smiles": [SMILES[1], "CCCCCCCC"]})
    twin = response[response["drug_id"] == 2].assign(drug_id=TWIN, ln_ic50=lambda frame: frame["ln_ic50"] + 3)
    given["drug.parquet"] = pd.concat([drugs, extra.assign(weight_g_mol=200.0)], ignore_index=True)
    given["response.parquet"] = pd.concat([response, twin], ignore_index=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCAST_HOME", str(tmp_path_factory.mktemp("home")))
        db = Database(store_path())
        with db.write() as connection:
            connection.execute(
                "INSERT INTO source VALUES ('t','responses','f.csv','GDSC','x',1,'','',1,1,'{}',now(),'j',false)"
            )
        insert(db, cell_line=given["cell_line.parquet"].assign(source_id="t"))
        insert(db, drug=given["drug.parquet"].assign(source_id="t", target="T", pathway="P", inchikey=None))
        insert(db, mutation=given["mutation.parquet"].assign(source_id="t", classification="Missense_Mutation"))
        insert(db, response=given["response.parquet"].assign(source_id="t", n_measured=1))
        _train(db, RUN, networks=["master", "tanh"])
        _train(db, HONEST, networks=["master"], split="cell_line", folds=2, evaluates=RUN)
        yield db
        db.close()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def predictor(store):
    return load_predictor(store)


def test_the_published_split_is_the_default_and_unseen_lines_judge_it(predictor):
    assert (predictor.run.run_id, predictor.honest.run_id, predictor.model) == (RUN, HONEST, "ensemble")
    assert predictor.drugs["drug_id"].tolist() == [1, 2, 3, 4, 5, 6, TWIN, NEW]
    assert predictor.skill.index.tolist() == [1, 2, 3, 4, 5, 6, TWIN] and (predictor.skill["n"] == 40).all()


def test_predicts_as_the_command_does(store, predictor, tmp_path):
    lines = [1, 2, 3]
    pairs = pd.DataFrame([(line, drug) for line in lines for drug in (1, 3, NEW)], columns=["cosmic_id", "drug_id"])
    pairs.to_parquet(tmp_path / "pairs.parquet")
    predict_file(store, RUN, tmp_path / "pairs.parquet", tmp_path / "out.parquet")
    expected = pd.read_parquet(tmp_path / "out.parquet")["ln_ic50_pred"].to_numpy().reshape(3, 3)
    keys = store.query("SELECT cosmic_id, position_key FROM mutation").groupby("cosmic_id")["position_key"].agg(list)
    mean, spread = predictor.predict([keys[line] for line in lines], [1, 3, NEW])
    np.testing.assert_allclose(mean, expected, atol=1e-5)
    assert spread.shape == (3, 3) and (spread > 0).all()


def test_threads_share_a_predictor(predictor):
    genomes = [["ABL1:1"], ["BRAF:7", "KRAS:3"], []]
    alone = [predictor.predict([genome])[0] for genome in genomes]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda genome: predictor.predict([genome])[0], genomes * 4))
    for i, found in enumerate(together):
        np.testing.assert_allclose(found, alone[i % 3], atol=1e-6)


def test_two_screens_of_one_compound_do_not_make_one_of_them_look_sensitive(predictor):
    """Networks see the structure alone and predict both ids alike, but the screens read 3 ln uM apart."""
    two, twin, new = predictor.drug_rows([2, TWIN, NEW])
    assert predictor.shift[[two, twin]].tolist() == pytest.approx([-1.5, 1.5])
    assert np.flatnonzero(predictor.shift).tolist() == sorted([two, twin])
    mean = predictor.predict([["ABL1:1"]])[0][0]
    assert mean[twin] - mean[two] == pytest.approx(3)
    z = predictor.screened.z_scores(mean)
    assert z[two] == pytest.approx(z[twin]) and np.isnan(z[new])


def test_statistics_are_those_of_the_measured_lines(store, predictor):
    values = store.query("SELECT ln_ic50 FROM response WHERE drug_id = 2")["ln_ic50"]
    at = predictor.drug_rows([2])[0]
    assert predictor.screened.mean[at] == pytest.approx(values.mean())
    assert predictor.screened.sd[at] == pytest.approx(values.std())
    assert predictor.screened.counts.tolist() == [40] * 7 + [0]


def test_intervals_of_unseen_lines_where_their_width_is_constant(predictor):
    """The honest run has one network and so one width; it is wider than that of random pairs."""
    assert (predictor.intervals.split, predictor.intervals.calibration.floor) == ("cell_line", None)
    assert predictor.intervals.note.endswith("than the one that predicts: take them as a guide.")
    half = predictor.half_width(np.array([0.1, 2.0]))
    assert half[0] == half[1] == predictor.intervals.calibration.quantile


def test_what_share_of_every_drugs_held_out_pairs_lay_within(store, predictor):
    pairs = store.query("SELECT * FROM prediction WHERE run_id = ? AND model = 'ensemble' AND drug_id = 3", [HONEST])
    inside = (pairs["lower"] <= pairs["observed"]) & (pairs["observed"] <= pairs["upper"])
    assert predictor.intervals.covered[3] == pytest.approx(inside.mean())
    assert predictor.intervals.covered.index.tolist() == [1, 2, 3, 4, 5, 6, TWIN]


def test_a_line_of_the_store_is_its_own_nearest_and_ranks(store, predictor):
    keys = store.query("SELECT position_key FROM mutation WHERE cosmic_id = 5")["position_key"].tolist()
    assert nearest_lines(predictor, keys)[0].cosmic_id == 5
    ranking = rank(predictor, Genome(tuple(sorted(keys))), "SKCM")
    assert ranking.split == "cell_line" and ranking.naive in ("drug_mean", "type_drug_mean")
    assert ranking.table["z_score"].is_monotonic_increasing or ranking.table["z_score"].isna().any()
    assert (ranking.table["lower"] < ranking.table["upper"]).all()


def test_importing_the_pages_modules_loads_no_heavy_library():
    names = ("predictor", "ranking", "movers", "neighbours", "what_if", "compare")
    code = "; ".join(f"import engine.patient.{name}" for name in names)
    code += "; import sys; print(*{'torch', 'rdkit'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_runs_that_cannot_predict(store, tmp_path):
    with pytest.raises(StoreError, match="There is no run 'nothing' in the store"):
        load_predictor(store, "nothing")
    with pytest.raises(InputError, match="There is no trained network yet"):
        load_predictor(Database(tmp_path / "empty.duckdb"))
    folder = jobs_folder() / RUN
    away = folder.rename(tmp_path / "away")
    try:
        with pytest.raises(InputError, match=f"The job folder of run {RUN} is gone"):
            load_predictor(store, RUN)
    finally:
        away.rename(folder)
    lost = (folder / "results" / "tanh.pt").rename(tmp_path / "tanh.pt")
    try:
        with pytest.raises(NetworkError, match=r"checkpoint tanh\.pt of this run is gone"):
            load_predictor(store, RUN)
    finally:
        lost.rename(folder / "results" / "tanh.pt")


def test_without_an_evaluation_the_intervals_say_where_they_are_from(store):
    """A run under its own name only: the evaluation is taken out of the store for a moment."""
    with store.write() as connection:
        connection.execute("UPDATE run SET data_hash = 'other' WHERE run_id = ?", [HONEST])
    try:
        alone = load_predictor(store, RUN)
    finally:
        with store.write() as connection:
            connection.execute(
                "UPDATE run SET data_hash = (SELECT data_hash FROM run WHERE run_id = ?) WHERE run_id = ?",
                [RUN, HONEST],
            )
    assert alone.honest is None and alone.skill.empty and alone.intervals.split == "pairs"
    assert "too narrow for a tumour that no network has seen" in alone.intervals.note
    assert rank(alone, Genome(("ABL1:1",))).split == ""


def test_a_run_of_several_folds_predicts_with_all_of_them(store):
    folds = load_predictor(store, HONEST)
    assert folds.honest.run_id == HONEST and folds.intervals.note == ""
    mean, spread = folds.predict([["ABL1:1"]])
    assert mean.shape == (1, 8) and (spread == 0).all()
