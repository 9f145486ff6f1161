"""Genes that nobody looked at are filled in from cell lines (plain_predictor.py)."""

import numpy as np
import pytest
from plain_predictor import plain_predictor

from engine.patient import completions
from engine.patient.completions import complete, drawn_lines, half_width, predict_genome
from engine.patient.ranking import rank
from engine.patient.types import Genome

PANEL = Genome(("BRAF:600",), frozenset({"EGFR"}))  # a gene with a mutation was looked at, whatever the panel says


def test_every_gene_sequenced_needs_no_completion():
    prediction = predict_genome(plain_predictor(), Genome(("BRAF:600",)))
    assert prediction.completions == 0 and prediction.mean.tolist() == [0.0, 1.5, 5.0]


def test_completions_carry_what_lines_have_in_other_genes():
    predictor = plain_predictor()
    found = complete(predictor, PANEL, drawn_lines(predictor, None))
    assert found == [
        {"BRAF:600"},
        {"BRAF:600", "TP53:175"},
        {"BRAF:600", "KRAS:12", "TP53:248"},
        {"BRAF:600", "KRAS:12", "TP53:175"},  # EGFR was looked at: line 4's L858R is not taken over
        {"BRAF:600", "KRAS:12"},
        {"BRAF:600", "ABL1:1", "TP53:175"},
    ]


def test_the_prediction_is_the_mean_and_its_interval_wider():
    predictor = plain_predictor()
    prediction = predict_genome(predictor, PANEL)
    # Drug 10: 0 without KRAS:12, 1 with it, in three of six completions.
    assert prediction.completions == 6
    assert prediction.mean[0] == pytest.approx(0.5)
    assert half_width(predictor, prediction)[0] == pytest.approx(np.hypot(3.0, 1.645 * 0.5))
    ranking = rank(predictor, PANEL)
    ten = ranking.table.set_index("drug_id").loc[10]
    assert (ranking.completions, ten["z_score"], ten["z_low"], ten["z_high"]) == (6, -0.75, -1.0, -0.5)
    assert any("mean over 6 completions with what cell lines of all cancer types carry" in n for n in ranking.notes)


def test_lines_of_the_type_complete_it_where_there_are_enough(monkeypatch):
    predictor = plain_predictor()
    assert drawn_lines(predictor, "SKCM").tolist() == [0, 1, 2, 3, 4, 5]  # three lines of 8 that are needed
    monkeypatch.setattr(completions, "FEWEST_OF_TYPE", 3)
    assert drawn_lines(predictor, "SKCM").tolist() == [0, 1, 2]  # line 7 has no mutations
    assert predict_genome(predictor, PANEL, "SKCM").mean[0] == pytest.approx(1 / 3)


def test_a_draw_of_many_lines_is_always_the_same():
    predictor = plain_predictor()
    first = drawn_lines(predictor, None, most=3)
    assert len(set(first.tolist())) == 3 and first.tolist() == drawn_lines(predictor, None, most=3).tolist()


def test_few_drugs_alone():
    assert predict_genome(plain_predictor(), PANEL, drug_ids=[20, 10]).mean[1] == pytest.approx(0.5)
