"""Which amino acid stands where, as the mutations of the store and published hotspots say.

A protein change of another transcript, or with a slip of the pen, names a residue that is not there: its number would
then point to a wrong bit.
"""

import re
from dataclasses import dataclass
from functools import cache

import pandas as pd

from engine.patient.coordinates import known_positions
from engine.settings import REFERENCE

# fmt: off
_THREE = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V", "Ter": "*",
}
# fmt: on
# V600E -> V; of several residues (GP1621fs) the first stands at the number. X is any residue.
_ONE = re.compile(r"(?:p\.)?([ACDEFGHIKLMNPQRSTVWY])([1-9]\d*)([ACDEFGHIKLMNPQRSTVWY*])")
COMMON_LINES = 10  # training lines mutated at a position that a person may have meant
_FIRST = r"^(?:p\.)?\(?(?:(?P<three>[A-Z][a-z]{2})|(?P<one>[ACDEFGHIKLMNPQRSTVWY*])[A-Z*]*)(?:_|\d)"


@dataclass(frozen=True)
class Residues:
    """letters: position key (BRAF:600) -> the residues that known changes have there, of several isoforms several.

    last: gene -> number of the last residue, stop codon included; not of every gene.
    """

    letters: dict[str, frozenset[str]]
    last: dict[str, int]

    def complaint(self, gene: str, residue: int, before: str, meant: str = "") -> str:
        """Why a change cannot be one of this protein; empty where nothing speaks against it.

        before: one-letter code of the residue that the change replaces, empty where it names none. meant: what the
        person may have wanted to write, in brackets, put behind what is wrong.
        """
        last = self.last.get(gene)
        if last is not None and residue > last:
            beyond = f"Residue {residue:,} lies beyond the end of the protein of {gene}"
            return f"{beyond}, which has {last - 1:,} residues{meant}"
        known = self.letters.get(f"{gene}:{residue}")
        if known and before and before[0] not in known | {"X"}:
            seen = " or ".join(sorted(known))
            return (
                f"The training table has {seen} at residue {residue} of {gene}, the row has {before[0]}{meant}: "
                "another transcript or a slip of the pen"
            )
        return ""


def common_changes(known: pd.DataFrame, training_lines: dict[str, int]) -> dict[str, tuple[str, ...]]:
    """Gene -> its substitutions that are published hotspots or mutated in many lines (V600E), the commonest first."""
    measured = known[~known["simulated"]] if "simulated" in known else known
    often = measured[measured["position_key"].map(training_lines).fillna(0) >= COMMON_LINES]
    changes = pd.concat([_hotspots(), often[["position_key", "protein_change"]]], ignore_index=True)
    changes["lines"] = changes["position_key"].map(training_lines).fillna(0)
    changes = changes[changes["protein_change"].str.fullmatch(_ONE.pattern)]
    changes = changes.sort_values("lines", ascending=False, kind="stable")
    found: dict[str, list[str]] = {}
    for key, change in zip(changes["position_key"], changes["protein_change"].str.removeprefix("p."), strict=True):
        found.setdefault(key.partition(":")[0], []).append(change)
    return {gene: tuple(dict.fromkeys(own)) for gene, own in found.items()}


def meant_change(gene: str, change: str, common: dict[str, tuple[str, ...]], surely: bool = False) -> str:
    """A common change of the gene that this one differs from by one slip (V60E -> V600E); empty where there is none.

    A slip is a digit dropped or added, letters that changed places, or a wrong number beside the right letters; surely:
    no wrong number, and both letters right.
    """
    written = _ONE.fullmatch(change)
    if written is None:
        return ""
    before, number, after = written.groups()
    ranked = []
    for place, text in enumerate(common.get(gene, ())):
        own = _ONE.fullmatch(text)
        if own is None:
            continue
        if own.group(2) == number:
            if own.group(1, 3) == (after, before):  # E600V
                ranked.append((False, False, place, text))
            continue
        letters, digit = own.group(1, 3) == (before, after), _one_digit(number, own.group(2))
        if letters or (digit and own.group(1) == before):
            ranked.append((not (letters and digit), not letters, place, text))
    ranked = [found for found in ranked if not (surely and any(found[:2]))]
    return min(ranked)[3] if ranked else ""


def _one_digit(one: str, other: str) -> bool:
    """Whether one number is the other without one of its digits."""
    short, long = sorted((one, other), key=len)
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def residues_of(known: pd.DataFrame) -> Residues:
    """known: the distinct mutations of `Knowledge`; simulated ones say nothing about real proteins."""
    measured = known[~known["simulated"]] if "simulated" in known else known
    changes = pd.concat([measured[["position_key", "protein_change"]], _hotspots()], ignore_index=True)
    numbered = changes[changes["position_key"].str.contains(r":\d+$")]
    first = numbered["protein_change"].str.extract(_FIRST)
    letter = first["three"].map(_THREE).fillna(first["one"])
    seen = pd.DataFrame({"key": numbered["position_key"], "letter": letter}).dropna().drop_duplicates()
    joined = seen.groupby("key")["letter"].sum()
    letters = dict(zip(joined.index, map(frozenset, joined), strict=True))
    parts = numbered["position_key"].str.rsplit(":", n=1)
    highest = parts.str[1].astype(int).groupby(parts.str[0]).max()
    # A known mutation beyond the canonical length belongs to a longer isoform: the longer one counts.
    last = {gene: max(length + 1, int(highest.get(gene, 0))) for gene, length in _lengths().items()}
    return Residues(letters, last)


@cache
def _lengths() -> dict[str, int]:
    table = pd.read_csv(REFERENCE / "demo_genes.csv")
    return dict(zip(table["gene"], table["protein_length"].astype(int), strict=True))


@cache
def _hotspots() -> pd.DataFrame:
    table = pd.read_csv(REFERENCE / "demo_hotspots.csv", dtype=str)[["gene", "protein_change"]]
    table = pd.concat([table, known_positions()[["gene", "protein_change"]]], ignore_index=True)
    number = table["protein_change"].str.extract(r"^p\.[A-Z*]+(\d+)")[0]
    keys = table["gene"] + ":" + number
    return pd.DataFrame({"position_key": keys, "protein_change": table["protein_change"]}).dropna()
