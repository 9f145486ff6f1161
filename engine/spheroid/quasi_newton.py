"""Many small minimisations side by side, step by step as R's `nlm` does one.

The published curves were fitted by `nlm` from one start. Their loss has several local minima and long flat valleys, so
where that method stops is part of the published score: an exact gradient alone moves the median score further from the
published one. Hence the same line search and BFGS updates (Dennis and Schnabel 1983, Numerical Methods for
Unconstrained Optimization, A6.3.1 and A9.4.2), the same limits, and gradients by differences: forward ones until a line
search fails, central ones from then on.

k = problems, p = parameters, a = problems that are still moving.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

GRADIENT_TOLERANCE = STEP_TOLERANCE = 1e-6  # nlm's gradtol and steptol
ITERATIONS = 100  # nlm's iterlim
DECREASE = 1e-4  # the part of the promised decrease that a step must bring
FORWARD, CENTRAL = 1e-6, 1e-4  # steps of the differences: the roots of nlm's 12 digits
NOISE = {False: 1e-6, True: 1e-12}  # a gradient this near to the foretold one teaches nothing; by central differences
ROOT_OF_PRECISION = 1.5e-8
NEVER = 1e300  # a loss that is not a number is no way to go

Loss = Callable[[np.ndarray, np.ndarray], np.ndarray]  # numbers of problems (a,), parameters (a, p) -> losses (a,)


class Minimum(NamedTuple):
    """parameters: (k, p). loss: (k,). iterations: (k,) steps taken. converged: (k,) False where the limit ended it."""

    parameters: np.ndarray
    loss: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray


class _Moving(NamedTuple):
    """The problems that are still moving. row: (a,) which of the k. metric: (a, p, p) inverse of the Hessian's guess.

    first: (a,) whose metric is the identity yet. central: (a,) whose gradient is by central differences. longest: (a,).
    """

    row: np.ndarray
    x: np.ndarray
    f: np.ndarray
    g: np.ndarray
    metric: np.ndarray
    first: np.ndarray
    central: np.ndarray
    longest: np.ndarray
    steps: np.ndarray


def minimise(loss: Loss, start: np.ndarray, iterations: int = ITERATIONS) -> Minimum:
    """Minimise k losses from their starts, (k, p) float64. A start whose loss is no number stays where it is.

    Source: Dennis and Schnabel 1983; limits as R's nlm.
    """
    k, p = start.shape
    row, no = np.arange(k), np.zeros(k, bool)
    f = _value(loss, row, start)
    g = _gradient(loss, row, start, f, no)
    result = Minimum(start.copy(), f.copy(), np.zeros(k, int), np.ones(k, bool))
    metric = np.broadcast_to(np.eye(p), (k, p, p)).copy()
    longest = np.maximum(np.linalg.norm(start, axis=1) * 1000, 1000)
    now = _Moving(row, start.copy(), f, g, metric, ~no, no.copy(), longest, result.iterations.copy())
    moving = (_slope(start, f, g) > GRADIENT_TOLERANCE) & (f < NEVER)
    while moving.any():
        if not moving.all():
            now = _Moving(*(part[moving] for part in now))
        direction = _direction(now)
        x, f, found = _line_search(loss, now, direction)
        # A failed search may be the forward differences' fault: once more from here with central ones.
        again = ~found & ~now.central
        now.central[again] = True
        now.steps[~again] += 1
        g = _gradient(loss, now.row, x, f, now.central)
        s = x - now.x
        _update(now, s, g, direction)
        result.parameters[now.row], result.loss[now.row], result.iterations[now.row] = x, f, now.steps
        moved = (np.abs(s) / np.maximum(np.abs(x), 1)).max(axis=1) > STEP_TOLERANCE
        left = found & moved & (_slope(x, f, g) > GRADIENT_TOLERANCE)
        result.converged[now.row[left & (now.steps >= iterations)]] = False
        moving = again | (left & (now.steps < iterations))
        now = now._replace(x=x, f=f, g=g)
    return result


def _value(loss: Loss, row: np.ndarray, x: np.ndarray) -> np.ndarray:
    f = loss(row, x)
    return np.where(np.isfinite(f), f, NEVER)


def _gradient(loss: Loss, row: np.ndarray, x: np.ndarray, f: np.ndarray, central: np.ndarray) -> np.ndarray:
    """(a, p) by differences; all of them in one call of the loss for each kind."""
    g = np.empty_like(x)
    p = x.shape[1]
    for which, step in ((np.flatnonzero(~central), FORWARD), (np.flatnonzero(central), CENTRAL)):
        if len(which) == 0:
            continue
        at = x[which]
        h = step * np.maximum(np.abs(at), 1)
        ahead = at[:, None, :] + h[:, None, :] * np.eye(p)
        rows = np.repeat(row[which], p)
        up = _value(loss, rows, ahead.reshape(-1, p)).reshape(-1, p)
        if step == FORWARD:
            g[which] = (up - f[which][:, None]) / h
        else:
            behind = at[:, None, :] - h[:, None, :] * np.eye(p)
            g[which] = (up - _value(loss, rows, behind.reshape(-1, p)).reshape(-1, p)) / (2 * h)
    return g


def _slope(x: np.ndarray, f: np.ndarray, g: np.ndarray) -> np.ndarray:
    """(a,) the relative gradient that nlm compares with its tolerance."""
    return (np.abs(g) * np.maximum(np.abs(x), 1)).max(axis=1) / np.maximum(np.abs(f), 1)


def _direction(now: _Moving) -> np.ndarray:
    direction = -np.einsum("aij,aj->ai", now.metric, now.g)
    # Rounding can spoil a metric; then the way down is the gradient's.
    spoilt = ~((direction * now.g).sum(axis=1) < 0)
    direction[spoilt], now.metric[spoilt], now.first[spoilt] = -now.g[spoilt], np.eye(now.g.shape[1]), True
    length = np.linalg.norm(direction, axis=1)
    return direction * np.minimum(1, now.longest / np.maximum(length, 1e-300))[:, None]


def _line_search(loss: Loss, now: _Moving, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points that are low enough along a direction (a, p), their losses and where one was found; elsewhere x itself."""
    slope = (now.g * direction).sum(axis=1)
    relative = (np.abs(direction) / np.maximum(np.abs(now.x), 1)).max(axis=1)
    shortest = STEP_TOLERANCE / np.maximum(relative, 1e-300)
    new_x, new_f, found = now.x.copy(), now.f.copy(), np.zeros(len(slope), bool)
    part, before, above_before = np.ones(len(slope)), np.zeros(len(slope)), np.zeros(len(slope))
    open_, first = np.arange(len(slope)), True
    while len(open_):
        at = part[open_]
        tried = now.x[open_] + at[:, None] * direction[open_]
        tried_f = _value(loss, now.row[open_], tried)
        above = tried_f - now.f[open_]
        low = above <= DECREASE * at * slope[open_]
        done = open_[low]
        new_x[done], new_f[done], found[done] = tried[low], tried_f[low], True
        left = ~low & (at >= shortest[open_])
        open_, at, above = open_[left], at[left], above[left]
        if first:
            best = -at * slope[open_] / (2 * (above - slope[open_]))
        else:
            best = np.minimum(_lowest(at, above, before[open_], above_before[open_], slope[open_]), 0.5 * at)
        before[open_], above_before[open_] = at, above
        part[open_] = np.maximum(np.where(np.isfinite(best), best, 0.1 * at), 0.1 * at)
        first = False
    return new_x, new_f, found


