"""The demonstration cohort goes the way of real data: its files through the readers, its jobs in their order."""

import time
from types import SimpleNamespace

import pytest

from engine import __main__ as cli
from engine.cli import commands
from engine.collect import Collector
from engine.demo import build, radiation
from engine.demo.arrays import CURVE_SET, EXPRESSION_SET
from engine.demo.build import start_demo, submit_demo
from engine.demo.cohort import simulate, write_files
from engine.errors import InputError
from engine.jobs import queue, status
from engine.jobs.spec import read_spec
from engine.radiation.records import expression_sets, survival_sets
from engine.radiation.settings import MODELS
from engine.radiation.survival_import import REFERENCE_NAME, REFERENCE_ORIGIN
from engine.response.curation import curate
from engine.response.fingerprint import Vocabulary, genome_bits
from engine.response.records import datasets
from engine.response.sources import ImportOptions, read_kind
from engine.settings import store_path
from engine.store.database import Database

STEPS = [
    ("cell-lines", "cell_line", "cell_lines"),
    ("drugs", "drug", "drugs"),
    ("mutations", "mutation", "mutations"),
    ("responses", "response", "responses"),
]
IMPORTS = ["cell_lines", "drugs", "mutations", "responses", "responses"]
RADIATION = ["survival", "survival", "expression"]


def read_back(cohort, folder):
    """The files as the imports read them: {table: rows}, nothing dropped."""
    files, tables = write_files(cohort, folder), {}
    for kind, table, field in STEPS:
        path = getattr(files, field)
        reading = read_kind(kind, path, path.name, tables, ImportOptions())
        assert reading.receipt.dropped == {}, kind
        tables[table] = reading.frame.assign(source_id="simulated")
    return tables


@pytest.mark.parametrize(
    ("size", "lines", "positions", "drugs", "pairs"),
    [("small", 256, 5_000, 60, 12_600), ("paper", 787, 28_328, 244, 152_594)],
)
def test_the_readers_and_curation_keep_everything(tmp_path, size, lines, positions, drugs, pairs):
    tables = read_back(simulate(size, seed=1), tmp_path)
    data = curate(tables["cell_line"], tables["drug"], tables["mutation"], tables["response"])
    vocabulary = Vocabulary.build(data.mutations)
    bits = genome_bits(data.mutations, data.lines["cosmic_id"].tolist(), vocabulary)
    assert (bits.shape, len(data.drugs), len(data.pairs)) == ((lines, positions), drugs, pairs)
    assert {"BRAF:600", "KRAS:12", "TP53:273", "PIK3CA:1047", "JAK2:617"} <= set(vocabulary.keys)


def test_imports_follow_each_other_into_the_store(tumorcast_home):
    """As the app does it: a thread submits each import when the collector has put the one before into the store."""
    db = Database(store_path())
    collector = Collector(db).start()
    try:
        first = start_demo(train=False)
        deadline = time.monotonic() + 600
        while db.query("SELECT count(*) AS n FROM source")["n"].item() < 8 and time.monotonic() < deadline:
            assert all(job.state != "failed" for job in queue.list_jobs())
            time.sleep(0.3)
    finally:
        collector.stop()
    jobs = queue.list_jobs()[::-1]
    assert jobs[0].id == first
    assert [j.task for j in jobs] == [f"import_{kind}" for kind in [*IMPORTS, *RADIATION]]
    every = db.query("SELECT kind, simulated, origin FROM source ORDER BY imported_at")
    measured = every[~every["simulated"]]
    assert measured[["kind", "origin"]].values.tolist() == [["survival", REFERENCE_ORIGIN]]
    assert "Kim and Chung 2022" in REFERENCE_ORIGIN
    simulated = every[every["simulated"]]
    assert simulated["origin"].str.startswith("Simulated by Tumorcast").all() and len(simulated) == 7
    sources = simulated[simulated["kind"].isin(["cell-lines", "drugs", "mutations", "responses"])]
    assert "limits any predictor to an R² of 0.900" in sources["origin"].iloc[-1]
    again = simulate("small", seed=0).repeat
    assert f"; {len(again.line):,} of the pairs of SIMULATED measured again" in sources["origin"].iloc[-2]
    assert db.query("SELECT count(DISTINCT position_key) AS n FROM mutation")["n"].item() == 5_000
    known = datasets(db)  # the first is the one that trains unless another is named
    assert known["dataset"].tolist() == ["SIMULATED", "SIMULATED_REPEAT"]
    assert known["pairs"].tolist() == [12_600, len(again.line)]
    assert survival_sets(db)["dataset"].tolist() == [REFERENCE_NAME, CURVE_SET]  # the measured one trains
    assert survival_sets(db)[["lines", "curves"]].values.tolist() == [[59, 0], [20, 20]]
    arrays = expression_sets(db).iloc[0]
    assert (arrays["dataset"], arrays["simulated"]) == (EXPRESSION_SET, True)


