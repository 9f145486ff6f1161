"""How bright the image of every well is, and which shine far beyond all others of their plate: contaminated wells do.

Judged by the images themselves: a network was never shown a contaminated well, and not every screen has stacks.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from engine.errors import EngineError
from engine.spheroid import quality_limits as limits
from engine.spheroid.image_store import open_images
from engine.spheroid.spatial import MAD_SCALE

WELL = ["plate", "row", "column"]
SAMPLED = 2  # every so many pixels of a side tell the mean of an image to a fraction of a percent
RATIO = 1.5  # times the brightness that 95 % of the plate's images stay below, chosen here
MAD_OFF = 6.0  # robust standard deviations beyond the plate's median, chosen here
LEAST = 8  # images that a plate needs to tell what is usual on it


@lru_cache(maxsize=8)  # images of a job never change; a table of a thousand wells takes some kilobytes
def brightness(job_folder: Path) -> pd.DataFrame:
    """plate, row, column, mean: counts of the maximum projection of every well of a job, on average.

    No rows where the images are gone or damaged, which the Wells tab says.
    """
    try:
        store = open_images(job_folder)
        wells = store.wells[WELL].reset_index(drop=True)
        means = [
            float(store.well(str(plate), str(row), int(column))[0][::SAMPLED, ::SAMPLED].mean())
            for plate, row, column in wells.itertuples(index=False, name=None)
        ]
    except EngineError:
        return pd.DataFrame(columns=[*WELL, "mean"]).astype({"mean": float})
    return wells.assign(mean=means)


def glowing(bright: pd.DataFrame) -> pd.DataFrame:
    """plate, row, column, mean, ratio (to the plate's median) and z of images far brighter than all usual ones.

    bright: of `brightness`, without what is left out.
    """
    parts = []
    for _, wells in bright.groupby("plate", sort=False):
        mean = wells["mean"].to_numpy(float)
        if len(mean) < LEAST:
            continue
        middle = float(np.median(mean))
        spread = max(MAD_SCALE * float(np.median(np.abs(mean - middle))), limits.NOISE_FLOOR / 100 * middle, 1e-9)
        z = (mean - middle) / spread
        far = (mean >= RATIO * np.quantile(mean, 0.95)) & (z >= MAD_OFF)
        parts.append(wells.assign(ratio=mean / max(middle, 1e-9), z=z)[far])
    columns = [*WELL, "mean", "ratio", "z"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
