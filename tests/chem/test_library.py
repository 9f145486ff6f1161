"""Libraries from every kind of file: what is kept, what is left out and why; the receipt adds up."""

import gzip
import re
import tracemalloc
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from rdkit import Chem

from engine.chem import library_formats, standardise
from engine.chem.library import LIBRARY_COLUMNS, LibraryReceipt, LibrarySettings, stream_library
from engine.chem.library_rows import NO_PHASE
from engine.errors import InputError

ERLOTINIB = "COCCOC1=C(C=C2C(=C1)C(=NC=N2)NC3=CC=CC(=C3)C#C)OCCOC"
ERLOTINIB_KEY = "AAKJLRGGTJKAMG-UHFFFAOYSA-N"
IBUPROFEN = "CC(C)Cc1ccc(cc1)C(C)C(=O)O"  # 206 g/mol
LAPATINIB = "CS(=O)(=O)CCNCc1ccc(o1)-c1ccc2ncnc(Nc3ccc(OCc4cccc(F)c4)c(Cl)c3)c2c1"
ALKYNE = Chem.MolFromSmarts("C#C")
PEPTIDE = "NCC(=O)" + "NCC(=O)" * 35 + "O"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def read(path: Path, settings: LibrarySettings | None = None, **more) -> tuple[pd.DataFrame, LibraryReceipt]:
    receipt = LibraryReceipt()
    chunks = list(stream_library(path, settings, receipt, **more))
    frame = pd.concat(chunks, ignore_index=True) if chunks else pd.DataFrame(columns=list(LIBRARY_COLUMNS))
    assert receipt.read == receipt.kept + sum(receipt.dropped.values())
    assert len(frame) == receipt.kept and frame["molecule_id"].is_unique
    return frame, receipt


def test_every_exclusion_is_counted_and_named(tmp_path: Path) -> None:
    rows = [
        "name,smiles,disease_area,indication,moa,target",
        f"Erlotinib,{ERLOTINIB},oncology,non-small cell lung cancer (NSCLC)|pancreatic cancer,EGFR inhibitor,EGFR",
        "Aspirin,CC(=O)Oc1ccccc1C(=O)O,rheumatology,pain,,",
        "Broken,C1CC(,oncology,,,",
        f"Ibuprofen,{IBUPROFEN},rheumatology,pain,COX inhibitor,PTGS1|PTGS2",
        "Nothing,,oncology,,,",
        f"Salt,{ERLOTINIB}.Cl,oncology,,,",
        f"Tarceva,{ERLOTINIB},oncology,,,",
        "Auranofin,CCP(CC)(CC)=[Au]SC1OC(COC(C)=O)C(OC(C)=O)C(OC(C)=O)C1OC(C)=O,rheumatology,,,",
        "Sulfate,OS(=O)(=O)OS(=O)(=O)OS(=O)(=O)O,,,,",
        f"Peptide,{PEPTIDE},,,,",
    ]
    frame, receipt = read(write(tmp_path, "drugs.csv", "\n".join(rows)))
    assert (receipt.read, receipt.kept) == (10, 2)
    assert receipt.dropped == {
        "lighter than 200 g/mol": 1,
        "the structure cannot be read": 1,
        "no structure": 1,
        "more than one fragment (a salt or a mixture)": 1,
        "the same molecule as an earlier row": 1,
        "inorganic (no carbon, or a metal in it)": 2,
        "heavier than 650 g/mol": 1,
    }
    assert frame.columns.tolist() == list(LIBRARY_COLUMNS)
    first = frame.iloc[0]
    assert (first["molecule_id"], first["name"], first["drug_class"]) == (ERLOTINIB_KEY, "Erlotinib", "oncology")
    assert first["weight_g_mol"] == pytest.approx(393.44, abs=0.01)
    assert first["smiles"] == "C#Cc1cccc(Nc2ncnc3cc(OCCOC)c(OCCOC)cc23)c1"
    assert first["indications"] == "non-small cell lung cancer (NSCLC)|pancreatic cancer"
    assert (first["cancer_types"], first["mechanism"], first["target"]) == ("LUAD|LUSC|PAAD", "EGFR inhibitor", "EGFR")
    assert frame.iloc[1][["drug_class", "cancer_types", "target"]].tolist() == ["non-oncology", "", "PTGS1|PTGS2"]
    named = receipt.examples.set_index("name")
    assert named.loc["Broken"].tolist() == [4, "the structure cannot be read"]
    assert named.loc["Tarceva"].tolist() == [8, "the same molecule as an earlier row"]


