"""Prediction intervals of SF2 that hold for a cell line never seen, by conformal prediction from other lines.

n = rows of predictions, l = cell lines.
"""

import numpy as np
import pandas as pd

from engine.errors import TrainingError
from engine.learn.conformal import Calibration, calibrate
from engine.radiation.measures import per_line, per_sample
from engine.radiation.settings import INTERVAL_LEVEL

LEAST_LINES = 9  # ceil((9 + 1) 0.9) = 9: the largest of nine residuals is the end of a 90 % interval


def conformal(predictions: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """The rows of the table survival_prediction with lower and upper, a 90 % interval, of stage cv.

    A sample's interval stands around the mean of its rounds and is the same in each of them; it ends at 0 and 1. Its
    half width is the ceil(0.9 (l + 1))-th smallest residual of the l OTHER lines, one residual a line: that of the
    mean over its samples, which is the line's one SF2. A residual of the line itself is never used.
    NaN for other stages, for fewer than ten lines, and throughout the published protocol: there a line's other
    arrays trained, so residuals promise nothing for a line never seen.
    Source: Lei et al. 2018, doi:10.1080/01621459.2017.1307116, with residuals of cross-validation in the place of
    those of a calibration set (Vovk 2015, doi:10.1007/s10472-013-9368-4).
    """
    found = predictions.assign(lower=np.nan, upper=np.nan)
    if protocol != "grouped":
        return found
    samples = per_sample(predictions)
    samples["half"] = np.nan
    for model, lines in per_line(samples).groupby("model", sort=False):
        name, observed, mean = (lines[column].to_numpy() for column in ("line", "observed", "mean"))
        if len(name) <= LEAST_LINES:
            continue
        for one in np.unique(name):
            others = name != one
            half = calibrate(observed[others], mean[others], level=INTERVAL_LEVEL).quantile
            samples.loc[(samples["model"] == model) & (samples["line"] == one), "half"] = half
    centre = samples["mean"].clip(0, 1)  # what no fraction can be is shown at the end of the range
    samples["low"] = (centre - samples["half"]).clip(0, 1)
    samples["high"] = (centre + samples["half"]).clip(0, 1)
    keys = ["model", "sample"]
    ends = found[keys].merge(samples[[*keys, "low", "high"]], on=keys, how="left")
    tested = (found["stage"] == "cv").to_numpy()
    return found.assign(lower=np.where(tested, ends["low"], np.nan), upper=np.where(tested, ends["high"], np.nan))


def calibration(predictions: pd.DataFrame, model: str) -> Calibration:
    """For lines outside the cohort: the half width from the residuals of all lines of a run by folds by line.

    predictions: rows of the table survival_prediction of a run with run.split grouped.
    Raises TrainingError for fewer than nine lines, or a model that the run does not hold.
    """
    lines = per_line(per_sample(predictions[predictions["model"] == model]))
    if len(lines) < LEAST_LINES:
        raise TrainingError(
            f"{len(lines)} cell lines predicted by {model} are too few for 90 % intervals: {LEAST_LINES} are needed."
        )
    return calibrate(lines["observed"].to_numpy(), lines["mean"].to_numpy(), level=INTERVAL_LEVEL)
