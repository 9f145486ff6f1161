"""What a patient's file holds and how it is called is in no file, log or error that nobody asked for."""

import gzip
import json
import logging
import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import __main__ as cli
from engine.errors import EngineError
from engine.patient.cases import delete_case, load_case, save_case, saved_cases
from engine.patient.discreet import discreet
from engine.patient.knowledge import load_knowledge
from engine.patient.panel import read_panel
from engine.patient.predictor import load_predictor
from engine.patient.ranking import rank
from engine.patient.read import read
from engine.patient.types import Case, SeveralSamples
from engine.patient.understand import understand
from engine.settings import store_path
from engine.store.database import Database

MARK = "Xq7vSecretMark"  # in file names, sample names, genes, cells and labels
TEXT = f"BRAF V600E\n{MARK} V600E\n{MARK}\nTP53 {MARK}\nBRAF p.V600{MARK}\n7:{MARK} A>T\n={MARK}\n"
MAF = "\n".join(
    [
        "Hugo_Symbol\tVariant_Classification\tHGVSp_Short\tTumor_Sample_Barcode\tChromosome\tStart_Position",
        f"BRAF\tMissense_Mutation\tp.V600E\t{MARK}\t7\t140453136",
        f"{MARK}\tMissense_Mutation\tp.V600E\t{MARK}\t{MARK}\t{MARK}",
        f"TP53\t{MARK}\tp.{MARK}\t{MARK}\t17\t-1",
        "",
    ]
)
ANNOTATION = "T|missense_variant|MODERATE|BRAF||transcript|NM_004333.4|protein_coding||c.1799T>A|p.Val600Glu"
VCF = "\n".join(
    [
        "##fileformat=VCFv4.2",
        "##INFO=<ID=ANN,Number=.,Type=String,Description=\"Functional annotations: 'Allele | Annotation | "
        "Annotation_Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID | Transcript_BioType | Rank | HGVS.c | "
        "HGVS.p'\">",
        f"##source={MARK}",
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{MARK}",
        f"7\t140453136\t{MARK}\tA\tT\t.\tPASS\tX={MARK};ANN={ANNOTATION}\tGT\t0/1",
        f"{MARK}\t{MARK}\t.\t{MARK}\tT\t.\t.\t.\tGT\t{MARK}",
        "",
    ]
)
BROKEN = {
    "binary": b"\x00\x01\xff" + MARK.encode() + b"\x00" * 50,
    "cut gzip": gzip.compress((MARK * 5000 + TEXT).encode(), mtime=0)[:60],
    "damaged zip": b"PK\x03\x04" + MARK.encode(),
    "unknown columns": f"colour,size\n{MARK},{MARK}\n{MARK},2\n".encode(),
    "header only": f"##{MARK}\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".encode(),
    "json": json.dumps({"mutation": MARK}).encode(),
    "one long line": MARK.encode() * 1000,
    "prose": f"Dear colleague, {MARK} has come to see us.\n".encode(),
    "empty": b"",
    "two samples": (MAF + f"KRAS\tMissense_Mutation\tp.G12D\t{MARK}-2\t12\t25398284\n").encode(),
}
GOOD = {"txt": TEXT, "maf": MAF, "vcf": VCF}


