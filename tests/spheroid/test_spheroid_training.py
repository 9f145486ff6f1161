"""The training job of every phase on a handful of drawn wells, from the store and back into it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch

from engine.collect import collect
from engine.errors import InputError, JobCancelled
from engine.jobs import launch
from engine.jobs.context import JobContext
from engine.jobs.files import read_json, write_json
from engine.jobs.queue import job_folder, submit
from engine.settings import store_path
from engine.spheroid import explain, fit, trained
from engine.spheroid.image_store import open_images, write
from engine.spheroid.predict import activations, cross_entropy
from engine.spheroid.settings import OWN_WEIGHTS, SpheroidSettings
from engine.spheroid.train import run_training, submit_training
from engine.spheroid.types import WellImage
from engine.store.database import Database

DOSES = (10.0, 100.0, 1000.0)


def blob(alive: float, rng: np.random.Generator) -> np.ndarray:
    """A bright disc whose area is the viability, on a noisy ground."""
    v, h = np.mgrid[:224, :224] - 112
    inside = v**2 + h**2 < (15 + 60 * alive) ** 2
    return (900 + 14_000 * inside + rng.normal(0, 150, inside.shape)).clip(0, 65535).astype(np.uint16)


def drawn_screen(folder: Path, name: str, plan: list[tuple[str, str, float, int, float]]) -> tuple[dict, list, str]:
    """Its rows of the tables screen and well, and the job with its images. plan: type, drug, nM, replicate, alive."""
    rng, wells, files = np.random.default_rng(1), [], []
    for number, (kind, drug, dose, replicate, alive) in enumerate(plan):
        row, column = "BCDEFGH"[number // 10], 2 + number % 10
        paths = [folder / f"{name}_{number}_{which}.tif" for which in ("proj", "midz")]
        for path in paths:
            tifffile.imwrite(path, blob(alive, rng))
        files.append(WellImage("P1", row, column, (), *paths))
        wells.append(
            {"screen": name, "plate": "P1", "row": row, "column": column, "well_type": kind, "treatment": drug,
             "conc_nm": dose, "replicate": replicate, "source_id": name}
        )  # fmt: skip
    image_job = submit("self_test", "Images", {})
    write(job_folder(image_job), files)
    row = {
        "screen": name, "kind": "drugs" if any(kind == "therapy" for kind, *_ in plan) else "controls", "n_plates": 1,
        "n_wells": 384, "n_images": len(plan), "image_job": image_job, "simulated": True, "source_id": name,
    }  # fmt: skip
    return row, wells, image_job


@pytest.fixture
def db(tumorcast_home, monkeypatch, tmp_path_factory) -> Database:
    """CE: 6 + 6 controls. S1: 4 + 4 controls and 2 drugs of 3 doses in duplicate. bare: a screen without images."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    folder = tmp_path_factory.mktemp("drawn")
    controls = [("negative", "DMSO", np.nan, 1, 1.0), ("positive", "STS", 250.0, 1, 0.0)]
    drugs = [
        ("therapy", drug, dose, replicate, alive)
        for drug, effect in (("strong", (0.9, 0.5, 0.1)), ("weak", (1.0, 0.95, 0.8)))
        for dose, alive in zip(DOSES, effect, strict=True)
        for replicate in (1, 2)
    ]
    screens, wells = [], []
    for name, plan in (("CE", controls * 6), ("S1", controls * 4 + drugs)):
        row, rows, _ = drawn_screen(folder, name, plan)
        screens.append(row)
        wells += rows
    screens.append({**screens[0], "screen": "bare", "n_images": 0, "image_job": None, "source_id": "bare"})
    database = Database(store_path())
    with database.write() as connection:
        for table, rows in (("screen", screens), ("well", wells)):
            connection.register("rows", pd.DataFrame(rows))
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows")
            connection.unregister("rows")
    return database


def run(db: Database, settings: SpheroidSettings) -> str:
    job_id = submit_training(db, settings)
    run_training(JobContext.for_folder(job_folder(job_id)))
    write_json(job_folder(job_id) / "done.json", {})
    assert collect(job_id, db)
    return job_id


def readouts(db: Database, modality: str) -> pd.DataFrame:
    return db.query(
        """SELECT * FROM readout JOIN well USING (screen, plate, "row", "column")
           WHERE modality = ? ORDER BY "row", "column" """,
        [modality],
    )


