"""What the page reads of runs and data sets beyond the tables: pairs that fit, how long a training takes."""

import pytest

from engine.radiation.settings import BASELINES, RadiationSettings
from engine.radiation.shown import EPOCH_SECONDS, rough_seconds


def test_an_epoch_takes_what_was_measured():
    assert EPOCH_SECONDS * 22_283 * 48 == pytest.approx(0.23, rel=0.1)
    assert EPOCH_SECONDS * 54_675 * 145 == pytest.approx(1.6, rel=0.1)


def test_a_training_without_networks_is_short_and_validation_adds_to_it():
    full = RadiationSettings(epochs=100)
    least, most = rough_seconds(full, 58, 22_283)
    assert 36 * 100 * 0.23 < least < 2 * 36 * 100 * 0.23 and most > least  # 36 networks of 100 epochs
    baselines = rough_seconds(RadiationSettings(models=BASELINES, validation=False), 58, 22_283)
    assert baselines[0] == baselines[1] < 600
    twice = rough_seconds(RadiationSettings(models=("network",), epochs=200, validation=False), 58, 22_283)
    once = rough_seconds(RadiationSettings(models=("network",), epochs=100, validation=False), 58, 22_283)
    assert twice[0] == pytest.approx(2 * once[0])
