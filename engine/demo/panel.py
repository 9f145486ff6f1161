"""The drug panel: 60 real drugs, and for the size of the paper simple analogues of them and repeated screens."""

import numpy as np
import pandas as pd

from engine.demo import facts
from engine.demo.sizes import Size
from engine.errors import InputError

FIRST_DRUG_ID = 900_001  # far from any GDSC id
# What takes the place of a hydrogen on an aromatic carbon; each first on every parent before the next on any.
SUBSTITUENTS = ("F", "C", "Cl", "OC", "C(F)(F)F", "C#N")
ANALOGUE_NOTE = "Simulated analogue of {}: one more substituent, no real compound is meant"
REPEAT_NOTE = "The same chemical screened a second time"
MAX_WEIGHT_G_MOL = 950.0  # an analogue stays under the weight at which curation leaves drugs out


def drug_panel(size: Size) -> pd.DataFrame:
    """Drugs in the columns of a drug table, and `parent`, the row of the real drug each one comes from.

    Columns: drug_id, drug_name, target, pathway, pubchem_cid (missing for analogues), smiles, inchikey, note, parent.
    Raises InputError where the substituents do not yield as many analogues as asked for.
    """
    real = facts.drugs().drop(columns="typical_ln_ic50_um").assign(parent=range(len(facts.drugs())), note="")
    analogues = _analogues(real, size.chemicals - len(real)) if size.chemicals > len(real) else real.iloc[:0]
    repeats = real.iloc[: size.repeats].assign(note=REPEAT_NOTE)
    panel = pd.concat([real, analogues, repeats], ignore_index=True)
    panel["pubchem_cid"] = panel["pubchem_cid"].astype("Int64")
    panel.insert(0, "drug_id", np.arange(len(panel)) + FIRST_DRUG_ID)
    return panel


def _analogues(real: pd.DataFrame, wanted: int) -> pd.DataFrame:
    """`wanted` distinct new structures, round by round over parents, so that none has many."""
    from rdkit import Chem  # slow to load, and the embedded cohort needs none of it

    from engine.chem.molecule import inchikey, parse_smiles, weight_g_mol

    parents = [parse_smiles(smiles, name) for name, smiles in zip(real["drug_name"], real["smiles"], strict=True)]
    seen = {Chem.MolToSmiles(parent) for parent in parents}
    made: list[dict[str, object]] = []
    for substituent in SUBSTITUENTS:
        for row, parent in enumerate(parents):
            if len(made) == wanted:
                return pd.DataFrame(made)
            found = _substituted(parent, substituent, seen)
            if found is None or weight_g_mol(found) > MAX_WEIGHT_G_MOL:
                continue
            seen.add(Chem.MolToSmiles(found))
            drug = real.iloc[row]
            made.append(
                {
                    "drug_name": f"SIM-{drug['drug_name']} {substituent}",
                    "target": drug["target"],
                    "pathway": drug["pathway"],
                    "pubchem_cid": None,
                    "smiles": Chem.MolToSmiles(found),
                    "inchikey": inchikey(found),
                    "parent": row,
                    "note": ANALOGUE_NOTE.format(drug["drug_name"]),
                }
            )
    if len(made) < wanted:
        raise InputError(f"Only {len(made)} analogues can be made of the drugs, {wanted} are asked for.")
    return pd.DataFrame(made)


def _substituted(parent, substituent: str, seen: set[str]):
    """`parent` with `substituent` at its first aromatic C-H that gives a structure not in `seen`, else None."""
    from rdkit import Chem

    piece = Chem.MolFromSmiles(substituent)
    for atom in parent.GetAromaticAtoms():
        if atom.GetSymbol() != "C" or atom.GetTotalNumHs() != 1:
            continue
        joined = Chem.RWMol(Chem.CombineMols(parent, piece))
        joined.AddBond(atom.GetIdx(), parent.GetNumAtoms(), Chem.BondType.SINGLE)
        made = Chem.MolFromSmiles(Chem.MolToSmiles(joined))
        if made is not None and Chem.MolToSmiles(made) not in seen:
            return made
    return None
