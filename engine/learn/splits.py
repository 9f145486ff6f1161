"""Which pairs train, which validate, which test."""

import numpy as np

TRAIN, VALIDATION, TEST = 0, 1, 2


def split_pairs(
    cancer_type: np.ndarray, seed: int, test_share: float = 0.05, validation_share: float = 0.05
) -> np.ndarray:
    """The published protocol: within every cancer type a random share of its pairs tests.

    cancer_type: (r,) label of each pair's line. Validation pairs are cut from the training pairs by the same rule.
    Returns (r,) of TRAIN, VALIDATION, TEST. Source: Chang et al. 2018 (95 / 5 within each cancer type).
    """
    rng = np.random.default_rng(seed)
    part = np.full(len(cancer_type), TRAIN, np.int8)
    for label in np.unique(cancer_type):
        pairs = rng.permutation(np.flatnonzero(cancer_type == label))
        n_test = round(test_share * len(pairs))
        n_validation = round(validation_share * (len(pairs) - n_test))
        part[pairs[:n_test]] = TEST
        part[pairs[n_test : n_test + n_validation]] = VALIDATION
    return part
