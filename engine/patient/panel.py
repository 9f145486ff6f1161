"""Which genes were sequenced: a whole exome, only the genes named, or a panel given as gene list or BED file."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from engine.errors import InputError
from engine.patient.genes import gene_name
from engine.patient.rows import clean
from engine.patient.unpack import as_text, unpack

LONGEST_LIST = 100_000  # lines; exome kits have more targets, but an exome needs no panel
LONGEST_NAME = 40  # characters shown of a name that is no census gene
_HEADINGS = ("gene", "genes", "hugosymbol", "genesymbol", "symbol", "genename", "hgncsymbol")
_BED_REGION = re.compile(r"^\S+\t\d+\t\d+(\t|$)|^chr\S+ +\d+ +\d+( |$)")
_GENE_ID = re.compile(r"\bGENE(?:_ID|_SYMBOL|_NAME)?=([^;,\s]+)", re.IGNORECASE)
# How targets are named after their gene: BRAF_ex15, BRAF;NM_004333, BRAF.chr7.140453, BRAF-exon15, ex15_BRAF.
_CUTS = (r"[;|,:()\s]+", r"[;|,:()\s_]+", r"[;|,:()\s_.\-]+")


class Panel(NamedTuple):
    """genes: the census genes that were looked at; None: a whole exome. words: for a person. others: names of a panel
    file that are no census genes, in its order: for the person's own screen, never for an error or a log."""

    genes: frozenset[str] | None
    words: str
    others: tuple[str, ...] = ()


EXOME = Panel(None, "whole exome")


def listed(keys: Iterable[str]) -> Panel:
    """Only the genes of these position keys were looked at, as far as anybody knows."""
    return Panel(frozenset(key.partition(":")[0] for key in keys), "only the genes named")


def read_panel(content: bytes, name: str = "") -> Panel:
    """The panel of a gene list (one a line, with commas, or a column named gene or Hugo_Symbol) or of a BED file.

    BED targets are named after their gene in the fourth column (BRAF_ex15, BRAF;NM_004333, GENE_ID=BRAF). Former
    symbols count as their current one. Plain or packed, like a mutation list. name: only its ending
    counts, where the file does not show whether it is a BED file.
    Raises InputError where the file cannot be read, is too long, or names no gene of the census.
    """
    lines = list(islice((line.strip() for _, line in as_text(unpack(content)).lines()), LONGEST_LIST + 1))
    if len(lines) > LONGEST_LIST:
        raise InputError(f"The panel file has more than {LONGEST_LIST:,} lines: give the panel's genes, one per line.")
    lines = [line for line in lines if line and not line.startswith(("#", "track ", "browser "))]
    if not lines:
        raise InputError("The panel file names nothing: give the panel's genes, one per line, or its BED file.")
    regions = sum(bool(_BED_REGION.match(line)) for line in lines[:100])
    bed = name.lower().removesuffix(".gz").endswith(".bed") or regions * 2 > len(lines[:100])
    names = _targets(lines) if bed else _listed(lines)
    genes = {found.symbol: found.census for found in map(gene_name, names)}
    inside = frozenset(symbol for symbol, census in genes.items() if census)
    if not inside:
        raise InputError(
            f"None of the {len(genes):,} names in the panel file is a gene of the Cancer Gene Census: "
            "give HGNC symbols, one per line, or a BED file with genes in its fourth column."
        )
    others = tuple(clean(symbol, LONGEST_NAME) for symbol, census in genes.items() if not census)
    return Panel(inside, f"panel of {len(genes):,} genes ({len(inside):,} in the census)", others)


def _listed(lines: list[str]) -> list[str]:
    """The names of a list: of the column whose heading says gene, else every word."""
    for mark in ("\t", ",", ";"):
        heading = [re.sub(r"[^a-z]", "", cell.lower()) for cell in lines[0].split(mark)]
        column = next((i for i, cell in enumerate(heading) if cell in _HEADINGS), None)
        if column is not None:
            cells = [line.split(mark) for line in lines[1:]]
            return _distinct(row[column] for row in cells if len(row) > column)
    return _distinct(word for line in lines for word in re.split(r"[,;\s]+", line))


def _targets(lines: list[str]) -> list[str]:
    """The gene of every named target of a BED file."""
    cells = [line.split("\t") if "\t" in line else line.split() for line in lines if _BED_REGION.match(line)]
    named = _distinct(" ".join(row[3:]) for row in cells if len(row) > 3)
    genes = _distinct(gene for gene in map(_gene_of_target, named) if gene)
    if not genes:
        raise InputError(
            "The BED file does not name its genes in the fourth column: give the panel's genes instead, one per line."
        )
    return genes


def _gene_of_target(target: str) -> str:
    """The census gene that a target's name holds, else what stands first in it; empty where that is no name."""
    told = _GENE_ID.search(target)
    if told:
        return told.group(1)
    for cut in _CUTS:
        found = next((part for part in re.split(cut, target) if part and gene_name(part).census), None)
        if found:
            return found
    first = re.split(_CUTS[1], target.strip())[0]
    return first if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]+", first) else ""


def _distinct(names: Iterable[str]) -> list[str]:
    cleaned = (name.strip().strip("\"'") for name in names)
    return list(dict.fromkeys(name for name in cleaned if name))
