"""AUROC, correlation within drugs and skill of more pairs than are loaded: from what DuckDB counts and adds up.

u = cells of clusters, b = draws, v = bins.
"""

import numpy as np

from engine.learn.bootstrap import Clusters
from engine.learn.metrics import MIN_CLASS, Score
from engine.response.drawn_scores import View, drawn_score, score

BINS = 400  # of the predictions: AUROC is off by less than 0.001 against no bins
MIN_PAIRS = 10  # of a drug


def auroc(view: View, model: str, sensitive_below: float) -> Score:
    """Chance that a sensitive pair is predicted lower than another one; two in one bin count half.

    sensitive_below: ln(IC50, uM). Without an interval where two crossed clusterings would have to be drawn.
    """
    where, values = view.condition(model)
    found = view.db.query(
        f"""WITH shown AS (SELECT p.mean, p.observed < ? AS hit, {view.drawn.first} AS c1
                           FROM prediction p WHERE {where}),
                 limits AS (SELECT min(mean) AS low, greatest(max(mean) - min(mean), 1e-9) AS span FROM shown)
            SELECT c1, least(floor({BINS} * (mean - low) / span), {BINS - 1})::INTEGER AS bin,
                   count(*) FILTER (hit) AS hits, count(*) FILTER (NOT hit) AS misses
            FROM shown, limits GROUP BY ALL""",
        [sensitive_below, *values],
    )
    cells = Clusters.of(found["c1"].to_numpy())
    sums = np.zeros((len(cells.first), 2 * BINS))
    for shift, column in ((0, "hits"), (BINS, "misses")):
        sums[cells.cell, found["bin"] + shift] = found[column]

    def measure(drawn: np.ndarray) -> dict[str, np.ndarray]:
        hits, misses = drawn[:, :BINS], drawn[:, BINS:]  # (b, v)
        total = misses.sum(axis=1, keepdims=True)
        above = total - np.cumsum(misses, axis=1) + misses / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return {"auroc": (hits * above).sum(1) / (hits.sum(1) * total[:, 0])}

    n = int(sums.sum())
    if found[["hits", "misses"]].sum().min() < MIN_CLASS or view.drawn.second:
        return score("auroc", measure(sums.sum(axis=0)[None])["auroc"][0], None, n)
    return drawn_score("auroc", cells, sums, measure, n)


def within_drug_r(view: View, model: str) -> Score:
    """As `learn.metrics.within_group_r`, without an interval: the lines of so many pairs are not drawn."""
    where, values = view.condition(model)
    found = view.db.query(
        f"""WITH shown AS (SELECT p.drug_id, p.fold, p.observed - avg(p.observed) OVER of_fold AS y,
                                  p.mean - avg(p.mean) OVER of_fold AS m
                           FROM prediction p WHERE {where} WINDOW of_fold AS (PARTITION BY p.drug_id, p.fold))
            SELECT count(*) AS n, CASE WHEN stddev_pop(m) > 1e-9 THEN corr(y, m) ELSE 0 END AS r
            FROM shown GROUP BY drug_id
            HAVING count(*) - count(DISTINCT fold) >= {MIN_PAIRS} - 1 AND stddev_pop(y) > 1e-9""",
        values,
    )
    if found.empty:
        return Score("within_drug_r", None, None, None, 0)
    return Score("within_drug_r", float(found["r"].mean()), None, None, int(found["n"].sum()))


def skill(view: View, model: str, naive: str) -> Score:
    """1 - MSE / MSE of the naive baseline, on the pairs that both predict."""
    where, values = view.condition(model)
    found = view.db.query(
        f"""SELECT {view.drawn.columns}, count(*)::DOUBLE AS n, sum((p.mean - p.observed) ** 2) AS sse,
                   sum((q.mean - p.observed) ** 2) AS naive_sse
            FROM prediction p JOIN prediction q ON q.run_id = p.run_id AND q.model = ? AND isfinite(q.mean)
                                               AND q.cosmic_id = p.cosmic_id AND q.drug_id = p.drug_id
            WHERE {where} GROUP BY ALL ORDER BY c1, c2""",
        [naive, *values],
    )

    def measure(sums: np.ndarray) -> dict[str, np.ndarray]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return {"skill": np.where(sums[:, 1] > 0, 1 - sums[:, 0] / sums[:, 1], np.nan)}

    if found.empty:
        return Score("skill", None, None, None, 0)
    sums = found[["sse", "naive_sse"]].to_numpy(float)
    return drawn_score("skill", view.drawn.cells(found), sums, measure, int(found["n"].sum()))


def by_bins(view: View, model: str, naive: str | None, sensitive_below: float) -> list[tuple[str, Score]]:
    """AUROC and within_drug_r of the model and of the naive baseline, and the model's skill, each with its model."""
    models = list(dict.fromkeys(name for name in (model, naive) if name))
    rows = [(name, auroc(view, name, sensitive_below)) for name in models]
    rows += [(name, within_drug_r(view, name)) for name in models]
    return rows + ([(model, skill(view, model, naive))] if naive else [])
