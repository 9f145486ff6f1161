"""The scale of expression values, told by their range: log2, linear (intensities, counts, TPM) or centred (z)."""

import numpy as np

from engine.errors import InputError

LOG2_MAX = 30.0  # log2 of the largest intensity is 16, of the largest count of a sequencer 27
Z_SPREAD = 3.0  # standard deviation of z-scores over all genes; log2 values without a floor have 4 and more
SURELY_LINEAR = 100.0
LOG10_MAX = 6.0
SAMPLED = 2_000_000  # values that are looked at


def of_samples(values: np.ndarray) -> np.ndarray:
    """Whether each sample is on a linear scale. values: (n, p), NaN where missing. Returns (n,) bool.

    The 99th percentile decides, so that one wrong cell does not.
    """
    with np.errstate(all="ignore"):
        step = max(1, values.shape[1] // 20_000)
        return np.array([_top(row[::step]) > LOG2_MAX for row in values])


def _top(row: np.ndarray) -> float:
    found = row[np.isfinite(row)]
    return float(np.percentile(found, 99)) if len(found) else 0.0


def scale_of(values: np.ndarray) -> str:
    """linear | log2 | z, of all values together. values: any shape, NaN where missing."""
    flat = values.ravel()
    flat = flat[:: max(1, flat.size // SAMPLED)]
    flat = flat[np.isfinite(flat)]
    if not len(flat):
        return "log2"
    if np.percentile(flat, 99) > LOG2_MAX:
        return "linear"
    centred = 0.2 < np.mean(flat < 0) < 0.8 and abs(np.median(flat)) < 1 and np.std(flat) < Z_SPREAD
    return "z" if centred else "log2"


def to_log2(values: np.ndarray, samples: list[str], name: str) -> tuple[np.ndarray, str, list[str]]:
    """Values on one scale, its name (log2 | z) and what was done.

    values: (n, p) float32; linear ones become log2(x + 1) in place, negative intensities counting as 0.
    Raises InputError where some samples are linear and others are not.
    """
    linear, notes = of_samples(values), []
    if linear.any() and all(np.nanmax(row, initial=0) > SURELY_LINEAR for row in values[~linear]):
        linear[:] = True  # few genes are high in some samples
    if linear.any() and not linear.all():
        few, what = (linear, "linear") if linear.sum() * 2 <= len(linear) else (~linear, "logarithmic")
        names = [samples[i] for i in np.flatnonzero(few)]
        raise InputError(
            f"{name} mixes scales: {len(names):,} of {len(samples):,} samples are {what} and the others are not "
            f"({', '.join(names[:3])}). Give all of them on one scale, best log2."
        )
    if linear.all():
        negative = int(np.sum(values < 0))
        np.maximum(values, 0, out=values)
        np.log2(values + 1, out=values)
        notes.append("Its values are linear by their range and were turned into log2(x + 1).")
        if negative:
            notes.append(f"{negative:,} negative intensities count as 0.")
        return values, "log2", notes
    scale = scale_of(values)
    if scale == "z":
        notes.append("Its values are centred (z-scores, or ratios) and were kept so.")
        return values, scale, notes
    wild = values > LOG2_MAX
    if wild.any():
        notes.append(f"{int(wild.sum()):,} values above {LOG2_MAX:g} cannot be log2 and count as missing.")
        values[wild] = np.nan
    largest = float(np.nanmax(values))
    if 0 < largest < LOG10_MAX and np.nanmin(values) >= 0 and values.shape[1] > 1000:
        notes.append(f"Its largest value is {largest:.3g}: if this is log10, multiply by 3.32 to get log2.")
    return values, "log2", notes
