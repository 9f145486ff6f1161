"""Conversions between units; nothing else in the engine converts."""

import numpy as np
from numpy.typing import ArrayLike

NM_PER_UM = 1000.0
CGY_PER_GY = 100.0
PERCENT = 100.0


def ln_ic50_from_um(ic50_um: ArrayLike) -> np.ndarray:
    """ln of IC50 in uM from IC50 in uM; not a number where the IC50 is not positive."""
    values = np.asarray(ic50_um, dtype=float)
    return np.log(np.where(values > 0, values, np.nan))


def ln_ic50_from_nm(ic50_nm: ArrayLike) -> np.ndarray:
    """ln of IC50 in uM from IC50 in nM; not a number where the IC50 is not positive."""
    return ln_ic50_from_um(np.asarray(ic50_nm, dtype=float) / NM_PER_UM)


def ic50_um(ln_ic50: ArrayLike) -> np.ndarray:
    """IC50 in uM from ln of IC50 in uM."""
    return np.exp(np.asarray(ln_ic50, dtype=float))


def gy_from_cgy(dose_cgy: ArrayLike) -> np.ndarray:
    """Dose in Gy from dose in cGy (rad)."""
    return np.asarray(dose_cgy, dtype=float) / CGY_PER_GY


def fraction_from_percent(percent: ArrayLike) -> np.ndarray:
    """Fractions from percent."""
    return np.asarray(percent, dtype=float) / PERCENT
