"""Molecules x cancer types: how many lines are sensitive, and what is more than the molecule and the type alone.

m = molecules, l = lines, t = cancer types that take part. Predictions are ln(IC50) with IC50 in uM.
Source of the rule: Chang et al. 2018, doi:10.1038/s41598-018-27214-6.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.special import gammaln
from scipy.stats import false_discovery_control

from engine.errors import InputError
from engine.response.library_records import PART, Screen, half_width
from engine.response.selectivity import expected, selectivity

ONCOLOGY, NON_ONCOLOGY, UNKNOWN = CLASSES = ("oncology", "non-oncology", "unknown")
FINEST_SHARE = 1_000_000  # a share of 0.1 means 1/10, not the nearest binary number above it


@dataclass(frozen=True)
class Thresholds:
    """When a line and a cancer type are called sensitive, and a molecule generally cytotoxic.

    sensitive_below: ln uM; a line's prediction must lie below it. type_share: a type is sensitive when more than this
    share of its lines is, or at least this share where more_than is False (the publication's Methods and its
    Discussion differ). cytotoxic_share: more than this share of the types. min_lines: a type with fewer lines takes no
    part. The defaults are the published ones. Raises InputError for a share outside 0 to 1, for
    fewer lines than one and for a limit that is no number.
    """

    sensitive_below: float = -2.0
    type_share: float = 0.10
    more_than: bool = True
    cytotoxic_share: float = 0.90
    min_lines: int = 10

    def __post_init__(self) -> None:
        for share, name in ((self.type_share, "a type's lines"), (self.cytotoxic_share, "the types")):
            if not 0 <= share <= 1:
                raise InputError(f"The share of {name} is {share:g}, but a share lies between 0 and 1: 0.1 is 10 %.")
        if self.min_lines < 1:
            raise InputError(f"A cancer type cannot take part from {self.min_lines} lines on: choose 1 or more.")
        if not np.isfinite(self.sensitive_below):
            raise InputError(f"A line cannot be sensitive below {self.sensitive_below}: give a number, in ln µM.")

    def sensitive_types(self, count: np.ndarray, n_lines: np.ndarray) -> np.ndarray:
        """Whether `count` sensitive lines among `n_lines` make a type sensitive; exact, and never without any."""
        share = Fraction(self.type_share).limit_denominator(FINEST_SHARE)
        left, right = count * share.denominator, n_lines * share.numerator
        return (left > right if self.more_than else left >= right) & (count > 0)

    def cytotoxic(self, n_types: np.ndarray, of: int) -> np.ndarray:
        """Whether `n_types` sensitive types of `of` make a molecule generally cytotoxic; exact."""
        share = Fraction(self.cytotoxic_share).limit_denominator(FINEST_SHARE)
        return n_types * share.denominator > of * share.numerator


@dataclass(frozen=True, eq=False)
class Matrix:
    """types: t names; left_out: types with too few lines; n_lines: (t,); all others (m, t).

    count, share: of the type's lines that are sensitive; median: of predicted ln(IC50), uM. sure: share of lines that
    are sensitive even at the upper bound of their interval, NaN without intervals.
    selectivity: the type's mean with the molecule's mean and the type's effect removed, in standard deviations of that
    residual (selectivity_sd, ln uM); negative is more sensitive than molecule and type alone explain. Effects and
    deviation are those of the drugs that the run was trained on, of older screens those of all cells
    (`selectivity.relative_to`); NaN where there are fewer than two of them, or of types.
    p: chance of as many sensitive lines in the type if the molecule's sensitive lines lay anywhere (hypergeometric,
    upper tail); 1 where no line is sensitive or all are. q: p's corrected for the number of cells tested, which are
    those of molecules with some sensitive lines and some that are not (Benjamini & Hochberg).
    """

    types: tuple[str, ...]
    left_out: tuple[str, ...]
    n_lines: np.ndarray
    count: np.ndarray
    share: np.ndarray
    median: np.ndarray
    sure: np.ndarray
    selectivity: np.ndarray
    selectivity_sd: float
    p: np.ndarray
    q: np.ndarray


def matrix(screen: Screen, thresholds: Thresholds) -> Matrix:
    """The matrix of a screen. Raises InputError where no cancer type has enough lines."""
    of_line = screen.lines["cancer_type"].to_numpy(object)
    names, lines_of = np.unique(of_line[[name is not None and name == name for name in of_line]], return_counts=True)
    enough = lines_of >= thresholds.min_lines
    if not enough.any():
        raise InputError(
            f"No cancer type of the screen {screen.summary.screen_id} has {thresholds.min_lines} lines: "
            "ask for fewer lines in a type."
        )
    types, n_lines = names[enough], lines_of[enough]
    order = np.concatenate([np.flatnonzero(of_line == name) for name in types])
    starts = np.concatenate([[0], np.cumsum(n_lines)[:-1]])
    shape = len(screen.mean), len(types)
    count, sure = np.empty(shape, np.int64), np.full(shape, np.nan)
    type_mean, median = np.empty(shape), np.empty(shape)
    for rows in (slice(start, start + PART) for start in range(0, len(screen.mean), PART)):
        mean = screen.mean[rows][:, order]
        count[rows] = _sums(mean < thresholds.sensitive_below, starts)
        if screen.summary.quantile is not None:
            upper = mean + half_width(screen.summary, screen.spread[rows][:, order])
            sure[rows] = _sums(upper < thresholds.sensitive_below, starts) / n_lines
        type_mean[rows] = np.add.reduceat(mean, starts, axis=1, dtype=np.float64) / n_lines
        median[rows] = np.column_stack([row_medians(part) for part in np.split(mean, starts[1:], axis=1)])
    beside = type_mean
    if screen.reference is not None:
        beside = np.add.reduceat(screen.reference[:, order], starts, axis=1, dtype=np.float64) / n_lines
    usual = expected(beside)
    p, q = _enrichment(count, n_lines)
    return Matrix(
        types=tuple(map(str, types)),
        left_out=tuple(map(str, names[~enough])),
        n_lines=n_lines,
        count=count,
        share=count / n_lines,
        median=median,
        sure=sure,
        selectivity=selectivity(type_mean, usual),
        selectivity_sd=usual.sd,
        p=p,
        q=q,
    )


def approved_types(screen: Screen, types: tuple[str, ...]) -> np.ndarray:
    """(m, t) whether a type is among a molecule's approved ones."""
    place = {name: column for column, name in enumerate(types)}
    approved = np.zeros((len(screen.molecules), len(types)), bool)
    for row, told in enumerate(screen.molecules["cancer_types"].fillna("")):
        if told:
            columns = [place[name.strip()] for name in told.split("|") if name.strip() in place]
            approved[row, columns] = True
    return approved


