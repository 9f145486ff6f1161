import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from small_cohort import tables

from engine.learn.splits import TEST, TRAIN
from engine.response.cohort import build_cohort
from engine.response.curation import curate
from engine.response.domain import domain_rows, lines_inside, nearest, usual_similarity
from engine.response.folds import Fold

TRAINING = csr_matrix(np.array([[1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 1]], np.uint8))


def test_nearest_by_hand():
    asked = csr_matrix(np.array([[1, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]], np.uint8))
    found = nearest(asked, TRAINING)
    assert found.row.tolist()[:2] == [0, 2]
    assert found.similarity == pytest.approx([2 / 3, 1.0, 0.0])  # no bit at all is like nothing
    assert nearest(asked, TRAINING, np.array([5, 1, 4])).similarity == pytest.approx([2 / 5, 1.0, 0.0])


def test_usual_similarity_leaves_the_row_itself_out():
    # The most similar other rows: 1/4, 1/3, 1/3.
    assert usual_similarity(TRAINING) == pytest.approx(np.percentile([1 / 4, 1 / 3, 1 / 3], 5))
    # The last two are one compound: to them only the first is another, and the last shares no bit with it.
    assert usual_similarity(TRAINING, np.array([0, 1, 1])) == pytest.approx(np.percentile([1 / 4, 1 / 4, 0], 5))
    assert usual_similarity(TRAINING[:1]) == 0.0


def test_a_line_needs_known_positions_and_a_neighbour():
    similarity, known = np.array([0.5, 0.5, 0.01]), np.array([3, 2, 30])
    assert lines_inside(similarity, known, 0.02).tolist() == [True, False, False]


def test_rows_of_the_table():
    given = tables()
    names = ("cell_line", "drug", "mutation", "response")
    cohort = build_cohort(curate(*(given[f"{name}.parquet"] for name in names)))
    part = np.where((cohort.line == 0) | (cohort.drug == 5), TEST, TRAIN).astype(np.int8)
    part[(cohort.line == 1) & (cohort.drug == 0)] = TEST
    n_positions = np.diff(cohort.genomes.indptr)
    fold = Fold(2, cohort.known_to(np.arange(1, 24)), part, n_positions, cohort.structure())
    rows = domain_rows("r", fold).set_index(["subject", "id"])
    assert set(rows["fold"]) == {2} and set(rows["run_id"]) == {"r"}
    seen = rows.loc[("cell_line", 2)]  # trained on with other drugs
    assert (seen["nearest_id"], seen["similarity"], bool(seen["inside"])) == (2, 1.0, True)
    unseen = rows.loc[("cell_line", 1)]  # shares only ABL1:1 with other lines
    assert unseen["nearest_id"] != 1 and 0 < unseen["similarity"] < 0.02
    assert (unseen["positions"], unseen["known_positions"]) == (n_positions[0], 1) and not unseen["inside"]
    drug = rows.loc[("drug", 6)]
    bits = cohort.drug_bits.astype(int)
    tanimoto = [(bits[5] & bits[i]).sum() / (bits[5] | bits[i]).sum() for i in range(5)]
    assert drug["similarity"] == pytest.approx(max(tanimoto)) and drug["nearest_id"] == 1 + int(np.argmax(tanimoto))
    assert pd.isna(drug["positions"])
