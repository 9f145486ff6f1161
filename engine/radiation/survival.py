"""Survival curves: the linear-quadratic model, its fit to surviving fractions and SF2 with an interval.

n = points (replicates of one dose are points of their own).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from engine.errors import InputError
from engine.radiation.types import CurveFit

SF2_DOSE_GY = 2.0
SAME_DOSE_GY = 1e-6  # doses closer than this are one dose
LEVEL = 0.95
MIN_REPLICATES = 3  # of a single dose; two say next to nothing about their spread
_SF2_WEIGHTS = np.array([SF2_DOSE_GY, SF2_DOSE_GY**2])  # -ln SF2 = 2 alpha + 4 beta


class OneDoseError(InputError):
    """There is one dose only, and it is not 2 Gy, so neither a curve nor SF2 follows from it."""


def survival(dose_gy: ArrayLike, alpha_per_gy: float, beta_per_gy2: float) -> np.ndarray:
    """Surviving fraction after one acute dose, S = exp(-(alpha D + beta D^2)).

    dose_gy: (n,) doses in Gy. Returns (n,) fractions. Raises InputError naming the first negative dose.
    Source: Fowler 1989, doi:10.1259/0007-1285-62-740-679.
    """
    dose = np.asarray(dose_gy, dtype=float)
    if (dose < 0).any():
        raise InputError(f"A dose of {dose[dose < 0][0]:g} Gy is negative: doses start at 0.")
    return np.exp(-(alpha_per_gy * dose + beta_per_gy2 * dose**2))


def fit_curve(dose_gy: ArrayLike, surviving_fraction: ArrayLike) -> CurveFit:
    """Least squares on ln S with alpha and beta not negative; every point has the same weight.

    dose_gy, surviving_fraction: (n,); the fractions are relative to 0 Gy, so points at 0 Gy say nothing and are left
    aside. Fractions above 1 take part as they are. Fractions of 0 have no logarithm: they are left out and counted in
    `left_out`, which makes the curve a little too flat; where all are 0 it is refused.
    Intervals are 95 % profile intervals: what can be reached with a sum of squares up to (1 + t^2 / (n - 2)) times the
    smallest and both parameters not negative. Without that bound they are the t intervals of linear regression.
    Where all doses are one, it must be 2 Gy: alpha, beta and rmse_ln are nan then, sf2 is the geometric mean, and its
    interval is the t interval of ln S from 3 replicates on.
    Raises OneDoseError for one other dose; InputError for values that are no fractions or doses.
    """
    dose, fraction = np.asarray(dose_gy, dtype=float), np.asarray(surviving_fraction, dtype=float)
    _refuse(dose, fraction)
    above = dose > SAME_DOSE_GY
    used = above & (fraction > 0)
    left_out = int((above & ~used).sum())
    if not used.any():
        told = "every fraction is 0, which has no logarithm" if left_out else "there is no dose above 0 Gy"
        raise InputError(f"No survival curve can be fitted: {told}. Give fractions of doses that some cells survive.")
    dose, ln_s = dose[used], np.log(fraction[used])
    n_doses = distinct_doses(dose)
    if n_doses == 1:
        return _one_dose(dose, ln_s, left_out)
    design = np.column_stack([dose, dose**2])
    fitted, norm = optimize.nnls(design, -ln_s)
    alpha, beta = fitted
    intervals = _intervals(design, -ln_s, fitted)
    return CurveFit(
        alpha_per_gy=float(alpha),
        beta_per_gy2=float(beta),
        sf2=float(survival(SF2_DOSE_GY, alpha, beta)),
        rmse_ln=float(norm / np.sqrt(len(dose))),
        n_doses=n_doses,
        alpha_interval=intervals[0] if intervals else None,
        beta_interval=intervals[1] if intervals else None,
        sf2_interval=(float(np.exp(-intervals[2][1])), float(np.exp(-intervals[2][0]))) if intervals else None,
        left_out=left_out,
    )


def distinct_doses(dose_gy: np.ndarray) -> int:
    """How many doses above 0 Gy there are among (n,) doses."""
    above = np.sort(dose_gy[dose_gy > SAME_DOSE_GY])
    return int((np.diff(above) > SAME_DOSE_GY).sum()) + 1 if len(above) else 0


def _refuse(dose: np.ndarray, fraction: np.ndarray) -> None:
    if dose.shape != fraction.shape or dose.ndim != 1:
        raise InputError(
            f"A curve has one fraction per dose; here are {dose.size} doses and {fraction.size} fractions."
        )
    for name, values in (("dose", dose), ("surviving fraction", fraction)):
        wrong = ~(np.isfinite(values) & (values >= 0))
        if wrong.any():
            raise InputError(
                f"A {name} of {values[wrong][0]:g} (point {np.flatnonzero(wrong)[0] + 1}): give 0 or more."
            )


def _one_dose(dose: np.ndarray, ln_s: np.ndarray, left_out: int) -> CurveFit:
    if abs(dose[0] - SF2_DOSE_GY) > SAME_DOSE_GY:
        raise OneDoseError(
            f"There is one dose only, {dose[0]:g} Gy: SF2 needs the fraction at 2 Gy, or two doses or more for a curve."
        )
    mean, interval = float(ln_s.mean()), None
    if len(ln_s) >= MIN_REPLICATES:
        half = stats.t.ppf(0.5 + LEVEL / 2, len(ln_s) - 1) * ln_s.std(ddof=1) / np.sqrt(len(ln_s))
        interval = (float(np.exp(mean - half)), float(np.exp(mean + half)))
    return CurveFit(np.nan, np.nan, float(np.exp(mean)), np.nan, n_doses=1, sf2_interval=interval, left_out=left_out)


def _intervals(design: np.ndarray, minus_ln_s: np.ndarray, fitted: np.ndarray) -> list[tuple[float, float]] | None:
    """Of alpha, of beta and of 2 alpha + 4 beta; None where no point is left over to tell the spread.

    design: (n, 2). fitted: (2,) the least squares with parameters not negative.
    """
    freedom = len(minus_ln_s) - 2
    if freedom < 1:
        return None
    normal = design.T @ design
    centre = np.linalg.solve(normal, design.T @ minus_ln_s)  # of the ellipse: the fit without bounds
    smallest = float(((minus_ln_s - design @ fitted) ** 2).sum())
    allowed = smallest * (1 + stats.t.ppf(0.5 + LEVEL / 2, freedom) ** 2 / freedom)
    spare = max(allowed - float(((minus_ln_s - design @ centre) ** 2).sum()), 0.0)
    corners = _corners(centre, normal, spare)
    return [
        _range(weights, [fitted, *corners, *_extremes(weights, centre, normal, spare)])
        for weights in (np.array([1.0, 0.0]), np.array([0.0, 1.0]), _SF2_WEIGHTS)
    ]


# The x with (x - centre) @ normal @ (x - centre) <= spare are an ellipse, cut here by the axes. A linear function takes
# its extremes on such a shape where the whole ellipse has them or at an end of the pieces of the axes it covers.
def _extremes(weights: np.ndarray, centre: np.ndarray, normal: np.ndarray, spare: float) -> list[np.ndarray]:
    toward = np.linalg.solve(normal, weights)
    step = np.sqrt(spare / (weights @ toward)) * toward
    return [x for x in (centre - step, centre + step) if (x >= 0).all()]


def _corners(centre: np.ndarray, normal: np.ndarray, spare: float) -> list[np.ndarray]:
    found = []
    for fixed, free in ((0, 1), (1, 0)):  # the axis on which x[fixed] is 0
        half = -normal[free, fixed] * centre[fixed] / normal[free, free]
        rest = half**2 - (normal[fixed, fixed] * centre[fixed] ** 2 - spare) / normal[free, free]
        high = centre[free] - half + np.sqrt(max(rest, 0.0))
        low = centre[free] - half - np.sqrt(max(rest, 0.0))
        if rest >= 0 and high >= 0:
            for end in (max(low, 0.0), high):
                corner = np.zeros(2)
                corner[free] = end
                found.append(corner)
    return found


def _range(weights: np.ndarray, corners: list[np.ndarray]) -> tuple[float, float]:
    values = [float(weights @ corner) for corner in corners]
    return min(values), max(values)
