"""Where a measure of quality is good, doubtful or bad, and where each limit comes from."""

import math
from typing import NamedTuple

from engine.spheroid.types import Verdict

MEASURES = {
    "controls_order": "negative controls above positive ones",
    "z_prime": "Z'",
    "robust_z_prime": "robust Z'",
    "ssmd": "SSMD",
    "cv_negative": "variation of the negative controls, %",
    "cv_positive": "variation of the positive controls, %",
    "replicate_pearson": "duplicates, Pearson r",
    "replicate_spearman": "duplicates, Spearman ρ",
    "edge_effect": "outer against inner wells, percent points",
    "row_effect": "largest row effect, percent points",
    "column_effect": "largest column effect, percent points",
    "gradient": "slope across the plate, percent points",
    "nrfe": "residual fit error of the curves (NRFE)",
    "series": "largest rise along the control series, percent points",
    "out_of_range": "network outputs out of range, wells",
    "missing_wells": "wells without a readout",
    "suspect_wells": "wells unlike their neighbours",
}
# A combination screen has controls for every added drug; theirs are named "z_prime+Trametinib".
ADDON = "+"


class Limits(NamedTuple):
    """good and bad: the last value that is still good, the first that is bad; between them it is doubtful."""

    good: float
    bad: float


# Zhang, Chung and Oldenburg 1999, doi:10.1177/108705719900400206: above 0.5 excellent, at 0 and below unusable.
Z_PRIME = Limits(0.5, 0.0)
# Zhang 2007, doi:10.1016/j.ygeno.2007.01.014, for very strong positive controls: -3 and below good, above -2 poor.
SSMD = Limits(-3.0, -2.0)
# Assay Guidance Manual (NCBI NBK83783), plate uniformity: at most 20 %, or, of killed wells, a standard deviation no
# larger than that of living ones. Twice that is bad: chosen here.
CV_PERCENT = Limits(20.0, 40.0)
# Chosen here. Berker et al. 2022 call 0.84 acceptable; below 0.7 less than half of the variance is shared.
REPLICATES = Limits(0.84, 0.7)
MIN_EFFECTIVE = 0.1  # share of wells below 70 % viability that duplicates need to be judged by a correlation
EFFECTIVE_PERCENT = 70.0
# Percent points of viability, chosen here: DSS_asym counts inhibition from 10 points on as an effect (dss.md), so a
# shift of 10 by position alone makes or hides effects.
SPATIAL = Limits(5.0, 10.0)
GRADIENT = Limits(10.0, 20.0)  # the same, from corner to corner: half of it is the shift against the middle
SPATIAL_P = 0.001  # and beyond chance: three or four looks at every plate
# Ianevski et al. 2025, doi:10.1016/j.isci.2025.113470: below 10 acceptable, above 15 poor.
NRFE = Limits(10.0, 15.0)
SERIES = Limits(15.0, 30.0)  # percent points, chosen here; a rise has to lie three standard errors beyond noise, too
SERIES_ERRORS = 3.0
SERIES_SPAN = 30.0  # percent points that the series should fall by at least, chosen here
# Label smoothing 0.4 draws outputs towards 0.2 and 0.8 (Berker et al. 2022); they scatter around both, so a well is out
# of range when it lies more than 0.05 (chosen here) beyond.
RAW_RANGE = (0.2, 0.8)
RAW_MARGIN = 0.05
RAW_SHARE = Limits(0.0, 0.05)  # share of wells, chosen here
RAW_CONTROLS = 0.1  # share of a plate's controls out of range, chosen here: then the network is off, not single wells
MISSING_SHARE = Limits(0.0, 0.05)  # share of wells, chosen here
MIN_CONTROLS = 3  # wells of either control; fewer tell no spread
# A well is suspect when it lies beyond all its neighbours by so many robust standard deviations and percent points.
SUSPECT_Z = 4.5  # chosen here: 4 false alarms in 61,600 wells of 200 simulated clean plates
SUSPECT_POINTS = 15.0
SUSPECT_SHARE = Limits(0.0, 0.02)  # share of wells, chosen here
NOISE_FLOOR = 3.0  # percent points: no assay repeats itself better


def grade(value: float, limits: Limits) -> str:
    """good | doubtful | bad | unknown; which way is better follows from the limits."""
    if math.isnan(value):
        return "unknown"
    better = value >= limits.good if limits.good > limits.bad else value <= limits.good
    worse = value <= limits.bad if limits.good > limits.bad else value >= limits.bad
    return "good" if better else "bad" if worse else "doubtful"


def verdict(plate: str, modality: str, measure: str, value: float, limits: Limits, words: dict[str, str]) -> Verdict:
    """A verdict by limits. words: good, doubtful, bad -> reason; unknown is used where the value is NaN."""
    found = grade(value, limits)
    return Verdict(plate, modality, measure, float(value), found, words[found])


def unknown(plate: str, modality: str, measure: str, reason: str) -> Verdict:
    """A measure that has no value, and why."""
    return Verdict(plate, modality, measure, math.nan, "unknown", reason)


def number(value: float) -> str:
    """A number as a person reads it: three digits, thousands with commas."""
    return written(value, ",.0f" if abs(value) >= 100 else ".3g")


def written(value: float, form: str = ".0f") -> str:
    """A formatted number with a real minus sign, and none before a number that rounds to 0. form: as of `format`."""
    told = format(value, form)
    if not any(digit in told for digit in "123456789"):
        told = told.replace("-", "")
    return told.replace("-", "\N{MINUS SIGN}") if "e" not in told else told


def points(value: float, form: str = ".0f") -> str:
    """1 percent point, 12 percent points."""
    told = written(value, form)
    one = told.lstrip("+\N{MINUS SIGN}") == "1"
    return f"{told} percent point" if one else f"{told} percent points"


def well(row: object, column: object) -> str:
    """B, 5 -> B05."""
    return f"{row}{int(column):02d}"  # type: ignore[call-overload]


def wells(count: int) -> str:
    """1 well, 2 wells."""
    return f"{count:,} well{'' if count == 1 else 's'}"


def listed(names: list[str], most: int = 5) -> str:
    """The first few of many names."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def anded(names: list[str]) -> str:
    """a, b and c."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
