"""A job folder without a worker: specification, inputs, progress, results."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from engine.errors import JobCancelled, JobError
from engine.jobs import context
from engine.jobs.context import JobContext
from engine.jobs.files import read_json, write_json
from engine.jobs.spec import InputFile, create_folder, read_spec

AB_SHA256 = "1eb7c54d52831bbfe8942af0b1c56b7409523a59ed6ca99c1174fef7eb32c1b5"  # printf a,b | sha256sum


@pytest.fixture
def job(tmp_path):
    table = tmp_path / "drugs.csv"
    table.write_text("a,b")
    frame = pd.DataFrame({"cosmic_id": [1, 2]})
    create_folder(
        tmp_path / "job", "self_test", {"steps": 2}, seed=7, inputs={"file": table, "cell_line.parquet": frame}
    )
    return JobContext.for_folder(tmp_path / "job")


def test_a_task_finds_what_was_submitted(job):
    assert job.params == {"steps": 2} and job.seed == 7
    assert job.input("file").read_text() == "a,b"
    assert pd.read_parquet(job.input("cell_line.parquet"))["cosmic_id"].tolist() == [1, 2]
    with pytest.raises(JobError, match=r"without the input drug.parquet; its inputs: cell_line.parquet, file"):
        job.input("drug.parquet")


def test_the_specification_says_everything_that_decides_the_outcome(job):
    spec = read_spec(job.folder)
    assert spec.inputs["file"] == InputFile("file", AB_SHA256, 3)
    assert set(spec.versions) == {"python", "tumorcast", "torch", "rdkit", "numpy", "pandas", "duckdb"}
    assert spec.versions["duckdb"][0].isdigit()
    assert json.loads((job.folder / "spec.json").read_text())["seed"] == 7


def test_a_missing_input_and_odd_parameters_are_refused(tmp_path):
    with pytest.raises(JobError, match=r"nowhere\.csv is no file"):
        create_folder(tmp_path / "a", "self_test", {}, inputs={"file": tmp_path / "nowhere.csv"})
    with pytest.raises(JobError, match="no plain file name"):
        create_folder(tmp_path / "b", "self_test", {}, inputs={"../file": tmp_path})
    with pytest.raises(JobError, match=r"parameters of self_test cannot be stored as JSON"):
        create_folder(tmp_path / "c", "self_test", {"what": object()})


def test_a_damaged_or_absent_specification_is_told(tmp_path):
    with pytest.raises(JobError, match="There is no job empty"):
        read_spec(tmp_path / "empty")
    (tmp_path / "spec.json").write_text('{"id": ')
    with pytest.raises(JobError, match=r"spec\.json is damaged"):
        read_spec(tmp_path)
    (tmp_path / "spec.json").write_text('{"id": "x", "inputs": {}}')
    with pytest.raises(JobError, match=r"spec\.json is damaged: .*task"):
        read_spec(tmp_path)
    (tmp_path / "spec.json").write_text("[]")
    with pytest.raises(JobError, match="holds no object"):
        read_spec(tmp_path)


def test_progress_tells_fraction_numbers_and_time_left(job, monkeypatch):
    seconds = iter([100.0, 110.0, 120.0])
    monkeypatch.setattr(context, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    job._clock = 100.0
    job.progress(0.5, "Epoch 1", loss=2.0)  # begins at a checkpoint: says nothing about the speed yet
    assert read_json(job.folder / "progress.json")["eta_s"] is None
    job.progress(0.6, "Epoch 2", loss=1.5)
    job.progress(0.75, "Epoch 3", loss=float("nan"))
    told = read_json(job.folder / "progress.json")
    # A quarter of the work in 20 s, a quarter is left.
    assert (told["fraction"], told["message"], told["numbers"], told["eta_s"]) == (
        0.75,
        "Epoch 3",
        {"loss": None},
        20.0,
    )


def test_progress_for_every_batch_does_not_write_every_time(job, monkeypatch):
    written = []
    monkeypatch.setattr(context, "write_json", lambda path, content: written.append(content["fraction"]))
    for batch in range(1000):
        job.progress(batch / 2000, "Epoch 1")
    job.progress(1.0, "Epoch 1")
    assert written[0] == 0.0 and written[-1] == 1.0 and len(written) < 20


def test_progress_raises_when_asked_to_stop(job):
    job.progress(0.1, "goes on")
    (job.folder / "cancel").touch()
    with pytest.raises(JobCancelled, match="somebody asked"):
        job.progress(0.2, "too late")


def test_results_land_as_files(job):
    job.write_table("drug", pd.DataFrame({"drug_id": [1]}))
    job.write_result({"read": 3, "share": float("inf")})
    job.log("one line")
    assert pd.read_parquet(job.results / "drug.parquet")["drug_id"].tolist() == [1]
    assert json.loads((job.results / "result.json").read_text()) == {"read": 3, "share": None}
    assert (job.folder / "log.txt").read_text().endswith(" one line\n")


@pytest.mark.parametrize(("platform", "told"), [("linux", 2048 * 1024), ("darwin", 2048)])
def test_peak_memory_is_in_mib_everywhere(monkeypatch, platform, told):
    """getrusage counts KiB on Linux and bytes on macOS."""
    monkeypatch.setattr(context.sys, "platform", platform)
    monkeypatch.setattr(context.resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=2048 * 1024**2))
    assert context.peak_memory_mib() == told


def test_a_failed_write_keeps_the_old_file_and_no_scraps(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"kept": 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(path, {"bad": object()})
    assert read_json(path) == {"kept": 1} and [file.name for file in tmp_path.iterdir()] == ["a.json"]
