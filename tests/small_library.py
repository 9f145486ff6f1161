"""A library of 16 molecules for the small store, and its screen with one run on the 40 lines that have a type.

Drug by drug typed out how sensitive every cancer type is, so that a test can say what the rule must find: one poison,
hits of both classes, an approved indication that is found again and one that is not.
"""

from datetime import datetime

import numpy as np
import pandas as pd

LIBRARY, SCREEN = "approved", "20261121-111500-screen_library-0c3d"
# name, SMILES, class, indications, approved types, mechanism, target, ln(IC50) in BRCA COAD/READ GBM LUAD SKCM
MOLECULES = (
    ("Erlotinib", None, "oncology", "lung cancer", "LUAD", "EGFR inhibitor", "EGFR", (3, 3, 3, -3, 3)),
    ("Lapatinib", None, "oncology", "breast cancer", "BRCA", "EGFR inhibitor", "EGFR|ERBB2", (2, 3, 3, 3, 3)),
    ("Dabrafenib", None, "oncology", "melanoma", "SKCM", "RAF inhibitor", "BRAF", (3, -3, 3, 3, -4)),
    ("Trametinib", None, "oncology", "melanoma", "SKCM", "MEK inhibitor", "MAP2K1|MAP2K2", (2, -3, 2, -3, -4)),
    ("Olaparib", None, "oncology", "breast cancer", "BRCA", "PARP inhibitor", "PARP1|PARP2", (4, 4, 4, 4, 4)),
    ("Bortezomib", None, "oncology", "multiple myeloma", "MM", "proteasome inhibitor", "PSMB5", (-5, -5, -5, -5, -5)),
    ("Aspirin", "CC(=O)Oc1ccccc1C(=O)O", "non-oncology", "pain", "", "cyclooxygenase inhibitor", "PTGS1|PTGS2",
     (6,) * 5),
    ("Caffeine", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "non-oncology", "fatigue", "", "adenosine antagonist", "ADORA2A",
     (6,) * 5),
    ("Digoxin", "CC1OC(O)CC(O)C1O", "non-oncology", "heart failure", "", "ATPase inhibitor", "ATP1A1", (-4,) * 5),
    ("Disulfiram", "CCN(CC)C(=S)SSC(=S)N(CC)CC", "non-oncology", "alcohol dependence", "",
     "aldehyde dehydrogenase inhibitor", "ALDH2", (4, 4, -3, 4, 4)),
    ("Metformin", "CN(C)C(=N)NC(=N)N", "non-oncology", "diabetes", "", "", "", (7,) * 5),
    ("Niclosamide", "O=C(Nc1ccc(cc1Cl)[N+](=O)[O-])c1cc(Cl)ccc1O", "non-oncology", "worms", "", "STAT inhibitor",
     "STAT3", (1, 1, 1, 1, -2.4)),
    ("Paracetamol", "CC(=O)Nc1ccc(O)cc1", "non-oncology", "pain", "", "cyclooxygenase inhibitor", "PTGS2", (6,) * 5),
    ("Thioridazine", "CSc1ccc2Sc3ccccc3N(CCC3CCCCN3C)c2c1", "unknown", "", "", "", "", (5, 5, 5, -3, 5)),
    ("Verapamil", "COc1ccc(CCN(C)CCCC(C#N)(C(C)C)c2ccc(OC)c(OC)c2)cc1OC", "non-oncology", "hypertension", "",
     "calcium channel blocker", "CACNA1C", (5,) * 5),
    ("<b>Odd</b> *name*", "c1ccccc1O", "unknown", "", "", "", "", (8,) * 5),
)  # fmt: skip


def library_tables(run_id: str, lines: pd.DataFrame, drugs: pd.DataFrame, simulated: bool) -> dict[str, pd.DataFrame]:
    """library, library_screen and library_prediction. lines: cosmic_id, cancer_type; drugs: those of the store."""
    random = np.random.default_rng(7)
    lines = lines.dropna(subset=["cancer_type"])
    known = drugs.dropna(subset=["smiles"]).drop_duplicates("name").set_index("name")
    types = sorted(lines["cancer_type"].unique())
    columns = ["name", "smiles", "drug_class", "indications", "cancer_types", "mechanism", "target", "levels"]
    table = pd.DataFrame(MOLECULES, columns=columns)
    smiles = [known["smiles"].get(name, smiles) for name, smiles in zip(table["name"], table["smiles"], strict=True)]
    ids = [known["inchikey"].get(name) or f"SMILES:{one}" for name, one in zip(table["name"], smiles, strict=True)]
    table = table.assign(
        library=LIBRARY,
        smiles=smiles,
        molecule_id=ids,
        weight_g_mol=[200.0 + 20 * at for at in range(len(table))],
        source_id=LIBRARY,
    )
    place = lines["cancer_type"].map({one: at for at, one in enumerate(types)}).to_numpy()
    noise = random.normal(0, 0.4, (len(table), len(lines)))
    levels = np.array(table.pop("levels").tolist(), float)
    mean = (levels[:, place] + noise).astype(np.float32)
    spread = random.uniform(0.1, 0.4, mean.shape).astype(np.float32)
    nearest = [known["drug_id"].get(name, 1 + at % 12) for at, name in enumerate(table["name"])]
    similarity = [1.0 if name in known.index else 0.15 + 0.04 * at for at, name in enumerate(table["name"])]
    predictions = pd.DataFrame(
        {
            "screen_id": SCREEN,
            "molecule_id": table["molecule_id"],
            "mean": list(mean),
            "spread": list(spread),
            "nearest_drug_id": nearest,
            "similarity": similarity,
            "inside": [one > 0.5 for one in similarity],
        }
    )
    screen = {
        "screen_id": SCREEN,
        "library": LIBRARY,
        "run_id": run_id,
        "networks": "master, tanh",
        "created_at": datetime(2026, 11, 21, 11, 15),
        "cosmic_ids": lines["cosmic_id"].tolist(),
        "n_molecules": len(table),
        "n_lines": len(lines),
        "seconds": 2.0,
        "peak_memory_mib": 300.0,
        "quantile": 1.8,
        "floor": 0.5,
        "interval_split": "cell_line",
        "simulated": simulated,
    }
    return {"library": table, "library_screen": pd.DataFrame([screen]), "library_prediction": predictions}
