"""`python -m engine report-screen`: what it writes, prints and refuses."""

import json
from pathlib import Path

import pytest
from small_reviewed import put

from engine import __main__ as cli
from engine.settings import store_path
from engine.store.database import Database

SCREEN = "BT-40_DS1"


@pytest.fixture
def home(tumorcast_home: Path) -> Path:
    put(Database(store_path()))
    return tumorcast_home


def test_the_format_follows_from_the_name(home, capsys):
    out = home / "board.xlsx"
    assert cli.main(["report-screen", "--screen", SCREEN, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"screen": SCREEN, "format": "xlsx", "file": str(out), "bytes": out.stat().st_size}
    assert out.read_bytes().startswith(b"PK")
    assert cli.main(["report-screen", "--screen", SCREEN, "--format", "xlsx", "--out", str(home / "board")]) == 0
    assert capsys.readouterr().out.rstrip().endswith("every table in full")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--screen", SCREEN, "--out", "board.docx"], "board.docx does not say which report to write: choose --format"),
        (["--screen", SCREEN, "--out", "nowhere/board.html"], "There is no folder nowhere to write board.html into."),
        (["--screen", "S9", "--out", "board.html"], "There is no screen 'S9'; the store holds: BT-40_DS1."),
    ],
)
def test_what_cannot_be_written_is_told_in_one_line(home, capsys, monkeypatch, arguments, told):
    monkeypatch.chdir(home)
    assert cli.main(["report-screen", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not list(home.glob("board*"))


def test_without_chromium_a_pdf_says_what_to_install(home, capsys, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(home / "none"))
    assert cli.main(["report-screen", "--screen", SCREEN, "--out", str(home / "board.pdf"), "--json"]) == 2
    assert "apt-get install chromium" in json.loads(capsys.readouterr().out)["error"]