def test_row_three_of_five_cannot_be_read(tmp_path: Path) -> None:
    text = f"smiles,name\n{ERLOTINIB},a\n{IBUPROFEN},b\nc1ccccc1((,c\n{LAPATINIB},d\nCC(C)Cc1ccc(cc1)C(C)C(=O)OC,e\n"
    frame, receipt = read(write(tmp_path, "five.csv", text))
    assert frame["name"].tolist() == ["a", "b", "d", "e"]
    assert receipt.examples.values.tolist() == [[4, "c", "the structure cannot be read"]]


def test_of_salts_the_largest_fragment_where_asked_and_neutral(tmp_path: Path) -> None:
    text = f"smiles,name\n{ERLOTINIB}.Cl,salt\nCC(C)Cc1ccc(cc1)C(C)C(=O)[O-].[Na+],sodium salt\n{IBUPROFEN},acid\n"
    frame, receipt = read(write(tmp_path, "salts.csv", text), LibrarySettings(largest_fragment=True))
    assert frame["name"].tolist() == ["salt", "sodium salt"]
    assert frame["smiles"].tolist()[1] == "CC(C)Cc1ccc(C(C)C(=O)O)cc1"
    assert receipt.dropped == {"the same molecule as an earlier row": 1}


def test_the_limits_of_weight_are_kept_and_settings(tmp_path: Path) -> None:
    path = write(tmp_path, "one.csv", f"smiles\n{IBUPROFEN}\n{LAPATINIB}\n")
    exact = read(path)[0]["weight_g_mol"].tolist()
    assert read(path, LibrarySettings(exact[0], exact[1]))[1].kept == 2
    assert read(path, LibrarySettings(exact[0] + 0.001, 650))[1].dropped == {"lighter than 206.286 g/mol": 1}
    assert read(path, LibrarySettings(200, 500))[1].dropped == {"heavier than 500 g/mol": 1}
    with pytest.raises(InputError, match="700 to 650 g/mol are no range"):
        LibrarySettings(700, 650)


def test_inorganic_molecules_where_asked(tmp_path: Path) -> None:
    path = write(tmp_path, "s.csv", "smiles\nOS(=O)(=O)OS(=O)(=O)OS(=O)(=O)O\n")
    assert read(path, LibrarySettings(organic_only=False))[1].kept == 1


def test_duplicates_are_gone_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.chem.library.CHUNK_ROWS", 2)
    text = (
        "smiles,name\n" + f"{ERLOTINIB},a\n{IBUPROFEN},b\n{LAPATINIB},c\n{ERLOTINIB},d\nOC(=O)C(C)c1ccc(CC(C)C)cc1,e\n"
    )
    shares: list[float] = []
    frame, receipt = read(write(tmp_path, "d.csv", text), on_share=shares.append)
    assert frame["name"].tolist() == ["a", "b", "c"]
    assert receipt.dropped == {"the same molecule as an earlier row": 2}
    assert shares and all(0 <= share <= 1 for share in shares)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("semicolon.csv", f'"ChEMBL ID";"Name";"Max Phase";"Smiles"\n"CHEMBL553";"ERLOTINIB";"4";"{ERLOTINIB}"\n'),
        ("hub.txt", f"!Broad Institute\n!comment\nbroad_id\tpert_iname\tsmiles\nBRD-1\terlotinib\t{ERLOTINIB} |c:1|\n"),
        ("drugbank.csv", f"DrugBank ID,Name,CAS Number,SMILES,Formula\nDB00530,Erlotinib,1-2-3,{ERLOTINIB},C22\n"),
        ("list.smi", f"{ERLOTINIB} Erlotinib\n"),
        ("list.smiles.gz", f"# made by hand\n{ERLOTINIB}\tErlotinib\n"),
        ("headed.smi", f"SMILES Name\n{ERLOTINIB} Erlotinib\n"),
        ("cx.smi", f"{ERLOTINIB} |w:1.1| Erlotinib\n"),
        ("table.smi", f"zinc_id\tsmiles\tname\nZ1\t{ERLOTINIB}\tErlotinib\n"),
        ("noname.txt", f"{ERLOTINIB} Erlotinib\n"),
        ("unnamed.csv", f"name,\nErlotinib,{ERLOTINIB}\n"),
        ("headless.csv", f"Erlotinib,{ERLOTINIB}\n"),
        ("odd.csv", f"Compound Name,what it is\nErlotinib,{ERLOTINIB}\n"),
        ("packed.csv.gz", f"Generic_Name,Canonical SMILES\nErlotinib,{ERLOTINIB}\n"),
    ],
)
def test_files_as_they_come(tmp_path: Path, name: str, text: str) -> None:
    frame, _ = read(write(tmp_path, name, text))
    assert frame["molecule_id"].tolist() == [ERLOTINIB_KEY]
    assert frame["name"].str.lower().tolist() == ["erlotinib"]


def test_the_receipt_tells_which_column_was_taken(tmp_path: Path) -> None:
    _, receipt = read(write(tmp_path, "unnamed.csv", f"name,\nErlotinib,{ERLOTINIB}\n"))
    assert "SMILES were found by their content in column 2, which has no name." in receipt.notes


