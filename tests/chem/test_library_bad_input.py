"""Files as people send them: the numbers of rows are the lines of the file, and what is odd is told or refused."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from engine.chem.library import LibraryReceipt, LibrarySettings, stream_library
from engine.chem.library_formats import alternatives
from engine.chem.standardise import UNREADABLE

ERLOTINIB = "COCCOC1=C(C=C2C(=C1)C(=NC=N2)NC3=CC=CC(=C3)C#C)OCCOC"
IBUPROFEN = "CC(C)Cc1ccc(cc1)C(C)C(=O)O"
BROKEN = "C1CC(CCCCCC"


def read(path: Path, settings: LibrarySettings | None = None) -> tuple[pd.DataFrame, LibraryReceipt]:
    receipt = LibraryReceipt()
    frame = pd.concat(list(stream_library(path, settings, receipt)), ignore_index=True)
    assert receipt.read == receipt.kept + sum(receipt.dropped.values())
    return frame, receipt


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (f"name,smiles\nA,{ERLOTINIB}\n\n\nX,{BROKEN}\n", 5),
        (f"\n\nname,smiles\n\nA,{ERLOTINIB}\n   \nX,{BROKEN}\n\n\n", 7),
        (f"name,smiles\r\nA,{ERLOTINIB}\r\n\r\nX,{BROKEN}\r\n", 4),
        (f"name\tsmiles\nA\t{ERLOTINIB}\n\nX\t{BROKEN}\n", 4),
        (f'name,smiles,note\nA,{ERLOTINIB},"two\nlines\n\nfour"\n\nX,{BROKEN},\n', 7),
        (f"# about\nname;smiles\n\nA;{ERLOTINIB}\n\nX;{BROKEN}\n", 6),
        (f"{ERLOTINIB} A\n\n# more\n{BROKEN} X\n", 4),
    ],
)
def test_the_row_of_the_receipt_is_the_line_of_the_file(tmp_path: Path, text: str, row: int) -> None:
    assert text.replace("\r\n", "\n").split("\n")[row - 1].find("X") >= 0
    frame, receipt = read(write(tmp_path, "drugs.smi" if text.startswith(ERLOTINIB) else "drugs.csv", text))
    assert frame["name"].tolist() == ["A"]
    assert receipt.examples.values.tolist() == [[row, "X", UNREADABLE]]


def test_blank_lines_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.chem.library_formats.CHUNK_ROWS", 3)
    lines = ["name,smiles", f"A,{ERLOTINIB}"]
    for i in range(15):
        lines += [""] * (i % 4) + [f"x{i},{BROKEN}"]
    _, receipt = read(write(tmp_path, "drugs.csv", "\n".join(lines)))
    assert receipt.dropped == {UNREADABLE: 15}
    assert [lines[row - 1].split(",")[0] for row in receipt.examples["row"]] == [f"x{i}" for i in range(15)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CCO", ["CCO"]),
        ("CCO, CCN", ["CCO", "CCN"]),
        ("CCO,CCN,", ["CCO", "CCN"]),
        ("C[C@H](N)O |r,c:1,4|, CCN |w:1.1|", ["C[C@H](N)O |r,c:1,4|", "CCN |w:1.1|"]),
        ("CCO |c:1,2", ["CCO |c:1", "2"]),
    ],
)
def test_several_smiles_of_a_cell(text: str, expected: list[str]) -> None:
    assert alternatives(text) == expected


@pytest.mark.parametrize("column", ["smiles", ""])
def test_of_several_smiles_the_first_that_can_be_read_counts_and_is_noted(tmp_path: Path, column: str) -> None:
    cells = (f"{BROKEN}, {ERLOTINIB} |c:1,2|, {IBUPROFEN}", IBUPROFEN, f"{BROKEN}, {BROKEN}")
    rows = [f'{name},"{cell}"' for name, cell in zip("ABC", cells, strict=True)]
    more = [f"D{i},CCCCCCCCCCCCC{'C' * i}(=O)O" for i in range(7)]  # nearly all must be SMILES where no name tells
    frame, receipt = read(write(tmp_path, "hub.csv", "\n".join([f"name,{column}", *rows, *more])))
    assert frame["name"].tolist()[:2] == ["A", "B"]
    assert frame["molecule_id"][0] == "AAKJLRGGTJKAMG-UHFFFAOYSA-N"
    assert receipt.dropped == {UNREADABLE: 1}
    told = "1 molecules have several SMILES, separated by commas: the first that can be read was taken."
    assert told in receipt.notes


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_encodings_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    text = f"name;smiles\nIbuprofène µ;{IBUPROFEN}\n\nX;{BROKEN}\n"
    frame, receipt = read(write(tmp_path, "drugs.csv", text.encode(encoding)))
    assert frame["name"].tolist() == ["Ibuprofène µ"] and receipt.examples["row"].tolist() == [4]


def test_a_workbook_with_two_sheets_and_a_title_above_the_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "About"
    book.active.append(["Drugs of our clinic"])
    book.active.append(["Made by hand"])
    sheet = book.create_sheet("Molecules")
    sheet.append(["Drugs of our clinic, 2025"])
    sheet.append([])
    for row in (["Drug", "SMILES", "Indication"], ["Erlotinib", ERLOTINIB, "NSCLC"], ["X", BROKEN, None]):
        sheet.append(row)
    book.save(tmp_path / "drugs.xlsx")
    frame, receipt = read(tmp_path / "drugs.xlsx")
    assert frame[["name", "cancer_types"]].values.tolist() == [["Erlotinib", "LUAD|LUSC"]]
    assert receipt.examples.values.tolist() == [[5, "X", UNREADABLE]]


def test_a_peptide_of_two_thousand_grams_a_mole(tmp_path: Path) -> None:
    peptide = "NCC(=O)" * 35 + "O"
    path = write(tmp_path, "peptides.csv", f"name,smiles\nPeptide,{peptide}\nErlotinib,{ERLOTINIB}\n")
    frame, receipt = read(path)
    assert frame["name"].tolist() == ["Erlotinib"] and receipt.dropped == {"heavier than 650 g/mol": 1}
    assert read(path, LibrarySettings(200, 3000))[0]["weight_g_mol"][0] == pytest.approx(2014.8, abs=0.2)


def test_a_metal_in_it_and_a_salt_of_one(tmp_path: Path) -> None:
    text = f"name,smiles\nCisplatin,N[Pt](N)(Cl)Cl\nSodium salt,CC(C)Cc1ccc(cc1)C(C)C(=O)[O-].[Na+]\nE,{ERLOTINIB}\n"
    _, receipt = read(write(tmp_path, "metals.csv", text))
    assert receipt.dropped == {
        "inorganic (no carbon, or a metal in it)": 1,
        "more than one fragment (a salt or a mixture)": 1,
    }
    whole, _ = read(tmp_path / "metals.csv", LibrarySettings(largest_fragment=True))
    assert whole["name"].tolist() == ["Sodium salt", "E"]
