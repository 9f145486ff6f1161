"""Tukey's median polish of a plate: what its rows and columns add.

r, c = rows and columns of a plate.
"""

from typing import NamedTuple

import numpy as np


class Polish(NamedTuple):
    """overall, row (r,), column (c,) effects and residuals (r, c) of a median polish; NaN where there is no well."""

    overall: float
    row: np.ndarray
    column: np.ndarray
    residual: np.ndarray


def median_polish(values: np.ndarray, iterations: int = 10, tolerance: float = 0.01) -> Polish:
    """Tukey's two-way median polish of (r, c) values; NaN is left out.

    Stops when the sum of absolute residuals changes by less than `tolerance` of itself, as R's medpolish does.
    Source: Tukey 1977; Brideau et al. 2003, doi:10.1177/1087057103258285.
    """
    residual = np.array(values, float)
    row, column, overall = np.zeros(residual.shape[0]), np.zeros(residual.shape[1]), 0.0
    before = 0.0
    for _ in range(iterations):
        step = _median(residual, axis=1)
        residual, row = residual - step[:, None], row + step
        shift = float(_median(column[None], axis=1)[0])
        column, overall = column - shift, overall + shift
        step = _median(residual, axis=0)
        residual, column = residual - step, column + step
        shift = float(_median(row[None], axis=1)[0])
        row, overall = row - shift, overall + shift
        total = float(np.nansum(np.abs(residual)))
        if total == 0 or abs(total - before) < tolerance * total:
            break
        before = total
    return Polish(overall, row, column, residual)


def _median(values: np.ndarray, axis: int) -> np.ndarray:
    """Medians that are 0 where a row or column holds no value."""
    empty = np.isnan(values).all(axis=axis)
    filled = np.where(np.expand_dims(empty, axis), 0.0, values)
    return np.nanmedian(filled, axis=axis)
