"""How alike samples are by expression, and which probes tell them apart. Needs numpy only.

k, t = samples, p = probes.
"""

import numpy as np


def correlations(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(t, k) Pearson correlations over the probes of (t, p) samples with (k, p) others; 0 for a constant sample."""

    def standard(rows: np.ndarray) -> np.ndarray:
        centred = np.asarray(rows, np.float64) - np.mean(rows, axis=1, keepdims=True, dtype=np.float64)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        return np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)

    return standard(values) @ standard(others).T


def most_variable(values: np.ndarray, count: int) -> np.ndarray:
    """Columns of (k, p) values with the largest variance, at most `count`, in the order of the columns.

    Constant columns are left out, unless all are constant.
    """
    variance = values.var(axis=0, dtype=np.float64)
    chosen = np.sort(np.argsort(-variance, kind="stable")[:count])
    varying = chosen[variance[chosen] > 0]
    return varying if len(varying) else chosen[:1]


def standardised(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(t, p) values less the mean of (k, p) reference rows, in units of their standard deviation; float64.

    A column that is constant in the reference is 0 there, and not scaled elsewhere.
    """
    mean, spread = reference.mean(axis=0, dtype=np.float64), reference.std(axis=0, dtype=np.float64)
    return (values - mean) / np.where(spread > 0, spread, 1.0)
