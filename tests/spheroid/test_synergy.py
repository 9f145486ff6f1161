"""Excess over four models of no interaction, by hand."""

import numpy as np
import pytest
from small_curves import curves

from engine.spheroid.curve import evaluate
from engine.spheroid.synergy import addition_alone, excess, loewe_effect

DRUG = curves((0, 1, 2, 1, 1))  # half at 100 nM; the odds of an effect are the dose over 100 nM
DOSES = np.array([[10.0, 100.0]])


def test_what_the_addition_does_alone():
    assert addition_alone(negative=1000, negative_with=800, positive=100) == pytest.approx(2 / 9)
    assert np.isnan(addition_alone(100, 100, 100))


def test_bliss_and_hsa_by_hand():
    """The addition kills a quarter; of the rest the drug kills 20 and 60 %: 40 and 70 % of all."""
    found = excess(DOSES, np.array([[0.1, 0.5]]), np.array([[0.2, 0.6]]), DRUG, DRUG, addition=0.25)
    assert found.combined[0] == pytest.approx([40, 70])
    assert found.bliss[0] == pytest.approx([40 - 32.5, 70 - 62.5])  # 0.1 + 0.25 - 0.025, 0.5 + 0.25 - 0.125
    assert found.hsa[0] == pytest.approx([40 - 25, 70 - 50])
    assert found.zip[0] == pytest.approx([0, 0])  # the fitted curve of the drug is the same with the addition
    assert np.isnan(found.loewe).all()


def test_zip_beside_a_curve_that_the_addition_shifts():
    """Half at 10 nM instead of 100: 1/2 and 10/11 instead of 1/11 and 1/2, times the three quarters left."""
    found = excess(DOSES, np.zeros((1, 2)), np.zeros((1, 2)), DRUG, curves((0, 1, 1, 1, 1)), addition=0.25)
    assert found.zip[0] == pytest.approx([75 * (1 / 2 - 1 / 11), 75 * (10 / 11 - 1 / 2)])


def test_independent_drugs_have_no_bliss_excess_anywhere():
    alone = evaluate(DRUG, np.log10(DOSES))
    found = excess(DOSES, alone, alone, DRUG, DRUG, addition=0.4)
    assert found.bliss == pytest.approx(0) and found.zip == pytest.approx(0)


def test_a_drug_combined_with_itself_is_loewe_additive():
    """10 nM more of the same drug: (d + 10) / (d + 110)."""
    assert loewe_effect(DOSES, DRUG, 10.0, DRUG)[0] == pytest.approx([20 / 120, 110 / 210])
    together = np.array([[20 / 120, 110 / 210]])
    of_rest = 1 - (1 - together) / (1 - 10 / 110)
    found = excess(DOSES, evaluate(DRUG, np.log10(DOSES)), of_rest, DRUG, DRUG, 10 / 110, DRUG, 10.0)
    assert found.loewe[0] == pytest.approx([0, 0], abs=1e-6)
    assert (found.bliss < 0).all()  # less than independent


def test_a_weak_partner_adds_nothing_above_its_top():
    """Above 20 % only the drug itself counts: 100 nM have their own 50 %."""
    weak = curves((0, 0.2, 2, 1, 1))
    assert loewe_effect(DOSES, DRUG, 100.0, weak)[0, 1] == pytest.approx(0.5, abs=1e-6)


def test_loewe_is_not_defined_for_a_falling_curve():
    assert np.isnan(loewe_effect(DOSES, curves((0, 1, 2, -1, 1)), 10.0, DRUG)).all()
