"""What the numbers say, in one plain sentence."""

from typing import Any

import pandas as pd

from engine.figures.text import count, model_name, number
from engine.response.settings import BASELINE_DESCRIPTIONS, ENSEMBLE, LEARNED, NAIVE

UNSEEN = {
    "cell_line": "For cell lines it has never seen, ",
    "cancer_type": "For cancer types it has never seen, ",
    "drug": "For drugs it has never seen, ",
    "both": "For cell lines and drugs it has never seen, ",
}


def verdict(scores: pd.DataFrame, model: str, split: str = "", skill_of: str | None = None) -> str:
    """Whether `model` explains more of these pairs than the strongest naive baseline does.

    scores: columns `model`, `name`, `value`, `lower`, `upper`, `n`; R² is looked at, and the interval of skill, which
    is a paired one, where skill is measured against the strongest baseline of these pairs.
    split: an honest one begins the sentence. skill_of: the baseline that skill is measured against.
    """
    found = {str(row.model): row for row in scores[scores["name"] == "r2"].itertuples()}
    if model not in found:
        return f"{model_name(model)} has no measures on these pairs."
    own: Any = found[model]
    who = _upper(f"{UNSEEN.get(split, '')}{'the ensemble' if model == ENSEMBLE else model_name(model)}")
    these = f"these {count(own.n)} pairs" if own.n != 1 else "this one pair"
    if pd.isna(own.value):
        return f"R² is not defined on {these}: it takes three pairs or more whose measurements differ."
    if model in NAIVE:
        return f"{model_name(model)} is a baseline without genome or structure: it {BASELINE_DESCRIPTIONS[model]}."
    known = [found[name] for name in NAIVE if name in found and pd.notna(found[name].value)]
    best: Any = max(known, key=lambda row: row.value, default=None)
    said = _beside(who, these, own, best, _skill(scores, model) if best and skill_of == best.model else None)
    return said + _classical(found, own)


def _beside(who: str, these: str, own: Any, best: Any, skill: Any) -> str:
    if own.value < 0:
        beside = f"; {_name(best.model)} reaches {number(best.value)}" if best is not None else ""
        return f"{who} is further from {these} than their own mean would be (R² {number(own.value)}{beside})."
    if best is None:
        return f"{who} explains {100 * own.value:.0f} % of the variance of {these}; there is no baseline to compare."
    if number(own.value) == number(best.value):
        return f"{who} explains as much as {_name(best.model)} on {these} (R² {number(own.value)})."
    less = own.value < best.value
    said = f"{who} explains {'less' if less else 'more'} than {_name(best.model)} on {these}"
    numbers = f"(R² {number(own.value)} against {number(best.value)})"
    within = _within(0.0, skill) if skill is not None else _within(best.value, own)
    if within:
        return f"{said} {numbers}, but its 95 % interval includes the baseline: not proven."
    return f"{said} {numbers}" + (": it adds nothing to the averages here." if less else ".")


def _classical(found: dict[str, Any], own: Any) -> str:
    """A network that a classical model on the same inputs equals or surpasses should say so."""
    if own.model in LEARNED:
        return ""
    known = [
        found[name]
        for name in LEARNED
        if name in found and (found[name].value > own.value or _within(found[name].value, own))
    ]
    best: Any = max(known, key=lambda row: row.value, default=None)
    return f" {model_name(best.model)}, a classical model, reaches {number(best.value)}." if best is not None else ""


def _skill(scores: pd.DataFrame, model: str) -> Any:
    rows = scores[(scores["name"] == "skill") & (scores["model"] == model)].dropna(subset=["lower", "upper"])
    return next(iter(rows.itertuples()), None)


def _within(value: float, row: Any) -> bool:
    return bool(row.lower <= value <= row.upper)  # nan: no interval, nothing is within


def _name(baseline: str) -> str:
    return model_name(baseline).lower()


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
