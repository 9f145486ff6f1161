"""SF2 networks fitted to training sets of one cohort, as many side by side as pay off.

Not published, chosen here: the loss (mean squared error of SF2 plus l2 times the squared weights), Adam with the
schedule of `engine/learn/loop.py`, and the scaling of the input (each probe to mean 0 and standard deviation 1 over
the training samples of that network). Every epoch is trained and the last weights stay: there is nothing to stop by.

A network's result depends on the seed and its own training set, not on who is trained beside it (but for rounding).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import TrainingError
from engine.learn import loop
from engine.radiation.network import SF2Network, layer_plan
from engine.radiation.settings import RadiationSettings
from engine.radiation.trained import TrainedSF2

# Seconds between two checkpoints: an epoch takes about as many, and weights with their moments take 70 MB a network.
SAVE_EVERY_S = 30.0
SD_FLOOR = 0.1  # of the median standard deviation: a probe that never varied in training must not explode afterwards
# Bytes a network takes beside its weights, per sample of a batch and input value: outputs, spectra and gradients of the
# first two blocks. An estimate from their shapes; half of the free memory is planned with.
BYTES_PER_VALUE, WEIGHT_COPIES = 200, 5


def fit_networks(
    values: np.ndarray,
    sf2: np.ndarray,
    trains: Sequence[np.ndarray],
    settings: RadiationSettings,
    resume_file: Path,
    on_step: Callable[[float], None],
    device: str = "cpu",
    *,
    group: int | None = None,
    save_every_s: float = SAVE_EVERY_S,
) -> TrainedSF2:
    """One network per training set; samples outside of a training set do not touch its network.

    values: (n, p) float32, finite. sf2: (n,) fractions. trains: m arrays of sample indices; equal ones get different
    starts. group: how many side by side; None decides by device. on_step: gets the share done, may raise to stop.
    resume_file: with files beside it (`<name>.g0` and so on) what an interrupted fit of the same arguments continues
    from; afterwards it alone holds the networks, and the caller deletes it. Raises TrainingError where a training set
    is empty, a value is missing or the loss is not finite, NetworkError where there are too few probes.
    """
    layer_plan(values.shape[1])
    if not len(trains) or min(len(rows) for rows in trains) == 0:
        raise TrainingError("A network was given no sample to train on. Give every fit at least one sample.")
    used = np.unique(np.concatenate(trains))
    if not (np.isfinite(values[used]).all() and np.isfinite(sf2[used]).all()):
        raise TrainingError(
            "Expression or SF2 of a training sample is missing. Fill or leave out what is missing first."
        )
    if resume_file.exists():
        return TrainedSF2.load(resume_file)
    seeds = _member_seeds(trains, settings.seed)
    given = torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(device)
    target = torch.from_numpy(np.asarray(sf2, np.float32)).to(device)
    size = group or side_by_side(values.shape[1], settings.batch_size, device)
    parts: list[TrainedSF2] = []
    order: list[int] = []
    for members in _groups(trains, settings.batch_size, size):
        file = resume_file.with_name(f"{resume_file.name}.g{len(parts)}")
        one = _Group([trains[i] for i in members], [seeds[i] for i in members], given, target, settings)
        shares = len(order) / len(trains), len(members) / len(trains)
        parts.append(one.fit(file, save_every_s, partial(_tell, on_step, *shares)))
        order += members
    trained = TrainedSF2.joined(parts).picked(np.argsort(order))
    trained.save(resume_file)
    for number in range(len(parts)):
        _finished(resume_file.with_name(f"{resume_file.name}.g{number}")).unlink()
    return trained


def side_by_side(n_inputs: int, batch_size: int, device: str) -> int:
    """How many networks to train together: on a CPU one, as it works on one after the other anyway and several fill
    its cache sooner."""
    if not device.startswith("cuda"):
        return 1
    free, _ = torch.cuda.mem_get_info()
    with torch.device("meta"):
        weights = sum(parameter.numel() for parameter in SF2Network(n_inputs).parameters())
    return max(1, int(free / 2 // (BYTES_PER_VALUE * batch_size * n_inputs + 4 * WEIGHT_COPIES * weights)))


class _Training(nn.Module):
    """Networks with their learning curves, which so travel with the checkpoint."""

    member_dims = SF2Network.member_dims
    losses: Tensor  # (epochs, g) mean squared error over the epoch's batches

    def __init__(self, network: SF2Network, epochs: int) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("losses", torch.zeros(epochs, network.members))


class _Group:
    """g networks trained side by side, whose training sets make the same number of batches."""

    def __init__(
        self, trains: list[np.ndarray], seeds: list[int], values: Tensor, target: Tensor, settings: RadiationSettings
    ) -> None:
        self.trains, self.seeds, self.values, self.target, self.settings = trains, seeds, values, target, settings
        self.device = str(values.device.type)
        self.steps = _steps(len(trains[0]), settings.batch_size)
        scales = [_scale(values[torch.from_numpy(rows).to(values.device)]) for rows in trains]
        self.mean = torch.stack([mean for mean, _ in scales])
        self.sd = torch.stack([sd for _, sd in scales])
        network = SF2Network(values.shape[1], len(trains), settings.dropout, seeds)
        self.training = _Training(network, settings.epochs)

    def fit(self, file: Path, save_every_s: float, share: Callable[[float], None]) -> TrainedSF2:
        """Train to the last epoch. file: where an interrupted training continues from; gone when it is finished."""
        if _finished(file).exists():
            file.unlink(missing_ok=True)
            return TrainedSF2.load(_finished(file))
        settings, training = self.settings, self.training
        with torch.no_grad():  # starting at the mean saves epochs; training it away costs nothing
            for member, rows in enumerate(self.trains):
                training.network.output.bias[member] = self.target[torch.from_numpy(rows).to(self.device)].mean().cpu()
        training.to(self.device)
        patience = 0  # nothing validates
        how = loop.LoopSettings(
            settings.epochs, settings.learning_rate, patience, settings.seed, self.device, save_every_s
        )
        self.latest: Tensor | None = None

        def on_step(step: int, total: int, history: list[loop.Epoch]) -> None:
            if self.latest is not None:
                training.losses[(step - 1) // self.steps] += self.latest / self.steps
                self.latest = None
            share(step / total)

        loop.fit(training, self._batches, self._loss, None, how, file, on_step)
        weights = {key: value.cpu() for key, value in training.network.state_dict().items()}
        trained = TrainedSF2(weights, self.mean.cpu(), self.sd.cpu(), training.losses.cpu())
        trained.save(_finished(file))
        file.unlink()
        return trained

    def _batches(self, rng: np.random.Generator) -> list[loop.Batch]:
        """Per step: samples (g, b), 1 or 0 where a member has a sample less than others (g, b), seeds of dropout (g,).

        The generator only says which epoch it is; members shuffle by generators of their own.
        """
        epoch = int(rng.integers(2**62))
        own = [np.random.default_rng([epoch, seed]) for seed in self.seeds]
        cuts = [np.array_split(r.permutation(rows), self.steps) for r, rows in zip(own, self.trains, strict=True)]
        dropout = [r.integers(2**62, size=self.steps) for r in own]
        batches: list[loop.Batch] = []
        for step in range(self.steps):
            width = max(len(cut[step]) for cut in cuts)
            rows = np.stack([np.pad(cut[step], (0, width - len(cut[step])), mode="edge") for cut in cuts])
            counts = np.array([[len(cut[step])] for cut in cuts])
            batches.append((rows, np.arange(width) < counts, np.array([seeds[step] for seeds in dropout])))
        return batches

    def _loss(self, batch: loop.Batch) -> Tensor:
        """The sum over networks, not their mean: the gradient of one is the same whoever stands beside it."""
        rows, counted = torch.from_numpy(batch[0]).to(self.device), torch.from_numpy(batch[1]).to(self.device)
        network = self.training.network
        x = (self.values[rows] - self.mean[:, None]) / self.sd[:, None]  # only the batch, never m copies of the cohort
        error = network(x, batch[2].tolist()) - self.target[rows]
        squared = (error.square() * counted).sum(1) / counted.sum(1)
        self.latest = squared.detach()
        return (squared + self.settings.l2 * network.squared_weights()).sum()


def _tell(on_step: Callable[[float], None], before: float, part: float, done: float) -> None:
    on_step(before + part * done)


def _finished(file: Path) -> Path:
    return file.with_name(f"{file.name}.done")


def _steps(samples: int, batch_size: int) -> int:
    return -(-samples // batch_size)


def _groups(trains: Sequence[np.ndarray], batch_size: int, size: int) -> list[list[int]]:
    """Members by number of batches, at most `size` together: nobody's schedule depends on others."""
    by_steps: dict[int, list[int]] = {}
    for member, rows in enumerate(trains):
        by_steps.setdefault(_steps(len(rows), batch_size), []).append(member)
    return [alike[i : i + size] for alike in by_steps.values() for i in range(0, len(alike), size)]


def _member_seeds(trains: Sequence[np.ndarray], seed: int) -> list[int]:
    """A seed of each training set's own, and another one where the same set comes again."""
    seen: Counter[bytes] = Counter()
    seeds = []
    for rows in trains:
        key = np.asarray(rows, np.int64).tobytes()
        digest = hashlib.sha256(key + f"|{seed}|{seen[key]}".encode()).digest()
        seen[key] += 1
        seeds.append(int.from_bytes(digest[:7], "big"))
    return seeds


def _scale(values: Tensor) -> tuple[Tensor, Tensor]:
    """(p,) mean and standard deviation of each probe over these samples; never zero."""
    sd, mean = torch.std_mean(values.double(), dim=0, correction=0)
    varying = sd[sd > 0]
    floor = float(varying.median()) * SD_FLOOR if len(varying) else 1.0
    return mean.float(), sd.clamp(min=floor).float()
