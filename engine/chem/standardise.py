"""One molecule of a library in the one form in which it is compared, kept and predicted; or why it is left out."""

from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize

from engine.chem.library import LibrarySettings
from engine.chem.molecule import MOST_ATOMS, canonical_smiles, inchikey, parent, weight_g_mol

# Anything else is a metal, a semimetal such as arsenic, or a noble gas.
ORGANIC_ELEMENTS = frozenset({"H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I"})
SLACK_G_MOL = 50.0  # standardising moves a few hydrogens: what is heavier than this beyond the limit stays too heavy

NO_STRUCTURE = "no structure"
UNREADABLE = "the structure cannot be read"
TOO_LARGE = f"too large (a SMILES of more than {MOST_ATOMS:,} characters, or as many atoms)"
FRAGMENTS = "more than one fragment (a salt or a mixture)"
INORGANIC = "inorganic (no carbon, or a metal in it)"
DUPLICATE = "the same molecule as an earlier row"


class Standard(NamedTuple):
    """A molecule that is used. molecule_id: its InChIKey, or SMILES:... where InChI cannot describe it."""

    molecule_id: str
    smiles: str
    weight_g_mol: float


def standardise(molecule: Chem.Mol, settings: LibrarySettings) -> Standard | str:
    """Functional groups in one notation, no charges that can be avoided, canonical SMILES; or a reason to leave it out.

    The reasons are checked in the order fragments, elements, weight, so a salt of a metal counts as a salt.
    RDKit writes its doings to stderr: call inside rdBase.BlockLogs().
    """
    if molecule.GetNumAtoms() > MOST_ATOMS:
        return TOO_LARGE
    if "." in Chem.MolToSmiles(molecule, canonical=False):
        if not settings.largest_fragment:
            return FRAGMENTS
        molecule = parent(molecule)
    if settings.organic_only and not _is_organic(molecule):
        return INORGANIC
    weight = weight_g_mol(molecule)
    if weight > settings.max_weight_g_mol + SLACK_G_MOL:
        return settings.too_heavy  # before the work: standardising a protein takes minutes
    if weight < settings.min_weight_g_mol - SLACK_G_MOL:
        return settings.too_light
    try:
        molecule = _UNCHARGER.uncharge(_clean(molecule))
    except (ValueError, RuntimeError):  # a valence that no rule can mend
        return UNREADABLE
    weight = weight_g_mol(molecule)
    if not settings.min_weight_g_mol <= weight <= settings.max_weight_g_mol:
        return settings.too_light if weight < settings.min_weight_g_mol else settings.too_heavy
    smiles = canonical_smiles(molecule)
    if Chem.MolFromSmiles(smiles) is None:
        return UNREADABLE  # a screen reads it from here, and would end at the one it cannot read
    return Standard(inchikey(molecule) or f"SMILES:{smiles}", smiles, weight)


_NORMALIZER, _REIONIZER = rdMolStandardize.Normalizer(), rdMolStandardize.Reionizer()
_UNCHARGER = rdMolStandardize.Uncharger()
_CHARGED_SULFOXIDE = Chem.MolFromSmarts("[#16X3+][OX1-]")


def _clean(molecule: Chem.Mol) -> Chem.Mol:
    """As rdMolStandardize.Cleanup, whose rules are read anew at every call.

    Bonds to metals stay as they were drawn; sulfoxides stay S=O, as the structures of training drugs write them, where
    the rules make S+ and O- of them, which has other fingerprint bits.
    """
    molecule = _REIONIZER.reionize(_NORMALIZER.normalize(Chem.RemoveHs(molecule)))
    found = molecule.GetSubstructMatches(_CHARGED_SULFOXIDE)
    if found:
        molecule = Chem.RWMol(molecule)
        for sulfur, oxygen in found:
            molecule.GetAtomWithIdx(sulfur).SetFormalCharge(0)
            molecule.GetAtomWithIdx(oxygen).SetFormalCharge(0)
            molecule.GetBondBetweenAtoms(sulfur, oxygen).SetBondType(Chem.BondType.DOUBLE)
        molecule = molecule.GetMol()
        Chem.SanitizeMol(molecule)
    return molecule


def _is_organic(molecule: Chem.Mol) -> bool:
    elements = {atom.GetSymbol() for atom in molecule.GetAtoms()}
    return "C" in elements and elements <= ORGANIC_ELEMENTS
