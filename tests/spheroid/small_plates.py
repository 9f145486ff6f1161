"""Simulated plates of 384 wells with known faults, as tables of wells with readouts."""

import numpy as np
import pandas as pd

ROWS, COLUMNS = "BCDEFGHIJKLMNO", range(2, 24)  # the inner wells, as published
NEGATIVE, POSITIVE, METABOLIC_POSITIVE, UNTREATED = 10, 8, 5, 5
RAW_LIVING, RAW_KILLED = 1400.0, 200.0
DOSES = (1.0, 10.0, 100.0, 1000.0, 10_000.0)


def clean_plate(seed: int, plate: str = "P1", noise: float = 5.0, drugs: int = 26, active: float = 0.4) -> pd.DataFrame:
    """One plate: 26 drugs of 5 doses in duplicate, controls and a series of the positive one, in drawn places.

    noise: standard deviation in percent points of living wells; dead ones have a third of it.
    percent is left to `normalised`, truth is the viability in percent before noise.
    """
    rng = np.random.default_rng(seed)
    wells = [("negative", "DMSO", np.nan, r, 100.0) for r in range(NEGATIVE)]
    wells += [("positive", "Staurosporine", 250.0, r, 0.0) for r in range(POSITIVE)]
    wells += [("metabolic_positive", "BzCl", 100_000.0, r, 0.0) for r in range(METABOLIC_POSITIVE)]
    wells += [("untreated", "", np.nan, r, 100.0) for r in range(UNTREATED)]
    for dose, alive in zip((0.1, 1.0, 10.0, 100.0, 1000.0), (99.0, 95.0, 70.0, 15.0, 2.0), strict=True):
        wells += [("series", "Staurosporine", dose, r, alive) for r in range(4)]
    for drug in range(drugs):
        effect = rng.uniform(50, 95) if rng.random() < active else rng.uniform(0, 8)
        middle, slope = rng.uniform(1, 3.5), rng.uniform(0.6, 1.5)
        for dose in DOSES:
            alive = 100 - effect / (1 + 10 ** (slope * (middle - np.log10(dose))))
            wells += [("therapy", f"{plate} drug {drug + 1}", dose, r, alive) for r in range(2)]
    places = [(row, column) for row in ROWS for column in COLUMNS]
    chosen = rng.permutation(len(places))[: len(wells)]
    frame = pd.DataFrame(wells, columns=["well_type", "treatment", "conc_nm", "replicate", "truth"])
    frame["replicate"] += 1
    frame["plate"] = plate
    frame["row"] = [places[i][0] for i in chosen]
    frame["column"] = [places[i][1] for i in chosen]
    frame["addon"], frame["addon_nm"] = "", np.nan
    seen = frame["truth"] + rng.normal(0, noise, len(frame)) * (0.3 + 0.7 * frame["truth"] / 100)
    frame["raw"] = RAW_KILLED + (RAW_LIVING - RAW_KILLED) * seen / 100
    return normalised(frame)


def normalised(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with percent by the medians of negative and positive wells of each plate."""
    parts = []
    for _, plate in frame.groupby("plate", sort=False):
        raw = plate["raw"]
        alive, dead = (raw[plate["well_type"] == kind].median() for kind in ("negative", "positive"))
        parts.append(plate.assign(percent=100 * (raw - dead) / (alive - dead)))
    return pd.concat(parts)


def shifted(frame: pd.DataFrame, points: pd.Series | np.ndarray) -> pd.DataFrame:
    """Wells that read so many percent points more, living ones in full and dead ones not at all."""
    off = (RAW_LIVING - RAW_KILLED) * np.asarray(points) / 100 * frame["truth"].to_numpy() / 100
    return normalised(frame.assign(raw=frame["raw"] + off))


def swapped_controls(frame: pd.DataFrame) -> pd.DataFrame:
    """The layout calls negative wells positive and the other way round."""
    names = {"negative": "positive", "positive": "negative"}
    return normalised(frame.assign(well_type=frame["well_type"].replace(names)))
