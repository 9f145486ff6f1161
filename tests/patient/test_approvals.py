import pandas as pd
import pytest

from engine.patient.approvals import _plain, approval_of
from engine.settings import REFERENCE


def said(name, inchikey=None):
    row = approval_of(pd.DataFrame({"name": [name], "inchikey": [inchikey]})).iloc[0]
    return row["approved"], row["approval"]


@pytest.mark.parametrize(
    ("name", "approved", "words"),
    [
        ("Dabrafenib", True, "approved for cancer (FDA 2013)"),
        ("GSK-2118436", True, "approved for cancer (FDA 2013)"),
        ("5-Fluorouracil", True, "approved for cancer (FDA 1962)"),
        ("Vinorelbine ", True, "approved for cancer (FDA 1994)"),
        ("Bleomycin (50 uM)", True, "approved for cancer (FDA 1973)"),
        ("Palbociclib (PD0332991)", True, "approved for cancer (FDA 2015)"),
        ("Imatinib mesylate", True, "approved for cancer (FDA 2001)"),
        ("PD0325901", True, "approved for cancer (FDA 2025: plexiform neurofibroma, a benign tumour)"),
        ("Pyrimethamine", True, "approved, not for cancer (FDA 1953: malaria, toxoplasmosis)"),
        ("Phenformin", False, "not approved any more (FDA 1959: diabetes; withdrawn 1978)"),
        ("PLX-4720", False, "not approved (forerunner of vemurafenib, which is approved)"),
        ("Nutlin-3a (-)", False, "not approved"),
        ("(5Z)-7-Oxozeaenol", False, "not approved"),
    ],
)
def test_what_the_fda_says(name, approved, words):
    assert said(name) == (approved, words)


def test_a_drug_the_list_does_not_have_is_unknown():
    approved, words = said("CDK9_5576")
    assert pd.isna(approved) and words == ""
    assert pd.isna(said(None)[0]) and pd.isna(said("(-)")[0])


def test_structure_finds_a_drug_under_another_name_but_a_known_name_decides():
    assert said("my compound 7", "BFSMGDJOXZAERB-UHFFFAOYSA-N") == (True, "approved for cancer (FDA 2013)")
    # epirubicin is a stereoisomer of doxorubicin: their first blocks are the same
    assert said("Epirubicin", "AOJJSUZBOXZQNB-VTZDEGQISA-N") == (True, "approved for cancer (FDA 1999)")


def test_row_for_row():
    drugs = pd.DataFrame({"inchikey": [pd.NA] * 3, "name": ["JQ1", "nobody knows", "Olaparib"]}, index=[9, 2, 2])
    found = approval_of(drugs)
    assert list(found.index) == [9, 2, 2]
    assert found["approved"].dtype == "boolean"
    assert found["approved"].tolist() == [False, pd.NA, True]
    assert approval_of(drugs.iloc[:0]).columns.tolist() == ["approved", "approval"]


def test_the_list_is_whole():
    table = pd.read_csv(REFERENCE / "drug_approvals.csv", dtype=str, keep_default_na=False)
    assert set(table["status"]) == {"approved_cancer", "approved_other", "withdrawn", "not_approved"}
    assert ((table["year"] != "") == (table["status"] != "not_approved")).all()
    assert ((table["withdrawn"] != "") == (table["status"] == "withdrawn")).all()
    names = [_plain(name) for row in table.itertuples() for name in [row.name, *filter(None, row.synonyms.split("|"))]]
    assert len(names) == len(set(names))
    blocks = table.loc[table["inchikey_block"] != "", "inchikey_block"]
    assert blocks.is_unique and blocks.str.fullmatch("[A-Z]{14}").all()


@pytest.mark.real_data
def test_nearly_every_drug_of_gdsc_is_in_the_list(real_data):
    drugs = pd.read_csv(real_data / "response" / "drugs.csv").rename(columns={"drug_name": "name"})
    found = approval_of(drugs)
    assert drugs.loc[found["approved"].isna(), "name"].tolist() == ["Genentech Cpd 10", "ICL1100013"]
    assert found["approved"].sum() == 62  # of 267 rows; some drugs were screened twice
