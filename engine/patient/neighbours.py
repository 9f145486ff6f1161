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


def nearest_response(
    predictor: Predictor,
    rows: np.ndarray,
    similarity: np.ndarray,
    n: int = NEAREST,
    cancer_type: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(d,) mean z-score, weighted by similarity, of the n lines nearest among those measured with each drug, and how
    many lines that are: more than n where others are as near as the n-th, as no order between them means anything.

    rows, similarity: of `ordered_lines`, most similar first. cancer_type: as it was given there; of equally similar
    lines those of the type are nearer.
    """
    z = predictor.screened.z_scores(predictor.screened.ln_ic50[rows])
    measured = np.isfinite(z)
    near = similarity[:, None]
    step = _steps(predictor, rows, similarity, cancer_type)[:, None]
    first = measured & (np.cumsum(measured, axis=0) <= n)
    taken = measured & (step <= np.where(first, step, -1).max(axis=0, initial=-1))
    weight = np.where(taken, near, 0)
    total, weights = np.where(taken, z, 0) * weight, weight.sum(axis=0)
    mean = np.divide(total.sum(axis=0), weights, out=np.full(len(weights), np.nan), where=weights > 0)
    return mean, taken.sum(axis=0)


def most_sensitive(predictor: Predictor, cosmic_id: int, n: int) -> pd.DataFrame:
    """The n measured drugs to which a line is most sensitive among all measured lines: drug_id, ln_ic50, z_score."""
    screened = predictor.screened
    rows = np.flatnonzero(screened.lines["cosmic_id"].to_numpy() == cosmic_id)
    values = screened.ln_ic50[rows[:1]].sum(axis=0) if len(rows) else np.full(len(screened.mean), np.nan)
    found = pd.DataFrame({"drug_id": predictor.drugs["drug_id"], "ln_ic50": values})
    found["z_score"] = screened.z_scores(values)
    return found.dropna(subset="z_score").sort_values("z_score", ignore_index=True).head(n)


def as_near(
    predictor: Predictor,
    rows: np.ndarray,
    similarity: np.ndarray,
    n: int = NEAREST,
    cancer_type: str | None = None,
) -> int:
    """Lines beyond the n nearest that are as near as the n-th; arguments as in `nearest_response`."""
    step = _steps(predictor, rows, similarity, cancer_type)
    return int((step[n:] == step[n - 1]).sum()) if len(step) > n else 0


def _steps(predictor: Predictor, rows: np.ndarray, similarity: np.ndarray, cancer_type: str | None) -> np.ndarray:
    """(n,) numbers that rise with every line that is farther than the one before: less similar, or of another type."""
    types = predictor.screened.lines["cancer_type"].iloc[rows]
    other_type = (types != cancer_type).to_numpy(int) if cancer_type else np.zeros(len(rows), int)
    farther = (np.diff(similarity) != 0) | (np.diff(other_type) != 0)
    return np.concatenate([[0], np.cumsum(farther)])[: len(rows)]


def _shared(predictor: Predictor, keys: Collection[str], row: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Positions and genes mutated in both, by name."""
    theirs = predictor.screened.keys_of(row)
    genes = {key.partition(":")[0] for key in keys}
    return (
        tuple(sorted(set(theirs) & set(keys))),
        tuple(sorted({key.partition(":")[0] for key in theirs} & genes)),
    )
