"""`python -m engine fetch`, with the addresses of this machine."""

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pandas as pd
import pytest
from bad_server import Page
from small_chain import write_chain
from small_gene_model import write_gene_model

from engine import __main__ as cli
from engine.cli import fetch as module
from engine.fetch import download, pubchem, releases
from engine.patient import gene_files
from engine.patient.locate import resources
from engine.response.readers import read_drugs
from engine.settings import store_path
from engine.store.database import Database

TABLE = b"ModelID,COSMICID,CellLineName\nACH-000001,905933,NIH:OVCAR-3\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(["fetch", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.fixture
def url(server) -> str:
    server.pages["/Model.csv"] = Page(TABLE)
    return f"{server.address}/Model.csv"


def test_without_a_source_it_lists_what_there_is(capsys):
    status, out, _ = run(capsys)
    assert status == 0 and "GDSC1_fitted_dose_response_27Oct23.xlsx" in out and "339 MB" in out
    status, out, _ = run(capsys, "--json")
    assert {row["source"] for row in json.loads(out)} == {
        "gdsc", "ccle", "cell-model-passports", "pubchem", "gene-model", "liftover", "mane",
        "geo",
    }  # fmt: skip


def test_the_licence_comes_first_and_the_command_to_type_next_last(capsys, url, tumorcast_home):
    status, out, err = run(capsys, "ccle", "--only", "Model", "--url", url)
    assert status == 0
    assert "Licence: CC BY 4.0. Read the terms: https://doi.org/10.25452/figshare.plus.27993248.v1" in err
    path = tumorcast_home / "downloads" / "ccle" / "Model.csv"
    assert path.read_bytes() == TABLE
    assert "Model.csv: fetched, 60 bytes, checked against nothing published" in out
    assert f"  python -m engine import cell-lines {path} --origin {url} --licence 'CC BY 4.0'\n" in out
    assert run(capsys, "ccle", "--only", "Model", "--url", url)[1].startswith("Model.csv: there already")


def test_with_json_the_licence_is_part_of_the_document(capsys, url, tmp_path):
    sha256 = hashlib.sha256(TABLE).hexdigest()
    arguments = ("ccle", "--only", "Model", "--url", url, "--sha256", sha256, "--out", str(tmp_path / "x"), "--json")
    status, out, _ = run(capsys, *arguments)
    found = json.loads(out)
    assert status == 0 and found["licence"] == "CC BY 4.0" and found["terms"].startswith("https://doi.org")
    (file,) = found["files"]
    assert file["sha256"] == sha256 and file["checked"] == "published sha256"
    assert file["path"] == str(tmp_path / "x" / "Model.csv") and file["import"].startswith("python -m engine import")


def test_what_was_not_published_is_refused(capsys, url, tmp_path, monkeypatch):
    release = replace(releases.release_of("Model.csv"), url=url)
    monkeypatch.setattr(releases, "releases", lambda: (release,))
    status, out, _ = run(capsys, "ccle", "--out", str(tmp_path), "--json")
    assert status == 2 and "announces 60 bytes where 645,696 were published" in json.loads(out)["error"]
    release = replace(release, bytes=60)
    status, _, err = run(capsys, "ccle", "--out", str(tmp_path))
    assert status == 2 and err.splitlines()[-1].startswith("error: ") and "(md5 " in err
    assert [path.name for path in tmp_path.iterdir() if path.name != ".fetching"] == ["Model.csv.refused"]


def test_an_address_or_checksum_needs_one_file(capsys, url):
    for option in (("--url", url), ("--sha256", "0" * 64)):
        status, _, err = run(capsys, "gdsc", *option)
        assert status == 2 and "say with --only which of these: Cell_Lines_Details.xlsx, screened_comp" in err
    status, _, err = run(capsys, "pubchem", "--sha256", "0" * 64)
    assert status == 2 and "--sha256 has no place here" in err


