"""The five networks evaluated without running every pair from scratch, with the same numbers.

Each distinct line and each distinct drug of a batch goes through its branch once; the pairs gather the vectors, and
dropout is applied per pair after the gather. `unified` has one branch over both inputs, but convolution and pooling
are local: all that does not touch the seam between genome and drug bits belongs to the line or to the drug alone, and
before an activation every convolution is a sum of a line part and a drug part.

Shapes: as in `networks`; `lines` and `drugs` are the distinct rows of a batch, `line` and `drug` index them per pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.response.networks import BRANCH_WIDTH, InputNorm, ResponseNetwork, activate
from engine.response.sparse import WindowBags, WindowIndex, sparse_windows, sparse_windows_pooled


@dataclass(frozen=True)
class SeamLayout:
    """Where the seam of a joined input lies in every layer of the unified network.

    Windows [0, line_windows) belong to the line alone, [line_windows, drug_from) to both, the rest to the drug alone;
    likewise the first layer's pooled windows (`pooled_*`), the second layer's outputs (`out_*`) and their pools.
    """

    positions: int
    bits: int
    windows: int
    line_windows: int
    drug_from: int
    pooled_line: int
    pooled_drug_from: int
    pools_line: int
    pools_drug_from: int
    pools: int


def seam_layout(network: ResponseNetwork) -> SeamLayout:
    first, second = network.cell.stages
    g, m = network.n_positions, network.n_drug_bits
    windows = first.windows(g + m) // first.pool * first.pool  # what pooling drops is never computed
    line_windows = min(windows, first.windows(g)) // first.pool * first.pool
    drug_from = min(windows, -(-g // first.stride))
    drug_from = min(windows, -(-drug_from // first.pool) * first.pool)
    pooled_line, pooled_drug_from = line_windows // first.pool, drug_from // first.pool
    outputs = second.windows(windows // first.pool)
    pools = outputs // second.pool
    pools_line = second.windows(pooled_line) // second.pool
    first_drug_output = -(-pooled_drug_from // second.stride)
    pools_drug_from = min(pools, -(-first_drug_output // second.pool))
    return SeamLayout(
        g, m, windows, line_windows, drug_from, pooled_line, pooled_drug_from, pools_line, pools_drug_from, pools
    )


class Features(NamedTuple):
    """What a network computed once per line or once per drug, ready to be gathered by pairs."""

    vector: Tensor  # dual: (n, 100); unified: (n, 100), its share of the dense layer
    seam: Tensor | None = None  # unified: (n, w, f) share of the first layer's windows at the seam
    pooled: Tensor | None = None  # unified: (n, f, p) its own pooled windows next to the seam

    def some(self, first: int, stop: int) -> "Features":
        """Those of the rows from `first` on and before `stop`."""
        seam, pooled = (None if part is None else part[first:stop] for part in (self.seam, self.pooled))
        return Features(self.vector[first:stop], seam, pooled)

    @classmethod
    def join(cls, parts: "Sequence[Features]") -> "Features":
        """The rows of all parts, one after the other."""
        seams = [part.seam for part in parts if part.seam is not None]
        pooled = [part.pooled for part in parts if part.pooled is not None]
        vector = torch.cat([part.vector for part in parts])
        return cls(vector, torch.cat(seams) if seams else None, torch.cat(pooled) if pooled else None)


class Genomes:
    """The lines' bits prepared for one network: bags of the windows it computes. genomes: (l, g) sparse binary."""

    def __init__(self, network: ResponseNetwork, genomes: sp.csr_matrix) -> None:
        stage = network.cell.stages[0]
        self.bits_set = np.diff(genomes.indptr)
        if network.drug is None:
            layout = seam_layout(network)
            self.own = WindowIndex(genomes, stage.kernel, stage.stride, layout.line_windows)
            last = layout.drug_from
            at_seam = genomes.tocsc()[:, layout.line_windows * stage.stride :].tocsr()
            self.seam: WindowIndex | None = WindowIndex(at_seam, stage.kernel, stage.stride, last - layout.line_windows)
        else:
            windows = stage.windows(network.n_positions) // stage.pool * stage.pool
            self.own = WindowIndex(genomes, stage.kernel, stage.stride, windows)
            self.seam = None


