"""Measures of the pairs a person looks at: stored values where they fit, else from what DuckDB adds up per cluster.

u = cells of clusters (`learn.bootstrap`), b = draws, m = models, k = columns. Torch-free.
"""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.learn.metrics import Score, pair_scores, within_group_r
from engine.response.binned_scores import auroc, by_bins
from engine.response.drawn_scores import DRAWS, View, draw, score
from engine.response.records import MODEL_ORDER, PairFilter
from engine.response.settings import NAIVE
from engine.store.database import Database

COLUMNS = ["model", "name", "value", "lower", "upper", "n"]
LOADED_PAIRS = 20_000  # up to so many, correlations within drugs and skill are taken from the pairs themselves
RANKED_PAIRS = 2_000  # and AUROC, whose draws cost more, up to so many
SUMS = {
    "n": "count(*)",
    "y": "sum(p.observed)",
    "p": "sum(p.mean)",
    "yy": "sum(p.observed ** 2)",
    "pp": "sum(p.mean ** 2)",
    "yp": "sum(p.observed * p.mean)",
    "sse": "sum((p.mean - p.observed) ** 2)",
    "sae": "sum(abs(p.mean - p.observed))",
    "intervals": "count(p.upper - p.lower)",
    "covered": "count(*) FILTER (p.observed BETWEEN p.lower AND p.upper)",
    "width": "coalesce(sum(p.upper - p.lower), 0)",
}
CONSTANT = 1e-12  # a variance this small beside the squares is a constant with rounding on it


@dataclass(frozen=True)
class ShownScores:
    """table: model, name, value, lower, upper, n; value NaN where not defined, no row where not known.

    naive: the naive baseline with the highest R2 on these pairs. skill_of: the one that skill is measured against; of
    stored values the run's own. clusters: what the 95 % intervals draw, in words; empty where everything is stored.
    """

    table: pd.DataFrame
    naive: str | None
    skill_of: str | None
    clusters: str = ""


def shown_scores(db: Database, run_id: str, model: str, wanted: PairFilter, sensitive_below: float) -> ShownScores:
    """Every model's R2, RMSE, MAE, Pearson r, coverage and width on the wanted pairs; AUROC, within_drug_r and skill
    of `model` and of the strongest naive baseline. Everything that was stored where all pairs or one cancer type are
    wanted. sensitive_below: ln(IC50, uM).
    """
    stored = stored_scores(db, run_id, wanted)
    if stored is not None:
        config = json.loads(
            db.query("SELECT any_value(config) AS config FROM run WHERE run_id = ?", [run_id])["config"][0]
        )
        return ShownScores(stored, strongest_naive(stored), config.get("naive"))
    view = View.of(db, run_id, wanted)
    table = _from_sums(view)
    naive = strongest_naive(table)
    own = table[table["model"] == model]
    if len(own):
        few = own["n"].iloc[0] <= LOADED_PAIRS
        rows = (_from_pairs if few else by_bins)(view, model, naive, sensitive_below)
        table = pd.concat([table, _frame(rows)], ignore_index=True)
    return ShownScores(table, naive, naive, view.drawn.words)


def model_scores(db: Database, run_id: str, wanted: PairFilter = PairFilter()) -> pd.DataFrame:  # noqa: B008 - frozen
    """Every model's measures over the wanted held-out pairs: model, name, value, lower, upper, n.

    Stored values over all pairs or one cancer type; else R2, RMSE, MAE, Pearson r, coverage and width from sums, with
    95 % intervals by bootstrap over the units that the split leaves out.
    """
    stored = stored_scores(db, run_id, wanted)
    return _from_sums(View.of(db, run_id, wanted)) if stored is None else stored


def stored_scores(db: Database, run_id: str, wanted: PairFilter) -> pd.DataFrame | None:
    """The stored measures of exactly these pairs, or None where they have to be computed."""
    if wanted == PairFilter():
        scope, key = "all", ""
    elif wanted == PairFilter(cancer_types=wanted.cancer_types) and len(wanted.cancer_types) == 1:
        scope, key = "cancer_type", wanted.cancer_types[0]
    else:
        return None  # of lines and drugs no intervals are stored
    found = db.query(
        f"SELECT {', '.join(COLUMNS)} FROM metric WHERE run_id = ? AND scope = ? AND key = ?", [run_id, scope, key]
    )
    return None if found.empty else found