def test_three_phases_from_the_store_and_back(db, tmp_path):
    one = run(db, SpheroidSettings("CE", 1, weights="none", epochs=40, learning_rate=3e-3))
    two = run(db, SpheroidSettings("S1", 2, epochs=60, learning_rate=3e-3))
    three = run(db, SpheroidSettings("S1", 3, epochs=4, learning_rate=1e-3))

    runs = db.query("SELECT * FROM run ORDER BY split").set_index("split")
    assert runs["run_id"].tolist() == [one, two, three] and runs["simulated"].all()
    counts = runs[["n_train", "n_validation", "n_test"]].to_numpy().tolist()
    assert counts == [[10, 2, 0], [6, 2, 12], [20, 0, 0]]
    configs = [json.loads(config) for config in runs["config"]]
    assert [config["start"] for config in configs] == ["", one, two]
    assert configs[0]["backbone"] == "squeezenet1_0" and configs[0]["recipe"]["whole"] is False
    assert "not as published" in configs[0]["preset_means"]
    assert configs[0]["notes"] == ["The network started from random weights, not from ImageNet."]
    assert [config["smallest_loss"] for config in configs[:2]] == pytest.approx([0.5004024235] * 2)
    curve = json.loads(runs["curves"].iloc[0])["squeezenet1_0"]
    assert len(curve) == 40 and curve[-1]["train_loss"] < curve[0]["train_loss"] and curve[0]["validation_loss"] > 0

    found = readouts(db, "image_2")
    assert len(found) == 20 and set(found["run_id"]) == {two} and set(found["source_id"]) == {"S1"}
    medians = found.groupby("well_type")[["raw", "percent"]].median()
    assert medians.loc["negative", "percent"] == pytest.approx(100) and medians.loc["negative", "raw"] > 0.5
    assert medians.loc["positive", "percent"] == pytest.approx(0, abs=1e-9) and medians.loc["positive", "raw"] < 0.5
    strong = found[found["treatment"] == "strong"].groupby("conc_nm")["percent"].mean()
    assert strong.is_monotonic_decreasing and strong.iloc[0] - strong.iloc[-1] > 40

    metrics = db.query("SELECT * FROM metric WHERE run_id = ?", [two]).set_index(["scope", "name"])
    assert metrics.loc[("validation", "accuracy"), "value"] == 1 and metrics.loc[("train", "accuracy"), "n"] == 6
    assert metrics.loc[("plate", "z_prime"), "n"] == 8 and metrics.loc[("plate", "z_prime"), "key"] == "P1"
    assert metrics.loc[("all", "replicate_pearson"), "n"] == 6
    told = read_json(job_folder(three) / "results" / "result.json")
    assert told["phase"] == 3 and told["n_train"] == 20 and "validation_loss" not in told
    assert list((job_folder(three) / "checkpoints").iterdir()) == []

    mapped = db.query("SELECT screen, run_id, count(*) AS n FROM feature GROUP BY ALL ORDER BY run_id")
    assert mapped.to_numpy().tolist() == [["S1", two, 12], ["S1", three, 12]]  # 8 controls, 2 drugs of 2 wells

    kept = trained.load(three)
    assert (kept.screen, kept.phase, kept.rule, kept.simulated) == ("S1", 3, "torchvision", True)
    assert kept.views == configs[2]["recipe"]["views"] == 4
    wells = found[["plate", "row", "column"]].iloc[:3]
    images = open_images(job_folder(db.query("SELECT image_job FROM screen WHERE screen = 'S1'")["image_job"].iloc[0]))
    assert activations(kept, images, wells).shape == (3, 512)

    made = explain.explain_well(db, "S1", ("P1", "B", 2), tmp_path / "well.png")
    assert made.run_id == three and made.towards == "alive" and made.heat.shape == (224, 224)
    assert made.raw == pytest.approx(readouts(db, "image_3")["raw"].iloc[0], abs=1e-5)


def test_an_interrupted_training_continues_to_the_same_numbers(db, monkeypatch):
    monkeypatch.setattr(fit, "SAVE_EVERY_S", 0.0)
    settings = SpheroidSettings("CE", 1, weights="none", epochs=4, learning_rate=1e-3)
    whole = run(db, settings)
    stopped = submit_training(db, settings)
    context = JobContext.for_folder(job_folder(stopped))
    usual, said = context.progress, []

    def progress(fraction, message, **numbers):
        said.append(message)
        if message.startswith("Epoch 3"):
            raise JobCancelled("Stopped because somebody asked for it.")
        usual(fraction, message, **numbers)

    context.progress = progress
    with pytest.raises(JobCancelled):
        run_training(context)
    kept = job_folder(stopped) / "checkpoints"
    assert {"bottoms_0.npy", "bottoms_1.npy", "bottoms_2.npy", "training.pt"} == {file.name for file in kept.iterdir()}
    monkeypatch.setattr(fit, "augment", None)  # no image is augmented twice
    run_training(JobContext.for_folder(job_folder(stopped)))
    tables = [pd.read_parquet(job_folder(job) / "results" / "readout.parquet") for job in (whole, stopped)]
    assert tables[0]["raw"].tolist() == tables[1]["raw"].tolist()
    assert any(message.startswith("Images, augmented") for message in said)


