"""How drugs look rather than how much they kill: activations -> components, map, distances, neighbours, pairs.

w = wells, f = activations of the network's penultimate layer (published: 4,096), k = principal components.
Distances are Euclidean between components, never on the t-SNE map, whose distances between groups mean nothing.
"""

import math
from importlib import import_module, metadata
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from engine.errors import InputError
from engine.learn.bootstrap import Clusters, percentiles
from engine.spheroid.settings import HIT_DSS

VARIANCE = 0.95  # share that the components hold (Berker et al. 2022)
PERPLEXITY = 10.0  # of t-SNE (Berker et al. 2022)
MIN_WELLS = 5  # fewer make no map
FAR = 0.5  # a pair is complementary when at least so large a share of all pairs of drugs lies nearer; chosen here
RANDOM_PAIRS = 10_000
DRAWS = 1000  # of drugs, for an interval
INSIDE = 95.0  # percent of negative controls among which a drug shows no phenotype; chosen here
UMAP = "umap-learn==0.5.12"  # tried with numba 0.68 and NumPy 2.4; no requirement: a compiler for a second picture


class Phenotypes(NamedTuple):
    """Where wells lie. components: (w, k). variance: (k,) share of each, sum about 0.95. tsne: (w, 2).

    umap: (w, 2), None where it was not asked for or cannot be drawn. perplexity: as used. no_umap: why it cannot be.
    """

    components: np.ndarray
    variance: np.ndarray
    tsne: np.ndarray
    umap: np.ndarray | None
    perplexity: float
    no_umap: str = ""


class Reproducibility(NamedTuple):
    """Do replicates look alike. replicate, other: median distances of replicates and of random pairs of wells of
    different drugs. auc: chance that a pair of replicates lies nearer than a random pair, 0.5 where replicates are no
    more alike. n, n_random: pairs. lower, upper: 95 % interval of auc by drawing drugs, None with fewer than five.
    """

    replicate: float
    other: float
    auc: float
    n: int
    n_random: int
    lower: float | None = None
    upper: float | None = None


def describe(activations: np.ndarray, seed: int = 0, umap: bool = False) -> Phenotypes:
    """Components that hold 95 % of the variance, and the published map of them.

    activations: (w, f), every row a well. t-SNE has perplexity 10, a random start and this seed; with 30 wells or fewer
    the perplexity is a third of the wells less one. Activations are centred, not scaled, as published.
    Raises InputError with fewer than 5 wells, activations that are not finite, or wells that are all alike.
    """
    from sklearn.decomposition import PCA  # a second to load; what is said of a finished map needs neither
    from sklearn.manifold import TSNE

    activations = np.asarray(activations, float)
    if activations.ndim != 2 or len(activations) < MIN_WELLS:
        raise InputError(
            f"{len(activations)} wells are too few for a map of phenotypes: {MIN_WELLS} or more are needed. Choose a "
            "screen with images of drug wells."
        )
    broken = np.flatnonzero(~np.isfinite(activations).all(axis=1))
    if len(broken):
        raise InputError(
            f"The activations of {len(broken)} of {len(activations)} wells are not finite, the first in row "
            f"{broken[0] + 1}: train the network again with a smaller learning rate."
        )
    if not np.ptp(activations, axis=0).any():
        raise InputError(
            f"All {len(activations)} wells have the same activations: the network does not tell images apart. Train it "
            "longer, or look at whether the images are empty."
        )
    model = PCA(svd_solver="full").fit(activations)
    held = np.cumsum(model.explained_variance_ratio_)
    k = min(int(np.searchsorted(held, VARIANCE - 1e-12)) + 1, len(held))
    components = model.transform(activations)[:, :k]
    perplexity = min(PERPLEXITY, (len(components) - 1) / 3)
    tsne = TSNE(n_components=2, perplexity=perplexity, init="random", random_state=seed).fit_transform(components)
    drawn, why = _umap(components, seed) if umap else (None, "")
    return Phenotypes(components, model.explained_variance_ratio_[:k], tsne.astype(float), drawn, perplexity, why)


