"""What travels between the modules of this room.

Letters: w wells, k curves, d doses, z planes of a stack, h x v pixels.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

# Columns of a table of wells, in this order. plate: P1, P2, ... row: A, B, ..., AA. column: from 1. well_type: one of
# WELL_TYPES. treatment: '' where none. conc_nm: nM, NaN where none. replicate: from 1. addon: the drug added to every
# dose of a combination screen, '' where none; addon_nm: its concentration in nM, NaN where not told.
WELL_COLUMNS = (
    "plate", "row", "column", "well_type", "treatment", "conc_nm", "replicate", "addon", "addon_nm",
)  # fmt: skip
# negative: vehicle, 100 % viability. positive: full kill of images (STS). metabolic_positive: full kill of metabolic
# readouts (BzCl). series: a concentration series of the positive control. untreated: cells alone. empty: no cells.
WELL_TYPES = ("negative", "positive", "metabolic_positive", "therapy", "series", "untreated", "empty", "other")


@dataclass(frozen=True)
class Plates:
    """The layout of a screen. wells: columns WELL_COLUMNS. n_wells: 96, 384 or 1,536 of one plate."""

    wells: pd.DataFrame
    n_wells: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Readouts:
    """One number a well. frame: plate, row, column, raw. modality: metabolic | mos | image_1 | image_2 | image_3.

    is_percent: raw is viability in percent already, and no control is asked. inhibited: it came as percent inhibition.
    """

    modality: str
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    is_percent: bool = False
    inhibited: bool = False


@dataclass(frozen=True)
class WellImage:
    """The files of one well.

    planes: files in z order, or one multi-page file. mip, mid: files of ready projections, None where there are planes.
    """

    plate: str
    row: str
    column: int
    planes: tuple[Path, ...] = ()
    mip: Path | None = None
    mid: Path | None = None


@dataclass(frozen=True)
class Projections:
    """What a stack becomes. mip, mid: (h, v) uint16 in the stack's own counts. mean: of all planes and pixels."""

    mip: np.ndarray
    mid: np.ndarray
    mean: float
    n_planes: int


@dataclass(frozen=True)
class Curves:
    """k fitted dose-response curves, x = log10 of the concentration in nM, y = inhibition as a fraction.

    y = bottom + (top - bottom) / (1 + 10^((xmid - x) slope))^asymmetry. All (k,); NaN where there is no fit, and then
    why in `reason`. x_min, x_max: lowest and highest dose, log10 nM. loss: sum of |residual|^1.5. gof: 1 - SSres/SStot.
    n_parameters: 2 to 5, 0 where there is no fit.
    """

    bottom: np.ndarray
    top: np.ndarray
    xmid: np.ndarray
    slope: np.ndarray
    asymmetry: np.ndarray
    x_min: np.ndarray
    x_max: np.ndarray
    loss: np.ndarray
    gof: np.ndarray
    n_parameters: np.ndarray
    reason: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Verdict:
    """One measure of quality. plate: '' for the whole screen. verdict: good | doubtful | bad | unknown."""

    plate: str
    modality: str
    measure: str
    value: float
    verdict: str
    reason: str
