"""Scores against scores, and as a matrix with a tree: typed numbers."""

import math

import numpy as np
import pandas as pd
import pytest

from engine.spheroid.score_compare import compared, score_matrix, tree


def side(**scores: float) -> pd.DataFrame:
    return pd.DataFrame({"drug": list(scores), "dss_asym": list(scores.values())})


def test_common_drugs_with_what_differs_first():
    found = compared(
        side(A=30.0, B=12.0, C=3.0, D=9.9, E=20.0, alone=5.0), side(A=28.0, B=2.0, C=4.0, D=10.0, E=np.nan, other=1.0)
    )
    assert found.rows["drug"].tolist() == ["B", "A", "C", "D"]
    assert found.rows["verdict"].tolist() == ["first", "both", "neither", "second"]
    assert found.rows["difference"].tolist() == pytest.approx([10.0, 2.0, -1.0, -0.1])
    assert found.mismatches["drug"].tolist() == ["B", "D"] and found.n == 4
    assert (found.alone_first, found.alone_second) == (("E", "alone"), ("other",))
    assert math.isnan(found.r)  # four drugs are too few


def test_r_has_fishers_interval():
    """r of 1..5 against 2, 1, 4, 3, 5 is 0.8; atanh(0.8) = 1.0986, its s.e. with 5 drugs 1 / sqrt(2)."""
    found = compared(side(**dict(zip("ABCDE", [1.0, 2, 3, 4, 5], strict=True))),
                     side(**dict(zip("ABCDE", [2.0, 1, 4, 3, 5], strict=True))))  # fmt: skip
    half = 1.959964 / math.sqrt(2)
    assert found.r == pytest.approx(0.8)
    assert (found.lower, found.upper) == pytest.approx((math.tanh(1.098612 - half), math.tanh(1.098612 + half)))


@pytest.mark.parametrize("scores", [dict.fromkeys("ABCDEF", 0.0), {}])
def test_no_correlation_where_nothing_varies_or_nothing_is_there(scores):
    found = compared(side(**scores), side(**scores))
    assert math.isnan(found.r) and found.n == len(scores) and set(found.rows["verdict"]) <= {"neither"}


def test_scores_become_a_cube_with_holes():
    rows = [("S2", "image_2", "Beta", 7.0), ("S1", "metabolic", "alpha", 3.0), ("S1", "image_2", "alpha", None)]
    found = score_matrix(pd.DataFrame(rows, columns=["screen", "modality", "drug", "dss_asym"]))
    assert (found.drugs, found.modalities, found.screens) == (("alpha", "Beta"), ("image_2", "metabolic"), ("S1", "S2"))
    assert found.values[1, 0, 1] == 7 and found.values[0, 1, 0] == 3 and np.isnan(found.values).sum() == 6
    only = score_matrix(pd.DataFrame(rows, columns=["screen", "modality", "drug", "dss_asym"]), ["S1"], ["metabolic"])
    assert only.values.tolist() == [[[3.0]]]
    none = score_matrix(pd.DataFrame(rows, columns=["screen", "modality", "drug", "dss_asym"]), ["S2"], ["metabolic"])
    assert none.values.size == 0


def test_a_tree_puts_what_is_alike_together():
    values = np.array([[0.0, 0.0], [30.0, 30.0], [1.0, np.nan], [31.0, 29.0]])
    found = tree(values)
    place = {leaf: at for at, leaf in enumerate(found.order)}
    assert abs(place[0] - place[2]) == 1 and abs(place[1] - place[3]) == 1
    assert found.x.shape == found.height.shape == (3, 4)
    assert found.height.max() == 1.0 and found.x.min() >= 0 and found.x.max() <= 3


@pytest.mark.parametrize("values", [np.full((4, 3), np.nan), np.ones((2, 3)), np.empty((0, 0)), np.zeros((5, 2))])
def test_what_cannot_be_clustered_keeps_every_row(values):
    assert sorted(tree(values).order.tolist()) == list(range(len(values)))
