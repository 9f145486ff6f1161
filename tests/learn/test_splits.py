import numpy as np

from engine.learn.splits import TEST, TRAIN, VALIDATION, split_pairs


def test_published_shares_within_every_cancer_type():
    types = np.repeat(["SKCM", "LUAD", "GBM"], [1000, 200, 40])
    part = split_pairs(types, seed=1)
    for label, test, validation in (("SKCM", 50, 48), ("LUAD", 10, 10), ("GBM", 2, 2)):
        of_type = part[types == label]
        assert (of_type == TEST).sum() == test
        assert (of_type == VALIDATION).sum() == validation
        assert (of_type == TRAIN).sum() == len(of_type) - test - validation


def test_seed_decides():
    types = np.repeat(["A", "B"], 500)
    assert (split_pairs(types, 1) == split_pairs(types, 1)).all()
    assert (split_pairs(types, 1) != split_pairs(types, 2)).any()


def test_a_type_too_small_to_test_trains():
    assert (split_pairs(np.array(["A"] * 5), 0) == TRAIN).all()
