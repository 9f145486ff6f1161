"""The map of phenotypes as a job: a drawn screen and a small random network in, table `feature` out."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch

from engine.collect import collect
from engine.errors import InputError
from engine.jobs import launch
from engine.jobs.context import JobContext
from engine.jobs.files import read_json, write_json
from engine.jobs.queue import job_folder, submit
from engine.jobs.spec import read_spec
from engine.settings import store_path
from engine.spheroid import phenotype_job, trained
from engine.spheroid.image_store import open_images, write
from engine.spheroid.network import build
from engine.spheroid.phenotype_job import run_phenotypes, submit_phenotypes
from engine.spheroid.phenotype_records import features, mapped_runs, modality_of, newest_looked
from engine.spheroid.phenotype_relations import measured_pairs, relations, screen_relations
from engine.spheroid.thumbnails import thumbnails
from engine.spheroid.types import WellImage
from engine.store.database import Database
from engine.tasks import find_task

SCREEN = "S1"
# kind, drug, nM, alive: controls, and three drugs of two doses in duplicate; the second well of `lost` has no image.
PLAN = [
    *((kind, "", np.nan, alive) for kind, alive in (("negative", 1.0), ("positive", 0.1)) for _ in range(3)),
    *(("therapy", drug, dose, alive) for drug, alive in (("strong", 0.1), ("weak", 0.9), ("lost", 0.5))
      for dose in (10.0, 1000.0) for _ in range(2)),
    ("empty", "", np.nan, 0.0),
]  # fmt: skip


def picture(alive: float, rng: np.random.Generator) -> np.ndarray:
    v, h = np.mgrid[:224, :224] - 112
    return (900 + 14_000 * (v**2 + h**2 < (15 + 60 * alive) ** 2) + rng.normal(0, 150, (224, 224))).astype(np.uint16)


@pytest.fixture
def db(tumorcast_home, monkeypatch, tmp_path_factory) -> Database:
    """A screen with images of all wells but the second highest dose of `lost`, read by a run of phase II."""
    import tifffile

    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    folder, rng, wells, files = tmp_path_factory.mktemp("drawn"), np.random.default_rng(1), [], []
    for number, (kind, drug, dose, alive) in enumerate(PLAN):
        row, column = "BC"[number // 12], 2 + number % 12
        wells.append({"screen": SCREEN, "plate": "P1", "row": row, "column": column, "well_type": kind,
                      "treatment": drug, "conc_nm": dose, "replicate": 1 + number % 2,
                      "source_id": SCREEN})  # fmt: skip
        if kind == "empty" or (drug == "lost" and dose == 1000 and number % 2):
            continue
        paths = [folder / f"{number}_{which}.tif" for which in ("proj", "midz")]
        for path in paths:
            tifffile.imwrite(path, picture(alive, rng))
        files.append(WellImage("P1", row, column, (), *paths))
    image_job = submit("self_test", "Images", {})
    write(job_folder(image_job), files)
    run_id = trained_run()
    tables = {
        "screen": [{"screen": SCREEN, "kind": "drugs", "n_plates": 1, "n_wells": 384, "n_images": len(files),
                    "image_job": image_job, "simulated": True, "source_id": SCREEN}],
        "well": wells,
        "readout": [{**{key: well[key] for key in ("screen", "plate", "row", "column", "source_id")}, "raw": 0.5,
                     "percent": 50.0, "modality": "image_2", "run_id": run_id} for well in wells],
    }  # fmt: skip
    database = Database(store_path())
    with database.write() as connection:
        for table, rows in tables.items():
            connection.register("rows", pd.DataFrame(rows))
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows")
            connection.unregister("rows")
        for name, screen in ((run_id, SCREEN), ("run-of-another", "S2")):
            connection.execute(
                "INSERT INTO run BY NAME SELECT ? AS run_id, 'train_spheroid' AS task, now()::TIMESTAMP AS created_at, "
                "'phase_2' AS split, 0 AS seed, ?::JSON AS config, 'h' AS data_hash, 'CPU' AS device, 1.0 AS minutes, "
                "0.0 AS peak_memory_mib, 6 AS n_train, 0 AS n_validation, 0 AS n_test, '{}' AS curves, "
                "true AS simulated",
                [name, f'{{"screen": "{screen}", "backbone": "squeezenet1_0"}}'],
            )  # fmt: skip
    return database


def trained_run() -> str:
    """A finished run's folder with a network of random weights."""
    torch.manual_seed(0)
    run_id = submit("self_test", "Run", {})
    results = job_folder(run_id) / "results"
    results.mkdir(exist_ok=True)
    network = build("squeezenet1_0", 0)
    trained.save(results, trained.TrainedScreen(run_id, network, "torchvision", SCREEN, 2, "fast", "", "", True))
    return run_id