def _sums(holds: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(m, t) how often (m, l) `holds` is true in the lines of each type."""
    return np.add.reduceat(holds, starts, axis=1, dtype=np.int64)


def row_medians(part: np.ndarray) -> np.ndarray:
    """(m,) medians of (m, n) numbers; sorting short rows is faster than np.median's partitions."""
    ranked, n = np.sort(part, axis=1), part.shape[1]
    return (ranked[:, (n - 1) // 2].astype(float) + ranked[:, n // 2]) / 2


def _enrichment(count: np.ndarray, n_lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m, t) hypergeometric upper tails and their false discovery rates.

    Equal to scipy.stats.hypergeom.sf(count - 1, ...), whose 40,000 calls take a quarter of a second; with logarithms
    of factorials looked up the whole matrix takes a tenth of that, so that thresholds can be moved.
    """
    p, q = np.ones(count.shape), np.ones(count.shape)
    total, sensitive = int(n_lines.sum()), count.sum(axis=1)
    tested = np.flatnonzero((sensitive > 0) & (sensitive < total))
    if not len(tested):
        return p, q
    log_factorial = gammaln(np.arange(total + 1) + 1.0)
    inside, row = np.unique(sensitive[tested], return_inverse=True)
    ways = (log_factorial[inside] + log_factorial[total - inside] - log_factorial[total])[:, None]
    for column, n in enumerate(n_lines):
        x = np.arange(n + 1)  # so many of the type's lines sensitive, the others of the molecule's outside the type
        outside = inside[:, None] - x
        possible = (outside >= 0) & (outside <= total - n)
        outside = np.where(possible, outside, 0)
        own = log_factorial[n] - log_factorial[x] - log_factorial[n - x] + log_factorial[total - n]
        others = log_factorial[outside] + log_factorial[total - n - outside]
        chance = np.exp(np.where(possible, ways + own - others, -np.inf))
        tail = np.cumsum(chance[:, ::-1], axis=1)[:, ::-1]  # smallest first: nothing is lost
        p[tested, column] = np.minimum(tail[row, count[tested, column]], 1.0)
    p[count == 0] = 1.0
    q[tested] = false_discovery_control(p[tested], axis=None).reshape(-1, len(n_lines))
    return p, q
