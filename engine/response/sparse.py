"""The first convolution over a genome: almost all bits are zero, so only the windows that hold one are computed.

A window of a binary input is the sum of the kernel's columns at its set bits, which is what an embedding bag sums.
Shapes: l = lines, w = windows, p = pooled windows, r = windows that hold a bit, f = filters, k = kernel.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from torch import Tensor


class LineWindows(NamedTuple):
    """The windows of one line that hold a bit, in both directions."""

    rows: np.ndarray  # (r,) window of each
    columns: np.ndarray  # kernel columns of the set bits, window after window
    row_starts: np.ndarray  # (r,) where each window's columns start
    by_column: np.ndarray  # index into rows, kernel column after kernel column
    column_starts: np.ndarray  # (k,) where each kernel column's entries start


class WindowBags(NamedTuple):
    """The same for a block of lines, as tensors: `rows` counts over line x window."""

    rows: Tensor
    columns: Tensor
    row_starts: Tensor
    by_column: Tensor
    column_starts: Tensor  # (l * k,)
    n_lines: int
    n_windows: int


class WindowIndex:
    """Every line's set bits seen from the windows [0, n_windows) of a strided convolution over its genome.

    genomes: (l, g) sparse binary matrix.
    """

    def __init__(self, genomes: sp.csr_matrix, kernel: int, stride: int, n_windows: int) -> None:
        self.kernel, self.n_windows = kernel, n_windows
        self.lines = [
            _line_windows(genomes.indices[a:b], kernel, stride, n_windows)
            for a, b in zip(genomes.indptr[:-1], genomes.indptr[1:], strict=True)
        ]

    def bags(self, lines: np.ndarray, device: torch.device | str = "cpu") -> WindowBags:
        """The bags of a block of lines."""
        picked = [self.lines[i] for i in lines]
        entries = np.cumsum([0] + [len(p.columns) for p in picked])
        counts = np.cumsum([0] + [len(p.rows) for p in picked])

        def join(parts: list[np.ndarray]) -> Tensor:
            return torch.from_numpy(np.concatenate(parts).astype(np.int64)).to(device)

        return WindowBags(
            rows=join([p.rows + i * self.n_windows for i, p in enumerate(picked)]),
            columns=join([p.columns for p in picked]),
            row_starts=join([p.row_starts + e for p, e in zip(picked, entries, strict=False)]),
            by_column=join([p.by_column + c for p, c in zip(picked, counts, strict=False)]),
            column_starts=join([p.column_starts + e for p, e in zip(picked, entries, strict=False)]),
            n_lines=len(picked),
            n_windows=self.n_windows,
        )


def _line_windows(bits: np.ndarray, kernel: int, stride: int, n_windows: int) -> LineWindows:
    bits = np.sort(bits).astype(np.int64)
    first = np.maximum(0, -((kernel - 1 - bits) // stride))  # smallest w with bit - stride w < kernel
    count = np.maximum(0, np.minimum(bits // stride, n_windows - 1) - first + 1)
    window = np.repeat(first - np.r_[0, np.cumsum(count)[:-1]], count) + np.arange(count.sum())
    column = np.repeat(bits, count) - stride * window
    order = np.lexsort((column, window))
    window, column = window[order], column[order]
    rows, row_starts, row_of_entry = np.unique(window, return_index=True, return_inverse=True)
    by_column = np.argsort(column, kind="stable")
    starts = np.r_[0, np.cumsum(np.bincount(column, minlength=kernel))[:-1]]
    return LineWindows(*(a.astype(np.int32) for a in (rows, column, row_starts, row_of_entry[by_column], starts)))


class _SparseConvolution(torch.autograd.Function):
    """(f, k) weight -> (r, f): each window that holds a bit, and the gradient back by the transposed bags."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bags: WindowBags) -> Tensor:
        ctx.bags, ctx.kernel = bags, weight.shape[1]
        return F.embedding_bag(bags.columns, weight.t().contiguous(), bags.row_starts, mode="sum")

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        bags: WindowBags = ctx.bags
        per_line = F.embedding_bag(bags.by_column, gradient.contiguous(), bags.column_starts, mode="sum")
        return per_line.view(bags.n_lines, ctx.kernel, -1).sum(0).t(), None


class _SparseConvolutionPool(torch.autograd.Function):
    """(f, k) weight -> (l, p, f): the same, then the largest of every `pool` windows, before the bias.

    Fused because the gradient of a pooled window goes to one window in `pool`, and most hold no bit at all.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bags: WindowBags, pool: int) -> Tensor:
        filters = weight.shape[0]
        found = F.embedding_bag(bags.columns, weight.t().contiguous(), bags.row_starts, mode="sum")
        windows = found.new_zeros(bags.n_lines * bags.n_windows, filters)
        windows[bags.rows] = found
        pooled = windows.view(-1, pool, filters).amax(1)
        ctx.save_for_backward(found, pooled)
        ctx.bags, ctx.pool, ctx.kernel = bags, pool, weight.shape[1]
        return pooled.view(bags.n_lines, -1, filters)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        found, pooled = ctx.saved_tensors
        bags: WindowBags = ctx.bags
        group = bags.rows // ctx.pool
        # Two windows of a group tie only where they hold the same columns, which shifted windows never do.
        chosen = gradient.reshape(-1, gradient.shape[-1])[group] * (found == pooled[group])
        per_line = F.embedding_bag(bags.by_column, chosen, bags.column_starts, mode="sum")
        return per_line.view(bags.n_lines, ctx.kernel, -1).sum(0).t(), None, None


def sparse_windows(weight: Tensor, bags: WindowBags) -> Tensor:
    """(f, k) weight -> (l, w, f): the convolution without bias at every window of every line of the block."""
    windows = weight.new_zeros(bags.n_lines * bags.n_windows, weight.shape[0])
    if len(bags.rows):
        windows = windows.index_copy(0, bags.rows, _SparseConvolution.apply(weight, bags))
    return windows.view(bags.n_lines, bags.n_windows, -1)


def sparse_windows_pooled(weight: Tensor, bags: WindowBags, pool: int) -> Tensor:
    """(f, k) weight -> (l, p, f): the convolution without bias, max-pooled; n_windows is a multiple of `pool`."""
    if not len(bags.rows):
        return weight.new_zeros(bags.n_lines, bags.n_windows // pool, weight.shape[0]) + 0 * weight.sum()
    return _SparseConvolutionPool.apply(weight, bags, pool)
