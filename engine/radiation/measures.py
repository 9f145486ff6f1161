"""How well SF2 was predicted: correct or not, classes of error, and all measures of a run with their intervals.

n = samples, l = cell lines. Predictions come as rows of the table survival_prediction. Needs numpy and pandas only.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from engine.learn.bootstrap import MIN_CLUSTERS, Clusters, percentiles
from engine.learn.measures import Moments
from engine.radiation.settings import CLASS_EDGES, CORRECT_ABSOLUTE, CORRECT_RELATIVE

CLASSES = ("under 2 %", "2 to 10 %", "over 10 %")
NAMES = ("r", "rmse", "mae", "correct", "share_under_2", "share_2_to_10", "share_over_10", "relative_error")
INTERVAL_NAMES = ("coverage", "width")
LEUKAEMIA = "Leukemia"  # as the panel is written in the published table
DRAWS, LEAST_SHUFFLES = 1000, 20
SAMPLE = ["sample", "line", "panel", "observed"]
ROUNDING = 1e-9  # 0.10 - 0.09 is a little more than 0.01 in binary


def correct(predicted: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """(n,) bool: absolute error below 0.01 or relative error below 10 %. Source: Kim and Chung 2022.

    An error of exactly 0.01 counts as correct, as it does in their table, whose values are rounded to three decimals.
    """
    error = np.abs(np.asarray(predicted, float) - np.asarray(observed, float))
    return (error <= CORRECT_ABSOLUTE + ROUNDING) | (relative_error(predicted, observed) < CORRECT_RELATIVE - ROUNDING)


def relative_error(predicted: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """(n,) |predicted - observed| / observed, without a unit; infinite where nothing survived, unless that was said."""
    predicted, observed = np.asarray(predicted, float), np.asarray(observed, float)
    error = np.abs(predicted - observed)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error == 0, 0.0, error / observed)


def error_class(predicted: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """(n,) text of CLASSES by relative error: below 2 %, 2 to 10 % with both ends, above 10 %."""
    relative = relative_error(predicted, observed)
    under, over = CLASS_EDGES
    return np.array(CLASSES)[(relative >= under - ROUNDING).astype(int) + (relative > over + ROUNDING)]


def per_sample(predictions: pd.DataFrame, stage: str = "cv") -> pd.DataFrame:
    """One row per model and sample: mean, lower and upper are the means over its rounds.

    Columns: model, sample, line, panel, observed, mean, lower, upper, in the order of the first round.
    """
    chosen = predictions[predictions["stage"] == stage]
    values = {name: chosen.get(name, np.nan) for name in ("lower", "upper")}
    chosen = chosen.assign(panel=chosen["panel"].fillna(""), **values).astype({"lower": float, "upper": float})
    return chosen.groupby(["model", *SAMPLE], sort=False)[["mean", "lower", "upper"]].mean().reset_index()


def per_line(samples: pd.DataFrame) -> pd.DataFrame:
    """One row per model and line from `per_sample`: means over its samples. Columns model, line, panel, observed,
    mean, lower, upper."""
    keys = ["model", "line", "panel", "observed"]
    return samples.groupby(keys, sort=False)[["mean", "lower", "upper"]].mean().reset_index()


def validated(predictions: pd.DataFrame) -> pd.DataFrame:
    """`per_sample` after prediction validation: samples predicted again have that prediction, without an interval."""
    samples, again = per_sample(predictions), per_sample(predictions, "validation")
    keys = ["model", "sample"]
    after = samples[keys].merge(again[[*keys, "mean"]], on=keys, how="left")["mean"].to_numpy()
    replaced = ~np.isnan(after)
    samples.loc[replaced, "mean"] = after[replaced]
    samples.loc[replaced, ["lower", "upper"]] = np.nan
    return samples


def verdicts(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per model and sample: was it predicted correctly, and what did prediction validation make of it.

    Columns: model, sample, line, panel, observed, mean (over rounds), after (predicted again, NaN where it was not),
    correct_first, rescued, prediction_hard (bool), error_class of the mean. A sample that was not correct and was not
    predicted again is neither rescued nor hard.
    """
    samples, again = per_sample(predictions), per_sample(predictions, "validation")
    keys = ["model", "sample"]
    found = samples.drop(columns=["lower", "upper"]).merge(
        again[[*keys, "mean"]].rename(columns={"mean": "after"}), on=keys, how="left"
    )
    first = correct(found["mean"], found["observed"])
    then = correct(found["after"].fillna(np.inf), found["observed"])
    return found.assign(
        correct_first=first,
        rescued=~first & then,
        prediction_hard=~first & ~then & found["after"].notna(),
        error_class=error_class(found["mean"], found["observed"]),
    )


