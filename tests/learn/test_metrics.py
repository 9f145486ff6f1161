import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import r2_score, roc_auc_score

from engine.learn.metrics import pair_scores


def by_name(*args, **kwargs):
    return {score.name: score for score in pair_scores(*args, **kwargs)}


def test_four_pairs_by_hand():
    scores = by_name(np.array([-3.0, -1.0, 1.0, 3.0]), np.array([-2.0, -1.0, 1.0, 2.0]))
    assert scores["r2"].value == pytest.approx(1 - 2 / 20)
    assert scores["rmse"].value == pytest.approx(np.sqrt(0.5))
    assert scores["pearson"].value == pytest.approx(14 / np.sqrt(20 * 10))
    assert scores["auroc"].value == 1.0
    assert {score.n for score in scores.values()} == {4}
    assert scores["r2"].lower is None


def test_equal_to_library_with_ties():
    rng = np.random.default_rng(1)
    observed = rng.normal(0, 3, 500)
    predicted = np.round(observed + rng.normal(0, 2, 500))
    scores = by_name(observed, predicted)
    assert scores["r2"].value == pytest.approx(r2_score(observed, predicted))
    assert scores["pearson"].value == pytest.approx(pearsonr(observed, predicted)[0])
    assert scores["auroc"].value == pytest.approx(roc_auc_score(observed < -2, -predicted))


@pytest.mark.parametrize(
    ("observed", "predicted", "undefined"),
    [
        ([], [], {"r2", "rmse", "pearson", "auroc"}),
        ([1.0, 2.0], [1.0, 2.0], {"r2", "rmse", "pearson", "auroc"}),
        ([1.1, 1.1, 1.1], [1.0, 2.0, 3.0], {"r2", "pearson", "auroc"}),
        ([1.0, 2.0, 3.0], [0.1, 0.1, 0.1], {"pearson", "auroc"}),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 2.0], {"auroc"}),
    ],
)
def test_not_defined_is_none(observed, predicted, undefined):
    scores = by_name(np.array(observed), np.array(predicted), clusters=np.arange(len(observed)))
    assert {name for name, score in scores.items() if score.value is None} == undefined
    assert all(scores[name].lower is None for name in undefined)


def test_interval_covers_and_clusters_widen_it():
    rng = np.random.default_rng(2)
    line = np.repeat(np.arange(40), 25)
    observed = rng.normal(0, 2, 1000)
    predicted = observed + rng.normal(0, 1, 1000) + rng.normal(0, 1, 40)[line]
    clustered = by_name(observed, predicted, clusters=line)
    pairwise = by_name(observed, predicted, clusters=np.arange(1000))
    for name, score in clustered.items():
        assert score.lower < score.value < score.upper, name
    assert clustered["rmse"].upper - clustered["rmse"].lower > pairwise["rmse"].upper - pairwise["rmse"].lower


def test_lengths_must_agree():
    with pytest.raises(ValueError, match=r"\(3,\) measurements but \(2,\) predictions"):
        pair_scores(np.zeros(3), np.zeros(2))
