"""Selectivity beside a yardstick: typed out by hand, and the same whatever else is ranked."""

import numpy as np
import pytest

from engine.response.selectivity import FEW, expected, relative_to, relative_warning, selectivity

# Two drugs, two types: means 1 and 3, type effects -0.5 and 0.5, residuals +-0.5.
DRUGS = np.array([[0.0, 2.0], [3.0, 3.0]])


def test_effects_and_sd_are_those_of_the_drugs():
    usual = expected(DRUGS)
    np.testing.assert_allclose(usual.of_column, [-0.5, 0.5])
    assert usual.sd == pytest.approx(0.5)
    # Mean 2: 0 - 2 + 0.5 = -1.5 and 4 - 2 - 0.5 = 1.5, in units of 0.5.
    np.testing.assert_allclose(selectivity(np.array([[0.0, 4.0]]), usual), [[-3.0, 3.0]])


def test_one_molecule_or_type_has_none_and_additive_numbers_have_zero():
    assert np.isnan(selectivity(np.ones((1, 2)), expected(np.ones((1, 2))))).all()
    assert np.isnan(selectivity(np.ones((2, 1)), expected(np.ones((2, 1))))).all()
    additive = np.add.outer([1.0, 5.0, 7.0], [0.25, -0.5])
    assert (selectivity(additive, expected(additive)) == 0).all()


def test_words_say_what_it_is_relative_to_and_warn_below_a_hundred():
    assert relative_to(265, 7) == "relative to the 265 drugs the run was trained on"
    assert relative_to(0, 7) == "relative to the 7 molecules of this library"
    assert relative_to(0, 1).endswith("1 molecule of this library")
    assert "another library would give the same molecule another number" in relative_warning(0, FEW - 1)
    assert relative_warning(0, FEW) == relative_warning(265, 1) == ""
