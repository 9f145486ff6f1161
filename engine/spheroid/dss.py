"""Drug sensitivity scores and concentrations of effect, from fitted curves.

DSS_asym (0 to 50) as iTReX computes it (ElHarouni et al. 2022); DSS1, DSS2, DSS3 (0 to 100) by Yadav et al. 2014 with
the details of Breeze; sDSS, zDSS, rDSS as in DSS 2.0.

k = curves.
"""

from typing import NamedTuple

import numpy as np

from engine.errors import InputError
from engine.spheroid.curve import evaluate
from engine.spheroid.types import Curves

POINTS = 200  # where iTReX evaluates a curve
HIGHEST_IMAX = 110.0  # percent
THRESHOLDS = ("relative", "ten", "none")
FLAT_DECADES = 20.0
LOWEST_IMIN = -10.0  # percent: below it, iTReX takes a bottom for noise


class AsymScores(NamedTuple):
    """All (k,), NaN without a fit. dss: 0 to 50. adjusted: times max(0, GOF). imin, imax, threshold: percent."""

    dss: np.ndarray
    adjusted: np.ndarray
    imin: np.ndarray
    imax: np.ndarray
    threshold: np.ndarray


class Concentrations(NamedTuple):
    """All (k,), nM; NaN without a fit and where the curve falls. Beyond the tested doses they are extrapolated, as far
    as the tested doses lie apart.

    ic25, ic50, ic75: absolute, at 25, 50 and 75 % inhibition. rel_ic50: halfway between Imin and Imax.
    """

    ic25: np.ndarray
    ic50: np.ndarray
    ic75: np.ndarray
    rel_ic50: np.ndarray


class YadavScores(NamedTuple):
    """All (k,), 0 to 100."""

    dss1: np.ndarray
    dss2: np.ndarray
    dss3: np.ndarray


class SelectiveScores(NamedTuple):
    """A score beside the same drug's scores in reference samples, all (k,); NaN without references."""

    sdss: np.ndarray
    zdss: np.ndarray
    rdss: np.ndarray


def dss_asym(curves: Curves, threshold: str = "relative") -> AsymScores:
    """DSS_asym of k curves. threshold: the least effect that counts: 'relative' (a tenth of the larger of 100 % and
    Imax), 'ten' (10 %) or 'none' (0 %).

    A curve that falls with the dose counts as flat at its value at the highest dose.
    Raises InputError for an unknown threshold. Source: ElHarouni et al. 2022.
    """
    if threshold not in THRESHOLDS:
        raise InputError(f"Unknown activity threshold {threshold!r}: choose one of {', '.join(THRESHOLDS)}.")
    imax = np.minimum(HIGHEST_IMAX, 100 * np.maximum(curves.top, curves.bottom))
    imin = 100 * np.minimum(curves.top, curves.bottom)
    least = {"relative": 0.1 * np.maximum(100, imax), "ten": np.full_like(imax, 10), "none": np.zeros_like(imax)}
    active = np.where(np.isnan(imax), np.nan, least[threshold])
    width = curves.x_max - curves.x_min
    x = curves.x_min[:, None] + np.linspace(0, 1, POINTS) * width[:, None]
    y = evaluate(curves, x)
    y = np.where(falls(curves)[:, None], y[:, -1:], y)
    area = np.trapezoid(np.maximum(0, 100 * y - active[:, None]), x, axis=1)
    with np.errstate(all="ignore"):
        dss = 50 * area / ((100 - active) * width)
    return AsymScores(dss, dss * np.maximum(0, curves.gof), imin, imax, active)


def falls(curves: Curves) -> np.ndarray:
    """(k,) whether inhibition falls as the dose rises."""
    return curves.slope * (curves.top - curves.bottom) < 0


def concentrations(curves: Curves) -> Concentrations:
    """Where the curves reach 25, 50, 75 % inhibition and half of their own effect.

    A target that a curve never reaches becomes its extreme within the tested doses: the highest dose, or the lowest
    where the whole curve lies above the target.
    """
    scores = dss_asym(curves)
    halfway = (scores.imax + np.maximum(LOWEST_IMIN, scores.imin)) / 200
    targets = [np.full(len(halfway), fraction) for fraction in (0.25, 0.5, 0.75)]
    return Concentrations(*(_dose_at(curves, target) for target in (*targets, halfway)))


