"""Applicability domain: how far a line or a drug lies from those a model was trained on.

n, t = lines or drugs asked about and trained on; g = positions of the vocabulary, m = drug bits.
Similarity: shared bits / bits of either (Jaccard; for fingerprints called Tanimoto).
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from engine.response.folds import Fold

FEWEST_POSITIONS = 3  # known mutated positions under which a genome says next to nothing
# Of training lines (drugs), so many percent lie as far from all others as what is flagged.
UNUSUAL_PERCENT = 5.0


class Nearest(NamedTuple):
    """row: (n,) of the most similar training row, the first of equals; similarity: (n,) 0 to 1."""

    row: np.ndarray
    similarity: np.ndarray


def nearest(bits: csr_matrix, training: csr_matrix, sizes: np.ndarray | None = None) -> Nearest:
    """The most similar of (t, g) training rows for each of (n, g) rows of 0 and 1.

    sizes: (n,) bits in all of each row, where some lie outside the vocabulary; they count against similarity.
    """
    return Nearest(*_best(_similarity(bits, training, sizes)))


def usual_similarity(training: csr_matrix, group: np.ndarray | None = None) -> float:
    """What 95 % of training rows reach with their most similar other one; group: rows of one compound are no others."""
    similarity = _similarity(training, training)
    group = np.arange(training.shape[0]) if group is None else group
    similarity[group[:, None] == group[None, :]] = -1.0
    best = similarity.max(axis=1)
    best = best[best >= 0]
    return float(np.percentile(best, UNUSUAL_PERCENT)) if len(best) else 0.0


def _similarity(bits: csr_matrix, training: csr_matrix, sizes: np.ndarray | None = None) -> np.ndarray:
    own = np.asarray(bits.sum(axis=1), float).ravel() if sizes is None else np.asarray(sizes, float)
    other = np.asarray(training.sum(axis=1), float).ravel()
    shared = (bits.astype(np.int32) @ training.astype(np.int32).T).toarray()
    union = own[:, None] + other[None, :] - shared
    return np.divide(shared, union, out=np.zeros(union.shape), where=union > 0)


def _best(similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row = similarity.argmax(axis=1)
    return row, similarity[np.arange(len(row)), row]


def lines_inside(similarity: np.ndarray, known_positions: np.ndarray, usual: float) -> np.ndarray:
    """(n,) whether a line has enough known positions and is not less similar than training lines are to each other."""
    return (known_positions >= FEWEST_POSITIONS) & (similarity >= usual)


def domain_rows(run_id: str, fold: "Fold") -> pd.DataFrame:
    """Rows of the table `domain` for every line and drug of the test pairs; what was trained on is its own nearest."""
    cohort, n_positions = fold.cohort, fold.n_positions
    known_lines, lines = np.unique(cohort.line[fold.train]), np.unique(cohort.line[fold.test])
    genomes = cohort.genomes
    near = nearest(genomes[lines], genomes[known_lines], n_positions[lines])
    nearest_line = np.where(np.isin(lines, known_lines), lines, known_lines[near.row])
    known = np.diff(genomes.indptr)[lines]
    similarity = np.where(nearest_line == lines, 1.0, near.similarity)
    cosmic = cohort.lines["cosmic_id"].to_numpy()
    line_rows = pd.DataFrame(
        {
            "subject": "cell_line",
            "id": cosmic[lines],
            "nearest_id": cosmic[nearest_line],
            "similarity": similarity,
            "positions": n_positions[lines],
            "known_positions": known,
            "inside": lines_inside(similarity, known, usual_similarity(genomes[known_lines])),
        }
    )
    known_drugs, drugs = np.unique(cohort.drug[fold.train]), np.unique(cohort.drug[fold.test])
    bits = csr_matrix(cohort.drug_bits)
    near = nearest(bits[drugs], bits[known_drugs])
    nearest_drug = np.where(np.isin(drugs, known_drugs), drugs, known_drugs[near.row])
    similarity = np.where(nearest_drug == drugs, 1.0, near.similarity)
    ids = cohort.drugs["drug_id"].to_numpy()
    usual = usual_similarity(bits[known_drugs], fold.structure[known_drugs])
    drug_rows = pd.DataFrame(
        {
            "subject": "drug",
            "id": ids[drugs],
            "nearest_id": ids[nearest_drug],
            "similarity": similarity,
            "inside": similarity >= usual,
        }
    )
    both = pd.concat([line_rows, drug_rows], ignore_index=True)
    return both.assign(run_id=run_id, fold=fold.number).astype({"positions": "Int32", "known_positions": "Int32"})
