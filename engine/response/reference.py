"""What a run was trained on, kept beside its networks: so that a new line or drug can be told how far away it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, load_npz, save_npz

from engine.response.domain import nearest, usual_similarity

if TYPE_CHECKING:
    from engine.response.folds import Fold


@dataclass(frozen=True)
class Reference:
    """cosmic_ids (t,), genomes (t, g) over the positions `keys` (g,); drug_ids (u,), drug_bits (u, m).

    structure: (u,) number of each drug's compound.
    """

    cosmic_ids: np.ndarray
    genomes: csr_matrix
    keys: np.ndarray
    drug_ids: np.ndarray
    drug_bits: np.ndarray
    structure: np.ndarray


def save_reference(results: Path, fold: "Fold") -> None:
    """The training lines and drugs of a fold; of several folds the first is kept."""
    if (results / "reference.npz").exists():
        return
    cohort = fold.cohort
    lines, drugs = np.unique(cohort.line[fold.train]), np.unique(cohort.drug[fold.train])
    save_npz(results / "reference_genomes.npz", cohort.genomes[lines])
    part = results / "reference.part.npz"  # a run killed here must not leave half a file that counts as kept
    np.savez_compressed(
        part,
        cosmic_ids=cohort.lines["cosmic_id"].to_numpy()[lines],
        keys=np.array(cohort.vocabulary.keys, dtype=str),
        drug_ids=cohort.drugs["drug_id"].to_numpy()[drugs],
        drug_bits=np.packbits(cohort.drug_bits[drugs].astype(np.uint8), axis=1),
        n_drug_bits=cohort.drug_bits.shape[1],
        structure=fold.structure[drugs],
    )
    part.replace(results / "reference.npz")


def load_reference(results: Path) -> Reference | None:
    """None where the run is older than this file."""
    if not (results / "reference.npz").exists():
        return None
    kept = np.load(results / "reference.npz")
    bits = np.unpackbits(kept["drug_bits"], axis=1, count=int(kept["n_drug_bits"]))
    genomes = csr_matrix(load_npz(results / "reference_genomes.npz"))
    return Reference(kept["cosmic_ids"], genomes, kept["keys"], kept["drug_ids"], bits, kept["structure"])


def drugs_domain(reference: Reference, drug_bits: np.ndarray) -> pd.DataFrame:
    """nearest_drug, drug_similarity, drug_inside for the (d, m) bits of drugs, in their order."""
    training = csr_matrix(reference.drug_bits)
    near = nearest(csr_matrix(drug_bits), training)
    return pd.DataFrame(
        {
            "nearest_drug": reference.drug_ids[near.row],
            "drug_similarity": near.similarity,
            "drug_inside": near.similarity >= usual_similarity(training, reference.structure),
        }
    )
