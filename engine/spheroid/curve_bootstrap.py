"""How sure a score is: 95 % intervals of DSS_asym by drawing residuals anew, all curves of a draw at once.

Every draw puts residuals, drawn with replacement, on the fitted curve and fits it again by the published way. As a
curve of p parameters follows its n values, residuals are first widened by sqrt(n / (n - p)); where n is not above p
there is nothing to draw from and no interval. Wells of a dose are not drawn as they are: of two, half of the draws
would be one well twice.

k = curves, v = values of all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from engine.spheroid.curve import evaluate, fit_arranged
from engine.spheroid.curve_values import Arranged
from engine.spheroid.dss import dss_asym
from engine.spheroid.types import Curves

LEVELS = (2.5, 97.5)
MIN_DRAWS = 20  # fewer have no outer fortieth
BLOCK = 20_000  # curves fitted at once


class Intervals(NamedTuple):
    """lower, upper: (k,) DSS_asym, 0 to 50; NaN where there is none."""

    lower: np.ndarray
    upper: np.ndarray


def dss_intervals(
    arranged: Arranged,
    curves: Curves,
    parameters: int,
    draws: int,
    seed: int,
    threshold: str = "relative",
    progress: Callable[[float], None] | None = None,
    names: Sequence[str] | None = None,
    wanted: np.ndarray | None = None,
) -> Intervals:
    """The middle 95 % of `draws` scores, stretched to the score itself where that lies outside.

    curves: what was fitted to `arranged` with `parameters`. progress: is told the part done, 0 to 1. names: of the k
    curves, by default their numbers; a curve's draws follow from the seed and its name alone, whatever else is drawn.
    wanted: (k,) bool, which curves get an interval; None for all.
    """
    k = len(arranged.n)
    lower, upper = np.full((2, k), np.nan)
    able = np.flatnonzero(
        np.isfinite(curves.loss) & (arranged.n > curves.n_parameters) & (True if wanted is None else wanted)
    )
    if draws < MIN_DRAWS or len(able) == 0:
        return Intervals(lower, upper)
    score = dss_asym(curves, threshold).dss
    names = [str(row) for row in range(k)] if names is None else names
    some = max(1, BLOCK // draws)
    for start in range(0, len(able), some):
        rows = able[start : start + some]
        drawn = _draw(arranged, curves, rows, draws, [_generator(seed, names[row]) for row in rows])
        scores = dss_asym(fit_arranged(drawn, parameters), threshold).dss.reshape(len(rows), draws)
        lower[rows] = np.fmin(np.nanpercentile(scores, LEVELS[0], axis=1), score[rows])
        upper[rows] = np.fmax(np.nanpercentile(scores, LEVELS[1], axis=1), score[rows])
        if progress is not None:
            progress((start + len(rows)) / len(able))
    return Intervals(lower, upper)


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, *sha256(name.encode()).digest()])


def _draw(
    arranged: Arranged, curves: Curves, rows: np.ndarray, draws: int, generators: Sequence[np.random.Generator]
) -> Arranged:
    """Every curve of `rows` as often as there are draws, with residuals drawn anew."""
    x, y = [], []
    for row, rng in zip(rows, generators, strict=True):
        own = slice(arranged.first[row], arranged.first[row + 1])
        n = int(arranged.n[row])
        fitted = evaluate(_one(curves, row), arranged.x[own])[0]
        residual = arranged.y[own] - fitted
        wide = (residual - residual.mean()) * np.sqrt(n / (n - curves.n_parameters[row]))
        x.append(np.tile(arranged.x[own], draws))
        y.append((fitted + wide[rng.integers(0, n, (draws, n))]).ravel())
    first = np.concatenate([[0], np.cumsum(np.repeat(arranged.n[rows], draws))])
    return replace(arranged, x=np.concatenate(x), y=np.concatenate(y), first=first, reasons=("",) * (len(first) - 1))


def _one(curves: Curves, row: int) -> Curves:
    arrays = {name: value[row : row + 1] for name, value in vars(curves).items() if name != "reason"}
    return Curves(**arrays, reason=curves.reason[row : row + 1])