def test_published_preset_trains_every_layer_one_image_at_a_time(db):
    job_id = run(db, SpheroidSettings("S1", 2, "published", "squeezenet1_0", "none", epochs=1))
    config = json.loads(db.query("SELECT config FROM run")["config"].iloc[0])
    assert config["recipe"] == {
        "epochs": 1, "batch_size": 1, "learning_rate": 3e-7, "whole": True, "versions": 0, "views": 1,
        "constant_rate": True,
    }  # fmt: skip
    assert config["notes"][1] == "Phase I was left out: the network started from weights directly."
    from engine.spheroid.network import build

    start, end = build("squeezenet1_0", 0).state_dict(), trained.load(job_id).network.state_dict()
    moved = (end["output.weight"] - start["output.weight"]).abs()
    assert 0 < moved.max() <= 6 * 3e-7 * 1.01  # Adam moves a weight by the learning rate a step at most, or little more
    assert trained.load(job_id).views == 1  # the published network looks at an image as it is
    later = run(db, SpheroidSettings("S1", 3, "published", "squeezenet1_0", epochs=1))
    first = trained.load(later).network.state_dict()["features.0.weight"]
    assert not torch.equal(first, end["features.0.weight"])


def test_what_cannot_be_trained(db, tmp_path):
    with pytest.raises(InputError, match="There is no screen 'S9'; the store holds: CE, S1, bare"):
        submit_training(db, SpheroidSettings("S9"))
    with pytest.raises(InputError, match="The screen bare has no images"):
        submit_training(db, SpheroidSettings("bare", 1))
    with pytest.raises(InputError, match="S1 is no control experiment: phase I trains on one"):
        submit_training(db, SpheroidSettings("S1", 1, weights="none"))
    with pytest.raises(InputError, match="There is no simulated squeezenet1_0 of phase I to start phase II .* give "):
        submit_training(db, SpheroidSettings("S1", 2))
    with pytest.raises(InputError, match="of phase II of the screen S1 to start phase III"):
        submit_training(db, SpheroidSettings("S1", 3))
    with pytest.raises(InputError, match="Phase I starts from ImageNet weights, not from another run"):
        submit_training(db, SpheroidSettings("CE", 1, start="run"))
    with pytest.raises(InputError, match="There is no trained network 'run'"):
        submit_training(db, SpheroidSettings("S1", 2, start="run"))
    with pytest.raises(InputError, match="Training starts from run, which has weights of its own: leave out the"):
        submit_training(db, SpheroidSettings("S1", 2, start="run", weights="none"))
    for start in ("", "run"):  # it would be found by itself, or told: weights count in neither case
        with pytest.raises(InputError, match="Phase III goes on with the network of phase II.*: leave out the weights"):
            submit_training(db, SpheroidSettings("S1", 3, start=start, weights="w.npz"))
    (tmp_path / "w.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match="w.npz cannot be read as weights"):
        submit_training(db, SpheroidSettings("CE", 1, weights=str(tmp_path / "w.npz")))
    with pytest.raises(InputError, match="No network was trained for the screen S1"):
        explain.explain_well(db, "S1", ("P1", "B", 2), tmp_path / "no.png")


def test_loss_of_what_was_said():
    assert cross_entropy(np.array([0.8, 0.2]), np.array([0.8, 0.2])) == pytest.approx(0.5004024235)
    assert cross_entropy(np.array([0.5]), np.array([1.0])) == pytest.approx(np.log(2))


def test_phase_two_starts_from_torchvisions_weights_where_they_are_asked_for(db, monkeypatch):
    asked = []

    def load(network: object, source: str) -> None:
        asked.append(source)
        raise InputError("No connection.")

    monkeypatch.setattr("engine.spheroid.weights.load", load)
    job_id = submit_training(db, SpheroidSettings("S1", 2, weights=OWN_WEIGHTS))
    with pytest.raises(InputError, match="No connection"):
        run_training(JobContext.for_folder(job_folder(job_id)))
    assert asked == [""], "no file: torchvision's own loader"
