"""What the numbers say, in one plain sentence."""

import math
from typing import Any

import pandas as pd

from engine.figures.text import count, model_name, number
from engine.response.settings import BASELINES, ENSEMBLE

# What each baseline knows; none sees a genome or a structure.
BASELINE_WORDS = {
    "mean_effects": "adds the average of the cell line to the average of the drug",
    "drug_mean": "predicts the average of the drug for every cell line",
}
BASELINES_EXPLAINED = (
    f"Baselines know no genome and no structure: {model_name('mean_effects')} {BASELINE_WORDS['mean_effects']}, "
    f"{model_name('drug_mean')} {BASELINE_WORDS['drug_mean']}."
)


def verdict(scores: pd.DataFrame, model: str) -> str:
    """Whether `model` explains more of these pairs than the best baseline does.

    scores: columns `model`, `name`, `value`, `lower`, `upper`, `n`; only R² is looked at.
    """
    found = {str(row.model): row for row in scores[scores["name"] == "r2"].itertuples()}
    own: Any = found[model]
    these = f"these {count(own.n)} pairs" if own.n != 1 else "this one pair"
    who = "The ensemble" if model == ENSEMBLE else model_name(model)
    if pd.isna(own.value):
        return f"R² is not defined on {these}: it takes three pairs or more whose measurements differ."
    if model in BASELINES:
        return (
            f"{who} is a baseline without genome or structure: it {BASELINE_WORDS.get(model, 'knows averages only')}."
        )
    known = [found[name] for name in BASELINES if name in found and pd.notna(found[name].value)]
    best: Any = max(known, key=lambda row: row.value, default=None)
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
    if _within(best.value, own.lower, own.upper):
        return f"{said} {numbers}, but the difference is within its 95 % interval."
    return f"{said} {numbers}" + (": it adds nothing to the averages here." if less else ".")


def _name(baseline: str) -> str:
    return model_name(baseline).lower()


def _within(value: float, lower: float | None, upper: float | None) -> bool:
    if lower is None or upper is None or math.isnan(lower) or math.isnan(upper):
        return False
    return lower <= value <= upper
