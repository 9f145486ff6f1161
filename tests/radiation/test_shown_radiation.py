"""What the page reads of runs and data sets beyond the tables: pairs that fit, how long a training takes."""

import numpy as np
import pandas as pd
import pytest

from engine.radiation.settings import BASELINES, RadiationSettings
from engine.radiation.shown import EPOCH_SECONDS, gained, rough_seconds


def test_an_epoch_takes_what_was_measured():
    for probes, arrays, seconds in ((22_283, 48, 0.23), (54_675, 145, 1.6)):
        told = EPOCH_SECONDS * probes * arrays
        assert told == pytest.approx(seconds, rel=0.1)


def test_a_training_without_networks_is_short_and_validation_adds_to_it():
    full = RadiationSettings(epochs=100)
    least, most = rough_seconds(full, 58, 22_283)
    assert 36 * 100 * 0.23 < least < 2 * 36 * 100 * 0.23 and most > least  # 36 networks of 100 epochs
    baselines = rough_seconds(RadiationSettings(models=BASELINES, validation=False), 58, 22_283)
    assert baselines[0] == baselines[1] < 600
    twice = rough_seconds(RadiationSettings(models=("network",), epochs=200, validation=False), 58, 22_283)
    once = rough_seconds(RadiationSettings(models=("network",), epochs=100, validation=False), 58, 22_283)
    assert twice[0] == pytest.approx(2 * once[0])


def held_out(lines: int) -> pd.DataFrame:
    """Two arrays of every line by a good model and a bad one."""
    rng = np.random.default_rng(1)
    observed = np.repeat(rng.uniform(0.1, 0.9, lines), 2)
    table = {"line": np.repeat([f"L{i}" for i in range(lines)], 2), "observed": observed}
    table["sample"] = [f"S{i}" for i in range(2 * lines)]
    found = [pd.DataFrame({"model": name, "mean": observed + rng.normal(0, error, 2 * lines), **table})
             for name, error in (("ridge", 0.01), ("mean", 0.3))]  # fmt: skip
    return pd.concat(found, ignore_index=True)


def test_differences_are_paired_and_have_intervals_from_five_lines_on():
    found = gained(held_out(20), "ridge", "mean")
    assert set(found) == {"r", "rmse", "correct"}
    assert found["rmse"].lower < found["rmse"].value < found["rmse"].upper < 0 < found["correct"].lower
    same = gained(held_out(20), "ridge", "ridge")["rmse"]
    assert same == (0, 0, 0)  # the same lines are drawn for both
    assert np.isnan(gained(held_out(4), "ridge", "mean")["rmse"].lower)
    assert gained(held_out(6), "ridge", "network") == {}
