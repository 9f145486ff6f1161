"""Curves whose parameters are typed, and simulated values on them."""

import numpy as np
import pandas as pd

from engine.spheroid.types import Curves

DOSES = (1.0, 10.0, 100.0, 1000.0, 10_000.0)


def curves(*parameters: tuple[float, float, float, float, float], x_min: float = 0.0, x_max: float = 4.0) -> Curves:
    """Curves of (bottom, top, xmid, slope, asymmetry), tested between 10^x_min and 10^x_max nM."""
    k = len(parameters)
    bottom, top, xmid, slope, asymmetry = np.array(parameters, float).T
    return Curves(
        bottom, top, xmid, slope, asymmetry, np.full(k, x_min), np.full(k, x_max), np.zeros(k), np.ones(k),
        np.full(k, 5), ("",) * k,
    )  # fmt: skip


def sigmoid(x: np.ndarray, top: float, xmid: float, slope: float) -> np.ndarray:
    """An independent formula: three parameters."""
    return top / (1 + 10 ** ((xmid - x) * slope))


def wells(drug: str, inhibition: tuple[float, ...], replicate: int = 1, addon: str = "") -> pd.DataFrame:
    """Therapy wells at DOSES with these inhibitions as fractions."""
    return pd.DataFrame(
        {
            "well_type": "therapy", "treatment": drug, "conc_nm": DOSES, "replicate": replicate, "addon": addon,
            "percent": [100 * (1 - value) for value in inhibition],
        }
    )  # fmt: skip