def _dose_at(curves: Curves, target: np.ndarray) -> np.ndarray:
    low, high = np.minimum(curves.top, curves.bottom), np.maximum(curves.top, curves.bottom)
    with np.errstate(all="ignore"):
        # log(ratio^(1/s) - 1), written so that a huge ratio does not overflow
        powered = np.log((curves.top - curves.bottom) / (target - curves.bottom)) / curves.asymmetry
        x = curves.xmid - np.where(powered > 30, powered, np.log(np.expm1(powered))) / np.log(10) / curves.slope
        # Farther out than the tested range is wide, a flat line's rounding decides: 10^25 nM is "never" in other words.
        width = curves.x_max - curves.x_min
        below = (target <= low) | (x < curves.x_min - width)
        x = np.where((target >= high) | (x > curves.x_max + width), curves.x_max, np.where(below, curves.x_min, x))
        return np.where(falls(curves) | np.isnan(curves.top), np.nan, 10 ** np.clip(x, -300, 300))


def dss_1_2_3(
    ic50_nm: np.ndarray,
    slope: np.ndarray,
    top_percent: np.ndarray,
    lowest_nm: np.ndarray,
    highest_nm: np.ndarray,
    threshold: float | np.ndarray = 10.0,
) -> YadavScores:
    """DSS1, DSS2 and DSS3 of k curves y = a / (1 + 10^(b (log10 IC50 - x))), rounded to four decimals as Breeze does.

    ic50_nm, lowest_nm, highest_nm: nM. slope: per log10; its size counts, not its sign. top_percent: the highest
    effect, of which at most 100 counts. threshold: percent. Zero where the IC50 is not below the highest dose, the
    slope is 0 or the highest effect is not above the threshold.
    Source: Yadav et al. 2014, doi:10.1038/srep05193, equations 1 to 4.
    """
    a, t = np.minimum(top_percent, 100.0), threshold
    b, c = np.abs(slope), np.log10(ic50_nm)
    low, high = np.log10(lowest_nm), np.log10(highest_nm)
    none = (np.asarray(ic50_nm) >= highest_nm) | (a <= t) | (b == 0)
    with np.errstate(all="ignore"):
        reached = np.clip(c - np.log10((a - t) / t) / b, low, high)
        area = _integral(high, a, b, c) - _integral(reached, a, b, c) - t * (high - reached)
        dss1 = 100 * area / ((100 - t) * (high - low))
        dss2 = dss1 / np.log10(a)
        dss3 = dss2 * 2 * (high - reached) / (high - low)

    def bounded(score: np.ndarray, highest: float = 100.0) -> np.ndarray:
        score = np.where(none | (score < 0) | (score > highest), 0.0, score)
        return np.round(np.where(np.isnan(ic50_nm), np.nan, score), 4)

    return YadavScores(bounded(dss1), bounded(dss2, 50.0), bounded(dss3))


def _integral(x: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The integral of the curve up to x, but for a constant."""
    return a * x + a * np.logaddexp(0, b * (c - x) * np.log(10)) / np.log(10) / b


def dss_1_2_3_of(curves: Curves) -> YadavScores:
    """DSS1, DSS2 and DSS3 of k curves fitted with 2 or 3 parameters, whose model is Yadav's.

    A curve that falls with the dose counts as flat at its value at the highest dose, as for DSS_asym: a drug that kills
    at every dose alike must not score 0 because noise tips its curve over.
    """
    down = falls(curves)
    last = evaluate(curves, curves.x_max[:, None])[:, 0]
    flat = curves.x_min - FLAT_DECADES  # a midpoint so far below the doses that none of them is on the slope
    xmid, slope = np.where(down, flat, curves.xmid), np.where(down, 1.0, curves.slope)
    top = np.maximum(0.0, np.where(down, last, curves.top))
    return dss_1_2_3(10 ** np.clip(xmid, -300, 300), slope, 100 * top, 10**curves.x_min, 10**curves.x_max)


def selective(dss: np.ndarray, references: np.ndarray) -> SelectiveScores:
    """Scores beside those of the same drugs in m reference samples. dss: (k,). references: (k, m), NaN where missing.

    zDSS needs two references. The 1 in both denominators keeps a drug that is alike everywhere from exploding.
    Source: DSS 2.0 (Breeze): (DSS - mean) / (sd + 1), (DSS - median) / (MAD + 1) with MAD scaled by 1.4826.
    """
    sdss, zdss, rdss = (np.full(len(dss), np.nan) for _ in range(3))
    for k, row in enumerate(np.asarray(references, float).reshape(len(dss), -1)):
        known = row[np.isfinite(row)]
        if len(known) == 0:
            continue
        middle = np.median(known)
        sdss[k] = dss[k] - known.mean()
        rdss[k] = (dss[k] - middle) / (1.4826 * np.median(np.abs(known - middle)) + 1)
        if len(known) > 1:
            zdss[k] = (dss[k] - known.mean()) / (known.std(ddof=1) + 1)
    return SelectiveScores(sdss, zdss, rdss)