def test_a_workbook_that_tells_a_wrong_size_loses_no_row(tmp_path: Path) -> None:
    good, wrong = tmp_path / "good.xlsx", tmp_path / "wrong.xlsx"
    pd.DataFrame({"name": ["a", "b"], "smiles": [ERLOTINIB, IBUPROFEN]}).to_excel(good, index=False)
    with zipfile.ZipFile(good) as book, zipfile.ZipFile(wrong, "w") as copy:
        for part in book.infolist():
            copy.writestr(part, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B2"', book.read(part)))
    assert read(wrong)[0]["name"].tolist() == ["a", "b"]


def test_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "drugs.xlsx"
    pd.DataFrame({"Drug Name": ["Erlotinib", "Ibuprofène µ"], "SMILES": [ERLOTINIB, IBUPROFEN]}).to_excel(
        path, index=False
    )
    assert read(path)[0]["name"].tolist() == ["Erlotinib", "Ibuprofène µ"]


def sd_record(smiles: str, title: str, **properties: str) -> str:
    block = Chem.MolToMolBlock(Chem.MolFromSmiles(smiles)).split("\n", 1)[1]
    return f"{title}\n{block}" + "".join(f"> <{k}>\n{v}\n\n" for k, v in properties.items()) + "$$$$\n"


@pytest.mark.parametrize("name", ["drugs.sdf", "drugs.sdf.gz", "drugs.txt"])
def test_an_sd_file_with_broken_blocks(tmp_path: Path, name: str) -> None:
    good = sd_record(
        ERLOTINIB, "", DATABASE_ID="DB00530", GENERIC_NAME="Erlotinib", SMILES=ERLOTINIB, INDICATION="melanoma"
    )
    cut = "\n".join(sd_record(LAPATINIB, "Cut").split("\n")[:12]) + "\n$$$$\n"
    nonsense = "Nonsense\n\n\nthis is no block\nM  END\n$$$$\n"
    last = sd_record(IBUPROFEN, "Ibuprofen").replace("$$$$\n", "")  # the last end mark is often forgotten
    frame, receipt = read(write(tmp_path, name, good + cut + nonsense + last))
    assert frame["name"].tolist() == ["Erlotinib", "Ibuprofen"]
    assert frame["molecule_id"].tolist()[0] == ERLOTINIB_KEY
    assert frame.iloc[0][["drug_class", "cancer_types"]].tolist() == ["oncology", "SKCM"]
    assert receipt.examples.values.tolist() == [
        [2, "Cut", "the structure cannot be read"],
        [3, "Nonsense", "the structure cannot be read"],
    ]


@pytest.mark.parametrize("lines", [100_000, 20])
def test_records_that_run_together_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
    monkeypatch.setattr(library_formats, "RECORD_LINES", lines)
    first, second = sd_record("CCCCCCCCCCCC(=O)O", "A", NAME="A"), sd_record(IBUPROFEN, "B")
    joined = first.replace("$$$$\n", "") + second if lines > 20 else first
    frame, receipt = read(write(tmp_path, "joined.sdf", joined + sd_record("CCCCCCCCCCC(=O)OCC", "C")))
    if lines > 20:
        assert frame["name"].tolist() == ["C"]
        assert receipt.examples.values.tolist() == [[1, "A", library_formats.RUN_TOGETHER]]
    else:  # longer than is kept: cut, which RDKit does not take
        assert receipt.read == 2 and receipt.dropped == {"the structure cannot be read": 2}


def test_what_a_screen_could_not_read_again_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = standardise.canonical_smiles
    monkeypatch.setattr(
        standardise, "canonical_smiles", lambda m: "C1CC(" if m.HasSubstructMatch(ALKYNE) else written(m)
    )
    frame, receipt = read(write(tmp_path, "two.smi", f"{ERLOTINIB} a\n{IBUPROFEN} b\n"))
    assert frame["name"].tolist() == ["b"] and receipt.dropped == {"the structure cannot be read": 1}


@pytest.mark.parametrize("name", ["long.csv", "long.smi", "long.txt"])
def test_a_chain_without_an_end_does_not_end_the_process(tmp_path: Path, name: str) -> None:
    separator = "," if name.endswith("csv") else " "
    rows = ["smiles,name"] * name.endswith("csv") + [f"{IBUPROFEN}{separator}b", "C" * 50_000 + separator + "a"]
    frame, receipt = read(write(tmp_path, name, "\n".join(rows) + "\n"))
    assert frame["name"].tolist() == ["b"]
    assert receipt.dropped == {standardise.TOO_LARGE: 1}
    molecule = Chem.RWMol(Chem.MolFromSmiles("C" * 4_000))
    molecule.InsertMol(Chem.MolFromSmiles("C" * 4_000))
    assert standardise.standardise(molecule.GetMol(), LibrarySettings()) == standardise.TOO_LARGE


def test_commas_of_a_name_make_no_table(tmp_path: Path) -> None:
    frame, receipt = read(write(tmp_path, "two.txt", f"{IBUPROFEN} N,N-dimethyl\n{ERLOTINIB} b\n"))
    assert frame["name"].tolist() == ["N,N-dimethyl", "b"] and receipt.format == "list of SMILES"


def test_mesh_headings_of_chembl_are_indications(tmp_path: Path) -> None:
    text = (
        f'"Parent Molecule Name";"Smiles";"MESH Heading"\n"ERLOTINIB";"{ERLOTINIB}";"Carcinoma, Non-Small-Cell Lung"\n'
    )
    frame, _ = read(write(tmp_path, "chembl.csv", text))
    assert frame[["drug_class", "cancer_types"]].values.tolist() == [["oncology", "LUAD|LUSC"]]


def test_names_in_any_script(tmp_path: Path) -> None:
    text = f"名称,smiles,name\nx,{ERLOTINIB},エルロチニブ\ny,{IBUPROFEN},Ибупрофен\n"
    assert read(write(tmp_path, "n.csv", text))[0]["name"].tolist() == ["エルロチニブ", "Ибупрофен"]
    latin = f"name;smiles\nIbuprofène;{IBUPROFEN}\n".encode("latin-1")
    assert read(write(tmp_path, "l.csv", latin))[0]["name"].tolist() == ["Ibuprofène"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "no.csv",
            "name,disease\nErlotinib,melanoma\n",
            "no column with structures .its columns: name, disease.*`smiles`",
        ),
        ("empty.csv", "", "empty.csv is empty"),
        ("empty.sdf", "", "empty.sdf is empty"),
        ("head.csv", "name,smiles\n", "has a header but no rows"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "picture.csv is a PNG image"),
        ("noise.smi", bytes(range(256)) * 20, "holds binary data"),
        ("page.csv", "<!DOCTYPE html><html></html>", "is a web page"),
        ("cut.csv.gz", None, "cut off or damaged"),
    ],
)
def test_files_that_are_no_library(tmp_path: Path, name: str, content: str | bytes | None, told: str) -> None:
    path = write(tmp_path, name, content or "")
    if content is None:
        path.write_bytes(gzip.compress(f"smiles\n{ERLOTINIB}\n".encode() * 5000)[:-20])
    with pytest.raises(InputError, match=told):
        read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "nowhere.csv")


