"""`fetch geo`: the address of a series, and its download from a server of this machine."""

import gzip
import hashlib
import json

import pytest
from bad_server import Page

from engine import __main__ as cli
from engine.errors import InputError
from engine.fetch import geo, releases
from engine.fetch.geo import series_release

MATRIX = gzip.compress(b'!Series_title\t"x"\n!series_matrix_table_begin\n!series_matrix_table_end\n', mtime=0)


@pytest.mark.parametrize(
    ("accession", "address"),
    [
        ("GSE32474", "GSE32nnn/GSE32474/matrix/GSE32474_series_matrix.txt.gz"),
        ("gse2109-gpl570", "GSE2nnn/GSE2109/matrix/GSE2109-GPL570_series_matrix.txt.gz"),
        ("GSE999", "GSEnnn/GSE999/matrix/GSE999_series_matrix.txt.gz"),
        ("GSE7", "GSEnnn/GSE7/matrix/GSE7_series_matrix.txt.gz"),
        (" GSE123456 ", "GSE123nnn/GSE123456/matrix/GSE123456_series_matrix.txt.gz"),
    ],
)
def test_the_address_of_a_series_follows_from_its_number(accession, address):
    release = series_release(accession)
    assert release.url == f"https://ftp.ncbi.nlm.nih.gov/geo/series/{address}"
    assert release.imported and release.kind == "expression" and release.source == "geo"


def test_a_series_of_the_table_is_the_one_of_the_table():
    assert series_release("GSE32474") is releases.files_of("geo")[0]


@pytest.mark.parametrize("accession", ["GSM803615", "GPL570", "GSE", "GSE12x", "../GSE1", "GSE1/../../x"])
def test_what_is_no_series(accession):
    with pytest.raises(InputError, match="is no series of GEO: give an accession such as GSE32474"):
        series_release(accession)


def fetch(capsys, *arguments):
    status = cli.main(["fetch", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_a_cut_download_continues_and_its_hash_is_kept(capsys, server, tumorcast_home, monkeypatch):
    monkeypatch.setattr(geo, "ROOT", server.address)
    address = "/GSE12nnn/GSE12345/matrix/GSE12345_series_matrix.txt.gz"
    server.pages[address] = Page(MATRIX, content_type="application/x-gzip", cut_after=[20])
    status, out, err = fetch(capsys, "geo", "GSE12345", "--json")
    assert status == 0, err
    (file,) = json.loads(out)["files"]
    assert file["sha256"] == hashlib.sha256(MATRIX).hexdigest() and file["url"] == server.address + address
    folder = tumorcast_home / "downloads" / "geo"
    assert (folder / "GSE12345_series_matrix.txt.gz").read_bytes() == MATRIX
    assert file["sha256"] in (folder / "GSE12345_series_matrix.txt.gz.sha256").read_text()
    assert file["import"].startswith("python -m engine import expression ")
    assert [asked.headers.get("Range") for asked in server.asked] == [None, "bytes=20-"]
    status, out, err = fetch(capsys, "geo", "GSE12345")
    assert "there already" in out and "Import cell lines first" not in out and "NCBI places no restr" in err


def test_a_series_of_several_platforms_says_how_to_name_one(capsys, server, tumorcast_home, monkeypatch):
    monkeypatch.setattr(geo, "ROOT", server.address)
    status, _, err = fetch(capsys, "geo", "GSE2109")
    assert status == 2 and "There is no file at" in err and "`fetch geo GSE2109-GPL570`" in err


def test_only_geo_has_accessions(capsys, tumorcast_home):
    status, _, err = fetch(capsys, "gdsc", "GSE32474")
    assert status == 2 and "gdsc has no accessions" in err