def test_the_next_import_waits_for_the_one_before_to_be_stored(tumorcast_home, monkeypatch):
    """Asked too early, it says what is missing, and no job is left behind."""
    monkeypatch.setattr(queue.launch, "start", lambda folder: None)
    jobs = submit_demo(train=False)
    assert [queue.status(next(jobs)).task, queue.status(next(jobs)).task] == ["import_cell_lines", "import_drugs"]
    with pytest.raises(InputError, match="The store knows no cell lines yet"):
        next(jobs)
    assert len(queue.list_jobs()) == 2


def test_the_evaluations_are_submitted_together_with_the_training(tumorcast_home, monkeypatch):
    """So that a build that is interrupted while it trains is evaluated all the same."""
    monkeypatch.setattr(queue.launch, "start", lambda folder: None)
    monkeypatch.setattr("engine.response.sources.submit_import", lambda *_, **__: "import")
    monkeypatch.setattr("engine.demo.radiation.imports", lambda *_: iter(["sf2"]))
    monkeypatch.setattr("engine.demo.radiation.trainings", lambda db, epochs, folds, seed: iter([f"sf2 {epochs}"]))
    monkeypatch.setattr("engine.response.train.training_inputs", lambda db, dataset: ({}, dataset, True))
    monkeypatch.setattr("engine.response.screening.submit_screening", lambda db, library, run_id: f"{library} {run_id}")
    monkeypatch.setattr("engine.demo.screen_build.submit_demo_screens", lambda db, seed: iter(["screen"]))
    jobs = submit_demo(epochs=3)
    assert [next(jobs) for _ in range(6)] == ["import"] * 5 + ["sf2"]
    library, screen, run_id = queue.status(next(jobs)), next(jobs), next(jobs)
    assert screen == "screen"
    assert (library.task, library.title) == ("import_library", "Import library approved")
    specs = [read_spec(folder) for folder in status.folders()]
    submitted = [spec.params["settings"] for spec in specs if spec.task == "train_response"]
    submitted.sort(key=lambda settings: (settings["evaluates"], settings["split"]))
    assert [(s["split"], s["folds"], s["evaluates"], s["epochs"]) for s in submitted] == [
        ("pairs", 0, "", 3),
        ("cell_line", 7, run_id, 3),
        ("drug", 7, run_id, 3),
    ]
    assert [len(s["networks"]) for s in submitted] == [5, 1, 1]
    assert all(s["dataset"] == "SIMULATED" and len(s["baselines"]) == 8 for s in submitted)
    assert list(jobs)[2:] == [f"approved {run_id}", "sf2 3"]


