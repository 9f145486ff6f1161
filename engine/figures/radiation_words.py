"""Radiosensitivity in words: names of models and measures, and what both protocols say together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from engine.figures.text import MINUS, MISSING, interval, number, plural
from engine.radiation.settings import BEYOND, NETWORK, RadiationSettings
from engine.radiation.shown import Gained, LookUps

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
MEANS = ("mean", "panel_mean", "lineage_mean")
WITHOUT = "without_leukaemia"
PAPER = (
    "The paper reports 98.85 % under this protocol (Kim and Chung 2022: 172 of 174 arrays, after prediction "
    "validation; its r of 0.9877 is of the predictions before it)"
)
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


def fixed_baseline(metrics: pd.DataFrame, but: str = "") -> str:
    """The one baseline that everything of a run is compared with, '' where it has none: not the best of each measure,
    which would be another from number to number."""
    there = set(metrics["model"])
    return next((model for model in ("lineage_mean", "panel_mean", "mean") if model in there and model != but), "")


def best_model(metrics: pd.DataFrame, scope: str = "samples") -> str:
    """The model with the smallest RMSE that does more than take a mean, '' where there is none."""
    known = {model: measure(metrics, model, "rmse", scope) for model in dict.fromkeys(metrics["model"])}
    values = {model: found.value for model, found in known.items() if found and model not in MEANS}
    return min(values, key=lambda model: values[model]) if values else ""


def said(name: str, found: Measured) -> str:
    """'98.3 % (96.1 to 99.4 %)'."""
    ends = "" if math.isnan(found.lower) else f" ({shown_interval(name, found.lower, found.upper)})"
    return shown_value(name, found.value) + ends


def short_said(name: str, found: Measured) -> str:
    """`said` in as few digits as a table has room for: '0.63 (0.39 to 0.80)', '26 % (15 to 38)'."""
    scale, decimals, unit = (100, 0, " %") if name in FRACTIONS else (1, 2 if name == "r" else 3, "")
    shown = [f"{scale * one:.{decimals}f}".replace("-", MINUS) for one in (found.value, found.lower, found.upper)]
    return shown[0] + unit + ("" if math.isnan(found.lower) else f" ({shown[1]} to {shown[2]})")


def neighbour_words(
    metrics: Mapping[str, pd.DataFrame],
    arrays_per_line: float,
    artificial: bool,
    landed: LookUps | None,
    trained: str = "",
) -> tuple[str, str]:
    """Does a look-up explain the published accuracy? The claim, and the numbers behind it; empty where not known.

    metrics: protocol -> the run's table `metric`. arrays_per_line, artificial, landed, trained (see
    `trained_words`): of the published run.
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
        f"{PAPER}; here a look-up gets {percent(neighbour.value)}. "
        f"It only looks up the most similar training array. With {repeats} of a line spread over folds it is correct "
        f"for {said('correct', neighbour)} of {neighbour.n:,} arrays, the network{f' ({trained})' if trained else ''} "
        f"for {said('correct', network)}"
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


def unseen_words(metrics: pd.DataFrame, gained: Gained | None = None, trained: str = "") -> str:
    """What is left on lines never seen: the best model, and the network, beside the fixed baseline, over lines.

    gained: the best model's RMSE less the baseline's. trained: of `trained_words`.
    """
    best, naive = best_model(metrics, "lines"), fixed_baseline(metrics)
    found, other = measure(metrics, best, "rmse", "lines"), measure(metrics, naive, "rmse", "lines")
    if not found or not other:
        return ""
    numbers = f"RMSE {said('rmse', found)} against {said('rmse', other)}"
    tried = len(set(metrics["model"]) - set(MEANS))
    first = f", the best of {tried} models," if tried > 1 else ""
    text = f"On {found.n:,} lines never seen, {lower_name(best)}{first} "
    if gained is None:
        text += f"stands beside {lower_name(naive)}: {numbers}."
    else:
        sure = not math.isnan(gained.lower)
        verb = "cannot be told from"
        if sure and gained.upper < 0:
            verb = "is closer than"
        elif sure and gained.lower > 0:
            verb = "is further off than"
        text += f"{verb} {lower_name(naive)}: {numbers}, difference {gained_words('rmse', gained)}."
    network = measure(metrics, NETWORK, "rmse", "lines")
    if network and best != NETWORK:
        text += f" The network (published architecture{', ' + trained if trained else ''}): {said('rmse', network)}."
    return text


def leukaemia_words(metrics: pd.DataFrame) -> str:
    """How much of the correlation is leukaemia against the rest: with and without it, over arrays."""
    best, naive = best_model(metrics), fixed_baseline(metrics)
    told, drops = [], []
    for model in dict.fromkeys(name for name in (best, naive) if name):
        cells = [measure(metrics, model, name, scope) for scope in ("samples", WITHOUT) for name in ("r", "rmse")]
        if any(cell is None for cell in cells):
            continue
        r, rmse, r_without, rmse_without = (cell for cell in cells if cell)
        told.append(
            f"{lower_name(model)} r {number(r.value)} and RMSE {number(rmse.value)} with it, {number(r_without.value)} "
            f"and {number(rmse_without.value)} without"
        )
        drops.append((r.value - r_without.value, r.n, r_without.n))
    if not told:
        return ""
    drop, n, left = drops[0]
    claim = "Much of the correlation is leukaemia against all others" if drop > DROP else "Leukaemia explains little"
    return f"{claim} ({n - left:,} of {n:,} arrays): {'; '.join(told)} (n {n:,} and {left:,})."


def trained_words(epochs: int | None, simulated: bool) -> str:
    """'trained 8 epochs, demonstration' of a network that had fewer than the default; '' otherwise."""
    if not epochs or epochs >= RadiationSettings.epochs:
        return ""
    return f"trained {plural(epochs, 'epoch')}" + (", demonstration" if simulated else "")


def gained_words(name: str, gained: Gained) -> str:
    """'−0.004 (−0.020 to 0.012)', of a fraction '+3.4 points (1.0 to 6.1)'."""
    scale, decimals, unit = (100, 1, " points") if name in FRACTIONS else (1, 3, "")
    value, *ends = (scale * one for one in gained)
    shown = [f"{one:.{decimals}f}".replace("-", MINUS) for one in ends]
    told = "no interval" if math.isnan(ends[0]) else f"{shown[0]} to {shown[1]}"
    return f"{value:+.{decimals}f}".replace("-", MINUS) + f"{unit} ({told})"


def lower_name(model: str) -> str:
    """A model's name within a sentence."""
    name = model_name(model)
    return name if name.isupper() else f"{name[0].lower()}{name[1:]}"
