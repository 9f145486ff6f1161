"""SMILES -> molecule, or an error that names the row."""

from rdkit import Chem, rdBase
from rdkit.Chem import Descriptors, rdinchi

from engine.errors import MoleculeError

# RDKit follows a molecule atom by atom on the stack: a chain of 20,000 ends the whole process.
MOST_ATOMS = 5_000


def _at(where: str) -> str:
    return f"{where}: " if where else ""


def parse_smiles(smiles: str, where: str = "") -> Chem.Mol:
    """The molecule of a SMILES.

    where: what the message starts with, such as "row 7 (Erlotinib)".
    Raises MoleculeError naming `where` and the SMILES.
    """
    text = smiles.strip() if isinstance(smiles, str) else ""
    if not text:
        raise MoleculeError(f"{_at(where)}the SMILES is empty: give a structure.")
    if len(text) > MOST_ATOMS:
        raise MoleculeError(f"{_at(where)}the SMILES has {len(text):,} characters, more than {MOST_ATOMS:,}: check it.")
    with rdBase.BlockLogs():  # RDKit writes its reasons to stderr; the error carries what a person needs
        molecule = Chem.MolFromSmiles(text)
    if molecule is None or molecule.GetNumAtoms() == 0:
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise MoleculeError(f"{_at(where)}the SMILES {shown!r} cannot be read: check it for a typing error.")
    return molecule


def parent(molecule: Chem.Mol) -> Chem.Mol:
    """The fragment with most heavy atoms (the first of equals): a salt's counter-ion is not the drug."""
    fragments = Chem.GetMolFrags(molecule, asMols=True)
    return max(fragments, key=lambda fragment: fragment.GetNumHeavyAtoms())


def weight_g_mol(molecule: Chem.Mol) -> float:
    """Average molecular weight in g/mol, hydrogens included."""
    return float(Descriptors.MolWt(molecule))


def inchikey(molecule: Chem.Mol) -> str:
    """The standard InChIKey, empty where InChI cannot describe the molecule."""
    with rdBase.BlockLogs():
        return str(rdinchi.MolToInchiKey(molecule) or "")


def canonical_smiles(molecule: Chem.Mol) -> str:
    """RDKit's canonical SMILES, stereochemistry included."""
    return str(Chem.MolToSmiles(molecule))