def test_a_library_that_somebody_named_alike_stays_and_is_screened(tumorcast_home, monkeypatch):
    monkeypatch.setattr(queue.launch, "start", lambda folder: None)
    monkeypatch.setattr("engine.response.sources.submit_import", lambda *_, **__: "import")
    monkeypatch.setattr("engine.demo.radiation.imports", lambda *_: iter(["sf2"]))
    monkeypatch.setattr("engine.demo.radiation.trainings", lambda *_: iter(["sf2 training"]))
    monkeypatch.setattr("engine.response.train.submit_training", lambda *_: "training")
    monkeypatch.setattr("engine.response.screening.submit_screening", lambda db, library, run_id: f"{library} {run_id}")
    monkeypatch.setattr("engine.demo.screen_build.submit_demo_screens", lambda db, seed: iter(()))
    with Database(store_path()).write() as connection:
        row = "SELECT 'approved' AS library, 'M' AS molecule_id, 'C' AS smiles, '' AS drug_class, 's' AS source_id"
        connection.execute(f"INSERT INTO library BY NAME {row}")
    assert list(submit_demo()) == ["import"] * 5 + ["sf2"] + ["training"] * 3 + ["approved training", "sf2 training"]


def test_sf2_is_trained_under_both_protocols_on_simulated_arrays(tumorcast_home, monkeypatch):
    monkeypatch.setattr(queue.launch, "start", lambda folder: None)
    seen = []
    monkeypatch.setattr("engine.radiation.train.submit_training", lambda db, settings: seen.append(settings) or "run")
    assert list(radiation.trainings(Database(store_path()), epochs=2, folds=3, seed=5)) == ["run", "run"]
    published, grouped = seen
    assert (published.protocol, published.validation) == ("published", True)
    assert (grouped.protocol, set(grouped.models)) == ("grouped", set(MODELS))
    for settings in seen:
        assert (settings.epochs, settings.folds, settings.seed) == (2, 3, 5)
        assert (settings.expression, settings.survival) == (EXPRESSION_SET, REFERENCE_NAME)


def test_published_sf2_that_are_there_stay(tumorcast_home, monkeypatch, tmp_path):
    monkeypatch.setattr(queue.launch, "start", lambda folder: None)
    with Database(store_path()).write() as connection:
        row = f"SELECT '{REFERENCE_NAME}' AS dataset, 'A549' AS line, 'A549' AS line_name, 0.61 AS sf2, "
        connection.execute(f"INSERT INTO survival BY NAME {row} 'table' AS sf2_from, 's' AS source_id")
    jobs = radiation.imports(Database(store_path()), tmp_path, 0, "Simulated", "none")
    assert [queue.status(job).title for job in jobs] == [
        f"Import survival {CURVE_SET}",
        f"Import expression {EXPRESSION_SET}",
    ]


@pytest.mark.parametrize(("options", "waited"), [([], "itef"), (["--background"], "it")])
def test_in_the_background_only_the_training_is_waited_for(tumorcast_home, monkeypatch, capsys, options, waited):
    tasks = {"i": "import_responses", "t": "train_response", "e": "train_response", "f": "train_response"}
    seen = []

    def job(name, state):
        return SimpleNamespace(id=name, task=tasks[name], title=f"Job {name}", state=state)

    monkeypatch.setattr(build, "submit_demo", lambda *_, **__: iter(tasks))
    monkeypatch.setattr(commands, "finish", lambda name, db: seen.append(name) or job(name, "collected"))
    monkeypatch.setattr(commands.queue, "status", lambda name: job(name, "waiting"))
    assert cli.main(["demo", *options]) == 0
    assert "".join(seen) == waited
    printed = capsys.readouterr().out
    assert "Job t: in the store" in printed
    assert ("Job f: waits for its turn" in printed) == bool(options)


def test_an_unknown_size_is_refused_before_anything_is_submitted(tumorcast_home):
    with pytest.raises(InputError, match="choose small or paper"):
        submit_demo("large")
    with pytest.raises(InputError, match="choose small or paper"):
        start_demo("large")
    assert queue.list_jobs() == []
