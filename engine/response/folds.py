"""One cut of a cohort into training, validation and test pairs, with everything that is fitted on training pairs."""

from dataclasses import dataclass, replace

import numpy as np

from engine.errors import TrainingError
from engine.learn.splits import TEST, TRAIN, VALIDATION, Cut, Units, cut
from engine.response.cohort import Cohort
from engine.response.settings import TrainSettings

FEWEST_PAIRS = 3  # below, no measure is defined


@dataclass(frozen=True)
class Fold:
    """number: 0 for a single cut, else from 1. part: (r,) codes of `learn/splits.py`, one per pair of the cohort.

    cohort: its vocabulary holds only positions that are mutated in training lines. n_positions: (l,) mutated
    positions of each line, known or not. structure: (d,) number of each drug's structure.
    """

    number: int
    cohort: Cohort
    part: np.ndarray
    n_positions: np.ndarray
    structure: np.ndarray

    @property
    def train(self) -> np.ndarray:
        """Rows of the training pairs."""
        return np.flatnonzero(self.part == TRAIN)

    @property
    def validation(self) -> np.ndarray:
        """Rows of the validation pairs."""
        return np.flatnonzero(self.part == VALIDATION)

    @property
    def test(self) -> np.ndarray:
        """Rows of the test pairs."""
        return np.flatnonzero(self.part == TEST)

    def permuted(self, what: str, seed: int) -> "Fold":
        """The same fold with the genomes of all lines, or the structures of all drugs, dealt anew."""
        rng = np.random.default_rng([seed, self.number])
        cohort = self.cohort
        if what == "genomes":
            cohort = replace(cohort, genomes=cohort.genomes[rng.permutation(len(cohort.lines))])
        else:
            cohort = replace(cohort, drug_bits=cohort.drug_bits[rng.permutation(len(cohort.drugs))])
        return replace(self, cohort=cohort)


def make_cut(cohort: Cohort, structure: np.ndarray, settings: TrainSettings) -> Cut:
    """Which pairs train, validate and test in every fold.

    Raises InputError where the lines, types or drugs are too few for so many folds.
    """
    units = Units(cohort.line, cohort.cancer_type, cohort.drug, structure[cohort.drug])
    return cut(settings.split, units, settings.n_folds, settings.seed, settings.test_share, settings.validation_share)


def make_fold(cohort: Cohort, structure: np.ndarray, plan: Cut, number: int) -> Fold:
    """Fold `number` of the plan. Raises TrainingError where a part has too few pairs."""
    part = plan.parts[max(number - 1, 0)]
    sizes = {name: int((part == code).sum()) for name, code in PARTS.items()}
    if min(sizes.values()) < FEWEST_PAIRS:
        told = ", ".join(f"{n} {name}" for name, n in sizes.items())
        raise TrainingError(
            f"{len(part)} measured pairs are too few to cut into training, validation and test pairs ({told}); "
            "import more, or choose fewer folds."
        )
    lines = np.unique(cohort.line[part == TRAIN])
    return Fold(number, cohort.known_to(lines), part, np.diff(cohort.genomes.indptr), structure)


PARTS = {"training": TRAIN, "validation": VALIDATION, "test": TEST}
