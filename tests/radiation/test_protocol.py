"""What trains and what tests: nothing leaks in either protocol."""

from collections import Counter

import numpy as np
import pytest
from small_arrays import small_cohort

from engine.errors import InputError
from engine.radiation import protocol

COHORT = small_cohort()


@pytest.mark.parametrize("name", ["published", "grouped"])
def test_every_sample_is_tested_once_per_round_and_never_trains_its_own_fit(name):
    cut = protocol.folds(COHORT, name, rounds=5, folds=6, seed=3)
    assert [(one.round, one.number) for one in cut] == [(r, f) for r in range(1, 6) for f in range(1, 7)]
    for number in range(1, 6):
        tested = np.concatenate([one.test for one in cut if one.round == number])
        assert sorted(tested) == list(range(54))
    for one in cut:
        assert sorted([*one.train, *one.test]) == list(range(54))
        assert len(one.test) == 9


def test_published_folds_keep_replicates_of_a_line_apart():
    for one in protocol.folds(COHORT, "published", rounds=5, folds=6, seed=3):
        assert set(Counter(COHORT.line[one.test]).values()) == {1}
        assert set(COHORT.line[one.test]) <= set(COHORT.line[one.train])


def test_more_replicates_than_folds_are_spread_evenly():
    cohort = small_cohort(lines=4, replicates=5)
    for one in protocol.folds(cohort, "published", rounds=2, folds=3, seed=0):
        assert set(Counter(cohort.line[one.test]).values()) <= {1, 2}
        assert len(one.test) in (6, 7)


def test_grouped_folds_keep_a_line_whole():
    for one in protocol.folds(COHORT, "grouped", rounds=5, folds=6, seed=3):
        assert not set(COHORT.line[one.test]) & set(COHORT.line[one.train])
        assert set(Counter(COHORT.line[one.test]).values()) == {3}


@pytest.mark.parametrize("name", ["published", "grouped"])
def test_lines_with_unequal_replicates_still_balance(name):
    cohort = small_cohort(lines=20)
    keep = np.flatnonzero((cohort.replicate == 1) | (np.arange(60) % 4 > 0))
    uneven = protocol.repeated(cohort, 1, 0.0, 0)
    uneven = type(cohort)(
        **{
            name: value[keep] if isinstance(value, np.ndarray) and len(value) == 60 else value
            for name, value in vars(uneven).items()
            if name not in ("probes", "symbols")
        },
        probes=cohort.probes,
        symbols=cohort.symbols,
    )
    sizes = [len(one.test) for one in protocol.folds(uneven, name, rounds=3, folds=6, seed=1)]
    assert max(sizes) - min(sizes) <= (1 if name == "published" else 3)


@pytest.mark.parametrize("name", ["published", "grouped"])
def test_one_seed_gives_one_cut_and_rounds_differ(name):
    first, same, other = (protocol.folds(COHORT, name, 2, 6, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(first, same, strict=True))
    assert any(not np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))
    assert any(not np.array_equal(a.test, b.test) for a, b in zip(first[:6], first[6:], strict=True))
    longer = protocol.folds(COHORT, name, 3, 6, 1)
    assert all(np.array_equal(a.test, b.test) for a, b in zip(first, longer[:12], strict=True))


def test_leaving_out_in_the_published_protocol_leaves_out_that_sample_only():
    (one, two) = protocol.leave_out(COHORT, [4, 5], "published")
    assert (one.round, one.number, list(one.test)) == (1, 0, [4]) and list(two.test) == [5]
    assert sorted(one.train) == [i for i in range(54) if i != 4]


def test_leaving_out_grouped_leaves_out_the_whole_line():
    (one, two) = protocol.leave_out(COHORT, [4, 5, 9], "grouped")
    assert list(one.test) == [4, 5] and list(two.test) == [9]
    assert not set(COHORT.line[one.train]) & {COHORT.line[4]} and len(one.train) == 51


def test_shuffling_moves_whole_lines():
    floor = protocol.shuffled(COHORT, 5)
    assert sorted(floor.sf2) == sorted(COHORT.sf2) and not np.array_equal(floor.sf2, COHORT.sf2)
    assert all(len(set(floor.sf2[floor.line == one])) == 1 for one in set(floor.line))
    assert np.array_equal(floor.sf2, protocol.shuffled(COHORT, 5).sf2)


def test_artificial_replicates_have_the_noise_asked_for():
    cohort = small_cohort(lines=6, replicates=2, probes=4000)
    copies = protocol.repeated(cohort, 3, 0.2, seed=1)
    assert copies.values.shape == (36, 4000) and len(set(copies.sample)) == 36
    difference = copies.values - np.repeat(cohort.values, 3, axis=0)
    assert difference.std() == pytest.approx(0.2, rel=0.02)
    assert list(copies.replicate[:6]) == [1, 2, 3, 4, 5, 6] and set(copies.line[:6]) == {"LINE-00"}
    assert np.array_equal(copies.sf2, np.repeat(cohort.sf2, 3)) and copies.values.dtype == np.float32
    assert np.array_equal(cohort.values, small_cohort(lines=6, replicates=2, probes=4000).values)


def test_refuses_what_cannot_be_cut():
    with pytest.raises(InputError, match="18 lines cannot be cut into 19 folds: choose 18 or fewer"):
        protocol.folds(COHORT, "grouped", 1, 19, 0)
    with pytest.raises(InputError, match="54 samples cannot be cut into 55 folds"):
        protocol.folds(COHORT, "published", 1, 55, 0)
    with pytest.raises(InputError, match="Unknown protocol 'honest'"):
        protocol.folds(COHORT, "honest", 1, 2, 0)
    with pytest.raises(InputError, match="Unknown protocol 'honest'"):
        protocol.leave_out(COHORT, [0], "honest")
    with pytest.raises(InputError, match="Fold 1 of round 1 leaves 2 cell lines to train on, 3 are needed"):
        protocol.folds(small_cohort(lines=4), "grouped", 1, 2, 0)
    with pytest.raises(InputError, match="Leaving out LINE-00 1 leaves 2 cell lines"):
        protocol.leave_out(small_cohort(lines=3), [0], "grouped")
