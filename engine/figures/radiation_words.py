"""Radiosensitivity in words: names of models and measures, and what both protocols say together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from engine.figures.text import MISSING, interval, number
from engine.radiation.settings import BASELINES, BEYOND, NETWORK
from engine.radiation.shown import LookUps

MODEL_NAMES = {
    NETWORK: "Network",
    "lineage_ridge": "Lineage and ridge",
    "panel_ridge": "Panel and ridge",
    "mean": "Mean",
    "panel_mean": "Panel mean",
    "lineage_mean": "Lineage mean",
    "nearest_neighbour": "Nearest neighbour",
    "ridge": "Ridge",
    "pls": "PLS",
    "svr": "SVR",
    "random_forest": "Random forest",
    "rsi": "Ten-gene index (RSI)",
}
PROTOCOL_NAMES = {"published": "Published protocol", "grouped": "Grouped by line"}
PROTOCOL_ASKS = {"published": "replicates of a line spread over folds", "grouped": "a line never seen"}
MEASURE_NAMES = {
    "r": "Pearson r",
    "rmse": "RMSE, SF2",
    "mae": "MAE, SF2",
    "correct": "Correct",
    "relative_error": "Relative error",
    "share_under_2": "Error under 2 %",
    "share_2_to_10": "Error 2 to 10 %",
    "share_over_10": "Error over 10 %",
    "coverage": "Coverage of 90 % intervals",
    "width": "Width of 90 % intervals, SF2",
}
FRACTIONS = ("correct", "relative_error", "share_under_2", "share_2_to_10", "share_over_10", "coverage")
LOWER_IS_BETTER = ("rmse", "mae", "relative_error", "share_over_10", "width")
CLOSE = 0.05  # of the share of correct predictions: a neighbour this close to the network explains its accuracy
DROP = 0.1  # and this much less on unseen lines is worth saying
ACCURATE = 0.8  # below this share of correct predictions there is no accuracy to explain


@dataclass(frozen=True)
class Measured:
    """A measure with its 95 % interval (NaN where none) and what it was counted over."""

    value: float
    lower: float
    upper: float
    n: int


def model_name(model: str) -> str:
    """A model's name on screen."""
    return MODEL_NAMES.get(model, model.replace("_", " ").capitalize())


def is_baseline(model: str) -> bool:
    """Whether a model is there to be beaten."""
    return model not in (NETWORK, *BEYOND)


def percent(fraction: float | None, decimals: int = 1) -> str:
    """0.9828 as '98.3 %'."""
    if fraction is None or not math.isfinite(fraction):
        return MISSING
    return f"{100 * fraction:.{decimals}f} %"


def rough_time(seconds: float) -> str:
    """An estimate of a duration, in no more digits than it is worth."""
    if seconds < 90:
        return f"{max(10, 10 * round(seconds / 10))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"


def shown_value(name: str, value: float | None) -> str:
    """A measure as it stands on screen."""
    return percent(value) if name in FRACTIONS else number(value)


def shown_interval(name: str, lower: float | None, upper: float | None) -> str:
    """Both ends of its interval, or words where there is none."""
    if lower is None or upper is None or not (math.isfinite(lower) and math.isfinite(upper)):
        return "no interval"
    if name in FRACTIONS:
        return f"{100 * lower:.1f} to {100 * upper:.1f} %"
    return interval(lower, upper)


def measure(metrics: pd.DataFrame, model: str, name: str, scope: str = "samples", key: str = "") -> Measured | None:
    """One measure of a run's table `metric`; None where it is not defined."""
    rows = metrics[
        (metrics["model"] == model)
        & (metrics["name"] == name)
        & (metrics["scope"] == scope)
        & (metrics["key"].fillna("") == key)
    ].dropna(subset=["value"])
    if rows.empty:
        return None
    row = rows.iloc[0]
    return Measured(float(row["value"]), float(row["lower"]), float(row["upper"]), int(row["n"]))


