"""How much more sensitive a molecule's prediction is than the molecule and the cancer type (or line) alone explain.

m = molecules, r = drugs that the run was trained on, t = cancer types or lines. What a type does to any drug, and how
far molecules usually stray from it, is taken from the drugs of the run, predicted for the same lines: then a molecule
has one selectivity, whichever others share its library. Screens made before these were kept fall back to their own
molecules, and say so.
"""

from typing import NamedTuple

import numpy as np

FEW = 100  # molecules of a library that say little of what is usual


class Expected(NamedTuple):
    """of_column: (t,) what each type or line adds to any molecule's mean, ln uM. sd: of what is left without both, ln
    uM; 0 where nothing is left, NaN where nobody can tell."""

    of_column: np.ndarray
    sd: float


def expected(values: np.ndarray) -> Expected:
    """The columns' effects in a table of (r, t) predictions, and the sd of its two-way residuals."""
    rows, columns = values.shape
    if rows < 2 or columns < 2:
        return Expected(np.zeros(columns), float("nan"))
    left = values.astype(float)
    left -= left.mean(axis=1, keepdims=True)
    of_column = left.mean(axis=0)
    left -= of_column
    sd = float(left.std())
    # What is left of exactly additive predictions is the rounding of single precision, and has no direction.
    nothing = sd <= np.finfo(np.float32).eps * max(1.0, float(np.abs(values).max()))
    return Expected(of_column, 0.0 if nothing else sd)


def selectivity(values: np.ndarray, beside: Expected) -> np.ndarray:
    """(m, t) predictions less their row's mean and their column's effect, in sd; NaN where nobody can tell."""
    if np.isnan(beside.sd):
        return np.full(values.shape, np.nan)
    if beside.sd == 0.0:
        return np.zeros(values.shape)
    left = values.astype(float)
    left -= left.mean(axis=1, keepdims=True)
    left -= beside.of_column
    left /= beside.sd
    return left


def relative_to(n_reference: int, n_molecules: int) -> str:
    """What selectivity is relative to, in words. n_reference: drugs of the run, 0 where the screen kept none."""
    if n_reference:
        return f"relative to the {n_reference:,} drugs the run was trained on"
    return f"relative to the {n_molecules:,} molecule{'s' * (n_molecules != 1)} of this library"


def relative_warning(n_reference: int, n_molecules: int) -> str:
    """Why selectivity is not to be compared with that of another library; empty where it is."""
    if n_reference or n_molecules >= FEW:
        return ""
    return (
        f"Selectivity is {relative_to(n_reference, n_molecules)}, fewer than {FEW}: another library would give the "
        "same molecule another number. Screen the library again, and the drugs of the run become the yardstick."
    )
