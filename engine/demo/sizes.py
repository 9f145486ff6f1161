"""How large a simulated cohort is."""

from dataclasses import dataclass

from engine.demo.facts import cancer_types
from engine.errors import InputError


@dataclass(frozen=True)
class Size:
    """lines: cancer type -> cell lines. positions: distinct mutated positions. repeats: drugs screened twice."""

    name: str
    lines: dict[str, int]
    genes: int
    positions: int
    chemicals: int
    repeats: int
    pairs: int

    @property
    def n_lines(self) -> int:
        """Cell lines of all types."""
        return sum(self.lines.values())

    @property
    def n_drugs(self) -> int:
        """Drug ids, a chemical that was screened twice having two."""
        return self.chemicals + self.repeats


def size_of(name: str) -> Size:
    """The cohort called `small` (the embedded default) or `paper` (the counts of Chang et al. 2018).

    Raises InputError for another name.
    """
    published = dict(zip(cancer_types()["cancer_type"], cancer_types()["lines"].astype(int), strict=True))
    if name == "small":
        # A fifth of the published lines, but never fewer than curation asks of a cancer type.
        lines = {cancer_type: max(10, n // 5) for cancer_type, n in published.items()}
        return Size(name, lines, genes=242, positions=5_000, chemicals=60, repeats=0, pairs=12_600)
    if name == "paper":
        return Size(name, published, genes=567, positions=28_328, chemicals=229, repeats=15, pairs=152_594)
    raise InputError(f"There is no demonstration cohort of the size {name!r}: choose small or paper.")
