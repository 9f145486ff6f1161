"""`python -m engine patient` on the demonstration store: what it prints, writes and refuses."""

import io
import json
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

from engine import __main__ as cli
from engine.patient.types import FATES, RANKING_COLUMNS, RECEIPT_COLUMNS, Ranking

LIST = "BRAF V600E\nTP53 R175H\nBRAF p.Val600Glu\nOR4F5 A10T\nnonsense\n"
MAF = (
    "Hugo_Symbol\tVariant_Classification\tHGVSp_Short\tTumor_Sample_Barcode\n"
    "BRAF\tMissense_Mutation\tp.V600E\tone\n"
    "KRAS\tMissense_Mutation\tp.G12D\ttwo\n"
)
RESEARCH_USE = "Research use only. Not for treatment decisions."


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration store, copied: the command collects what has finished."""
    copy = tmp_path_factory.mktemp("patient") / "home"
    shutil.copytree(demo_home, copy)
    return copy


@pytest.fixture
def run(home, monkeypatch, capsys):
    """run(arguments) -> exit status, standard output, standard error."""
    monkeypatch.setenv("TUMORCAST_HOME", str(home))

    def call(*arguments: object) -> tuple[int, str, str]:
        status = cli.main(["patient", *map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture
def mutations(tmp_path) -> Path:
    path = tmp_path / "list.txt"
    path.write_text(LIST)
    return path


def test_json_has_receipt_ranking_and_nearest_lines(run, mutations):
    status, out, err = run(mutations, "--json", "--cancer-type", "SKCM")
    assert status == 0 and err == ""
    found = json.loads(out)
    receipt = found["receipt"]
    assert receipt["counts"] == {
        "rows": 5, "used": 2, "new_position": 0, "outside_census": 1, "silent": 0, "duplicate": 1, "not_understood": 1,
    }  # fmt: skip
    assert set(FATES) < set(receipt["counts"])
    assert [set(row) for row in receipt["rows"]] == [set(RECEIPT_COLUMNS)] * 5
    assert [(row["row"], row["fate"]) for row in receipt["rows"]] == [
        (1, "used"), (2, "used"), (3, "duplicate"), (4, "outside_census"), (5, "not_understood"),
    ]  # fmt: skip
    assert receipt["rows"][4]["bit"] is None and receipt["build"] == "" and receipt["panel"]
    drugs = found["ranking"]
    assert len(drugs) > 50 and all(set(row) == set(RANKING_COLUMNS) for row in drugs)
    scores = [row["z_score"] for row in drugs]
    assert scores == sorted(scores)
    first = drugs[0]
    assert first["lower"] < first["ln_ic50_pred"] < first["upper"] and first["ic50_um_pred"] > 0
    assert 0 <= first["percentile"] <= 100 and first["approved"] in (True, False, None)
    lines = found["nearest_lines"]
    assert 1 <= len(lines) <= 5 and set(lines[0]["shared_positions"]) <= {"BRAF:600", "TP53:175"}
    assert set(lines[0]) >= {"cosmic_id", "name", "cancer_type", "similarity", "shared_positions", "shared_genes"}
    assert found["research_use_only"] == RESEARCH_USE
    assert found["run"].endswith(tuple("0123456789abcdef")) and found["simulated"] is True
    assert found["split"] == "cell_line" and found["cancer_type"] == "SKCM" and found["notes"]


def test_a_person_reads_counts_reasons_drugs_and_lines(run, mutations):
    status, out, _ = run(mutations)
    assert status == 0
    assert out.startswith("5 rows, ") and "      2  Used\n" in out and "      1  Not understood\n" in out
    reasons = out.split("not used because")[1].split("\n\n")[0].splitlines()[1:]
    assert len(reasons) == 3 and reasons[0].endswith("row 5") and "OR4F5" in reasons[1]
    assert out.count(RESEARCH_USE) == 1 and "simulated data" in out
    assert out.index("not used because") < out.index(RESEARCH_USE) < out.index("z-score") < out.index("nearest line")
    drugs = out.split(RESEARCH_USE)[1].split("\n\n")[1].splitlines()
    assert len(drugs) == 1 + 15 + 1 and drugs[-1].endswith("more drugs: --json has all")


def test_standard_input_is_the_same_list(run, mutations, monkeypatch):
    from_file = json.loads(run(mutations, "--json")[1])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LIST.encode())))
    assert json.loads(run("-", "--json", "--format", "text")[1]) == from_file


def test_the_report_is_written_as_html_and_as_pdf(run, mutations, tmp_path):
    for name, start in (("report.html", b"<!doctype html>"), ("report.PDF", b"%PDF-")):
        status, out, _ = run(mutations, "--out", tmp_path / name, "--json")
        assert status == 0 and json.loads(out)["report"] == str(tmp_path / name)
        assert (tmp_path / name).read_bytes()[: len(start)].lower() == start.lower()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.txt", "report.PDF", "report.html"]


def test_sample_panel_and_format_are_taken(run, tmp_path):
    path = tmp_path / "two.maf"
    path.write_text(MAF)
    panel = tmp_path / "panel.txt"
    panel.write_text("BRAF\nKRAS\nTP53\n")
    status, _, err = run(path)
    assert status == 2 and "holds 2 samples" in err and "--sample" in err
    status, out, err = run(path)
    assert status == 2 and out == "Samples in the file:\n  one\n  two\n" and err.count("\n") == 1
    status, out, err = run(path, "--json")
    assert (status, err) == (2, "") and json.loads(out)["samples"] == ["one", "two"]
    status, out, _ = run(path, "--sample", "two", "--panel", panel, "--format", "maf", "--json")
    assert status == 0
    found = json.loads(out)
    assert [row["position_key"] for row in found["receipt"]["rows"] if row["fate"] == "used"] == ["KRAS:12"]
    assert "3 genes" in found["receipt"]["panel"] and found["completions"] > 0
    assert found["ranking"][0]["z_low"] is not None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cancer-type", "MELANOMA"], r"No cell line of the store has the cancer type 'MELANOMA': .*SKCM"),
        (
            ["--format", "vcf"],
            r"The file was read as pasted text, not as vcf: leave --format away, or give --format text",
        ),
        (["--panel", "nowhere.bed"], r"The panel file cannot be read \(No such file or directory\)"),
        (["--out", "report.docx"], r"let the name after --out end in .html or .pdf"),
        (["--out", "no/such/folder/report.html"], r"The report cannot be written: there is no such folder"),
        (["--run", "nonsense"], r"nonsense"),
        (["--sample", "x"], r"names no samples"),
    ],
)
def test_what_is_refused(run, mutations, arguments, words):
    status, out, err = run(mutations, *arguments)
    assert (status, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1
    assert re.search(words, err), err


def test_a_file_that_is_not_there_is_refused_without_its_name(run, tmp_path):
    status, _, err = run(tmp_path / "Doe_John.vcf")
    assert status == 2 and "The file cannot be read (No such file or directory)" in err and "Doe" not in err


def test_a_store_without_a_network_says_so(capsys, tumorcast_home, mutations):
    status = cli.main(["patient", str(mutations)])
    assert status == 2 and "Train a network first" in capsys.readouterr().err


def test_what_is_missing_is_no_number():
    from engine.cli.patient import _drugs

    row = dict.fromkeys(RANKING_COLUMNS, float("nan")) | {"drug": "X", "target": None, "marker": "", "approval": ""}
    row |= {"ic50_um_pred": 1.0, "ln_ic50_pred": 0.0}
    ranking = Ranking("run", "ensemble", "", "", False, None, pd.DataFrame([row]), (), True, "")
    assert "nan" not in _drugs(ranking) and "0.00 (no interval)" in _drugs(ranking)
