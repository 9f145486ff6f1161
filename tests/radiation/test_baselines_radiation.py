"""The baselines of SF2: that they learn what is there, and see nothing of what they are tested on."""

from dataclasses import replace

import numpy as np
import pytest
from small_arrays import small_cohort

from engine.errors import InputError, TrainingError
from engine.radiation import baselines, protocol
from engine.radiation.settings import BASELINES, BEYOND
from engine.radiation.similarity import correlations, most_variable, standardised

COHORT = small_cohort(lines=24, replicates=2)
ALL = (*BASELINES, *BEYOND)
FOLD = protocol.folds(COHORT, "grouped", 1, 6, 0)[0]


@pytest.mark.parametrize("model", ALL)
def test_hidden_values_reach_no_baseline(model):
    """Neither the SF2 of test samples nor that anything else is tested beside them changes a prediction."""
    given = baselines.predict(model, COHORT, FOLD.train, FOLD.test, 0)
    sf2 = COHORT.sf2.copy()
    sf2[FOLD.test] = np.nan
    assert np.array_equal(given, baselines.predict(model, replace(COHORT, sf2=sf2), FOLD.train, FOLD.test, 0))
    values = COHORT.values.copy()
    values[FOLD.test[1:]] += 50 * np.random.default_rng(0).normal(size=values[FOLD.test[1:]].shape)
    other = baselines.predict(model, replace(COHORT, values=values), FOLD.train, FOLD.test, 0)
    assert other[0] == pytest.approx(given[0], abs=1e-12)


@pytest.mark.parametrize("model", ALL)
def test_predictions_are_fractions_and_the_same_for_the_same_seed(model):
    first, again = (baselines.predict(model, COHORT, FOLD.train, FOLD.test, 4) for _ in range(2))
    assert first.shape == FOLD.test.shape and np.array_equal(first, again)
    assert ((first >= 0) & (first <= 1)).all()


def test_the_naive_ones_by_hand():
    train, test = np.array([0, 1, 2, 3]), np.array([4])
    cohort = small_cohort(lines=5, replicates=1)
    cohort = replace(
        cohort,
        sf2=np.array([0.1, 0.2, 0.4, 0.9, np.nan]),
        panel=np.array(["Lung", "Lung", "", "Colon", "Lung"]),
        values=np.array([[1, 2, 3], [3, 2, 1], [1, 3, 2], [2, 2, 2], [10, 20, 31]], np.float32),
    )
    assert baselines.predict("mean", cohort, train, test, 0) == pytest.approx([0.4])
    assert baselines.predict("panel_mean", cohort, train, test, 0) == pytest.approx([0.15])
    assert baselines.predict("nearest_neighbour", cohort, train, test, 0) == pytest.approx([0.1])
    blood = replace(cohort, panel=np.array(["Leukemia", "Lung", "lymphoid", "Colon", "haematopoietic"]))
    assert baselines.predict("lineage_mean", blood, train, test, 0) == pytest.approx([0.25])
    assert baselines.predict("lineage_mean", cohort, train, test, 0) == pytest.approx([0.4])
    for told, expected in (("", 0.1), ("Lung", (0.2 + 0.4 + 0.9) / 3)):  # its nearest one is the first, of blood
        some = replace(cohort, panel=np.array(["Leukemia", "Lung", "Renal", "Colon", told]))
        assert baselines.predict("lineage_mean", some, train, test, 0) == pytest.approx([expected])
    for unknown in ("", "Renal"):
        elsewhere = replace(cohort, panel=np.array(["Lung", "Lung", "", "Colon", unknown]))
        assert baselines.predict("panel_mean", elsewhere, train, test, 0) == pytest.approx([0.4])


def test_correlations_are_pearson():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(3, 40)), rng.normal(size=(4, 40))
    assert correlations(a, b) == pytest.approx(np.corrcoef(a, b)[:3, 3:])
    assert (correlations(np.ones((1, 40)), b) == 0).all()


def test_most_variable_probes():
    values = np.array([[0, 5, 1, 7], [0, 6, 3, 7], [0, 8, 9, 7]], float)
    assert list(most_variable(values, 1)) == [2]
    assert list(most_variable(values, 4)) == [1, 2]
    assert list(most_variable(values[:, [0, 3]], 2)) == [0]


def test_standardised_by_the_reference():
    reference = np.array([[1, 4], [3, 4]], float)
    assert standardised(reference, reference) == pytest.approx(np.array([[-1, 0], [1, 0]]))
    assert standardised(np.array([[5, 7]], float), reference) == pytest.approx(np.array([[3, 3]]))


@pytest.mark.parametrize("model", ["ridge", "pls", "svr", "random_forest"])
def test_learned_baselines_find_planted_genes(model):
    cohort = small_cohort(lines=90, replicates=1, probes=20, seed=2)
    cohort = replace(cohort, sf2=cohort.sf2 - 0.15 * (np.arange(90) % 3))  # panels are not told to these models
    predicted = np.empty(90)
    for fold in protocol.folds(cohort, "grouped", 1, 6, 0):
        predicted[fold.test] = baselines.predict(model, cohort, fold.train, fold.test, 0)
    assert np.corrcoef(predicted, cohort.sf2)[0, 1] > 0.35  # 0 without them


def test_inner_folds_hold_whole_lines():
    lines = np.repeat([f"L{i}" for i in range(9)], 3)
    cut = baselines.inner_folds(lines, 0)
    assert len(cut) == 5
    for train, validate in cut:
        assert not set(lines[train]) & set(lines[validate])


def test_refusals():
    with pytest.raises(InputError, match="Unknown model 'oracle'"):
        baselines.predict("oracle", COHORT, FOLD.train, FOLD.test, 0)
    with pytest.raises(TrainingError, match="2 cell lines are too few to choose hyperparameters"):
        baselines.predict("ridge", COHORT, np.array([0, 1, 2, 3]), np.array([4]), 0)
