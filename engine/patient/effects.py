"""What annotation tools say of a VCF's alleles: VEP (CSQ), SnpEff (ANN) and bcftools csq (BCSQ).

Sources: Ensembl VEP's documentation of its VCF output; the Variant annotations in VCF format standard 1.0; the manual
of bcftools csq.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from engine.patient.genes import gene_name
from engine.response.variants import NOT_CODING, UNKNOWN, maf_class

# MAF classes from the gravest on, in the order of Ensembl's consequences.
_GRAVITY = (
    "Whole_Gene_Deletion", "Splice_Site", "Nonsense_Mutation", "Frame_Shift", "Frame_Shift_Del", "Frame_Shift_Ins",
    "Nonstop_Mutation", "Translation_Start_Site", "In_Frame_Ins", "In_Frame_Del", "In_Frame_Indel", "Missense_Mutation",
    "Splice_Region", "Silent", "5'UTR", "3'UTR", "RNA", "Intron", "5'Flank", "3'Flank", "Targeted_Region", "IGR",
)  # fmt: skip
_FIELDS = {
    "allele": ("Allele",),
    "number": ("ALLELE_NUM",),
    "consequence": ("Consequence", "Annotation"),
    "gene": ("SYMBOL", "Gene_Name", "gene"),
    "protein": ("HGVSp", "HGVS.p"),
    "residues": ("Amino_acids",),
    "place": ("Protein_position",),
    "mane": ("MANE_SELECT", "MANE"),
    "canonical": ("CANONICAL",),
    "pick": ("PICK",),
    "residues_both": ("amino_acid_change",),
    "dna": ("dna_change",),
}
MOST_DIGITS = 20  # of a span of residues, 12345-12350: no protein needs more
_TOOLS = {"CSQ": "VEP", "ANN": "SnpEff", "BCSQ": "bcftools"}


class Effect(NamedTuple):
    """One allele's effect on one transcript. classification: the source's consequence words."""

    gene: str = ""
    protein_change: str = ""
    classification: str = ""


class Annotation(NamedTuple):
    """Where a VCF keeps its effects. key: of INFO. places: field -> its place between the bars."""

    tool: str
    key: str
    places: Mapping[str, int]


def annotation(descriptions: Mapping[str, str]) -> Annotation | None:
    """The annotation that a header describes, None where none is known. descriptions: INFO id -> its Description."""
    for key in sorted(descriptions, key=lambda key: (list(_TOOLS).index(key) if key in _TOOLS else 9, key)):
        text = descriptions[key]
        if "|" not in text:
            continue
        tool = next((name for name in _TOOLS.values() if name.lower() in text.lower()), _TOOLS.get(key, ""))
        listed = [name.strip(" '\"") for name in re.split(r"Format: ?|: ", text, maxsplit=1)[-1].split("|")]
        places = {
            field: next(listed.index(name) for name in names if name in listed)
            for field, names in _FIELDS.items()
            if not set(names).isdisjoint(listed)
        }
        if tool and "consequence" in places and "gene" in places:
            return Annotation(tool, key, places)
    return None


def effects(value: str, found: Annotation, position: int, reference: str, alternates: list[str]) -> list[Effect]:
    """The effect of every alternate allele of a record, an empty one where the annotation names none.

    value: the annotation as INFO holds it. Of each gene the MANE Select transcript speaks, else the canonical or
    picked one, else the gravest; of the genes a census gene whose protein changes, else the gravest.
    """
    entries = [entry.split("|") for entry in value.split(",")]
    if "dna" in found.places:
        spelled_out = (f"{position}{reference}>{alternate}" for alternate in alternates)
        matching_each = [[e for e in entries if _has(e, found, "dna", change)] for change in spelled_out]
        return [_best(own or (entries if len(alternates) == 1 else []), found) for own in matching_each]
    trimmed = _vep_names(reference, alternates)
    several = len({_field(entry, found, "allele") for entry in entries}) > 1
    chosen = []
    for i, alternate in enumerate(alternates):
        own = entries
        if several or len(alternates) > 1:
            spellings = (("number", str(i + 1)), ("allele", trimmed[i]), ("allele", alternate))
            spelled = ([e for e in entries if _has(e, found, *spelling)] for spelling in spellings)
            own = next((matching for matching in spelled if matching), [])
            own = own or [e for e in entries if _has(e, found, "allele", _minimal(reference, alternate))]
        chosen.append(_best(own, found))
    return chosen


def _vep_names(reference: str, alternates: list[str]) -> list[str]:
    """VEP's names of a record's alleles: without the first base where a length differs and all begin with it."""
    spelled = [a for a in alternates if a and a[0] not in "<*."]
    if any(len(a) != len(reference) for a in spelled) and all(a[0] == reference[0] for a in spelled):
        return [a[1:] or "-" if a in spelled else a for a in alternates]
    return alternates


def _minimal(reference: str, alternate: str) -> str:
    """An allele without the bases that it shares with the reference at its end and its start."""
    while reference and alternate and reference[-1] == alternate[-1]:
        reference, alternate = reference[:-1], alternate[:-1]
    while reference and alternate and reference[0] == alternate[0]:
        reference, alternate = reference[1:], alternate[1:]
    return alternate or "-"


def _field(entry: list[str], found: Annotation, name: str) -> str:
    place = found.places.get(name)
    return entry[place] if place is not None and place < len(entry) else ""


def _has(entry: list[str], found: Annotation, name: str, value: str) -> bool:
    return value in _field(entry, found, name).split("+") if name == "dna" else _field(entry, found, name) == value


def _best(entries: list[list[str]], found: Annotation) -> Effect:
    """Of one allele's transcripts the one that speaks for it."""
    entries = [entry for entry in entries if not entry[0].startswith("@")]  # bcftools: told in another record
    if not entries:
        return Effect()
    of_gene: dict[str, tuple[tuple[bool, bool, int], list[str]]] = {}
    for entry in entries:
        _, gravity = _weight(_words(_field(entry, found, "consequence")))
        mane, canonical = _field(entry, found, "mane"), _field(entry, found, "canonical") == "YES"
        rank = (mane in ("", "-"), not (canonical or _field(entry, found, "pick") == "1"), gravity)
        gene = _field(entry, found, "gene")
        if gene not in of_gene or rank < of_gene[gene][0]:
            of_gene[gene] = (rank, entry)
    if len(of_gene) == 1:
        return _effect(next(iter(of_gene.values()))[1], found)
    return _effect(min((entry for _, entry in of_gene.values()), key=lambda entry: _gene_rank(entry, found)), found)


