"""Which pairs go together into one training step."""

import math
from collections.abc import Callable, Sequence

import numpy as np

Batch = tuple[np.ndarray, ...]


def block_shape(n_pairs: int, n_lines: int, n_drugs: int) -> tuple[int, int]:
    """Lines and drugs per block for so many training pairs.

    About 100 steps an epoch, of 192 to 1,000 pairs: fewer steps learn slowly, smaller blocks compute slowly. Twice as
    many drugs as lines balances what the two branches cost.
    """
    pairs = min(1000.0, max(192.0, n_pairs / 100))
    density = n_pairs / (n_lines * n_drugs)
    lines = math.sqrt(pairs / density / 2)
    return max(1, round(lines)), max(1, round(2 * lines))


def block_batches(
    line: np.ndarray, drug: np.ndarray, burden: np.ndarray, n_drugs: int, block_lines: int, block_drugs: int
) -> Callable[[np.random.Generator], Sequence[Batch]]:
    """Batches of all given pairs of a few lines with a few drugs, dealt anew every epoch.

    Both branches run once per distinct row of a batch, so a block of both sides costs far less than random pairs.
    line, drug: (r,) rows of the training pairs. burden: (l,) mutations per line: heavily mutated lines are spread
    over the blocks, because batch statistics (network `tanh`) would swing with them.
    Returns a function from a random generator to batches of (indices into the given pairs,).
    """
    lines = np.unique(line)
    n_blocks, n_groups = -(-len(lines) // block_lines), -(-n_drugs // block_drugs)

    def deal(rng: np.random.Generator) -> list[Batch]:
        # Sorted by burden and cut into rounds of one line per block; who gets which is random within a round.
        ranked = lines[np.argsort(-(burden[lines] + rng.random(len(lines))), kind="stable")]
        block_of_line = np.zeros(len(burden), np.int64)
        for start in range(0, len(ranked), n_blocks):
            round_ = ranked[start : start + n_blocks]
            block_of_line[round_] = rng.permutation(n_blocks)[: len(round_)]
        group_of_drug = rng.permutation(n_drugs) % n_groups
        cell = block_of_line[line] * n_groups + group_of_drug[drug]
        order = np.argsort(cell, kind="stable")
        edges = np.searchsorted(cell[order], np.arange(n_blocks * n_groups + 1))
        return [(order[edges[i] : edges[i + 1]],) for i in rng.permutation(n_blocks * n_groups)]

    return deal


def random_batches(n_pairs: int, size: int) -> Callable[[np.random.Generator], Sequence[Batch]]:
    """Independent random pairs, for a GPU, which computes all lines and drugs of a large batch at once."""

    def deal(rng: np.random.Generator) -> list[Batch]:
        order = rng.permutation(n_pairs)
        return [(part,) for part in np.array_split(order, max(1, n_pairs // size))]

    return deal
