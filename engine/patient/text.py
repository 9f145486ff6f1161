"""Pasted text -> rows: one mutation a line, or several of a line separated by semicolons or commas.

What stands beside a mutation is passed over only where it is known (allele frequencies, exons, transcripts): a line
with other words is not understood, as they may say that the mutation is absent.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from engine.errors import InputError
from engine.patient.genes import gene_name, gene_of_accession, is_accession, is_date
from engine.patient.genomic import Locus, LocusError, read_locus
from engine.patient.protein import MOST_LETTERS, Change, ChangeError, clean, parse_change
from engine.patient.refusals import GENERAL, why_not
from engine.patient.rows import Row, build_in, declared, table_of
from engine.patient.rows import clean as shown
from engine.patient.types import Reading
from engine.response.variants import UNKNOWN, maf_class

BYTES = 1_000_000
LINES = 50_000
LINE_LETTERS = 100_000
_LONGEST_SYMBOL = 15
FORMAT = "pasted text"

NO_GENE = "The change has no gene: write the gene before it, as in BRAF V600E."
NO_CHANGE = "A gene without its change: write the protein change behind it, as in BRAF V600E."
NO_BEGINNING = (
    "The line begins with no gene, accession or genomic position: write it like BRAF V600E or 7:140453136 A>T."
)
OTHER_WORDS = "Beside the mutation stand words that cannot be understood: write gene and change only, as in BRAF V600E."
UNKNOWN_ACCESSION = "The accession is not known here: name the gene, or run `python -m engine fetch mane`."
TOO_LONG = f"A word of the line has more than {MOST_LETTERS:,} letters: it is no mutation."
LONG_LINE = f"The line has more than {LINE_LETTERS:,} letters: write one mutation a line."
HEADING = "This is a heading, not a mutation."

_BULLET = re.compile(r"(?:[-*+>•·▪◦‣●]\s+|[•▪◦‣●]|\(?\d{1,3}[.)]\s+|\d{1,3}[.)](?=[A-Za-z])|\(?[a-z][.)]\s+)+")
_HEADING = re.compile(
    r"(?:hugo[\s_]?symbols?|genes?|symbols?|gene[\s_]names?)[\s,;:/|]+"
    r"(?:(?:protein|amino|aa|hgvs\w*|change|mutations?|variants?|alterations?)\b.*)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:somatic|germline)?\s*(?:gene|mutation|variant|alteration)s?\s*[:=]\s*", re.IGNORECASE)
_BUILD = re.compile(r"[(\[]?\b(hg19|hg38|b37|GRCh3[78])(?:\.p\d+)?\b[)\]]?\s*:?", re.IGNORECASE)
_QUERY = re.compile(r"\s*:?\s*\bMUT\b\s*(?:=\s*|$)")  # cBioPortal's query language: BRAF: MUT = V600E
_CLINVAR = re.compile(r"\b([NX][MP]_\d+(?:\.\d+)?)\(([A-Za-z0-9-]+)\)\s*:")  # NM_004333.6(BRAF):c.1799T>A
_FREQUENCY = re.compile(
    r"\(?\b(?:T?VAF|AF|MAF|(?:variant\s+)?(?:allele\s+)?(?:frequency|freq|fraction)|TLOD|DP|depth|coverage|reads)\b\.?"
    r"\s*[:=~]?\s*[<>~]?\d+(?:[.,]\d+)?\s*(?:%|x\b)?\)?|[(\[]?[<>~]?\b\d+(?:[.,]\d+)?\s*%(?:\s*VAF\b)?[)\]]?"
    r"|\b\d+/\d+\s+reads\b|\b\d+x\b",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"\b(?:exon|ex|intron)\s*\.?\s*\d+(?:\s?(?:/|of)\s?\d+)?\b|\b(?:rs|COSM|COSV)\d+\b|\b(?:tier|class)\s+[IV\d]+\b"
    r"|(?<!\S)c\.\s?\S+|\b(?:likely\s+)?(?:pathogenic|oncogenic)\b|\b(?:mutations?|mutant|mutated|variants?|detected"
    r"|present|positive|somatic|heterozygous|homozygous|hemizygous|het|hom|SNV|SNP|indel|hotspot|activating|change"
    r"|alteration|and)\b",
    re.IGNORECASE,
)
_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9._@/-]*")
_ISO_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]\d{2}:\d{2}(?::\d{2})?)?(?=\s|$)")
_BREAK = re.compile(r"\s*,\s*|\s+(?:and|&|\+)\s+")


class _Found(NamedTuple):
    """A mutation of a line before it gets its number. gene, change, word: as written; locus: None without one."""

    gene: str = ""
    change: str = ""
    word: str = ""
    problem: str = ""
    locus: Locus | None = None


def read_text(text: str) -> Reading:
    """Mutations as people write them, one a line or several.

    BRAF V600E | BRAF:p.V600E | BRAFV600E | NP_004324.2:p.Val600Glu | KRAS G12D, G13D; TP53 R175H | TP53 splice site
    | 7:140453136 A>T | chr7:g.140453136A>T | NC_000007.13:g.140453136A>T. Lines that begin with # are comments.
    Genes and changes stand in the rows as written; accessions are replaced by their gene. Raises InputError for text
    above 1 MB or 50,000 lines, or without any line.
    """
    encoded = text.encode("utf-8", errors="replace")
    text = encoded.decode()  # half a surrogate pair cannot be stored
    if len(encoded) > BYTES:
        raise InputError("The text is longer than 1 MB: give a patient's mutations alone, or a VCF or MAF file.")
    lines = text.splitlines()
    if len(lines) > LINES:
        raise InputError(f"The text has more than {LINES:,} lines: give one patient's mutations, or a VCF or MAF file.")
    rows: list[Row] = []
    comments = 0
    for number, line in enumerate(lines, start=1):
        plain = clean(line)
        if plain.startswith("#"):
            comments += 1
        elif plain:
            rows.extend(_row(number, shown(line), found) for found in _of_line(plain))
            if len(rows) > LINES:
                raise InputError(f"The text has more than {LINES:,} mutations: give a VCF or MAF file.")
    if not rows:
        raise InputError("The text holds no mutation: write one a line, such as BRAF V600E or 7:140453136 A>T.")
    builds = {row.build for row in rows if row.build}
    return Reading(
        format=FORMAT,
        rows=table_of(rows),
        sha256=hashlib.sha256(encoded).hexdigest(),
        declared_build=declared(builds),
        build_evidence=("the names of the sequences",) if builds else (),
        notes=(f"{comments:,} comment lines (#) were left out.",) if comments else (),
    )


def _row(number: int, text: str, found: _Found) -> Row:
    row = Row(number, text, found.gene, found.change, found.word, problem=found.problem)
    if found.locus is None:
        return row
    chromosome, position, reference, alternate, build = found.locus
    return row._replace(chromosome=chromosome, position=position, reference=reference, alternate=alternate, build=build)


def _of_line(line: str) -> list[_Found]:
    """Every mutation of a line, at least one."""
    if _HEADING.fullmatch(line):
        return [_Found(problem=HEADING)]
    if len(line) > MOST_LETTERS and max(map(len, line.split())) > MOST_LETTERS:
        return [_Found(problem=TOO_LONG)]
    if len(line) > LINE_LETTERS:
        return [_Found(problem=LONG_LINE)]
    body = _LABEL.sub("", _BULLET.sub("", line, count=1) if _BULLET.match(line) else line, count=1)
    found: list[_Found] = []
    for part in body.split(";"):
        if part.strip(" .,"):
            found.extend(_of_part(part.strip(), found[-1].gene if found else ""))
    # "BRAF, V600E": a gene before its change is none without one.
    behind = [*(each.gene for each in found[1:]), None]
    found = [each for each, gene in zip(found, behind, strict=False) if each.problem != NO_CHANGE or each.gene != gene]
    return found or [_Found(problem=NO_BEGINNING)]


def _of_part(part: str, gene: str) -> list[_Found]:
    """The mutations between two semicolons. gene: of the mutation before them, empty for none."""
    told = _BUILD.search(part)
    build = build_in(told.group(1)) if told else ""
    bare = " ".join(_BUILD.sub(" ", part).split()).strip(" ,()")
    try:
        return _located(bare, build) or _named(part, gene, build)
    except LocusError as error:
        return [_Found(problem=str(error))]


def _located(text: str, build: str) -> list[_Found]:
    """Variants by their coordinates, with gene and change where these stand behind them; empty where there are none."""
    before, found, rest = list[_Found](), list[_Found](), text
    while rest and (first := read_locus(rest)):
        before += found
        loci, behind_it = first
        rest = (behind_it if before else _FREQUENCY.sub(" ", behind_it)).strip(" ,;()[]")
        found = [_Found(locus=locus._replace(build=locus.build or build)) for locus in loci]
    behind = _named(rest, "", build) if found and rest else []
    if not behind:  # nothing, or a dash, a dot
        return before + found
    if len(found) > 1 or len(behind) > 1 or behind[0].problem or behind[0].locus:
        return [*before, _Found(problem=OTHER_WORDS)]
    return [*before, behind[0]._replace(locus=found[0].locus)]


def _named(text: str, gene: str, build: str) -> list[_Found]:
    """Genes with their changes, separated by commas."""
    plain = _QUERY.sub(" ", _CLINVAR.sub(r"\2 ", text))
    plain = re.sub(r"p\.\s?\(([^()]*)\)", r"p.\1", _FREQUENCY.sub(" ", plain))
    plain = re.sub(r"[()\[\]|\"]|(?<!\d):|:(?!\d)", " ", re.sub(r"\bp\.\s+", "p.", plain))
    plain = re.sub(r"(?<=[A-Za-z*])\+(?=[\s,]|$)", " ", plain)  # V617F+ for positive
    found: list[_Found] = []
    told: dict[tuple[str, str], set[str]] = {}
    for piece in _BREAK.split(plain):
        if piece.strip(" ,.:-") and not (found and _known_beside(piece)):
            new = _of_piece(piece.strip(" ,"), found[-1].gene if found else gene, build)
            found.extend(each for each in new if not _again(each, told))
    return found


def _known_beside(piece: str) -> bool:
    """Whether a piece behind a mutation adds none: an exon, a word such as somatic, a fraction from a table (0.34)."""
    return not _BESIDE.sub("", piece).strip() or re.fullmatch(r"\s*[01]?\.\d+\s*", piece) is not None


def _again(new: _Found, told: dict[tuple[str, str], set[str]]) -> bool:
    """Whether a line tells a change twice, in a short and a full name: BRAF V600E (p.Val600Glu).

    told: gene and normalised change -> how the line has written it so far; the new one is added.
    """
    if not new.change or new.problem:
        return False
    written = told.setdefault((new.gene, parse_change(new.change).text), set())
    again = bool(written - {new.change})
    written.add(new.change)
    return again


def _of_piece(piece: str, gene: str, build: str) -> list[_Found]:
    """One gene with its changes, or further changes of the gene before."""
    gene, rest, problem = _begin(piece, gene)
    if problem:
        return [_Found(gene, rest, problem=problem)]
    locus = read_locus(rest)
    if locus is not None:
        if locus[1]:
            return [_Found(gene, problem=OTHER_WORDS)]
        return [_Found(gene, locus=each._replace(build=each.build or build)) for each in locus[0]]
    if not rest.strip(" .,:-"):
        reason = why_not(piece)
        return [_Found(gene, problem=NO_CHANGE if reason == GENERAL else reason)]
    return list(_changes(gene, rest, piece))


def _begin(piece: str, gene: str) -> tuple[str, str, str]:
    """Gene, what stands behind it, and why there is none. gene: the one named before, for a change that begins."""
    if date := _ISO_DATE.match(piece):
        return date.group(1), piece[date.end() :].strip(), ""
    first, _, rest = piece.partition(" ")
    rest = rest.strip(" :")
    if is_accession(first):
        named = rest.partition(" ")[0]
        known = named if gene_name(named).census else gene_of_accession(first)
        rest = rest.removeprefix(named).strip() if known == named else rest
        return (known, rest, "") if known else ("", rest, UNKNOWN_ACCESSION)
    if gene_name(first).census or is_date(first):
        return first, rest, ""
    if _change(first):
        second, _, behind = rest.partition(" ")
        if gene_name(second).census:
            return second, f"{first} {behind}".strip(), ""
        return (gene, piece, "") if gene else ("", piece, NO_GENE)
    if gene and (first.lower().startswith(("p.", "c.")) or _BESIDE.fullmatch(first)):
        return gene, piece, ""
    if glued := _glued(first):
        return glued[0], f"{glued[1]} {rest}".strip(), ""
    if _SYMBOL.fullmatch(first):
        return first, rest, ""
    reason = why_not(piece)
    return "", piece, NO_BEGINNING if reason == GENERAL else reason


def _glued(word: str) -> tuple[str, str] | None:
    """A census gene and the change that stands right behind it: BRAFV600E, BRAF_V600E -> BRAF, V600E."""
    for end in range(min(len(word) - 3, _LONGEST_SYMBOL + 1), 1, -1):
        gene, change = word[:end].rstrip("_-/."), word[end:].lstrip("_-/.")
        if gene_name(gene).census and (found := _change(change)) and found.residue and not found.text.endswith("?"):
            return gene, change
    return None


def _change(text: str) -> Change | None:
    """The protein change, None where it is none or names neither residue nor splice site."""
    try:
        found = parse_change(text)
    except ChangeError:
        return None
    return found if found.text else None


def _changes(gene: str, rest: str, piece: str) -> Iterator[_Found]:
    """The changes behind a gene. Every word must be one, or be known not to matter."""
    bare = " ".join(_BESIDE.sub(" ", rest).split())
    if not any(_change(word) for word in bare.split()):
        try:
            whole = parse_change(bare)
        except ChangeError:
            whole = None
        if whole is not None:
            yield _Found(gene, bare, "") if whole.text else _Found(gene, "", whole.classification)
            return
    words = [word for word in bare.replace("/", " ").split() if word.strip(".,:-")]
    changes = [word for word in words if _change(word)]
    others = [word for word in words if word not in changes and not is_accession(word)]
    told = " ".join(others)
    if not changes or (others and maf_class(told) == UNKNOWN):
        yield _Found(gene, rest, problem=_reason(rest, piece, OTHER_WORDS if changes else GENERAL))
        return
    written: set[str] = set()
    for word in changes:
        change = parse_change(word)
        if change.text not in written:
            yield _Found(gene, word, told)
        written.add(change.text)


def _reason(rest: str, piece: str, otherwise: str) -> str:
    """Why the words behind a gene are no change, told by what they are, else by the whole piece."""
    if (reason := why_not(rest)) != GENERAL:
        return reason
    try:
        parse_change(rest)
    except ChangeError as error:
        if str(error) != GENERAL:
            return str(error)
    return reason if (reason := why_not(piece)) != GENERAL else otherwise
