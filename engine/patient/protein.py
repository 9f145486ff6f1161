"""Protein changes as people and programs write them -> one short form.

Short names have a grammar of our own: programs and reports write more than the nomenclature knows (R213X, X963_splice,
p.38_38A>AA). Full names (p.Val600Glu) are put into short ones. Nomenclature: HGVS, den Dunnen et al. 2016,
doi:10.1002/humu.22981. The position key that follows is made by engine/response/variants.py, as for the cell lines.
"""

import re
import unicodedata
from typing import NamedTuple

from engine.errors import InputError
from engine.patient.refusals import GENERAL, why_not
from engine.response.variants import NOT_CODING, UNKNOWN, maf_class

MOST_LETTERS = 2_000  # of one change; the longest real ones are insertions of some hundred residues
LONGEST = 35_991  # residues of titin, the longest human protein (UniProt Q8WZ42, its longest isoform)

_CODES = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V", "Sec": "U", "Ter": "*",
}  # fmt: skip
AMINO_ACIDS = frozenset(_CODES.values())  # with selenocysteine, which 25 human proteins hold, and the stop
_SIGNS = str.maketrans("‐‑‒–—―−﹣∗✱→‘’“”´`", "-------" + "-**>''\"\"''")
_FULL = re.compile("|".join(_CODES), re.IGNORECASE)
_FULL_START = re.compile(rf"({'|'.join(_CODES)})\d", re.IGNORECASE)
_WORDS_OR_CODES = re.compile(rf"(delins|del|ins|dup|fs|ext)|({'|'.join(_CODES)})", re.IGNORECASE)
_CAPITAL_WORDS = re.compile(r"(?<=\d)([A-Z*]?)(DELINS|DEL|INS|DUP|FS|EXT)")
# Foundation Medicine's reports: splice site 209+1_209+2delGT.
_SPLICED_AT = re.compile(
    r"^(splice[\s_-]?site)[\s:]+(?:c\.)?\d+[\d+_-]*(?:[ACGT]+>[ACGT]+|(?:del|ins|dup)[ACGT]*){1,2}$", re.I | re.A
)
_RANGE = re.compile(r"(?<=\d)-(?=[A-Z]{1,3}\d+(?:del|ins|dup))", re.IGNORECASE)  # E746-A750del for E746_A750del

# Letters are capitals and words small here. a, n: first residue and its number; m: the last one's number; b: what
# comes instead. Oncotator writes a run of residues before the number (YF1063fs), a dash for none (-287fs) and both
# sides of a replacement after the range (38_38A>AA).
_SHAPES = {
    "whole": r"(?P<b>=|\?|0\??)",
    "splice": r"(?P<b>[A-Z*]?)(?P<n>\d+)_splice",
    "shift": r"(?P<a>[A-Z*]+|-)?(?P<n>\d+)(?:_[A-Z*]?(?P<m>\d+))?(?P<b>[A-Z*])?fs(?P<end>[*X]?(?:\d+|\?)?)",
    "extension": r"(?P<a>[*XM])(?P<n>\d+)(?P<b>[A-Z*?])?ext(?P<end>[*X-]?(?:\d+|\?)?|[A-Z]+\*?)",
    "one": r"(?P<a>[A-Z*])(?P<n>\d+)(?P<b>[A-Z*=?])?",
    "event": r"(?P<a>[A-Z*]*)(?P<n>\d+)(?:_(?P<c>[A-Z*]?)(?P<m>\d+))?"
    r"(?P<event>del(?:[A-Z*]+|\d+)?ins|del|dup|ins|>|=)(?P<b>[A-Z*]+|\d+)?",
    "sides": r"(?P<n>\d+)_(?P<m>\d+)(?P<a>[A-Z*]+)>(?P<b>[A-Z*]+)",
    "run": r"(?P<a>[A-Z*]{2,})(?P<n>\d+)(?P<b>[A-Z*]{2,})",
}
_PATTERNS = {name: re.compile(pattern, re.ASCII) for name, pattern in _SHAPES.items()}


