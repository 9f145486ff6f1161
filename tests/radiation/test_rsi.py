"""The ten-gene index by hand, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from small_arrays import small_cohort

from engine.errors import InputError
from engine.radiation import baselines, rsi

GENES = np.array(rsi.GENES)
NONE = np.full(10, "")


def test_the_index_of_typed_ranks():
    """AR 1, JUN 2, ..., IRF1 10: the coefficients times 1 to 10."""
    rising = np.arange(10.0)[None] + 5
    expected = -0.0098009 + 2 * 0.0128283 + 3 * 0.0254552 - 4 * 0.0017589 - 5 * 0.0038171 + 6 * 0.1070213
    expected += -7 * 0.0002509 - 8 * 0.0092431 - 9 * 0.0204469 - 10 * 0.0441683
    assert rsi.index(rising, GENES, NONE) == pytest.approx([expected])
    assert rsi.index(3 * rising**2 + 1, GENES, NONE) == pytest.approx([expected])  # ranks only
    assert rsi.index(rising[:, ::-1], GENES[::-1], NONE) == pytest.approx([expected])


def test_the_published_probe_set_is_taken_before_others_of_the_gene():
    probes = np.array(["202123_s_at", *GENES])
    symbols = np.array(["ABL1", *GENES])
    values = np.concatenate([[0.0], np.arange(10.0) + 5])[None]
    alone = values[:, 1:].copy()
    alone[0, 5] = 0
    assert rsi.index(values, probes, symbols) == pytest.approx(rsi.index(alone, GENES, NONE))


def test_several_probes_of_a_gene_are_averaged_and_old_symbols_known():
    names = np.where(GENES == "PRKCB", "PRKCB1", GENES)
    values = np.arange(10.0)[None] + 5
    twice = np.concatenate([values - 0.1, values + 0.1], axis=1)
    found = rsi.index(twice, np.array([f"p{i}" for i in range(20)]), np.tile(names, 2))
    assert found == pytest.approx(rsi.index(values, GENES, NONE))


def test_recalibrated_on_training_samples_only():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(12, 10)).astype(np.float32)
    index = rsi.index(values, GENES, NONE)
    cohort = replace(small_cohort(lines=12, replicates=1), values=values, probes=GENES, symbols=GENES)
    cohort = replace(cohort, sf2=np.where(np.arange(12) < 9, 0.3 + 0.2 * index, np.nan))
    train, test = np.arange(9), np.arange(9, 12)
    assert baselines.predict("rsi", cohort, train, test, 0) == pytest.approx(0.3 + 0.2 * index[9:])
    same = replace(cohort, values=np.tile(values[:1], (12, 1)))
    assert baselines.predict("rsi", same, train, test, 0) == pytest.approx(np.full(3, cohort.sf2[:9].mean()))


def test_probes_are_known_by_set_symbol_or_old_symbol():
    assert rsi.gene_of("211110_s_at", "") == "AR" and rsi.gene_of("any_at", " ar ") == "AR"
    assert rsi.gene_of("any_at", "PRKCB1") == "PRKCB" and rsi.gene_of("IRF1", "") == "IRF1"
    assert rsi.gene_of("any_at", "") == "" == rsi.gene_of("any_at", "TP53")


def test_refusals():
    with pytest.raises(InputError, match="needs ten genes; JUN, IRF1 are missing: leave rsi out"):
        rsi.index(np.ones((1, 8)), np.delete(GENES, [1, 9]), NONE[:8])
    with pytest.raises(InputError, match="needs ten genes; AR is missing"):
        rsi.index(np.ones((1, 9)), GENES[1:], NONE[:9])
    with pytest.raises(InputError, match="ranks ten genes within a sample, which z-scores do not allow"):
        rsi.index(np.ones((1, 10)), GENES, NONE, "z")
    assert rsi.missing(GENES[:8], NONE[:8]) == ("HDAC1", "IRF1") and rsi.missing(GENES, NONE) == ()
