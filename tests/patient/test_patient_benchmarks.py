"""The benchmarks of ranking run: one on a small cohort, one on numbers worked out on paper."""

import importlib.util
from types import ModuleType

import pytest
from plain_predictor import plain_predictor

from engine.settings import REPOSITORY


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", REPOSITORY / f"benchmarks/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_ranking_benchmark_measures_both_ways_and_they_agree(monkeypatch):
    module = script("patient_ranking")
    small = {"LINES": 20, "DRUGS": 6, "MUTATIONS": 20, "GENES": 30, "PANEL_GENES": 5, "NAIVE_PAIRS": 4}
    for name, value in {**small, "POSITIONS": 1400}.items():
        monkeypatch.setattr(module, name, value)
    measured = module.measure(("master", "tanh"))
    assert (measured["networks"], measured["drugs"], measured["completions"]) == (2, 6, 20)
    assert measured["ranking"] > 0 < measured["completed"]
    assert measured["ratio"] == pytest.approx(measured["naive"] / measured["ranking"])


def test_textbook_benchmark_places_the_drugs_of_a_case():
    module = script("patient_textbook")
    case = module.Case("BRAF:600", "SKCM", "BRAF", (10,), True)
    found = module.ranks(plain_predictor(), case)
    # Of the two measured drugs the one that BRAF:600 makes look sensitive; its three nearest lines read -1, -1 and NaN.
    assert found.to_dict("records") == [
        {"drug": "Dabrafenib", "drug_id": 10, "z": 1.0, "nearest": 1.5, "type": 1.0, "n": 2}
    ]