def metric_rows(run_id: str, predictions: pd.DataFrame, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Rows of the table metric for all models of a run.

    Scopes: samples (means over rounds), lines (means over the samples of a line), panel (key: its name; samples),
    without_leukaemia (samples), validated (samples, after prediction validation; where there was one), permuted
    (samples). Names: NAMES, and coverage and width of the intervals in samples and lines where there are any.
    relative_error is the mean. Shares and `correct` are fractions. A measure that is not defined has value None.
    lower, upper: 95 %, by drawing whole cell lines with replacement (samples of one line are not independent; the
    published interval of r treats them as if they were); None below five lines. permuted: every round is a shuffling
    of its own, judged by its shuffled SF2; value is the mean over shufflings, the interval their middle 95 %, None
    below 20 of them.
    """
    rows = []
    for model, samples in per_sample(predictions).groupby("model", sort=False):
        for scope, key, part in _parts(samples):
            rows += [(model, scope, key, *score) for score in _scores(part, draws, seed, scope in ("samples", "lines"))]
    if (predictions["stage"] == "validation").any():
        known = set(predictions.loc[predictions["stage"] == "validation", "model"])
        for model, samples in validated(predictions).groupby("model", sort=False):
            if model in known:
                rows += [(model, "validated", "", *score) for score in _scores(samples, draws, seed, False)]
    shuffled = predictions[predictions["stage"] == "permuted"]
    for model, of_model in shuffled.groupby("model", sort=False):
        rows += [(model, "permuted", "", *score) for score in _floor(of_model)]
    table = pd.DataFrame(rows, columns=["model", "scope", "key", "name", "value", "lower", "upper", "n"])
    table.insert(0, "run_id", run_id)
    return table.astype({"value": float, "lower": float, "upper": float})


def _parts(samples: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    yield "samples", "", samples
    yield "lines", "", per_line(samples)
    for panel, of_panel in samples.groupby("panel", sort=False):
        if panel:
            yield "panel", str(panel), of_panel
    others = samples[samples["panel"] != LEUKAEMIA]
    if 0 < len(others) < len(samples):
        yield "without_leukaemia", "", others


def _scores(part: pd.DataFrame, draws: int, seed: int, intervals: bool) -> list[tuple]:
    """(name, value, lower, upper, n) of every measure; value None where it is not defined."""
    observed, predicted = part["observed"].to_numpy(float), part["mean"].to_numpy(float)
    cells = Clusters.of(part["line"].to_numpy(str))
    moments, columns = Moments(observed, predicted, None, cells), _columns(observed, predicted)
    if intervals and part["lower"].notna().all():
        lower, upper = part["lower"].to_numpy(float), part["upper"].to_numpy(float)
        columns |= {"coverage": ((lower <= observed) & (observed <= upper)).astype(float), "width": upper - lower}
    sums = np.stack([np.bincount(cells.cell, column, len(cells.first)) for column in columns.values()], axis=1)
    size = np.bincount(cells.cell)

    def measures(weights: np.ndarray) -> dict[str, np.ndarray]:
        found = moments.measures(weights)
        means = (weights @ sums) / (weights @ size)[:, None]
        return {"r": found["pearson"], "rmse": found["rmse"], "mae": found["mae"]} | dict(
            zip(columns, means.T, strict=True)
        )

    values = measures(np.ones((1, len(size))))
    if len(part) < 3:  # any two points lie on a line
        values["r"] = np.array([np.nan])
    drawn: dict[str, np.ndarray] = {}
    if len(size) >= MIN_CLUSTERS:
        blocks = [measures(weights) for weights in cells.draws(draws, seed, len(size))]
        drawn = {name: np.concatenate([block[name] for block in blocks]) for name in values}
    return [
        (name, float(value[0]), *(percentiles(drawn[name]) if name in drawn else (None, None)), len(part))
        if np.isfinite(value[0])
        else (name, None, None, None, len(part))
        for name, value in values.items()
    ]


def _columns(observed: np.ndarray, predicted: np.ndarray) -> dict[str, np.ndarray]:
    """The measures that are means over samples, per sample."""
    classes = error_class(predicted, observed)
    return {
        "correct": correct(predicted, observed).astype(float),
        **{
            name: (classes == one).astype(float)
            for name, one in zip(("share_under_2", "share_2_to_10", "share_over_10"), CLASSES, strict=True)
        },
        "relative_error": relative_error(predicted, observed),
    }


def _floor(shuffled: pd.DataFrame) -> list[tuple]:
    """(name, value, lower, upper, n) over shufflings, one a round."""
    found = []
    for _, of_round in shuffled.groupby("round"):
        observed, predicted = of_round["observed"].to_numpy(float), of_round["mean"].to_numpy(float)
        cells = Clusters.of(of_round["line"].to_numpy(str))
        sums = Moments(observed, predicted, None, cells).measures(np.ones((1, len(cells.first))))
        means = {name: column.mean() for name, column in _columns(observed, predicted).items()}
        found.append({"r": sums["pearson"][0], "rmse": sums["rmse"][0], "mae": sums["mae"][0]} | means)
    table = pd.DataFrame(found)
    n = int(shuffled["sample"].nunique())
    rows = []
    for name in NAMES:
        values = table[name].to_numpy(float)
        finite = values[np.isfinite(values)]
        value = float(finite.mean()) if len(finite) else None
        ends = percentiles(values) if len(values) >= LEAST_SHUFFLES else (None, None)
        rows.append((name, value, *ends, n))
    return rows
