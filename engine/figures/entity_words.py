"""What the numbers of one drug or one cell line say, in plain sentences."""

import math
from dataclasses import dataclass

import pandas as pd

from engine.figures.text import count, number, plural, split_name
from engine.response.entity_records import DRUG, LINE, Applicability

FAR = 0.2  # an R2 so much below that of all pairs together calls for a word
NORMAL = 1.25  # an RMSE up to so many times the median one is no larger than usual
FEW = 10  # pairs; R2 of fewer says little
LARGE_SHIFT = 0.5  # of the mean squared error that is one common shift
WORDS = {"drug": ("drug", "drugs"), "cell_line": ("cell line", "cell lines")}


@dataclass(frozen=True)
class Pooled:
    """R2 and RMSE (ln uM) of a model over all held-out pairs of its run."""

    r2: float
    rmse: float

    @property
    def sd(self) -> float:
        """Standard deviation of all observed values, ln uM, as R2 = 1 - (RMSE / SD)² has it."""
        return self.rmse / math.sqrt(1 - self.r2) if self.r2 < 1 else math.inf


def explanation(spreads: pd.DataFrame, entity: int, subject: str, pooled: Pooled | None) -> str:
    """Why R2 of this drug (line) is negative, or far below that of all pairs together; '' where it is neither.

    spreads: as `entity_records.spreads` gives them, with the columns id, n, r2, sd, low, high, rmse, bias.
    Each cause is named only where the numbers bear it: a narrow range where the same error would not be negative over
    the usual spread, a shift where it is half of the squared error, few pairs, or an error larger than usual.
    """
    own = spreads[(spreads["id"] == entity) & spreads["r2"].notna()]
    if own.empty:
        return ""
    row = own.iloc[0]
    usual = spreads[spreads["n"] >= min(FEW, int(row["n"]))]
    sd, rmse = float(usual["sd"].median()), float(usual["rmse"].median())
    r2, one, many = float(row["r2"]), *WORDS[subject]
    if r2 < 0:
        first = (
            f"R² is negative ({number(r2)}): predicting this {one}'s own mean for each of its "
            f"{plural(int(row['n']), 'held-out pair')} would have been closer."
        )
    elif pooled is not None and r2 < pooled.r2 - FAR:
        first = f"R² of this {one} ({number(r2)}) is far below that of all pairs together ({number(pooled.r2)})."
    else:
        return ""
    normal = row["rmse"] <= NORMAL * rmse
    shifted = row["bias"] ** 2 >= LARGE_SHIFT * row["rmse"] ** 2
    usual_spread = 1 - (row["rmse"] / sd) ** 2  # R2 of this very error over the median drug's (line's) spread
    causes = []
    if r2 < 0 and normal and row["sd"] < sd and usual_spread >= r2 / 2:
        causes.append(
            f"R² compares with the spread of this {one}'s own values; these lie within "
            f"{number(row['high'] - row['low'])} ln units (SD {number(row['sd'])}, median {one} {number(sd)}), so an "
            f"error that is normal for other {many} (RMSE {number(row['rmse'])}, median {number(rmse)}) gives a "
            f"negative R². Over the median spread the same error would be R² {number(usual_spread)}."
        )
    elif r2 >= 0 and pooled is not None and normal and row["sd"] < pooled.sd:
        causes.append(
            f"It compares with the spread of this {one}'s own values (SD {number(row['sd'])} ln µM), the pooled R² "
            f"with that between all pairs (SD {number(pooled.sd)}); the error itself is normal (RMSE "
            f"{number(row['rmse'])}, median {one} {number(rmse)})."
        )
    if shifted:
        rest = 1 - (row["rmse"] ** 2 - row["bias"] ** 2) / row["sd"] ** 2
        causes.append(
            f"The predictions are shifted: on average {number(abs(row['bias']))} ln units too "
            f"{'high' if row['bias'] > 0 else 'low'}; without this shift R² would be {number(rest)}."
        )
    if not normal and not shifted:
        causes.append(
            f"The error is larger than for other {many}: RMSE {number(row['rmse'])} ln µM, median {number(rmse)}."
        )
    if not causes:
        causes.append(
            f"Its error is RMSE {number(row['rmse'])} ln µM (median {one} {number(rmse)}), the spread of its own "
            f"values SD {number(row['sd'])} (median {number(sd)}); the median R² of the {many} is "
            f"{number(usual['r2'].median())}."
        )
    if row["n"] < FEW:
        causes.append(f"With only {plural(int(row['n']), 'pair')} R² says little.")
    return " ".join([first, *causes])


def how_near(found: Applicability | None, subject: str) -> str:
    """How far the drug or line lies from what the models were trained on."""
    word, others, measure = ("drug", "lines", "Tanimoto") if subject == DRUG else ("line", "drugs", "Jaccard")
    if found is None:
        return (
            f"This run has no record of how near the {word} is to those it was trained on: it left the {word} out, "
            "or is older than these records."
        )
    known = ""
    if subject == LINE and found.positions is not None and found.known_positions is not None:
        known = (
            f" Of its {plural(found.positions, 'mutated position')} in the curated genes the models know "
            f"{count(found.known_positions)}."
        )
    if found.trained_on:
        return f"The {word} itself was trained on, with other {others}.{known}"
    if found.nearest_id is None or found.similarity is None:
        return f"No training {word} resembles it.{known}"
    return f"Nearest training {word}: {found.nearest}, {measure} {number(found.similarity)}.{known}"


def p_value(r: float | None, n: int, folds: int = 1) -> str:
    """Two-sided p of a Pearson r over n pairs, by Student's t with n - 1 - folds degrees of freedom.

    folds: whose means were taken off before, each at the cost of one degree of freedom.
    """
    free = n - 1 - folds
    if r is None or not math.isfinite(r) or free < 1:
        return "p not defined"
    from scipy.special import stdtr  # only pages of one entity need it

    p = 2 * float(stdtr(free, -abs(r) * math.sqrt(free / max(1 - r * r, 1e-300))))
    if p >= 0.001:
        return f"p {number(p, 2)}"
    power = math.floor(math.log10(p)) if p > 0 else -300
    superscripts = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
    return f"p < 10{str(power + 1).translate(superscripts)}"


def none_held_out(name: str, split: str, total: int, subject: str) -> str:
    """That no pair of this entity was tested, which is no fault of it."""
    word = WORDS[subject][0]
    return (
        f"**No pair of {name} was held out under {split_name(split)}**, so nothing is predicted for this {word} here: "
        "all its pairs were in training, its fold has not run, or curation left it out. "
        + (f"Shown is what was measured ({plural(total, 'pair')})." if total else "Nothing was measured either.")
    )