def _lowest(
    at: np.ndarray, above: np.ndarray, before: np.ndarray, above_before: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """Where the cubic through the last two tries is lowest, (a,)."""
    with np.errstate(all="ignore"):
        one = (above - at * slope) / at**2
        two = (above_before - before * slope) / before**2
        a = (one - two) / (at - before)
        b = (two * at - one * before) / (at - before)
        root = np.sqrt(np.maximum(b * b - 3 * a * slope, 0))
        return np.where(a == 0, -slope / (2 * b), (-b + root) / (3 * a))


def _update(now: _Moving, s: np.ndarray, g: np.ndarray, direction: np.ndarray) -> None:
    """BFGS update of the metrics, in place, after steps s (a, p) to gradients g (a, p).

    Not where the curvature along the step is not positive, nor where the gradient changed just as foretold.
    """
    y = g - now.g
    curvature = (s * y).sum(axis=1)
    enough = curvature > np.linalg.norm(s, axis=1) * np.linalg.norm(y, axis=1) * ROOT_OF_PRECISION
    with np.errstate(all="ignore"):
        # The identity first takes the scale of its first step.
        size = np.where(now.first, (s * s).sum(axis=1) / curvature, 1)
        metric = now.metric * size[:, None, None]
        taken = (s * direction).sum(axis=1) / (direction * direction).sum(axis=1)
        foretold = -(taken / size)[:, None] * now.g
        noise = np.where(now.central, NOISE[True], NOISE[False])[:, None] * np.maximum(np.abs(now.g), np.abs(g))
        known = (np.abs(y - foretold) < noise).all(axis=1)
        bent = np.einsum("aij,aj->ai", metric, y)
        cross = bent[:, :, None] * s[:, None, :]
        grown = (1 + (y * bent).sum(axis=1) / curvature)[:, None, None] * (s[:, :, None] * s[:, None, :])
        new = metric + (grown - cross - np.swapaxes(cross, 1, 2)) / curvature[:, None, None]
    change = enough & ~known & np.isfinite(new).all(axis=(1, 2))
    now.metric[change], now.first[change] = new[change], False
