"""Is a column of IC50 values in the unit it is said to be in? Seen from how its values are spread."""

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.units import ln_ic50_from_nm, ln_ic50_from_um

UNITS = ("auto", "ln_um", "um", "nm")
_WORDS = {"um": "uM", "nm": "nM"}
# exp(25) uM is 72 kg/l of a drug of 1 g/mol: no fit may say so. GDSC's own values lie between -10 and 13.
LN_LIMIT = 25.0
SPREAD = 1000.0  # raw IC50s span many powers of ten, positive logarithms of them do not
MANY = 0.2  # share of values beyond LN_LIMIT that cannot be slips of single rows
NEGATIVE = 0.05  # share of negative values that cannot be slips either; a fifth of GDSC's logarithms are
ENOUGH = 10  # values from which a spread can be judged
NM_MEDIAN = 500.0  # drugs are screened at up to some 100 uM, so a median above is in nM
SAMPLE = 200_000


def numbers(texts: pd.Series) -> pd.Series:
    """Texts as numbers, missing where they are none; a decimal comma is a point."""
    values = pd.to_numeric(texts, errors="coerce").astype(float)
    odd = values.isna() & texts.notna()
    if odd.any():
        plain = texts[odd].astype("str").str.strip().str.replace(r"^([+-]?\d*),(\d+)$", r"\1.\2", regex=True)
        values[odd] = pd.to_numeric(plain, errors="coerce").astype(float)
    return values


def to_ln_um(values: np.ndarray, unit: str) -> tuple[np.ndarray, np.ndarray]:
    """IC50 values as ln of uM, and which of them are finite and possible (|ln| <= 25).

    unit: auto and ln_um take them as they are, um and nm convert. Raises InputError for another unit.
    """
    if unit not in UNITS:
        raise InputError(f"The unit {unit!r} is not known: choose one of {', '.join(UNITS)}.")
    convert = {"um": ln_ic50_from_um, "nm": ln_ic50_from_nm}.get(unit, np.asarray)
    ln_ic50 = convert(values)
    with np.errstate(invalid="ignore"):
        return ln_ic50, np.isfinite(ln_ic50) & (np.abs(ln_ic50) <= LN_LIMIT)


class UnitCheck:
    """Watches the values of a file go by and refuses raw uM or nM in the place of ln of uM, and the reverse."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._n = self._negative = self._large = 0
        self._low, self._high = np.inf, -np.inf
        self._sample: list[np.ndarray] = []

    def see(self, values: np.ndarray) -> None:
        """Takes the values of one chunk in, before any are dropped for their range."""
        finite = values[np.isfinite(values)]
        if not len(finite):
            return
        self._n += len(finite)
        self._negative += int((finite < 0).sum())
        self._large += int((finite > LN_LIMIT).sum())
        self._low = min(self._low, finite[finite > 0].min(initial=np.inf))
        self._high = max(self._high, finite.max())
        if sum(map(len, self._sample)) < SAMPLE:
            self._sample.append(finite)

    def looks_like(self, unit: str) -> str | None:
        """The unit the values rather seem to be in (um | nm | ln_um), None where they fit `unit`; ln_um is believed.

        Not raw uM or nM: many are negative. Not logarithms (auto): either many are too large for one, or none is
        negative, as no IC50 is, and one is too large or they span powers of ten: drugs that work below 1 uM would
        have a negative ln. An IC50 of 0 is a rounded one.
        """
        if unit in ("um", "nm"):
            return "ln_um" if self._n >= ENOUGH and self._negative > NEGATIVE * self._n else None
        too_large = self._large > MANY * self._n
        too_wide = self._n >= ENOUGH and self._high > SPREAD * self._low
        if unit != "auto" or not (too_large or (not self._negative and (too_wide or self._large))):
            return None
        return "nm" if self._median() > NM_MEDIAN else "um"

    def refuse(self, unit: str) -> None:
        """Raises InputError where the values cannot be of the unit, saying which they look like."""
        raw = self.looks_like(unit)
        if raw == "ln_um":
            raise InputError(
                f"{self._name}: {self._negative:,} of {self._n:,} IC50 values are negative, so they are not in "
                f"{_WORDS[unit]} but look like logarithms. Import it again with --unit ln_um if they are ln of uM."
            )
        if raw:
            raise InputError(
                f"{self._name}: the IC50 values look like raw {_WORDS[raw]}, not ln of uM ({self._negative:,} of "
                f"{self._n:,} are negative, median {self._median():,.4g}, largest {self._high:,.4g}). Import it again "
                f"with --unit {raw} to convert them, or with --unit ln_um if they really are ln of uM."
            )

    def _median(self) -> float:
        return float(np.median(np.concatenate(self._sample)))
