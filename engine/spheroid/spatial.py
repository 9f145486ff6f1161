"""Does the place on the plate matter: residuals by position, median polish, B-scores, edge, rows, columns, slope, NRFE.

A residual is the viability in percent minus what is expected of that well wherever it stands: of a drug well the fitted
curve of its drug on that plate, of other wells the median of their type on that plate. Median polish alone, as Brideau
et al. 2003 use it on plates of single inactive compounds, would take a row of active drugs for a row effect.

r, c = rows and columns of a plate, w = wells.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from engine.spheroid import quality_limits as limits
from engine.spheroid.curve import NAMES, fit_curves, inhibition_at
from engine.spheroid.median_polish import median_polish
from engine.spheroid.types import Verdict

PARAMETERS = 3  # a curve whose bottom is 0, as plateQC fits: without a drug the viability is that of the controls
ALIVE_PERCENT = 50.0  # position acts on cells: wells expected below say nothing of it
MAD_SCALE = 1.4826  # median absolute deviation -> standard deviation of normal values
MIN_WELLS = 20  # of a plate; fewer tell no place from chance
MIN_LINE = 5  # of a row or column, for it to be named
ADDED = ("expected", "by_inner", "by_window", "b_score", "residual")  # columns of `residuals`
MOST_KNOWN = 20_000  # curves: some MiB
_known: dict[tuple[bytes, bytes], np.ndarray] = {}
NRFE_DOSES = 5  # plateQC leaves out drugs with fewer
SERIES_TYPES = ("therapy", "series")
BY_TYPE = ("negative", "positive", "metabolic_positive", "untreated")


@lru_cache(maxsize=64)  # asked for every well
def row_number(row: str) -> int:
    """A -> 1, Z -> 26, AA -> 27."""
    number = 0
    for letter in row.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


class Lesson(NamedTuple):
    """Wells of one plate, and what their curves and medians are taken from.

    percent: (w,). teach: (w,) bool, the wells that may teach; None: all.
    """

    frame: pd.DataFrame
    percent: np.ndarray
    teach: np.ndarray | None = None


def expected(frame: pd.DataFrame, percent: np.ndarray, teach: np.ndarray | None = None) -> np.ndarray:
    """(w,) viability in percent expected of the wells of one plate; NaN where nothing is known. See `Lesson`."""
    return expected_each([Lesson(frame, percent, teach)])[0]


def expected_each(lessons: Sequence[Lesson]) -> list[np.ndarray]:
    """As `expected` of each, in a fraction of the time: the curves of all are fitted side by side."""
    found, curves, known, count = [], [], [], 0
    for frame, percent, teach in lessons:
        may = np.isfinite(percent) & (np.ones(len(frame), bool) if teach is None else teach)
        should = np.full(len(frame), np.nan)
        kind, addon = frame["well_type"].to_numpy(str), frame["addon"].to_numpy(str)
        for name in BY_TYPE:
            for added in set(addon[kind == name]):
                of = (kind == name) & (addon == added)
                if (of & may).any():
                    should[of] = np.median(percent[of & may])
        curve = frame["well_type"].isin(SERIES_TYPES).to_numpy() & (frame["conc_nm"].to_numpy(float) > 0)
        groups = frame[curve].groupby(["well_type", "treatment", "addon"], sort=False)
        x = np.log10(frame.loc[curve, "conc_nm"].to_numpy(float))
        y = np.where(may[curve], 1 - percent[curve] / 100, np.nan)
        curves.append((x, y, count + groups.ngroup().to_numpy()))
        count += groups.ngroups
        found.append(should)
        known.append(curve)
    if count:
        x, y, curve_of = (np.concatenate(part) for part in zip(*curves, strict=True))
        parameters = _fitted(x, y, curve_of, count)
        for should, curve, (at, _, of_curve) in zip(found, known, curves, strict=True):
            should[curve] = 100 * (1 - inhibition_at(parameters[of_curve], at[:, None])[:, 0])
    return found


def _fitted(x: np.ndarray, y: np.ndarray, curve_of: np.ndarray, count: int) -> np.ndarray:
    """(count, 5) parameters of curves. Those with the same values are fitted once, and not again when one well of a
    plate changes: a curve's numbers do not depend on what is fitted besides.
    """
    order = np.argsort(curve_of, kind="stable")
    ends = np.cumsum(np.bincount(curve_of, minlength=count))[:-1]
    parts = zip(np.split(x[order], ends), np.split(y[order], ends), strict=True)
    keys = [(doses.tobytes(), values.tobytes()) for doses, values in parts]
    found = {key: known for key in keys if (known := _known.get(key)) is not None}
    if new := [key for key in dict.fromkeys(keys) if key not in found]:
        doses, values = ([np.frombuffer(key[side]) for key in new] for side in (0, 1))
        at = np.repeat(np.arange(len(new)), [len(one) for one in doses])
        fitted = fit_curves(np.concatenate(doses), np.concatenate(values), at, len(new), PARAMETERS)
        fresh = dict(zip(new, np.stack([getattr(fitted, name) for name in NAMES], axis=1), strict=True))
        if len(_known) > MOST_KNOWN:
            _known.clear()
        _known.update(fresh)
        found |= fresh
    return np.stack([found[key] for key in keys])


def residuals(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy of a table of wells with five more columns, NaN where there is no viability or nothing to compare with.

    expected: percent. by_inner: expected by wells away from the edge alone. by_window: of drug wells, expected by
    viabilities held to 0 to 100. residual: percent points. b_score: the residual after median polish of its plate,
    divided by 1.4826 times the median absolute deviation of the plate (Brideau et al. 2003, on residuals instead of
    readouts).
    frame: WELL_COLUMNS, raw, percent.
    """
    return residuals_each([frame])[0]


