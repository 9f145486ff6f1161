"""Imports of expression as jobs: submitted, run, collected, with a receipt and a source row."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.collect import collect
from engine.errors import InputError, JobCancelled
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.files import read_json
from engine.radiation import expression_import
from engine.radiation.expression_import import run_expression_import, submit_expression_import
from engine.settings import store_path
from engine.store.database import Database

PROBES = [f"{i}_at" for i in range(30)]


@pytest.fixture
def no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in their folders, for this process to run."""
    monkeypatch.setattr("engine.jobs.launch.start", lambda folder: None)


def table(folder: Path, lines: list[str], name: str = "arrays.csv") -> tuple[Path, pd.DataFrame]:
    values = np.random.default_rng(0).normal(7, 2, (len(PROBES), len(lines))).clip(2, 14).round(3)
    frame = pd.DataFrame(values, index=pd.Index(PROBES, name="ID_REF"), columns=lines)
    frame.insert(0, "Gene Symbol", ["TP53", *[""] * 29])
    frame.to_csv(folder / name)
    return folder / name, frame.drop(columns="Gene Symbol")


def done(job_id: str) -> JobContext:
    job = JobContext.for_folder(queue.job_folder(job_id))
    run_expression_import(job)
    (job.folder / "done.json").write_text("{}")
    return job


def test_rows_source_and_receipt(tumorcast_home: Path, tmp_path: Path, no_runner: None) -> None:
    path, frame = table(tmp_path, ["A549/ATCC", "A549/ATCC.1", "MCF-7", "Mine"])
    frame.iloc[3, 2] = np.nan
    frame.to_csv(path)
    db = Database(store_path())
    job = done(submit_expression_import(path, origin="a colleague", licence="CC0"))
    assert job.spec.task == "import_expression" and job.spec.title == "Import expression arrays"
    result = read_json(job.results / "result.json")
    assert result is not None
    assert (result["read"], result["kept"], result["rows_written"], result["dataset"]) == (4, 4, 4, "arrays")
    assert (result["probes"], result["lines"], result["scale"], result["cells_missing"]) == (30, 3, "log2", 1)
    assert result["orientation"] == "probes in rows" and len(result["flagged"]) == 1
    files = sorted(file.name for file in job.results.iterdir())
    assert files == ["expression.parquet", "expression_set.parquet", "result.json", "source.parquet"]
    collect(job.spec.id, db)
    kept = db.query('SELECT * EXCLUDE ("values"), "values" AS v FROM expression ORDER BY sample')
    assert kept["line"].tolist() == ["A549", "A549", "MCF7", "MINE"] and kept["replicate"].tolist() == [1, 2, 1, 1]
    assert kept["line_name"].tolist() == ["A549/ATCC", "A549/ATCC", "MCF-7", "Mine"]
    assert kept["panel"].fillna("").tolist() == ["Non-small cell lung", "Non-small cell lung", "Breast", ""]
    found = np.array([np.ma.filled(row, np.nan) for row in kept["v"]], dtype=float)
    assert np.allclose(found, frame[kept["sample"]].to_numpy().T, atol=1e-4, equal_nan=True)
    nulls = db.query("""SELECT count(*) AS n FROM expression WHERE "values"[4] IS NULL""")["n"].iloc[0]
    assert nulls == 1  # missing is NULL, not NaN
    about = db.query("SELECT * FROM expression_set").iloc[0]
    assert list(about["probes"]) == PROBES and about["scale"] == "log2" and not about["simulated"]
    assert (about["n_samples"], about["n_probes"], about["source_id"]) == (4, 30, "arrays")
    source = db.query("SELECT * FROM source").iloc[0]
    assert (source["kind"], source["rows_read"], source["rows_kept"], source["licence"]) == ("expression", 4, 4, "CC0")
    assert json.loads(source["receipt"])["orientation"] == "probes in rows" and source["file_format"] == "text table"


def test_a_taken_name_is_replaced_only_where_that_is_asked_for(tumorcast_home, tmp_path, no_runner) -> None:
    db = Database(store_path())
    path, _ = table(tmp_path, ["A549", "MCF7"])
    job_id = submit_expression_import(path, "mine", simulated=True)
    with pytest.raises(InputError, match="data set of expression 'mine' is being imported right now"):
        submit_expression_import(path, "mine")
    collect(done(job_id).spec.id, db)
    assert db.query("SELECT simulated FROM expression_set")["simulated"].tolist() == [True]
    with pytest.raises(InputError, match="a data set of expression called 'mine' already, with 2 samples.*--replace"):
        submit_expression_import(path, "mine")
    other, _ = table(tmp_path, ["SR", "K-562", "T-47D"], "other.csv")
    collect(done(submit_expression_import(other, "mine", replace=True)).spec.id, db)
    assert sorted(db.query("SELECT line FROM expression")["line"]) == ["K-562", "SR", "T-47D"]
    assert db.query("SELECT n_samples FROM expression_set")["n_samples"].tolist() == [3]


def test_a_name_of_another_kind_is_refused(filled_home, tmp_path, no_runner) -> None:
    path, _ = table(tmp_path, ["A549", "MCF7"])
    known = Database(store_path()).query("SELECT source_id FROM source")["source_id"].iloc[0]
    with pytest.raises(InputError, match=f"The name {known} already stands for imported"):
        submit_expression_import(path, known)


def test_what_is_no_expression_is_refused_at_once(tumorcast_home, tmp_path, no_runner) -> None:
    path = tmp_path / "upload_123"
    path.write_text("cell_line,true_sf2\nA549,0.61\n")
    with pytest.raises(InputError, match=r"survival\.csv is a table of survival, not an expression table"):
        submit_expression_import(path, file_name="survival.csv")
    good, _ = table(tmp_path, ["A549"])
    with pytest.raises(InputError, match="needs a name for the data set of expression: give one"):
        submit_expression_import(good, file_name=".csv")
    assert queue.list_jobs() == []


def test_a_job_that_is_cancelled_leaves_no_half_table(tumorcast_home, tmp_path, no_runner, monkeypatch) -> None:
    path, _ = table(tmp_path, ["A549", "MCF7"])
    job = JobContext.for_folder(queue.job_folder(submit_expression_import(path)))
    write = expression_import._write_samples

    def cancelled(*given) -> None:
        (job.folder / "cancel").touch()
        write(*given)

    monkeypatch.setattr(expression_import, "_write_samples", cancelled)
    with pytest.raises(JobCancelled, match="Stopped because somebody asked for it"):
        run_expression_import(job)
    assert list(job.results.iterdir()) == []


@pytest.mark.real_data
def test_real_expression_reaches_the_store_as_it_was(real_data, tumorcast_home, no_runner) -> None:
    db, path = Database(store_path()), real_data / "sf2" / "nci60_u133a_gcrma.parquet"
    collect(done(submit_expression_import(path, "U133A")).spec.id, db)
    row = db.query("""SELECT "values" AS v FROM expression WHERE line = 'SW-620'""")["v"].iloc[0]
    frame = pd.read_parquet(path)
    assert np.array_equal(np.asarray(row, np.float32), frame["SW-620"].to_numpy(np.float32))
    about = db.query("SELECT n_probes, symbols, scale FROM expression_set").iloc[0]
    assert about["n_probes"] == 22_283 and list(about["symbols"])[:3] == ["DDR1", "RFC2", "HSPA6"]
