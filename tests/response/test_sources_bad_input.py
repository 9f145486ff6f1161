"""Files as people have them: broken, of another kind, in another unit, encoding or dialect."""

import gzip
import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.files import raw_file, tables
from engine.response.readers import Reading, read_cell_lines, read_drugs
from engine.response.streams import read_mutations, read_responses, require_rows

LINES = pd.DataFrame({"cosmic_id": range(1, 41), "name": [f"Line {i}" for i in range(1, 41)]})
DRUGS = pd.DataFrame({"drug_id": [10, 11], "name": ["Erlotinib", "Lapatinib"]})
GOOD = "COSMIC_ID,DRUG_ID,LN_IC50\n1,10,1.5\n2,10,-2.5\n"


def read(folder: Path, content: str | bytes, name: str = "r.csv", unit: str = "auto") -> Reading:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    reading = read_responses(path, LINES, DRUGS, unit=unit)
    require_rows(reading, path.name)
    return reading


def zipped(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.rstrip("\n"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", ";"),
        GOOD.replace(",", ";").replace(".", ","),
        GOOD.replace("1,10,1.5", '1,10,"1,5"'),
        GOOD.replace("1,10", "1.0,10.0"),
        GOOD.replace("DRUG_ID", '"Drug ID"'),
        GOOD.replace("\n", ",\n"),
        GOOD + "\n\n",
        "# exported on Monday\n\n" + GOOD,
        "Results of the screen\n" + GOOD,
        ("\ufeff" + GOOD).encode(),
        GOOD.encode("utf-16"),
        GOOD.encode("utf-16-le"),
        GOOD.encode("utf-16-be"),
        gzip.compress(GOOD.encode()),
        zipped({"folder/r.csv": GOOD, "__MACOSX/r.csv": "x"}),
    ],
)
def test_dialects_give_the_same_rows(tmp_path: Path, content: str | bytes) -> None:
    frame = read(tmp_path, content).frame
    assert frame["cosmic_id"].tolist() == [1, 2]
    assert frame["ln_ic50"].tolist() == [1.5, -2.5]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_names_survive_their_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "lines.csv"
    path.write_bytes("cosmic_id;cell_line;tcga_label\n7;Müller-α\n".replace("α", "é").encode(encoding))
    assert read_cell_lines(path).frame["name"].tolist() == ["Müller-é"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("photo.csv", b"\xff\xd8\xff\xe0 JFIF", r"photo\.csv is a JPEG photo, not a table. Give a table as CSV"),
        ("plot.csv", b"\x89PNG\r\n\x1a\n", "is a PNG image, not a table"),
        ("paper.xlsx", b"%PDF-1.7\n1 0 obj", "is a PDF document, not a table"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", r"is an old or locked Excel file \(save it as \.xlsx"),
        ("login.csv", b"\n<!DOCTYPE html><html><body>Sign in", "is a web page, not a table: the download may need"),
        ("random.csv", bytes(range(256)) * 20, "is not a table: it holds binary data"),
        ("packed.csv.gz", gzip.compress(bytes(range(256))), "is not a table: it holds binary data"),
        ("empty.csv", b"", r"empty\.csv is empty: it has no row at all"),
        ("blank.csv", b"\n \n", r"blank\.csv is empty: it has no row at all"),
        ("comments.csv", b"# nothing\n", r"comments\.csv is empty"),
        ("header.csv", b"COSMIC_ID,DRUG_ID,LN_IC50\n", r"header\.csv has a header but no rows"),
        ("cut.csv.gz", gzip.compress(GOOD.encode())[:-12], r"cut\.csv\.gz is cut off or damaged"),
        ("broken.csv.gz", b"\x1f\x8b" + b"x" * 40, r"broken\.csv\.gz is cut off or damaged"),
        ("cut.xlsx", b"PK\x03\x04" + b"x" * 40, r"cut\.xlsx is a damaged or cut-off XLSX or ZIP file"),
        ("two.zip", zipped({"a.csv": GOOD, "b.csv": GOOD}), r"two\.zip packs 2 files: unpack it"),
        ("open.csv", (GOOD + '3,10,"1.5\n').encode(), r"open\.csv is not a clean table .*quotation marks"),
        ("wide.csv", GOOD.replace("1,10", "x,1,10").encode(), "names 3 columns but row 2 has 4 values"),
        ("prose.txt", b"Dear colleague,\nhere they are.\n", r"prose\.txt does not have the columns of responses"),
        ("one.json", b'{"COSMIC_ID": 1}\n', "does not have the columns of responses: missing"),
    ],
)
def test_what_is_no_table_is_named_with_the_cure(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read(tmp_path, content, name)


def test_a_drug_without_an_id_is_found_by_its_name(tmp_path: Path) -> None:
    text = "COSMIC_ID,DRUG_ID,DRUG_NAME,LN_IC50\n1,,Erlotinib,1.5\n2,11,Erlotinib,-1\n3,99,Erlotinib,1\n4,,Nobody,1\n"
    reading = read(tmp_path, text)
    assert reading.frame[["cosmic_id", "drug_id"]].values.tolist() == [[1, 10], [2, 11]]  # an id counts before a name
    assert reading.receipt.dropped == {"unknown drug": 2}


def test_an_empty_workbook_and_a_header_only_one(tmp_path: Path) -> None:
    pd.DataFrame().to_excel(tmp_path / "empty.xlsx", index=False)
    pd.DataFrame(columns=["COSMIC_ID", "DRUG_ID", "LN_IC50"]).to_excel(tmp_path / "header.xlsx", index=False)
    with pytest.raises(InputError, match=r"empty\.xlsx is empty: no sheet"):
        read_responses(tmp_path / "empty.xlsx", LINES, DRUGS)
    with pytest.raises(InputError, match=r"header\.xlsx has a header but no rows"):
        read_responses(tmp_path / "header.xlsx", LINES, DRUGS)


def test_a_workbook_ends_in_formatted_empty_rows(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    pd.DataFrame({"COSMIC_ID": [1, None], "DRUG_ID": [10, None], "LN_IC50": [1.5, None]}).to_excel(path, index=False)
    reading = read_responses(path, LINES, DRUGS)
    assert (reading.receipt.read, reading.frame["ln_ic50"].tolist()) == (1, [1.5])


def test_a_single_shifted_row_is_dropped_and_named(tmp_path: Path) -> None:
    reading = read(tmp_path, GOOD + "3,MEK1, MEK2,10,0.5\n4,10,0.5\n")
    assert reading.receipt.dropped == {"more values than columns": 1}
    assert reading.receipt.examples == {"more values than columns": ["row 4"]}
    assert reading.frame["cosmic_id"].tolist() == [1, 2, 4]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("99,10,1.5", "unknown cell line: 1; such as row 2: cosmic_id 99.* Import the cell-line table"),
        ("1,99,1.5", "unknown drug: 1; .* Import the drug table"),
        ("1,10,NA", "value missing: 1; .* fitted IC50 values"),
        ("1,10,-inf", "value out of range: 1; .* Check the unit"),
        ("1,10,high", "value is not a number: 1; .* holds numbers"),
    ],
)
def test_a_file_with_no_usable_row_is_refused(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(InputError, match=rf"r\.csv: none of its 1 rows can be used \({told}"):
        read(tmp_path, f"COSMIC_ID,DRUG_ID,LN_IC50\n{row}\n")


def test_genes_nobody_knows(tmp_path: Path) -> None:
    path = tmp_path / "m.maf"
    path.write_text("Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\nNOGENE\tMissense\tLine 1\n")
    with pytest.raises(InputError, match="gene outside the census: 1; such as row 2: gene NOGENE"):
        require_rows(read_mutations(path, LINES), path.name)


def test_an_exome_of_an_unknown_line_is_refused_for_its_line(tmp_path: Path) -> None:
    path = tmp_path / "m.maf"
    rows = "TTN\tMissense\tMALME\nTTN\tMissense\tMALME\nTP53\tMissense\tMALME\n"
    path.write_text("Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\n" + rows)
    with pytest.raises(InputError, match="such as row 4: sample MALME.* Import the cell-line table"):
        require_rows(read_mutations(path, LINES), path.name)


def _raw(scale: float, seed: int = 3) -> str:
    ln_um = np.random.default_rng(seed).normal(2.1, 2.7, 40)
    values = np.exp(ln_um) * scale
    return "COSMIC_ID,DRUG_ID,LN_IC50\n" + "".join(f"{i},10,{value:.6g}\n" for i, value in enumerate(values, 1))


@pytest.mark.parametrize(("scale", "unit", "words"), [(1.0, "um", "uM"), (1000.0, "nm", "nM")])
def test_raw_ic50s_are_detected_and_the_unit_asked_for(tmp_path: Path, scale: float, unit: str, words: str) -> None:
    with pytest.raises(InputError, match=f"look like raw {words}, not ln of uM .* --unit {unit} to convert"):
        read(tmp_path, _raw(scale))
    frame = read(tmp_path, _raw(scale), unit=unit).frame
    expected = np.random.default_rng(3).normal(2.1, 2.7, 40)
    assert frame["ln_ic50"].to_numpy() == pytest.approx(expected, abs=1e-4)


def test_raw_um_below_a_top_dose_of_10_is_detected_by_its_spread(tmp_path: Path) -> None:
    values = np.geomspace(0.002, 10, 30)
    text = "COSMIC_ID,DRUG_ID,LN_IC50\n" + "".join(f"{i},10,{value}\n" for i, value in enumerate(values, 1))
    with pytest.raises(InputError, match="look like raw uM"):
        read(tmp_path, text)
    assert len(read(tmp_path, text, unit="ln_um").frame) == 30  # somebody insists


def test_raw_um_rounded_to_zero_is_still_raw(tmp_path: Path) -> None:
    values = [0.0, *np.geomspace(0.01, 90, 29)]
    text = "COSMIC_ID,DRUG_ID,LN_IC50\n" + "".join(f"{i},10,{value:.2f}\n" for i, value in enumerate(values, 1))
    with pytest.raises(InputError, match="look like raw uM"):
        read(tmp_path, text)


@pytest.mark.parametrize(("column", "unit"), [("IC50_uM", "auto"), ("LN_IC50", "um"), ("IC50_nM", "auto")])
def test_logarithms_in_a_column_of_raw_ic50s_are_refused(tmp_path: Path, column: str, unit: str) -> None:
    values = np.random.default_rng(3).normal(2.1, 2.7, 40)
    text = f"COSMIC_ID,DRUG_ID,{column}\n" + "".join(f"{i},10,{value:.3f}\n" for i, value in enumerate(values, 1))
    with pytest.raises(InputError, match="of 40 IC50 values are negative.* Import it again with --unit ln_um"):
        read(tmp_path, text, unit=unit)
    assert len(read(tmp_path, text, unit="ln_um").frame) == 40


def test_logarithms_that_are_all_positive_pass(tmp_path: Path) -> None:
    text = "COSMIC_ID,DRUG_ID,LN_IC50\n" + "".join(f"{i},10,{0.1 + 0.3 * i}\n" for i in range(1, 31))
    assert len(read(tmp_path, text).frame) == 30


def test_ic50s_of_zero_or_below_cannot_be_converted(tmp_path: Path) -> None:
    reading = read(tmp_path, "COSMIC_ID,DRUG_ID,IC50_uM\n1,10,0\n2,10,-1\n3,10,1\n")
    assert reading.receipt.dropped == {"value out of range": 2}
    assert reading.frame["ln_ic50"].tolist() == [0.0]


def test_an_unreadable_smiles_is_named_with_its_row_and_the_drug_kept(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("drug_id,drug_name,smiles\n1,Good,CCO\n2,Bad,C1CC(\n")
    reading = read_drugs(path)
    assert reading.receipt.flagged == {"SMILES cannot be read, kept without structure": 1}
    assert reading.receipt.notes == ["row 3 (Bad): the SMILES 'C1CC(' cannot be read: check it for a typing error."]
    assert reading.frame["smiles"].isna().tolist() == [False, True]


def test_a_large_file_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.csv"
    filler = "x" * 2000
    rows = "".join(f"{1 + i % 40},10,{i % 7 - 3},{filler}\n" for i in range(2_000))
    with path.open("w") as file:
        file.write("COSMIC_ID,DRUG_ID,LN_IC50,COMMENT\n")
        for _ in range(5):
            file.write(rows)
    monkeypatch.setattr(tables, "CHUNK_ROWS", 1_000)
    seen: list[float] = []
    tracemalloc.start()
    reading = read_responses(path, LINES, DRUGS, on_progress=lambda fraction, rows: seen.append(fraction))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 20e6
    assert peak < 10e6
    assert len(seen) >= 10
    assert seen == sorted(seen)
    assert seen[-1] > 0.95
    assert (reading.receipt.read, reading.receipt.merged, len(reading.frame)) == (10_000, 9_960, 40)
    assert reading.frame["n_measured"].sum() == 10_000


def parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def test_parquet_is_a_table_like_any_other(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "COSMIC_ID": [1.0, 2.0, None, 3.0],
            "DRUG_NAME": pd.Categorical(["Erlotinib", "Lapatinib", "Erlotinib", "Erlotinib"]),
            "LN_IC50": [1.5, -2.5, 0.1, float("nan")],
            "ignored": [[1, 2], [], None, [3]],
        }
    )
    reading = read(tmp_path, parquet(frame), "r.parquet")
    assert reading.frame[["cosmic_id", "drug_id", "ln_ic50"]].values.tolist() == [[1, 10, 1.5], [2, 11, -2.5]]
    assert reading.receipt.dropped == {"unknown cell line": 1, "value missing": 1}
    assert reading.receipt.examples["unknown cell line"] == ["row 3: drug_name Erlotinib, ln_ic50 0.1"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (parquet(pd.DataFrame({"COSMIC_ID": [1], "DRUG_ID": [[10]], "LN_IC50": [1.0]})), "cannot be read as a table"),
        (parquet(pd.DataFrame({"COSMIC_ID": [], "DRUG_ID": [], "LN_IC50": []})), "has a header but no rows"),
        (
            parquet(pd.DataFrame({"COSMIC_ID": [1], "DRUG_ID": [1]})),
            "does not have the columns of responses: missing LN_IC50",
        ),
        (parquet(pd.DataFrame({"COSMIC_ID": [1]}))[:-4], "cannot be read as a table .*Give a table as CSV"),
        (b"PAR1", "cannot be read as a table"),
    ],
)
def test_parquet_that_is_no_use(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read(tmp_path, content, "r.parquet")


def test_ten_thousand_columns_are_no_trouble(tmp_path: Path) -> None:
    more = [f"a rather long name of measurement {i}" for i in range(10_000)]
    values = ",".join(["1"] * len(more))
    text = f"COSMIC_ID,{','.join(more)},DRUG_ID,LN_IC50\n1,{values},10,1.5\n2,{values},10,-2.5\n"
    assert len(text.split("\n")[0]) > 2 * raw_file.HEAD_BYTES
    assert read(tmp_path, text).frame["ln_ic50"].tolist() == [1.5, -2.5]


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_without_an_end_of_line_is_refused_before_it_fills_the_memory(tmp_path: Path, packed: bool) -> None:
    content = b"0," * (raw_file.HEADER_BYTES + raw_file.HEAD_BYTES)
    with pytest.raises(InputError, match=r"its first row does not end within 8,388,608 bytes"):
        read(tmp_path, gzip.compress(content, 1) if packed else content)


def test_a_row_without_an_end_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(raw_file, "ROW_CHARACTERS", 1_000_000)
    with pytest.raises(InputError, match="one of its rows has more than 1,000,000 characters"):
        read(tmp_path, gzip.compress(GOOD.encode() + b"0" * 5_000_000))


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(raw_file, "UNPACKED_BYTES", 1000)
    with pytest.raises(InputError, match=r"r\.csv unpacks to 0\.0 GB of text: save its table as CSV"):
        read(tmp_path, zipped({"xl/workbook.xml": "", "xl/sharedStrings.xml": "x" * 2000}))
