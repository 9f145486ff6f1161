"""The command `phenotypes`: what looks alike, which pairs kill in different ways, and what is refused."""

import json
from pathlib import Path

import pytest
from small_phenotypes import ONE, RUN, fill

from engine import __main__ as cli
from engine.settings import store_path
from engine.store.database import Database


@pytest.fixture
def db(tumorcast_home: Path) -> Database:
    database = Database(store_path())
    fill(database)
    return database


def test_a_document_holds_nearest_pairs_and_replicates(db, capsys):
    assert cli.main(["phenotypes", "--screen", ONE, "--drug", "Panobinostat", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["run"], told["modality"], told["wells"]) == (RUN, "image_2", 24)
    assert list(told["nearest"]) == ["Panobinostat"] and told["nearest"]["Panobinostat"][0]["drug"] == "Entinostat"
    assert (told["replicates"]["n"], told["replicates"]["n_random"], told["replicates"]["auc"]) == (6, 60, 1.0)
    pair = told["pairs"][0]
    assert {pair["drug"], pair["other"]} == {"Bortezomib", "Panobinostat"}
    assert (pair["status"], pair["dcdss"]) == ("suggested", None)


def test_a_person_reads_the_same(db, capsys):
    assert cli.main(["phenotypes", "--screen", ONE, "--run", RUN]) == 0
    out = capsys.readouterr().out
    assert f"{ONE}, 24 wells by the run {RUN}" in out
    assert "in 100.0 % of comparisons (6 pairs of replicates, 60 random pairs)" in out
    assert "Panobinostat  Entinostat" in out and "suggested" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--screen", "gone"], "There is no screen 'gone'"),
        (["--screen", ONE, "--run", "gone"], "There is no trained network 'gone'"),
        (["--screen", ONE, "--drug", "gone"], "gone has no well with an image at its highest dose"),
    ],
)
def test_what_is_not_there_is_refused(arguments, message, db, capsys):
    assert cli.main(["phenotypes", *arguments]) == 2
    assert message in capsys.readouterr().err
