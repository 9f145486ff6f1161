"""A cohort small enough to train on in seconds, with one planted effect."""

import numpy as np
import pandas as pd

SMILES = [
    "CCO",
    "c1ccccc1C(=O)NC",
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1CCC[C@H]1c1cccnc1",
    "O=C(Nc1ccccc1)c1ccncc1",
    "CCN(CC)CC",
]


def tables(n_lines=24, n_positions=1400, types=("SKCM", "LUAD")):
    """Equal shares of the types; lines with ABL1:1 respond to drug 2. Genes of the census, or nothing is left."""
    rng = np.random.default_rng(0)
    genes = ("ABL1", "BRAF", "EGFR", "KRAS", "TP53")
    keys = [f"{gene}:{i}" for gene in genes for i in range(1, n_positions // 5 + 1)]
    rows = [(1 + i % n_lines, key.split(":")[0], key) for i, key in enumerate(keys)]
    rows += [(1 + i, "ABL1", "ABL1:1") for i in range(0, n_lines, 2)]
    pairs = [(line, drug) for line in range(1, n_lines + 1) for drug in range(1, 7)]
    response = pd.DataFrame(pairs, columns=["cosmic_id", "drug_id"])
    response["ln_ic50"] = response["drug_id"] + rng.normal(0, 0.1, len(pairs))
    response.loc[(response["drug_id"] == 2) & (response["cosmic_id"] % 2 == 1), "ln_ic50"] -= 4
    types = [types[i * len(types) // n_lines] for i in range(n_lines)]
    return {
        "cell_line.parquet": pd.DataFrame(
            {"cosmic_id": range(1, n_lines + 1), "name": [f"L{i}" for i in range(n_lines)], "cancer_type": types}
        ),
        "drug.parquet": pd.DataFrame(
            {"drug_id": range(1, 7), "name": list("abcdef"), "smiles": SMILES, "weight_g_mol": 200.0}
        ),
        "mutation.parquet": pd.DataFrame(rows, columns=["cosmic_id", "gene", "position_key"]),
        "response.parquet": response.assign(dataset="T"),
    }
