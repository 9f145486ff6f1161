import warnings

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score, mean_absolute_error, r2_score, roc_auc_score

from engine.learn.bootstrap import Clusters
from engine.learn.measures import GroupCorrelations
from engine.learn.metrics import MEASURES, coverage, pair_scores, within_group_r


def by_name(*args, **kwargs):
    return {score.name: score for score in pair_scores(*args, **kwargs)}


def of_library(observed, predicted, reference):
    """Every measure by scikit-learn and scipy; nan where they find nothing to compute."""
    sensitive = observed < -2
    two_classes = 0 < sensitive.sum() < len(sensitive)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # constant input is nan, which is what is wanted here
        return {
            "r2": r2_score(observed, predicted) if np.ptp(observed) > 0 else np.nan,
            "rmse": np.sqrt(np.mean((observed - predicted) ** 2)),
            "mae": mean_absolute_error(observed, predicted),
            "pearson": pearsonr(observed, predicted)[0],
            "spearman": spearmanr(observed, predicted)[0],
            "auroc": roc_auc_score(sensitive, -predicted) if two_classes else np.nan,
            "average_precision": average_precision_score(sensitive, -predicted) if two_classes else np.nan,
            "skill": 1 - np.mean((observed - predicted) ** 2) / np.mean((observed - reference) ** 2),
        }


