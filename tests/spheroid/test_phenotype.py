"""Phenotypes against typed numbers: components, map, distances of replicates, neighbours, complementary pairs."""

import sys
import time
from importlib import metadata

import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.spheroid import phenotype

CORNERS = pd.DataFrame(
    [[0.0, 3.0, 5.0, 4.0], [3.0, 0.0, 4.0, 5.0], [5.0, 4.0, 0.0, 3.0], [4.0, 5.0, 3.0, 0.0]],
    index=["Axitinib", "Busulfan", "Cisplatin", "Doxorubicin"],
    columns=["Axitinib", "Busulfan", "Cisplatin", "Doxorubicin"],
)


def activations(n: int = 24, features: int = 40, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.repeat(rng.normal(0, 5, (n // 2, features)), 2, axis=0) + rng.normal(0, 0.5, (n, features))


def test_components_hold_95_percent():
    """Three independent directions with variances 90, 9 and 1: two hold 99 %, one holds 90 %."""
    signs = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], float)
    found = phenotype.describe(signs * np.sqrt([90.0, 9.0, 1.0]))
    assert found.variance == pytest.approx([0.90, 0.09])
    assert np.abs(found.components[:, 0]) == pytest.approx([np.sqrt(90)] * 8)
    assert found.perplexity == pytest.approx(7 / 3)


def test_the_same_seed_gives_the_same_map():
    found = [phenotype.describe(activations(40), seed) for seed in (1, 1, 2)]
    assert found[0].perplexity == 10.0 and found[0].tsne.shape == (40, 2) and found[0].umap is None
    assert np.array_equal(found[0].tsne, found[1].tsne)
    assert not np.allclose(found[0].tsne, found[2].tsne)


@pytest.fixture
def no_umap(monkeypatch):
    """As where the package was never installed."""

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setitem(sys.modules, "umap", None)
    monkeypatch.setattr(phenotype.metadata, "distribution", missing)


def test_without_its_package_there_is_no_umap_but_the_cure(no_umap):
    found = phenotype.describe(activations(), umap=True)
    assert found.umap is None and found.no_umap == phenotype.umap_missing()
    assert "`pip install umap-learn==0.5.12`, then ask for it again" in found.no_umap
    assert phenotype.describe(activations()).no_umap == ""  # nobody asked


def test_a_umap_that_does_not_load_says_why(monkeypatch):
    def broken(name):
        raise ImportError("Numba needs NumPy 2.2 or less. Got NumPy 2.4.")

    monkeypatch.setattr(phenotype, "import_module", broken)
    monkeypatch.setattr(phenotype.metadata, "distribution", lambda name: name)
    found = phenotype.describe(activations(), umap=True)
    assert found.umap is None and phenotype.umap_missing() == ""
    assert "umap-learn==0.5.12` is known to work" in found.no_umap and "Numba needs NumPy 2.2" in found.no_umap


def test_umap_draws_the_components_where_it_is_installed(monkeypatch):
    class Drawn:
        def __init__(self, n_neighbors, random_state, n_jobs):
            assert (n_neighbors, random_state, n_jobs) == (15, 7, 1)

        def fit_transform(self, components):
            return components[:, :2]

    monkeypatch.setitem(sys.modules, "umap", type(sys)("umap"))
    monkeypatch.setattr(sys.modules["umap"], "UMAP", Drawn, raising=False)
    found = phenotype.describe(activations(), seed=7, umap=True)
    assert np.array_equal(found.umap, found.components[:, :2]) and found.no_umap == ""


@pytest.mark.skipif(bool(phenotype.umap_missing()), reason="umap-learn is not installed")
@pytest.mark.filterwarnings("error::UserWarning")
def test_the_real_umap_repeats_its_bytes_and_keeps_replicates_together():
    found = [phenotype.describe(activations(60), seed, umap=True).umap for seed in (3, 3, 4)]
    assert found[0].tobytes() == found[1].tobytes() and not np.allclose(found[0], found[2])
    told = phenotype.reproducibility(found[0], np.repeat(np.arange(30), 2))
    assert told.auc > 0.95
    assert phenotype.describe(activations(6), umap=True).umap.shape == (6, 2)  # few wells, few neighbours


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones((4, 3)), "4 wells are too few for a map of phenotypes: 5 or more"),
        (np.ones((8, 3)), "All 8 wells have the same activations: the network does not tell images apart"),
        (np.where(np.eye(8) > 0, np.nan, 1.0), "of 8 of 8 wells are not finite, the first in row 1: train the network"),
    ],
)
def test_activations_without_phenotypes_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        phenotype.describe(values)


def test_the_map_shows_highest_doses_and_controls():
    wells = pd.DataFrame(
        {
            "well_type": ["therapy", "therapy", "therapy", "negative", "series", "empty", "positive"],
            "treatment": ["Axitinib", "Axitinib", "Busulfan", "DMSO", "Staurosporine", "", "Staurosporine"],
            "addon": "",
            "conc_nm": [10.0, 1000.0, 50.0, np.nan, 1000.0, np.nan, 250.0],
        }
    )
    shown = [False, True, True, True, False, False, True]
    assert phenotype.highest_doses(wells).tolist() == shown
    # A missing addition is none: such wells must not drop out of the map.
    assert phenotype.highest_doses(wells.assign(addon=wells["addon"].replace("", None))).tolist() == shown


def test_replicates_nearer_than_random_pairs():
    """On a line: a at 0 and 1, b at 5 and 9. Replicates 1 and 4 apart, others 5, 9, 4 and 8.

    Of 2 x 4 comparisons the replicate pair is nearer in 7, and 4 against 4 is a draw: 7.5 / 8.
    """
    found = phenotype.reproducibility(np.array([[0.0], [1.0], [5.0], [9.0]]), np.array(["a", "a", "b", "b"]))
    assert found == (2.5, 6.5, 7.5 / 8, 2, 4, None, None)


