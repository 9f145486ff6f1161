"""Control wells that read like the other control: a wrong label, or the wrong drug in the well."""

import numpy as np
import pandas as pd

from engine.spheroid import quality_limits as limits
from engine.spheroid.spatial import MAD_SCALE

ALIVE, DEAD = ("negative",), ("positive",)
CONTROLS = ("negative", "positive", "metabolic_positive")
APART = 30.0  # percent points that both controls have to be apart for a well to look like the other, chosen here
OFF = 3.0  # robust standard deviations of its own kind that it has to lie off, chosen here


def look_alikes(frame: pd.DataFrame, modality: str) -> pd.DataFrame:
    """Control wells that read like the other control: dead where they should live, or alive where they should be dead.

    Columns plate, row, column, well_type, percent, like (the well type it resembles), own (median of its kind,
    percent), n (others of its kind), z. A well is named where it lies nearer to the other median than to its own and
    OFF robust standard deviations off it. Kinds need three wells, and medians 30 percent points between.
    """
    found = []
    known = frame[frame["percent"].notna() & frame["well_type"].isin(CONTROLS)]
    killed = (*DEAD, "metabolic_positive") if modality == "metabolic" else DEAD
    for (plate, _), wells in known.groupby(["plate", "addon"], sort=False):
        groups = {kind: own for kind, own in wells.groupby("well_type") if len(own) >= limits.MIN_CONTROLS}
        medians = {kind: float(own["percent"].median()) for kind, own in groups.items()}
        for kind, own in groups.items():
            others = [one for one in (killed if kind in ALIVE else ALIVE) if one in medians]
            others = [one for one in others if abs(medians[one] - medians[kind]) >= APART]
            if not others:
                continue
            values = own["percent"].to_numpy(float)
            off = np.abs(values - medians[kind])
            spread = max(limits.NOISE_FLOOR, MAD_SCALE * float(np.median(off)))
            gaps = np.abs(values[:, None] - np.array([medians[one] for one in others]))
            nearest = gaps.argmin(axis=1)
            for at in np.flatnonzero((gaps.min(axis=1) < off) & (off >= OFF * spread)):
                row = own.iloc[at]
                found.append(
                    (plate, row["row"], int(row["column"]), kind, values[at], others[nearest[at]], medians[kind],
                     len(own) - 1, off[at] / spread)
                )  # fmt: skip
    columns = ["plate", "row", "column", "well_type", "percent", "like", "own", "n", "z"]
    return pd.DataFrame(found, columns=columns)
