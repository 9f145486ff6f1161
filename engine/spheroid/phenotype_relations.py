"""What a phenotype map says of drugs: do replicates look alike, which drugs do, which pairs kill in different ways.

Excluded wells stay on the map but count for nothing here.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.spheroid import records
from engine.spheroid.exclusions import left_out as covered
from engine.spheroid.phenotype import (
    Reproducibility,
    complementary_pairs,
    drug_distances,
    like_controls,
    reproducibility,
)
from engine.spheroid.phenotype_records import features as map_of
from engine.spheroid.review_records import read_state
from engine.store.database import Database

POOLED = "pooled"


class Relations(NamedTuple):
    """distances: between drugs without an addition, square, by name; empty where there are none. replicates: do they
    look alike. pairs: of `phenotype.complementary_pairs`. quiet: drugs that look like the negative controls."""

    distances: pd.DataFrame
    replicates: Reproducibility
    pairs: pd.DataFrame
    quiet: frozenset[str] = frozenset()


def label(wells: pd.DataFrame) -> pd.Series:
    """(w,) what a well holds: Trametinib, or Trametinib + Navitoclax. wells: treatment, addon."""
    return wells["treatment"].where(wells["addon"] == "", wells["treatment"] + " + " + wells["addon"])


def pooled_dss(scores: pd.DataFrame) -> dict[str, float]:
    """Drug -> DSS_asym of all replicates, NaN where there is none. scores: columns of `records.scores`."""
    mine = scores[(scores["replicate"] == POOLED) & (scores["addon"] == "")]
    return dict(zip(mine["drug"].astype(str), mine["dss_asym"].astype(float), strict=True))


def measured_pairs(scores: pd.DataFrame) -> dict[frozenset[str], float]:
    """{drug, added drug} -> dcDSS of pairs that the screen combined, the larger where it did so both ways round."""
    mine = scores[(scores["replicate"] == POOLED) & (scores["addon"] != "")]
    found: dict[frozenset[str], float] = {}
    for drug, addon, gain in mine[["drug", "addon", "dcdss"]].itertuples(index=False):
        pair = frozenset((str(drug), str(addon)))
        found[pair] = float(np.fmax(found.get(pair, np.nan), gain if pd.notna(gain) else np.nan))
    return found


def relations(
    features: pd.DataFrame,
    dss: Mapping[str, float],
    measured: Mapping[frozenset[str], float],
    left_out: pd.Series | None = None,
    seed: int = 0,
) -> Relations:
    """Of the wells of drugs on a map. features: of `phenotype_records.features`. left_out: (w,) bool of its rows."""
    if left_out is not None:
        features = features[~left_out.to_numpy(bool)]
    wells = features[features["well_type"] == "therapy"]
    if wells.empty:
        nothing = complementary_pairs(pd.DataFrame(), {})
        return Relations(pd.DataFrame(), Reproducibility(np.nan, np.nan, np.nan, 0, 0), nothing)
    components = _stacked(wells)
    replicates = reproducibility(components, label(wells).to_numpy(), seed)
    alone = (wells["addon"] == "").to_numpy()
    if not alone.any():
        return Relations(pd.DataFrame(), replicates, complementary_pairs(pd.DataFrame(), {}))
    components, drugs = components[alone], wells.loc[alone, "treatment"].to_numpy()
    distances = drug_distances(components, drugs)
    quiet = like_controls(components, drugs, _stacked(features[features["well_type"] == "negative"]))
    return Relations(distances, replicates, complementary_pairs(distances, dict(dss), dict(measured)), quiet)


def _stacked(wells: pd.DataFrame) -> np.ndarray:
    """(w, k) components; without wells (0, 0)."""
    return np.stack([np.asarray(one, float) for one in wells["components"]]) if len(wells) else np.empty((0, 0))


def screen_relations(db: Database, screen: str, run_id: str, modality: str, seed: int = 0) -> Relations:
    """What a run's map says of a screen as its record stands. modality: whose scores tell which drugs are hits."""
    wells, scores = map_of(db, screen, run_id), records.scores(db, screen, modality)
    out = covered(wells, read_state(db, screen).excluded, modality)
    return relations(wells, pooled_dss(scores), measured_pairs(scores), out, seed)