def drawn_pairs(count, draws, seed):
    """The same draws of `count` clusters as the module's, one at a time."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)


def noisy(n, seed=0, decimals=None):
    rng = np.random.default_rng(seed)
    observed = rng.normal(-1, 3, n)
    predicted = observed + rng.normal(0, 2, n)
    if decimals is not None:
        observed, predicted = np.round(observed, decimals), np.round(predicted, decimals)
    return observed, predicted, rng.normal(-1, 1, n)


def test_four_pairs_by_hand():
    scores = by_name(np.array([-3.0, -1.0, 1.0, 3.0]), np.array([-2.0, -1.0, 2.0, 1.0]), reference=np.zeros(4))
    assert scores["r2"].value == pytest.approx(1 - 6 / 20)
    assert scores["rmse"].value == pytest.approx(np.sqrt(1.5))
    assert scores["mae"].value == pytest.approx(1.0)
    assert scores["pearson"].value == pytest.approx(12 / np.sqrt(20 * 10))
    assert scores["spearman"].value == pytest.approx(0.8)
    assert scores["auroc"].value == scores["average_precision"].value == 1.0
    assert scores["skill"].value == pytest.approx(1 - 6 / 20)
    assert {score.n for score in scores.values()} == {4}
    assert scores["r2"].lower is None


@pytest.mark.parametrize("decimals", [None, 0, -1], ids=["distinct", "ties", "many ties"])
def test_equal_to_libraries(decimals):
    observed, predicted, reference = noisy(500, decimals=decimals)
    expected = of_library(observed, predicted, reference)
    for name, score in by_name(observed, predicted, reference=reference).items():
        assert score.value == pytest.approx(expected[name]), name
    assert list(expected) == [*MEASURES, "skill"]


@pytest.mark.parametrize("decimals", [None, 0], ids=["distinct", "ties"])
def test_intervals_equal_a_plain_loop_over_resampled_lines(decimals):
    observed, predicted, reference = noisy(120, 3, decimals)
    line = np.arange(120) % 12
    found = by_name(observed, predicted, line, draws=60, seed=5, reference=reference)
    loop = []
    for weights in drawn_pairs(12, 60, 5):
        pairs = np.repeat(np.arange(120), weights[line])
        loop.append(of_library(observed[pairs], predicted[pairs], reference[pairs]))
    for name, score in found.items():
        expected = np.percentile([values[name] for values in loop], [2.5, 97.5])
        assert (score.lower, score.upper) == pytest.approx(tuple(expected)), name


def test_two_clusterings_multiply_their_weights():
    observed, predicted, reference = noisy(150, 4)
    line, drug = np.arange(150) % 15, np.arange(150) // 15
    found = by_name(observed, predicted, line, draws=40, seed=6, reference=reference, clusters_2=drug)
    loop = []
    for of_line, of_drug in zip(drawn_pairs(15, 40, 6), drawn_pairs(10, 40, [6, 2]), strict=True):
        pairs = np.repeat(np.arange(150), of_line[line] * of_drug[drug])
        loop.append(of_library(observed[pairs], predicted[pairs], reference[pairs]))
    for name, score in found.items():
        expected = np.percentile([values[name] for values in loop], [2.5, 97.5])
        assert (score.lower, score.upper) == pytest.approx(tuple(expected)), name
    assert found["rmse"].upper - found["rmse"].lower > 0
    one_way = by_name(observed, predicted, line, draws=40, seed=6)
    assert found["rmse"].lower != one_way["rmse"].lower


@pytest.mark.parametrize(
    ("observed", "predicted", "undefined"),
    [
        ([], [], set(MEASURES)),
        ([1.0, 2.0], [1.0, 2.0], set(MEASURES)),
        ([1.1, 1.1, 1.1], [1.0, 2.0, 3.0], {"r2", "pearson", "spearman", "auroc", "average_precision"}),
        ([1.0, 2.0, 3.0], [0.1, 0.1, 0.1], {"pearson", "spearman", "auroc", "average_precision"}),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 2.0], {"auroc", "average_precision"}),
        ([-4.0, -3.0, -2.5], [1.0, 2.0, 2.0], {"auroc", "average_precision"}),
    ],
)
def test_not_defined_is_none(observed, predicted, undefined):
    scores = by_name(np.array(observed), np.array(predicted), clusters=np.arange(len(observed)))
    assert {name for name, score in scores.items() if score.value is None} == undefined
    assert all(scores[name].lower is None for name in undefined)


def test_no_skill_over_a_perfect_reference():
    observed, predicted, _ = noisy(50)
    assert by_name(observed, predicted, np.arange(50), reference=observed)["skill"][1:4] == (None, None, None)


def test_no_interval_for_ranks_of_a_class_of_four():
    observed, predicted = np.array([-3.0] * 4 + [1.0] * 30), np.random.default_rng(0).normal(size=34)
    scores = by_name(observed, predicted, clusters=np.arange(34))
    for name in ("auroc", "average_precision"):
        assert scores[name].value is not None and scores[name].lower is None and scores[name].upper is None
    assert scores["spearman"].lower is not None
    observed[4] = -3.0
    assert by_name(observed, predicted, clusters=np.arange(34))["auroc"].lower is not None


def test_no_interval_with_four_clusters():
    observed, predicted, _ = noisy(100)
    assert all(score.lower is None for score in pair_scores(observed, predicted, np.arange(100) % 4))
    assert all(score.lower is not None for score in pair_scores(observed, predicted, np.arange(100) % 5))


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


def test_the_seed_decides_the_interval():
    observed, predicted, _ = noisy(100)
    line = np.arange(100) // 5
    assert pair_scores(observed, predicted, line, seed=1) == pair_scores(observed, predicted, line, seed=1)
    assert pair_scores(observed, predicted, line, seed=1) != pair_scores(observed, predicted, line, seed=2)


def test_only_the_wanted_measures():
    observed, predicted, _ = noisy(30)
    names = [score.name for score in pair_scores(observed, predicted, measures=("rmse", "spearman"))]
    assert names == ["rmse", "spearman"]


def test_lengths_must_agree():
    with pytest.raises(ValueError, match=r"\(3,\) measurements but \(2,\) predictions"):
        pair_scores(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match=r"\(3,\) measurements but \(2,\) predictions of the reference"):
        pair_scores(np.zeros(3), np.zeros(3), reference=np.zeros(2))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_predictions_that_are_not_numbers(bad):
    good, broken = np.zeros(3), np.array([bad, 1.0, bad])
    with pytest.raises(ValueError, match="2 of 3 predictions are not finite numbers"):
        pair_scores(good, broken)
    with pytest.raises(ValueError, match="2 of 3 predictions of the reference are not finite numbers"):
        pair_scores(good, good, reference=broken)
    with pytest.raises(ValueError, match="2 of 3 predictions are not finite numbers"):
        within_group_r(good, broken, good)
    with pytest.raises(ValueError, match="2 of 3 upper ends are not finite numbers"):
        coverage(good, good, broken)


def drugs(seed=0):
    """Six drugs of 20 pairs on 20 lines, one of 9, one never varying; drug 5 predicted constant."""
    rng = np.random.default_rng(seed)
    drug = np.r_[np.repeat(np.arange(6), 20), np.full(9, 6), np.full(20, 7)]
    line = np.r_[np.tile(np.arange(20), 6), np.arange(9), np.arange(20)]
    observed = rng.normal(size=len(drug)) + drug
    predicted = observed + rng.normal(0, 2, len(drug))
    observed[drug == 7] = 0.7
    predicted[drug == 5] = 0.3
    return observed, predicted, drug, line


def test_correlation_within_drugs():
    observed, predicted, drug, line = drugs()
    each = [pearsonr(observed[drug == one], predicted[drug == one])[0] for one in range(5)]
    score = within_group_r(observed, predicted, drug, line)
    assert score.name == "within_drug_r"
    assert score.value == pytest.approx(np.sum(each) / 6)  # the constant prediction counts as 0
    assert score.n == 120
    assert score.lower < score.value < score.upper


@pytest.mark.parametrize("clustered", ["drugs", "lines", "lines and drugs"])
def test_interval_of_the_correlation_within_drugs_equals_a_plain_loop(clustered):
    observed, predicted, drug, line = drugs(1)
    labels = None if clustered == "drugs" else line
    second = drug if clustered == "lines and drugs" else None
    found = within_group_r(observed, predicted, drug, labels, draws=50, seed=3, clusters_2=second)
    count = 7 if clustered == "drugs" else 20  # seven drugs have ten pairs or more
    of_drug = drawn_pairs(7, 50, 4) if clustered == "lines and drugs" else np.ones((50, 7), int)
    loop = []
    for weights, on_top in zip(drawn_pairs(count, 50, 3), of_drug, strict=True):
        r, weight = [], []
        for one in range(6):
            pairs = np.flatnonzero(drug == one)
            times = np.full(20, weights[one]) if clustered == "drugs" else weights[line[pairs]]
            pairs = np.repeat(pairs, times)
            if len(pairs):
                r.append(0.0 if one == 5 else pearsonr(observed[pairs], predicted[pairs])[0])
                weight.append(on_top[one] * times.mean())
        loop.append(np.average(r, weights=weight))
    assert (found.lower, found.upper) == pytest.approx(tuple(np.percentile(loop, [2.5, 97.5])))


def test_means_of_training_folds_order_nothing_within_a_drug():
    """The drug mean of the other folds is low where this fold is high: a correlation of the cut, not of the model."""
    rng = np.random.default_rng(4)
    drug, fold = np.repeat(np.arange(8), 40), np.tile(np.arange(40) % 5, 8)
    observed = rng.normal(size=320)
    predicted = np.array([observed[(drug == d) & (fold != f)].mean() for d, f in zip(drug, fold, strict=True)])
    assert within_group_r(observed, predicted, drug).value < -0.2
    assert within_group_r(observed, predicted, drug, fold=fold).value == 0


def test_correlation_within_drugs_over_folds_is_that_of_centred_values():
    observed, predicted, drug, line = drugs(2)
    keep = drug < 5
    observed, predicted, drug, fold = observed[keep], predicted[keep], drug[keep], line[keep] % 2
    found = within_group_r(observed, predicted + 10 * fold, drug, fold=fold)
    each = []
    for one in range(5):
        centred = [
            np.concatenate([values[at] - values[at].mean() for at in ((drug == one) & (fold == f) for f in (0, 1))])
            for values in (observed, predicted)
        ]
        each.append(np.corrcoef(centred)[0, 1])
    assert found.value == pytest.approx(np.mean(each))


def test_no_drug_has_enough_pairs():
    nothing = ("within_drug_r", None, None, None, 0)
    assert within_group_r(np.arange(9.0), np.arange(9.0), np.zeros(9)) == nothing
    assert within_group_r(np.zeros(20), np.arange(20.0), np.zeros(20)) == nothing
    assert within_group_r(np.array([]), np.array([]), np.array([])) == nothing


def test_a_second_clustering_that_cuts_through_drugs():
    observed, predicted, drug, line = drugs()
    with pytest.raises(ValueError, match="the second clustering cuts through a group"):
        within_group_r(observed, predicted, drug, drug, clusters_2=line)


def test_coverage_by_hand():
    observed = np.arange(10.0)
    lower, upper = observed - 1, observed + np.where(observed < 2, -0.5, 1)
    inside, width = coverage(observed, lower, upper)
    assert inside == ("coverage", 0.8, None, None, 10)
    assert width == ("width", pytest.approx(1.7), None, None, 10)
    inside, width = coverage(observed, lower, upper, clusters=np.arange(10))
    assert inside.lower < 0.8 < inside.upper and width.lower < 1.7 < width.upper
    assert [score.value for score in coverage(observed[:2], lower[:2], upper[:2])] == [None, None]
    assert [score.n for score in coverage(*[np.array([])] * 3)] == [0, 0]


def test_draws_with_one_pair_in_every_fold_say_nothing_about_a_correlation():
    """Ten lines in seven folds: in one draw of seven no fold keeps two lines, and rounding is left of the variance."""
    rng = np.random.default_rng(1)
    line, drug = np.repeat(np.arange(10), 30), np.tile(np.arange(30), 10)
    observed = rng.normal(0, 2, 300) + 0.1 * drug - 3
    groups = GroupCorrelations(observed, 0.3 * observed + rng.normal(size=300), drug, line % 7, min_pairs=4)
    lines = Clusters.of(line)
    sums, empty = groups.sums(lines), 0
    for weights in lines.draws(200, 0, 10**6):
        pairs_of_lines = np.stack([(weights[:, [a, a + 7]] > 0).all(axis=1) for a in range(3)])
        drawn = groups.r(weights, sums)[0]
        empty += (~pairs_of_lines.any(axis=0)).sum()
        np.testing.assert_array_equal(np.isfinite(drawn).all(axis=1), pairs_of_lines.any(axis=0))
        np.testing.assert_array_equal(np.isfinite(drawn).any(axis=1), pairs_of_lines.any(axis=0))
    assert empty > 10


def test_every_fold_of_a_group_costs_a_pair():
    """Ten pairs of one fold are enough; in three folds it takes twelve, as three means are taken away."""
    rng = np.random.default_rng(0)
    observed, predicted = rng.normal(size=(2, 12))
    one, three = np.zeros(12, int), np.arange(12) % 3
    assert within_group_r(observed[:10], predicted[:10], one[:10], fold=one[:10]).value is not None
    assert within_group_r(observed[:11], predicted[:11], one[:11], fold=three[:11]).value is None
    assert within_group_r(observed, predicted, one, fold=three).n == 12