def umap_missing() -> str:
    """Why no UMAP can be drawn here, with the cure; '' where its package is installed. Nothing is loaded."""
    try:
        metadata.distribution(UMAP.partition("=")[0])
    except metadata.PackageNotFoundError:
        return f"A UMAP needs a package that is not installed: `pip install {UMAP}`, then ask for it again."
    return ""


def _umap(components: np.ndarray, seed: int) -> tuple[np.ndarray | None, str]:
    """(w, 2), or why there is none. The same seed gives the same bytes: with a seed the package uses one thread."""
    try:
        package = import_module("umap")
    except ImportError as error:  # not there, or its compiled parts do not fit the NumPy that is
        reason = umap_missing() or f"`pip install {UMAP}` is known to work; what is installed does not load: {error}"
        return None, reason
    neighbours = min(15, len(components) - 1)
    model = package.UMAP(n_neighbors=neighbours, random_state=seed, n_jobs=1)  # more would be refused with a warning
    return np.asarray(model.fit_transform(components), float), ""


def highest_doses(wells: pd.DataFrame) -> pd.Series:
    """(w,) bool: wells that the published map shows, every drug at its highest dose and all controls."""
    drug = wells["well_type"].eq("therapy")
    top = wells[drug].groupby(["treatment", "addon"], dropna=False)["conc_nm"].transform("max")
    shown = wells["well_type"].isin(("negative", "positive", "metabolic_positive", "untreated"))
    shown[top.index] = wells.loc[top.index, "conc_nm"].eq(top)
    return shown


def reproducibility(components: np.ndarray, drugs: np.ndarray, seed: int = 0) -> Reproducibility:
    """Distances of replicates against random pairs of wells of different drugs.

    components: (w, k) of drug wells of one dose. drugs: (w,) names; wells of one name are replicates.
    NaN where no drug has two wells or there is but one drug.
    """
    labels = np.unique(np.asarray(drugs), return_inverse=True)[1]
    first, second = np.triu_indices(len(labels), 1)
    distance = pdist(np.asarray(components, float))
    same = labels[first] == labels[second]
    near, far = distance[same], distance[~same]
    if len(far) > RANDOM_PAIRS:
        far = np.random.default_rng(seed).choice(far, RANDOM_PAIRS, replace=False)
    if not len(near) or not len(far):
        return Reproducibility(math.nan, math.nan, math.nan, len(near), len(far))
    ordered = np.sort(far)
    nearer = (np.searchsorted(ordered, near) + np.searchsorted(ordered, near, side="right")) / (2 * len(far))
    ends = _interval(1 - nearer, labels[first[same]], seed)
    auc = float(np.mean(1 - nearer))
    return Reproducibility(float(np.median(near)), float(np.median(far)), auc, len(near), len(far), *ends)


def _interval(shares: np.ndarray, drugs: np.ndarray, seed: int) -> tuple[float | None, float | None]:
    """Of the mean of (n,) pairs of replicates: a drug is drawn with all its pairs. drugs: (n,) whose pair each is."""
    clusters = Clusters.of(drugs)
    if not clusters.enough:
        return None, None
    n = len(clusters.first)
    sums = np.stack([np.bincount(clusters.cell, minlength=n), np.bincount(clusters.cell, shares, n)], axis=1)
    drawn = np.concatenate([weights @ sums for weights in clusters.draws(DRAWS, seed, n)])
    with np.errstate(all="ignore"):
        return percentiles(drawn[:, 1] / drawn[:, 0])


def like_controls(components: np.ndarray, drugs: np.ndarray, controls: np.ndarray) -> frozenset[str]:
    """Drugs that look like the negative controls: what lies near them does so because nothing is to be seen.

    components: (w, k) of drug wells. drugs: (w,) names. controls: (c, k) of negative controls. The wells of such a drug
    lie on average no farther from the middle of the controls than 95 % of these lie from the middle of the others.
    None is told with fewer than five controls.
    """
    n, components = len(controls), np.asarray(components, float)
    if n < MIN_WELLS or not len(components):
        return frozenset()
    middle = np.mean(controls, axis=0)
    own = np.linalg.norm(controls - middle, axis=1) * n / (n - 1)  # from the middle of the n - 1 others
    away = pd.Series(np.linalg.norm(components - middle, axis=1)).groupby(np.asarray(drugs, dtype=str)).mean()
    return frozenset(away.index[away <= np.percentile(own, INSIDE)])


