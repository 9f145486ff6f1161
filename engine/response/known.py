"""What a baseline may look at in a fold: features of every line and drug, values of training and validation pairs.

l = lines, d = drugs, f = features, r = pairs of the cohort.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from engine.errors import TrainingError
from engine.learn.splits import TRAIN, VALIDATION
from engine.response.cohort import Cohort
from engine.response.settings import GENE_LINES


class Pairs(NamedTuple):
    """Rows of lines and drugs, and ln(IC50, uM), of the same pairs."""

    line: np.ndarray
    drug: np.ndarray
    value: np.ndarray


class Known:
    """A fold as a baseline sees it. Values of test and unused pairs are never read.

    train, validation: the pairs of each part. sizes: (l, d). lines, drugs: rows of those that are trained on.
    cancer_type: (l,) labels.
    """

    def __init__(self, cohort: Cohort, part: np.ndarray) -> None:
        """part: (r,) codes of `learn/splits.py`. Raises TrainingError without training or validation pairs."""
        self.cohort = cohort
        self.train, self.validation = (_pairs(cohort, part, code) for code in (TRAIN, VALIDATION))
        self.sizes = len(cohort.lines), len(cohort.drugs)
        self.lines, self.drugs = np.unique(self.train.line), np.unique(self.train.drug)
        self.cancer_type = cohort.lines["cancer_type"].to_numpy(dtype=str)

    @property
    def tests_known_lines(self) -> bool:
        """Whether held-out pairs are of lines with other pairs in training; validation pairs are cut as test pairs."""
        return bool(np.isin(self.validation.line, self.lines).mean() > 0.5)

    def error(self, values: np.ndarray) -> float:
        """Mean squared error of predictions of the validation pairs."""
        return float(np.mean((values - self.validation.value) ** 2))

    def genes(self) -> np.ndarray:
        """(l, f) of 0 and 1: the genes that are mutated in at least GENE_LINES training lines."""
        names = np.array([key.partition(":")[0] for key in self.cohort.vocabulary.keys])
        _, gene = np.unique(names, return_inverse=True)
        to_gene = csr_matrix((np.ones(len(gene)), (np.arange(len(gene)), gene)))
        mutated = (self.cohort.genomes.astype(float) @ to_gene).toarray() > 0
        return np.asarray(mutated[:, mutated[self.lines].sum(axis=0) >= GENE_LINES], float)

    def types(self) -> np.ndarray:
        """(l, f) of 0 and 1: which of the training lines' cancer types; all 0 for another type."""
        return np.asarray(self.cancer_type[:, None] == np.unique(self.cancer_type[self.lines]), float)


def _pairs(cohort: Cohort, part: np.ndarray, code: int) -> Pairs:
    rows = np.flatnonzero(part == code)
    if len(rows) == 0:
        what = "training" if code == TRAIN else "validation"
        raise TrainingError(f"There is not one {what} pair, and no baseline can be fitted without.")
    return Pairs(cohort.line[rows], cohort.drug[rows], cohort.ln_ic50[rows])
