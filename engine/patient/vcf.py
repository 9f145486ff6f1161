"""A VCF -> one row per alternate allele, with what VEP, SnpEff or bcftools say of its effect.

The header's lines are parsed by vcfpy. Records are not: only six of their columns are needed, a malformed one must
become a row with its problem instead of ending the reading, and vcfpy's warnings would repeat patients' data.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from vcfpy.exceptions import VCFPyException
from vcfpy.parser import parse_mapping

from engine.errors import InputError
from engine.patient.coordinates import chromosome_lengths, plain_chromosome
from engine.patient.effects import Annotation, Effect, annotation, effects
from engine.patient.rows import Row, build_in, clean, declared, filtered, table_of
from engine.patient.types import BUILDS, Reading, SeveralSamples
from engine.patient.unpack import Text

LONGEST_NUMBER = 12  # digits of a position; no chromosome needs ten
MOST_ALLELES = 200  # alternate ones of a record; repeats of many samples have some dozens
HEADER_LETTERS = 50_000_000
FIXED = 8  # columns before FORMAT
NOT_CARRIED = "The chosen sample does not carry this allele."
NOT_CALLED = "The sample has no genotype here, so that nobody knows whether it carries this allele."
WITHOUT_GENOTYPES = (
    "The VCF tells no genotypes (GT), so nobody knows which sample carries an allele: all count as the chosen one's."
)
_BASES = re.compile(r"[ACGTN]+")
_TUMOUR = re.compile(r"^(tumou?r|t|primary|metastasis)$|tumou?r", re.IGNORECASE)


class Header(NamedTuple):
    """What is read of a VCF's header. statements: where it speaks of a build, in words -> which one."""

    columns: tuple[str, ...]
    annotation: Annotation | None
    statements: dict[str, str]
    tumour: str  # the sample that the caller names as the tumour
    spaced: bool  # separated by blanks instead of tabs

    @property
    def samples(self) -> tuple[str, ...]:
        """Names of the samples, the tumour first where it can be told."""
        names = self.columns[FIXED + 1 :]
        likely = [n for n in names if n == self.tumour] or [n for n in names if not self.tumour and _TUMOUR.search(n)]
        return (*likely, *(name for name in names if name not in likely))


def is_vcf(head: Iterable[tuple[int, str]]) -> bool:
    """Whether these first lines are those of a VCF."""
    return any(re.match(r"##fileformat=VCF|#CHROM\s+POS\s", line.lstrip()) for _, line in head)


def read_vcf(text: Text, sha256: str, sample: str = "") -> Reading:
    """A VCF as a reading; its sha256 is given.

    sample: whose alleles to read, needed where there are several. Rows of alleles that it does not carry, that the
    caller filtered out or that are no sequence are kept with their problem.
    Raises SeveralSamples (the likely tumour first), InputError for a header that is missing, broken or alone.
    """
    lines = text.lines()
    header = _header(lines)
    samples = header.samples
    if sample and sample not in samples:
        raise InputError("The chosen sample is not in the file: choose one of those that it holds.")
    if len(samples) > 1 and not sample:
        raise SeveralSamples(samples)
    chosen = sample or next(iter(samples), "")
    lacking: set[str] = set()
    table = table_of(_rows(lines, header, header.columns.index(chosen) if chosen else None, lacking))
    if table.empty:
        raise InputError("The VCF has a header but no variant: export it again with its rows.")
    build = declared(header.statements.values())
    told = [f"{where} ({which})" if build == "mixed" else where for where, which in header.statements.items()]
    tool = header.annotation.tool if header.annotation else ""
    notes = []
    if not tool:
        notes.append("The VCF holds no annotation of VEP or SnpEff: genes and protein changes come from coordinates.")
    if header.spaced:
        notes.append("The columns are separated by blanks instead of tabs.")
    if lacking and len(samples) > 1:
        notes.append(WITHOUT_GENOTYPES)
    name = f"VCF with {tool} annotation" if tool else "VCF without annotation"
    return Reading(name, table, sha256, build, tuple(told), samples, chosen, tuple(notes))


def _header(lines: Iterator[tuple[int, str]]) -> Header:
    """Takes the header's lines off. Raises InputError where the line of the columns is missing or wrong."""
    meta: list[str] = []
    letters = 0
    for number, line in lines:
        line = line.strip()
        if line.startswith("##"):
            meta.append(line)
            letters += len(line)
            if letters > HEADER_LETTERS:
                raise InputError("The VCF's header is larger than any caller's: leave ## lines out.")
        elif line.startswith("#CHROM"):
            spaced = "\t" not in line
            columns = line.split() if spaced else [cell.strip() for cell in line.split("\t")]
            expected = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
            if columns[:FIXED] != expected[:FIXED] or columns[FIXED : FIXED + 1] not in ([], ["FORMAT"]):
                raise InputError(
                    f"Row {number} of the VCF must name the columns {' '.join(expected)} in this order: export it "
                    "again."
                )
            if len(set(columns)) < len(columns):
                raise InputError("The VCF names one sample twice: give every sample a name of its own.")
            return _of_meta(meta, tuple(columns), spaced)
        elif line:
            break
    raise InputError("The VCF has no line #CHROM that names its columns: export it again with its header.")


