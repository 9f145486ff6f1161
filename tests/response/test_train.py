"""The training job on a small cohort with a planted effect, in one process."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from small_cohort import tables

from engine.chem.fingerprints import FingerprintSettings
from engine.errors import InputError, JobCancelled, NetworkError, TrainingError
from engine.jobs.context import JobContext
from engine.jobs.spec import create_folder
from engine.response.batches import block_batches, block_shape, random_batches
from engine.response.factorised import FactorisedNetwork
from engine.response.fingerprint import Vocabulary
from engine.response.networks import NETWORKS, ResponseNetwork
from engine.response.settings import BASELINES, CurationSettings, TrainSettings, names, network_names
from engine.response.train import run_training
from engine.response.trained import TargetScale, TrainedNetwork, predict_pairs


def job(folder, **changes):
    settings = {"networks": ["master"], "epochs": 2, "test_share": 0.2, "validation_share": 0.2, **changes}
    create_folder(folder, "train_response", {"settings": settings, "simulated": True}, inputs=tables(n_positions=4000))
    return JobContext.for_folder(folder)


def test_run_has_predictions_metrics_and_checkpoints(tmp_path):
    context = job(tmp_path / "job", networks=["master", "tanh"])
    run_training(context)
    prediction = pd.read_parquet(context.results / "prediction.parquet")
    models = {"master", "tanh", "ensemble", *BASELINES}
    assert set(prediction["model"]) == models
    run = pd.read_parquet(context.results / "run.parquet").iloc[0]
    assert run["n_train"] + run["n_validation"] + run["n_test"] == 144
    assert (prediction.groupby("model").size() == run["n_test"]).all()
    assert run["simulated"]
    wide = prediction.pivot(index=["cosmic_id", "drug_id"], columns="model", values="mean")
    np.testing.assert_allclose(wide["ensemble"], (wide["master"] + wide["tanh"]) / 2)
    metric = pd.read_parquet(context.results / "metric.parquet")
    overall = metric[metric["scope"] == "all"].set_index(["model", "name"])
    observed, guess = prediction[prediction["model"] == "drug_mean"][["observed", "mean"]].to_numpy().T
    assert overall.loc[("drug_mean", "rmse"), "value"] == pytest.approx(np.sqrt(np.mean((observed - guess) ** 2)))
    assert set(metric["scope"]) == {"all", "cancer_type", "cell_line", "drug", "fold"}
    assert overall.loc[("tanh", "coverage"), "n"] == run["n_test"]
    assert (prediction["lower"] < prediction["mean"]).all() and (prediction["mean"] < prediction["upper"]).all()
    assert len(json.loads(run["curves"])["tanh"]) == 2
    loaded = TrainedNetwork.load(context.results / "tanh.pt")
    assert loaded.vocabulary.keys[0] == "ABL1:1" and len(loaded.vocabulary) > 3500
    assert loaded.fingerprint == FingerprintSettings()
    assert not list(context.checkpoints.glob("*.resume.pt"))


def test_curation_follows_the_settings_of_the_job(tmp_path):
    """Half of the lines are of each type; asked for 13 a type, nothing is left."""
    context = job(tmp_path / "strict", curation={"min_lines_per_type": 13})
    with pytest.raises(InputError, match="fewer than 13 lines: 24"):
        run_training(context)
    context = job(tmp_path / "loose", epochs=1, curation={"max_weight_g_mol": 250.0})
    run_training(context)
    config = json.loads(pd.read_parquet(context.results / "run.parquet")["config"].iloc[0])
    assert config["curation"]["settings"]["max_weight_g_mol"] == 250.0


def test_settings_survive_the_job_folder():
    settings = TrainSettings(networks=("tanh",), curation=CurationSettings(census_only=False, min_lines_per_type=3))
    assert TrainSettings.from_params(json.loads(json.dumps(asdict(settings)))) == settings


@pytest.mark.parametrize(
    "changes", [{}, {"split": "cell_line", "folds": 4, "only_folds": [2]}, {"split": "drug", "folds": 3}], ids=str
)
def test_no_test_pair_reaches_a_model_a_scale_or_an_interval(tmp_path, changes):
    """Test values of one fold moved by a thousand change no prediction of that fold."""
    run_training(job(tmp_path / "a", networks=["tanh"], **changes))
    before = pd.read_parquet(tmp_path / "a/results/prediction.parquet")
    number = before["fold"].min()
    held_out = before[(before["model"] == "tanh") & (before["fold"] == number)][["cosmic_id", "drug_id"]]
    context = job(tmp_path / "b", networks=["tanh"], **changes)
    response = pd.read_parquet(context.input("response.parquet"))
    is_test = response.merge(held_out, how="left", indicator=True)["_merge"].eq("both").to_numpy()
    response.loc[is_test, "ln_ic50"] += 1000
    response.to_parquet(context.input("response.parquet"))
    run_training(context)
    after = pd.read_parquet(tmp_path / "b/results/prediction.parquet")
    before, after = (frame[frame["fold"] == number] for frame in (before, after))
    np.testing.assert_allclose(after["observed"], before["observed"] + 1000)
    for column in ("mean", "lower", "upper"):
        np.testing.assert_array_equal(after[column], before[column])


def test_folds_test_every_pair_once_and_keep_their_networks(tmp_path):
    context = job(tmp_path / "job", split="cell_line", folds=3, ablations=["genomes"], baselines=["drug_mean"])
    run_training(context)
    prediction = pd.read_parquet(context.results / "prediction.parquet")
    assert set(prediction["model"]) == {"master", "ensemble", "permuted_genomes", "drug_mean"}
    assert (prediction.groupby(["cosmic_id", "drug_id"]).size() == 4).all() and len(prediction) == 4 * 144
    assert prediction.groupby("cosmic_id")["fold"].nunique().max() == 1
    fold = pd.read_parquet(context.results / "fold.parquet")
    assert fold["fold"].tolist() == [1, 2, 3] and fold["lines_test"].tolist() == [8, 8, 8]
    assert sorted(file.name for file in context.results.glob("*.pt")) == [f"master.fold{i}.pt" for i in (1, 2, 3)]
    vocabulary = TrainedNetwork.load(context.results / "master.fold2.pt").vocabulary
    assert len(vocabulary) == fold["positions"][1] < 4000
    config = json.loads(pd.read_parquet(context.results / "run.parquet")["config"].iloc[0])
    assert (config["folds"], config["ran_folds"], config["naive"]) == (3, [1, 2, 3], "drug_mean")
    assert set(config["conformal"]["2"]) == {"master", "ensemble", "permuted_genomes", "drug_mean"}
    curves = json.loads(pd.read_parquet(context.results / "run.parquet")["curves"].iloc[0])
    assert list(curves) == ["master, fold 1", "master, fold 2", "master, fold 3"]
    domain = pd.read_parquet(context.results / "domain.parquet")
    assert set(domain["subject"]) == {"cell_line", "drug"}
    lines = domain[domain["subject"] == "cell_line"]
    assert len(lines) == 24 and (lines["id"] != lines["nearest_id"]).all()  # an unseen line is not its own neighbour


def test_baselines_alone(tmp_path):
    context = job(tmp_path / "job", networks=[], split="cell_line", folds=3, only_folds=[2])
    run_training(context)
    prediction = pd.read_parquet(context.results / "prediction.parquet")
    assert set(prediction["model"]) == set(BASELINES) and set(prediction["fold"]) == {2}
    assert not list(context.results.glob("*.pt"))


def test_continues_after_a_stop_with_the_same_result(tmp_path, monkeypatch):
    whole = job(tmp_path / "whole", networks=["master", "shallow"], epochs=3)
    run_training(whole)
    stopped = job(tmp_path / "stopped", networks=["master", "shallow"], epochs=3)
    real = JobContext.progress

    def stop(self, fraction, message, **numbers):
        real(self, fraction, message, **numbers)
        if message.startswith("shallow") and numbers.get("epoch") == 2:
            raise JobCancelled("stop")

    monkeypatch.setattr(JobContext, "progress", stop)
    with pytest.raises(JobCancelled):
        run_training(stopped)
    assert not (stopped.results / "prediction.parquet").exists()
    monkeypatch.setattr(JobContext, "progress", real)
    run_training(stopped)
    one, two = (pd.read_parquet(c.results / "prediction.parquet")["mean"] for c in (whole, stopped))
    np.testing.assert_allclose(one, two, rtol=1e-5)


def test_too_few_pairs(tmp_path):
    context = job(tmp_path / "job", test_share=0.01)
    with pytest.raises(TrainingError, match="too few to cut into training, validation and test"):
        run_training(context)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_memorises_a_tiny_set(name):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    genomes, bits = (
        csr_matrix((rng.random((4, 1300)) < 0.02).astype(np.uint8)),
        (rng.random((3, 3072)) < 0.4).astype("u1"),
    )
    line, drug = np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4)
    target = torch.from_numpy(rng.uniform(-0.8, 0.8, 12)).float()
    network = ResponseNetwork(name, 1300)
    factorised = FactorisedNetwork(network, genomes, bits)
    if name == "tanh":  # the statistics that training would have settled on
        network.cell_norm.running_mean.fill_(0.02)
        network.drug_norm.running_mean.fill_(0.4)
    network.eval()  # dropout off: this asks whether the network can, not whether it generalises
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(400):
        loss = torch.nn.functional.mse_loss(factorised.pairs(line, drug), target)
        if float(loss.detach()) < float(target.var()) / 20:
            return
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    pytest.fail(f"the loss stays at {float(loss.detach()):.3f}, the targets vary by {float(target.var()):.3f}")


def test_prediction_is_the_same_in_any_order_and_batch():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    genomes = csr_matrix((rng.random((70, 1300)) < 0.02).astype(np.uint8))
    bits = (rng.random((3, 3072)) < 0.4).astype(np.uint8)
    network = ResponseNetwork("unified", 1300).eval()
    keys = tuple(f"G:{i}" for i in range(1300))
    trained = TrainedNetwork(network, TargetScale(1.0, 2.0), Vocabulary(keys), FingerprintSettings(), "hash")
    line, drug = rng.integers(0, 70, 500), rng.integers(0, 3, 500)
    together = predict_pairs(trained, genomes, bits, line, drug)
    alone = [predict_pairs(trained, genomes, bits, line[i : i + 1], drug[i : i + 1])[0] for i in range(20)]
    np.testing.assert_allclose(together[:20], alone, rtol=1e-4, atol=1e-5)


def test_scale_of_a_bounded_output_holds_every_training_value():
    scale = TargetScale.of(ResponseNetwork("tanh", 1300), np.array([-6.0, 10.0]))
    assert (scale.centre, scale.half_range) == (2.0, pytest.approx(8.8))
    assert TargetScale.of(ResponseNetwork("master", 1300), np.array([-6.0, 10.0])) == TargetScale(0.0, 1.0)


def test_checkpoint_of_another_version(tmp_path):
    torch.save({"format": 99}, tmp_path / "x.pt")
    with pytest.raises(NetworkError, match=r"x\.pt was written by another version"):
        TrainedNetwork.load(tmp_path / "x.pt")


def test_block_batches_hold_every_pair_once_and_spread_heavy_lines():
    rng = np.random.default_rng(0)
    line, drug = np.repeat(np.arange(40), 10), np.tile(np.arange(10), 40)
    burden = np.where(np.arange(40) < 5, 3000, 20)
    batches = block_batches(line, drug, burden, 10, block_lines=8, block_drugs=4)(rng)
    assert len(batches) == 5 * 3
    assert sorted(np.concatenate([b[0] for b in batches])) == list(range(400))
    for (batch,) in batches:
        assert (np.unique(line[batch]) < 5).sum() == 1  # one heavy line in each block
        assert len(np.unique(line[batch])) == 8


def test_block_shape_follows_the_number_of_pairs():
    assert block_shape(125_000, 700, 225) == (25, 50)  # 1,000 pairs at a density of 0.8
    assert block_shape(3_000, 50, 60) == (10, 20)  # 192 pairs at a density of 1


def test_random_batches_hold_every_pair_once():
    batches = random_batches(1000, 300)(np.random.default_rng(0))
    assert sorted(np.concatenate([b[0] for b in batches])) == list(range(1000))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networks": ("master", "resnet")}, "resnet"),
        ({"networks": (), "ablations": ("drugs",)}, "Permuted inputs need networks"),
        ({"baselines": ("svm",)}, "Keep at least one naive baseline"),
        ({"baselines": ("xgboost",)}, "Unknown baseline xgboost"),
        ({"ablations": ("weather",)}, "Unknown ablation weather. Choose from genomes, drugs"),
        ({"split": "drug", "folds": 1}, "1 folds cannot hold anything out"),
        ({"split": "drug", "folds": 3, "only_folds": (4,)}, "folds 1 to 3; asked for 4"),
        ({"epochs": 0}, "at least 1"),
        ({"split": "moon"}, "Unknown split moon"),
        ({"test_share": 0.7}, "between 0 and 0.5"),
    ],
)
def test_settings_that_cannot_work(changes, message):
    with pytest.raises(InputError, match=message):
        TrainSettings(**changes)


def test_network_names():
    assert network_names("all") == NETWORKS
    assert network_names("Master, fully connected,master") == ("master", "fully_connected")
    with pytest.raises(InputError, match="Unknown network"):
        network_names("mster")
    assert network_names("none") == ()
    with pytest.raises(InputError, match="No network is named"):
        network_names(" ")
    assert names("Mean effects,SVM", BASELINES) == ("mean_effects", "svm")


def test_command_that_reproduces_a_run():
    assert TrainSettings(networks=("tanh",), epochs=3, seed=2).command() == (
        "python -m engine train response --networks tanh --split pairs --folds 1 --epochs 3 --seed 2"
    )
    settings = TrainSettings(
        networks=(),
        split="drug",
        only_folds=(2,),
        dataset="GDSC 1",
        curation=CurationSettings(census_only=False, min_lines_per_type=5),
    )
    assert settings.command() == (
        "python -m engine train response --networks none --split drug --folds 5 --epochs 30 --seed 0 "
        "--only-folds 2 --dataset 'GDSC 1' --all-genes --min-lines 5"
    )
