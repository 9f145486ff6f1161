import pytest

from engine.chem.molecule import canonical_smiles, inchikey, parent, parse_smiles, weight_g_mol
from engine.errors import MoleculeError

ERLOTINIB = "COCCOC1=C(C=C2C(=C1)C(=NC=N2)NC3=CC=CC(=C3)C#C)OCCOC"


def test_weight_and_key_of_erlotinib() -> None:
    molecule = parse_smiles(ERLOTINIB)
    assert weight_g_mol(molecule) == pytest.approx(393.44, abs=0.01)
    assert inchikey(molecule) == "AAKJLRGGTJKAMG-UHFFFAOYSA-N"


def test_the_parent_of_a_salt_is_its_largest_fragment() -> None:
    assert canonical_smiles(parent(parse_smiles("Cl.CCN"))) == "CCN"
    assert canonical_smiles(parent(parse_smiles("CCO"))) == "CCO"


@pytest.mark.parametrize("smiles", ["C1CC", "not a molecule", "c1ccccc1(("])
def test_an_unreadable_smiles_is_named_with_its_row(smiles: str) -> None:
    with pytest.raises(MoleculeError, match=r"row 7 \(Mystery\): the SMILES .* cannot be read"):
        parse_smiles(smiles, "row 7 (Mystery)")


def test_an_empty_smiles() -> None:
    with pytest.raises(MoleculeError, match="the SMILES is empty"):
        parse_smiles("  ")


def test_a_smiles_that_would_end_the_process_is_refused():
    with pytest.raises(MoleculeError, match="row 7: the SMILES has 50,000 characters, more than 5,000"):
        parse_smiles("C" * 50_000, "row 7")