class ChangeError(InputError):
    """What stands in place of a protein change is none, or an impossible one. The message quotes nothing of it."""


class Change(NamedTuple):
    """A protein change.

    text: normalised short form (p.V600E), empty where only a class is told ("splice site"). residue: number of the
    first affected residue, None where none is told. before: that residue's letter in the reference, or empty.
    classification: MAF Variant_Classification, "Unknown" where the change does not say.
    """

    text: str
    residue: int | None
    before: str
    classification: str


def clean(text: str) -> str:
    """Compatibility characters and typographic signs as ASCII, without control characters, single spaces, stripped."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split()).replace("`", "'")
    plain = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)
    kept = (" " if c.isspace() else "" if unicodedata.category(c).startswith("C") else c for c in plain)
    return " ".join("".join(kept).split())


def _body(text: str) -> str:
    """The change alone: no accession, no p., no brackets, no remark in brackets behind it."""
    named = re.search(r"(?:^|[^A-Za-z0-9])[pP]\.\s*(.+)$", text)
    if named is None:
        body = text.rsplit(":", 1)[-1].strip()
        body = re.sub(r"^p\s?(?=\(?[A-Z*]\w*\d)", "", body)
    else:
        body = named.group(1)
    body = body.strip(" '\"")
    if not body.startswith(("(", "[")):
        body = re.sub(r"\s+[(\[].*$", "", body)
    body = re.sub(r"[()\s]", "", body.rstrip(".,;:! ")).strip("[]'\"").replace("%3D", "=")
    return _RANGE.sub("_", body)


def _short(body: str) -> str:
    """A full name in one-letter codes, a short one as it is.

    Three capitals before a number are a code (VAL600GLU), except where Oncotator means a run of residues: p.SER931del.
    """
    start = _FULL_START.match(body)
    if start is None:
        return re.sub(r"(?:[A-Z][a-z]{2})+$", lambda found: _letters(found.group()), body)
    if start.group(1).isupper() and re.fullmatch(r"[A-Z]+\d+del", body):
        return body
    return _WORDS_OR_CODES.sub(lambda found: found.group(1) or _letters(found.group()), body)


def _letters(codes: str) -> str:
    return _FULL.sub(lambda found: _CODES[found.group().capitalize()], codes)


def _recased(body: str) -> str:
    """Letters in capitals and words small, whatever the case: e746_a750DEL -> E746_A750del."""
    capitals = body.upper().replace("_SPLICE", "_splice")
    return _CAPITAL_WORDS.sub(lambda found: found.group(1) + found.group(2).lower(), capitals)


def _match(body: str) -> tuple[str, re.Match[str]] | None:
    short = _short(body)
    for written in (short, _recased(short)):
        for shape, pattern in _PATTERNS.items():
            if found := pattern.fullmatch(written):
                return shape, found
    return None


def _letters_stand(shape: str, parts: dict[str, str | None]) -> bool:
    """Whether every letter stands for an amino acid."""
    sequences = [value for key, value in parts.items() if key in "abc" and value and value[0].isalpha()]
    return shape == "splice" or set("".join(sequences)) <= AMINO_ACIDS | {"X"}


def _checked(shape: str, parts: dict[str, str | None]) -> int:
    """The first residue's number. Raises ChangeError where residues or letters cannot be."""
    first, last = int(parts["n"] or 0), parts.get("m")
    if not _letters_stand(shape, parts):
        raise ChangeError("A letter of the protein change stands for no amino acid: B, J, O and Z do not.")
    if first == 0 or last == "0":
        raise ChangeError("Residues are counted from 1: there is no residue 0.")
    if max(first, int(last or 0)) > LONGEST:
        raise ChangeError(f"No human protein has so many residues: the longest, titin, has {LONGEST:,}.")
    if last and int(last) < first:
        raise ChangeError("The range of residues runs backwards: write the smaller number first.")
    return first


