"""A benchmark that does not run measures nothing: each runs here on a cohort a hundredth of its size."""

import importlib.util

import pytest

from engine.settings import REPOSITORY


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch):
    spec = importlib.util.spec_from_file_location("benchmark_training", REPOSITORY / "benchmarks/training.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, small in (("LINES", 20), ("DRUGS", 6), ("NAIVE_PAIRS", 4), ("PUBLISHED_POSITIONS", 1400)):
        monkeypatch.setattr(module, name, small)
    return module


def test_training_benchmark_measures_both_sides(training):
    measured = training.measure("master")
    for what in ("naive_training", "training", "naive_inference", "inference"):
        assert measured[what] > 0
    assert measured["training_ratio"] == pytest.approx(measured["training"] / measured["naive_training"])
