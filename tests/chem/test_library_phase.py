"""Which molecules of a library are approved: ChEMBL's Max Phase, the Hub's clinical_phase, DrugBank's groups."""

from pathlib import Path

import pandas as pd
import pytest
from rdkit import Chem

from engine.chem.indications import approved
from engine.chem.library import LibraryReceipt, LibrarySettings, stream_library
from engine.chem.library_rows import NO_PHASE, NOT_APPROVED

ERLOTINIB = "COCCOC1=C(C=C2C(=C1)C(=NC=N2)NC3=CC=CC(=C3)C#C)OCCOC"
IBUPROFEN = "CC(C)Cc1ccc(cc1)C(C)C(=O)O"
LAPATINIB = "CS(=O)(=O)CCNCc1ccc(o1)-c1ccc2ncnc(Nc3ccc(OCc4cccc(F)c4)c(Cl)c3)c2c1"
ANY = LibrarySettings(approved_only=False)


def read(path: Path, settings: LibrarySettings | None = None, **more) -> tuple[list[str], LibraryReceipt]:
    receipt = LibraryReceipt()
    chunks = list(stream_library(path, settings, receipt, **more))
    assert receipt.read == receipt.kept + sum(receipt.dropped.values())
    return (pd.concat(chunks)["name"].tolist() if chunks else []), receipt


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("4", True),
        ("4.0", True),
        ("3", False),
        ("0.5", False),
        ("-1", False),
        ("Launched", True),
        ("Phase 4", True),
        ("Phase 3", False),
        ("Phase II", False),
        ("Phase 2/Phase 3", False),
        ("Early Phase 1", False),
        ("Preclinical", False),
        ("Withdrawn", False),
        ("approved; investigational", True),
        ("approved|withdrawn", True),
        ("experimental, investigational", False),
        ("vet_approved", False),
        ("vet_approved; experimental", False),
        ("not approved", False),
        ("unapproved", False),
        ("control group", None),
        ("", None),
    ],
)
def test_words_of_phases(phase: str, expected: bool | None) -> None:
    assert approved(phase) is expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "chembl.csv",
            '"ChEMBL ID";"Name";"Max Phase";"Smiles"\n'
            f'"CHEMBL1";"A";"4";"{ERLOTINIB}"\n"CHEMBL2";"B";"2";"{IBUPROFEN}"\n"CHEMBL3";"C";"";"{LAPATINIB}"\n',
        ),
        (
            "chembl_web.csv",
            f'"Name";"Max_Phase";"Smiles"\n"A";"4.0";"{ERLOTINIB}"\n"B";"-1.0";"{IBUPROFEN}"\n"C";"None";"{LAPATINIB}"\n',
        ),
        (
            "hub.txt",
            "!comment\npert_iname\tclinical_phase\tsmiles\n"
            f"A\tLaunched\t{ERLOTINIB}\nB\tPreclinical\t{IBUPROFEN}\nC\t\t{LAPATINIB}\n",
        ),
        (
            "drugbank.csv",
            "DrugBank ID,Name,Drug Groups,SMILES\n"
            f"DB1,A,approved; investigational,{ERLOTINIB}\nDB2,B,experimental,{IBUPROFEN}\nDB3,C,,{LAPATINIB}\n",
        ),
        ("own.csv", f"name,approved,smiles\nA,yes,{ERLOTINIB}\nB,0,{IBUPROFEN}\nC,,{LAPATINIB}\n"),
    ],
)
def test_what_is_not_approved_is_left_out_unless_asked_for(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    names, receipt = read(path)
    assert names == ["A"] and receipt.dropped == {NOT_APPROVED: 1, NO_PHASE: 1}
    assert receipt.examples["reason"].tolist() == [NOT_APPROVED, NO_PHASE]
    assert any(note.startswith("1 molecules are not approved and were left out") for note in receipt.notes)
    assert read(path, ANY)[0] == ["A", "B", "C"]


def test_an_sd_file_of_drugbank(tmp_path: Path) -> None:
    def record(smiles: str, drug: str, groups: str) -> str:
        block = Chem.MolToMolBlock(Chem.MolFromSmiles(smiles))
        fields = {"DATABASE_ID": "DB", "GENERIC_NAME": drug, "DRUG_GROUPS": groups, "SMILES": smiles}
        return block + "".join(f"> <{key}>\n{value}\n\n" for key, value in fields.items() if value) + "$$$$\n"

    path = tmp_path / "structures.sdf"
    path.write_text(
        record(ERLOTINIB, "Erlotinib", "approved; investigational")
        + record(IBUPROFEN, "Other", "experimental")
        + record(LAPATINIB, "Untold", "")
    )
    names, receipt = read(path)
    assert names == ["Erlotinib"] and receipt.dropped == {NOT_APPROVED: 1, NO_PHASE: 1}
    assert read(path, ANY)[0] == ["Erlotinib", "Other", "Untold"]


def test_an_unapproved_form_does_not_take_the_place_of_the_approved_one(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text(f"name,clinical_phase,smiles\nTest lot,Phase 1,{ERLOTINIB}\nErlotinib,Launched,{ERLOTINIB}\n")
    names, receipt = read(path)
    assert names == ["Erlotinib"] and receipt.dropped == {NOT_APPROVED: 1}


def test_a_file_that_tells_no_phase_keeps_all(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text(f"name,smiles\nA,{ERLOTINIB}\nB,{IBUPROFEN}\n")
    assert read(path)[0] == ["A", "B"]


def test_groups_that_are_no_phases_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "plates.csv"
    path.write_text(f"name,groups,smiles\nA,plate 1 left,{ERLOTINIB}\nB,,{IBUPROFEN}\n")
    names, receipt = read(path)
    assert names == ["A", "B"] and "The values of column `groups` are no phases: it was not used." in receipt.notes


def test_a_word_that_is_no_phase_keeps_its_molecule_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(f"name,phase,smiles\nA,Launched,{ERLOTINIB}\nB,see note,{IBUPROFEN}\n")
    names, receipt = read(path)
    assert names == ["A", "B"]
    assert "1 phases are not understood, and their molecules were kept: see note (1)." in receipt.notes


def test_the_files_of_the_hub_joined_by_name(tmp_path: Path) -> None:
    samples, drugs = tmp_path / "repurposing_samples.txt", tmp_path / "repurposing_drugs.txt"
    samples.write_text(
        "!Broad Institute\n!doi\nbroad_id\tpert_iname\tqc_incompatible\tsmiles\n"
        f"BRD-1\terlotinib\t0\t{ERLOTINIB}\nBRD-2\terlotinib\t0\t{ERLOTINIB}\nBRD-3\tprobe\t0\t{IBUPROFEN}\n"
    )
    drugs.write_text(
        "!Broad Institute\n!doi\npert_iname\tclinical_phase\tmoa\ttarget\tdisease_area\tindication\n"
        "erlotinib\tLaunched\tEGFR inhibitor\tEGFR\toncology\tnon-small cell lung cancer (NSCLC)\n"
        "probe\tPreclinical\t\t\t\t\n"
    )
    names, receipt = read(samples, about=drugs)
    assert names == ["erlotinib"]
    assert receipt.dropped == {"the same molecule as an earlier row": 1, NOT_APPROVED: 1}
    assert receipt.examples["row"].tolist() == [5, 6]
    assert read(samples, ANY, about=drugs)[0] == ["erlotinib", "probe"]


def test_a_million_rows_are_streamed(tmp_path: Path) -> None:
    path = tmp_path / "million.csv"
    with path.open("w") as file:
        file.write("name,clinical_phase,smiles\n")
        for start in range(0, 1_000_000, 10_000):
            file.writelines(f"x{i},Preclinical,{IBUPROFEN}\n" for i in range(start, start + 10_000))
        file.write(f"Erlotinib,Launched,{ERLOTINIB}\n")
    names, receipt = read(path)
    assert (names, receipt.read, receipt.kept) == (["Erlotinib"], 1_000_001, 1)
    assert len(receipt.examples) == 20  # and not a million
