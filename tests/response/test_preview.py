"""A look at a file before it is imported."""

import gzip
import io
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from engine.errors import InputError
from engine.files import raw_file
from engine.response.formats import FORMATS
from engine.response.preview import FIELD_WORDS, ROWS, SHOWN_COLUMNS, preview
from engine.settings import REPOSITORY

LINES = "COSMIC_ID,CELL_LINE_NAME,TCGA_DESC,Comment\n905933,OVCAR-3,OV,fine\n1,Alpha,SKCM,\n"
DRUGS = "DRUG_ID,DRUG_NAME,TARGET\n1,Erlotinib,EGFR\n"
MAF = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tProtein_Change\nTP53\tSilent\tA375\tp.R1R\n"
GDSC = (
    "DATASET,COSMIC_ID,CELL_LINE_NAME,TCGA_DESC,DRUG_ID,DRUG_NAME,PATHWAY_NAME,LN_IC50,AUC\n"
    "GDSC2,905933,OVCAR-3,OV,1,Erlotinib,EGFR signaling,-1.5,0.9\n"
)


def look(folder: Path, content: str | bytes, name: str = "table.csv", **more):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    before = sorted(folder.iterdir())
    found = preview(path, **more)
    assert sorted(folder.iterdir()) == before  # it writes nothing
    return found


def test_a_known_table(tmp_path):
    found = look(tmp_path, LINES)
    assert (found.kind, found.fits, found.format) == ("cell-lines", ("cell-lines",), "cell-line table with TCGA labels")
    assert [(column.name, column.used_as, column.example) for column in found.columns] == [
        ("COSMIC_ID", "COSMIC id of the cell line", "905933"),
        ("CELL_LINE_NAME", "name", "OVCAR-3"),
        ("TCGA_DESC", "cancer type (TCGA label)", "OV"),
        ("Comment", "", "fine"),
    ]
    assert found.rows.fillna("").values.tolist() == [["905933", "OVCAR-3", "OV", "fine"], ["1", "Alpha", "SKCM", ""]]
    assert (found.ignored, found.problems, found.notes, found.bytes) == (1, (), (), len(LINES))
    assert (found.unit, found.dataset, found.place) == ("", "", "")


@pytest.mark.parametrize(
    ("content", "kind"), [(LINES, "cell-lines"), (DRUGS, "drugs"), (MAF, "mutations"), (GDSC, "responses")]
)
def test_the_kind_is_found_out(tmp_path, content, kind):
    found = look(tmp_path, content)
    assert found.kind == kind and kind in found.fits and found.problems == ()
    assert look(tmp_path, content, kind=kind).kind == kind


def test_a_table_of_responses_could_be_more_than_that(tmp_path):
    assert look(tmp_path, GDSC).fits == ("cell-lines", "drugs", "responses")


def test_dataset_and_unit_of_responses(tmp_path):
    assert (look(tmp_path, GDSC).dataset, look(tmp_path, GDSC).unit) == ("GDSC2", "ln_um")
    text = "COSMIC_ID,DRUG_ID,IC50_nM\n1,1,40\n"
    assert (look(tmp_path, text, "mine.v2.csv").dataset, look(tmp_path, text).unit) == ("mine", "nm")
    assert look(tmp_path, text, "sheet_gdsc1.csv").dataset == "GDSC1"
    assert look(tmp_path, GDSC, dataset="Ours").dataset == "Ours"
    two = GDSC + "GDSC1,905933,OVCAR-3,OV,1,Erlotinib,EGFR signaling,-1.5,0.9\n"
    assert look(tmp_path, two).dataset == "GDSC2, GDSC1"


@pytest.mark.parametrize(
    ("values", "unit", "told"),
    [
        ([0.001, 0.5, 3, 12, 80, 0.02, 5, 7, 9, 30], "auto", "look like µM, not ln of µM: set the unit to µM, or"),
        ([100, 500, 3000, 12000, 80000, 200, 5000, 7000, 9000, 30000], "auto", "look like nM, not ln of µM"),
        ([-2, -1, 0, 1, 2, 3, -3, 4, 5, 1], "um", "look like ln of µM, not µM: set the unit to ln of µM"),
        ([-2, -1, 0, 1, 2, 3, -3, 4, 5, 1], "auto", None),
        ([0.001, 0.5, 3, 12, 80, 0.02, 5, 7, 9, 30], "um", None),
        ([0.001, 0.5, 3, 12, 80, 0.02, 5, 7, 9, 30], "ln_um", None),
        (["", "x"], "auto", None),
    ],
)
def test_values_in_another_unit_are_seen_before_the_import(tmp_path, values, unit, told):
    text = "COSMIC_ID,DRUG_ID,LN_IC50\n" + "".join(f"1,1,{value}\n" for value in values)
    problems = look(tmp_path, text, unit=unit).problems
    assert (told is None and problems == ()) or (told is not None and told in problems[0])