def strongest_naive(table: pd.DataFrame) -> str | None:
    """The naive baseline with the highest R2, or the lowest RMSE where R2 is not defined."""
    for name, sign in (("r2", -1), ("rmse", 1)):
        rows = table[table["model"].isin(NAIVE) & (table["name"] == name) & table["value"].notna()]
        if len(rows):
            order = (sign * rows["value"]).sort_values(kind="stable").index
            return str(rows.loc[order[0], "model"])
    return None


def _from_sums(view: View) -> pd.DataFrame:
    where, values = view.condition()
    found = view.db.query(
        f"""SELECT p.model, {view.drawn.columns}, {", ".join(f"{sql} AS {name}" for name, sql in SUMS.items())}
            FROM prediction p WHERE {where} GROUP BY ALL ORDER BY c1, c2""",
        values,
    )
    if found.empty:
        return _frame([])
    here = set(found["model"])
    models = [name for name in MODEL_ORDER if name in here] + sorted(here - set(MODEL_ORDER))
    cells = view.drawn.cells(found)
    sums = np.zeros((len(cells.first), len(models), len(SUMS)))  # (u, m, k)
    sums[cells.cell, found["model"].map({name: i for i, name in enumerate(models)})] = found[list(SUMS)]
    values_of = _measures(sums.sum(axis=0)[None])
    drawn = draw(cells, sums.reshape(len(sums), -1), lambda s: _measures(s.reshape(-1, len(models), len(SUMS))))
    rows = []
    for i, model in enumerate(models):
        n = int(sums[:, i, 0].sum())
        for name, of in values_of.items():
            rows.append((model, score(name, of[0, i], None if drawn is None else drawn[name][:, i], n)))
    return _frame(rows)


def _measures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """(b, m, k) sums -> (b, m) of each measure; nan where it is not defined."""
    n, y, p, yy, pp, yp, sse, sae, intervals, covered, width = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        var_y, var_p = yy / n - (y / n) ** 2, pp / n - (p / n) ** 2
        var_y = np.where(var_y > CONSTANT * yy / n, var_y, np.nan)
        var_p = np.where(var_p > CONSTANT * pp / n, var_p, np.nan)
        return {
            "r2": 1 - sse / (n * var_y),
            "rmse": np.sqrt(sse / n),
            "mae": sae / n,
            "pearson": np.clip((yp / n - y * p / n**2) / np.sqrt(var_y * var_p), -1, 1),
            "coverage": covered / intervals,
            "width": width / intervals,
        }


def _from_pairs(view: View, model: str, naive: str | None, sensitive_below: float) -> list[tuple[str, Score]]:
    """AUROC, within_drug_r and skill from the pairs that both models predict."""
    where, values = view.condition(model)
    pairs = view.db.query(
        f"""SELECT p.drug_id, p.fold, p.observed, p.mean, q.mean AS naive, {view.drawn.columns}
            FROM prediction p LEFT JOIN prediction q ON q.run_id = p.run_id AND q.model = ? AND isfinite(q.mean)
                                                    AND q.cosmic_id = p.cosmic_id AND q.drug_id = p.drug_id
            WHERE {where} ORDER BY p.cosmic_id, p.drug_id""",
        [naive, *values],
    )
    means = {model: "mean"}
    if naive:
        pairs = pairs[pairs["naive"].notna()]
        means = {naive: "naive", model: "mean"}
    observed, reference = pairs["observed"].to_numpy(), pairs["naive"].to_numpy(float) if naive else None
    first, second = pairs["c1"].to_numpy(), pairs["c2"].to_numpy() if view.drawn.second else None
    drug, fold = pairs["drug_id"].to_numpy(), pairs["fold"].to_numpy()
    ranked = len(pairs) <= RANKED_PAIRS
    rows = []
    for name, column in means.items():
        predicted = pairs[column].to_numpy(float)
        found = pair_scores(
            observed,
            predicted,
            first,
            DRAWS,
            sensitive_below=sensitive_below,
            reference=reference,
            measures=("auroc",) if ranked else (),
            clusters_2=second,
        )
        if not ranked:
            found.append(auroc(view, name, sensitive_below))
        found.append(within_group_r(observed, predicted, drug, first, fold=fold, draws=DRAWS, clusters_2=second))
        rows += [(name, one) for one in found if name == model or one.name != "skill"]
    return rows if naive else [*rows, (model, Score("skill", None, None, None, len(pairs)))]


def _frame(rows: list[tuple[str, Score]]) -> pd.DataFrame:
    frame = pd.DataFrame([(model, *found) for model, found in rows], columns=COLUMNS)
    return frame.astype({"value": float, "lower": float, "upper": float})
