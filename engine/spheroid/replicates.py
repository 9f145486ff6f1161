"""Do duplicate wells agree: Pearson and Spearman over drug wells, with intervals by drawing whole drugs.

c = conditions (drug, dose, addition) with two or more replicates, q = pairs of replicates.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.learn.bootstrap import MIN_CLUSTERS, Clusters, percentiles
from engine.spheroid import quality_limits as limits
from engine.spheroid.types import Verdict

CONDITION = ["treatment", "conc_nm", "addon"]
DRAWS = 1000
MIN_PAIRS = 5


class Agreement(NamedTuple):
    """r: correlation. lower, upper: its 95 % interval, None where there are fewer than five drugs. n: pairs."""

    r: float
    lower: float | None
    upper: float | None
    n: int


def replicate_pairs(frame: pd.DataFrame, value: str = "percent") -> pd.DataFrame:
    """Pairs of replicates of drug wells: treatment, conc_nm, addon, first, second (q rows).

    Several wells of one replicate number are averaged; where all wells of a condition carry the same number they are
    counted as they stand. Three replicates give three pairs.
    """
    drugs = frame.loc[(frame["well_type"] == "therapy") & frame[value].notna(), [*CONDITION, "replicate", value]]
    groups = drugs.groupby(CONDITION, dropna=False)
    condition, replicate = groups.ngroup().to_numpy(int), drugs["replicate"].to_numpy(float)
    lowest, highest = np.full(groups.ngroups, np.inf), np.full(groups.ngroups, -np.inf)
    np.minimum.at(lowest, condition, replicate)
    np.maximum.at(highest, condition, replicate)
    alike = (lowest == highest)[condition]
    numbers, number = np.unique(np.where(alike, groups.cumcount() + 1, replicate), return_inverse=True)
    # A table of conditions by numbers: pandas' own takes longer than all the rest of a plate's verdicts.
    shape = (groups.ngroups, len(numbers))
    cell = condition * len(numbers) + number
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    with np.errstate(invalid="ignore"):
        mean = np.bincount(cell, drugs[value].to_numpy(float), shape[0] * shape[1]) / count
    table, names = mean.reshape(shape), drugs[CONDITION].iloc[np.unique(condition, return_index=True)[1]]
    parts = []
    for i in range(len(numbers)):
        for j in range(i + 1, len(numbers)):
            both = np.isfinite(table[:, i]) & np.isfinite(table[:, j])
            parts.append(names[both].assign(first=table[both, i], second=table[both, j]))
    empty = pd.DataFrame(columns=[*CONDITION, "first", "second"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def enough_pairs(pairs: pd.DataFrame) -> bool:
    """Whether pairs, from `replicate_pairs`, are enough of enough drugs to judge a plate by."""
    return len(pairs) >= MIN_PAIRS and pairs["treatment"].nunique() >= MIN_CLUSTERS


def agreement(pairs: pd.DataFrame, ranks: bool = False, seed: int = 0) -> Agreement:
    """Pearson's r of pairs, or Spearman's (Pearson's of the ranks). The interval resamples whole drugs.

    Doses of one drug are no independent witnesses, so a drug is drawn with all its pairs; ranks stay as among all
    pairs. NaN with fewer than 5 pairs or where one side does not vary.
    """
    x, y = (pairs[side].to_numpy(float) for side in ("first", "second"))
    if ranks:
        x, y = (pd.Series(side).rank().to_numpy() for side in (x, y))
    if len(x) < MIN_PAIRS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Agreement(math.nan, None, None, len(x))
    x, y = x - x.mean(), y - y.mean()
    products = np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)
    clusters = Clusters.of(pairs["treatment"].to_numpy(str))
    sums = np.zeros((len(clusters.first), products.shape[1]))
    np.add.at(sums, clusters.cell, products)
    r = float(_pearson(sums.sum(axis=0)[None])[0])
    if not clusters.enough:
        return Agreement(r, None, None, len(x))
    return Agreement(r, *percentiles(_pearson(_weights(len(sums), seed) @ sums)), len(x))


@lru_cache(maxsize=4)  # a thousand drugs: 8 MB each
def _weights(drugs: int, seed: int) -> np.ndarray:
    """(DRAWS, drugs) how often each drug was drawn: the same for every plate and readout of a screen."""
    return np.concatenate(list(Clusters.of(np.arange(drugs)).draws(DRAWS, seed, drugs)))


def _pearson(sums: np.ndarray) -> np.ndarray:
    n, x, y, xx, yy, xy = sums.T
    with np.errstate(all="ignore"):
        return (xy - x * y / n) / np.sqrt((xx - x**2 / n) * (yy - y**2 / n))


def replicate_verdicts(
    plate: str, modality: str, frame: pd.DataFrame, pairs: pd.DataFrame | None = None
) -> list[Verdict]:
    """Verdicts on the duplicates among some wells; none where no well holds a drug. pairs: theirs, where known."""
    if not frame["well_type"].eq("therapy").any():
        return []
    pairs = replicate_pairs(frame) if pairs is None else pairs
    measures = ("replicate_pearson", "replicate_spearman")
    if len(pairs) < MIN_PAIRS:
        few = "No drug well has a duplicate with a viability here: how far a viability can be relied on is not known."
        if len(pairs):
            few = f"{len(pairs)} pairs of duplicates here: fewer than {MIN_PAIRS} say nothing of reproducibility."
        return [limits.unknown(plate, modality, measure, few) for measure in measures]
    apart = (pairs["first"] - pairs["second"]).abs().median()
    drugs = pairs["treatment"].nunique()
    effective = (pairs[["first", "second"]].mean(axis=1) < limits.EFFECTIVE_PERCENT).mean()
    found = []
    for measure, ranks in zip(measures, (False, True), strict=True):
        scored = agreement(pairs, ranks)
        between = ""
        if scored.lower is not None and scored.upper is not None:
            ends = (limits.written(end, ".2f") for end in (scored.lower, scored.upper))
            between = f", 95 % interval {' to '.join(ends)}"
        said = f"(n = {scored.n:,} pairs{between}; half of them differ by less than {limits.points(apart)})"
        if drugs < MIN_CLUSTERS:
            reason = f"Only {drugs} drug{'' if drugs == 1 else 's'} with duplicates here: too few to judge by {said}."
            found.append(Verdict(plate, modality, measure, scored.r, "unknown", reason))
        elif effective < limits.MIN_EFFECTIVE:
            reason = f"Hardly any drug works here, so duplicates have little to agree on {said}."
            found.append(Verdict(plate, modality, measure, scored.r, "unknown", reason))
        elif ranks:
            found.append(_ranked(plate, modality, measure, scored, said))
        else:
            why = {
                "good": f"Duplicate wells agree {said}.",
                "doubtful": f"Duplicate wells agree only roughly {said}: look at drugs whose duplicates differ.",
                "bad": f"Duplicate wells disagree {said}: single viabilities cannot be relied on.",
                "unknown": f"Duplicate wells do not vary {said}.",
            }
            found.append(limits.verdict(plate, modality, measure, scored.r, limits.REPLICATES, why))
    return found


def _ranked(plate: str, modality: str, measure: str, scored: Agreement, said: str) -> Verdict:
    """Ranks of the drugs that do nothing are noise: how high the correlation is depends on how many these are, so it
    is only asked whether duplicates share any order."""
    if math.isnan(scored.r) or scored.lower is None:
        return limits.unknown(plate, modality, measure, f"Duplicate wells do not vary {said}.")
    if scored.lower > 0:
        reason = f"Duplicates share an order beyond chance {said}; wells without effect lower this number."
        return Verdict(plate, modality, measure, scored.r, "good", reason)
    reason = f"Duplicates share no order beyond chance {said}: are replicates mixed up in the layout?"
    return Verdict(plate, modality, measure, scored.r, "bad", reason)
