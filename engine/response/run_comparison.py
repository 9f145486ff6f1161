"""Two runs on the pairs that both have tested; refused, with the reason, where that says nothing."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.learn.metrics import Score
from engine.response.drawn_scores import Clustering, View, draw, score
from engine.response.records import PairFilter, RunSummary, run_summary
from engine.store.database import Database

SAME = 1e-6  # ln uM: measurements closer than this are the same one


@dataclass(frozen=True)
class RunComparison:
    """One model of two runs on their common pairs, with 95 % intervals drawn over `clusters` for both at once.

    pairs: common pairs with one measurement in both, which everything here is about. changed: common pairs left out
    because their measurement differs. tested_a, tested_b: finite pairs of either run. same_data: whether both were
    trained on the same curated tables. difference: mean squared error of a minus that of b, (ln uM)²; below zero a
    is better.
    """

    run_a: str
    run_b: str
    split: str
    model: str
    same_data: bool
    pairs: int
    changed: int
    tested_a: int
    tested_b: int
    clusters: str
    r2_a: Score
    r2_b: Score
    rmse_a: Score
    rmse_b: Score
    difference: Score

    @property
    def verdict(self) -> str:
        """a | b (which one is better) | even (the interval of the difference includes 0) | open (no interval)."""
        low, high = self.difference.lower, self.difference.upper
        if low is None or high is None:
            return "open"
        return "a" if high < 0 else "b" if low > 0 else "even"


def compare_runs(db: Database, run_a: str, run_b: str, model: str) -> RunComparison:
    """`model` of both runs on the held-out pairs that both tested and measured alike.

    Raises StoreError for a run that is not in the store, InputError with the reason where two runs cannot be
    compared: one and the same, other splits, simulated beside measured data, a model that one of them lacks, no
    common pair, or other measurements of all common pairs.
    """
    a, b = run_summary(db, run_a), run_summary(db, run_b)
    _refuse(a, b, model)
    view = View.of(db, run_a, PairFilter())
    tested_a, tested_b = (_tested(db, run, model) for run in (run_a, run_b))
    where, values = view.condition(model)
    found = db.query(
        f"""SELECT {view.drawn.columns}, abs(p.observed - q.observed) <= {SAME} AS same, count(*)::DOUBLE AS n,
                   sum(p.observed) AS y, sum(p.observed ** 2) AS yy,
                   sum((p.mean - p.observed) ** 2) AS a, sum((q.mean - p.observed) ** 2) AS b
            FROM prediction p JOIN prediction q ON q.run_id = ? AND q.model = p.model AND isfinite(q.mean)
                                               AND isfinite(q.observed)
                                               AND q.cosmic_id = p.cosmic_id AND q.drug_id = p.drug_id
            WHERE {where} GROUP BY ALL ORDER BY c1, c2""",
        [run_b, *values],
    )
    if found.empty:
        raise InputError(
            f"Runs {run_a} and {run_b} have no held-out pair in common: of {tested_a:,} and {tested_b:,} tested pairs "
            "not one is the same. Choose runs with the same folds and seed, or evaluate one of them again."
        )
    changed = int(found.loc[~found["same"], "n"].sum())
    found = found[found["same"]]
    if found.empty:
        raise InputError(
            f"All {changed:,} pairs that runs {run_a} and {run_b} have in common were measured differently "
            f"({a.dataset or 'unknown dataset'} and {b.dataset or 'unknown dataset'}), so their errors cannot be "
            "compared. Check each run against the other study instead."
        )
    scores = _scores(view.drawn, found)
    return RunComparison(
        run_a=run_a,
        run_b=run_b,
        split=a.split,
        model=model,
        same_data=a.data_hash == b.data_hash,
        pairs=int(found["n"].sum()),
        changed=changed,
        tested_a=tested_a,
        tested_b=tested_b,
        clusters=view.drawn.words,
        **scores,
    )


def _refuse(a: RunSummary, b: RunSummary, model: str) -> None:
    if a.run_id == b.run_id:
        raise InputError(f"Both are run {a.run_id}: choose two different runs.")
    if a.split != b.split:
        raise InputError(
            f"Run {a.run_id} was tested under the split '{a.split}', run {b.run_id} under '{b.split}': the first asks "
            "another question than the second, so their errors are not comparable. Choose two runs under one split."
        )
    if a.simulated != b.simulated:
        simulated, measured = (a, b) if a.simulated else (b, a)
        raise InputError(f"Run {simulated.run_id} is on simulated data, run {measured.run_id} on measured data.")
    for run in (a, b):
        if model not in run.metrics:
            common = [name for name in a.models if name in b.metrics]
            raise InputError(
                f"Run {run.run_id} has no model '{model}'. Both have: {', '.join(common) or 'none in common'}."
            )


def _tested(db: Database, run_id: str, model: str) -> int:
    where, values = View.of(db, run_id, PairFilter()).condition(model)
    return int(db.query(f"SELECT count(*) AS n FROM prediction p WHERE {where}", values)["n"].iloc[0])


def _scores(drawn: Clustering, found: pd.DataFrame) -> dict[str, Score]:
    def measures(sums: np.ndarray) -> dict[str, np.ndarray]:
        n, y, yy, a, b = sums.T
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = yy - y**2 / n
            spread = np.where(spread > 1e-12 * yy, spread, np.nan)
            return {
                "r2_a": 1 - a / spread,
                "r2_b": 1 - b / spread,
                "rmse_a": np.sqrt(a / n),
                "rmse_b": np.sqrt(b / n),
                "difference": (a - b) / n,
            }

    sums = found[["n", "y", "yy", "a", "b"]].to_numpy(float)
    values = measures(sums.sum(axis=0)[None])
    drawn_values = draw(drawn.cells(found), sums, measures)
    n = int(found["n"].sum())
    return {
        name: score(name.split("_")[0], value[0], None if drawn_values is None else drawn_values[name], n)
        for name, value in values.items()
    }
