"""Which wells a phase trains on, which validate, and what the network is told to say of each.

Letters: n wells that train, m that validate. Source: Berker et al. 2022, table I and section II-B.
Phases I and II: negative and positive controls with smoothed labels. On every plate a tenth of the rarer control, the
same number of each kind and at least one, validates: of a control plate with 98 negative and 112 positive wells that is
10 + 10 and 88 + 102 train; of a screen with 10 and 8 wells on each of three plates 3 + 3, and 27 + 21 train, as
published. A kind keeps a well for training on each plate. Phase III: all controls, and every drug well that has a
duplicate, labelled with what phase II said of that duplicate; nothing validates.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.spheroid.settings import LABEL_SMOOTHING

VALIDATES = 10  # one in so many of the rarer control of a plate
ORDER = ["plate", "row", "column"]
SAME = ["treatment", "conc_nm", "addon", "addon_nm"]  # what duplicates agree in


@dataclass(frozen=True)
class PhaseWells:
    """Positions in the table of wells. train: (n,); target: (n,) probability of "negative control" to be learned;
    validation: (m,); validation_target: (m,)."""

    train: np.ndarray
    target: np.ndarray
    validation: np.ndarray
    validation_target: np.ndarray
    notes: tuple[str, ...] = ()


def smoothed(alive: np.ndarray) -> np.ndarray:
    """Labels 1 (negative control) and 0 (positive) -> 0.8 and 0.2."""
    return np.asarray(alive, float) * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / 2


def smallest_loss(target: np.ndarray) -> float:
    """Mean cross-entropy of a network that says exactly its targets: 0.5004024 for 0.8 and 0.2."""
    p = np.asarray(target, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p), 0) + np.where(p < 1, (1 - p) * np.log(1 - p), 0)
    return float(-terms.mean())


def control_wells(wells: pd.DataFrame, seed: int) -> PhaseWells:
    """Phases I and II. wells: columns of types.WELL_COLUMNS, those with an image; their order does not matter.

    Raises InputError where there are not two wells of each control.
    """
    controls = _controls(wells)
    rng = np.random.default_rng([seed, 1])
    held: list[int] = []
    for _, plate in controls.groupby("plate", sort=True):
        kinds = [part.index.to_numpy() for _, part in plate.groupby("alive", sort=True)]
        n = max(1, int(min(map(len, kinds)) / VALIDATES + 0.5)) if len(kinds) == 2 else 0
        for kind in kinds:  # drawn for each, so that one more plate leaves the others as they are
            drawn = rng.permutation(kind)
            held += drawn[:n].tolist() if len(kind) > n else []
    notes = []
    if not held:
        notes.append("No well validates: no plate has two wells of both controls.")
    trains = controls.index.difference(held, sort=False)
    alive = controls["alive"]
    return PhaseWells(
        _places(wells, trains),
        smoothed(alive[trains].to_numpy()),
        _places(wells, pd.Index(held, dtype=controls.index.dtype)),
        smoothed(alive[held].to_numpy()),
        tuple(notes),
    )


def duplicate_wells(wells: pd.DataFrame, raw: np.ndarray) -> PhaseWells:
    """Phase III. raw: (w,) what the network of phase II said of each well.

    With two wells of one drug and dose the labels change places; with more each takes that of the next replicate, the
    last that of the first. Drug wells without a duplicate do not train.
    Raises InputError where there are not two wells of each control, or no drug well has a duplicate.
    """
    controls = _controls(wells)
    drugs = wells.assign(addon=wells["addon"].fillna(""), place=np.arange(len(wells)))
    drugs = drugs[(drugs["well_type"] == "therapy") & drugs["treatment"].notna() & (drugs["treatment"] != "")]
    drugs = drugs.sort_values(["replicate", *ORDER])
    train, labels, alone = [], [], 0
    for _, same in drugs.groupby(SAME, sort=True, dropna=False):
        places = same["place"].to_numpy()
        if len(places) < 2:
            alone += 1
            continue
        train.append(places)
        labels.append(np.asarray(raw, float)[np.roll(places, -1)])
    if not train:
        raise InputError(
            "No drug well has a duplicate with an image (same drug, same dose): phase III learns from duplicates. "
            "Phase II is the last phase of this screen."
        )
    notes = (f"Drug wells without a duplicate, not trained on: {alone:,}.",) if alone else ()
    nothing = np.empty(0)
    return PhaseWells(
        np.concatenate([_places(wells, controls.index), *train]),
        np.concatenate([smoothed(controls["alive"].to_numpy()), *labels]),
        nothing.astype(int),
        nothing,
        notes,
    )


def _controls(wells: pd.DataFrame) -> pd.DataFrame:
    """The controls by plate and place. Those with an added drug only where there are no others.

    Their index is that of `wells`; `alive` is 1 for negative controls, 0 for positive ones.
    """
    if not wells.index.is_unique:
        raise ValueError("the table of wells needs an index without repeats")
    found = wells[wells["well_type"].isin(["negative", "positive"])]
    for kind, words in (("negative", "negative (DMSO)"), ("positive", "positive (STS)")):
        n = int((found["well_type"] == kind).sum())
        if n < 2:
            raise InputError(
                f"The screen has {n} {words} control well{'s' * (n != 1)} with an image: training needs two of each "
                "kind, and says more with ten. Check the layout's well types."
            )
    plain = found["addon"].fillna("") == ""
    kept = [
        part[plain[part.index]] if plain[part.index].sum() >= 2 else part
        for _, part in found.groupby("well_type", sort=True)
    ]
    chosen = pd.concat(kept).sort_values(ORDER)
    return chosen.assign(alive=(chosen["well_type"] == "negative").astype(float))


def _places(wells: pd.DataFrame, rows: pd.Index) -> np.ndarray:
    return wells.index.get_indexer(rows)
