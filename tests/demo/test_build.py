"""The demonstration cohort goes the way of real data: its files through the readers, its jobs in their order."""

import time

import pytest

from engine.collect import Collector
from engine.demo.build import start_demo, submit_demo
from engine.demo.cohort import simulate, write_files
from engine.errors import InputError
from engine.jobs import queue
from engine.response.curation import curate
from engine.response.fingerprint import Vocabulary, genome_bits
from engine.response.sources import ImportOptions, read_kind
from engine.settings import store_path
from engine.store.database import Database

STEPS = [
    ("cell-lines", "cell_line", "cell_lines"),
    ("drugs", "drug", "drugs"),
    ("mutations", "mutation", "mutations"),
    ("responses", "response", "responses"),
]


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
        deadline = time.monotonic() + 120
        while db.query("SELECT count(*) AS n FROM source")["n"].item() < 4 and time.monotonic() < deadline:
            assert all(job.state != "failed" for job in queue.list_jobs())
            time.sleep(0.3)
    finally:
        collector.stop()
    jobs = queue.list_jobs()[::-1]
    assert jobs[0].id == first
    assert [j.task for j in jobs] == ["import_cell_lines", "import_drugs", "import_mutations", "import_responses"]
    sources = db.query("SELECT kind, simulated, origin FROM source ORDER BY imported_at")
    assert sources["simulated"].all() and len(sources) == 4
    assert sources["origin"].str.startswith("Simulated by Tumorcast").all()
    assert "limits any predictor to an R² of 0.900" in sources["origin"].iloc[-1]
    assert db.query("SELECT count(*) AS n FROM response")["n"].item() == 12_600
    assert db.query("SELECT count(DISTINCT position_key) AS n FROM mutation")["n"].item() == 5_000
    assert db.query("SELECT DISTINCT dataset FROM response")["dataset"].tolist() == ["SIMULATED"]


def test_the_next_import_waits_for_the_one_before_to_be_stored(tumorcast_home, monkeypatch):
    """Asked too early, it says what is missing, and no job is left behind."""
    monkeypatch.setattr(queue.launch, "start", lambda folder: None)
    jobs = submit_demo(train=False)
    assert [queue.status(next(jobs)).task, queue.status(next(jobs)).task] == ["import_cell_lines", "import_drugs"]
    with pytest.raises(InputError, match="The store knows no cell line yet"):
        next(jobs)
    assert len(queue.list_jobs()) == 2


def test_an_unknown_size_is_refused_before_anything_is_submitted(tumorcast_home):
    with pytest.raises(InputError, match="choose small or paper"):
        submit_demo("large")
    with pytest.raises(InputError, match="choose small or paper"):
        start_demo("large")
    assert queue.list_jobs() == []