def run(db: Database, *arguments, **more) -> str:
    job_id = submit_phenotypes(db, SCREEN, *arguments, **more)
    find_task(read_spec(job_folder(job_id)).task)(JobContext.for_folder(job_folder(job_id)))
    write_json(job_folder(job_id) / "done.json", {})
    assert collect(job_id, db)
    return job_id


def test_from_images_to_the_table(db):
    run_id = newest_looked(db, SCREEN).run_id
    assert mapped_runs(db, SCREEN) == ()
    job_id = run(db)
    assert mapped_runs(db, SCREEN) == (run_id,) and modality_of(db, SCREEN, run_id) == "image_2"
    found = features(db, SCREEN, run_id)
    kinds = found["well_type"].value_counts().to_dict()
    assert kinds == {"negative": 3, "positive": 3, "therapy": 5}  # highest doses alone, `lost` once
    assert set(found.loc[found["well_type"] == "therapy", "conc_nm"]) == {1000.0}
    assert found["tsne_x"].notna().all() and found["umap_x"].isna().all()
    components = np.stack(found["components"])
    assert components.shape[0] == 11 and np.allclose(components.mean(axis=0), 0, atol=1e-3 * np.abs(components).max())
    told = read_json(job_folder(job_id) / "results" / "result.json")
    assert (told["wells"], told["drug_wells"], told["run_id"]) == (11, 5, run_id)
    assert told["notes"] == ["Wells at the highest dose without an image: 1, of lost."]


def test_the_same_seed_gives_the_same_map_and_takes_its_place(db):
    run(db, seed=3)
    first = features(db, SCREEN, newest_looked(db, SCREEN).run_id)
    run(db, seed=3)
    again = features(db, SCREEN, newest_looked(db, SCREEN).run_id)
    pd.testing.assert_frame_equal(first.drop(columns="components"), again.drop(columns="components"))


def test_a_network_that_was_trained_again_has_no_map_yet(db):
    run(db)
    with db.write() as connection:
        connection.execute("UPDATE readout SET run_id = 'zz-newer'")
    assert newest_looked(db, SCREEN, "image_2").run_id == "zz-newer"
    assert features(db, SCREEN, "zz-newer").empty and len(mapped_runs(db, SCREEN)) == 1


def test_wells_that_look_alike_lie_near(db):
    run(db)
    found = features(db, SCREEN, newest_looked(db, SCREEN).run_id)
    told = relations(found, {"strong": 30.0, "weak": 12.0, "lost": 11.0}, {})
    assert told.replicates.n == 2 and told.replicates.auc > 0.8  # drawn alike: the network needs no training for that
    assert told.distances.loc["strong", "weak"] > told.distances.loc["lost", "weak"]
    pair = told.pairs.iloc[0]
    assert {pair["drug"], pair["other"]} == {"strong", "weak"} and pair["status"] == "suggested"
    measured = relations(found, {"strong": 30.0, "weak": 12.0}, {frozenset(("strong", "weak")): 4.0}).pairs.iloc[0]
    assert measured["status"] == "measured" and "dcDSS +4.0" in measured["reason"]


def test_excluded_wells_count_for_nothing(db):
    run(db)
    found = features(db, SCREEN, newest_looked(db, SCREEN).run_id)
    told = relations(found, {}, {}, left_out=found["treatment"] == "strong")
    assert list(told.distances.index) == ["lost", "weak"] and told.replicates.n == 1
    nothing = relations(found, {}, {}, left_out=pd.Series(True, index=found.index))
    assert nothing.distances.empty and nothing.pairs.empty and nothing.replicates.n == 0


def test_a_screen_without_scores_has_distances_and_no_pairs(db):
    run(db)
    told = screen_relations(db, SCREEN, newest_looked(db, SCREEN).run_id, "image_2")
    assert list(told.distances.index) == ["lost", "strong", "weak"] and told.pairs.empty


