"""Doses and inhibitions of many curves, side by side: sorted, checked, cut into chunks of one length.

k = curves, v = values of all of them, n = values of one curve.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.errors import InputError

CHUNK = 40_000  # values at once; a few MiB of work space, which stay in the processor's cache
HUGE = 100.0  # an inhibition a hundred times the controls' window says that there was no window


class Values(NamedTuple):
    """Values of k curves of n values each, ascending in x. x, y: (k, n)."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Arranged:
    """Values of k curves by curve and dose. x: (v,) log10 nM. y: (v,) inhibition as a fraction. first: (k + 1,) where
    each curve begins. reasons: why a curve cannot be fitted, '' where it can.
    """

    x: np.ndarray
    y: np.ndarray
    first: np.ndarray
    reasons: tuple[str, ...]

    @property
    def n(self) -> np.ndarray:
        """(k,) values of each curve."""
        return np.diff(self.first)

    @property
    def curve_of(self) -> np.ndarray:
        """(v,) which curve a value belongs to."""
        return np.repeat(np.arange(len(self.n)), self.n)

    def chunks(self) -> Iterator[tuple[np.ndarray, Values]]:
        """Which curves, and their values: those that can be fitted, curves of the same length together.

        Padded to one length they would be fewer chunks, but sums would depend on the padding in their last digits, and
        so, where a valley is flat, a drug's score on which other drugs were on the plate.
        """
        able = np.flatnonzero([not reason for reason in self.reasons])
        for length in np.unique(self.n[able]):
            alike = able[self.n[able] == length]
            size = max(1, CHUNK // int(length))
            for start in range(0, len(alike), size):
                rows = alike[start : start + size]
                yield rows, self.values(rows)

    def values(self, rows: np.ndarray) -> Values:
        """The values of some curves that have equally many."""
        at = self.first[rows][:, None] + np.arange(self.n[rows[0]])
        return Values(self.x[at], self.y[at])


def joined(parts: Sequence[Arranged]) -> Arranged:
    """The curves of several, one after the other."""
    first = np.concatenate([[0], np.cumsum(np.concatenate([part.n for part in parts]))])
    x, y = (np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y"))
    return Arranged(x, y, first, tuple(reason for part in parts for reason in part.reasons))


def arrange(log_conc: np.ndarray, inhibition: np.ndarray, curve_of: np.ndarray, n_curves: int) -> Arranged:
    """Sort values, given in any order, by curve and dose; values that are not numbers are left out.

    log_conc: (v,) log10 nM. inhibition: (v,) as a fraction. curve_of: (v,) 0 to k - 1.
    Raises InputError where the arrays differ in length.
    """
    x, y, curve = np.asarray(log_conc, float), np.asarray(inhibition, float), np.asarray(curve_of, int)
    if not len(x) == len(y) == len(curve):
        raise InputError(
            f"{len(x)} doses, {len(y)} inhibitions and {len(curve)} curve numbers were given: each value needs one of "
            "each."
        )
    order = np.lexsort((y, x, curve))  # whatever order they came in, the sums are the same to the last bit
    order = order[(np.isfinite(x) & np.isfinite(y))[order]]
    x, y, curve = x[order], y[order], curve[order]
    first = np.searchsorted(curve, np.arange(n_curves + 1))
    huge = np.bincount(curve[np.abs(y) > HUGE], minlength=n_curves) > 0
    reasons = tuple(_reason(x[a:b], bad) for a, b, bad in zip(first[:-1], first[1:], huge, strict=True))
    return Arranged(x, y, first, reasons)


def _reason(x: np.ndarray, huge: bool) -> str:
    if len(x) == 0:
        return "no well with a dose and a viability"
    if x[0] == x[-1]:
        return f"one dose only ({10 ** x[0]:.4g} nM); a curve needs at least two"
    if huge:
        return "a viability beyond 100 times the controls; look at the controls of the plate"
    return ""
