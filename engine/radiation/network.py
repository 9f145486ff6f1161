"""The published SF2 network of Kim and Chung (Nucl. Eng. Technol. 2022), m independent copies of it side by side.

Five blocks of convolution (stride 2, no padding), leaky ReLU and max-pooling 2, then dense layers of 800, 256, 100 and
32 units, each with a skip around it, and the absolute value of one unit. Dropout after every convolution and dense
layer. What the paper leaves open was chosen here: slope 0.3; the skip adds the layer's input, or a linear projection
of it without bias where the widths differ, to what the activation and dropout give; the output is not dropped out.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from engine.errors import NetworkError
from engine.radiation.convolution import long_conv1d, pool_pairs

INPUTS = 54_675  # probe sets of the HG-U133 Plus 2.0 array
FILTERS = (10, 20, 40, 80, 160)
KERNELS = (8192, 2047, 512, 128, 32)  # at INPUTS probes
STRIDE = POOL = 2
DENSE = (800, 256, 100, 32)
SLOPE = 0.3  # of the leaky ReLU; with 0.01 whole layers died near the peak of the learning rate (NCI-60 arrays)
# How weights start: standard deviation times the root of the fan-in. With these the power of the signal neither grows
# nor dies out. The larger of two normal values is 1 / sqrt(pi) on average; unless the bias starts by taking that away,
# what all samples have in common piles up block by block (16 arrays of the NCI-60: more than 90 % of the power after
# the last layer, with it 30 %), and training swings instead of learning.
CONVOLUTION_GAIN, DENSE_GAIN, SKIP_GAIN = 1.5, 1.0, 0.7
OUTPUT_GAIN = 0.01  # so that the output starts at its bias


class Block(NamedTuple):
    """One convolution: its filters, the width of its kernel, its output's length, and that after pooling."""

    filters: int
    kernel: int
    length: int
    pooled: int