def test_combinations_are_told_by_both_names():
    rows = [("A", "", "pooled", 1.0, None), ("A", "B", "pooled", 2.0, 3.0), ("B", "A", "pooled", 2.0, -1.0),
            ("A", "C", "pooled", 2.0, None), ("A", "B", "1", 9.0, 9.0)]  # fmt: skip
    found = measured_pairs(pd.DataFrame(rows, columns=["drug", "addon", "replicate", "dss_asym", "dcdss"]))
    assert found[frozenset("AB")] == 3.0 and np.isnan(found[frozenset("AC")]) and len(found) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone",), "There is no trained network 'gone'"),
        (("run-of-another",), "was trained for S2, not for S1: choose one of this screen's"),
    ],
)
def test_runs_that_do_not_fit_are_refused(db, arguments, message):
    with pytest.raises(InputError, match=message):
        submit_phenotypes(db, SCREEN, *arguments)


def test_a_umap_without_its_package_is_refused_before_any_work(db, monkeypatch):
    monkeypatch.setattr(phenotype_job, "umap_missing", lambda: "A UMAP needs a package")
    with pytest.raises(InputError, match="A UMAP needs a package"):
        submit_phenotypes(db, SCREEN, umap=True)
    assert submit_phenotypes(db, SCREEN)


def test_a_worker_that_cannot_draw_a_umap_draws_the_rest_and_says_so(db, monkeypatch):
    monkeypatch.setattr(phenotype_job, "umap_missing", lambda: "")
    monkeypatch.setitem(sys.modules, "umap", None)
    told = read_json(job_folder(run(db, umap=True)) / "results" / "result.json")
    assert told["umap"] is False and told["notes"][-1].startswith("No UMAP was drawn. ")
    assert "umap-learn==0.5.12" in told["notes"][-1]
    found = features(db, SCREEN, newest_looked(db, SCREEN).run_id)
    assert found["tsne_x"].notna().all() and found["umap_x"].isna().all()


def test_what_is_said_of_drugs_without_an_effect(db):
    """Five controls about 0; one drug among them, one far off; an excluded control is no measure."""
    controls = [("negative", "", x) for x in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    rows = [*controls, ("therapy", "Idle", 0.4), ("therapy", "Idle", -0.6), ("therapy", "Deadly", 8.0)]
    wells = pd.DataFrame(rows, columns=["well_type", "treatment", "x"]).assign(addon="")
    wells["components"] = [[x, 0.0] for x in wells["x"]]
    assert relations(wells, {}, {}).quiet == {"Idle"}
    fewer = relations(wells, {}, {}, left_out=wells["x"] == 0.5)
    assert fewer.quiet == frozenset() and list(fewer.distances.index) == ["Deadly", "Idle"]
    alone = relations(wells[wells["treatment"] == "Deadly"], {"Deadly": 40.0}, {})
    assert alone.replicates.n == 0 and alone.pairs.empty and alone.quiet == frozenset()


def test_a_screen_that_no_network_looked_at_is_refused(db):
    with db.write() as connection:
        connection.execute("UPDATE readout SET run_id = NULL, modality = 'mos'")
    with pytest.raises(InputError, match="No network was trained for the screen S1"):
        submit_phenotypes(db, SCREEN)


def test_too_few_wells_with_images_are_refused(db):
    with db.write() as connection:
        connection.execute("UPDATE well SET well_type = 'empty' WHERE well_type <> 'negative'")
    job_id = submit_phenotypes(db, SCREEN)
    with pytest.raises(InputError, match="3 wells are too few for a map of phenotypes"):
        run_phenotypes(JobContext.for_folder(job_folder(job_id)))


def test_thumbnails_are_small_and_share_one_contrast(db):
    images = open_images(job_folder(db.query("SELECT image_job FROM screen")["image_job"].iloc[0]))
    found = thumbnails(images, [("P1", "B", 2), ("P1", "B", 5), ("P9", "Z", 1)], 32)
    assert set(found) == {("P1", "B", 2), ("P1", "B", 5)}  # negative, positive; P9 has no image
    assert all(uri.startswith("data:image/webp;base64,") and len(uri) < 1000 for uri in found.values())
    assert means(found["P1", "B", 2]) > means(found["P1", "B", 5]) + 5  # a larger spheroid is brighter on the whole
    assert thumbnails(images, []) == {}


def means(uri: str) -> float:
    import base64
    import io

    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as picture:
        assert picture.size == (32, 32)
        return float(np.asarray(picture).mean())