def test_a_second_table_says_what_the_first_leaves_out(tmp_path: Path) -> None:
    samples = write(
        tmp_path, "samples.txt", f"!c\npert_iname\tsmiles\terr\nerlotinib\t{ERLOTINIB}\t1\nb\t{IBUPROFEN}\t1\n"
    )
    drugs = write(
        tmp_path,
        "drugs.txt",
        "!c\npert_iname\tclinical_phase\tmoa\ttarget\tdisease_area\tindication\n"
        "Erlotinib\tLaunched\tEGFR inhibitor\tEGFR\toncology\tmelanoma\n",
    )
    frame, receipt = read(samples, about=drugs)
    assert frame["name"].tolist() == ["erlotinib"] and receipt.dropped == {NO_PHASE: 1}
    frame, receipt = read(samples, LibrarySettings(approved_only=False), about=drugs)
    assert frame[["drug_class", "cancer_types", "mechanism", "target"]].values.tolist() == [
        ["oncology", "SKCM", "EGFR inhibitor", "EGFR"],
        ["unknown", "", "", ""],
    ]
    assert any(note.startswith("1 molecules are of unknown class") for note in receipt.notes)
    with pytest.raises(InputError, match="drugs.txt has no column with structures"):
        read(drugs)
    with pytest.raises(InputError, match="says nothing of molecules by name"):
        read(samples, about=samples)


def test_memory_does_not_grow_with_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays of a molecule is a number: six times the rows take less than 1 MiB more."""
    monkeypatch.setattr("engine.chem.library.CHUNK_ROWS", 100)
    rows = [f"O=C({'C' * a}N{'C' * b})c1ccc(cc1)C(=O){'C' * c}Nc1ccccc1" for a in range(1, 13) for b in range(1, 13)
            for c in range(1, 13)]  # fmt: skip

    def peak(count: int) -> float:
        path = write(tmp_path, f"{count}.smi", "\n".join(rows[:count]))
        tracemalloc.start()
        kept = sum(len(chunk) for chunk in stream_library(path, LibrarySettings(0, 5000), LibraryReceipt()))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert kept == count
        return found / 2**20

    small = peak(250)
    assert peak(1500) < small + 1.0
