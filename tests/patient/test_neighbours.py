"""The nearest lines and what was measured on them (plain_predictor.py)."""

import numpy as np
import pytest
from plain_predictor import plain_predictor

from engine.errors import InputError
from engine.patient.neighbours import (
    EVIDENCE_COLUMNS,
    as_near,
    evidence,
    most_sensitive,
    nearest_lines,
    nearest_response,
    ordered_lines,
)


def test_a_line_is_its_own_nearest():
    first = nearest_lines(plain_predictor(), ("KRAS:12", "TP53:248"))[0]
    assert (first.cosmic_id, first.name, first.cancer_type, first.similarity) == (3, "three", "SKCM", 1.0)
    assert (first.shared_positions, first.shared_genes, first.drugs) == (("KRAS:12", "TP53:248"), ("KRAS", "TP53"), 2)


def test_similarity_counts_positions_nobody_knows():
    """Shared 1; of either 1 + 2 - 1, and with a position that no line has 1 + 3 - 1."""
    two = nearest_lines(plain_predictor(), ("KRAS:12", "NRAS:61"))
    assert [(line.name, line.similarity) for line in two[:2]] == [("five", 0.5), ("three", 1 / 3)]


def test_lines_that_share_nothing_are_no_neighbours():
    assert nearest_lines(plain_predictor(), ("NRAS:61",)) == ()
    assert nearest_lines(plain_predictor(), ()) == ()
    assert len(nearest_lines(plain_predictor(), ("BRAF:600",))) == 3


def test_a_gene_may_be_shared_where_the_position_is_not():
    found = nearest_lines(plain_predictor(), ("KRAS:12", "TP53:175"))
    three = next(line for line in found if line.name == "three")
    assert (three.shared_positions, three.shared_genes) == (("KRAS:12",), ("KRAS", "TP53"))


def test_genes_that_were_not_sequenced_count_on_neither_side():
    """Looking at BRAF alone, lines 1, 2 and 6 are equal; the patient's type comes first, then fewer other mutations."""
    names = [line.name for line in nearest_lines(plain_predictor(), ("BRAF:600",), sequenced={"BRAF"})]
    assert names == ["one", "two", "six"]
    found = nearest_lines(plain_predictor(), ("KRAS:12",), sequenced={"KRAS"}, cancer_type="LUAD")
    assert [(line.name, line.similarity) for line in found] == [("five", 1.0), ("four", 1.0), ("three", 1.0)]


def test_measured_evidence_for_a_drug():
    table = evidence(plain_predictor(), ("BRAF:600", "TP53:175"), 20)
    assert tuple(table.columns) == EVIDENCE_COLUMNS
    # Line 6 is as near, and line 1 nearer than 4, but neither was measured with the drug.
    assert table["name"].tolist() == ["two", "four"]
    assert table["similarity"].tolist() == [1.0, 0.25]
    assert table["shared_positions"].tolist() == ["BRAF:600, TP53:175", "TP53:175"]
    assert table["shared_genes"].tolist() == ["BRAF, TP53", "TP53"]
    np.testing.assert_allclose(table["ln_ic50"], [0, 2])
    np.testing.assert_allclose(table["ic50_um"], [1, np.exp(2)])
    np.testing.assert_allclose(table["z_score"], [-1, 1])
    assert len(evidence(plain_predictor(), ("BRAF:600", "TP53:175"), 20, n=1)) == 1


def test_no_evidence_is_an_empty_table():
    table = evidence(plain_predictor(), ("BRAF:600",), 30)
    assert table.empty and tuple(table.columns) == EVIDENCE_COLUMNS


def test_evidence_for_a_drug_without_structure():
    with pytest.raises(InputError, match="Drug 99 has no structure in the store"):
        evidence(plain_predictor(), ("BRAF:600",), 99)


def test_the_nearest_lines_count_by_their_similarity():
    """Lines 1 (similarity 1/2), 2 (1), 4 (1/4) and 6 (2/3, not measured): z of drug 10 is -1, -1 and +1."""
    predictor = plain_predictor()
    rows, similarity = ordered_lines(predictor, ("BRAF:600", "TP53:175"))
    mean, n = nearest_response(predictor, rows, similarity)
    assert n.tolist() == [3, 2, 0]
    assert mean[0] == pytest.approx((-1 * 1 - 1 * 0.5 + 1 * 0.25) / (1 + 0.5 + 0.25))
    assert mean[1] == pytest.approx((-1 * 1 + 1 * 0.25) / 1.25) and np.isnan(mean[2])


def test_lines_as_near_as_the_last_all_count():
    """For KRAS alone lines 5, 4 and 3 are equal: 4, 4 and 2 of drug 10 are z 1, 1 and 0; 4 and 3 have drug 20."""
    predictor = plain_predictor()
    rows, similarity = ordered_lines(predictor, ("KRAS:12",), sequenced={"KRAS"})
    assert similarity.tolist() == [1, 1, 1] and [as_near(plain_predictor(), rows, similarity, n) for n in (1, 3)] == [
        2,
        0,
    ]
    mean, n = nearest_response(predictor, rows, similarity, n=1)
    assert n.tolist() == [3, 2, 0] and mean[:2] == pytest.approx([2 / 3, 0.5])
    mean, n = nearest_response(predictor, *ordered_lines(predictor, ()))
    assert n.tolist() == [0, 0, 0] and np.isnan(mean).all()


def test_what_a_line_was_most_sensitive_to():
    found = most_sensitive(plain_predictor(), 2, 10)
    assert found["drug_id"].tolist() == [10, 20] and found["z_score"].tolist() == [-1, -1]
    assert most_sensitive(plain_predictor(), 4, 1)["drug_id"].tolist() == [10]
    assert most_sensitive(plain_predictor(), 6, 10).empty and most_sensitive(plain_predictor(), 99, 10).empty


def test_of_equally_similar_lines_those_of_the_type_are_nearer():
    """Lines 5 and 4 are LUAD, line 3 is not: z of drug 10 is 1 in both, drug 20 was measured in line 4 alone."""
    predictor = plain_predictor()
    rows, similarity = ordered_lines(predictor, ("KRAS:12",), sequenced={"KRAS"}, cancer_type="LUAD")
    mean, n = nearest_response(predictor, rows, similarity, n=1, cancer_type="LUAD")
    assert n.tolist() == [2, 1, 0] and mean[:2].tolist() == [1, 1]
    assert as_near(predictor, rows, similarity, 1, "LUAD") == 1
