"""The cell lines most like a patient, and what drugs did to them: evidence that needs no network."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from engine.patient.predictor import Predictor
from engine.patient.types import NearLine

NEAREST = 5
EVIDENCE_COLUMNS = (
    "cosmic_id", "name", "cancer_type", "similarity", "shared_positions", "shared_genes", "ln_ic50", "ic50_um",
    "z_score",
)  # fmt: skip


def similarities(predictor: Predictor, keys: Collection[str], sequenced: Collection[str] | None = None) -> np.ndarray:
    """(l,) shared positions / positions of either (Jaccard) with every line of `predictor.screened`.

    sequenced: only positions in these genes, and in those of the keys, count; None counts all. A line that shares none
    has 0.
    """
    screened, own = predictor.screened, set(keys)
    counted = np.ones(len(screened.positions), bool)
    if sequenced is not None:
        counted = np.isin(screened.genes, [*sequenced, *(key.partition(":")[0] for key in own)])
    shared = np.zeros(len(screened.positions), np.int64)
    shared[[screened.positions.index[key] for key in own if key in screened.positions.index]] = 1
    both = screened.bits @ (shared & counted)
    either = screened.bits @ counted.astype(np.int64) + len(own) - both
    return np.divide(both, either, out=np.zeros(len(both)), where=either > 0)


def ordered_lines(
    predictor: Predictor,
    keys: Collection[str],
    sequenced: Collection[str] | None = None,
    cancer_type: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the lines that share a position, most similar first, and their similarities.

    Of equally similar ones those of the patient's cancer type come first, then those with fewer other mutations.
    """
    similarity = similarities(predictor, keys, sequenced)
    screened = predictor.screened
    other_type = (screened.lines["cancer_type"] != cancer_type).to_numpy() if cancer_type else 0 * similarity
    rows = np.lexsort((screened.lines["cosmic_id"], np.diff(screened.bits.indptr), other_type, -similarity))
    rows = rows[similarity[rows] > 0]
    return rows, similarity[rows]


def nearest_lines(
    predictor: Predictor,
    keys: Collection[str],
    n: int = NEAREST,
    sequenced: Collection[str] | None = None,
    cancer_type: str | None = None,
) -> tuple[NearLine, ...]:
    """The n most similar of all lines with mutations in the store, measured or not; lines that share nothing are none.

    sequenced, cancer_type: as in `ordered_lines`.
    """
    rows, similarity = ordered_lines(predictor, keys, sequenced, cancer_type)
    measured = np.isfinite(predictor.screened.ln_ic50)
    found = []
    for row, value in zip(rows[:n], similarity[:n], strict=True):
        line = predictor.screened.lines.iloc[row]
        positions, genes = _shared(predictor, keys, row)
        found.append(
            NearLine(
                int(line["cosmic_id"]), str(line["name"]), line["cancer_type"], float(value), positions, genes,
                int(measured[row].sum()),
            )
        )  # fmt: skip
    return tuple(found)


def evidence(
    predictor: Predictor,
    keys: Collection[str],
    drug_id: int,
    n: int = NEAREST,
    sequenced: Collection[str] | None = None,
    cancer_type: str | None = None,
) -> pd.DataFrame:
    """The n most similar lines measured with a drug: EVIDENCE_COLUMNS, most similar first; fewer where fewer share.

    z_score: of the measured value among all measured lines of the drug. Raises InputError for an unknown drug.
    """
    screened = predictor.screened
    column = predictor.drug_rows([drug_id])[0]
    rows, similarity = ordered_lines(predictor, keys, sequenced, cancer_type)
    measured = np.isfinite(screened.ln_ic50[rows, column])
    rows, similarity = rows[measured][:n], similarity[measured][:n]
    shared = [_shared(predictor, keys, row) for row in rows]
    values = screened.ln_ic50[rows, column]
    return screened.lines.iloc[rows].reset_index(drop=True).assign(
        similarity=similarity,
        shared_positions=[", ".join(positions) for positions, _ in shared],
        shared_genes=[", ".join(genes) for _, genes in shared],
        ln_ic50=values,
        ic50_um=np.exp(values),
        z_score=(values - screened.mean[column]) / screened.sd[column],
    )[list(EVIDENCE_COLUMNS)]  # fmt: skip


def nearest_response(predictor: Predictor, rows: np.ndarray, n: int = NEAREST) -> tuple[np.ndarray, np.ndarray]:
    """(d,) mean z-score of the n first of these lines that were measured with each drug, and how many those are."""
    z = predictor.screened.z_scores(predictor.screened.ln_ic50[rows])
    measured = np.isfinite(z)
    taken = measured & (np.cumsum(measured, axis=0) <= n)
    counts = taken.sum(axis=0)
    total = np.where(taken, z, 0).sum(axis=0)
    return np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0), counts


def _shared(predictor: Predictor, keys: Collection[str], row: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Positions and genes mutated in both, by name."""
    theirs = predictor.screened.keys_of(row)
    genes = {key.partition(":")[0] for key in keys}
    return (
        tuple(sorted(set(theirs) & set(keys))),
        tuple(sorted({key.partition(":")[0] for key in theirs} & genes)),
    )
