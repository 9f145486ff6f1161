"""What travels between the modules of this room.

Letters: n samples (arrays), p probes, l cell lines, r rounds, m networks trained side by side.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Expression:
    """Gene expression, one row a sample.

    samples: n rows with the columns sample, line, line_name, panel ('' where not told), replicate (from 1).
    probes: (p,) names of probe sets or genes. symbols: (p,) gene symbols, '' where not known.
    values: (n, p) float32, log2 or z, NaN where missing. scale: log2 | z. platform: '' where not told.
    """

    samples: pd.DataFrame
    probes: np.ndarray
    symbols: np.ndarray
    values: np.ndarray
    scale: str
    platform: str = ""


@dataclass(frozen=True)
class Cohort:
    """Samples with expression and a measured SF2: what is trained on and evaluated.

    values: (n, p) float32; NaN where missing until `cohort.filled` fills them for a fit. sf2: (n,) fractions, the same
    for all samples of a line.
    sample, line, panel: (n,) text. replicate: (n,) from 1. probes, symbols: (p,) text. scale: log2 | z.
    """

    values: np.ndarray
    sf2: np.ndarray
    sample: np.ndarray
    line: np.ndarray
    panel: np.ndarray
    replicate: np.ndarray
    probes: np.ndarray
    symbols: np.ndarray
    scale: str


@dataclass(frozen=True)
class Fold:
    """One fit: which samples train and which are predicted; indices into a Cohort.

    round, number: from 1. number 0 is a leave-one-out fit of prediction validation.
    """

    round: int
    number: int
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class CurveFit:
    """A linear-quadratic survival curve: ln S = -(alpha D + beta D^2), alpha and beta at least 0.

    Intervals are (lower, upper), 95 %; None where there are too few doses for one. n_doses: distinct, above 0 Gy; where
    it is 1 (2 Gy), alpha, beta and rmse_ln are nan. left_out: points without survivors, which have no logarithm.
    """

    alpha_per_gy: float
    beta_per_gy2: float
    sf2: float
    rmse_ln: float
    n_doses: int
    alpha_interval: tuple[float, float] | None = None
    beta_interval: tuple[float, float] | None = None
    sf2_interval: tuple[float, float] | None = None
    left_out: int = 0


@dataclass(frozen=True)
class SamplePrediction:
    """SF2 predicted for one sample of somebody's own file by one model.

    sf2: fraction, 0 to 1. lower, upper: 90 % conformal interval from lines never seen (grouped folds), None where the
    run has none. nearest: trained lines by similarity, most similar first: (line, Pearson correlation, measured SF2).
    inside: whether the sample is like a trained line and its values lie as those of the training arrays do; None: not
        known. outside_because: what speaks against it, in words with the limits, empty where it is inside.
    movers: (probe, symbol, by how much SF2 it moves the prediction away from that of the mean training profile, is one
        of the ten RSI genes), largest first.
    panel: the tissue panel that models took, '' where the run knows none. look_up: the trained line that the sample is
        an array of by its values, '' for none: the interval does not hold then.
    answered: what the model gave where that is no possible fraction, None elsewhere.
    """

    sample: str
    line: str
    model: str
    sf2: float
    lower: float | None
    upper: float | None
    nearest: tuple[tuple[str, float, float], ...] = ()
    inside: bool | None = None
    movers: tuple[tuple[str, str, float, bool], ...] = ()
    notes: tuple[str, ...] = field(default=())
    panel: str = ""
    look_up: str = ""
    outside_because: tuple[str, ...] = ()
    answered: float | None = None
