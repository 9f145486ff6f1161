"""How long a training step of the SF2 network takes by FFT, beside torch.nn.Conv1d, and what the published runs cost.

    .venv/bin/python benchmarks/radiation.py [--inputs 54675] [--batch 16] [--threads 2] [--json]

Simulated noise of the published size. `fft` and `conv1d` are seconds of one whole training step (forward, backward,
Adam; dropout 0) of one network at the same batch, from the same weights; their losses before the step agree. `epoch` is
a timed epoch of SAMPLES arrays by the training code itself, dropout, L2 and scaling included; `protocol_hours` is that
times FITS fits of EPOCHS epochs: 5 rounds of 6 folds of 174 arrays. `prediction_s`: one array by one network. Where
there is a GPU, `gpu_epoch` is an epoch of FITS networks side by side and `gpu_protocol_minutes` that times EPOCHS.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, linear, max_pool1d

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.jobs.context import peak_memory_mib
from engine.radiation.fit import fit_networks, side_by_side
from engine.radiation.network import INPUTS, POOL, SLOPE, STRIDE, SF2Network
from engine.radiation.settings import RadiationSettings

ARRAYS, SAMPLES = 174, 145  # in all; in the training set of a fold
FITS, EPOCHS = 30, 100
BATCH, REPEATS = 16, 5


class PlainNetwork(nn.Module):
    """The same network as anybody would write it: torch.nn.Conv1d, max_pool1d, Linear."""

    def __init__(self, network: SF2Network) -> None:
        super().__init__()
        channels = (1, *(block.filters for block in network.plan))
        pairs = zip(network.plan, channels[:-1], strict=True)
        self.convolutions = nn.ModuleList(nn.Conv1d(c, b.filters, b.kernel, STRIDE) for b, c in pairs)
        with torch.no_grad():
            for mine, theirs in zip(self.convolutions, network.convolutions, strict=True):
                mine.weight.copy_(theirs.weight[0])
                mine.bias.copy_(theirs.bias[0])
        rest = [*network.dense, *network.skips, network.output]
        self.dense = nn.ParameterList([layer.weight.detach()[0].clone() for layer in rest])
        self.biases = nn.ParameterList([layer.bias.detach()[0].clone() for layer in rest if layer.bias is not None])

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, None]
        for convolution in self.convolutions:
            x = max_pool1d(leaky_relu(convolution(x), SLOPE), POOL)
        x = x.flatten(1)
        layers = (len(self.dense) - 1) // 2
        for i in range(layers):
            x = leaky_relu(linear(x, self.dense[i], self.biases[i]), SLOPE) + linear(x, self.dense[layers + i])
        return linear(x, self.dense[-1], self.biases[-1])[:, 0].abs()


def step_of(network: nn.Module, x: Tensor, target: Tensor) -> Callable[[], float]:
    optimiser = torch.optim.Adam(network.parameters(), 1e-5, fused=True)

    def step() -> float:
        loss = (network(x).reshape(-1) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    return step


def timed(step: Callable[[], float], repeats: int) -> tuple[float, float]:
    """The first loss, and seconds of the fastest of `repeats` steps after it."""
    first, seconds = step(), []
    for _ in range(repeats):
        started = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - started)
    return first, min(seconds)


def epochs_of(values: np.ndarray, sf2: np.ndarray, fits: int, batch: int, device: str) -> tuple[float, float]:
    """Seconds of an epoch by the training code (the faster of two), and of the prediction of an array by a network."""
    rng = np.random.default_rng(1)
    trains = [np.sort(rng.permutation(len(sf2))[:SAMPLES]) for _ in range(fits)]
    # The first epoch also warms up; the share done tells when an epoch ended.
    marks: list[float] = []

    def on_step(share: float) -> None:
        if any(abs(share - part) < 1e-9 for part in (1 / 3, 2 / 3, 1)):
            marks.append(time.perf_counter())

    settings = replace(RadiationSettings(), epochs=3, batch_size=batch)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fit.pt"
        trained = fit_networks(values, sf2, trains, settings, file, on_step, device, group=fits, save_every_s=1e9)
    ends = marks[0], marks[2], marks[-2]  # each epoch's end is told twice: after its last step, after its checkpoint
    started = time.perf_counter()
    trained.predict(values[:BATCH], device)
    return min(np.diff(ends)), (time.perf_counter() - started) / (BATCH * fits)


def measure(inputs: int, batch: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    values = rng.normal(8, 2, (ARRAYS, inputs)).astype(np.float32)
    sf2 = rng.uniform(0.05, 0.9, ARRAYS)
    network = SF2Network(inputs, seeds=[0])
    plain = PlainNetwork(network)
    x, target = torch.from_numpy((values[:batch] - 8) / 2), torch.from_numpy(sf2[:batch]).float()
    ours, fft = timed(step_of(network, x[None], target), REPEATS)
    theirs, conv1d = timed(step_of(plain, x, target), 1)  # of many seconds
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    epoch, prediction = epochs_of(values, sf2, 1, batch, "cpu")
    result = {
        "inputs": inputs, "batch": batch, "threads": torch.get_num_threads(), "fft": fft, "conv1d": conv1d,
        "ratio": conv1d / fft, "epoch": epoch, "protocol_hours": epoch * FITS * EPOCHS / 3600,
        "prediction_s": prediction, "peak_memory_mib": peak_memory_mib(),
    }  # fmt: skip
    if torch.cuda.is_available():
        result |= {"gpu": torch.cuda.get_device_name(), "gpu_fits_that_fit": side_by_side(inputs, batch, "cuda")}
        gpu_epoch, _ = epochs_of(values, sf2, FITS, batch, "cuda")
        result |= {"gpu_epoch": gpu_epoch, "gpu_protocol_minutes": gpu_epoch * EPOCHS / 60}
        result["gpu_peak_gib"] = torch.cuda.max_memory_allocated() / 1024**3
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=INPUTS)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--threads", type=int, help="of torch; its default without")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    found = measure(given.inputs, given.batch)
    if given.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{found['inputs']:,} inputs, batches of {found['batch']}, {found['threads']} threads")
    print(
        f"one training step: FFT {found['fft']:.3f} s, torch.nn.Conv1d {found['conv1d']:.2f} s: {found['ratio']:.0f} x"
    )
    print(f"one epoch of {SAMPLES} arrays {found['epoch']:.2f} s; prediction {1e3 * found['prediction_s']:.0f} ms")
    print(f"published protocol, {FITS} fits x {EPOCHS} epochs: {found['protocol_hours']:.2f} h")
    if "gpu" not in found:
        print("no GPU here: that part is skipped")
        return
    print(f"{found['gpu']}: an epoch of {FITS} networks side by side {found['gpu_epoch']:.2f} s")
    print(f"the protocol {found['gpu_protocol_minutes']:.1f} minutes, {found['gpu_peak_gib']:.1f} GiB at most")


if __name__ == "__main__":
    main()
