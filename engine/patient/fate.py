"""What becomes of one mutation as written: which position it is, or why it is none."""

from functools import lru_cache
from typing import NamedTuple

from engine.errors import InputError
from engine.patient.genes import GeneName, gene_name
from engine.patient.knowledge import Knowledge
from engine.patient.protein import Change, parse_change
from engine.patient.residues import meant_change
from engine.patient.types import NEW_POSITION, NOT_UNDERSTOOD, OUTSIDE_CENSUS, SILENT, USED
from engine.response.variants import NOT_CODING, UNKNOWN, maf_class, position_key

# Without a residue these classes name no position; a lost splice site or reading frame of a gene does.
_NEEDS_RESIDUE = frozenset({UNKNOWN, "Missense_Mutation", "In_Frame_Del", "In_Frame_Ins", "In_Frame_Indel"})
_QUIET = {
    "Silent": "Silent changes leave the protein as it is",
    "Splice_Region": "Variants beside a splice site, outside its two bases, count as leaving the protein as it is",
    "Intron": "Intron variants leave the protein as it is",
    "5'UTR": "Variants before the coding sequence (5'UTR) leave the protein as it is",
    "3'UTR": "Variants behind the coding sequence (3'UTR) leave the protein as it is",
    "5'Flank": "Variants before the gene leave the protein as it is",
    "3'Flank": "Variants behind the gene leave the protein as it is",
    "IGR": "Variants between genes leave every protein as it is",
    "RNA": "Variants of transcripts that are not translated leave every protein as it is",
    "Targeted_Region": "Variants of regulatory regions leave the protein as it is",
}


class Fate(NamedTuple):
    """gene: current symbol. change: p.V600E or empty. position_key: empty unless fate is used or new_position.

    reason: one sentence without its full stop.
    """

    gene: str
    change: str
    position_key: str
    fate: str
    reason: str


def judge(gene: str, protein_change: str, word: str, knowledge: Knowledge) -> Fate:
    """The fate of a mutation, other mutations of the list left aside.

    gene, protein_change, word (of its class): as the source writes them, stripped, each may be empty.
    """
    name = gene_name(gene) if gene else GeneName("", False, "")
    term = _class_of_word(word)
    # The change of a gene that no network looks at is only read where it has to tell what the word does not.
    parsed = _parsed(protein_change) if name.census or term == UNKNOWN or term in NOT_CODING else ""
    change = parsed if isinstance(parsed, Change) else None
    written = change.text if change else protein_change
    term, remark = _weigh(term, change)
    if term in NOT_CODING:
        return Fate(name.symbol, written, "", SILENT, _join(_QUIET[term], remark, name.note))
    if not name.symbol:
        return Fate("", written, "", NOT_UNDERSTOOD, "The row names no gene")
    if not name.census:
        said = f"{name.symbol} is not in the Cancer Gene Census, whose genes are all that the networks look at"
        return Fate(name.symbol, written, "", OUTSIDE_CENSUS, _join(said, name.note))
    if term == "Splice_Site" and protein_change and isinstance(parsed, str):  # c.375+1G>A, e4+1: the class is enough
        parsed, written, remark = "", "", "its change names no residue, its class counts"
    complaint = parsed if isinstance(parsed, str) and parsed else _doubt(name.symbol, change, term, knowledge)
    if complaint:
        return Fate(name.symbol, written, "", NOT_UNDERSTOOD, _join(complaint, name.note))
    key = position_key(name.symbol, change.text if change else "", term)
    bit = knowledge.vocabulary.index.get(key)
    if bit is None:
        said = f"{key}: in the census, but no training line is mutated there, so the networks cannot see it"
        said += _meant(meant_change(name.symbol, written, knowledge.common, surely=True))
        return Fate(name.symbol, written, key, NEW_POSITION, _join(said, remark, name.note))
    said = _known(key, bit, knowledge.training_lines.get(key))
    return Fate(name.symbol, written, key, USED, _join(said, remark, name.note))


@lru_cache(maxsize=4096)
def _class_of_word(word: str) -> str:
    return maf_class(word)


def _parsed(protein_change: str) -> Change | str:
    """The change, or why it cannot be read; an empty text where there is none."""
    if not protein_change:
        return ""
    try:
        return parse_change(protein_change)
    except InputError as error:
        return str(error).rstrip(".")


def _weigh(term: str, change: Change | None) -> tuple[str, str]:
    """The class that counts, and a remark where the class word and the change contradict each other.

    A change that names two residues is the more exact of the two: it decides.
    """
    if change is not None and change.text.endswith("_splice") and term in NOT_CODING:
        # cBioPortal names essential splice sites so (X1010_splice), never the bases beside them: the change decides.
        return (
            "Splice_Site",
            f"its class says {term.replace('_', ' ').lower()}, its change a splice site; the change counts",
        )
    if change is None or change.residue is None:
        return (term if term != UNKNOWN or change is None else change.classification), ""
    if term == UNKNOWN:
        return change.classification, ""
    if change.classification == UNKNOWN or (term in NOT_CODING) == (change.classification in NOT_CODING):
        return term, ""
    if change.classification == "Splice_Site":  # X125_splice repeats the word, it does not tell residues
        return term, ""
    if term == "Splice_Site":  # the last base of an exon: the codon stays, the splice site does not
        return term, ""
    words = term.replace("_", " ").lower()
    return change.classification, f"its class says {words}, its change {change.text} does not; the change counts"


def _doubt(gene: str, change: Change | None, term: str, knowledge: Knowledge) -> str:
    """Why a mutation of a census gene cannot be placed; empty where it can."""
    if change is None or change.residue is None:
        if term == UNKNOWN:
            return "The row tells neither a protein change nor what kind of mutation this is"
        if term in _NEEDS_RESIDUE:
            return "The row tells no protein change, so that the residue is unknown: add it (p.V600E)"
        return ""
    return knowledge.residues.complaint(
        gene, change.residue, change.before, _meant(meant_change(gene, change.text, knowledge.common))
    )


def _meant(change: str) -> str:
    return f" (did you mean {change}?)" if change else ""


def _known(key: str, bit: int, lines: int | None) -> str:
    if lines is None:
        return f"The model knows {key} (its bit {bit:,})"
    return f"{lines:,} training line{' is' if lines == 1 else 's are'} mutated at {key} (bit {bit:,} of the model)"


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
