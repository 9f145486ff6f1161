"""Whether a run may be asked about a sample: like a trained line, like an array at all, or itself a trained one.

n trained samples, k samples to judge, l cell lines, p probes.
"""

from typing import NamedTuple

import numpy as np

from engine.radiation.finished import FinishedRun
from engine.radiation.similarity import correlations

RARE_PERCENT = 1.0  # of trained samples, so many would themselves fail each check of level and spread
QUANTILES = np.linspace(0.02, 0.98, 25)  # of a sample's values; the ends are noise
LOOK_UP = 0.9  # at least; arrays of different lines may be less alike in a small cohort, and one line yet no repeat


class Limits(NamedTuple):
    """What trained samples reach. similarity: to the most similar other line, of differences from the mean profile.
    level: Pearson correlation of the values as they are with the mean of the other lines' samples; None for z-scores,
    whose mean profile is flat. spread: mean distance of a sample's quantiles from theirs, in the unit of the values.
    between: similarity of the two trained lines that are most alike. look_up: above it a sample is a trained line."""

    similarity: float
    level: float | None
    spread: float
    between: float
    look_up: float


class Judged(NamedTuple):
    """why: what speaks against a prediction, in words; empty where nothing does. same: the trained line that the
    sample is an array of, by its values; '' for none."""

    why: tuple[str, ...]
    same: str


def limits(run: FinishedRun) -> Limits:
    """The limits of a run, every sample judged by the samples of other lines."""
    values, line = run.cohort.values, run.cohort.line
    between = correlations(run.profiles, run.profiles)
    np.fill_diagonal(between, -1.0)
    most = float(between.max())
    names, which = np.unique(line, return_inverse=True)
    quantiles = np.quantile(values, QUANTILES, axis=1).T
    total = values.sum(axis=0, dtype=np.float64)
    levels, spreads = [], []
    for number in range(len(names)) if len(names) > 1 else ():
        own, others = which == number, which != number
        mean = (total - values[own].sum(axis=0, dtype=np.float64)) / others.sum()
        levels.append(correlations(values[own], mean[None])[:, 0])
        spreads.append(_distance(quantiles[own], quantiles[others].mean(axis=0)))
    if not levels:
        return Limits(-1.0, None, np.inf, most, 1.0)
    level = float(np.percentile(np.concatenate(levels), RARE_PERCENT)) if run.cohort.scale == "log2" else None
    spread = float(np.percentile(np.concatenate(spreads), 100 - RARE_PERCENT))
    return Limits(run.usual, level, spread, most, max(LOOK_UP, (1 + most) / 2))


def judge(run: FinishedRun, values: np.ndarray, known: Limits) -> list[Judged]:
    """What speaks against predicting the samples (k, p), laid out as the run's probes and on its scale."""
    similarity = run.similarity(values)
    level = correlations(values, run.mean[None])[:, 0]
    middle = np.quantile(run.cohort.values, QUANTILES, axis=1).mean(axis=1)
    spread = _distance(np.quantile(values, QUANTILES, axis=1).T, middle)
    lines = run.lines["line"].to_numpy(str)
    found = []
    for i in range(len(values)):
        nearest, best = int(similarity[i].argmax()), float(similarity[i].max())
        why = []
        if best < known.similarity:
            why.append(
                f"its most similar trained line, {lines[nearest]}, has r = {best:.2f} with it over differences from "
                f"the mean profile, and 95 % of the trained lines have {known.similarity:.2f} or more with another"
            )
        if known.level is not None and level[i] < known.level:
            why.append(
                f"its values correlate r = {level[i]:.2f} with the mean training profile, and those of 99 % of the "
                f"training samples {known.level:.2f} or more: other probes behind these names, or another platform"
            )
        if spread[i] > known.spread:
            unit = "log2 units" if run.cohort.scale == "log2" else "z"
            why.append(
                f"its values are spread otherwise, {spread[i]:.2f} {unit} from the training samples in the mean over "
                f"quantiles, where 99 % of these are within {known.spread:.2f}: another scale or normalisation"
            )
        found.append(Judged(tuple(why), str(lines[nearest]) if best >= known.look_up else ""))
    return found


def note_of(judged: Judged) -> str:
    """One sentence, '' where the sample is within reach."""
    return f"Extrapolation: {'; '.join(judged.why)}." if judged.why else ""


def look_up_note(line: str, similarity: float, known: Limits) -> str:
    """Says that a sample is a trained array."""
    return (
        f"Practically identical to {line} in the training data (r = {similarity:.3f} over differences from the mean "
        f"profile; two different trained lines reach {known.between:.2f} at most): this is a look-up, and the interval "
        "does not hold."
    )


def _distance(quantiles: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """(k,) mean absolute difference of (k, q) quantiles from (q,)."""
    return np.abs(quantiles - middle).mean(axis=1)