def test_missing_columns_are_named_with_their_cure(tmp_path):
    found = look(tmp_path, "COSMIC_ID,DRUG_ID,Viability\n1,1,0.5\n", kind="responses")
    assert found.format == "" and found.kind == "responses"
    assert found.problems == (
        "Missing column: one of LN_IC50 or IC50_uM or IC50_nM. Give the column that holds it one of these names.",
    )
    assert [column.used_as for column in found.columns][:2] == ["COSMIC id of the cell line", "id of the drug"]
    found = look(tmp_path, "drug_id,colour\n1,red\n", kind="drugs")
    assert found.problems == ("Missing column: DRUG_NAME. Give the column that holds it this name.",)


def test_another_kind_is_suggested(tmp_path):
    problems = look(tmp_path, LINES, kind="mutations").problems
    assert problems[-1] == "It looks like a table of cell-lines instead: import it as that."


def test_a_table_that_is_none_of_ours(tmp_path):
    found = look(tmp_path, "gene,expression\nTP53,7.1\n")
    assert (found.kind, found.fits) == ("", ())
    assert "The columns fit no known table." in found.problems[0]
    assert found.rows.values.tolist() == [["TP53", "7.1"]]


def test_what_must_be_imported_first(tmp_path):
    assert look(tmp_path, MAF, filled=()).problems == (
        "The store knows no cell lines yet: import a table of cell lines before mutations.",
    )
    assert "no drugs yet" in look(tmp_path, GDSC, filled=("cell_line",)).problems[0]
    assert look(tmp_path, GDSC, filled=("cell_line", "drug")).problems == ()
    assert look(tmp_path, LINES, filled=()).problems == ()


def test_notes(tmp_path):
    assert "Holds no structures" in look(tmp_path, DRUGS).notes[0]
    model = "ModelID,COSMICID,CellLineName\nACH-000001,905933,NIH:OVCAR-3\n"
    assert "Holds no TCGA labels" in look(tmp_path, model).notes[0]


def test_only_the_first_rows_are_shown_and_odd_ones_told(tmp_path):
    text = "DRUG_ID,DRUG_NAME\n" + "".join(f"{i},Drug {i}\n" for i in range(5000))
    assert len(look(tmp_path, text).rows) == ROWS == 20
    assert "more values than the header" in look(tmp_path, text.replace("7,Drug 7\n", "7,Drug,7\n", 1)).problems[0]
    assert "has a header but no rows" in look(tmp_path, "DRUG_ID,DRUG_NAME\n").problems[0]


def test_ten_thousand_columns(tmp_path):
    many = [f"c{i}" for i in range(10_000)]
    text = f"{','.join(many)},DRUG_ID,DRUG_NAME\n{','.join('1' for _ in many)},7,Erlotinib\n"
    found = look(tmp_path, text)
    assert [column.name for column in found.columns[:2]] == ["DRUG_ID", "DRUG_NAME"]
    assert (len(found.columns), found.ignored) == (SHOWN_COLUMNS, 10_000)
    assert found.rows["DRUG_NAME"].tolist() == ["Erlotinib"]


def test_names_that_repeat_or_hold_markup_stay_as_they_are(tmp_path):
    found = look(tmp_path, "DRUG_ID,DRUG_NAME,<b>x</b>,![](http://a/b),x,x,x\n1,Erlotinib,2,3,4,5,6\n")
    assert list(found.rows.columns)[2:] == ["<b>x</b>", "![](http://a/b)", "x", "x (2)", "x (3)"]


def test_a_workbook_says_where_its_table_stands(tmp_path):
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        pd.DataFrame({"Read me": ["text"]}).to_excel(writer, sheet_name="About", index=False)
        pd.DataFrame({"DRUG_ID": [1], "DRUG_NAME": ["Erlotinib"]}).to_excel(
            writer, sheet_name="Drugs", index=False, startrow=2
        )
    found = look(tmp_path, buffer.getvalue(), "book.xlsx")
    assert (found.kind, found.place) == ("drugs", "sheet Drugs, header in row 3")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is a PNG image, not a table"),
        (bytes(range(256)) * 10, "is not a table: it holds binary data"),
        (b"<!DOCTYPE html><p>Log in", "is a web page"),
        (gzip.compress(bytes(2 * raw_file.HEADER_BYTES)), "is not a table: its first row does not end"),
        (gzip.compress(LINES.encode())[:-12], "is cut off or damaged"),
    ],
)
def test_what_is_no_table(tmp_path, content, told):
    with pytest.raises(InputError, match=rf"upload\.csv {told}"):
        look(tmp_path, content, "x", file_name="upload.csv")


def test_what_is_not_known(tmp_path):
    with pytest.raises(InputError, match="There is nothing called 'weather' to import"):
        look(tmp_path, LINES, kind="weather")
    with pytest.raises(InputError, match="The unit 'mol' is not known"):
        look(tmp_path, LINES, unit="mol")


def test_every_field_is_told_in_words():
    fields = {field for one in FORMATS for field in one.fields}
    assert fields - set(FIELD_WORDS) == set()


def test_a_preview_needs_no_rdkit():
    code = "import engine.response.preview, sys; print(*{'torch', 'rdkit', 'duckdb'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
