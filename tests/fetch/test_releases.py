"""The table of public releases."""

import re
import shlex
from pathlib import Path

import pytest

from engine import __main__ as cli
from engine.errors import InputError
from engine.fetch.releases import (
    downloads_folder,
    fetched,
    files_of,
    import_command,
    release_of,
    releases,
    sources,
)


def test_the_command_line_offers_the_sources_of_the_table():
    assert (
        sources()
        == cli.SOURCES
        == ("gdsc", "ccle", "cell-model-passports", "pubchem", "gene-model", "liftover", "mane", "geo")
    )


def test_every_row_is_complete():
    for release in releases():
        assert release.kind in (*cli.KINDS, "expression") if release.imported else release.kind == release.source, (
            release.file
        )
        assert release.url.startswith("https://") and release.terms.startswith("https://")
        assert release.release and release.licence and release.use and release.file
        assert re.fullmatch(r"(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})?", release.checksum)
        assert bool(release.dataset) == (release.kind == "responses")
    assert len({release.file for release in releases()}) == len(releases())


@pytest.mark.parametrize(
    ("source", "only", "files"),
    [
        ("ccle", "", ["Model.csv", "OmicsSomaticMutations.csv"]),
        ("gdsc", "gdsc2", ["GDSC2_fitted_dose_response_27Oct23.xlsx"]),
        ("gdsc", "drugs", ["screened_compounds_rel_8.5.csv"]),
        ("cell-model-passports", "mutations", ["mutations_all_20250318.zip"]),
    ],
)
def test_files_are_chosen_by_kind_or_name(source, only, files):
    assert [release.file for release in files_of(source, only)] == files


def test_what_is_not_there():
    with pytest.raises(InputError, match="There is no source 'cosmic' to fetch: choose one of gdsc, ccle"):
        files_of("cosmic")
    with pytest.raises(InputError, match=r"No file of ccle is called 'drugs': there are Model\.csv, Omics"):
        files_of("ccle", "drugs")
    assert release_of("my_own.csv") is None


def test_the_command_to_type_next_is_one_that_the_parser_takes():
    for release in filter(lambda one: one.imported, releases()):
        typed = shlex.split(import_command(release, Path("/a folder/it's.csv")))
        given = cli.parser().parse_args(typed[3:])
        assert (given.kind, given.file, given.dataset or "") == (
            release.kind,
            Path("/a folder/it's.csv"),
            release.dataset,
        )
        assert given.origin == f"{release.release}, {release.url}" and given.licence == release.licence
    assert "--origin http://mirror/x" in import_command(release, Path("x"), "http://mirror/x")


def test_fetched_files_stand_in_the_order_of_import(tumorcast_home):
    assert fetched() == ()
    for name in (
        "gdsc/GDSC1_fitted_dose_response_27Oct23.xlsx",
        "ccle/OmicsSomaticMutations.csv",
        "ccle/Model.csv",
        "liftover/GRCh38_to_GRCh37.chain.gz",
        "geo/GSE32474_series_matrix.txt.gz",
        "x/y.csv",
    ):
        path = downloads_folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [path.name for path in fetched()] == [
        "Model.csv",
        "OmicsSomaticMutations.csv",
        "GDSC1_fitted_dose_response_27Oct23.xlsx",
    ]
