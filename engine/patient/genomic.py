"""Coordinates as people write them: 7:140453136 A>T, chr7:g.140453136A>T, 7-140453136-A-T, NC_000007.13:g.140453136A>T.

Positions are 1-based. A deletion stands at its first deleted base, an insertion at the base before it, as in MAF.
"""

import re
from typing import NamedTuple

from mavehgvs.exceptions import MaveHgvsParseError
from mavehgvs.position import VariantPosition
from mavehgvs.variant import Variant

from engine.errors import InputError

# Version of the RefSeq sequence of chromosomes 1 to 22, X and Y in GRCh37; GRCh38 has the next one of each.
# Source: NCBI assemblies GCF_000001405.25 and GCF_000001405.40.
_GRCH37_VERSIONS = (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9)
_NAMES = (*(str(number) for number in range(1, 23)), "X", "Y")

_CHROMOSOME = r"(?:chr(?:omosome)?[ .]*)?(?P<chromosome>0?[1-9]|1\d|2[0-2]|X|Y|MT?)"
_POSITION = r"(?:\d{1,3}(?:,\d{3})+|\d{1,9})"
_END = r"(?=$|[ ;,()\[\]])"
_ALLELES = re.compile(
    rf"{_CHROMOSOME} ?[: _,-] ?(?:g\.)?(?P<position>{_POSITION})"
    rf"(?: ?[-_ ,:] ?(?P<end>{_POSITION})(?=[ ,:_-])| (?:\.|rs\d+)(?= ))?"
    rf" ?[: _,-]? ?(?P<reference>[ACGTN]+|-) ?[>/: _,-] ?(?P<alternate>(?:[ACGTN]+|-)(?:[,/](?:[ACGTN]+|-))*){_END}",
    re.IGNORECASE | re.ASCII,
)
_SEQUENCE = rf"(?:{_CHROMOSOME}|(?P<accession>NC_\d{{6}}\.\d+))"
_NAMED = re.compile(rf"{_SEQUENCE} ?: ?g\. ?(?P<change>[^\s;,()]+){_END}", re.IGNORECASE | re.ASCII)
_PLACE = re.compile(rf"{_SEQUENCE}(?: ?[: _-] ?{_POSITION}(?!\w)| ?:? ?g\.)", re.IGNORECASE | re.ASCII)
_DELETED = re.compile(r"(\d{1,9})(?:_(\d{1,9}))?del([ACGTN]+)(?:ins([ACGTN]+))?", re.IGNORECASE)
_REPEATED = re.compile(r"(\d{1,9})(?:_(\d{1,9}))?dup([ACGTN]+)", re.IGNORECASE)

LARGEST_POSITION = 10**9  # no human chromosome has a third of it
BOTH_ALLELES = "A genomic position needs both alleles behind it, as in 7:140453136 A>T."
SPAN = "The range of positions spans another number of bases than the reference allele has."
DELETED_BASES = (
    "A deletion or duplication by its coordinates needs the bases too, as in 7:55242466 GAATTAAGAGAAGCA>- or "
    "g.55242466_55242480delGAATTAAGAGAAGCA."
)


class LocusError(InputError):
    """A genomic position that cannot be read. The message quotes nothing of it."""


class Locus(NamedTuple):
    """chromosome: 1 to 22, X, Y or MT. position: 1-based. alleles: bases, or - for none. build: GRCh37, GRCh38 or
    empty."""

    chromosome: str
    position: int
    reference: str
    alternate: str
    build: str


def chromosome_of(accession: str) -> tuple[str, str] | None:
    """RefSeq sequence with version -> chromosome and build: NC_000007.13 -> 7, GRCh37. None where it is neither's."""
    found = re.fullmatch(r"NC_0000(\d\d)\.(\d+)", accession.strip(), re.IGNORECASE)
    if found is None:
        return ("MT", "") if accession.strip().upper().startswith("NC_012920.") else None
    number, version = int(found.group(1)), int(found.group(2))
    if not 1 <= number <= len(_NAMES):
        return None
    build = {0: "GRCh37", 1: "GRCh38"}.get(version - _GRCH37_VERSIONS[number - 1])
    return (_NAMES[number - 1], build) if build else None


def read_locus(text: str) -> tuple[tuple[Locus, ...], str] | None:
    """The variant that begins the text, one for each alternate allele, and what stands behind it.

    text: as engine/patient/protein.py cleans it. None where the text begins with no genomic position.
    Raises LocusError where it does and the rest cannot be read.
    """
    if found := _ALLELES.match(text):
        position = int(found["position"].replace(",", ""))
        reference = found["reference"].upper()
        if found["end"] and reference != "-" and int(found["end"].replace(",", "")) - position + 1 != len(reference):
            raise LocusError(SPAN)
        others = re.split("[,/]", found["alternate"].upper())
        return tuple(_locus(found["chromosome"], position, reference, other, "") for other in others), _behind(
            text, found
        )
    if found := _NAMED.match(text):
        chromosome, build = found["chromosome"] or "", ""
        if found["accession"]:
            known = chromosome_of(found["accession"])
            if known is None:
                raise LocusError("The sequence accession is no chromosome of GRCh37 or GRCh38: name the chromosome.")
            chromosome, build = known
        position, reference, alternate = _named_change(found["change"])
        return (_locus(chromosome, position, reference, alternate, build),), _behind(text, found)
    if _PLACE.match(text):
        raise LocusError(BOTH_ALLELES)
    return None


def _behind(text: str, found: re.Match[str]) -> str:
    return text[found.end() :].strip(" ;,")


def _locus(chromosome: str, position: int, reference: str, alternate: str, build: str) -> Locus:
    if position > LARGEST_POSITION:
        raise LocusError("No human chromosome has so many bases: check the position.")
    if position == 0:
        raise LocusError("Positions of a chromosome are counted from 1: there is no position 0.")
    if reference == alternate:
        raise LocusError("The two alleles are the same: there is no change.")
    name = chromosome.upper().lstrip("0")
    return Locus("MT" if name == "M" else name, position, reference, alternate, build)


def _named_change(change: str) -> tuple[int, str, str]:
    """140453136A>T -> position, reference, alternate."""
    if found := _DELETED.fullmatch(change):
        first, last, gone = int(found[1]), int(found[2] or found[1]), found[3].upper()
        if last - first + 1 != len(gone):
            raise LocusError(SPAN)
        return first, gone, (found[4] or "-").upper()
    if found := _REPEATED.fullmatch(change):
        return int(found[2] or found[1]), "-", found[3].upper()
    try:
        variant = Variant(f"g.{_capitals(change)}")
    except MaveHgvsParseError:
        raise LocusError(BOTH_ALLELES) from None
    if variant.is_multi_variant():
        raise LocusError("Several changes stand in one place: give each a row of its own.")
    start = variant.positions[0] if isinstance(variant.positions, tuple) else variant.positions
    if isinstance(start, VariantPosition) and start.position is not None:
        if variant.variant_type == "sub" and isinstance(variant.sequence, tuple):
            return start.position, variant.sequence[0], variant.sequence[1]
        if variant.variant_type == "ins":
            return start.position, "-", str(variant.sequence)
    raise LocusError(DELETED_BASES)


def _capitals(change: str) -> str:
    """Bases in capitals, words small: 140453136a>t -> 140453136A>T."""
    return re.sub(r"DELINS|DEL|INS|DUP|INV", lambda found: found.group().lower(), change.upper())