def _class_of_sides(before: str, after: str) -> str:
    """MAF class of Oncotator's p.38_38A>AA: what stood there and what stands there now."""
    if before == after:
        return "Silent"
    if "*" in after and "*" not in before:
        return "Nonsense_Mutation"
    if len(before) == len(after):
        return "Missense_Mutation"
    return "In_Frame_Ins" if len(after) > len(before) else "In_Frame_Del"


def _written(shape: str, number: int, parts: dict[str, str | None]) -> str:
    """The normalised short form."""
    last, event = parts.get("m"), parts.get("event") or ""
    a, b, c, end = ((parts.get(key) or "").replace("X", "*") for key in ("a", "b", "c", "end"))
    if shape == "splice":
        return f"p.X{number}_splice"
    if shape == "sides":
        return f"p.{number}_{last}{a}>{b}"
    if shape == "shift":
        stop = end.lstrip("*")
        return f"p.{a}{number}{b}fs{'*' + stop if stop else ''}"
    if shape == "extension":
        return f"p.{a}{number}{b}ext{end}"
    if shape == "event":
        to = f"_{c}{last}" if last else ""
        if event in ("del", "dup", "="):
            return f"p.{a}{number}{to}{event}"
        return f"p.{a}{number}{to}{'ins' if event == 'ins' else 'delins'}{b}"
    return f"p.{a}{number}{b or '?'}"


def _class_word(text: str) -> Change | None:
    """A change that is told by its class only: "splice site", "frameshift", "intronic"."""
    text = _SPLICED_AT.sub(r"\1", text)
    term = maf_class(re.sub(r"[\s_-]+(?:mutation|variant|change)s?$", "", text, flags=re.IGNORECASE))
    if term == "Splice_Site" or term.startswith("Frame_Shift") or term in NOT_CODING:
        return Change("", None, "", term)
    if term != UNKNOWN and "deletion" not in text.lower():
        raise ChangeError("The kind of change is told, but not its position: write it like R213* or V600E.")
    return None


def parse_change(text: str) -> Change:
    """A protein change in any common notation, with or without accession and `p.`.

    V600E, p.(Val600Glu), NP_004324.2:p.Val600Glu -> p.V600E; R213X -> p.R213*; K101AsnfsTer5 -> p.K101Nfs*5;
    L747_P753>S -> p.L747_P753delinsS; V600= -> p.V600= (silent); a residue alone (V600) -> p.V600?.
    Raises ChangeError with the reason: nothing there, no protein change, or one that cannot be.
    """
    cleaned = clean(text)
    if not cleaned.strip(" .,;:-_'\"!"):
        raise ChangeError("No protein change is given.")
    if len(cleaned) > MOST_LETTERS:
        raise ChangeError(GENERAL)
    found = _match(_body(cleaned))
    if found is None:
        if word := _class_word(cleaned.strip(".,;:!()[] ")):
            return word
        raise ChangeError(why_not(cleaned.rstrip(".,;:! ")))
    shape, match = found
    parts = match.groupdict()
    if shape == "whole":
        whole = f"p.{parts['b']}"
        return Change(whole, None, "", maf_class(None, whole))
    if shape == "run" and len(parts["a"] or "") != len(parts["b"] or ""):
        raise ChangeError(why_not(cleaned))
    if shape == "event" and parts["event"] in (">", "=") and bool(parts["b"]) != (parts["event"] == ">"):
        raise ChangeError(GENERAL)
    if not _letters_stand(shape, parts) and (reason := why_not(cleaned)) != GENERAL:
        raise ChangeError(reason)  # such as "exon 19 del", whose letters look like residues
    number = _checked(shape, parts)
    written = _written(shape, number, parts)
    if shape == "splice":
        return Change(written, None, "", maf_class(None, written))
    before = (parts.get("a") or "").replace("X", "*").replace("-", "")
    term = maf_class(None, written)
    if shape in ("sides", "run"):
        term = _class_of_sides(before, (parts["b"] or "").replace("X", "*"))
    return Change(written, number, before[:1], term)
