"""Do two assays agree on the lines that both have measured? Correlations, bias and Bland-Altman limits.

n = lines that both have.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from engine.errors import InputError

LEVEL = 0.95
MIN_LINES = 3
MIN_FOR_INTERVAL = 4  # Fisher's transformation divides by n - 3


@dataclass(frozen=True)
class Agreement:
    """How far two measurements of the same lines agree. Intervals are (lower, upper), 95 %, None for under 4 lines.

    lines: line, first, second, mean, difference (second minus first), in the order of `first`'s index.
    bias: mean difference. limits: bias -+ 1.96 standard deviations; between them lie 95 % of the differences.
    """

    n: int
    pearson: float
    pearson_interval: tuple[float, float] | None
    spearman: float
    spearman_interval: tuple[float, float] | None
    bias: float
    bias_interval: tuple[float, float] | None
    limits: tuple[float, float]
    lines: pd.DataFrame


def agree(first: pd.Series, second: pd.Series) -> Agreement:
    """Agreement of two series of values with the lines as index, over the lines that have both.

    Intervals: Pearson by Fisher's transformation; Spearman by the same with the variance (1 + r^2 / 2) / (n - 3);
    bias by t. Correlations of a constant are nan.
    Raises InputError where a line occurs twice in one of them or fewer than 3 lines are shared.
    Sources: Bland and Altman 1986, doi:10.1016/S0140-6736(86)90837-8; Bonett and Wright 2000, doi:10.1007/BF02294183.
    """
    for series in (first, second):
        if series.index.has_duplicates:
            raise InputError(f"{series.index[series.index.duplicated()][0]} occurs twice: average it before comparing.")
    both = pd.DataFrame({"first": first, "second": second}).dropna()
    both = both.loc[[line for line in first.index if line in both.index]].astype(float)
    n = len(both)
    if n < MIN_LINES:
        shared = "no line is" if not n else f"only {n} line{'s are' if n > 1 else ' is'}"
        raise InputError(f"The two assays cannot be compared: {shared} in both, {MIN_LINES} are needed.")
    x, y = both["first"].to_numpy(), both["second"].to_numpy()
    constant = np.ptp(x) == 0 or np.ptp(y) == 0
    pearson = np.nan if constant else float(stats.pearsonr(x, y).statistic)
    spearman = np.nan if constant else float(stats.spearmanr(x, y).statistic)
    difference = y - x
    bias, spread = float(difference.mean()), float(difference.std(ddof=1))
    wide, quantile = n >= MIN_FOR_INTERVAL, stats.norm.ppf(0.5 + LEVEL / 2)
    half = float(stats.t.ppf(0.5 + LEVEL / 2, n - 1) * spread / np.sqrt(n))
    lines = both.rename_axis("line").reset_index().assign(mean=(x + y) / 2, difference=difference)
    return Agreement(
        n=n,
        pearson=pearson,
        pearson_interval=_fisher(pearson, n, 1.0) if wide else None,
        spearman=spearman,
        spearman_interval=_fisher(spearman, n, 1 + spearman**2 / 2) if wide else None,
        bias=bias,
        bias_interval=(bias - half, bias + half) if wide else None,
        limits=(float(bias - quantile * spread), float(bias + quantile * spread)),
        lines=lines,
    )


def agree_datasets(survival: pd.DataFrame, first: str, second: str) -> Agreement:
    """Agreement of the SF2 of two data sets of the table `survival` (columns dataset, line, sf2).

    Raises InputError for a data set that is not there, naming those that are.
    """
    known = survival["dataset"].unique()
    for dataset in (first, second):
        if dataset not in known:
            raise InputError(f"There are no surviving fractions called '{dataset}': choose of {', '.join(known)}.")
    values = survival.set_index("line").groupby("dataset")["sf2"]
    return agree(values.get_group(first), values.get_group(second))


def _fisher(r: float, n: int, variance: float) -> tuple[float, float] | None:
    """variance: of Fisher's z, in units of 1 / (n - 3)."""
    if np.isnan(r):
        return None
    if abs(r) >= 1:
        return (r, r)
    half = stats.norm.ppf(0.5 + LEVEL / 2) * np.sqrt(variance / (n - 3))
    return float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))
