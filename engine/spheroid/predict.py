"""What a network says of the wells of a screen: raw viability, percentages, how good they are, activations.

Letters: w wells, f activations of the penultimate layer.
"""

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from engine.spheroid.control_quality import robust_z_prime, z_prime
from engine.spheroid.fit import LOOK
from engine.spheroid.image_store import PreparedImages
from engine.spheroid.network import ScreenNetwork
from engine.spheroid.normalise import Percent, normalised
from engine.spheroid.phases import PhaseWells, smallest_loss
from engine.spheroid.prepare import network_input
from engine.spheroid.replicates import agreement, replicate_pairs
from engine.spheroid.trained import TrainedScreen
from engine.spheroid.types import Plates, Readouts

PLACE = ["plate", "row", "column"]


def places(wells: pd.DataFrame) -> list[tuple[str, str, int]]:
    """The wells of a table as `PreparedImages` calls them."""
    return [(str(plate), str(row), int(column)) for plate, row, column in wells[PLACE].itertuples(index=False)]


def readouts_of(wells: pd.DataFrame, raw: np.ndarray, phase: int) -> Readouts:
    """(w,) raw viabilities as readouts of the modality image_<phase>."""
    return Readouts(f"image_{phase}", wells[PLACE].assign(raw=np.asarray(raw, float)))


def percentages(layout: pd.DataFrame, n_wells: int, readouts: Readouts) -> Percent:
    """Every well of the layout that was looked at with its raw viability and percentage by its plate's controls."""
    found = normalised(readouts, Plates(layout, n_wells))
    return found._replace(frame=found.frame[found.frame["raw"].notna()].reset_index(drop=True))


def metric_rows(
    run_id: str, backbone: str, wells: PhaseWells, raw: np.ndarray, percent: pd.DataFrame, kind: pd.Series
) -> pd.DataFrame:
    """Rows of the table `metric`.

    kind: (w,) well types. Scopes: `train` and `validation` (names loss, accuracy, smallest_loss; n wells), `plate` (key
    its name; z_prime, robust_z_prime; n control wells), `all` (replicate_pearson of percentages; n pairs). Accuracy
    counts controls on the right side of a half. Loss is cross-entropy, of training wells as they are.
    """
    rows: list[tuple[str, str, str, float, float | None, float | None, int]] = []
    for scope, which, target in (
        ("train", wells.train, wells.target),
        ("validation", wells.validation, wells.validation_target),
    ):
        if not len(which):
            continue
        control = kind.iloc[which].isin(["negative", "positive"]).to_numpy()
        right = (raw[which] >= 0.5) == (kind.iloc[which] == "negative").to_numpy()
        rows.append((scope, "", "loss", cross_entropy(raw[which], target), None, None, len(which)))
        rows.append((scope, "", "smallest_loss", smallest_loss(target), None, None, len(which)))
        rows.append((scope, "", "accuracy", float(right[control].mean()), None, None, int(control.sum())))
    for plate, own in percent.groupby("plate", sort=True):
        alive, dead = (own.loc[own["well_type"] == name, "raw"].to_numpy(float) for name in ("negative", "positive"))
        n = len(alive) + len(dead)
        rows.append(("plate", str(plate), "z_prime", z_prime(alive, dead), None, None, n))
        rows.append(("plate", str(plate), "robust_z_prime", robust_z_prime(alive, dead), None, None, n))
    pairs = replicate_pairs(percent)
    if len(pairs):
        found = agreement(pairs)
        rows.append(("all", "", "replicate_pearson", found.r, found.lower, found.upper, found.n))
    frame = pd.DataFrame(rows, columns=["scope", "key", "name", "value", "lower", "upper", "n"])
    frame = frame.astype({"value": float, "lower": float, "upper": float})
    frame.insert(0, "run_id", run_id)
    frame.insert(1, "model", backbone)
    return frame


def cross_entropy(raw: np.ndarray, target: np.ndarray) -> float:
    """Mean cross-entropy of raw viabilities beside the probabilities they were taught."""
    said = torch.from_numpy(np.asarray(raw, float)).clamp(1e-12, 1 - 1e-12)
    return float(functional.binary_cross_entropy(said, torch.from_numpy(np.asarray(target, float))))


def activations(trained: TrainedScreen, images: PreparedImages, wells: pd.DataFrame, device: str = "cpu") -> np.ndarray:
    """(w, f) float32: what the penultimate layer makes of each well, as phenotypes are told by.

    Raises InputError where a well has no image.
    """
    network: ScreenNetwork = trained.network.to(device)
    names = places(wells)
    found = []
    with torch.inference_mode():
        for start in range(0, len(names), LOOK):
            batch = network_input(images.stack(names[start : start + LOOK]), trained.rule).to(device)
            found.append(network.penultimate(batch, trained.views).cpu().numpy())
    return np.concatenate(found) if found else np.empty((0, network.output.in_features), np.float32)