def _of_meta(meta: list[str], columns: tuple[str, ...], spaced: bool) -> Header:
    descriptions: dict[str, str] = {}
    tumour = ""
    builds: dict[str, set[str]] = {}
    for line in meta:
        key, _, value = line[2:].partition("=")
        if key in ("INFO", "contig"):
            try:
                fields = parse_mapping(value)
            except (VCFPyException, ValueError, SyntaxError):
                continue  # a broken line of the header; what it would have told is missing, and no row is lost
            name = str(fields.get("ID", ""))
            if key == "INFO":
                descriptions[name] = str(fields.get("Description", ""))
            else:
                builds.setdefault("contig assembly", set()).add(build_in(str(fields.get("assembly", ""))))
                length = (plain_chromosome(name), str(fields.get("length", "")))
                builds.setdefault("contig lengths", set()).add(_lengths().get(length, ""))
        elif key in ("reference", "assembly", "genome_build", "genome-build"):
            builds.setdefault(f"##{key}", set()).add(build_in(value))
        elif key == "VEP":
            found = re.search(r'assembly="([^"]*)"', value)
            builds.setdefault("the assembly VEP worked with", set()).add(build_in(found.group(1)) if found else "")
        elif key == "SnpEffCmd":
            builds.setdefault("the genome SnpEff worked with", set()).add(build_in(value))
        elif key in ("tumor_sample", "tumour_sample"):
            tumour = value.strip()
    statements = {where: declared(which) for where, which in builds.items() if declared(which)}
    return Header(columns, annotation(descriptions), statements, tumour, spaced)


@cache
def _lengths() -> dict[tuple[str, str], str]:
    """(chromosome, length) -> build, where the length tells it."""
    table = chromosome_lengths()
    told = table[table["GRCh37"] != table["GRCh38"]]
    return {(name, str(length)): build for build in BUILDS for name, length in told[build].items()}


def _rows(lines: Iterable[tuple[int, str]], header: Header, column: int | None, without: set[str]) -> Iterator[Row]:
    """Rows of every record. column: of the sample, None where there is none. without: gets GT where it is lacking."""
    width, found = len(header.columns), header.annotation
    key = f"{found.key}=" if found else ""
    for number, line in lines:
        if not line or line.isspace():
            continue
        cells = line.split() if header.spaced else line.split("\t", FIXED if column is None else -1)
        text = clean(" ".join(cells[:5]))
        if len(cells) < width or (len(cells) > width and column is not None):
            problem = f"The row has {len(cells)} columns where the header names {width}."
            yield Row(number, text, problem=problem)
            continue
        place, reference = cells[1].strip(), cells[3].strip().upper()
        chromosome = plain_chromosome(cells[0])
        whole = place.isascii() and place.isdigit() and len(place) < LONGEST_NUMBER
        if not (whole and _BASES.fullmatch(reference)):
            problem = "The reference allele (REF) is not written as bases."
            if not whole:
                problem = "The position (POS) is not a whole number."
            yield Row(number, text, chromosome=chromosome, problem=problem)
            continue
        alternates = cells[4].strip().split(",")
        if len(alternates) > MOST_ALLELES:
            problem = f"The row names {len(alternates):,} alternate alleles, more than any caller finds at one place."
            yield Row(number, text, chromosome=chromosome, problem=problem)
            continue
        filtered_out = filtered(cells[6])
        carried = _alleles(cells[FIXED], cells[column]) if column is not None else None
        if carried is None and column is not None:
            without.add("GT")
        said = _effects(cells[7], key, found, int(place), reference, alternates)
        for i, alternate in enumerate(alternates):
            alternate = alternate.upper() if alternate[:1] != "<" else alternate
            problem = _no_sequence(alternate) or _genotype(carried, i + 1) or filtered_out
            yield Row(number, text, *said[i], chromosome, int(place), reference, alternate, "", problem)


def _effects(
    info: str, key: str, found: Annotation | None, position: int, reference: str, alternates: list[str]
) -> list[Effect]:
    if found is not None:
        start = 0 if info.startswith(key) else info.find(f";{key}") + 1
        if start or info.startswith(key):
            value = info[start + len(key) :].partition(";")[0]
            return effects(value, found, position, reference, alternates)
    return [Effect()] * len(alternates)


def _alleles(form: str, call: str) -> frozenset[str] | None:
    """The alleles of a genotype: 0/1 -> {0, 1}; None where the format has none, as in some somatic callers' files."""
    names = form.split(":")
    if "GT" not in names:
        return None
    place = names.index("GT")
    values = call.split(":")
    return _split(values[place] if place < len(values) else ".")


@lru_cache(maxsize=4096)
def _split(genotype: str) -> frozenset[str]:
    return frozenset(re.split(r"[/|]", genotype.strip().lstrip("/|"))) - {".", ""}


def _genotype(carried: frozenset[str] | None, number: int) -> str:
    if carried is None or str(number) in carried:
        return ""
    return NOT_CARRIED if carried else NOT_CALLED


def _no_sequence(alternate: str) -> str:
    """Why an alternate allele is no sequence that could change a protein, empty where it is one."""
    if _BASES.fullmatch(alternate):
        return ""
    if alternate in ("", "."):
        return "The row names no alternate allele: it says that nothing is changed here."
    if alternate in ("*", "<*>", "<NON_REF>"):
        return "The alternate allele stands for no sequence of its own (* or <NON_REF>)."
    if alternate.startswith("<"):
        return "A structural variant in symbols (such as <DEL>): only alleles written as bases are read."
    if "[" in alternate or "]" in alternate or "." in alternate:
        return "A breakend of a rearrangement: only alleles written as bases are read."
    return "The alternate allele (ALT) is not written as bases."
