"""A genome as bits over a fixed vocabulary of mutated positions.

Shapes: n = cell lines, p = positions of the vocabulary.
Source: Chang et al. 2018, doi:10.1038/s41598-018-27214-6 (one bit per mutated position in a census gene).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from engine.errors import InputError


def _order(key: str) -> tuple[str, int, str]:
    """By gene, then residue number, then class: neighbours on the protein are neighbours in the bits."""
    gene, _, place = key.partition(":")
    return (gene, int(place), "") if place.isdigit() else (gene, 2**31, place)


@dataclass(frozen=True)
class Vocabulary:
    """The mutated positions a network knows, in the order of its input bits; part of every checkpoint."""

    keys: tuple[str, ...]
    index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {key: i for i, key in enumerate(self.keys)}
        if len(index) != len(self.keys):
            raise InputError("The vocabulary holds a position twice: build it again from the mutations.")
        object.__setattr__(self, "index", index)

    @classmethod
    def build(cls, mutations: pd.DataFrame) -> "Vocabulary":
        """Every distinct `position_key` of `mutations`, sorted by gene and residue.

        Raises InputError where there is none.
        """
        keys = sorted(mutations["position_key"].dropna().unique(), key=_order)
        if not keys:
            raise InputError("No mutated position is left to build the genome's bits from: import mutations first.")
        return cls(tuple(str(key) for key in keys))

    def __len__(self) -> int:
        return len(self.keys)

    def unknown(self, keys: Iterable[str]) -> list[str]:
        """The keys that are not in the vocabulary, in their order: to be reported, never dropped silently."""
        return [key for key in keys if key not in self.index]


def genome_bits(mutations: pd.DataFrame, cosmic_ids: Sequence[int], vocabulary: Vocabulary) -> csr_matrix:
    """Which positions of the vocabulary are mutated in which line.

    mutations: columns cosmic_id, position_key; rows of other lines and positions do not count.
    cosmic_ids: the lines, one row each, in this order; a line without mutations gives an empty row.
    Returns (n, p) uint8 of 0 and 1, sorted indices.
    Raises InputError naming a line that is asked for twice.
    """
    rows = {int(line): i for i, line in enumerate(cosmic_ids)}
    if len(rows) != len(cosmic_ids):
        twice = next(line for line in rows if list(cosmic_ids).count(line) > 1)
        raise InputError(f"Cell line {twice} is asked for twice: ask for each line once.")
    places = pd.DataFrame(
        {"row": mutations["cosmic_id"].map(rows), "column": mutations["position_key"].map(vocabulary.index)}
    )
    places = places.dropna().drop_duplicates().astype(np.int64)
    bits = csr_matrix(
        (np.ones(len(places), np.uint8), (places["row"].to_numpy(), places["column"].to_numpy())),
        shape=(len(rows), len(vocabulary)),
        dtype=np.uint8,
    )
    bits.sort_indices()
    return bits
