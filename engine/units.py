"""Conversions between units; nothing else in the engine converts."""

import numpy as np
from numpy.typing import ArrayLike

NM_PER_UM = 1000.0
CGY_PER_GY = 100.0
PERCENT = 100.0
NM_PER = {"pM": 1e-3, "nM": 1.0, "uM": NM_PER_UM, "mM": 1e6, "M": 1e9}


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


def nm_from(conc: ArrayLike, unit: str) -> np.ndarray:
    """Concentrations in nM from those in pM, nM, uM, mM or M (keys of NM_PER)."""
    # The product of 0.3 and 1e3 is 299.99999999999994: doses that are the same must stay the same.
    return np.asarray([float(f"{value:.12g}") for value in np.ravel(np.asarray(conc, dtype=float) * NM_PER[unit])])
