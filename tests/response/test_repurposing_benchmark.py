"""The benchmark of the repurposing matrix runs, and both ways agree."""

import importlib.util

from engine.settings import REPOSITORY


def test_both_ways_agree_and_take_time(monkeypatch):
    spec = importlib.util.spec_from_file_location("benchmark_repurposing", REPOSITORY / "benchmarks/repurposing.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "MOLECULES", 40)
    measured = module.measure()
    assert measured["agree"] is True
    assert min(measured["matrix"], measured["outcome"], measured["naive"]) > 0
