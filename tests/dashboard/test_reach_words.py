"""How near a molecule is to the drugs trained on, in words: number, fingerprint and cut-off, and no praise."""

import numpy as np
import pandas as pd
import pytest

from dashboard.reach_words import UNKNOWN, drug_cut_off, reach_words
from engine.errors import EngineError
from engine.jobs import queue


def test_words_name_similarity_fingerprint_and_cut_off():
    told = reach_words(0.3, True, 0.2831)
    assert told.startswith("Tanimoto 0.3")
    assert "path fingerprints, 3 × 1,024 bits" in told and "cut-off 0.28" in told and "does not make it right" in told
    far = reach_words(0.2, False, 0.2831)
    assert "cut-off 0.28" in far and "guesses" in far
    assert "cut-off 0" not in reach_words(0.2, False, None)


@pytest.mark.parametrize("similarity", [None, np.nan, pd.NA])
def test_nothing_is_said_where_nobody_knows(similarity):
    assert reach_words(similarity, True, 0.3) == UNKNOWN
    assert reach_words(0.3, None, 0.3) == UNKNOWN


def test_the_cut_off_is_what_95_percent_of_training_drugs_reach(monkeypatch, tmp_path):
    class Reference:
        # Nearest others share 2 of 4, 2 of 4 and 1 of 5 bits.
        drug_bits = np.array([[1, 1, 1, 0, 0, 0], [0, 1, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1]])
        structure = np.array([0, 1, 2])

    monkeypatch.setattr("engine.response.reference.load_reference", lambda results: Reference())
    monkeypatch.setattr(queue, "job_folder", lambda run_id: tmp_path)
    drug_cut_off.clear()
    assert drug_cut_off("a run") == pytest.approx(np.percentile([0.5, 0.5, 0.2], 5))


def test_a_run_without_folder_has_no_cut_off(monkeypatch):
    def gone(run_id: str):
        raise EngineError("No such job.")

    monkeypatch.setattr(queue, "job_folder", gone)
    drug_cut_off.clear()
    assert drug_cut_off("gone") is None
