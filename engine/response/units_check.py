"""Is a column of IC50 values what it must be, ln of uM? Seen from how its values are spread."""

import numpy as np

from engine.errors import InputError
from engine.units import ln_ic50_from_nm, ln_ic50_from_um

UNITS = ("auto", "ln_um", "um", "nm")
# exp(25) uM is 72 kg/l of a drug of 1 g/mol: no fit may say so. GDSC's own values lie between -10 and 13.
LN_LIMIT = 25.0
SPREAD = 1000.0  # raw IC50s span many powers of ten, positive logarithms of them do not
MANY = 0.2  # share of values beyond LN_LIMIT that cannot be slips of single rows
ENOUGH = 10  # values from which a spread can be judged
NM_MEDIAN = 500.0  # drugs are screened at up to some 100 uM, so a median above is in nM
SAMPLE = 200_000


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
    """Watches the values of a file go by and refuses raw uM or nM in the place of ln of uM."""

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
        self._low, self._high = min(self._low, finite.min()), max(self._high, finite.max())
        if sum(map(len, self._sample)) < SAMPLE:
            self._sample.append(finite)

    def refuse(self) -> None:
        """Raises InputError where the values are too large or spread too far to be logarithms.

        Either many are beyond any logarithm, or none is below zero, as no IC50 is, and they span powers of ten:
        drugs that work below 1 uM would have a negative ln. A value of 0 is no IC50.
        """
        too_large = self._large > MANY * self._n
        positive = self._low > 0
        too_wide = self._n >= ENOUGH and positive and self._high > SPREAD * self._low
        if not (too_large or too_wide or (positive and self._large)):
            return
        median = float(np.median(np.concatenate(self._sample)))
        unit, words = ("nm", "nM") if median > NM_MEDIAN else ("um", "uM")
        raise InputError(
            f"{self._name}: the IC50 values look like raw {words}, not ln of uM ({self._negative:,} of {self._n:,} are "
            f"negative, median {median:,.4g}, largest {self._high:,.4g}). Import it again with --unit {unit} to "
            "convert them, or with --unit ln_um if they really are ln of uM."
        )
