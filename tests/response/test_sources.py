"""Imports as jobs, in this process: what they write, and the receipt that adds up."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine.errors import InputError, JobCancelled
from engine.jobs.context import JobContext
from engine.jobs.files import hash_file, read_json
from engine.jobs.spec import create_folder
from engine.response import sources
from engine.response.sources import ImportOptions, run_import, submit_import
from engine.settings import store_path
from engine.store.database import Database

LINES = pd.DataFrame(
    {
        "cosmic_id": [1, 2],
        "name": ["A375", "HT-29"],
        "cancer_type": ["SKCM", "COREAD"],
        "tissue": ["skin", None],
        "tissue_detail": None,
        "msi": None,
        "growth": None,
        "depmap_id": ["ACH-000219", None],
        "sanger_id": None,
        "ccle_name": None,
        "source_id": "first",
    }
)
DRUGS = pd.DataFrame({"drug_id": [10, 11], "name": ["Erlotinib", "Lapatinib"]})
RESPONSES = """COSMIC_ID,DRUG_ID,LN_IC50,AUC
1,10,1.0,0.9
1,10,3.0,0.7
2,10,-2.5,
2,11,,0.5
3,10,1.0,0.5
1,99,1.0,0.5
1,11,many,0.5
1,11,inf,0.5
2,11,80,0.5
1,11,0.5,9999
"""


def job_for(
    folder: Path, kind: str, text: str, options: ImportOptions | None = None, **params: Any
) -> tuple[JobContext, Path]:
    path = folder / "given.csv"
    path.write_text(text)
    known = {"cell_line.parquet": LINES, "drug.parquet": DRUGS}
    needed = {name: frame for name, frame in known.items() if name.split(".")[0] in sources.NEEDS[kind]}
    given = {
        "kind": kind,
        "source_id": "mine",
        "file_name": "given.csv",
        "origin": "a colleague",
        "licence": "CC0",
        "options": (options or ImportOptions()).__dict__,
        "simulated": False,
        **params,
    }
    create_folder(folder / "job", "import_x", given, inputs={sources.FILE: path, **needed})
    return JobContext.for_folder(folder / "job"), path


def ran(folder: Path, kind: str, text: str, options: ImportOptions | None = None) -> tuple[pd.DataFrame, dict]:
    job, _ = job_for(folder, kind, text, options)
    run_import(job)
    result = read_json(job.results / "result.json")
    assert result is not None
    assert result["read"] == result["kept"] + sum(result["dropped"].values())
    assert len(pd.read_parquet(job.results / f"{sources.TABLES[kind]}.parquet")) == result["kept"] - result["merged"]
    return pd.read_parquet(job.results / f"{sources.TABLES[kind]}.parquet"), result


def test_the_receipt_of_responses_adds_up(tmp_path: Path) -> None:
    frame, result = ran(tmp_path, "responses", RESPONSES)
    assert (result["read"], result["kept"], result["merged"], result["rows_written"]) == (10, 4, 1, 3)
    assert result["dropped"] == {
        "unknown cell line": 1,
        "unknown drug": 1,
        "value missing": 1,
        "value is not a number": 1,
        "value out of range": 2,  # infinite, and ln 80
    }
    assert result["examples"]["unknown cell line"] == ["row 6: cosmic_id 3, drug_id 10, ln_ic50 1.0"]
    assert result["settings"]["unit"] == "auto"
    assert frame[["cosmic_id", "drug_id", "ln_ic50", "n_measured"]].values.tolist() == [
        [1, 10, 2.0, 2],  # two measurements, averaged
        [1, 11, 0.5, 1],
        [2, 10, -2.5, 1],
    ]
    assert frame["auc"].round(6).fillna(-1).tolist() == [0.8, -1, -1]  # an impossible AUC is missing
    assert frame["dataset"].tolist() == ["given"] * 3


def test_the_source_row_carries_hash_origin_and_licence(tmp_path: Path) -> None:
    job, path = job_for(tmp_path, "responses", RESPONSES)
    run_import(job)
    source = pd.read_parquet(job.results / "source.parquet").iloc[0]
    assert (source["source_id"], source["origin"], source["licence"]) == ("mine", "a colleague", "CC0")
    assert (source["sha256"], source["bytes"]) == hash_file(path)
    assert (source["rows_read"], source["rows_kept"], source["file_format"]) == (10, 4, "GDSC fitted dose response")
    assert json.loads(source["receipt"])["dropped"]["unknown drug"] == 1


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("cell-lines", "cosmic_id,cell_line,tcga_label\n1,A375,SKCM\n"),
        ("drugs", "drug_id,drug_name,smiles\n1,Ethanol,CCO\n"),
        ("mutations", "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\nTP53\tSplice Site\tA375\n"),
        ("responses", RESPONSES),
    ],
)
def test_rows_have_the_columns_of_the_store(tmp_path: Path, tumorcast_home: Path, kind: str, text: str) -> None:
    frame, _ = ran(tmp_path, kind, text)
    store = Database(store_path())
    for table, columns in ((sources.TABLES[kind], frame.columns), ("source", None)):
        if columns is None:
            columns = pd.read_parquet(tmp_path / "job" / "results" / "source.parquet").columns
        assert set(columns) == set(store.query(f"SELECT * FROM {table}").columns)


def test_mutation_receipt(tmp_path: Path) -> None:
    text = (
        "Hugo_Symbol\tVariant_Classification\tProtein_Change\tTumor_Sample_Barcode\n"
        "BRAF\tMissense\tp.V600E\tA375\n"
        "BRAF\tMissense\tp.V600E\tA375\n"
        "BRAF\tSilent\tp.L5L\tA375\n"
        "TTN\tMissense\tp.A5T\tA375\n"
        "BRAF\tMissense\tp.V600E\tNobody\n"
        "BRAF\tweird\t\tA375\n"
        "\tMissense\tp.V600E\tA375\n"
    )
    frame, result = ran(tmp_path, "mutations", text)
    assert frame["position_key"].tolist() == ["BRAF:600"]
    assert result["dropped"] == {
        "gene missing": 1,
        "gene outside the census": 1,
        "unknown cell line": 1,
        "silent or non-coding": 1,
        "neither residue nor class": 1,
        "duplicate": 1,
    }


def test_a_second_source_of_lines_says_how_many_were_known(tmp_path: Path) -> None:
    """That it only fills gaps is seen to where jobs are collected."""
    text = "ModelID,CellLineName,COSMICID,SangerModelID,OncotreeLineage\nACH-000219,A-375,1,SIDM00795,\n"
    frame, result = ran(tmp_path, "cell-lines", text)
    row = frame.iloc[0]
    assert (row["name"], row["sanger_id"]) == ("A-375", "SIDM00795")
    assert "1 lines were known from another source" in result["notes"][0]


@pytest.mark.parametrize(
    ("unit", "values", "expected"),
    [("um", "1.0", 0.0), ("nm", "1000", 0.0), ("ln_um", "2.5", 2.5), ("um", "0,5", -0.693147)],
)
def test_units_are_converted_when_asked(tmp_path: Path, unit: str, values: str, expected: float) -> None:
    text = f"COSMIC_ID;DRUG_ID;LN_IC50\n1;10;{values}\n"
    frame, _ = ran(tmp_path, "responses", text, ImportOptions(unit=unit, dataset="D"))
    assert frame["ln_ic50"].tolist() == pytest.approx([expected], abs=1e-6)
    assert frame["dataset"].tolist() == ["D"]


def test_an_import_can_be_cancelled(tmp_path: Path) -> None:
    job, _ = job_for(tmp_path, "responses", RESPONSES)
    (job.folder / "cancel").touch()
    with pytest.raises(JobCancelled):
        run_import(job)


def _submitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    calls: list[tuple] = []
    monkeypatch.setattr(sources.queue, "submit", lambda *a, **k: calls.append((a, k)) or "the-id")
    return calls


def test_submit_sends_the_file_with_what_it_joins_to(
    tmp_path: Path, tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _submitted(monkeypatch)
    path = tmp_path / "GDSC1.release.csv"
    path.write_text(RESPONSES)
    with Database(store_path()).write() as connection:
        connection.execute("INSERT INTO cell_line (cosmic_id, name, source_id) VALUES (1, 'A375', 's')")
        connection.execute("INSERT INTO drug (drug_id, name, source_id) VALUES (10, 'Erlotinib', 's')")
    assert submit_import(path, "responses", origin="o", options=ImportOptions(unit="um")) == "the-id"
    (task, title, params), rest = calls[0]
    assert (task, title) == ("import_responses", "Import GDSC1.release.csv")
    assert (params["source_id"], params["kind"], params["options"]["unit"]) == ("GDSC1", "responses", "um")
    assert rest["inputs"]["table"] == path
    assert rest["inputs"]["cell_line.parquet"]["cosmic_id"].tolist() == [1]
    assert rest["inputs"]["drug.parquet"]["drug_id"].tolist() == [10]


def test_submit_refuses_at_once(tmp_path: Path, tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _submitted(monkeypatch)
    path = tmp_path / "r.csv"
    path.write_text(RESPONSES)
    with pytest.raises(InputError, match="knows no cell lines yet: import a table of cell lines before responses"):
        submit_import(path, "responses")
    with pytest.raises(InputError, match="There is nothing called 'genes' to import: choose one of cell-lines"):
        submit_import(path, "genes")
    with pytest.raises(InputError, match="does not have the columns of drugs"):
        submit_import(path, "drugs")
    with pytest.raises(InputError, match=r"nowhere\.csv does not exist"):
        submit_import(tmp_path / "nowhere.csv", "drugs")
    with pytest.raises(InputError, match="The unit 'mM' is not known: choose one of auto, ln_um, um, nm"):
        ImportOptions(unit="mM")
    assert calls == []


def test_a_name_stands_for_one_kind_only(tmp_path: Path, tumorcast_home: Path) -> None:
    with Database(store_path()).write() as connection:
        connection.execute(
            "INSERT INTO source VALUES ('gdsc','responses','f.csv','GDSC','x',1,'','',1,1,'{}',now(),'j',false)"
        )
    (tmp_path / "drugs.csv").write_text("drug_id,drug_name,smiles\n1,Aspirin,CC(=O)Oc1ccccc1C(=O)O\n")
    with pytest.raises(InputError, match="The name gdsc already stands for imported responses: choose another"):
        submit_import(tmp_path / "drugs.csv", "drugs", name="gdsc")