@pytest.fixture(scope="module")
def copied(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("private") / "home"
    shutil.copytree(demo_home, home)
    return home


@pytest.fixture
def home(copied, tmp_path, monkeypatch, caplog):
    """A home whose every file is searched for the mark at the end, with the log and the folder of temporary files."""
    monkeypatch.setenv("TUMORCAST_HOME", str(copied))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    caplog.set_level(logging.DEBUG)
    jobs = state(copied / "jobs")
    yield copied
    assert files_with_mark(copied) == []
    assert list(temporary.rglob("*")) == []
    assert MARK.lower() not in caplog.text.lower()
    assert state(copied / "jobs") == jobs


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


def files_with_mark(folder: Path) -> list[str]:
    """Files that hold the mark or are called after it, whatever the case of its letters."""
    mark = MARK.lower().encode()
    return [
        str(path)
        for path in folder.rglob("*")
        if mark in path.name.lower().encode() or (path.is_file() and mark in path.read_bytes().lower())
    ]


def patient_file(tmp_path: Path, ending: str, content: bytes) -> Path:
    path = tmp_path / f"{MARK}.{ending}"
    path.write_bytes(content)
    return path


def chained(error: BaseException | None) -> str:
    """An error's text with those of the errors it came from: a log that prints tracebacks prints them too."""
    text = ""
    while error is not None:
        text += f"{error!r} {error}\n"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text.lower()


@pytest.mark.parametrize("ending", GOOD)
def test_a_list_is_ranked_by_command_and_nothing_stays(home, tmp_path, capsys, ending):
    path = patient_file(tmp_path, ending, GOOD[ending].encode())
    assert cli.main(["patient", str(path), "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert found["receipt"]["counts"]["used"] == 1 and MARK in printed.out  # the person sees the rows
    assert MARK not in json.dumps([found["ranking"], found["nearest_lines"], found["notes"]])
    assert MARK not in printed.err


def test_the_text_for_a_person_goes_to_standard_output_alone(home, tmp_path, capsys):
    path = patient_file(tmp_path, "maf", MAF.encode())
    assert cli.main(["patient", str(path), "--sample", MARK]) == 0
    assert MARK not in capsys.readouterr().err


@pytest.mark.parametrize("as_json", [True, False])
def test_names_of_samples_are_the_answer_and_in_no_error(home, tmp_path, capsys, as_json):
    """Who has to choose one sees them on the own screen; what goes to standard error may be kept."""
    path = patient_file(tmp_path, "maf", BROKEN["two samples"])
    assert cli.main(["patient", str(path), *(["--json"] if as_json else [])]) == 2
    printed = capsys.readouterr()
    names = (MARK, f"{MARK}-2")
    assert MARK.lower() not in printed.err.lower()
    if as_json:
        answer = json.loads(printed.out)
        assert tuple(answer["samples"]) == names and MARK not in answer["error"]
    else:
        assert tuple(line.strip() for line in printed.out.splitlines()[1:]) == names


@pytest.mark.parametrize("kind", [kind for kind in BROKEN if kind != "two samples"])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_refused_file_is_not_quoted(home, tmp_path, capsys, kind, as_json):
    path = patient_file(tmp_path, "vcf", BROKEN[kind])
    assert cli.main(["patient", str(path), *(["--json"] if as_json else [])]) == 2
    printed = capsys.readouterr()
    assert MARK.lower() not in (printed.out + printed.err).lower()


@pytest.mark.parametrize(
    "arguments",
    [["--sample", f"{MARK}-9"], ["--panel", f"{MARK}.bed"], ["--out", f"/{MARK}/no/report.pdf"], ["--format", "vcf"]],
)
def test_a_refused_option_is_not_quoted(home, tmp_path, capsys, arguments):
    path = patient_file(tmp_path, "maf", MAF.encode())
    assert cli.main(["patient", str(path), *arguments]) == 2
    printed = capsys.readouterr()
    assert MARK.lower() not in (printed.out + printed.err).lower()


def test_a_file_that_is_not_there_is_not_named(home, tmp_path, capsys):
    for path in (tmp_path / f"{MARK}.vcf", tmp_path):
        assert cli.main(["patient", str(path)]) == 2
    assert MARK not in capsys.readouterr().err


@pytest.mark.parametrize("kind", BROKEN)
def test_no_error_of_reading_holds_what_the_file_holds(home, kind):
    try:
        read(BROKEN[kind], f"{MARK}.vcf")
    except EngineError as error:
        assert MARK.lower() not in chained(error)
        if isinstance(error, SeveralSamples):
            assert MARK in error.samples[0]  # for the form alone
    else:
        # Nothing of it is understood then, and no reason quotes it.
        rows = read(BROKEN[kind], f"{MARK}.vcf").rows
        assert (rows["problem"] != "").all() and not rows["problem"].str.contains(MARK, case=False).any()


def test_no_error_of_a_sample_or_a_panel_holds_it(home):
    with pytest.raises(EngineError) as wrong_sample:
        read(MAF.encode(), "x.maf", f"{MARK}-9")
    with pytest.raises(EngineError) as wrong_panel:
        read_panel(f"{MARK}\n{MARK}-2\n".encode(), f"{MARK}.bed")
    assert MARK.lower() not in chained(wrong_sample.value) + chained(wrong_panel.value)


def test_an_error_that_nobody_foresaw_is_told_without_its_text(home):
    with pytest.raises(EngineError, match=r"ValueError at .*\.py:\d+") as found, discreet("reading"):
        int(MARK)
    assert MARK.lower() not in chained(found.value)
    with pytest.raises(KeyboardInterrupt), discreet("reading"):
        raise KeyboardInterrupt


def test_a_case_is_in_the_store_while_it_is_kept_and_nowhere_after_that(home, tmp_path):
    db = Database(store_path())
    knowledge, predictor = load_knowledge(db), load_predictor(db)
    receipt = understand(read(TEXT.encode(), f"{MARK}.txt"), knowledge)
    ranking = rank(predictor, receipt.genome)
    assert MARK not in repr(replace(ranking, table=None)) + ranking.table.to_csv()
    assert files_with_mark(home) == []
    case = save_case(db, Case(MARK, receipt, None, datetime.now(UTC)))
    assert saved_cases(db)["label"].tolist() == [MARK] and MARK.lower() not in case.case_id
    assert load_case(db, case.case_id).label == MARK
    assert [Path(path).name for path in files_with_mark(home)] == ["tumorcast.duckdb"]
    db.export(tmp_path / "export")
    assert files_with_mark(tmp_path / "export") == []
    delete_case(db, case.case_id)  # what is left is searched by the fixture
