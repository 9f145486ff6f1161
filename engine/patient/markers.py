"""What was measured on cell lines that carry a patient's mutations, beside those that do not: no network is asked.

A marker is a mutated position (BRAF:600) or a gene mutated at whatever position (BRAF). l = lines, d = drugs,
k = markers; z: of measured ln(IC50) among all measured lines of the drug.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, ttest_ind, ttest_ind_from_stats

from engine.patient.predictor import Predictor

FEWEST_CARRIERS = 5  # measured lines with a mutation, below which nothing is said of it
FALSE_DISCOVERIES = 0.05  # expected share of chance findings among the strongest markers that are named
MARKER_COLUMNS = (
    "marker", "n_with", "n_without", "z_with", "z_without", "difference", "lower", "upper", "within_types", "n_within",
)  # fmt: skip


class _Marked(NamedTuple):
    """rows: (l,) lines with mutations. names: k markers; carriers: (l, k); z: (l, d), NaN where not measured."""

    rows: np.ndarray
    names: list[str]
    carriers: np.ndarray
    z: np.ndarray


def markers(predictor: Predictor, keys: Collection[str], drug_id: int) -> pd.DataFrame:
    """Mean z-score of a drug in measured lines with and without each marker: MARKER_COLUMNS, strongest effect first.

    Only lines with mutations in the store count, and markers with FEWEST_CARRIERS measured lines on either side.
    difference: with minus without, with its 95 % interval (Welch). within_types: the same between lines of one cancer
    type, over all types (least squares with a mean for each type), so that a mutation does not stand for its tissue;
    from the n_within carriers of the types that have lines without it too. Nothing here is corrected for looking at
    several markers.
    Raises InputError for an unknown drug. Source: Welch 1947, doi:10.1093/biomet/34.1-2.28.
    """
    marked = _marked(predictor, keys)
    z = marked.z[:, predictor.drug_rows([drug_id])[0]]
    measured = np.isfinite(z)
    types = predictor.screened.lines["cancer_type"].iloc[marked.rows].to_numpy(object)
    found = []
    for marker, carried in zip(marked.names, marked.carriers.T, strict=True):
        with_it, without = z[measured & carried], z[measured & ~carried]
        if min(len(with_it), len(without)) < FEWEST_CARRIERS:
            continue
        ends = ttest_ind(with_it, without, equal_var=False).confidence_interval(0.95)
        within, n_within = _within(z[measured], carried[measured], types[measured])
        means = with_it.mean(), without.mean()
        counts = len(with_it), len(without)
        found.append((marker, *counts, *means, means[0] - means[1], ends.low, ends.high, within, n_within))
    table = pd.DataFrame(found, columns=list(MARKER_COLUMNS))
    return table.sort_values("difference", key=np.abs, ascending=False, ignore_index=True)


def strongest_markers(predictor: Predictor, keys: Collection[str]) -> pd.DataFrame:
    """For every drug of the predictor the marker with the least chance of being none: marker, marker_z, marker_n.

    marker_z: mean z-score of its marker_n measured carriers. Missing (empty, NaN, 0) for a drug of which no marker
    stands out of all drugs and markers looked at, by Welch's test at a false discovery rate of FALSE_DISCOVERIES.
    Source: Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    marked = _marked(predictor, keys)
    carried, known = marked.carriers.astype(float), np.isfinite(marked.z).astype(float)
    z = np.nan_to_num(marked.z)

    def moments(of: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(k, d) n, mean and standard deviation."""
        n = of.T @ known
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = of.T @ z / n
            sd = np.sqrt(np.maximum(of.T @ z**2 - n * mean**2, 0) / (n - 1))
        return n, mean, sd

    n, mean, sd = moments(carried)
    n_without, mean_without, sd_without = moments(1 - carried)
    enough = (np.minimum(n, n_without) >= FEWEST_CARRIERS) & (sd + sd_without > 0)
    p, share = np.ones(n.shape), np.ones(n.shape)  # share: p as corrected, in which different p are often equal
    given = [array[enough] for array in (mean, sd, n, mean_without, sd_without, n_without)]
    if enough.any():
        p[enough] = ttest_ind_from_stats(*given, equal_var=False).pvalue
        share[enough] = false_discovery_control(p[enough])
    drugs = np.arange(z.shape[1])
    best = p.argmin(axis=0) if len(p) else np.zeros(len(drugs), int)
    real = share[best, drugs] <= FALSE_DISCOVERIES if len(p) else np.zeros(len(drugs), bool)
    return pd.DataFrame(
        {
            "marker": [marked.names[row] if there else "" for row, there in zip(best, real, strict=True)],
            "marker_z": np.where(real, mean[best, drugs], np.nan) if len(p) else np.nan,
            "marker_n": np.where(real, n[best, drugs], 0).astype("int64") if len(p) else 0,
        },
        index=predictor.drugs.index,
    )


def _within(z: np.ndarray, carried: np.ndarray, types: np.ndarray) -> tuple[float, int]:
    """Difference of (l,) z between carriers and others of one type, over all types, and how many carriers tell of it.

    Taking the type's mean off z alone would take most of the difference with it where most lines of a type carry the
    mutation, as melanomas do BRAF:600; so it is taken off the mutation too.
    """
    lines = pd.DataFrame({"z": z, "carried": carried.astype(float), "type": types}).dropna()
    left = lines[["z", "carried"]] - lines.groupby("type")[["z", "carried"]].transform("mean")
    squares = float((left["carried"] ** 2).sum())
    told = int((lines["carried"] * (left["carried"].abs() > 1e-9)).sum())
    return (float((left["z"] * left["carried"]).sum()) / squares if told else float("nan")), told


def _marked(predictor: Predictor, keys: Collection[str]) -> _Marked:
    screened = predictor.screened
    rows = np.flatnonzero(screened.mutated)
    bits = screened.bits[rows].tocsc()
    index = screened.positions.index
    places = {key: np.array([index[key]]) for key in sorted(keys) if key in index}
    for gene in sorted({key.partition(":")[0] for key in keys}):
        of_gene = np.flatnonzero(screened.genes == gene)
        if len(of_gene):
            places[gene] = of_gene
    columns = [np.asarray(bits[:, place].sum(axis=1)).ravel() > 0 for place in places.values()]
    carriers = np.column_stack(columns) if columns else np.zeros((len(rows), 0), bool)
    return _Marked(rows, list(places), carriers, screened.z_scores(screened.ln_ic50[rows]))
