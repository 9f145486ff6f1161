"""Predictions where only some genes were sequenced: the others are filled in from cell lines, many times.

A gene that nobody looked at is unknown, not wild type, and networks have only seen whole exomes. So the patient's
positions are completed with what real lines carry in the other genes; the mean over many such completions is the
prediction, and how far they lie apart says how much the answer depends on genes that were not looked at.

K = completions, d = drugs. ln(IC50) in ln uM.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.patient.predictor import Predictor
from engine.patient.types import Genome

COMPLETIONS = 32  # lines drawn at most; five networks then rank 253 drugs in about 2 s on two cores
FEWEST_OF_TYPE = 8  # lines of a cancer type with mutations; below, lines of all types are drawn
SEED = 0  # a patient gets the same numbers every time
NORMAL_90 = 1.645  # standard deviations that hold 90 % of a normal distribution on both sides


@dataclass(frozen=True)
class Prediction:
    """mean, spread over networks: (d,). completed: (K, d), one row per completion; None where all was sequenced."""

    mean: np.ndarray
    spread: np.ndarray
    completed: np.ndarray | None

    @property
    def completions(self) -> int:
        """K, 0 where every gene was sequenced."""
        return 0 if self.completed is None else len(self.completed)


def drawn_lines(predictor: Predictor, cancer_type: str | None, most: int = COMPLETIONS) -> np.ndarray:
    """Rows of the lines that complete a genome: of the patient's cancer type where it has enough, else of all.

    All of them where they are no more than `most`, else so many drawn at random, always the same.
    """
    screened = predictor.screened
    lines = np.flatnonzero(screened.mutated)
    if cancer_type is not None:
        of_type = np.intersect1d(lines, screened.of_type(cancer_type))
        lines = of_type if len(of_type) >= FEWEST_OF_TYPE else lines
    if len(lines) <= most:
        return lines
    return np.sort(np.random.default_rng(SEED).choice(lines, most, replace=False))


def sequenced_genes(genome: Genome) -> frozenset[str] | None:
    """What was looked at: a gene with a mutation always was. None: every gene."""
    if genome.sequenced is None:
        return None
    return genome.sequenced | {key.partition(":")[0] for key in genome.keys}


def complete(predictor: Predictor, genome: Genome, lines: Sequence[int] | np.ndarray) -> list[frozenset[str]]:
    """The genome with what each of these lines carries in genes that were not sequenced; itself where all were."""
    sequenced = sequenced_genes(genome)
    own = frozenset(genome.keys)
    if sequenced is None:
        return [own]
    return [own.union(predictor.screened.keys_of(row, outside=sequenced)) for row in lines]


def predict_genome(
    predictor: Predictor,
    genome: Genome,
    cancer_type: str | None = None,
    drug_ids: Sequence[int] | None = None,
) -> Prediction:
    """The networks' prediction for all drugs, or these, averaged over completions where genes were not sequenced."""
    mean, spread = predictor.predict(complete(predictor, genome, drawn_lines(predictor, cancer_type)), drug_ids)
    completed = None if genome.sequenced is None else mean
    return Prediction(mean.mean(axis=0), spread.mean(axis=0), completed)


def half_width(predictor: Predictor, prediction: Prediction) -> np.ndarray:
    """(d,) half the width of 90 % intervals, ln uM.

    The conformal half width was calibrated on lines whose genes were all known; what unknown genes add is taken as
    independent of it and normal: the root of the sum of squares of both.
    """
    half = predictor.half_width(prediction.spread)
    if prediction.completed is None:
        return half
    return np.asarray(np.hypot(half, NORMAL_90 * prediction.completed.std(axis=0)))
