"""GRCh38 -> GRCh37 with a chain file (https://genome.ucsc.edu/goldenPath/help/chain.html), read by pyliftover.

Positions here are 1-based as everywhere; chain files and pyliftover count from 0. Chains of Ensembl call chromosomes
7, those of UCSC chr7.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pyliftover import LiftOver

from engine.errors import InputError
from engine.patient.coordinates import chromosome_lengths, plain_chromosome

_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
CURE = "fetch it again with `python -m engine fetch liftover`"


class Place(NamedTuple):
    """Where a variant is: chromosome without chr, 1-based position, minimal alleles of the plus strand."""

    chromosome: str
    position: int
    reference: str
    alternate: str


class LiftError(InputError):
    """A variant has no single place in the other build; the message says why, without naming it."""


class Chain:
    """A loaded chain file. Immutable after loading, so threads may share it."""

    def __init__(self, path: Path) -> None:
        """Raises InputError where the file cannot be read as a chain file."""
        try:
            self._lifter = LiftOver(str(path))
        except Exception as error:  # pyliftover raises bare Exception besides OSError, EOFError, ValueError, IndexError
            raise InputError(f"The liftover chain {path.name} is damaged or no chain file: {CURE}.") from error
        names = self._lifter.chain_file.chain_index
        self._names = {plain_chromosome(name): name for name in names}
        if not chromosome_lengths().index.isin(list(self._names)).any():
            raise InputError(f"The liftover chain {path.name} holds no human chromosome: {CURE}.")

    def lift(self, place: Place) -> Place:
        """A variant's place in the other build, its alleles turned round where the strand changes.

        place: minimal alleles (an insertion stands between its position and the next). Both ends are lifted and must
        stay as far apart as they were. Raises LiftError where a base has no place or several, or the ends part.
        """
        insertion = not place.reference
        last = place.position + (1 if insertion else len(place.reference) - 1)
        start = self._base(place.chromosome, place.position)
        end = start if last == place.position else self._base(place.chromosome, last)
        turned = start[2] == "-"
        between = (start[1] - end[1]) if turned else (end[1] - start[1])
        if start[0] != end[0] or start[2] != end[2] or between != last - place.position:
            raise LiftError("Its bases do not stay together in GRCh37")
        if start[0] != place.chromosome:
            raise LiftError("It lies on another chromosome in GRCh37")
        if not turned:
            return place._replace(position=start[1])
        return Place(start[0], end[1], reverse_complement(place.reference), reverse_complement(place.alternate))

    def _base(self, chromosome: str, position: int) -> tuple[str, int, str]:
        """Chromosome, 1-based position and strand of one base."""
        found = self._lifter.convert_coordinate(self._names.get(chromosome, chromosome), position - 1)
        if not found:
            raise LiftError("It has no place in GRCh37")
        if len({(name, target, strand) for name, target, strand, _ in found}) > 1:
            raise LiftError("It has several places in GRCh37")
        name, target, strand, _ = found[0]
        return plain_chromosome(name), target + 1, strand


def load_chain(path: Path) -> Chain:
    """The chain file at a path, read once until it changes. Raises InputError where it cannot be used."""
    try:
        about = path.stat()
    except OSError as error:
        raise InputError(f"The liftover chain {path.name} is not there: {CURE}.") from error
    return _loaded(path, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=1)
def _loaded(path: Path, size: int, modified_ns: int) -> Chain:
    return Chain(path)


def reverse_complement(bases: str) -> str:
    """The same bases read on the other strand: AC -> GT. Letters other than ACGTN stay."""
    return bases.translate(_COMPLEMENT)[::-1]
