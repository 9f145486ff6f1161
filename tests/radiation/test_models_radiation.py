"""Lineage, panel and expression as random effects, against numbers worked out in another way."""

from dataclasses import replace

import numpy as np
import pytest
from small_arrays import small_cohort

from engine.errors import TrainingError
from engine.radiation import baselines, models, protocol

COHORT = small_cohort(lines=24, replicates=2)


def test_one_effect_and_one_share_is_ridge_regression(monkeypatch):
    """With the shares fixed at a half, the blend of a linear kernel is ridge regression with the penalty they mean."""
    monkeypatch.setattr(models, "STEPS", 2)  # shares 0 and 1/2
    rng = np.random.default_rng(0)
    known, new = rng.normal(size=(20, 7)), rng.normal(size=(4, 7))
    known -= known.mean(axis=0)
    sf2 = 0.5 + 0.1 * known[:, 0] + 0.01 * rng.normal(size=20)
    kernel = np.concatenate([known, new]) @ known.T
    found = models.blend([kernel], sf2)
    size = np.trace(kernel[:20]) / 20
    slope = np.linalg.solve(known.T @ known + size * np.eye(7), known.T @ (sf2 - sf2.mean()))
    ridge, mean = sf2.mean() + new @ slope, np.full(4, sf2.mean())
    weight = (found - mean) / (ridge - mean)  # what the half gets beside no effect at all
    assert weight == pytest.approx(np.full(4, weight[0])) and 0.9 < weight[0] <= 1


def test_the_effect_that_explains_gets_the_weight():
    rng = np.random.default_rng(1)
    panel = np.repeat(np.arange(6), 8)
    same = (panel[:, None] == panel[None]).astype(float)
    noise = rng.normal(size=(48, 30))
    effect = np.array([0.1, 0.3, 0.5, 0.6, 0.7, 0.9])
    sf2 = effect[panel] + 0.02 * rng.normal(size=48)
    found = models.blend(
        [np.concatenate([same, np.eye(6)[:, panel]]), np.concatenate([noise, noise[:6]]) @ noise.T], sf2
    )
    assert found == pytest.approx(effect, abs=0.04)


def test_no_effect_that_tells_lines_apart_leaves_the_mean():
    sf2 = np.array([0.1, 0.2, 0.6])
    assert models.blend([np.ones((5, 3))], sf2) == pytest.approx([0.3, 0.3])
    assert models.blend([np.eye(5)[:, :3]], np.full(3, 0.4)) == pytest.approx([0.4, 0.4])


def test_chance_is_shrunken_to_the_mean():
    """Labels that follow nothing are predicted nearer to their mean than they lie."""
    rng = np.random.default_rng(2)
    known, new = rng.normal(size=(40, 50)), rng.normal(size=(30, 50))
    found = models.blend([np.concatenate([known, new]) @ known.T], rng.normal(size=40))
    assert found.std() < 0.5


def test_lines_are_averaged_so_that_more_arrays_of_one_do_not_weigh_more():
    copies = np.concatenate([np.arange(48), np.full(20, 3)])
    train = np.flatnonzero(COHORT.line != "LINE-05")
    test = np.flatnonzero(COHORT.line == "LINE-05")
    more = replace(
        COHORT,
        **{name: getattr(COHORT, name)[copies] for name in ("values", "sf2", "sample", "line", "panel", "replicate")},
    )
    exact = replace(COHORT, values=np.repeat(COHORT.values[::2], 2, axis=0))
    more = replace(more, values=exact.values[copies])
    for model in models.EFFECTS:
        once = models.predict(model, exact, train, test)
        again = models.predict(model, more, np.concatenate([train, np.arange(48, 68)]), test)
        assert again == pytest.approx(once, abs=1e-6)


@pytest.mark.parametrize("model", models.EFFECTS)
def test_learn_tissue_and_genes_together(model):
    """Better than the tissue alone where both matter."""
    cohort = small_cohort(lines=90, replicates=1, probes=20, seed=3)
    rmse = {}
    for name in (model, "panel_mean", "lineage_mean"):
        predicted = np.empty(90)
        for fold in protocol.folds(cohort, "grouped", 1, 6, 0):
            predicted[fold.test] = baselines.predict(name, cohort, fold.train, fold.test, 0)
        rmse[name] = np.sqrt(((predicted - cohort.sf2) ** 2).mean())
    assert rmse[model] < 0.97 * rmse["panel_mean" if model == "panel_ridge" else "lineage_mean"]


def test_a_sample_without_a_panel_takes_the_lineage_of_its_nearest_line():
    rng = np.random.default_rng(4)
    cohort = small_cohort(lines=12, replicates=1)
    values = cohort.values.copy()
    values[cohort.panel == "Leukemia"] += 3 * rng.normal(size=60).astype(np.float32)
    cohort = replace(cohort, values=values, sf2=np.where(cohort.panel == "Leukemia", 0.1, 0.7) + 0.01 * rng.random(12))
    train = np.arange(2, 12)
    unknown = replace(cohort, panel=np.where(np.arange(12) < 2, "", cohort.panel))
    blood, solid = models.predict("lineage_ridge", unknown, train, np.array([0, 1]))
    assert blood < 0.25 and solid > 0.6


def test_panels_of_blood():
    panels = np.array(["Leukemia", "Lymphoma", "haematopoietic_and_lymphoid_tissue", "Lung", "", "Melanoma", "Myeloma"])
    assert list(models.is_blood(panels)) == [True, True, True, False, False, False, True]


def test_too_few_lines():
    with pytest.raises(TrainingError, match="2 cell lines are too few to train on: import 3 or more"):
        models.predict("lineage_ridge", COHORT, np.array([0, 1, 2, 3]), np.array([5]))
