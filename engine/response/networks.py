"""The five published CDRscan networks, layer by layer.

Source: Chang et al. 2018, Sci Rep 8:8857. The kernels, filters and strides reproduce its parameter counts exactly:
365,486 (master), 367,116 (fully connected), 8,427,949 (shallow), 367,124 (tanh), 262,306 (unified).

Shapes: n = pairs, l = lines, d = drugs, g = mutated positions, m = drug bits, f = filters, w = windows.
Tensors inside a branch are (n, f, w), as torch's convolutions take them.
"""

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import NetworkError
from engine.response.settings import NETWORKS

PUBLISHED_POSITIONS, PUBLISHED_DRUG_BITS = 28_328, 3_072
BRANCH_WIDTH, DOCKING_WIDTH = 100, 300
BRANCH_DROPOUT, DOCKING_DROPOUT, HEAD_DROPOUT = 0.1, 0.1, 0.2
# Keras' defaults of 2018; torch's epsilon of 1e-5 would change the scale of these sparse bits by over a quarter.
NORM_EPSILON, NORM_MOMENTUM = 1e-3, 0.99


@dataclass(frozen=True)
class Stage:
    """One convolution without padding, its activation, and max-pooling of size and stride `pool`."""

    filters: int
    kernel: int
    stride: int
    activation: str
    pool: int

    def windows(self, length: int) -> int:
        return max(0, (length - self.kernel) // self.stride + 1)


@dataclass(frozen=True)
class Architecture:
    """What tells one published network from another. `drug` is None where both inputs share one branch."""

    name: str
    cell: tuple[Stage, ...]
    drug: tuple[Stage, ...] | None
    docking: tuple[Stage, ...]
    head: tuple[tuple[int, str], ...]
    output: str = "linear"
    input_norm: bool = False

    @property
    def dual_convergence(self) -> bool:
        return self.drug is not None


_CELL = (Stage(50, 700, 5, "tanh", 5), Stage(30, 5, 2, "relu", 10))
_DRUG = (Stage(50, 200, 3, "tanh", 5), Stage(30, 50, 5, "relu", 10))
_DOCKING = (Stage(30, 150, 1, "relu", 2), Stage(10, 5, 1, "relu", 3), Stage(5, 5, 1, "relu", 3))
_DENSE_HEAD = ((40, "relu"), (10, "relu"))

ARCHITECTURES: dict[str, Architecture] = {
    a.name: a
    for a in (
        Architecture("master", _CELL, _DRUG, _DOCKING, ()),
        Architecture("fully_connected", _CELL, _DRUG, _DOCKING, _DENSE_HEAD),
        Architecture(
            "shallow",
            (Stage(64, 700, 5, "tanh", 5),),
            (Stage(64, 200, 3, "tanh", 5),),
            _DOCKING[:2],
            ((40, "linear"),),  # no activation is published for this layer
        ),
        Architecture("tanh", _CELL, _DRUG, _DOCKING, _DENSE_HEAD, output="tanh", input_norm=True),
        Architecture("unified", _CELL, None, _DOCKING, ()),
    )
}
assert tuple(ARCHITECTURES) == NETWORKS


def activate(name: str, x: Tensor) -> Tensor:
    return {"tanh": torch.tanh, "relu": torch.relu, "linear": lambda t: t}[name](x)


def smallest_input(stages: tuple[Stage, ...]) -> int:
    """The shortest input for which every stage still gives one value after pooling."""
    length = 1
    for stage in reversed(stages):
        length = (length * stage.pool - 1) * stage.stride + stage.kernel
    return length


class InputNorm(nn.Module):
    """Batch normalisation of a one-channel binary input: two statistics over all bits of all pairs of the batch.

    The bits are never materialised per pair: the mean of binary bits follows from how many are set, the variance
    is mean (1 - mean), and the normalised input is an affine map that the next convolution absorbs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.bias = nn.Parameter(torch.zeros(1))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.zeros(1))
        self.register_buffer("running_var", torch.ones(1))

    def affine(self, mean: Tensor | None) -> tuple[Tensor, Tensor]:
        """Scale and shift that normalise the input; `mean`, the batch's share of set bits, is needed in training."""
        if self.training:
            if mean is None:
                raise ValueError("batch statistics are needed in training")
            mean = mean.to(self.running_mean).reshape(1)
            var = mean * (1 - mean)
            with torch.no_grad():
                self.running_mean.lerp_(mean, 1 - NORM_MOMENTUM)
                self.running_var.lerp_(var, 1 - NORM_MOMENTUM)
        else:
            # Copies: a later training batch updates the buffers in place, which gradients of this one must not see.
            mean, var = self.running_mean.clone(), self.running_var.clone()
        scale = self.weight / torch.sqrt(var + NORM_EPSILON)
        return scale, self.bias - mean * scale


class Branch(nn.Module):
    """Convolutions and one dense layer of 100: a line or a drug becomes a vector. Dropout comes after it, per pair."""

    def __init__(self, stages: tuple[Stage, ...], length: int, what: str) -> None:
        super().__init__()
        needed = smallest_input(stages)
        if length < needed:
            raise NetworkError(f"{length:,} {what} are too few for this network: it needs at least {needed:,}.")
        self.stages = stages
        channels = 1
        convs: list[nn.Conv1d] = []
        for stage in stages:
            convs.append(nn.Conv1d(channels, stage.filters, stage.kernel, stage.stride))
            channels, length = stage.filters, stage.windows(length) // stage.pool
        self.convs = nn.ModuleList(convs)
        self.length = length
        self.dense = nn.Linear(channels * length, BRANCH_WIDTH)

    def first(self, affine: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Weight (f, kernel) and bias (f,) of the first convolution, with an input normalisation folded in."""
        first = cast(nn.Conv1d, self.convs[0])
        assert first.bias is not None
        weight, bias = first.weight[:, 0], first.bias
        if affine is None:
            return weight, bias
        scale, shift = affine
        return weight * scale, bias + shift * weight.sum(1)

    def convolve(self, bits: Tensor, affine: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """(n, length) bits -> (n, f, w) after the first convolution, its pooling and activation.

        Pooling goes before the activation: both are monotonic, so the values are the same at a fifth of the cost.
        """
        stage = self.stages[0]
        weight, bias = self.first(affine)
        windows = F.conv1d(bits[:, None].to(weight.dtype), weight[:, None], bias, stage.stride)
        return activate(stage.activation, F.max_pool1d(windows, stage.pool))

    def later(self, x: Tensor) -> Tensor:
        """(n, f, w) after the first stage -> (n, f', w') after the last."""
        for stage, conv in zip(self.stages[1:], list(self.convs)[1:], strict=True):
            x = activate(stage.activation, F.max_pool1d(conv(x), stage.pool))
        return x

    def vector(self, x: Tensor) -> Tensor:
        """(n, f', w') after the last stage -> (n, 100)."""
        return torch.relu(self.dense(x.flatten(1)))


class Docking(nn.Module):
    """From the joined vectors to ln(IC50): dense 300 read as a signal, convolutions, head."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        width = BRANCH_WIDTH * (2 if architecture.dual_convergence else 1)
        self.dense = nn.Linear(width, DOCKING_WIDTH)
        channels, length, convs = 1, DOCKING_WIDTH, []
        for stage in architecture.docking:
            convs.append(nn.Conv1d(channels, stage.filters, stage.kernel, stage.stride))
            channels, length = stage.filters, stage.windows(length) // stage.pool
        self.convs = nn.ModuleList(convs)
        width, layers = channels * length, []
        for units, _ in architecture.head:
            layers.append(nn.Linear(width, units))
            width = units
        self.head = nn.ModuleList(layers)
        self.output = nn.Linear(width, 1)

    def forward(self, joined: Tensor) -> Tensor:
        """(n, 200) or (n, 100) after the branches' dropout -> (n,)."""
        return self.signal(self.dense(joined))

    def signal(self, dense: Tensor) -> Tensor:
        """(n, 300) before its activation -> (n,)."""
        x = F.dropout(torch.tanh(dense), DOCKING_DROPOUT, self.training)[:, None]
        for stage, conv in zip(self.architecture.docking, self.convs, strict=True):
            x = activate(stage.activation, F.max_pool1d(conv(x), stage.pool))
        x = F.dropout(x, DOCKING_DROPOUT, self.training).flatten(1)
        for (_, activation), layer in zip(self.architecture.head, self.head, strict=True):
            x = F.dropout(activate(activation, layer(x)), HEAD_DROPOUT, self.training)
        if not self.head:
            x = F.dropout(x, HEAD_DROPOUT, self.training)
        return activate(self.architecture.output, self.output(x))[:, 0]


class ResponseNetwork(nn.Module):
    """One of the five. `forward` is the published evaluation, pair by pair; `factorised` is the fast one.

    n_positions: g, n_drug_bits: m. Raises NetworkError where either is too short for the kernels.
    """

    def __init__(self, name: str, n_positions: int, n_drug_bits: int = PUBLISHED_DRUG_BITS) -> None:
        super().__init__()
        if name not in ARCHITECTURES:
            raise NetworkError(f"There is no network called '{name}'. Known: {', '.join(NETWORKS)}.")
        self.architecture = architecture = ARCHITECTURES[name]
        self.n_positions, self.n_drug_bits = n_positions, n_drug_bits
        self.cell_norm = InputNorm() if architecture.input_norm else None
        self.drug_norm = InputNorm() if architecture.input_norm else None
        if architecture.drug is None:
            needed = smallest_input(architecture.cell)
            if n_positions < needed:  # the same floor as the dual networks, so that an ensemble is all or nothing
                raise NetworkError(f"{n_positions:,} positions are too few for this network: it needs {needed:,}.")
            self.cell = Branch(architecture.cell, n_positions + n_drug_bits, "positions and drug bits")
            self.drug: Branch | None = None
        else:
            self.cell = Branch(architecture.cell, n_positions, "mutated positions")
            self.drug = Branch(architecture.drug, n_drug_bits, "drug bits")
        self.docking = Docking(architecture)
        self.apply(_keras_initialisation)

    def parameter_count(self) -> int:
        """As Keras counts: batch normalisation's two running statistics included."""
        buffers = sum(buffer.numel() for name, buffer in self.named_buffers() if "running" in name)
        return sum(p.numel() for p in self.parameters()) + buffers

    def forward(self, genomes: Tensor, drugs: Tensor) -> Tensor:
        """(n, g) and (n, m) bits, one row per pair -> (n,) ln(IC50) in uM (scaled, for `tanh`)."""
        if self.drug is None:
            joined = torch.cat([genomes, drugs], 1)
            vector = self.cell.vector(self.cell.later(self.cell.convolve(joined)))
            return self.docking(self.branch_dropout(vector))
        cell = self._branch(self.cell, self.cell_norm, genomes)
        drug = self._branch(self.drug, self.drug_norm, drugs)
        return self.docking(torch.cat([self.branch_dropout(cell), self.branch_dropout(drug)], 1))

    def branch_dropout(self, x: Tensor) -> Tensor:
        return F.dropout(x, BRANCH_DROPOUT, self.training)

    @staticmethod
    def _branch(branch: Branch, norm: InputNorm | None, bits: Tensor) -> Tensor:
        if norm is not None:
            scale, shift = norm.affine(bits.mean(dtype=norm.weight.dtype))
            bits = bits * scale + shift
        return branch.vector(branch.later(branch.convolve(bits)))


def _keras_initialisation(module: nn.Module) -> None:
    if isinstance(module, nn.Conv1d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def network_table() -> list[dict[str, str | int | bool]]:
    """Name, parameter count and kind of the five at the published input sizes."""
    rows: list[dict[str, str | int | bool]] = []
    for name, architecture in ARCHITECTURES.items():
        count = ResponseNetwork(name, PUBLISHED_POSITIONS).parameter_count()
        rows.append({"name": name, "parameters": count, "dual_convergence": architecture.dual_convergence})
    return rows
