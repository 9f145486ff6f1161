"""Which samples train and which are tested: the published folds, the folds by line, and what is left out alone.

n = samples of a cohort, l = cell lines.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.errors import InputError
from engine.radiation.settings import PROTOCOLS
from engine.radiation.types import Cohort, Fold

LEAST_LINES = 3  # in a training set: hyperparameters are chosen on lines left out of it


def folds(cohort: Cohort, protocol: str, rounds: int, folds: int, seed: int) -> list[Fold]:
    """rounds x folds fits; every sample is tested once per round.

    published: the samples of one line go to DIFFERENT folds (as evenly as can be where there are more of them than
        folds), so a line's other arrays train; fold sizes differ by one sample at most.
    grouped: all samples of a line go to one fold, so no array of a tested line trains; fold sizes differ by the
        samples of one line at most.
    The same seed gives the same folds, and a round does not depend on how many rounds follow.
    Raises InputError for an unknown protocol, more folds than samples or lines, or a fold that leaves fewer than
    three lines to train on.
    Source: Kim and Chung 2022 (5 rounds of 6 folds, replicates of a line in different folds).
    """
    _known(protocol)
    lines, line = np.unique(cohort.line, return_inverse=True)
    units, what = (len(lines), "lines") if protocol == "grouped" else (len(line), "samples")
    if units < folds:
        raise InputError(f"{units} {what} cannot be cut into {folds} folds: choose {units} or fewer.")
    cut = []
    for number in range(1, rounds + 1):
        rng = np.random.default_rng([seed, number])
        fold = (_by_line if protocol == "grouped" else _spread)(line, folds, rng)
        cut += [Fold(number, one + 1, np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(folds)]
    for one in cut:
        _enough(cohort, one.train, f"fold {one.number} of round {one.round}")
    return cut


def leave_out(cohort: Cohort, samples: Sequence[int] | np.ndarray, protocol: str) -> list[Fold]:
    """Prediction validation: every one of these samples (indices into the cohort) predicted with it left out.

    published: one fit per sample, all other samples train, other arrays of its line too.
    grouped: one fit per line, which is left out whole; it predicts the line's samples that were asked for.
    number is 0, round 1. Raises InputError for an unknown protocol or too few lines to train on.
    """
    _known(protocol)
    wanted = np.asarray(samples, int)
    tests = [np.array([one]) for one in wanted]
    if protocol == "grouped":
        tests = [wanted[cohort.line[wanted] == one] for one in dict.fromkeys(cohort.line[wanted])]
    cut = []
    for test in tests:
        out = test if protocol == "published" else np.flatnonzero(cohort.line == cohort.line[test[0]])
        cut.append(Fold(1, 0, np.setdiff1d(np.arange(len(cohort.line)), out), test))
        _enough(cohort, cut[-1].train, f"leaving out {cohort.sample[test[0]]}")
    return cut


def shuffled(cohort: Cohort, seed: int) -> Cohort:
    """The cohort with the SF2 of whole lines shuffled: samples of one line keep one value, that of another line.

    A model fitted and judged on it shows what chance alone reaches (the floor).
    """
    _, first, line = np.unique(cohort.line, return_index=True, return_inverse=True)
    rng = np.random.default_rng([seed, 7])
    return replace(cohort, sf2=cohort.sf2[first][rng.permutation(len(first))][line])


def repeated(cohort: Cohort, replicates: int, noise: float, seed: int) -> Cohort:
    """Artificial replicates: every sample `replicates` times, with Gaussian noise of that standard deviation (log2
    units, on z-scores in those) added to each probe of each copy. No copy is the array as measured unless noise is 0.

    Samples are named `<sample> copy <i>` and counted on from the replicates that a line already has.
    """
    if replicates == 1 and noise == 0:
        return cohort
    n = len(cohort.sample)
    values = np.repeat(cohort.values, replicates, axis=0)
    rng = np.random.default_rng([seed, 11])
    for row in values:  # row by row, so that the noise of 54,675 probes is not in memory for all samples at once
        row += (noise * rng.standard_normal(len(row))).astype(np.float32)
    copy = np.tile(np.arange(1, replicates + 1), n)
    named = [f"{one} copy {i}" for one, i in zip(np.repeat(cohort.sample, replicates), copy, strict=True)]
    return replace(
        cohort,
        values=values,
        sf2=np.repeat(cohort.sf2, replicates),
        sample=np.array(named) if replicates > 1 else cohort.sample,
        line=np.repeat(cohort.line, replicates),
        panel=np.repeat(cohort.panel, replicates),
        replicate=(np.repeat(cohort.replicate, replicates) - 1) * replicates + copy,
    )


def _known(protocol: str) -> None:
    if protocol not in PROTOCOLS:
        raise InputError(f"Unknown protocol {protocol!r}. Choose from {', '.join(PROTOCOLS)}.")


def _enough(cohort: Cohort, train: np.ndarray, where: str) -> None:
    left = len(np.unique(cohort.line[train]))
    if left < LEAST_LINES:
        raise InputError(
            f"{where[0].upper()}{where[1:]} leaves {left} cell lines to train on, {LEAST_LINES} are needed: "
            "choose more folds or import more lines."
        )


def _spread(line: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) fold of each sample: the samples of each line go to the folds with the fewest samples yet, each to another.

    As loads never differ by more than one before a line is dealt, they do not after it.
    """
    load, fold = np.zeros(folds, int), np.empty(len(line), int)
    for one in rng.permutation(line.max() + 1):
        samples = rng.permutation(np.flatnonzero(line == one))
        for start in range(0, len(samples), folds):
            some = samples[start : start + folds]
            emptiest = np.lexsort((rng.random(folds), load))[: len(some)]
            fold[some] = emptiest
            load[emptiest] += 1
    return fold


def _by_line(line: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) fold of each sample: largest lines first, in random order, each to the fold with fewest samples."""
    sizes = np.bincount(line)
    load, fold = np.zeros(folds, int), np.empty(len(sizes), int)
    for one in np.lexsort((rng.random(len(sizes)), -sizes)):
        fold[one] = np.lexsort((rng.random(folds), load))[0]
        load[fold[one]] += sizes[one]
    return fold[line]
