"""Many minimisations at once, against known minima."""

import numpy as np
import pytest

from engine.spheroid.quasi_newton import minimise

CENTRES = np.array([[1.0, -2.0], [3.0, 0.5], [-4.0, 4.0]])


def bowls(row, x):
    return ((x - CENTRES[row]) ** 2 * [1.0, 25.0]).sum(axis=1)


def valley(row, x):
    """Rosenbrock's: lowest, 0, at (1, 1)."""
    return 100 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1 - x[:, 0]) ** 2


def test_every_problem_ends_in_its_own_minimum():
    found = minimise(bowls, np.zeros((3, 2)))
    assert found.parameters == pytest.approx(CENTRES, abs=1e-5)
    assert found.loss == pytest.approx(0, abs=1e-9) and found.converged.all()


def test_a_curved_valley_is_followed():
    found = minimise(valley, np.array([[-1.2, 1.0]]))
    assert found.parameters[0] == pytest.approx([1, 1], abs=1e-3)


def test_problems_do_not_disturb_each_other():
    together = minimise(bowls, np.zeros((3, 2)))
    alone = [minimise(lambda row, x, k=k: bowls(np.full(len(x), k), x), np.zeros((1, 2))).loss[0] for k in range(3)]
    assert together.loss == pytest.approx(alone, abs=1e-15)


def test_the_limit_of_steps_is_told():
    found = minimise(valley, np.array([[-1.2, 1.0]]), iterations=3)
    assert found.iterations.tolist() == [3] and not found.converged.any()
    assert found.loss[0] < valley(None, np.array([[-1.2, 1.0]]))[0]


def test_a_loss_that_is_no_number_is_left_where_it_is_or_stepped_around():
    def wall(row, x):
        return np.where(x[:, 0] < 2, (x[:, 0] - 1) ** 2, np.nan)

    found = minimise(wall, np.array([[-30.0], [5.0]]))
    assert found.parameters[:, 0] == pytest.approx([1.0, 5.0], abs=1e-5)