def drug_distances(components: np.ndarray, drugs: np.ndarray) -> pd.DataFrame:
    """Distances between drugs, each at the mean of its wells: a square table by name."""
    table = pd.DataFrame(np.asarray(components, float)).groupby(np.asarray(drugs, dtype=str)).mean()
    return pd.DataFrame(squareform(pdist(table.to_numpy())), index=table.index, columns=table.index)


def nearest_drugs(distances: pd.DataFrame, drug: str, count: int = 5) -> pd.DataFrame:
    """Drugs that look most like one: drug, distance, share (of all pairs of drugs that lie nearer to each other).

    Raises InputError where the drug is not among them.
    """
    if drug not in distances.index:
        raise InputError(f"{drug} has no well with an image at its highest dose: choose one of the screened drugs.")
    others = distances.loc[drug].drop(drug).sort_values(kind="stable").head(count)
    found = pd.DataFrame({"drug": others.index.astype(str), "distance": others.to_numpy(float)})
    return found.assign(share=_shares(distances, found["distance"].to_numpy()))


def _shares(distances: pd.DataFrame, values: np.ndarray) -> np.ndarray:
    """(n,) share of all pairs of drugs that lie nearer than each distance."""
    all_pairs = np.sort(squareform(distances.to_numpy(), checks=False))
    return np.searchsorted(all_pairs, values, side="left") / max(1, len(all_pairs))


def complementary_pairs(
    distances: pd.DataFrame, dss: dict[str, float], measured: dict[frozenset[str], float] | None = None, count: int = 20
) -> pd.DataFrame:
    """Pairs of hits that kill in different ways, most different first.

    distances: of `drug_distances`. dss: drug -> DSS_asym; a hit has 10 or more. measured: pairs that this screen did
    combine, {drug, drug} -> dcDSS, the DSS of the combination minus that of the single drug. count: of pairs that are
    suggested; those that were measured are all told.
    Columns: drug, other, distance, share (of pairs of drugs nearer than this one), dss, other_dss, status, dcdss,
    reason. status: 'measured' where the screen combined the two, else 'suggested': an idea to test, not a result.
    """
    measured = measured or {}
    hits = sorted(name for name in distances.index if dss.get(name, math.nan) >= HIT_DSS)
    first, second = np.triu_indices(len(hits), 1)
    apart = distances.loc[hits, hits].to_numpy(float)[first, second] if hits else np.empty(0)
    share = _shares(distances, apart) if len(apart) else np.empty(0)
    far = np.flatnonzero(share >= FAR)
    far = far[np.argsort(-apart[far], kind="stable")]
    known = np.array([frozenset((hits[first[at]], hits[second[at]])) in measured for at in far], bool)
    rows = []
    for at in far[known | (np.cumsum(~known) <= count)]:
        drug, other = hits[first[at]], hits[second[at]]
        gain = measured.get(frozenset((drug, other)), math.nan)
        status = "measured" if frozenset((drug, other)) in measured else "suggested"
        reason = _why(drug, other, dss, float(share[at]), status, gain)
        rows.append((drug, other, apart[at], share[at], dss[drug], dss[other], status, gain, reason))
    columns = ["drug", "other", "distance", "share", "dss", "other_dss", "status", "dcdss", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _why(drug: str, other: str, dss: dict[str, float], share: float, status: str, gain: float) -> str:
    both = (
        f"{drug} and {other} both work (DSS {dss[drug]:.0f} and {dss[other]:.0f}), and their dying spheroids look "
        f"different: {min(99, round(100 * share))} % of all pairs of drugs look more alike"
    )
    if status == "suggested":
        return f"{both}. Suggested: this screen has not combined them."
    if math.isnan(gain):
        return f"{both}. Measured together, without a score of the combination."
    told = "more than" if gain > 0 else "no more than"
    return f"{both}. Measured together: {told} alone (dcDSS {gain:+.1f})."
