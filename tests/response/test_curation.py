import pandas as pd
import pytest

from engine.errors import InputError
from engine.response.curation import curate
from engine.response.settings import CurationSettings

LINES = pd.DataFrame(
    {
        "cosmic_id": [1, 2, 3, 4, 5, 6],
        "name": list("ABCDEF"),
        "cancer_type": ["LUAD", "LUAD", "LUAD", "SKCM", None, "SKCM"],
    }
)
DRUGS = pd.DataFrame(
    {
        "drug_id": [11, 12, 13, 14],
        "name": ["ethanol", "antibody", "giant", "unused"],
        "smiles": ["CCO", None, "CCCC", "C"],
        "weight_g_mol": [46.07, None, 1400.0, 16.0],
        "pubchem_cid": pd.array([702, 1, 2, None], dtype="Int64"),
    }
)
MUTATIONS = pd.DataFrame(
    {
        "cosmic_id": [1, 1, 2, 3, 4, 5, 6],
        "gene": ["BRAF", "BRAF", "TP53", "TTN", "KRAS", "KRAS", "KRAS"],
        "position_key": ["BRAF:600", "BRAF:600", "TP53:175", "TTN:5", "KRAS:12", "KRAS:12", "KRAS:13"],
    }
)
RESPONSES = pd.DataFrame(
    {
        "dataset": ["GDSC1", "GDSC2", "GDSC1", "GDSC1", "GDSC1", "GDSC1", "GDSC1", "GDSC1"],
        "cosmic_id": [1, 1, 2, 2, 2, 3, 4, 5],
        "drug_id": [11, 11, 11, 12, 13, 11, 11, 11],
        "ln_ic50": [1.0, 3.0, -1.0, 0.0, 0.0, 0.0, 0.5, 0.5],
    }
)


def test_each_rule_counts_what_it_leaves_out() -> None:
    data = curate(LINES, DRUGS, MUTATIONS, RESPONSES, CurationSettings(min_lines_per_type=2))
    assert data.receipt.dropped("mutations") == {
        "gene outside the census": 1,
        "line not used": 3,
        "same position of the line": 1,
    }
    assert data.receipt.dropped("drugs") == {"no structure": 1, "heavier than 1,000 g/mol": 1, "no response": 1}
    assert data.receipt.dropped("lines") == {
        "no cancer type": 1,
        "no mutation": 1,  # C, whose only mutation is in TTN
        "no response": 1,
        "cancer type with fewer than 2 lines": 1,  # D: F, of the same type, has no response
    }
    assert data.receipt.dropped("responses") == {
        "drug not used": 2,
        "averaged with another dataset": 1,
        "line not used": 3,
    }


def test_what_is_left() -> None:
    data = curate(LINES, DRUGS, MUTATIONS, RESPONSES, CurationSettings(min_lines_per_type=2))
    assert data.lines.to_dict("list") == {"cosmic_id": [1, 2], "name": ["A", "B"], "cancer_type": ["LUAD", "LUAD"]}
    assert data.drugs.to_dict("list") == {"drug_id": [11], "name": ["ethanol"], "smiles": ["CCO"]}
    assert data.pairs.to_dict("list") == {"cosmic_id": [1, 2], "drug_id": [11, 11], "ln_ic50": [2.0, -1.0]}
    assert data.mutations["position_key"].tolist() == ["BRAF:600", "TP53:175"]


def test_rules_can_be_loosened_or_tightened() -> None:
    loose = CurationSettings(census_only=False, min_lines_per_type=1, max_weight_g_mol=2000.0)
    data = curate(LINES, DRUGS, MUTATIONS, RESPONSES, loose)
    assert data.lines["cosmic_id"].tolist() == [1, 2, 3, 4]
    assert data.drugs["drug_id"].tolist() == [11, 13]
    strict = CurationSettings(min_lines_per_type=1, require_pubchem_cid=True, dataset="GDSC2")
    data = curate(LINES, DRUGS, MUTATIONS, RESPONSES, strict)
    assert data.pairs["ln_ic50"].tolist() == [3.0]
    assert data.receipt.dropped("drugs")["no PubChem CID"] == 1


def test_defaults_are_the_published_values() -> None:
    settings = CurationSettings()
    assert (settings.census_only, settings.min_lines_per_type, settings.max_weight_g_mol) == (True, 10, 1000.0)


def test_nothing_left_says_which_rule_left_it_out() -> None:
    with pytest.raises(InputError, match="No pair.*fewer than 10 lines: 3"):
        curate(LINES, DRUGS, MUTATIONS, RESPONSES)
    with pytest.raises(InputError, match="the tables are empty"):
        curate(LINES.head(0), DRUGS.head(0), MUTATIONS.head(0), RESPONSES.head(0))


@pytest.mark.parametrize("wrong", [{"min_lines_per_type": 0}, {"max_weight_g_mol": 0.0}])
def test_impossible_settings(wrong: dict) -> None:
    with pytest.raises(InputError, match=f"{next(iter(wrong))} is 0"):
        CurationSettings(**wrong)
