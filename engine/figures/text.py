"""Numbers and names as they stand on screen."""

import math
from html import escape

from engine.response.settings import SPLIT_NAMES

MISSING = "not defined"
MINUS = "\N{MINUS SIGN}"

MODEL_NAMES = {
    "ensemble": "Ensemble",
    "master": "Master",
    "fully_connected": "Fully connected",
    "shallow": "Shallow",
    "tanh": "Tanh",
    "unified": "Unified",
    "mean_effects": "Mean effects",
    "drug_mean": "Drug mean",
    "line_mean": "Line mean",
    "type_drug_mean": "Cancer type × drug mean",
    "nearest_lines": "Nearest lines",
    "elastic_net": "Elastic net per drug",
    "random_forest": "Random forest",
    "svm": "Support vector machine",
    "permuted_genomes": "Ensemble, genomes permuted",
    "permuted_drugs": "Ensemble, drugs permuted",
}
MEASURE_NAMES = {
    "r2": "R²",
    "rmse": "RMSE, ln µM",
    "mae": "MAE, ln µM",
    "pearson": "Pearson r",
    "spearman": "Spearman ρ",
    "auroc": "AUROC",
    "average_precision": "Average precision",
    "skill": "Skill",
    "within_drug_r": "Pearson r within a drug",
    "coverage": "Coverage of 90 % intervals",
    "width": "Mean width of intervals, ln µM",
}
LOWER_IS_BETTER = ("rmse", "mae", "width")


def model_name(model: str) -> str:
    """A model's name on screen; an unknown one is shown as it is, with spaces."""
    return MODEL_NAMES.get(model, model.replace("_", " ").capitalize())


def split_name(split: str) -> str:
    """How the test pairs were held out, in words."""
    return SPLIT_NAMES.get(split, split.replace("_", " "))


def data_name(dataset: str, simulated: bool) -> str:
    """'GDSC1', 'GDSC1, simulated', or 'simulated data' where the dataset has no other name."""
    if simulated and dataset.lower() in ("", "simulated"):
        return "simulated data"
    return f"{dataset}, simulated" if simulated else dataset or "unnamed dataset"


def number(value: float | None, figures: int = 3) -> str:
    """Three significant figures, thousands separated, a true minus sign; missing is said to be missing."""
    if value is None or not math.isfinite(value):
        return MISSING
    if abs(value) < 1e-12:  # rounding on a zero
        return "0"
    rounded = round(value, figures - 1 - math.floor(math.log10(abs(value))))
    decimals = max(0, figures - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}".replace("-", MINUS)


def chance(value: float | None, name: str = "") -> str:
    """A probability; one below 0.001 is not told more exactly. name: "q" gives "q = 0.02"."""
    if value is not None and 0 <= value < 0.001:
        return f"{name} < 0.001".strip()
    return f"{name} = {number(value, 2)}" if name else number(value, 2)


def setting(value: float) -> str:
    """A setting as it was chosen (−2, 0.95), without padding zeros."""
    return f"{value:g}".replace("-", MINUS)


def difference(value: float, other: float) -> str:
    """value - other with the decimals that `value` is shown with, and its sign."""
    decimals = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 2
    return f"{value - other:+,.{decimals}f}".replace("-", MINUS)


def signed(value: float) -> str:
    """A difference of R² with the decimals that R² has, and its sign: +0.031, −0.031."""
    return f"{value:+.3f}".replace("-", MINUS)


def count(value: int) -> str:
    """A whole number, thousands separated."""
    return f"{int(value):,}".replace("-", MINUS)


def interval(lower: float | None, upper: float | None) -> str:
    """Both ends of an interval, or words where there is none."""
    if lower is None or upper is None or not (math.isfinite(lower) and math.isfinite(upper)):
        return "no interval"
    return f"{number(lower)} to {number(upper)}"


def in_figure(name: object, longest: int = 60) -> str:
    """A name out of somebody's file as a figure may hold it: cut where it is long, and its signs no markup."""
    return escape(cut(name, longest))


def cut(name: object, longest: int = 60) -> str:
    """A name on one line, of so many signs at most."""
    text = " ".join(str(name).split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def plural(n: int, one: str, many: str | None = None) -> str:
    """1 pair, 2 pairs, 1,204 pairs."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def size(n: int) -> str:
    """Bytes as a person says them: 192 bytes, 12.3 kB, 339 MB."""
    for unit, length in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n >= length:
            return f"{number(n / length)} {unit}"
    return plural(n, "byte")


def duration(seconds: float | None) -> str:
    """Seconds as a person says them."""
    if seconds is None or not math.isfinite(seconds):
        return "unknown"
    seconds = max(0, round(seconds))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
