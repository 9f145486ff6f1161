"""What the page reads of a run: every held-out array or line with what became of it, and what a look-up alone gets."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.learn.bootstrap import Clusters, percentiles
from engine.learn.measures import Moments
from engine.radiation import measures, records
from engine.radiation.names import PANELS
from engine.radiation.settings import NETWORK, RadiationSettings
from engine.store.database import Database

VERDICTS = ("correct", "rescued", "prediction-hard", "incorrect")
SAME_SF2 = 1e-9  # a look-up copies the training array's SF2, so it is the very same number
# Seconds on one thread, measured: an epoch takes 0.23 s at 22,283 probes x 48 arrays and 1.6 s at 54,675 x 145; a fit
# of these models with its inner folds takes 0.7 to 2 s, which hardly depends on the number of probes.
EPOCH_SECONDS, SLOW_FIT_SECONDS = 2.1e-7, 1.5
SLOW_MODELS = ("ridge", "pls", "svr", "random_forest")


@dataclass(frozen=True)
class LookUps:
    """How often the nearest neighbour of a tested array had that array's own SF2, to the last digit.

    landed: tests where it had. tests: arrays times rounds.
    """

    landed: int
    tests: int


class Gained(NamedTuple):
    """A model's measure less a baseline's on the same rows, with its 95 % interval; NaN where there is none."""

    value: float
    lower: float
    upper: float


def samples(db: Database, run_id: str) -> pd.DataFrame:
    """One row per model and held-out array, means over rounds, in the order of panels.

    Columns model, sample, line, panel, observed, mean, lower, upper, after (predicted again; NaN where it was not),
    verdict (of VERDICTS), error_class, absolute_error, relative_error. incorrect: and not predicted again.
    """
    rows = records.predictions(db, run_id)
    judged = measures.verdicts(rows)
    ends = measures.per_sample(rows)[["model", "sample", "lower", "upper"]]
    found = judged.merge(ends, on=["model", "sample"], how="left")
    told = [found["correct_first"], found["rescued"], found["prediction_hard"]]
    found["verdict"] = np.select(told, VERDICTS[:3], VERDICTS[3])
    return _in_order(_with_errors(found.drop(columns=["correct_first", "rescued", "prediction_hard"])))


def lines(of_samples: pd.DataFrame) -> pd.DataFrame:
    """One row per model and line from `samples`: means over its arrays; verdict is correct or incorrect."""
    found = measures.per_line(of_samples)
    right = measures.correct(found["mean"].to_numpy(), found["observed"].to_numpy())
    found["verdict"] = np.where(right, VERDICTS[0], VERDICTS[3])
    found["error_class"] = measures.error_class(found["mean"].to_numpy(), found["observed"].to_numpy())
    return _in_order(_with_errors(found))


def look_ups(db: Database, run_id: str) -> LookUps | None:
    """None where the run has no nearest neighbour."""
    rows = records.predictions(db, run_id, "cv")
    rows = rows[rows["model"] == "nearest_neighbour"]
    if rows.empty:
        return None
    landed = (rows["mean"] - rows["observed"]).abs() < SAME_SF2
    return LookUps(int(landed.sum()), len(rows))


def gained(rows: pd.DataFrame, model: str, baseline: str) -> dict[str, Gained]:
    """r, rmse (SF2) and correct (a fraction) of a model less a baseline's, of `samples` or `lines` of a run.

    Intervals by drawing whole lines with replacement, the same ones for both; none below five lines. Empty where
    either has no rows.
    """
    keys = ["sample", "line"] if "sample" in rows else ["line"]
    both = rows[rows["model"] == model].merge(rows[rows["model"] == baseline][[*keys, "mean"]], on=keys)
    if both.empty:
        return {}
    observed, cells = both["observed"].to_numpy(float), Clusters.of(both["line"].to_numpy(str))
    predicted = [both[name].to_numpy(float) for name in ("mean_x", "mean_y")]
    moments = [Moments(observed, one, None, cells) for one in predicted]
    right = [np.bincount(cells.cell, measures.correct(one, observed).astype(float)) for one in predicted]
    size = np.bincount(cells.cell)

    def less(weights: np.ndarray) -> dict[str, np.ndarray]:
        mine, theirs = (one.measures(weights) for one in moments)
        return {
            "r": mine["pearson"] - theirs["pearson"],
            "rmse": mine["rmse"] - theirs["rmse"],
            "correct": weights @ (right[0] - right[1]) / (weights @ size),
        }

    values = less(np.ones((1, len(size))))
    blocks = [less(weights) for weights in cells.draws(measures.DRAWS, 0, len(size))] if cells.enough else []
    found = {}
    for name, value in values.items():
        ends = percentiles(np.concatenate([block[name] for block in blocks])) if blocks else (None, None)
        found[name] = Gained(float(value[0]), *(float("nan") if end is None else end for end in ends))
    return {name: one for name, one in found.items() if np.isfinite(one.value)}


def metrics_without_leukaemia(db: Database, run_id: str) -> pd.DataFrame:
    """`records.metrics` of a run as if its arrays of leukaemia had not been tested; they did train."""
    rows = records.predictions(db, run_id)
    return measures.metric_rows(run_id, rows[rows["panel"] != measures.LEUKAEMIA])


def pairs(db: Database, expression: str) -> pd.DataFrame:
    """`records.survival_for`, best first, with `arrays`: how many of the set's arrays are of a line with SF2."""
    found = records.survival_for(db, expression)
    lines_of = records.samples(db, expression)["line"]
    arrays = [int(lines_of.isin(set(records.survival(db, name)["line"])).sum()) for name in found["dataset"]]
    return found.assign(arrays=pd.Series(arrays, dtype=int, index=found.index))


def rough_seconds(settings: RadiationSettings, arrays: int, probes: int) -> tuple[float, float]:
    """How long a training takes on one thread of a processor, roughly: without and with prediction validation.

    arrays: measured ones that have SF2, before they are repeated.
    """
    arrays *= settings.replicates
    share = (settings.folds - 1) / settings.folds
    planned = (settings.rounds + settings.permutations) * settings.folds
    slow = SLOW_FIT_SECONDS * sum(model in SLOW_MODELS for model in settings.models)
    network = EPOCH_SECONDS * probes * arrays * settings.epochs if NETWORK in settings.models else 0.0
    least = planned * (slow + share * network) + settings.rounds * network
    if not settings.validation:
        return least, least
    # Every array may have been wrong; networks are trained again only where they are no more than before.
    return least, least + arrays * slow + min(arrays, settings.rounds * settings.folds) * network


def _with_errors(frame: pd.DataFrame) -> pd.DataFrame:
    observed, mean = frame["observed"].to_numpy(float), frame["mean"].to_numpy(float)
    return frame.assign(absolute_error=np.abs(mean - observed), relative_error=measures.relative_error(mean, observed))


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Panels as the paper's Figure 2 has them, others by name, unknown ones last; lines by name."""
    known = {panel: place for place, panel in enumerate(PANELS)}
    others = sorted(set(frame["panel"]) - set(known) - {""})
    known |= {panel: len(PANELS) + place for place, panel in enumerate(others)} | {"": len(PANELS) + len(others)}
    keys = ["place", "line", "sample"] if "sample" in frame else ["place", "line"]
    ordered = frame.assign(place=frame["panel"].map(known)).sort_values(keys, kind="stable")
    return ordered.drop(columns="place").reset_index(drop=True)
