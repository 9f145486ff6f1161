"""The pairs of a view, what its bootstrap draws, and measures of the draws. Needs no torch.

u = cells of clusters (`learn.bootstrap`), b = draws, k = columns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.learn.bootstrap import MIN_CLUSTERS, Clusters, percentiles
from engine.learn.metrics import Score
from engine.response.records import PairFilter
from engine.store.database import Database

DRAWS = 400
FINITE = "isfinite(p.mean) AND isfinite(p.observed)"
LINE = "p.cosmic_id"
# Two ids of one structure go together, by the first block of the InChIKey.
STRUCTURE = """coalesce((SELECT nullif(split_part(inchikey, '-', 1), '') FROM drug d WHERE d.drug_id = p.drug_id),
                       p.drug_id::VARCHAR)"""
TYPE = "coalesce((SELECT cancer_type FROM cell_line l WHERE l.cosmic_id = p.cosmic_id), '')"


@dataclass(frozen=True)
class Clustering:
    """What is drawn, in words and as SQL over the rows p of `prediction`; `second` empty for one clustering."""

    words: str
    first: str
    second: str = ""

    @property
    def columns(self) -> str:
        return f"{self.first} AS c1, {self.second or '0'} AS c2"

    def cells(self, rows: pd.DataFrame) -> Clusters:
        """Of the columns c1 and c2."""
        return Clusters.of(rows["c1"].to_numpy(), rows["c2"].to_numpy() if self.second else None)


LINES, STRUCTURES = Clustering("cell lines", LINE), Clustering("structures", STRUCTURE)
BOTH, TYPES = Clustering("cell lines and structures", LINE, STRUCTURE), Clustering("cancer types", TYPE)
OF_SPLIT = {"pairs": LINES, "cell_line": LINES, "cancer_type": TYPES, "drug": STRUCTURES, "both": BOTH}


@dataclass(frozen=True)
class View:
    """The finite held-out pairs of a run that fit a filter. drawn: what the bootstrap draws."""

    db: Database
    run_id: str
    wanted: PairFilter
    drawn: Clustering

    @classmethod
    def of(cls, db: Database, run_id: str, wanted: PairFilter) -> "View":
        """Draws what the split leaves out, or the other side where the filter leaves too few units of it."""
        split = str(db.query("SELECT any_value(split) AS split FROM run WHERE run_id = ?", [run_id])["split"].iloc[0])
        few_lines, few_drugs = (0 < len(ids) < MIN_CLUSTERS for ids in (wanted.cosmic_ids, wanted.drug_ids))
        drawn = OF_SPLIT.get(split, LINES)
        if few_lines:
            drawn = STRUCTURES
        elif few_drugs or (drawn is TYPES and wanted.cancer_types):
            drawn = LINES
        return cls(db, run_id, wanted, drawn)

    def condition(self, model: str | None = None) -> tuple[str, list[Any]]:
        """SQL on the rows p of `prediction`, and the values of its question marks."""
        where, values = self.wanted.where()
        if model is None:
            return f"p.run_id = ? AND {FINITE} AND {where}", [self.run_id, *values]
        return f"p.run_id = ? AND p.model = ? AND {FINITE} AND {where}", [self.run_id, model, *values]


Measures = Callable[[np.ndarray], dict[str, np.ndarray]]


def draw(cells: Clusters, sums: np.ndarray, measures: Measures) -> dict[str, np.ndarray] | None:
    """`measures` of DRAWS bootstrap draws of (u, k) sums per cell; None with too few clusters for an interval."""
    if not cells.enough:
        return None
    blocks = [measures(weights @ sums) for weights in cells.draws(DRAWS, 0, len(sums))]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def score(name: str, value: float, drawn: np.ndarray | None, n: int) -> Score:
    """A value with the middle 95 % of its (b,) draws; not defined below 3 pairs or where it is not finite."""
    if n < 3 or not np.isfinite(value):
        return Score(name, None, None, None, n)
    return Score(name, float(value), *((None, None) if drawn is None else percentiles(drawn)), n)


def drawn_score(name: str, cells: Clusters, sums: np.ndarray, measures: Measures, n: int) -> Score:
    """The one measure of that name of (u, k) sums per cell, with its interval."""
    found = draw(cells, sums, measures)
    return score(name, measures(sums.sum(axis=0)[None])[name][0], None if found is None else found[name], n)
