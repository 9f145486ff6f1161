"""One case, everything known: drugs ranked by its mutations beside what a screen of its own spheroids showed.

Drugs are joined by name, spelling aside: a screen brings no structures. What is compared is absolute on both sides,
ln(IC50) beside DSS_asym; both follow mostly how potent a drug is in any tumour, so the drug's mean over all measured
lines stands beside as the baseline.
"""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from engine.errors import InputError
from engine.patient.types import Ranking
from engine.spheroid.settings import HIT_DSS

SENSITIVE_BELOW = -2.0  # ln(IC50), uM: the published limit of a sensitive line (Chang et al. 2018)
FEWEST = 4  # drugs in both, for a correlation
DRAWS = 1000
VERDICTS = {
    "both": "both say it works",
    "neither": "both say it does not",
    "screen_only": "works in the screen, not expected from the mutations",
    "mutations_only": "expected from the mutations, does not work in the screen",
    "unscored": "no score in the screen",
}
COLUMNS = (
    "drug", "drug_id", "verdict", "ln_ic50_pred", "lower", "upper", "drug_mean", "skill", "n_skill", "extrapolation",
    "dss_asym", "dss_lower", "dss_upper", "hit", "n_wells",
)  # fmt: skip


class Correlation(NamedTuple):
    """Spearman's rho of -ln(IC50) with DSS_asym; lower, upper: 95 % by drawing drugs. NaN with fewer than 4."""

    rho: float
    lower: float
    upper: float
    n: int


class Joined(NamedTuple):
    """table: COLUMNS, a row per drug in both, hits of the screen first. predicted, baseline: how well either follows
    the screen. only_screen: screened drugs that the networks do not know. expected: drugs on which both would agree by
    chance, of `compared`.
    """

    table: pd.DataFrame
    predicted: Correlation
    baseline: Correlation
    only_screen: tuple[str, ...]
    agree: int
    expected: float
    compared: int


def join_screen(
    ranking: Ranking,
    scores: pd.DataFrame,
    drug_means: pd.Series,
    sensitive_below: float = SENSITIVE_BELOW,
    seed: int = 0,
) -> Joined:
    """The ranking of a case beside the scores of its screen.

    scores: rows of the table `score` of one modality; those of all replicates together and without an addition count.
    drug_means: drug_id -> mean ln(IC50), uM, over measured lines. sensitive_below: ln uM.
    Raises InputError where no drug is in both.
    """
    mine = scores[(scores["replicate"] == "pooled") & (scores["addon"] == "")]
    mine = mine.assign(key=mine["drug"].map(name_key))
    known = ranking.table.assign(key=ranking.table["drug"].map(name_key))
    both = mine.merge(known, on="key", suffixes=("", "_ranked")).drop_duplicates(["drug", "drug_id"])
    if both.empty:
        raise InputError(
            f"None of the {len(mine):,} screened drugs is among the {len(known):,} that the networks know: there is "
            "nothing to compare. Drugs are joined by name; check how the layout spells them."
        )
    both = both.assign(drug_mean=both["drug_id"].map(drug_means).astype(float))
    works = both["dss_asym"].ge(HIT_DSS).to_numpy(bool)
    expected = both["ln_ic50_pred"].lt(sensitive_below).to_numpy(bool)
    verdict = np.select(
        [both["dss_asym"].isna(), works & expected, works, expected],
        ["unscored", "both", "screen_only", "mutations_only"], "neither",
    )  # fmt: skip
    table = both.assign(verdict=verdict)[list(COLUMNS)]
    table = table.sort_values(["dss_asym", "drug"], ascending=[False, True], na_position="last", ignore_index=True)
    told = table[table["verdict"] != "unscored"]
    hits, likely = told["dss_asym"].ge(HIT_DSS).mean(), told["ln_ic50_pred"].lt(sensitive_below).mean()
    return Joined(
        table=table,
        predicted=_correlation(told["ln_ic50_pred"], told["dss_asym"], seed),
        baseline=_correlation(told["drug_mean"], told["dss_asym"], seed),
        only_screen=tuple(sorted(set(mine["drug"]) - set(both["drug"]))),
        agree=int(told["verdict"].isin(("both", "neither")).sum()),
        expected=float(len(told) * (hits * likely + (1 - hits) * (1 - likely))) if len(told) else 0.0,
        compared=len(told),
    )


def name_key(name: str) -> str:
    """A drug's name without case, spaces and signs: A-1331852 is a1331852."""
    return re.sub(r"[\W_]+", "", str(name).casefold())


def _correlation(ln_ic50: pd.Series, dss: pd.Series, seed: int) -> Correlation:
    told = ln_ic50.notna() & dss.notna()
    x, y = -ln_ic50[told].to_numpy(float), dss[told].to_numpy(float)
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(np.nan, np.nan, np.nan, len(x))

    def rho(one: np.ndarray, other: np.ndarray) -> float:
        # A draw of equal drugs has no order.
        return float(stats.spearmanr(one, other).statistic) if np.ptp(one) and np.ptp(other) else 0.0

    drawn = stats.bootstrap(
        (x, y),
        rho,
        paired=True,
        vectorized=False,
        n_resamples=DRAWS,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Correlation(rho(x, y), float(drawn.low), float(drawn.high), len(x))
