"""Dose-response curves of 2 to 5 parameters, all curves of a screen at once, by the published loss and starts.

y = B + (T - B) / (1 + 10^((xmid - x) b))^s with x = log10 of the dose in nM and y = inhibition as a fraction. Five
parameters: all of them; four: s = 1; three: also B = 0; two: also T = 1. The loss is the sum of |residual|^1.5.
Source: the R package nplr 0.1-7 (Commo and Bot), which iTReX uses (ElHarouni et al. 2022).

k = curves, n = values of one curve.
"""

import numpy as np

from engine.errors import InputError
from engine.spheroid.curve_values import Arranged, Values, arrange
from engine.spheroid.quasi_newton import minimise
from engine.spheroid.types import Curves

NAMES = ("bottom", "top", "xmid", "slope", "asymmetry")
FREE = {2: (2, 3), 3: (1, 2, 3), 4: (0, 1, 2, 3), 5: (0, 1, 2, 3, 4)}  # which of NAMES move
BEST = 0  # "all": the number of parameters with the smallest loss
POWER = 1.5  # of the published loss
STEEPEST = 300.0  # 10 to a higher power is no number
LOG_10 = float(np.log(10))


def fit_curves(
    log_conc: np.ndarray, inhibition: np.ndarray, curve_of: np.ndarray, n_curves: int, parameters: int = 5
) -> Curves:
    """Fit k = n_curves curves to values in any order.

    log_conc: (v,) log10 of the dose in nM. inhibition: (v,) as a fraction; NaN is left out. curve_of: (v,) which curve
    each value belongs to, 0 to k - 1. parameters: 2 to 5, or 0 for the smallest loss of these.
    A curve with fewer than two doses has no fit, and its reason says so.
    Raises InputError where the arrays differ in length or the number of parameters is unknown.
    """
    return fit_arranged(arrange(log_conc, inhibition, curve_of, n_curves), parameters)


def fit_arranged(arranged: Arranged, parameters: int = 5) -> Curves:
    """As `fit_curves`, of values that are arranged already."""
    if parameters != BEST and parameters not in FREE:
        raise InputError(f"A curve has 2 to 5 parameters, or 0 for the best of them; not {parameters}.")
    k = len(arranged.n)
    fitted = np.full((k, 5), np.nan)
    loss, gof, x_min, x_max = np.full((4, k), np.nan)
    count = np.zeros(k, int)
    filled = np.flatnonzero(arranged.n)
    x_min[filled], x_max[filled] = arranged.x[arranged.first[filled]], arranged.x[arranged.first[filled + 1] - 1]
    for rows, values in arranged.chunks():
        fitted[rows], loss[rows], count[rows] = _fit(values, parameters)
        gof[rows] = _goodness(values, inhibition_at(fitted[rows], values.x))
    bottom, top, xmid, slope, asymmetry = fitted.T.copy()
    return Curves(bottom, top, xmid, slope, asymmetry, x_min, x_max, loss, gof, count, arranged.reasons)


def evaluate(curves: Curves, x: np.ndarray) -> np.ndarray:
    """Inhibition as a fraction, (k, m), at x: (k, m) or (m,) log10 nM; NaN where there is no fit."""
    parameters = np.stack([getattr(curves, name) for name in NAMES], axis=1)
    return inhibition_at(parameters, np.broadcast_to(x, (len(parameters), np.shape(x)[-1])))


def inhibition_at(parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The curve itself: parameters (k, 5), x (k, m) -> (k, m)."""
    bottom, top, xmid, slope, asymmetry = (parameters[:, i : i + 1] for i in range(5))
    with np.errstate(all="ignore"):
        far = np.clip((xmid - x) * slope, -STEEPEST, STEEPEST) * LOG_10
        return bottom + (top - bottom) * np.exp(-asymmetry * np.log(1 + np.exp(far)))


def starts(values: Values, parameters: int) -> np.ndarray:
    """The published starts, (k, 5), of curves with so many parameters."""
    low, bottom, top, high = np.quantile(values.y, [0.025, 0.05, 0.95, 0.975], axis=1)
    with np.errstate(all="ignore"):
        z = (values.y - low[:, None]) / (high - low)[:, None]
    z = np.where(z <= 0, 0.05, np.where(z >= 1, 0.95, z))
    return np.stack(
        [
            bottom if parameters > 3 else np.zeros(len(z)),
            top if parameters > 2 else np.ones(len(z)),
            (values.x[:, 0] + values.x[:, -1]) / 2,
            _logit_slope(values.x, z),
            np.ones(len(z)),
        ],
        axis=1,
    )


def _logit_slope(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """(k,) slope of logit(mean z of a dose) on the dose, every dose counting once; 1 where all values are equal."""
    # Doses ascend: a dose begins where x changes. Sums per dose by one bincount over all curves.
    begins = np.concatenate([np.ones((len(x), 1), bool), np.diff(x, axis=1) != 0], axis=1)
    dose = np.cumsum(begins.ravel()) - 1
    mean = np.bincount(dose, weights=z.ravel()) / np.bincount(dose)
    curve = np.repeat(np.arange(len(x)), begins.sum(axis=1))
    with np.errstate(all="ignore"):
        logit = np.log(mean / (1 - mean))
        centred = x[begins] - (np.bincount(curve, weights=x[begins]) / np.bincount(curve))[curve]
        slope = np.bincount(curve, weights=centred * logit) / np.bincount(curve, weights=centred**2)
    # The published start is not defined there; from a slope of 0 no other parameter would move.
    return np.where(np.isfinite(slope), slope, 1.0)


def _fit(values: Values, parameters: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameters (k, 5), losses (k,) and how many parameters (k,) each curve has."""
    if parameters != BEST:
        fitted, loss = fit_from(values, starts(values, parameters), parameters)
        return fitted, loss, np.full(len(loss), parameters)
    tries = [fit_from(values, starts(values, free), free) for free in FREE]
    losses = np.stack([loss for _, loss in tries])
    best = losses.argmin(axis=0)  # equal losses: the fewest parameters
    rows = np.arange(len(best))
    return np.stack([fitted for fitted, _ in tries])[best, rows], losses[best, rows], np.array(list(FREE))[best]


def fit_from(values: Values, start: np.ndarray, parameters: int, power: float = POWER) -> tuple[np.ndarray, np.ndarray]:
    """Parameters (k, 5) and losses (k,) reached from starts (k, 5). The loss is the sum of |residual|^power."""
    free = list(FREE[parameters])
    x, y = values

    def full(rows: np.ndarray, moved: np.ndarray) -> np.ndarray:
        everything = start[rows]
        everything[:, free] = moved
        return everything

    def loss(rows: np.ndarray, moved: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            residual = np.abs(inhibition_at(full(rows, moved), x[rows]) - y[rows])
            return (residual * (np.sqrt(residual) if power == POWER else residual ** (power - 1))).sum(axis=1)

    found = minimise(loss, start[:, free])
    return full(np.arange(len(start)), found.parameters), found.loss


def _goodness(values: Values, fitted: np.ndarray) -> np.ndarray:
    """1 - SSres / SStot; NaN where all values are equal."""
    left = ((values.y - fitted) ** 2).sum(axis=1)
    total = ((values.y - values.y.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    with np.errstate(all="ignore"):
        return np.where(np.ptp(values.y, axis=1) > 0, 1 - left / total, np.nan)
