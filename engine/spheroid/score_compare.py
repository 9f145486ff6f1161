"""Two sets of scores side by side: two readouts of a screen, or two screens by one readout; many as a matrix."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import pearsonr

from engine.spheroid.settings import HIT_DSS

MIN_DRUGS = 5  # fewer make no correlation worth a number
VERDICTS = ("both", "first", "second", "neither")


class Compared(NamedTuple):
    """rows: drug, first, second (DSS_asym), verdict (of VERDICTS: where it is a hit), difference (first - second), the

    largest difference first; drugs scored in both alone. r: Pearson's, NaN with fewer than 5 drugs or where one side
    does not vary; lower, upper: its 95 % interval. n: drugs in rows. alone_first, alone_second: drugs that only one
    side has scored.
    """

    rows: pd.DataFrame
    r: float
    lower: float
    upper: float
    n: int
    alone_first: tuple[str, ...]
    alone_second: tuple[str, ...]

    @property
    def mismatches(self) -> pd.DataFrame:
        """Rows of drugs that are a hit in one only."""
        return self.rows[self.rows["verdict"].isin(("first", "second"))]


def compared(first: pd.DataFrame, second: pd.DataFrame) -> Compared:
    """Drug by drug. first, second: drug, dss_asym (NaN where there is no score); one row a drug.

    Fisher's interval of r: every drug counts as one independent witness.
    """
    sides = [one.dropna(subset=["dss_asym"]).set_index("drug")["dss_asym"].astype(float) for one in (first, second)]
    rows = pd.concat(sides, axis=1, join="inner", keys=["first", "second"]).rename_axis("drug").reset_index()
    hit = (rows[["first", "second"]] >= HIT_DSS).to_numpy()
    names = np.array([["neither", "second"], ["first", "both"]], dtype=object)
    rows["verdict"] = names[hit[:, 0].astype(int), hit[:, 1].astype(int)]
    rows["difference"] = rows["first"] - rows["second"]
    rows = rows.sort_values("difference", key=lambda gap: -gap.abs(), kind="stable", ignore_index=True)
    r = lower = upper = math.nan
    if len(rows) >= MIN_DRUGS and np.ptp(rows["first"]) > 0 and np.ptp(rows["second"]) > 0:
        found = pearsonr(rows["first"], rows["second"])
        r, (lower, upper) = float(found.statistic), map(float, found.confidence_interval(0.95))
    both = set(rows["drug"])
    alone = (tuple(sorted(set(map(str, side.index)) - both)) for side in sides)
    return Compared(rows, r, lower, upper, len(rows), *alone)


class ScoreMatrix(NamedTuple):
    """values: (d, m, s) DSS_asym of d drugs by m readouts in s screens, NaN where there is none."""

    values: np.ndarray
    drugs: tuple[str, ...]
    modalities: tuple[str, ...]
    screens: tuple[str, ...]


def score_matrix(scores: pd.DataFrame, screens: Sequence[str] = (), modalities: Sequence[str] = ()) -> ScoreMatrix:
    """Scores as a cube. scores: screen, modality, drug, dss_asym, one row each. screens, modalities: which of them;

    none: all. Drugs, and screens that were not told, in order of name; readouts in the order that they come in.
    Screens and readouts without any score are left out.
    """
    if screens:
        scores = scores[scores["screen"].isin(screens)]
    if modalities:
        scores = scores[scores["modality"].isin(modalities)]
    drugs = tuple(sorted(scores["drug"].unique(), key=str.casefold))
    readouts = tuple(scores["modality"].unique())
    there = set(scores["screen"])
    names = tuple(one for one in screens if one in there) or tuple(sorted(there))
    values = np.full((len(drugs), len(readouts), len(names)), np.nan)
    at = [
        pd.Index(names_of).get_indexer(scores[column])
        for column, names_of in (("drug", drugs), ("modality", readouts), ("screen", names))
    ]
    values[tuple(at)] = scores["dss_asym"].to_numpy(float)
    return ScoreMatrix(values, drugs, readouts, names)


class Tree(NamedTuple):
    """order: positions from first to last leaf. x: (n - 1, 4) places of every fork's corners, leaf i of the order at
    i; height: (n - 1, 4) their distances, 0 to 1. Both empty where nothing was clustered."""

    order: np.ndarray
    x: np.ndarray
    height: np.ndarray


def tree(values: np.ndarray) -> Tree:
    """Rows clustered by Ward's linkage on Euclidean distances.

    values: (r, c). A missing value stands for its column's mean, so that it draws rows neither together nor apart;
    columns that nobody has count for nothing. Fewer than three rows stay as they are.
    """
    from scipy.cluster.hierarchy import dendrogram, linkage

    known = np.isfinite(values)
    used = known.any(axis=0)
    if len(values) < 3 or not used.any():
        return Tree(np.arange(len(values)), np.empty((0, 4)), np.empty((0, 4)))
    values, known = values[:, used], known[:, used]
    means = np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0)
    links = linkage(np.where(known, values, means), "ward", optimal_ordering=len(values) <= 300)
    drawn = dendrogram(links, no_plot=True)
    x, height = np.array(drawn["icoord"]), np.array(drawn["dcoord"])
    return Tree(np.array(drawn["leaves"]), (x - 5) / 10, height / max(height.max(), 1e-12))
