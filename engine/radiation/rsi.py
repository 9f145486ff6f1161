"""The radiosensitivity index: SF2 from the ranks of ten genes within a sample, as published.

n = samples, p = probes. Its coefficients were fitted to 48 cell lines of the NCI-60, so on the NCI-60 it is judged on
lines that it was made from: in-sample, whatever the folds.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from engine.errors import InputError
from engine.radiation.types import Cohort

# gene: (coefficient of its rank, the probe set of HG-U133 whose expression is ranked)
COEFFICIENTS = {
    "AR": (-0.0098009, "211110_s_at"),
    "JUN": (0.0128283, "201466_s_at"),
    "STAT1": (0.0254552, "AFFX-HUMISGF3A/M97935_MA_at"),
    "PRKCB": (-0.0017589, "207957_s_at"),
    "RELA": (-0.0038171, "201783_s_at"),
    "ABL1": (0.1070213, "202123_s_at"),
    "SUMO1": (-0.0002509, "208762_at"),
    "PAK2": (-0.0092431, "205962_at"),
    "HDAC1": (-0.0204469, "201209_at"),
    "IRF1": (-0.0441683, "202531_at"),
}
GENES = tuple(COEFFICIENTS)
OLDER = {"PRKCB": ("PRKCB1", "PRKCB2"), "JUN": ("C-JUN", "CJUN"), "ABL1": ("C-ABL", "CABL", "ABL")}
SPELLINGS = {gene: (gene, *OLDER.get(gene, ())) for gene in GENES}


def gene_of(probe: str, symbol: str) -> str:
    """Which of the ten genes a probe stands for, by its published probe set or its symbol; '' for none of them."""
    plain = {symbol.strip().upper(), probe.strip().upper()}
    return next((gene for gene in GENES if probe == COEFFICIENTS[gene][1] or plain & set(SPELLINGS[gene])), "")


def missing(probes: Sequence[str] | np.ndarray, symbols: Sequence[str] | np.ndarray) -> tuple[str, ...]:
    """Those of the ten genes that (p,) probes or their (p,) gene symbols do not have; empty where all are there."""
    there = {str(one) for one in probes}.union(_plain(symbols).tolist(), _plain(probes).tolist())
    return tuple(gene for gene in GENES if not there & {COEFFICIENTS[gene][1], *SPELLINGS[gene]})


def index(values: np.ndarray, probes: np.ndarray, symbols: np.ndarray, scale: str = "log2") -> np.ndarray:
    """(n,) RSI of (n, p) expression: the sum of coefficient x rank, rank 1 the lowest of the ten genes in the sample.

    High means resistant; on the arrays that it was made for it is an SF2. A gene is its published probe set, or where
    that is not there the mean of the probes with its symbol. scale: log2 | z, for the message.
    Raises InputError naming the genes that are missing, or for z-scores: within a sample they say which gene is high
    for that gene, not which of ten genes is highest.
    Source: Eschrich et al. 2009, doi:10.1016/j.ijrobp.2009.06.014.
    """
    if scale == "z":
        raise InputError(
            "The radiosensitivity index ranks ten genes within a sample, which z-scores do not allow: give log2 values."
        )
    absent = missing(probes, symbols)
    if absent:
        raise InputError(
            f"The radiosensitivity index needs ten genes; {', '.join(absent)} {'is' if len(absent) == 1 else 'are'} "
            "missing: leave rsi out, or give expression of these genes."
        )
    given, named, known = np.asarray(probes).astype(str), _plain(probes), _plain(symbols)
    genes = []
    for gene, (_, probe) in COEFFICIENTS.items():
        chosen = given == probe
        if not chosen.any():
            chosen = np.isin(known, SPELLINGS[gene]) | np.isin(named, SPELLINGS[gene])
        genes.append(values[:, chosen].mean(axis=1, dtype=np.float64))
    ranks = rankdata(np.stack(genes, axis=1), axis=1)
    return ranks @ np.array([coefficient for coefficient, _ in COEFFICIENTS.values()])


def predict(cohort: Cohort, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """(t,) SF2 of the samples `test`: the index on a line fitted to the samples `train` by least squares.

    The line mends another scale of SF2 or of arrays; its slope is not held to be positive. The ten genes and their
    coefficients are not refitted: see the note on top. Errors as in `index`.
    """
    rsi = index(cohort.values, cohort.probes, cohort.symbols, cohort.scale)
    if np.ptp(rsi[train]) == 0:
        return np.full(len(test), cohort.sf2[train].mean())
    slope, start = np.polyfit(rsi[train], cohort.sf2[train], 1)
    return start + slope * rsi[test]


def _plain(names: Sequence[str] | np.ndarray) -> np.ndarray:
    """(p,) names in capitals without blanks around them."""
    return np.char.upper(np.char.strip(np.asarray(names).astype(str)))
