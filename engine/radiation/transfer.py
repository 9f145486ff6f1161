"""What another assay over other lines teaches: its model predicts the lines of a cohort, as one more random effect.

The 9-day assay of Yard et al. 2016 measured 540 lines, 316 of them with expression of 706 genes as z-scores. Where
the two assays share lines their SF2 agree little (r 0.39 over 34 lines), so it cannot teach much; `predict` lets the
training lines decide how much. On 58 lines of the NCI-60, folds by line, it did not help: r 0.62 and RMSE 0.160 with
it, 0.63 and 0.158 without, and its scores alone do not follow SF2 (r -0.19; the assay has hardly any leukaemia).
n = samples, k = training lines, t = samples to predict, s = shared genes.
"""

from collections.abc import Iterable

import numpy as np

from engine.errors import InputError
from engine.radiation import models
from engine.radiation.names import SAME_TUMOUR
from engine.radiation.similarity import standardised
from engine.radiation.types import Cohort

LEAST_GENES = 50


def same_as(lines: Iterable[str]) -> frozenset[str]:
    """These lines, as `names.line_key` writes them, and those that are the same tumour under another name."""
    given = set(lines)
    return frozenset(given.union(*(group for group in SAME_TUMOUR if given & set(group))))


def scores(cohort: Cohort, other: Cohort, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """SF2 by a model of the other cohort: (k,) of the cohort's training lines, sorted, and (t,) of the samples `test`.

    The model is a linear effect of every shared gene, fitted to the lines of `other` WITHOUT those of `test` and their
    other names, and for every training line once more without that line too: a line that taught the model would look
    better predicted than the tested ones are. Genes are matched by symbol; of several probes the one that varies most
    over the training samples speaks for its gene. Genes of the cohort become z-scores over its training lines, those
    of `other` over the lines that are used.
    Raises InputError for fewer than 50 shared genes or three usable lines.
    """
    lines = models.of_lines(cohort, train)
    names = np.unique(cohort.line[train])
    mine, theirs = _shared(cohort, other, train)
    held = same_as(cohort.line[test])
    known = lines.values[:, mine]
    new = np.concatenate([standardised(known, known), standardised(cohort.values[np.ix_(test, mine)], known)])
    found = _predict(other, theirs, held, new)
    for place, name in enumerate(names):
        without = held | same_as([name])
        if any(np.isin(other.line, list(without - held))):
            found[place] = _predict(other, theirs, without, new[[place]])[0]
    return found[: len(names)], found[len(names) :]


def predict(cohort: Cohort, other: Cohort, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """(t,) SF2 of the samples `test` by lineage, expression and the scores of the other cohort together.

    Fitted to the samples `train` and to the lines of `other` that are no tested line; errors as in `scores`.
    """
    lines = models.of_lines(cohort, train)
    mine, theirs = scores(cohort, other, train, test)
    score = standardised(np.concatenate([mine, theirs])[:, None], mine[:, None])[:, 0]
    kernels = [*models.kernels("lineage_ridge", cohort, lines, test), np.outer(score, score[: len(mine)])]
    return np.clip(models.blend(kernels, lines.sf2), 0, 1)


def _shared(cohort: Cohort, other: Cohort, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(s,) columns of the cohort and (s,) of the other for the genes that both have."""
    variance = cohort.values[train].var(axis=0, dtype=np.float64)
    best: dict[str, int] = {}
    for column in np.argsort(-variance, kind="stable"):
        best.setdefault(str(cohort.symbols[column]).upper(), int(column))
    pairs = [(best[str(gene).upper()], i) for i, gene in enumerate(other.symbols) if gene and str(gene).upper() in best]
    if len(pairs) < LEAST_GENES:
        raise InputError(
            f"The two tables of expression share {len(pairs)} gene symbols, {LEAST_GENES} are needed: give tables that "
            "name genes by symbol."
        )
    mine, theirs = np.array(pairs).T
    return mine, theirs


def _predict(other: Cohort, genes: np.ndarray, held: Iterable[str], new: np.ndarray) -> np.ndarray:
    """SF2 of (m, s) z-scores by the lines of the other cohort that are not held out."""
    usable = np.flatnonzero(~np.isin(other.line, list(held)))
    if len(np.unique(other.line[usable])) < models.LEAST_LINES:
        raise InputError(f"The other assay has fewer than {models.LEAST_LINES} lines besides those that are predicted.")
    lines = models.of_lines(other, usable)
    known = standardised(lines.values[:, genes], lines.values[:, genes])
    return models.blend([np.concatenate([known, new]) @ known.T], lines.sf2)