class FactorisedNetwork:
    """A fast evaluator of one network for a table of lines and a table of drugs.

    genomes: (l, g) sparse binary matrix of all lines; drug_bits: (d, m) binary matrix of all drugs.
    """

    def __init__(
        self, network: ResponseNetwork, genomes: sp.csr_matrix, drug_bits: np.ndarray, device: str = "cpu"
    ) -> None:
        self.network, self.device = network, torch.device(device)
        self.genomes = Genomes(network, genomes)
        self.drug_bits = torch.from_numpy(np.ascontiguousarray(drug_bits)).to(self.device)
        self.drug_bits_set = drug_bits.sum(1, dtype=np.int64)
        self.layout = seam_layout(network) if network.drug is None else None

    def pairs(self, line: np.ndarray, drug: np.ndarray) -> Tensor:
        """(n,) line and drug rows -> (n,) output, gradients included; each distinct row is computed once."""
        lines, line_at = np.unique(line, return_inverse=True)
        drugs, drug_at = np.unique(drug, return_inverse=True)
        cell_mean = drug_mean = None
        if self.network.cell_norm is not None and self.network.training:
            # The batch statistics are over pairs: a line counts as often as it has pairs in the batch.
            cell_mean = self.genomes.bits_set[line].mean() / self.network.n_positions
            drug_mean = self.drug_bits_set[drug].mean() / self.network.n_drug_bits
        return self.dock(self.line_features(lines, cell_mean), self.drug_features(drugs, drug_mean), line_at, drug_at)

    def line_features(self, lines: np.ndarray, batch_mean: float | None = None) -> Features:
        """Everything that depends on the line alone, for (l,) rows of the table."""
        network, stage = self.network, self.network.cell.stages[0]
        weight, bias = network.cell.first(self._affine(network.cell_norm, batch_mean))
        own = self._pooled(weight, bias, self.genomes.own.bags(lines, self.device), stage.pool)
        if self.layout is None:
            return Features(network.cell.vector(network.cell.later(own)))
        assert self.genomes.seam is not None
        layout, second = self.layout, network.cell.stages[1]
        seam = sparse_windows(weight, self.genomes.seam.bags(lines, self.device))
        vector = self._dense_share(self._second(own), 0, layout.pools_line)
        return Features(vector, seam, own[:, :, layout.pools_line * second.pool * second.stride :])

    def drug_features(self, drugs: np.ndarray, batch_mean: float | None = None) -> Features:
        """Everything that depends on the drug alone, for (d,) rows of the table."""
        network = self.network
        bits = self.drug_bits[torch.from_numpy(drugs).to(self.device)]
        if network.drug is not None:
            affine = self._affine(network.drug_norm, batch_mean)
            return Features(network.drug.vector(network.drug.later(network.drug.convolve(bits, affine))))
        assert self.layout is not None
        layout, (first, second) = self.layout, network.cell.stages
        weight, bias = network.cell.first()
        bits = bits.to(weight.dtype)
        # Windows start at multiples of the stride of the joined input, so the drug's bits start at an offset.
        start = layout.line_windows * first.stride
        lead = layout.positions - start
        seam_stop = (layout.drug_from - 1) * first.stride + first.kernel - layout.positions
        seam = bits.new_zeros(len(bits), 0, first.filters)
        if layout.drug_from > layout.line_windows:
            joined = F.pad(bits[:, : max(0, seam_stop)], (lead, 0))
            seam = F.conv1d(joined[:, None], weight[:, None], None, first.stride).transpose(1, 2).contiguous()
        rest = bits[:, max(0, layout.drug_from * first.stride - layout.positions) :]
        own = bits.new_zeros(len(bits), first.filters, 0)
        if layout.windows > layout.drug_from:
            own = F.max_pool1d(F.conv1d(rest[:, None], weight[:, None], bias, first.stride), first.pool)
            own = activate(first.activation, own)
        skip = layout.pools_drug_from * second.pool * second.stride - layout.pooled_drug_from
        vector = self._dense_share(self._second(own[:, :, max(0, skip) :]), layout.pools_drug_from, layout.pools)
        # The last output at the seam reads this far into the drug's own windows.
        reach = (layout.pools_drug_from * second.pool - 1) * second.stride + second.kernel - layout.pooled_drug_from
        return Features(vector, seam, own[:, :, : max(0, reach)])

    def dock(self, lines: Features, drugs: Features, line: np.ndarray, drug: np.ndarray) -> Tensor:
        """Features of distinct lines and drugs, and (n,) indices into them -> (n,) output."""
        network = self.network
        i, j = torch.from_numpy(line).to(self.device), torch.from_numpy(drug).to(self.device)
        if self.layout is None:
            if not network.training:  # without dropout the dense layer's two halves are computed once as well
                weight, bias = network.docking.dense.weight, network.docking.dense.bias
                cell = F.linear(lines.vector, weight[:, :BRANCH_WIDTH], bias)
                return network.docking.signal(cell[i] + F.linear(drugs.vector, weight[:, BRANCH_WIDTH:])[j])
            joined = [network.branch_dropout(lines.vector[i]), network.branch_dropout(drugs.vector[j])]
            return network.docking(torch.cat(joined, 1))
        dense = lines.vector[i] + drugs.vector[j] + network.cell.dense.bias
        if self.layout.pools_drug_from > self.layout.pools_line:
            dense = dense + self._seam_share(lines, drugs, i, j)
        return network.docking(network.branch_dropout(torch.relu(dense)))

    def _seam_share(self, lines: Features, drugs: Features, i: Tensor, j: Tensor) -> Tensor:
        assert self.layout is not None and lines.seam is not None and drugs.seam is not None
        assert lines.pooled is not None and drugs.pooled is not None
        first = self.network.cell.stages[0]
        windows = lines.seam[i].add_(drugs.seam[j])  # (n, w, f); in place, as these are by far the largest tensors
        at_seam = windows.unflatten(1, (-1, first.pool)).amax(2) + self.network.cell.convs[0].bias
        at_seam = activate(first.activation, at_seam).transpose(1, 2)
        x = self._second(torch.cat([lines.pooled[i], at_seam, drugs.pooled[j]], 2))
        return self._dense_share(x, self.layout.pools_line, self.layout.pools_drug_from)

    def _second(self, x: Tensor) -> Tensor:
        """The unified network's second stage over a stretch of pooled windows; (n, f, 0) where it is too short."""
        second, conv = self.network.cell.stages[1], self.network.cell.convs[1]
        if second.windows(x.shape[2]) < second.pool:
            return x.new_zeros(len(x), second.filters, 0)
        return activate(second.activation, F.max_pool1d(conv(x), second.pool))

    def _dense_share(self, x: Tensor, start: int, stop: int) -> Tensor:
        """What pools [start, stop) add to the dense layer of 100, without its bias."""
        dense, filters = self.network.cell.dense, self.network.cell.stages[1].filters
        weight = dense.weight.view(BRANCH_WIDTH, filters, -1)[:, :, start:stop]
        return F.linear(x[:, :, : stop - start].flatten(1), weight.flatten(1))

    def _pooled(self, weight: Tensor, bias: Tensor, bags: WindowBags, pool: int) -> Tensor:
        activation = self.network.cell.stages[0].activation
        return activate(activation, sparse_windows_pooled(weight, bags, pool) + bias).transpose(1, 2)

    def _affine(self, norm: InputNorm | None, batch_mean: float | None) -> tuple[Tensor, Tensor] | None:
        if norm is None:
            return None
        dtype = norm.weight.dtype
        return norm.affine(None if batch_mean is None else torch.tensor(batch_mean, dtype=dtype, device=self.device))
