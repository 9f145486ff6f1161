"""One network fitted to the wells of one phase, and what it then says of wells.

Letters: w wells of a screen, n of them train, b images of a batch, d numbers that the convolutions make of an image.
Loss: cross-entropy with smoothed labels, by Adam (Berker et al. 2022, section II-B.3).
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.learn import loop
from engine.spheroid.network import ScreenNetwork, viability
from engine.spheroid.phases import PhaseWells
from engine.spheroid.prepare import augment, network_input
from engine.spheroid.presets import Recipe

LOOK = 4  # images at a time that are only looked at: on a CPU 16 take half as long again each
SAVE_EVERY_S = 60.0  # of all layers of VGG19 a checkpoint has 1.6 GB


class Shown(NamedTuple):
    """The wells of a screen. images: (b,) their positions -> (b, 2, 224, 224) uint16. n: w. rule: of prepare.RULES."""

    images: Callable[[np.ndarray], np.ndarray]
    n: int
    rule: str


class Workplace(NamedTuple):
    """checkpoints: from where an interrupted training continues. told: fraction done and words; what it raises stops
    the work."""

    device: str
    seed: int
    checkpoints: Path
    told: Callable[[float, str], None]


class Fitted(NamedTuple):
    """raw: (w,) raw viability of every well. wells: which trained. history: one line an epoch, the validation loss in
    the place of validation_rmse."""

    raw: np.ndarray
    wells: PhaseWells
    history: list[loop.Epoch]


def fit(
    network: ScreenNetwork,
    shown: Shown,
    chosen: Callable[[Callable[[], np.ndarray]], PhaseWells],
    how: Recipe,
    at: Workplace,
) -> Fitted:
    """Train `network` in place on the wells that `chosen` names, then look at all wells.

    chosen: says which wells train and what they are taught; what it is given finds (w,) raw viabilities by the network
    as it came.
    Raises TrainingError where the loss is not finite.
    """
    # Channels beside each other: SqueezeNet's convolutions take a CPU half the time.
    network = network.to(at.device).eval()
    network.features.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its stub lacks it
    if how.whole:
        wells = chosen(lambda: look(network, shown, at, (0.0, 0.05)))
        train = partial(_see_images, network, shown, wells.train, at.device)
        validate = partial(_see_images, network, shown, wells.validation, at.device)
        history = _train(network, train, validate, wells, how, at, (0.05, 0.95))
        return Fitted(look(network, shown, at, (0.95, 1.0)), wells, history)
    plain = _bottoms(network, shown, np.arange(shown.n), 0, how.views, at, (0.0, 0.35))
    wells = chosen(lambda: _from_bottoms(network, plain, at.device))
    length = 0.45 / how.versions
    versions = [
        _bottoms(network, shown, wells.train, number, 1, at, (0.35 + length * (number - 1), 0.35 + length * number))
        for number in range(1, how.versions + 1)
    ]
    train = partial(_see_bottoms, network, np.stack([plain[wells.train], *versions]), at.device)
    validate = partial(_see_bottoms, network, plain[None, wells.validation], at.device)
    history = _train(network.dense(), train, validate, wells, how, at, (0.8, 1.0))
    network.eval()
    return Fitted(_from_bottoms(network, plain, at.device), wells, history)


def look(network: ScreenNetwork, shown: Shown, at: Workplace, span: tuple[float, float] = (0.0, 1.0)) -> np.ndarray:
    """(w,) raw viability of every well. span: from where to where the progress goes meanwhile."""
    see = partial(_see_images, network.to(at.device).eval(), shown, np.arange(shown.n), at.device)
    found = []
    with torch.inference_mode():
        for places in _parts(shown.n):
            at.told(span[0] + (span[1] - span[0]) * places[0] / shown.n, f"Looking at {shown.n:,} wells")
            found.append(viability(see(places, None)).cpu().numpy())
    return np.concatenate(found)


# (b,) places among some wells, the seed of an augmentation or None -> (b, 2), before the softmax
_See = Callable[[np.ndarray, int | None], Tensor]


def _see_images(
    network: ScreenNetwork, shown: Shown, wells: np.ndarray, device: str, places: np.ndarray, seed: int | None
) -> Tensor:
    batch = network_input(shown.images(wells[places]), shown.rule).to(device)
    return network(batch if seed is None else augment(batch, torch.Generator().manual_seed(seed)))


def _see_bottoms(network: ScreenNetwork, kept: np.ndarray, device: str, places: np.ndarray, seed: int | None) -> Tensor:
    """kept: (versions, n, d); each well is seen in a version by chance."""
    drawn = 0 if seed is None else np.random.default_rng(seed).integers(0, len(kept), len(places))
    return network.rest(torch.from_numpy(kept[drawn, places]).to(device))


def _train(
    learns: torch.nn.Module,
    see_training: _See,
    see_validation: _See,
    wells: PhaseWells,
    how: Recipe,
    at: Workplace,
    span: tuple[float, float],
) -> list[loop.Epoch]:
    """learns: the part of the network whose weights change."""
    target, held = (_two_outputs(values, at.device) for values in (wells.target, wells.validation_target))

    def batches(rng: np.random.Generator) -> Sequence[loop.Batch]:
        order = rng.permutation(len(wells.train))
        cut = [order[i : i + how.batch_size] for i in range(0, len(order), how.batch_size)]
        return [(places, rng.integers(2**62, size=1)) for places in cut]

    def loss_of(batch: loop.Batch) -> Tensor:
        return functional.cross_entropy(see_training(batch[0], int(batch[1][0])), target[batch[0]])

    def validate() -> float:
        outputs = torch.cat([see_validation(places, None) for places in _parts(len(wells.validation))])
        return float(functional.cross_entropy(outputs.float(), held))

    def on_step(step: int, steps: int, history: list[loop.Epoch]) -> None:
        words = f"Epoch {min(len(history) + 1, how.epochs)} of {how.epochs}"
        at.told(span[0] + (span[1] - span[0]) * step / steps, words)

    settings = loop.LoopSettings(
        how.epochs, how.learning_rate, how.epochs, at.seed, at.device, SAVE_EVERY_S,
        choose=False, constant_rate=how.constant_rate,
    )  # fmt: skip
    checked = validate if len(wells.validation) else None
    return loop.fit(learns, batches, loss_of, checked, settings, at.checkpoints / "training.pt", on_step)


def _bottoms(
    network: ScreenNetwork, shown: Shown, wells: np.ndarray, version: int, views: int, at: Workplace,
    span: tuple[float, float],
) -> np.ndarray:  # fmt: skip
    """(n, d) what the convolutions make of wells, kept across a resume. version: 0 as they are, else augmented."""
    file = at.checkpoints / f"bottoms_{version}.npy"
    if file.exists():
        kept: np.ndarray = np.load(file, allow_pickle=False)
        return kept
    chance = torch.Generator().manual_seed(int(np.random.default_rng([at.seed, 2, version]).integers(2**62)))
    words = f"Images, augmented ({version})" if version else "Images as they are"
    found = []
    with torch.inference_mode():
        for places in _parts(len(wells)):
            at.told(span[0] + (span[1] - span[0]) * places[0] / len(wells), words)
            batch = network_input(shown.images(wells[places]), shown.rule).to(at.device)
            found.append(network.bottom(augment(batch, chance) if version else batch, views).cpu().numpy())
    made = np.concatenate(found)
    part = file.with_suffix(".part.npy")  # half a file must not count as kept
    np.save(part, made)
    part.replace(file)
    return made


def _from_bottoms(network: ScreenNetwork, bottoms: np.ndarray, device: str) -> np.ndarray:
    with torch.inference_mode():
        parts = [network.rest(torch.from_numpy(bottoms[places]).to(device)) for places in _parts(len(bottoms))]
        return viability(torch.cat(parts)).cpu().numpy()


def _two_outputs(alive: np.ndarray, device: str) -> Tensor:
    """(n,) probabilities of the negative control -> (n, 2)."""
    first = torch.from_numpy(np.asarray(alive)).float()
    return torch.stack([first, 1 - first], dim=1).to(device)


def _parts(n: int) -> list[np.ndarray]:
    return [np.arange(start, min(start + LOOK, n)) for start in range(0, n, LOOK)]
