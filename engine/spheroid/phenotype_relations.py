"""What a phenotype map says of drugs: do replicates look alike, which drugs do, which pairs kill in different ways.

Excluded wells stay on the map but count for nothing here.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.spheroid.phenotype import Reproducibility, complementary_pairs, drug_distances, reproducibility

POOLED = "pooled"


class Relations(NamedTuple):
    """distances: between drugs without an addition, square, by name; empty where there are none. replicates: do they
    look alike. pairs: of `phenotype.complementary_pairs`."""

    distances: pd.DataFrame
    replicates: Reproducibility
    pairs: pd.DataFrame


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
    used = features["well_type"] == "therapy"
    if left_out is not None:
        used &= ~left_out.to_numpy(bool)
    wells = features[used]
    if wells.empty:
        nothing = complementary_pairs(pd.DataFrame(), {})
        return Relations(pd.DataFrame(), Reproducibility(np.nan, np.nan, np.nan, 0, 0), nothing)
    components = np.stack([np.asarray(one, float) for one in wells["components"]])
    replicates = reproducibility(components, label(wells).to_numpy(), seed)
    alone = (wells["addon"] == "").to_numpy()
    if not alone.any():
        return Relations(pd.DataFrame(), replicates, complementary_pairs(pd.DataFrame(), {}))
    distances = drug_distances(components[alone], wells.loc[alone, "treatment"].to_numpy())
    return Relations(distances, replicates, complementary_pairs(distances, dict(dss), dict(measured)))
