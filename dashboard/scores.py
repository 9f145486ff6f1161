"""Measures of one model as cards, each beside the baselines' values on the same pairs."""

import pandas as pd

from dashboard import frame
from engine.figures.text import count, difference, interval, model_name, number
from engine.learn.metrics import SENSITIVE_BELOW
from engine.response.settings import BASELINES

MEASURES = {"r2": "R²", "rmse": "RMSE, ln µM", "pearson": "Pearson r", "auroc": "AUROC, ln(IC50) < −2"}


def cards(model: str, scores: pd.DataFrame, pairs: pd.DataFrame) -> None:
    """A row of cards; `pairs` are those the scores are made of."""
    frame.cards([_card(name, model, scores, pairs) for name in MEASURES])


def _card(name: str, model: str, scores: pd.DataFrame, pairs: pd.DataFrame) -> frame.Card:
    found = {row.model: row for row in scores[scores["name"] == name].itertuples()}
    own = found[model]
    n = f"n {count(own.n)}"
    if name == "auroc":
        n = f"{count((pairs['observed'] < SENSITIVE_BELOW).sum())} sensitive of {count(own.n)}"
    beside = []
    for baseline in reversed(BASELINES):
        if baseline in found and baseline != model:
            other = found[baseline]
            known = pd.notna(own.value) and pd.notna(other.value)
            better = known and (own.value < other.value) == (name == "rmse") and own.value != other.value
            shown = difference(own.value, other.value) if known else ""
            beside.append((model_name(baseline), number(other.value), shown, better))
    note = f"{interval(own.lower, own.upper)} · {n}"
    return frame.Card(MEASURES[name], number(own.value), note, tuple(beside))