def best_baseline(metrics: pd.DataFrame, name: str, scope: str = "samples", but: str = "") -> str:
    """The baseline with the best value of a measure, '' where there is none."""
    known = {model: measure(metrics, model, name, scope) for model in BASELINES if model != but}
    values = {model: found.value for model, found in known.items() if found}
    if not values:
        return ""
    return min(values, key=lambda model: values[model] * (1 if name in LOWER_IS_BETTER else -1))


def said(name: str, found: Measured) -> str:
    """'98.3 % (96.1 to 99.4 %)'."""
    ends = "" if math.isnan(found.lower) else f" ({shown_interval(name, found.lower, found.upper)})"
    return shown_value(name, found.value) + ends


def neighbour_words(
    metrics: Mapping[str, pd.DataFrame], arrays_per_line: float, artificial: bool, landed: LookUps | None
) -> tuple[str, str]:
    """Does a look-up explain the published accuracy? The claim, and the numbers behind it; empty where not known.

    metrics: protocol -> the run's table `metric`. arrays_per_line, artificial, landed: of the published run.
    """
    if "published" not in metrics:
        return "", ""
    if arrays_per_line <= 1:
        return (
            "Every line has one array here, so no model can recognise a line it was trained on.",
            "Both protocols ask the same question of these data; what they differ by is chance.",
        )
    spread = _both(metrics["published"])
    if spread is None:
        return "", ""
    neighbour, network = spread
    repeats = "artificial replicates" if artificial else "repeat arrays"
    explains = neighbour.value >= network.value - CLOSE
    if network.value < ACCURATE and explains:
        claim = "In the published protocol a look-up of the nearest array does no worse than the network."
    else:
        claim = f"A nearest neighbour alone {'explains' if explains else 'does not explain'} the published accuracy."
    text = (
        f"It only looks up the most similar training array. With {repeats} of a line spread over folds it is correct "
        f"for {said('correct', neighbour)} of {neighbour.n:,} arrays, the network for {said('correct', network)}"
    )
    if landed and landed.tests:
        text += f"; in {percent(landed.landed / landed.tests)} of its tests it finds the line's own SF2, digit by digit"
    text += "."
    alone = _both(metrics["grouped"]) if "grouped" in metrics else None
    if alone is None:
        return claim, f"{text} Train the grouped protocol to see what is left for a line never seen."
    text += (
        f" Grouped by line, where no array of a tested line trains, it is correct for {said('correct', alone[0])} and "
        f"the network for {said('correct', alone[1])}."
    )
    if neighbour.value - alone[0].value > DROP:
        text += " What the look-up loses there was recognising a line, which says nothing about a new one."
    return claim, text


def _both(metrics: pd.DataFrame) -> tuple[Measured, Measured] | None:
    """Shares of correct arrays of the nearest neighbour and of the network."""
    neighbour, network = measure(metrics, "nearest_neighbour", "correct"), measure(metrics, NETWORK, "correct")
    return (neighbour, network) if neighbour and network else None


def unseen_words(metrics: pd.DataFrame) -> str:
    """What is left on lines never seen: the network and the best model beside the best baseline, over lines."""
    network, naive = measure(metrics, NETWORK, "rmse", "lines"), best_baseline(metrics, "rmse", "lines")
    if not naive:
        return ""
    other = measure(metrics, naive, "rmse", "lines")
    own = {model: measure(metrics, model, "rmse", "lines") for model in (NETWORK, *BEYOND)}
    values = {model: found for model, found in own.items() if found}
    if other is None or not values:
        return ""
    best = min(values, key=lambda model: values[model].value)
    found = values[best]
    verb = "is closer than" if found.value < other.value else "is no closer than"
    chance = found.value < other.value and found.upper >= other.value
    text = (
        f"On {found.n:,} lines never seen, {lower_name(best)} {verb} the best baseline, {lower_name(naive)}: RMSE "
        f"{said('rmse', found)} against {said('rmse', other)}{', within chance' if chance else ''}."
    )
    if network and best != NETWORK:
        text += f" The published network: {said('rmse', network)}."
    return text


def lower_name(model: str) -> str:
    """A model's name within a sentence."""
    name = model_name(model)
    return name if name.isupper() else f"{name[0].lower()}{name[1:]}"
