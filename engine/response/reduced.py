"""Random forest and support vector machine, as the paper benchmarked them, on inputs small enough for them.

They see what the networks see, genome and structure, and no average of a line or a drug. Genomes and fingerprints are
reduced to their leading components, fitted on training lines and drugs.
l = lines, d = drugs, n = pairs to predict, f = features.
Source of the comparison: Chang et al. 2018, doi:10.1038/s41598-018-27214-6 (R² 0.698 and 0.562).
"""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.preprocessing import normalize
from sklearn.svm import SVR

from engine.response.known import Known, Pairs
from engine.response.settings import COMPONENTS, FOREST_PAIRS, FOREST_TREES, SVM_COMPONENTS, SVM_PAIRS

TREES_AT_ONCE = 10  # between two reports of progress
LEAF_PAIRS = 2  # at least, in a leaf of a tree
TREE_FEATURES = 0.25  # share of the features that a branch chooses from
TREE_PAIRS = 0.5  # share of the sampled pairs that a tree sees
CHOICE_PAIRS = 2_500  # training pairs of each fit that settings of the svm are chosen by
# Settings of the svm, (gamma, C), for features on the scale of `_scaled`.
CHOICES = ((0.3, 1.0), (0.3, 4.0), (1.0, 1.0), (1.0, 4.0), (2.0, 1.0))
LINE_SCALE = 0.3  # lines differ less in response than drugs, so their distances count less
EPSILON = 0.1  # s.d. of ln(IC50) within which an error costs nothing

OnProgress = Callable[[float], None]


def random_forest(
    known: Known, line: np.ndarray, drug: np.ndarray, seed: int, on_progress: OnProgress = lambda share: None
) -> np.ndarray:
    """(n,) the mean of FOREST_TREES trees grown on up to FOREST_PAIRS random training pairs.

    Source: Breiman 2001, doi:10.1023/A:1010933404324.
    """
    genomes = normalize(known.cohort.genomes.astype(float))
    burden = np.log1p(np.diff(known.cohort.genomes.indptr))
    of_line = np.hstack([_components(genomes, known.lines, COMPONENTS, seed), known.types(), burden[:, None]])
    of_drug = _components(csr_matrix(known.cohort.drug_bits, dtype=float), known.drugs, COMPONENTS, seed)

    def features(lines: np.ndarray, drugs: np.ndarray) -> np.ndarray:
        return np.hstack([of_line[lines], of_drug[drugs]]).astype(np.float32)

    sample = _sample(known.train, FOREST_PAIRS, seed)
    x = features(sample.line, sample.drug)
    forest = RandomForestRegressor(
        n_estimators=0,
        min_samples_leaf=LEAF_PAIRS,
        max_features=TREE_FEATURES,
        max_samples=TREE_PAIRS,
        random_state=seed,
        warm_start=True,
        n_jobs=-1,
    )
    for trees in range(TREES_AT_ONCE, FOREST_TREES + 1, TREES_AT_ONCE):
        forest.set_params(n_estimators=trees).fit(x, sample.value)
        on_progress(trees / FOREST_TREES)
    forest.set_params(n_jobs=1)  # several threads would add the trees up in another order each time
    return np.asarray(forest.predict(features(line, drug)))


def svm(
    known: Known, line: np.ndarray, drug: np.ndarray, seed: int, on_progress: OnProgress = lambda share: None
) -> np.ndarray:
    """(n,) by support vector regression with a Gaussian kernel on up to SVM_PAIRS random training pairs.

    The kernel of two pairs is the product of their lines' and their drugs' kernels, so a fit is (l, d) coefficients
    and all its predictions are two matrix products. Source: Drucker et al. 1997, NIPS 9, 155-161.
    """
    genomes = normalize(known.cohort.genomes.astype(float))
    of_line = np.hstack([_components(genomes, known.lines, COMPONENTS, seed), known.types()])
    of_line = LINE_SCALE * _scaled(of_line, known.lines)
    of_drug = _components(csr_matrix(known.cohort.drug_bits, dtype=float), known.drugs, SVM_COMPONENTS, seed)
    of_drug = _scaled(of_drug, known.drugs)

    def fitted(sample: Pairs, gamma: float, c: float) -> np.ndarray:
        """(l, d) predictions."""
        mean, spread = sample.value.mean(), max(sample.value.std(), 1e-9)
        x = np.hstack([of_line[sample.line], of_drug[sample.drug]])
        fit = SVR(gamma=gamma, C=c, epsilon=EPSILON, tol=1e-2, cache_size=600)
        fit.fit(x, (sample.value - mean) / spread)
        weight = np.zeros(known.sizes)
        np.add.at(weight, (sample.line[fit.support_], sample.drug[fit.support_]), fit.dual_coef_[0])
        values = rbf_kernel(of_line, gamma=gamma) @ weight @ rbf_kernel(of_drug, gamma=gamma) + fit.intercept_
        return np.asarray(mean + spread * values)

    few = _sample(known.train, CHOICE_PAIRS, seed)
    errors = []
    for i, choice in enumerate(CHOICES):
        errors.append(known.error(fitted(few, *choice)[known.validation[:2]]))
        on_progress((i + 1) / (len(CHOICES) + 3))
    return fitted(_sample(known.train, SVM_PAIRS, seed), *CHOICES[int(np.argmin(errors))])[line, drug]


def _components(bits: csr_matrix, training: np.ndarray, wanted: int, seed: int) -> np.ndarray:
    """(rows, f) coordinates of every row on the leading components of the training rows."""
    fit = TruncatedSVD(min(wanted, len(training), bits.shape[1]), random_state=seed).fit(bits[training])
    return np.asarray(fit.transform(bits))


def _scaled(features: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Features on one common scale: training rows lie at a mean squared distance of 1 from their centre."""
    spread = np.sqrt(features[training].var(axis=0).sum())
    return np.asarray(features / max(spread, 1e-9))


def _sample(pairs: Pairs, n: int, seed: int) -> Pairs:
    """Up to n of the pairs, at random."""
    rows = np.random.default_rng(seed).permutation(len(pairs.value))[:n]
    return Pairs(pairs.line[rows], pairs.drug[rows], pairs.value[rows])