def residuals_each(frames: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """As `residuals` of each, in a fraction of the time: the curves of all are fitted side by side."""
    plates = [[plate for _, plate in frame.reset_index(drop=True).groupby("plate", sort=False)] for frame in frames]
    every = [plate for own in plates for plate in own]
    drugs = [_drugs(plate) for plate in every]
    lessons = [Lesson(plate, plate["percent"].to_numpy(float)) for plate in every]
    lessons += [Lesson(plate, plate["percent"].to_numpy(float), ~_outer(plate)) for plate in every]
    lessons += [Lesson(own, own["percent"].clip(0, 100).to_numpy(float)) for own in drugs]
    learnt, n = expected_each(lessons), len(every)
    made = map(_off, every, drugs, learnt[:n], learnt[n : 2 * n], learnt[2 * n :])
    parts = [list(islice(made, len(own))) for own in plates]
    return [
        pd.concat(own).sort_index().set_axis(frame.index) if own else frame.assign(**dict.fromkeys(ADDED, np.nan))
        for frame, own in zip(frames, parts, strict=True)
    ]


def _off(plate: pd.DataFrame, drugs: pd.DataFrame, should: np.ndarray, inner: np.ndarray, window: np.ndarray):
    """The wells of one plate with the columns of `residuals`. drugs: of `_drugs`, whose `by_window` is `window`."""
    found = plate.assign(expected=should, by_inner=inner, by_window=np.nan, b_score=np.nan)
    found.loc[drugs.index, "by_window"] = window
    found["residual"] = plate["percent"].to_numpy(float) - found["expected"]
    grid, row, column = _grid(found, found["residual"].to_numpy(float))
    polished = median_polish(grid).residual[row, column]
    spread = MAD_SCALE * np.nanmedian(np.abs(polished)) if np.isfinite(polished).any() else math.nan
    found["b_score"] = polished / spread if spread > 0 else math.nan
    return found


def _grid(plate: pd.DataFrame, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    row = plate["row"].map(row_number).to_numpy(int) - 1
    column = plate["column"].to_numpy(int) - 1
    grid = np.full((row.max() + 1, column.max() + 1), np.nan)
    grid[row, column] = values
    return grid, row, column


def nrfe(plate: pd.DataFrame) -> float:
    """Normalised residual fit error of one plate: the mean over drug wells of |residual| (1 + f (1 - f) / 0.25).

    f: fitted inhibition as a fraction; residuals in percent points of inhibition clipped to 0 to 100; drugs with fewer
    than 5 doses are left out. "NRFE-like": curves have the bottom fixed at 0 as published, but minimise |r|^1.5.
    NaN where no drug has five doses. Source: Ianevski et al. 2025, doi:10.1016/j.isci.2025.113470, and its plateQC.
    """
    drugs = _drugs(plate)
    if drugs.empty:
        return math.nan
    percent = drugs["percent"].clip(0, 100).to_numpy(float)
    fitted = drugs["by_window"].to_numpy(float) if "by_window" in drugs else expected(drugs, percent)
    f = np.clip(1 - fitted / 100, 0, 1)
    return float(np.nanmean(np.abs(percent - fitted) * (1 + f * (1 - f) / 0.25)))


def _drugs(plate: pd.DataFrame) -> pd.DataFrame:
    """The wells that NRFE is about: of drugs with as many doses as it needs."""
    drugs = plate[(plate["well_type"] == "therapy") & plate["percent"].notna()]
    return drugs[drugs.groupby(["treatment", "addon"])["conc_nm"].transform("nunique") >= NRFE_DOSES]


def _outer(plate: pd.DataFrame) -> np.ndarray:
    """(w,) the outermost rows and columns that hold cells."""
    row, column = plate["row"].map(row_number).to_numpy(int), plate["column"].to_numpy(int)
    cells = ~plate["well_type"].isin(("empty", "other")).to_numpy()
    if not cells.any():
        return np.zeros(len(plate), bool)
    rows, columns = (np.isin(at, (at[cells].min(), at[cells].max())) for at in (row, column))
    return rows | columns


def spatial_verdicts(plate: str, modality: str, found: pd.DataFrame) -> list[Verdict]:
    """Verdicts on one plate. found: its wells from `residuals`."""
    alive = found[(found["expected"] >= ALIVE_PERCENT) & found["residual"].notna()]
    if len(alive) < MIN_WELLS:
        few = f"{limits.wells(len(alive))} with living cells and a known viability: too few to tell place from chance."
        names = ("edge_effect", "row_effect", "column_effect", "gradient")
        return [*(limits.unknown(plate, modality, name, few) for name in names), *_nrfe(plate, modality, found)]
    grid, _, _ = _grid(alive, alive["residual"].to_numpy(float))
    polish = median_polish(grid)
    row, column, off = alive["row"].map(row_number), alive["column"], alive["residual"]
    return [
        _edge(plate, modality, found),
        _lines(plate, modality, "row", polish.row, off, row, alive["row"]),
        _lines(plate, modality, "column", polish.column, off, column, column),
        _gradient(plate, modality, alive, row),
        *_nrfe(plate, modality, found),
    ]


def _placed(plate: str, modality: str, measure: str, value: float, p: float, what: str, look: str) -> Verdict:
    """A verdict on an effect of place: it has to be large and beyond chance."""
    bounds = limits.GRADIENT if measure == "gradient" else limits.SPATIAL
    verdict = limits.grade(abs(value), bounds) if p < limits.SPATIAL_P else "good"
    told = f"{what} ({'p < 0.0001' if p < 0.0001 else f'p = {p:.1g}'})"
    small = "too small to matter." if p < limits.SPATIAL_P else "chance is not ruled out."
    return Verdict(plate, modality, measure, float(value), verdict, f"{told}: {small if verdict == 'good' else look}")


def _lines(plate: str, modality: str, kind: str, effects: np.ndarray, residual, line, name) -> Verdict:
    """The row, or column, least like the other wells: Mann and Whitney's test, times the number of lines looked at."""
    off, line = residual.to_numpy(float), line.to_numpy(int)
    looked = [at for at, n in enumerate(np.bincount(line)) if n >= MIN_LINE and n < len(line)]
    if not looked or np.ptp(off) == 0:
        none = f"No {kind} holds {MIN_LINE} living wells that could be compared with the others."
        return limits.unknown(plate, modality, f"{kind}_effect", none)
    each = [stats.mannwhitneyu(off[line == at], off[line != at], method="asymptotic").pvalue for at in looked]
    worst = looked[int(np.argmin(each))]
    p = min(1.0, float(min(each)) * len(looked))
    value = float(effects[worst - 1])
    label = name.to_numpy()[line == worst][0]
    what = f"{kind.capitalize()} {label} reads {limits.points(value, '+.0f')} against the plate"
    look = "a blocked dispenser tip, uneven heat along it, or something added that the layout does not tell?"
    return _placed(plate, modality, f"{kind}_effect", value, p, what, look)


def _edge(plate: str, modality: str, found: pd.DataFrame) -> Verdict:
    """Outermost rows and columns that hold cells against the others, well type by well type.

    Curves and medians come from inner wells alone, so that an affected outer well does not teach what is expected of
    it; the test is Wilcoxon's, stratified by well type (van Elteren 1960).
    """
    outer, percent, should = _outer(found), found["percent"].to_numpy(float), found["by_inner"].to_numpy(float)
    off = np.where(should >= ALIVE_PERCENT, percent - should, np.nan)
    weights, shifts, rank_sum, variance = [], [], 0.0, 0.0
    for kind in (*BY_TYPE, *SERIES_TYPES):
        of = found["well_type"].eq(kind).to_numpy() & np.isfinite(off)
        outside, inside = off[of & outer], off[of & ~outer]
        n, m = len(outside), len(inside)
        if min(n, m) < 2:
            continue
        weights.append(n * m / (n + m))
        shifts.append(float(np.median(outside) - np.median(inside)))
        ranks = stats.rankdata(np.concatenate([outside, inside]))
        rank_sum += (ranks[:n].sum() - n * (n + m + 1) / 2) / (n + m + 1)
        variance += n * m * ranks.var(ddof=1) / (n + m) / (n + m + 1) ** 2
    if not weights or variance == 0:
        same = "No well type stands both on the edge and inside: edge and inner wells cannot be compared."
        return limits.unknown(plate, modality, "edge_effect", same)
    value = float(np.average(shifts, weights=weights))
    p = float(2 * stats.norm.sf(abs(rank_sum) / math.sqrt(variance)))
    what = f"Outer wells read {limits.points(value, '+.0f')} against inner wells of the same type"
    look = "evaporation or uneven heat at the edge; do not trust controls or drugs that stand there."
    return _placed(plate, modality, "edge_effect", value, p, what, look)


def _gradient(plate: str, modality: str, alive: pd.DataFrame, row: pd.Series) -> Verdict:
    """A plane through the residuals, single wells that are off held to three robust standard deviations."""
    off = alive["residual"].to_numpy(float)
    off = off - np.median(off)
    reach = 3 * MAD_SCALE * np.median(np.abs(off))
    off = np.clip(off, -reach, reach)
    place = np.stack([np.ones(len(off)), row.to_numpy(float), alive["column"].to_numpy(float)], axis=1)
    slope, _, rank, _ = np.linalg.lstsq(place, off, rcond=None)
    left, total = float(((off - place @ slope) ** 2).sum()), float(((off - off.mean()) ** 2).sum())
    if rank < 3 or left <= 0:
        flat = "Living wells stand in one line, or all read as expected to the last digit: no slope can be told."
        return limits.unknown(plate, modality, "gradient", flat)
    p = float(stats.f.sf((total - left) / 2 / (left / (len(off) - 3)), 2, len(off) - 3))
    value = float(np.abs(slope[1:] * np.ptp(place[:, 1:], axis=0)).sum())
    what = f"Viability slopes by {limits.points(value)} from corner to corner"
    look = "uneven heat, settling or illumination across the plate."
    return _placed(plate, modality, "gradient", value, p, what, look)


def _nrfe(plate: str, modality: str, found: pd.DataFrame) -> list[Verdict]:
    """No verdict where no well holds a drug, as on the plate of a control experiment."""
    if not found["well_type"].eq("therapy").any():
        return []
    value = nrfe(found)
    said = f"Viabilities lie {value:.1f} weighted percent points off their drugs' curves"
    words = {
        "good": f"{said}: wells fit the curves that they make up.",
        "doubtful": f"{said}: look at the plate's map of residuals.",
        "bad": f"{said}: wells disagree with the curves they make up, as on plates with dispensing or seeding faults.",
        "unknown": "No drug has five doses with a viability on this plate: no residuals of curves.",
    }
    return [limits.verdict(plate, modality, "nrfe", value, limits.NRFE, words)]
