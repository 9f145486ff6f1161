"""Imports of libraries as jobs: submitted, run, collected, with a receipt and a source row."""

import json
from pathlib import Path

import pandas as pd
import pytest

from engine.__main__ import main
from engine.chem.library import LIBRARY_COLUMNS, LibrarySettings
from engine.collect import collect
from engine.errors import InputError, JobCancelled, StoreError
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.files import read_json
from engine.response import library_import
from engine.response.library_import import (
    REFERENCE_LIBRARY,
    free_name,
    reference_name,
    run_library_import,
    submit_library_import,
)
from engine.response.library_records import find_screen, replaced_screens, screens
from engine.response.source_records import imports
from engine.settings import store_path
from engine.store.database import Database

ERLOTINIB = "COCCOC1=C(C=C2C(=C1)C(=NC=N2)NC3=CC=CC(=C3)C#C)OCCOC"
TEXT = f"name,smiles,indications\nErlotinib,{ERLOTINIB},NSCLC\nBroken,C1CC,pain\nSalt,{ERLOTINIB}.Cl,\nSmall,CCO,\n"


@pytest.fixture
def no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in their folders, for this process to run."""
    monkeypatch.setattr("engine.jobs.launch.start", lambda folder: None)


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(TEXT)
    return path


def done(job_id: str) -> JobContext:
    job = JobContext.for_folder(queue.job_folder(job_id))
    run_library_import(job)
    return job


def test_the_job_writes_molecules_source_and_receipt(tumorcast_home: Path, given: Path, no_runner: None) -> None:
    db = Database(store_path())
    job = done(submit_library_import(db, given, origin="a colleague", licence="CC0"))
    assert job.spec.task == "import_library"
    rows = pd.read_parquet(job.results / "library.parquet")
    assert rows.columns.tolist() == [*LIBRARY_COLUMNS, "library", "source_id"]
    assert rows[["name", "library", "source_id", "drug_class", "cancer_types"]].values.tolist() == [
        ["Erlotinib", "mine", "mine", "oncology", "LUAD|LUSC"]
    ]
    result = read_json(job.results / "result.json")
    assert result is not None
    assert (result["read"], result["kept"], result["rows_written"], result["library"]) == (4, 1, 1, "mine")
    assert "merged" not in result  # a repeated molecule is dropped, and counted there alone
    assert result["dropped"] == {
        "the structure cannot be read": 1,
        "more than one fragment (a salt or a mixture)": 1,
        "lighter than 200 g/mol": 1,
    }
    assert result["examples"]["the structure cannot be read"] == ["row 3: Broken"]
    assert result["classes"] == {"oncology": 1}
    assert result["settings"]["max_weight_g_mol"] == 650.0
    assert sorted(file.name for file in job.results.iterdir()) == ["library.parquet", "result.json", "source.parquet"]
    source = pd.read_parquet(job.results / "source.parquet").iloc[0]
    assert (source["kind"], source["source_id"], source["rows_read"], source["rows_kept"]) == ("library", "mine", 4, 1)
    assert json.loads(source["receipt"])["dropped"]["lighter than 200 g/mol"] == 1


def test_collected_and_replaced_under_the_same_name(tumorcast_home: Path, given: Path, no_runner: None) -> None:
    db = Database(store_path())

    def bring(settings: LibrarySettings | None = None) -> list[str]:
        job = done(submit_library_import(db, given, "lib", settings, replace=True))
        (job.folder / "done.json").write_text("{}")
        collect(job.spec.id, db)
        return db.query("SELECT name FROM library WHERE library = 'lib' ORDER BY name")["name"].tolist()

    assert bring(LibrarySettings(40, 650)) == ["Erlotinib", "Small"]
    assert bring() == ["Erlotinib"]
    (one,) = imports(db)
    assert (one.source_id, one.kind, one.rows_now, one.rows_kept) == ("lib", "library", 1, 1)


def test_a_taken_name_is_refused_unless_replacing_is_asked_for(
    filled_home: Path, given: Path, no_runner: None, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Database(store_path())
    with pytest.raises(InputError, match="a library called 'approved' already, with 16 molecules: give this one"):
        submit_library_import(db, given, "approved")
    assert main(["import", "library", str(given), "--name", "approved", "--no-wait", "--json"]) == 2
    assert "--replace" in json.loads(capsys.readouterr().out)["error"]
    assert queue.list_jobs() == []
    assert main(["import", "library", str(given), "--name", "approved", "--no-wait", "--json", "--replace"]) == 0
    submit_library_import(db, given, "mine")
    with pytest.raises(InputError, match="'mine' is being imported right now"):
        submit_library_import(db, given, "mine")


def test_names_that_are_free() -> None:
    assert free_name("mine", ()) == "mine" and free_name("mine", ["mine", "mine 2"]) == "mine 3"
    assert reference_name([]) == "approved" and reference_name(["approved"]) == "approved reference list"
    assert reference_name(["approved", "approved reference list"]) == "approved reference list 2"


def test_screens_of_a_replaced_library_are_not_offered(filled_home: Path, given: Path, no_runner: None) -> None:
    db = Database(store_path())
    before = screens(db)
    assert [one.library for one in before] == ["approved"] and replaced_screens(db) == ()
    job = done(submit_library_import(db, given, "approved", replace=True))
    (job.folder / "done.json").write_text("{}")
    collect(job.spec.id, db)
    assert screens(db) == () and [one.screen_id for one in replaced_screens(db)] == [before[0].screen_id]
    with pytest.raises(StoreError, match="'approved' has not been screened since its molecules were replaced"):
        find_screen(db, "approved")


def test_the_reference_list_imports(tumorcast_home: Path, no_runner: None) -> None:
    job = done(submit_library_import(Database(store_path()), REFERENCE_LIBRARY, "approved"))
    rows = pd.read_parquet(job.results / "library.parquet")
    assert len(rows) == 269 and rows["drug_class"].value_counts().to_dict() == {"non-oncology": 167, "oncology": 102}


def test_refused_at_once(filled_home: Path, tmp_path: Path, no_runner: None) -> None:
    db = Database(store_path())
    bad = tmp_path / "bad.csv"
    bad.write_text("name,disease\nErlotinib,melanoma\n")
    with pytest.raises(InputError, match="list.csv has no column with structures"):
        submit_library_import(db, bad, file_name="list.csv")
    good = tmp_path / "good.csv"
    good.write_text(TEXT)
    taken = db.query("SELECT source_id FROM source").iloc[0, 0]
    with pytest.raises(InputError, match=f"The name {taken} already stands for imported"):
        submit_library_import(db, good, taken)
    with pytest.raises(InputError, match="needs a name for the library"):
        submit_library_import(db, good, "  ")
    about = tmp_path / "about.csv"
    about.write_text("name,colour\nErlotinib,white\n")
    with pytest.raises(InputError, match="about.csv says nothing of molecules by name"):
        submit_library_import(db, good, about=about)


def test_nothing_to_keep_is_an_error(tumorcast_home: Path, tmp_path: Path, no_runner: None) -> None:
    path = tmp_path / "small.csv"
    path.write_text("smiles\nCCO\nCCN\nC1CC\n")
    job_id = submit_library_import(Database(store_path()), path)
    with pytest.raises(InputError, match="small.csv holds no molecule that can be used, of 3: 2 lighter than 200"):
        done(job_id)
    assert list((queue.job_folder(job_id) / "results").iterdir()) == []


def test_approved_molecules_alone_unless_any_phase_is_asked_for(
    tumorcast_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "chembl.csv"
    path.write_text(f"name,Max Phase,smiles\nErlotinib,4,{ERLOTINIB}\nProbe,2,CC(C)Cc1ccc(cc1)C(C)C(=O)O\n")
    assert main(["import", "library", str(path), "--json"]) == 0
    receipt = json.loads(capsys.readouterr().out)["receipt"]
    assert receipt["kept"] == 1 and receipt["dropped"] == {"not approved, as the file says": 1}
    assert receipt["examples"] == {"not approved, as the file says": ["row 3: Probe"]}
    assert receipt["settings"]["approved_only"] is True
    assert main(["import", "library", str(path), "--name", "all", "--any-phase", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["receipt"]["kept"] == 2
    path.write_text(f"name,Max Phase,smiles\nErlotinib,3,{ERLOTINIB}\n")
    assert main(["import", "library", str(path), "--name", "none", "--json"]) != 0
    told = json.loads(capsys.readouterr().out)["error"]
    assert "1 not approved, as the file says. Check it, or keep molecules of any phase (--any-phase" in told


def test_a_cancelled_import_leaves_nothing(
    tumorcast_home: Path, given: Path, no_runner: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_import.JobContext, "check_cancelled", _cancelled)
    with pytest.raises(JobCancelled):
        done(submit_library_import(Database(store_path()), given))


def _cancelled(job: JobContext) -> None:
    raise JobCancelled("Stopped because somebody asked for it.")


def test_the_command(tumorcast_home: Path, given: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--name", "lib", "--largest-fragment", "--min-weight", "40", "--json"]
    assert main(["import", "library", str(given), *options]) == 0
    receipt = json.loads(capsys.readouterr().out)["receipt"]
    assert (receipt["read"], receipt["kept"]) == (4, 2)
    assert receipt["dropped"] == {"the structure cannot be read": 1, "the same molecule as an earlier row": 1}
    assert main(["import", "library", str(given), "--min-weight", "900", "--json"]) == 2
    assert "900 to 650 g/mol are no range" in json.loads(capsys.readouterr().out)["error"]
