"""What a drug adds to a second one that is in every well at one dose: excess over Bliss, HSA, Loewe and ZIP.

A combination screen here is a dose series with a constant addition, one line of a matrix of doses. Its viabilities are
relative to controls that hold the addition, so both scales meet by the effect of the addition alone. The library for
matrices of doses, `synergy` 1.0, is under the GPL and wants the second drug in several doses; these four are sums of
fitted and measured effects. Effects are inhibitions as fractions of what vehicle wells do.

- Bliss: e1 + e2 - e1 e2, of measured effects. HSA: the larger of e1 and e2, measured.
- ZIP: as Bliss, but of the fitted curves, and beside the fitted curve of the combination.
- Loewe: the effect e at which d1 / D1(e) + d2 / D2(e) = 1; D: dose of one drug alone that has the effect e.

k = combinations, d = doses of the series.
"""

from typing import NamedTuple

import numpy as np

from engine.spheroid.curve import evaluate
from engine.spheroid.dss import falls
from engine.spheroid.types import Curves

HALVINGS = 60


class Excess(NamedTuple):
    """Inhibition in percent points above what is expected, all (k, d); positive: more than expected. NaN: not defined.

    combined: the measured effect of both, percent of vehicle wells.
    """

    combined: np.ndarray
    bliss: np.ndarray
    hsa: np.ndarray
    zip: np.ndarray
    loewe: np.ndarray


def addition_alone(negative: float, negative_with: float, positive: float) -> float:
    """Inhibition by the addition alone, as a fraction. All three: median raw readouts of control wells.

    Source: the normalisation of iTReX. NaN where both kinds of controls read the same.
    """
    window = negative - positive
    return (negative - negative_with) / window if window != 0 else float("nan")


def excess(
    doses_nm: np.ndarray,
    single: np.ndarray,
    together: np.ndarray,
    single_curves: Curves,
    together_curves: Curves,
    addition: float,
    addition_curve: Curves | None = None,
    addition_nm: float = float("nan"),
) -> Excess:
    """Excess of k combinations with one addition at one dose.

    doses_nm: (k, d) of the series. single: (k, d) measured inhibition of the drug alone. together: (k, d) measured
    inhibition relative to wells that hold the addition, as percentages of a combination screen are. single_curves,
    together_curves: their fits. addition: its inhibition alone. addition_curve: one curve of the second drug alone, and
    addition_nm: how much of it there is; Loewe is NaN without them, and where a curve falls with the dose.
    """
    x = np.log10(doses_nm)
    combined = _both(together, addition)
    fitted = evaluate(single_curves, x)
    bliss = 100 * (combined - _both(single, addition))
    hsa = 100 * (combined - np.maximum(single, addition))
    zip_ = 100 * (_both(evaluate(together_curves, x), addition) - _both(fitted, addition))
    loewe = np.full_like(combined, np.nan)
    if addition_curve is not None and np.isfinite(addition_nm):
        loewe = 100 * (combined - loewe_effect(doses_nm, single_curves, addition_nm, addition_curve))
    return Excess(100 * combined, bliss, hsa, zip_, loewe)


def _both(one: np.ndarray, other: float) -> np.ndarray:
    """The effect of two that act independently; also takes an effect relative to wells with the other to vehicle's."""
    return one + other - one * other


def loewe_effect(doses_nm: np.ndarray, curves: Curves, other_nm: float, other: Curves) -> np.ndarray:
    """(k, d) the effect that dose additivity expects of doses (k, d) of k drugs with a constant dose of one other.

    Curves start from no effect here: what their bottoms lie above or below 0 is left out of the dose of an effect.
    NaN where one of both curves falls with the dose or has no effect at all.
    """
    tops = np.maximum(curves.top, curves.bottom)[:, None]
    other_top = np.maximum(other.top, other.bottom)[0]
    low = np.zeros(doses_nm.shape)
    high = np.broadcast_to(np.maximum(tops, other_top), doses_nm.shape).copy()
    with np.errstate(all="ignore"):
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            parts = doses_nm / _dose_of(curves, middle) + other_nm / _dose_of(other, middle)
            enough = parts >= 1  # as much as needed for this effect, or more
            low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    defined = ~falls(curves)[:, None] & ~falls(other)[0] & (high > 0)
    return np.where(defined, low, np.nan)


def _dose_of(curves: Curves, effect: np.ndarray) -> np.ndarray:
    """(k, d) nM with the effect (k, d); infinite where the curve never has it, nearly 0 where it always has it."""
    bottom, top, xmid, slope, asymmetry = (
        value[:, None] for value in (curves.bottom, curves.top, curves.xmid, curves.slope, curves.asymmetry)
    )
    high, lowest = np.maximum(top, bottom), np.minimum(top, bottom)
    ratio = (top - bottom) / (effect - bottom)
    x = xmid - np.log10(np.expm1(np.log(ratio) / asymmetry)) / slope
    return np.where(effect >= high, np.inf, np.where(effect <= lowest, 0.0, 10 ** np.clip(x, -300, 300)))