def layer_plan(n_inputs: int) -> tuple[Block, ...]:
    """The convolutions for this many probes.

    Kernels are the published ones times n_inputs / 54,675, rounded, and at least 2 wide: with stride 2 a narrower one
    would skip every other value. Blocks from which nothing would be left are left out. Raises NetworkError where not
    even one block fits.
    """
    blocks: list[Block] = []
    length = n_inputs
    for filters, published in zip(FILTERS, KERNELS, strict=True):
        kernel = max(STRIDE, round(published * n_inputs / INPUTS))
        output = (length - kernel) // STRIDE + 1 if length >= kernel else 0
        if output < POOL:
            break
        blocks.append(Block(filters, kernel, output, output // POOL))
        length = output // POOL
    if not blocks:
        raise NetworkError(f"The SF2 network needs 4 probes or more, and there are {n_inputs}. Give more probes.")
    return tuple(blocks)


class _Weights(nn.Module):
    """Weight (m, out, ...), drawn for the fan-in of one member, and bias (m, out) of one layer of m networks."""

    weight: nn.Parameter
    bias: nn.Parameter  # None where none was asked for

    def __init__(self, members: int, shape: tuple[int, ...], gain: float, bias: float | None = 0.0) -> None:
        super().__init__()
        self.scale = gain / torch.Size(shape[1:]).numel() ** 0.5
        self.weight = nn.Parameter(torch.zeros(members, *shape))
        self.register_parameter("bias", None if bias is None else nn.Parameter(torch.full((members, shape[0]), bias)))

    @torch.no_grad()
    def draw(self, member: int, generator: torch.Generator) -> None:
        self.weight[member].normal_(0, self.scale, generator=generator)


class SF2Network(nn.Module):
    """m networks (`members`) for inputs of the same probes; no weight is shared, no sum runs over the members.

    seeds: one per member for its first weights, which are the same whoever stands beside it; without, torch's generator
    draws the seeds. On the device "meta" nothing is drawn. Raises NetworkError where there are too few probes.
    """

    member_dims = 1  # leading dimensions of every parameter that count networks, for `loop.parameter_groups`

    def __init__(
        self, n_inputs: int, members: int = 1, dropout: float = 0.0, seeds: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.n_inputs, self.members, self.dropout = n_inputs, members, dropout
        self.plan = layer_plan(n_inputs)
        channels = (1, *(block.filters for block in self.plan))
        shapes = [(b.filters, c, b.kernel) for b, c in zip(self.plan, channels[:-1], strict=True)]
        bias = -CONVOLUTION_GAIN / math.sqrt(math.pi)
        self.convolutions = nn.ModuleList(_Weights(members, shape, CONVOLUTION_GAIN, bias) for shape in shapes)
        widths = (self.plan[-1].filters * self.plan[-1].pooled, *DENSE)
        pairs = list(zip(widths[1:], widths[:-1], strict=True))
        self.dense = nn.ModuleList(_Weights(members, pair, DENSE_GAIN) for pair in pairs)
        self.skips = nn.ModuleList(
            _Weights(members, pair, SKIP_GAIN, None) if pair[0] != pair[1] else nn.Identity() for pair in pairs
        )
        self.output = _Weights(members, (1, DENSE[-1]), OUTPUT_GAIN)
        if self.output.weight.is_meta:
            return
        for member, seed in enumerate(seeds if seeds is not None else torch.randint(2**31, (members,)).tolist()):
            generator = torch.Generator().manual_seed(seed)
            for layer in _weights(self.modules()):
                layer.draw(member, generator)

    def forward(self, x: Tensor, seeds: Sequence[int] | None = None) -> Tensor:
        """SF2, (m, b), of standardised expression (m, b, n).

        seeds: one per member, from which its dropout masks of this call are drawn; None draws from torch's generator.
        Runs in float32 even under autocast: bfloat16 tells apart SF2 in steps of 0.4 %, errors of 2 % are counted.
        """
        with torch.autocast(x.device.type, enabled=False):
            drop = _Dropout(self.dropout if self.training else 0.0, seeds, x.device)
            x = x[:, :, None]
            for layer in _weights(self.convolutions):
                # Pooled first, then bias and leaky ReLU: both rise monotonically, so the numbers are the same.
                y = long_conv1d(x, layer.weight, None, STRIDE)
                x = drop(leaky_relu(pool_pairs(y) + layer.bias[:, None, :, None], SLOPE))
            x = x.flatten(2)
            for layer, skip in zip(_weights(self.dense), self.skips, strict=True):
                beside = x @ skip.weight.mT if isinstance(skip, _Weights) else x
                x = drop(leaky_relu(_affine(x, layer), SLOPE)) + beside
            return _affine(x, self.output)[..., 0].abs()

    def squared_weights(self) -> Tensor:
        """(m,) sums of the squared weights of convolutions and dense layers, skips included; biases are left out."""
        return torch.stack([layer.weight.flatten(1).square().sum(1) for layer in _weights(self.modules())]).sum(0)


def _weights(modules: Iterable[nn.Module]) -> list[_Weights]:
    return [module for module in modules if isinstance(module, _Weights)]


def _affine(x: Tensor, layer: _Weights) -> Tensor:
    return torch.baddbmm(layer.bias[:, None], x, layer.weight.mT)


class _Dropout:
    """Dropout with a seed per member and layer: on a CPU, a member's masks do not depend on who stands beside it.

    A random byte per unit decides: the rate is rounded to 1/256, which the scale of what stays takes into account.
    """

    def __init__(self, rate: float, seeds: Sequence[int] | None, device: torch.device) -> None:
        self.below = round(rate * 256)
        self.seeds, self.generators = seeds, [torch.Generator(device) for _ in seeds or ()]
        self.layers = 0

    def __call__(self, x: Tensor) -> Tensor:
        if not self.below:
            return x
        self.layers += 1
        # Seeded anew in every layer: a batch that is wider for another member's sake draws more bytes at its end.
        for generator, seed in zip(self.generators, self.seeds or (), strict=True):
            generator.manual_seed(seed + self.layers)
        own: Sequence[torch.Generator | None] = self.generators or [None]
        each = x.numel() // len(own)
        masks = []
        for drawn_by in own:
            words = torch.empty(-(-each // 8), dtype=torch.int64, device=x.device)
            words.random_(-(2**63), None, generator=drawn_by)
            masks.append(words.view(torch.uint8)[:each] >= self.below)
        return x * torch.cat(masks).view(x.shape) * (256 / (256 - self.below))
