"""SQL: the held-out pairs of one model of a run, as points, bins or errors per group. DuckDB adds up, pandas shows.

Predictions and measurements that are not finite are left out everywhere and counted by `pair_summary`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.response.drawn_scores import FINITE
from engine.response.records import PairFilter
from engine.store.database import Database

BINS = 90  # per axis of a density

# GDSC lists some drugs under two ids: such a name carries its id.
DRUGS = """(SELECT * REPLACE (name || CASE WHEN count(*) OVER (PARTITION BY name) > 1
                                           THEN ' (' || drug_id || ')' ELSE '' END AS name) FROM drug)"""
LINE_NAME = "coalesce(l.name, 'COSMIC ' || p.cosmic_id)"
DRUG_NAME = "coalesce(d.name, 'drug ' || p.drug_id)"
GROUPS = {"drug": ("drug_id", DRUG_NAME), "line": ("cosmic_id", LINE_NAME), "cancer_type": ("l.cancer_type",) * 2}
# Flagged lines and drugs, by the fold that tests the pair; both question marks are the run.
FLAGGED = """
    LEFT JOIN domain fl ON fl.run_id = ? AND fl.subject = 'cell_line' AND NOT fl.inside
                       AND fl.fold = p.fold AND fl.id = p.cosmic_id
    LEFT JOIN domain fd ON fd.run_id = ? AND fd.subject = 'drug' AND NOT fd.inside
                       AND fd.fold = p.fold AND fd.id = p.drug_id"""


@dataclass(frozen=True)
class PairSummary:
    """What is known of the shown pairs of one model, all ln(IC50) in uM; low and high are nan without pairs."""

    pairs: int
    not_finite: int  # left out: prediction or measurement is nan or infinite
    sensitive: int  # measured below the threshold
    low: float  # of measurements and predictions together
    high: float
    with_interval: int
    covered: int  # of those with an interval
    judged: bool  # whether the run says how far its pairs lie from what it was trained on
    outside: int  # pairs whose line or drug is flagged as extrapolation
    outside_lines: int
    outside_drugs: int


@dataclass(frozen=True)
class Density:
    """Pairs counted on a square grid. edges: (BINS + 1,) ln(IC50) in uM of both axes; counts: (predicted, observed)."""

    edges: np.ndarray
    counts: np.ndarray
    median_error: float  # predicted - observed, ln uM
    median_absolute_error: float


def pair_summary(db: Database, run_id: str, model: str, wanted: PairFilter, sensitive_below: float) -> PairSummary:
    """Counts and limits of the wanted pairs of one model; sensitive_below: ln(IC50, uM)."""
    where, values = wanted.where()
    row = db.query(
        f"""SELECT count(*) FILTER (finite) AS pairs, count(*) FILTER (NOT finite) AS not_finite,
                   count(*) FILTER (finite AND observed < ?) AS sensitive,
                   min(least(mean, observed)) FILTER (finite) AS low,
                   max(greatest(mean, observed)) FILTER (finite) AS high,
                   count(*) FILTER (finite AND lower IS NOT NULL) AS with_interval,
                   count(*) FILTER (finite AND observed BETWEEN lower AND upper) AS covered,
                   EXISTS (FROM domain WHERE run_id = ?) AS judged,
                   count(*) FILTER (finite AND (far_line IS NOT NULL OR far_drug IS NOT NULL)) AS outside,
                   count(DISTINCT far_line) FILTER (finite) AS outside_lines,
                   count(DISTINCT far_drug) FILTER (finite) AS outside_drugs
            FROM (SELECT p.*, {FINITE} AS finite, fl.id AS far_line, fd.id AS far_drug
                  FROM prediction p {FLAGGED} WHERE p.run_id = ? AND p.model = ? AND {where})""",
        [sensitive_below, run_id, run_id, run_id, run_id, model, *values],
    ).iloc[0]
    low, high, judged = float(row["low"]), float(row["high"]), bool(row["judged"])
    counts = {str(name): int(value) for name, value in row.items() if name not in ("low", "high", "judged")}
    return PairSummary(low=low, high=high, judged=judged, **counts)


def pair_points(
    db: Database, run_id: str, model: str, naive: str, wanted: PairFilter, worst: int | None = None
) -> pd.DataFrame:
    """The wanted pairs of one model, one row each; with `worst` only so many, the largest residuals first.

    Columns cosmic_id, line, cancer_type, drug_id, drug, target, pathway, fold, observed, predicted, lower, upper
    (NaN where the run kept none), naive (what the baseline `naive` says; all ln IC50 in uM), and of what is flagged as
    extrapolation line_flagged, line_similarity (Jaccard), line_nearest, known_positions, positions, drug_flagged,
    drug_similarity (Tanimoto), drug_nearest.
    """
    where, values = wanted.where()
    order = "p.cosmic_id, p.drug_id" if worst is None else "abs(p.mean - p.observed) DESC, p.cosmic_id, p.drug_id"
    return db.query(
        f"""WITH p AS (SELECT * FROM prediction p WHERE p.run_id = ? AND p.model = ? AND {FINITE} AND {where}
                       ORDER BY {order} {"" if worst is None else f"LIMIT {int(worst)}"})
            SELECT p.cosmic_id, {LINE_NAME} AS line, l.cancer_type, p.drug_id, {DRUG_NAME} AS drug, d.target,
                   d.pathway, p.fold, p.observed, p.mean AS predicted, p.lower, p.upper, q.mean AS naive,
                   fl.id IS NOT NULL AS line_flagged, fl.similarity AS line_similarity,
                   coalesce(nl.name, 'COSMIC ' || fl.nearest_id) AS line_nearest, fl.known_positions, fl.positions,
                   fd.id IS NOT NULL AS drug_flagged, fd.similarity AS drug_similarity,
                   coalesce(nd.name, 'drug ' || fd.nearest_id) AS drug_nearest
            FROM p LEFT JOIN cell_line l USING (cosmic_id) LEFT JOIN {DRUGS} d USING (drug_id) {FLAGGED}
            LEFT JOIN cell_line nl ON nl.cosmic_id = fl.nearest_id LEFT JOIN {DRUGS} nd ON nd.drug_id = fd.nearest_id
            LEFT JOIN prediction q ON q.run_id = ? AND q.model = ?
                                  AND q.cosmic_id = p.cosmic_id AND q.drug_id = p.drug_id
            ORDER BY {order}""",
        [run_id, model, *values, run_id, run_id, run_id, naive],
    )


def pair_density(db: Database, run_id: str, model: str, wanted: PairFilter, limits: tuple[float, float]) -> Density:
    """The wanted pairs of one model on a grid from the first to the second limit, ln(IC50) in uM."""
    where, values = wanted.where()
    low, high = limits
    edges = np.linspace(low, high, BINS + 1)
    width = (high - low) / BINS
    place = "least(greatest(floor(({} - ?) / ?)::INTEGER, 0), ?)"
    found = db.query(
        f"""SELECT {place.format("p.mean")} AS y, {place.format("p.observed")} AS x, count(*) AS n
            FROM prediction p WHERE p.run_id = ? AND p.model = ? AND {FINITE} AND {where} GROUP BY ALL""",
        [low, width, BINS - 1, low, width, BINS - 1, run_id, model, *values],
    )
    counts = np.zeros((BINS, BINS), int)
    counts[found["y"], found["x"]] = found["n"]
    medians = db.query(
        f"""SELECT median(p.mean - p.observed) AS error, median(abs(p.mean - p.observed)) AS absolute
            FROM prediction p WHERE p.run_id = ? AND p.model = ? AND {FINITE} AND {where}""",
        [run_id, model, *values],
    ).iloc[0]
    return Density(edges, counts, float(medians["error"]), float(medians["absolute"]))


def group_errors(db: Database, run_id: str, model: str, naive: str, wanted: PairFilter, by: str) -> pd.DataFrame:
    """Errors of one model per drug, line or cancer_type (`by`), largest RMSE first, beside those of a baseline.

    Columns id, name, pairs, rmse, bias (mean predicted - observed), naive_rmse (on the same pairs; NaN where the
    baseline lacks one of them), all ln uM. Lines without a type are no cancer type.
    """
    key, name = GROUPS[by]
    where, values = wanted.where()
    return db.query(
        f"""SELECT {key} AS id, {name} AS name, count(*) AS pairs,
                   sqrt(avg((p.mean - p.observed) ** 2)) AS rmse, avg(p.mean - p.observed) AS bias,
                   CASE WHEN count(q.mean) = count(*) THEN sqrt(avg((q.mean - p.observed) ** 2)) END AS naive_rmse
            FROM prediction p LEFT JOIN cell_line l USING (cosmic_id) LEFT JOIN {DRUGS} d USING (drug_id)
            LEFT JOIN prediction q ON q.run_id = ? AND q.model = ? AND isfinite(q.mean)
                                  AND q.cosmic_id = p.cosmic_id AND q.drug_id = p.drug_id
            WHERE p.run_id = ? AND p.model = ? AND {FINITE} AND {where} AND {key} IS NOT NULL
            GROUP BY ALL ORDER BY rmse DESC, name, id""",
        [run_id, naive, run_id, model, *values],
    )


def errors_of(pairs: pd.DataFrame, by: str) -> pd.DataFrame:
    """The same of pairs that are at hand, as `pair_points` gives them."""
    key = {"drug": "drug_id", "line": "cosmic_id", "cancer_type": "cancer_type"}[by]
    known = pairs[pairs[key].notna()]
    error = known["predicted"] - known["observed"]
    parts = known.assign(id=known[key], error=error, squared=error**2, other=(known["naive"] - known["observed"]) ** 2)
    groups = parts.groupby("id", sort=True)
    found = pd.DataFrame(
        {
            "name": groups[by].first(),
            "pairs": groups.size(),
            "rmse": groups["squared"].mean() ** 0.5,
            "bias": groups["error"].mean(),
            "naive_rmse": groups["other"].mean().where(groups["other"].count() == groups.size()) ** 0.5,
        }
    )
    return found.sort_values(["rmse", "name"], ascending=[False, True], kind="stable").reset_index()
