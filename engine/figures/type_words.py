"""What cancer types are called, and what the numbers of one type say in plain sentences."""

from collections.abc import Mapping
from functools import cache

import pandas as pd

from engine.figures.text import MINUS, MISSING, interval, model_name, number, plural
from engine.response.settings import BASELINES, ENSEMBLE, INTERVAL_LEVEL
from engine.response.type_records import TypeGain
from engine.settings import REFERENCE

COVERS_TOO_FEW = INTERVAL_LEVEL - 0.02  # below this, and with its 95 % interval below the promise, coverage is off
UNSEEN = {
    "pairs": "These pairs were hidden in training; other pairs of their lines and drugs were not.",
    "cell_line": "No pair of these lines was seen in training.",
    "cancer_type": "No line of this cancer type was seen in training.",
    "drug": "No pair of these drugs was seen in training.",
    "both": "No pair of these lines and none of these drugs was seen in training.",
}


@cache
def _names() -> dict[str, tuple[str, str]]:
    table = pd.read_csv(REFERENCE / "tcga_studies.csv", keep_default_na=False)
    return {row.cancer_type: (row.short, row.name_) for row in table.rename(columns={"name": "name_"}).itertuples()}


def _known(label: str) -> tuple[str, str]:
    """Short and full name; the label itself where nobody knows what it means."""
    return _names().get(label.upper().replace("/", "_"), (label, label))


def type_name(label: str) -> str:
    """SKCM -> Melanoma (SKCM); an unknown label stays as it is."""
    short = _known(label)[0]
    return label if short == label else f"{short} ({label})"


def code_and_name(label: str) -> str:
    """SKCM -> SKCM · Melanoma, for lists that are searched; an unknown label stays as it is."""
    short = _known(label)[0]
    return label if short == label else f"{label} · {short}"


def full_name(label: str) -> str:
    """SKCM -> Skin cutaneous melanoma."""
    return _known(label)[1]


def signed(value: float | None) -> str:
    """A difference of two R², with its sign and three decimals."""
    if value is None:
        return MISSING
    return f"{value:+.3f}".replace("-", MINUS) if abs(value) >= 0.0005 else "0.000"


def gain_words(gain: TypeGain) -> str:
    """The difference in R² with its interval."""
    if gain.gain.lower is None or gain.gain.upper is None:
        return signed(gain.gain.value)
    return f"{signed(gain.gain.value)} (95 % {signed(gain.gain.lower)} to {signed(gain.gain.upper)})"


def type_verdict(gain: TypeGain) -> str:
    """Does the model beat the naive baseline for this cancer type, and by how much?"""
    name, who, naive = type_name(gain.cancer_type), _who(gain.model), f"the naive baseline, {_baseline(gain.baseline)},"
    where = f"on {plural(gain.pairs, 'unseen pair')} of {plural(gain.lines, 'line')}"
    if gain.r2.value is None:
        return (
            f"{name}: whether {who} beats {naive} cannot be told {where}: R² takes three pairs or more whose "
            "measurements differ."
        )
    numbers = f"R² {number(gain.r2.value)} against {number(gain.baseline_r2.value)}, difference {gain_words(gain)}"
    said = {
        "better": f"{name}: {who} beats {naive} {where}: {numbers}.",
        "worse": f"{name}: {who} does not beat {naive} {where}, it does worse: {numbers}.",
        "even": f"{name}: {who} does not clearly beat {naive} {where}: {numbers}. The interval includes 0.",
        "open": f"{name}: whether {who} beats {naive} cannot be told {where}: {numbers}. There are too few "
        f"{gain.clusters} for an interval.",
    }[gain.verdict]
    below = " R² below 0: their own mean would be nearer to these measurements." if gain.r2.value < 0 else ""
    return said + below


def strongest_baseline(measures: pd.DataFrame, gain: TypeGain) -> str:
    """The best of all other baselines for this type, where that is not the naive one; '' otherwise.

    measures: cancer_type, model, name, value, lower, upper, n.
    """
    rows = measures[(measures["cancer_type"] == gain.cancer_type) & (measures["name"] == "r2")]
    rows = rows[rows["model"].isin(BASELINES) & (rows["model"] != gain.model)].dropna(subset=["value"])
    if rows.empty:
        return ""
    best = rows.loc[rows["value"].idxmax()]
    if best["model"] == gain.baseline or gain.r2.value is None:
        return ""
    beside = "more than" if best["value"] > gain.r2.value else "less than"
    others = "the other" if gain.model in BASELINES else "all"
    return (
        f"The strongest of {others} baselines here is {_baseline(best['model'])}: R² {number(best['value'])} "
        f"({interval(best['lower'], best['upper'])}), {beside} {_who(gain.model)}."
    )


def types_verdict(gains: Mapping[str, TypeGain]) -> str:
    """In how many cancer types the model beats the naive baseline."""
    if not gains:
        return "No cancer type has held-out pairs of both the model and a naive baseline."
    first = next(iter(gains.values()))
    count = {word: sum(gain.verdict == word for gain in gains.values()) for word in ("better", "worse", "even", "open")}
    rest = []
    if count["even"]:
        rest.append(f"in {count['even']} the difference cannot be told from 0")
    if count["worse"]:
        rest.append(f"in {count['worse']} it does worse")
    if count["open"]:
        rest.append(f"{count['open']} {'has' if count['open'] == 1 else 'have'} too few {first.clusters} to tell")
    return (
        f"{_who(first.model).capitalize()} beats the naive baseline, {_baseline(first.baseline)}, in {count['better']} "
        f"of {plural(len(gains), 'cancer type')}" + (f"; {', '.join(rest)}" if rest else "") + "."
    )


def undercovered(measures: pd.DataFrame, model: str) -> pd.DataFrame:
    """Types whose prediction intervals clearly cover fewer pairs than promised, worst first: rows of `measures`."""
    rows = measures[(measures["model"] == model) & (measures["name"] == "coverage")].dropna(subset=["value"])
    off = (rows["value"] < COVERS_TOO_FEW) & (rows["upper"] < INTERVAL_LEVEL)
    return rows[off].sort_values("value", kind="stable")


def coverage_words(measures: pd.DataFrame, model: str) -> str:
    """Whether the intervals keep their promise in every cancer type, and where not."""
    known = measures[(measures["model"] == model) & (measures["name"] == "coverage")].dropna(subset=["value"])
    promise = f"{100 * INTERVAL_LEVEL:.0f} % prediction intervals"
    if known.empty:
        return f"This run has no {promise} of {_who(model)}, so their coverage is not known."
    off = undercovered(measures, model)
    if off.empty:
        return f"The {promise} keep their promise in every cancer type, as far as these pairs can tell."
    named = [
        f"{type_name(row.cancer_type)} {number(row.value)} ({interval(row.lower, row.upper)})"
        for row in off.itertuples()
    ]
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""
    return f"The {promise} cover too few pairs in {plural(len(off), 'type')}: {', '.join(named[:5])}{more}."


def _who(model: str) -> str:
    if model in BASELINES:
        return _baseline(model)
    return "the ensemble" if model == ENSEMBLE else model_name(model)


def _baseline(model: str) -> str:
    return model_name(model)[0].lower() + model_name(model)[1:]