def test_replicates_of_noise_are_no_nearer():
    rng = np.random.default_rng(0)
    found = phenotype.reproducibility(rng.normal(size=(200, 5)), np.repeat(np.arange(100), 2))
    assert found.auc == pytest.approx(0.5, abs=0.08) and found.n == 100 and found.n_random == 10_000
    assert found.lower < 0.5 < found.upper and found.upper - found.lower < 0.2


def test_one_drug_has_nothing_to_compare_with():
    found = phenotype.reproducibility(np.array([[0.0], [1.0]]), np.array(["a", "a"]))
    assert np.isnan(found.auc) and (found.n, found.n_random) == (1, 0)


def test_distances_of_drugs_are_those_of_their_means():
    found = phenotype.drug_distances(np.array([[0.0, 0], [0, 2], [3, 5]]), np.array(["b", "b", "a"]))
    assert list(found.index) == ["a", "b"] and found.loc["a", "b"] == pytest.approx(5.0)


def test_nearest_drugs():
    """Six pairs of drugs, two of them 3, two 4 and two 5 apart."""
    found = phenotype.nearest_drugs(CORNERS, "Axitinib", count=2)
    assert found["drug"].tolist() == ["Busulfan", "Doxorubicin"]
    assert found["distance"].tolist() == [3.0, 4.0]
    assert found["share"].tolist() == pytest.approx([0, 2 / 6])


def test_a_drug_without_an_image_is_refused():
    with pytest.raises(InputError, match="Erlotinib has no well with an image at its highest dose"):
        phenotype.nearest_drugs(CORNERS, "Erlotinib")


def test_complementary_pairs_are_hits_that_lie_far_apart():
    dss = {"Axitinib": 10.0, "Busulfan": 22.0, "Cisplatin": 31.0, "Doxorubicin": 9.9}
    found = phenotype.complementary_pairs(CORNERS, dss)
    # Axitinib and Busulfan lie near, Busulfan and Cisplatin nearer than most, Doxorubicin is no hit.
    assert found[["drug", "other"]].to_numpy().tolist() == [["Axitinib", "Cisplatin"]]
    assert found["share"].tolist() == pytest.approx([4 / 6]) and found["status"].tolist() == ["suggested"]
    assert found["reason"].item() == (
        "Axitinib and Cisplatin both work (DSS 10 and 31), and their dying spheroids look different: 67 % of all pairs "
        "of drugs look more alike. Suggested: this screen has not combined them."
    )


@pytest.mark.parametrize(
    ("gain", "told"),
    [(4.2, "more than alone (dcDSS +4.2)"), (-1.0, "no more than alone (dcDSS -1.0)"), (np.nan, "without a score")],
)
def test_what_was_measured_is_not_called_suggested(gain, told):
    measured = {frozenset(("Cisplatin", "Axitinib")): gain}
    found = phenotype.complementary_pairs(CORNERS, {name: 20.0 for name in CORNERS.index}, measured)
    by_status = found.groupby("status")["reason"].agg(list)
    assert len(by_status["measured"]) == 1 and told in by_status["measured"][0]
    assert all("Suggested: this screen has not combined them" in reason for reason in by_status["suggested"])


def test_a_measured_pair_is_told_however_many_ideas_lie_further_apart():
    rng, names = np.random.default_rng(0), [f"Drug {i:02d}" for i in range(40)]
    distances = phenotype.drug_distances(rng.normal(0, 1, (40, 6)), np.array(names))
    everything = phenotype.complementary_pairs(distances, dict.fromkeys(names, 20.0), count=1000)
    last = everything.iloc[-1]
    found = phenotype.complementary_pairs(
        distances, dict.fromkeys(names, 20.0), {frozenset((last["drug"], last["other"])): 1.0}, count=5
    )
    assert found["status"].tolist() == ["suggested"] * 5 + ["measured"]
    assert found[["drug", "other"]].iloc[:5].equals(everything[["drug", "other"]].iloc[:5])


def test_drugs_among_the_controls_show_no_phenotype():
    """Controls at -2, -1, 0, 1 and 2: from the middle of the others 2.5, 1.25, 0, 1.25 and 2.5 away."""
    controls = np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0]])
    wells, drugs = np.array([[2.4], [-2.6], [3.0], [2.2], [9.0]]), np.array(["in", "in", "out", "out", "far"])
    assert phenotype.like_controls(wells, drugs, controls) == {"in"}  # 2.5 on average, the other 2.6
    assert phenotype.like_controls(wells, drugs, controls[:4]) == frozenset()
    assert phenotype.like_controls(wells, drugs, np.empty((0, 0))) == frozenset()


def test_no_hits_no_pairs():
    found = phenotype.complementary_pairs(CORNERS, {"Axitinib": 30.0})
    assert found.empty and "reason" in found.columns


def test_a_thousand_drugs_are_paired_within_seconds():
    rng, n = np.random.default_rng(0), 1000
    names = [f"Drug {i:04d}" for i in range(n)]
    distances = phenotype.drug_distances(rng.normal(0, 1, (n, 20)), np.array(names))
    began = time.process_time()
    found = phenotype.complementary_pairs(distances, dict.fromkeys(names, 20.0))
    assert time.process_time() - began < 10  # 0.3 s on a free core; sorting all pairs anew for every pair takes hours
    assert len(found) == 20 and found["distance"].is_monotonic_decreasing
    assert found["distance"].iloc[0] == distances.to_numpy().max()
