"""Prediction intervals that hold what they promise, by split conformal prediction.

r = calibration pairs, n = pairs to predict.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.errors import TrainingError


@dataclass(frozen=True)
class Calibration:
    """A measurement lies within quantile x (spread + floor) of its prediction in a share `level` of pairs.

    floor: in ln uM, quantile without a unit; with floor None all intervals have the same half width, `quantile` in
    ln uM. n: pairs calibrated on.
    """

    level: float
    quantile: float
    floor: float | None
    n: int

    def interval(self, predicted: np.ndarray, spread: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(n,) lower and upper ends for (n,) predictions and, if calibrated with one, their (n,) spread.

        Raises ValueError where the calibration had a spread and the predictions have none.
        """
        predicted = np.asarray(predicted, float)
        if self.floor is None:
            half = np.full(predicted.shape, self.quantile)
        elif spread is None:
            raise ValueError("these intervals were calibrated with a spread; the predictions come without one")
        else:
            half = self.quantile * (np.asarray(spread, float) + self.floor)
        return predicted - half, predicted + half

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Calibration":
        """The calibration as `as_dict` wrote it."""
        return cls(**values)


def calibrate(
    observed: np.ndarray, predicted: np.ndarray, spread: np.ndarray | None = None, level: float = 0.9
) -> Calibration:
    """Intervals from (r,) pairs that trained nothing; over exchangeable pairs they cover a share >= level on average.

    spread: (r,) standard deviation over the ensemble's networks, ln uM; None, or 0 for most pairs (one network),
    gives every pair the same width. A pair's score is |observed - predicted| / (spread + floor), and the quantile
    the ceil((r + 1) level)-th smallest of them. floor is the median spread: networks that happen to agree on a pair
    may share their error, so without it a near-zero spread would promise a near-zero error, and the few such pairs
    would stretch all other intervals.
    Raises TrainingError where r is too small for the level, ValueError for values that are not finite.
    Source: Lei et al. 2018, doi:10.1080/01621459.2017.1307116 (split conformal); Papadopoulos, Vovk & Gammerman 2011,
    doi:10.1613/jair.3198 (scores divided by an expected error plus a constant).
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1")
    error = np.abs(np.asarray(observed, float) - np.asarray(predicted, float))
    n = len(error)
    rank = math.ceil(round((n + 1) * level, 9))  # rounded, because 10 * 0.9 need not be 9 in binary
    if rank > n:
        needed = math.ceil(round(level / (1 - level), 9))
        raise TrainingError(
            f"{n} validation pairs are too few for {100 * level:g} % prediction intervals: {needed} are needed. "
            "Choose a larger validation share or import more responses."
        )
    floor = None if spread is None else float(np.median(spread)) or None
    scores = error if spread is None or floor is None else error / (np.asarray(spread, float) + floor)
    if not np.isfinite(scores).all():
        raise ValueError("measurements, predictions and spreads must be finite numbers")
    return Calibration(level, float(np.partition(scores, rank - 1)[rank - 1]), floor, n)