def _gene_rank(entry: list[str], found: Annotation) -> tuple[bool, bool, bool, int]:
    changing, gravity = _weight(_words(_field(entry, found, "consequence")))
    census = changing and gene_name(_field(entry, found, "gene")).census
    return not census, not changing, _field(entry, found, "pick") != "1", gravity


@lru_cache(maxsize=4096)
def _words(consequence: str) -> str:
    """Consequence words by their Sequence Ontology terms, of which bcftools writes splice_acceptor and non_coding."""
    full = {"non_coding": "non_coding_transcript_variant", "splice_acceptor": "splice_acceptor_variant"}
    full |= {"splice_donor": "splice_donor_variant", "5_prime_utr": "5_prime_utr_variant"}
    full |= {"3_prime_utr": "3_prime_utr_variant"}
    return "&".join(full.get(word, word) for word in consequence.lstrip("*").split("&"))


@lru_cache(maxsize=4096)
def _weight(consequence: str) -> tuple[bool, int]:
    """Whether consequence words change the protein, and how grave they are (0 is the gravest)."""
    term = maf_class(consequence)
    return term not in NOT_CODING and term != UNKNOWN, _GRAVITY.index(term) if term in _GRAVITY else len(_GRAVITY)


def _effect(entry: list[str], found: Annotation) -> Effect:
    words = _words(_field(entry, found, "consequence"))
    gene = _field(entry, found, "gene")
    written = _field(entry, found, "protein")
    if not written:
        written = _bcftools_change(_field(entry, found, "residues_both"), words) or change_of_residues(
            _field(entry, found, "residues"), _field(entry, found, "place"), words
        )
    return Effect("" if gene == "-" else gene, protein_in(written), words)


def protein_in(written: str) -> str:
    """The protein change in a source's words: ENSP1.2:p.Val600Glu -> p.Val600Glu, c.12A>G(p.%3D) -> p.="""
    start = written.rfind("p.")
    if start < 0:
        return ""
    change = written[start:].replace("%3D", "=").strip()
    return change.rstrip(")") if "(" not in change else change


def change_of_residues(residues: str, place: str, consequence: str) -> str:
    """A protein change from VEP's Amino_acids and Protein_position; empty where they do not tell it.

    V/E at 600 -> p.V600E, KELREA/K at 745-750 -> p.E746_A750del, K/NX at 101 of a frame shift -> p.K101fs. Residues
    that both sides begin or end with are left out, as the first one that changes is what counts.
    """
    numbers = [int(n) for n in re.findall(r"\d+", place.partition("/")[0][:MOST_DIGITS])]
    if not residues or not numbers or "splice_acceptor" in consequence or "splice_donor_variant" in consequence:
        return ""
    before, _, after = (side.replace("-", "") for side in residues.partition("/"))
    first = numbers[0]
    if "/" not in residues or before == after:
        return f"p.{before[0]}{first}=" if before else ""
    if not before:
        return f"p.{first}fs" if "frameshift" in consequence else f"p.{first}_{numbers[-1]}ins{after}"
    last_shared = ""
    while before and after and before[0] == after[0]:
        last_shared, before, after, first = before[0], before[1:], after[1:], first + 1
    while len(before) > 1 and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    if "frameshift" in consequence:
        return f"p.{before[:1]}{first}fs"
    if not before:
        return f"p.{last_shared}{first - 1}_{first}ins{after}"
    last = first + len(before) - 1
    whole = f"{before[0]}{first}" if last == first else f"{before[0]}{first}_{before[-1]}{last}"
    if not after:
        return f"p.{whole}del"
    return f"p.{before}{first}{after}" if len(before) == len(after) == 1 else f"p.{whole}delins{after}"


def _bcftools_change(written: str, consequence: str) -> str:
    """600V>600E -> p.V600E; a change without an arrow (12L) is silent."""
    found = re.match(r"(\d{1,9})([A-Z*]+)(?:\.\.)?(?:>(\d+)([A-Z*]*))?", written)
    if found is None:
        return ""
    number, before, arrow, after = found.groups()
    place = f"{number}-{int(number) + len(before) - 1}"
    return change_of_residues(f"{before}/{after or '-'}" if arrow else before, place, consequence)
