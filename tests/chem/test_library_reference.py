"""The list of approved drugs and the table of indication words that come with the repository."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from rdkit import Chem, rdBase
from rdkit.Chem.MolStandardize.rdMolStandardize import Uncharger
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from engine.chem import indications
from engine.chem.library import LIBRARY_COLUMNS, LibraryReceipt, stream_library
from engine.chem.library_rows import drug_class_of
from engine.chem.molecule import parent
from engine.settings import REFERENCE

UNCHARGER = Uncharger()
LIST = REFERENCE / "approved_library.csv"
FACTS = {  # formula and first block of the InChIKey, as in the drugs' labels and PubChem
    "Imatinib": ("C29H31N7O", "KTUFNOKKBVMGRW"),
    "Vemurafenib": ("C23H18ClF2N3O3S", "GPXBXXGIAQBQNI"),
    "Olaparib": ("C24H23FN4O3", "FDLYAMZZIXQODN"),
    "Bortezomib": ("C19H25BN4O4", "GXJABQQUPOEUTA"),
    "Doxorubicin": ("C27H29NO11", "AOJJSUZBOXZQNB"),
    "Sotorasib": ("C30H30F2N6O3", "NXQKSXLFSAEQCZ"),
    "Fulvestrant": ("C32H47F5O3S", "VWUXBMIQPBEWFH"),
    "Atorvastatin": ("C33H35FN2O5", "XUKUURHRXDUEBC"),
    "Omeprazole": ("C17H19N3O3S", "SUBDBMMJDZJVOS"),
    "Morphine": ("C17H19NO3", "BQJCRHHNABKAKU"),
    "Dexamethasone": ("C22H29FO5", "UREBDLICKHMUKA"),
    "Colchicine": ("C22H25NO6", "IAKHMKGGTNLKSZ"),
}


def rows() -> list[dict[str, str]]:
    with LIST.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_drug_of_the_list_is_kept_with_its_class() -> None:
    receipt = LibraryReceipt()
    (frame,) = stream_library(LIST, None, receipt)
    assert receipt.dropped == {} and receipt.kept == len(rows()) >= 150
    assert frame.columns.tolist() == list(LIBRARY_COLUMNS)
    assert frame["drug_class"].tolist() == [row["drug_class"] for row in rows()]
    assert 0.25 <= frame["drug_class"].eq("oncology").mean() <= 0.45
    assert not any("TCGA labels" in note or "given weight" in note for note in receipt.notes)
    # Structures are written in the form in which they are kept, and every fact is there.
    assert frame["smiles"].tolist() == [row["smiles"] for row in rows()]
    assert all(row["indications"] and row["mechanism"] and row["target"] and row["source"] for row in rows())
    assert frame["name"].is_unique and frame["molecule_id"].is_unique
    found = frame.set_index("name")
    told = {
        name: (CalcMolFormula(Chem.MolFromSmiles(one.smiles)), one.molecule_id[:14]) for name, one in found.iterrows()
    }
    assert {name: told[name] for name in FACTS} == FACTS
    # The drug is the Z isomer; of bendamustine only indolent lymphomas are on the label, which no TCGA type stands for.
    assert found["molecule_id"]["Teriflunomide"] == "UTNUDOFZCWSZMS-YFHOEESVSA-N"
    assert found["cancer_types"][["Bendamustine", "Niraparib"]].tolist() == ["CLL", "OV|PRAD"]


def test_classes_and_types_of_the_list_follow_from_its_indications() -> None:
    wrong = []
    for row in rows():
        types = {label for part in indications.parts(row["indications"]) for label in indications.meaning(part).types}
        if ("|".join(sorted(types)), drug_class_of({"indications": row["indications"]})) != (
            row["cancer_types"], row["drug_class"]
        ):  # fmt: skip
            wrong.append(row["name"])
    assert wrong == []


def test_approvals_of_every_formulation_palliation_and_prevention_count() -> None:
    told = {row["name"]: (row["drug_class"], set(row["cancer_types"].split("|"))) for row in rows()}
    # Palliation of leukemias and lymphomas, of acute leukemia of childhood; dexamethasone also for myeloma.
    assert told["Prednisone"] == told["Hydrocortisone"] == ("oncology", {"ALL"})
    assert told["Dexamethasone"] == ("oncology", {"ALL", "MM"})
    assert told["Raloxifene"] == ("oncology", {"BRCA"})  # reduction of risk: a finding there is not new
    assert told["Irinotecan"] == ("oncology", {"COAD_READ", "PAAD"})  # the second: liposomal
    assert "MM" in told["Doxorubicin"][1]  # liposomal, with bortezomib
    assert "BLCA" in told["Gemcitabine"][1] and "UVM" in told["Melphalan"][1]  # into bladder and liver


@pytest.mark.real_data
def test_the_readme_says_how_the_structures_were_checked(real_data: Path) -> None:
    """Keys of the list among those of public lists, as drawn and of their largest fragments without charges."""
    folder = real_data / "response"
    public = [REFERENCE / "demo_drugs.csv", folder / "drugs.csv", folder / "approved_drugs.csv.gz"]
    known: set[str] = set()
    with rdBase.BlockLogs():
        for path in public:
            table = pd.read_csv(path, dtype=str)
            known |= set(table.get("inchikey", pd.Series(dtype=str)).dropna())
            for smiles in pd.concat([table[name] for name in table.columns if name.startswith("smiles")]).dropna():
                if molecule := Chem.MolFromSmiles(smiles.split(" ")[0]):
                    known |= {Chem.MolToInchiKey(molecule), Chem.MolToInchiKey(UNCHARGER.uncharge(parent(molecule)))}
        keys = [Chem.MolToInchiKey(Chem.MolFromSmiles(row["smiles"])) for row in rows()]
    blocks = {key[:14] for key in known}
    whole = sum(key in known for key in keys)
    block = sum(key not in known and key[:14] in blocks for key in keys)
    absent = sum(key[:14] not in blocks for key in keys)
    text = (REFERENCE / "README.md").read_text(encoding="utf-8")
    oncology = sum(row["drug_class"] == "oncology" for row in rows())
    assert f"| {len(keys)} well-known approved small molecules, {oncology} of them for cancer" in text
    assert f"{whole} have the InChIKey that public lists have" in text
    assert f"{block} only its first block" in text and f"and {absent} are in no list at hand" in text


def test_the_table_of_words_has_known_labels_once_each() -> None:
    with (REFERENCE / "indication_types.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert {row["cancer"] for row in table} == {"yes", "no"}
    assert [row for row in table if row["cancer_types"] and indications.labels(row["cancer_types"])[1]] == []
    words = [row["indication"] for row in table]
    assert len(set(words)) == len(words)
    assert [row for row in table if row["cancer"] == "no" and row["cancer_types"]] == []


@pytest.mark.parametrize(
    ("text", "cancer", "types"),
    [
        ("melanoma", True, ("SKCM",)),
        ("Metastatic MELANOMA, unresectable", True, ("SKCM",)),
        ("uveal melanoma", True, ("UVM",)),
        ("non-small cell lung cancer (NSCLC)", True, ("LUAD", "LUSC")),
        ("small cell lung cancer", True, ("SCLC",)),
        ("lung cancer", True, ("LUAD", "LUSC", "SCLC")),
        ("Non-Hodgkin's lymphoma (NHL)", True, ("DLBC",)),
        ("Hodgkin's lymphomas", True, ()),
        ("indolent B-cell non-Hodgkin's lymphoma (NHL)", True, ()),
        ("esophageal squamous cell carcinoma", True, ("ESCA",)),
        ("lung cancer, non-small cell", True, ("LUAD", "LUSC")),
        # Headings of MeSH, as ChEMBL tells indications.
        ("Ovarian Neoplasms", True, ("OV",)),
        ("Carcinoma, Non-Small-Cell Lung", True, ("LUAD", "LUSC")),
        ("Leukemia, Myeloid, Acute", True, ("LAML",)),
        ("Adrenal Gland Neoplasms", True, ()),
        ("cancer-associated pain", False, ()),
        ("acute myeloid leukaemia and breast cancer", True, ("BRCA", "LAML")),
        ("oesophageal tumours, oesophageal cancer", True, ("ESCA",)),
        ("breakthrough cancer pain", False, ()),
        ("hypertension", False, ()),
        ("acute leukemia of childhood", True, ("ALL",)),
        ("inflammatory myofibroblastic tumours", True, ()),
    ],
)
def test_words_of_indications(text: str, cancer: bool, types: tuple[str, ...]) -> None:
    assert indications.meaning(text) == (cancer, types)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, "unknown"),
        ({"class": "unknown"}, "unknown"),
        ({"class": "unknown", "indications": "melanoma"}, "oncology"),
        ({"class": "non-oncology", "indications": "melanoma"}, "non-oncology"),
        ({"class": "kinase inhibitor", "indications": "hypertension"}, "non-oncology"),
        ({"oncology": "yes"}, "oncology"),
        ({"oncology": "No"}, "non-oncology"),
        ({"oncology": "1"}, "oncology"),
        ({"area": "infectious disease|oncology"}, "oncology"),
        ({"area": "hematologic malignancy"}, "oncology"),
        ({"area": "cardiology"}, "non-oncology"),
        ({"atc": "L01EA01"}, "oncology"),
        ({"atc": "C10AA05; L02BA01"}, "oncology"),
        ({"atc": "C10AA05"}, "non-oncology"),
    ],
)
def test_class_of_a_drug(told: dict[str, str], expected: str) -> None:
    assert drug_class_of(told) == expected


def test_a_library_that_names_types_itself(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("smiles,oncology,cancer_types\nCC(C)Cc1ccc(cc1)C(C)C(=O)O,yes,skcm;COREAD|MOON\n")
    receipt = LibraryReceipt()
    (frame,) = stream_library(path, None, receipt)
    assert frame["cancer_types"].tolist() == ["COAD_READ|SKCM"]
    assert "1 cancer types are no TCGA labels and were left out: MOON (1)." in receipt.notes


@pytest.mark.real_data
def test_the_approved_list_is_accounted_for(real_data: Path) -> None:
    """Another edition of the list that the paper took 1,487 drugs of (102 oncology, 1,385 non-oncology) from."""
    receipt = LibraryReceipt()
    frames = list(stream_library(real_data / "response" / "approved_drugs.csv.gz", None, receipt))
    assert receipt.read == 2427 == receipt.kept + sum(receipt.dropped.values())
    assert receipt.kept == 1883 == sum(map(len, frames))
    assert receipt.dropped == {
        "heavier than 650 g/mol": 181,
        "lighter than 200 g/mol": 296,
        "inorganic (no carbon, or a metal in it)": 38,
        "more than one fragment (a salt or a mixture)": 18,
        "the same molecule as an earlier row": 11,
    }
    classes = sum((frame["drug_class"].value_counts() for frame in frames[1:]), frames[0]["drug_class"].value_counts())
    assert classes.to_dict() == {"non-oncology": 1578, "oncology": 164, "unknown": 141}