def test_ctrl_c_says_that_it_can_be_continued(capsys, url, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_append", stop)
    status, _, err = run(capsys, "ccle", "--only", "Model", "--url", url, "--out", str(tmp_path))
    assert status == 130 and module.STOPPED in err and "Stopped watching" not in err


def test_pubchem_without_drugs(capsys, tumorcast_home):
    status, _, err = run(capsys, "pubchem")
    assert status == 2 and "The store knows no drugs yet: import a table of drugs first." in err


def test_pubchem_writes_a_table_that_import_reads(capsys, server, tumorcast_home, monkeypatch):
    monkeypatch.setattr(pubchem, "PAUSE_SECONDS", 0.0)
    with Database(store_path()).write() as connection:
        connection.execute(
            "INSERT INTO drug (drug_id, name, target, smiles, pubchem_cid, source_id) VALUES"
            " (1, 'Ethanol', 'GABA-A, NMDA', NULL, 702, 's'), (2, 'Methane', NULL, 'C', NULL, 's'),"
            " (3, 'Nobody', NULL, NULL, NULL, 's')"
        )

    def answer(asked):
        found = [{"CID": 702, "SMILES": "CCO", "InChIKey": "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"}]
        known = parse_qs(asked.body) == {"cid": ["702"]}
        return Page(json.dumps({"PropertyTable": {"Properties": found if known else []}}).encode())

    for field in ("cid", "name"):
        server.pages[f"/compound/{field}/property/SMILES,InChIKey/JSON"] = answer
    status, out, err = run(capsys, "pubchem", "--url", server.address)
    assert status == 0 and "1 of 2 drugs without a structure now have one; not in PubChem: Nobody." in out
    assert "NCBI" in err and "names of drugs without a structure are sent there" in err
    folder = tumorcast_home / "downloads" / "pubchem"
    assert [path.name for path in folder.iterdir()] == ["pubchem_drugs.csv"]
    reading = read_drugs(folder / "pubchem_drugs.csv")
    assert reading.frame["smiles"].fillna("").tolist() == ["CCO", "C", ""]
    assert reading.frame["pubchem_cid"].fillna(0).tolist() == [702, 0, 0]
    assert reading.frame["target"].fillna("").tolist() == ["GABA-A, NMDA", "", ""]
    assert pd.read_csv(folder / "pubchem_drugs.csv")["note"].tolist()[0] == "structure from PubChem CID 702"
    assert Path(out.split("import drugs ")[1].split(" ")[0]) == folder / "pubchem_drugs.csv"


def test_the_gene_model_is_reduced_once_all_files_are_there(capsys, server, tumorcast_home, tmp_path, monkeypatch):
    source = write_gene_model(tmp_path / "ensembl")
    known = [replace(one, url=f"{server.address}/{one.file}") for one in releases.files_of("gene-model")]
    for release in known:
        server.pages[f"/{release.file}"] = Page((source / release.file).read_bytes())
    monkeypatch.setattr(releases, "releases", lambda: tuple(known))
    status, out, err = run(capsys, "gene-model", "--only", "gtf")
    assert status == 0 and "Still missing: Homo_sapiens.GRCh37.75.cdna.all.fa.gz, Homo_sapiens.GRCh37.75.pep" in out
    status, out, err = run(capsys, "gene-model")
    assert status == 0 and "Licence: Ensembl places no restrictions" in err
    assert "The census genes were taken out of it." in out and "engine import" not in out
    assert "  Genes and transcripts, for mutation lists that have coordinates but no protein changes.\n" in out
    assert out.endswith("There is nothing to import: it is read where it lies.\n")
    found = resources()
    assert found.chain is None and found.gene_model.transcripts["gene"].tolist() == ["KRAS", "KRAS", "BRAF"]
    monkeypatch.setattr(gene_files, "reduce_gene_model", lambda *_: pytest.fail("reduced twice"))
    document = json.loads(run(capsys, "gene-model", "--json")[1])
    assert [file["import"] for file in document["files"]] == [None, None, None]


def test_a_damaged_gene_model_is_not_taken(capsys, server, tumorcast_home, monkeypatch):
    known = [replace(one, url=f"{server.address}/{one.file}") for one in releases.files_of("gene-model")]
    for release in known:
        server.pages[f"/{release.file}"] = Page(gzip.compress(b"no gene model\n"), content_type="application/gzip")
    monkeypatch.setattr(releases, "releases", lambda: tuple(known))
    status, _, err = run(capsys, "gene-model")
    assert status == 2 and "damaged or of another kind: fetch it again with `python -m engine fetch gene-model`" in err
    assert resources().gene_model is None


def test_the_liftover_chain_is_found_where_it_was_fetched_to(capsys, server, tumorcast_home, tmp_path):
    server.pages["/chain.gz"] = Page(write_chain(tmp_path / "x.chain.gz").read_bytes())
    status, out, _ = run(capsys, "liftover", "--url", f"{server.address}/chain.gz")
    assert status == 0 and "GRCh38_to_GRCh37.chain.gz: fetched" in out
    assert "  Where GRCh38 coordinates lie in GRCh37, for mutation lists in GRCh38.\n" in out
    assert resources().chain == tumorcast_home / "downloads" / "liftover" / "GRCh38_to_GRCh37.chain.gz"
