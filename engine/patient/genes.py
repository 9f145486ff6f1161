"""What a list calls a gene -> its current symbol: former names, names of the clinic, dates that spreadsheets make."""

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from engine.fetch.releases import downloads_folder
from engine.patient.protein import clean
from engine.response.census import census_genes, current_symbol
from engine.settings import REFERENCE

MANE_SUMMARY = "MANE.GRCh38.v1.4.summary.txt.gz"

# Names that reports use and that never were symbols, or were before the census began. Source: HGNC, alias symbols.
_CLINIC = {
    "HER1": "EGFR", "ERBB1": "EGFR", "HER2": "ERBB2", "NEU": "ERBB2", "HER2/NEU": "ERBB2", "HER3": "ERBB3",
    "HER4": "ERBB4", "P53": "TP53", "P16": "CDKN2A", "P16INK4A": "CDKN2A", "MEK1": "MAP2K1", "MEK2": "MAP2K2",
    "ERK1": "MAPK3", "ERK2": "MAPK1", "CKIT": "KIT", "CMET": "MET", "CMYC": "MYC", "NMYC": "MYCN", "CRAF": "RAF1",
    "PKB": "AKT1", "PDL1": "CD274", "LKB1": "STK11", "NRF2": "NFE2L2", "BRG1": "SMARCA4", "INI1": "SMARCB1",
    "SNF5": "SMARCB1", "CABL": "ABL1",
}  # fmt: skip

# Families whose symbols spreadsheets read as dates, and what HGNC calls them since 2020 for that reason.
_MONTHS = {3: "MARCHF", 9: "SEPTIN", 12: "DELEC"}
_MEMBERS = {3: range(1, 12), 9: range(1, 15), 12: range(1, 2)}
_MONTH_OF = {"mar": 3, "march": 3, "mrz": 3, "sep": 9, "sept": 9, "september": 9, "dec": 12, "december": 12, "dez": 12}
_SYMBOL_BEFORE = re.compile(r"(SEPT|MARCH|DEC)0?(\d{1,2})", re.IGNORECASE)
_MONTH = rf"({'|'.join(sorted(_MONTH_OF, key=len, reverse=True))})"
_DAY_MONTH = re.compile(rf"(\d{{1,2}})(?:[-./ ]|\. ){_MONTH}\.?(?:[-./ ]\d{{2,4}})?", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"{_MONTH}\.?[-./ ](\d{{1,2}}|20\d{{2}})", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ][\d:.]+)?")
_FIGURES = re.compile(r"(\d{1,2})[./](\d{1,2})[./](?:\d{2}|\d{4})")
_OPEN_FRAME = re.compile(r"C(\d{1,2}|X|Y)ORF(\d+)", re.IGNORECASE)
_ACCESSION = re.compile(r"([NX][MP]_\d+|ENS[TP]\d{11})(\.\d+)?", re.IGNORECASE)
UNCLEAR_DATE = "a date made by a spreadsheet, which gene it was cannot be told: write the gene's name"
LAST_MONTH_AND_YEAR = 2014  # up to here a first of the month is rather "Sep-09", a month with a number read as a year


class GeneName(NamedTuple):
    """A gene by its current symbol.

    symbol: of HGNC for census genes, else as written. census: whether it is a census gene. note: how it was written
    where that was another name ("written MLL2, now KMT2D", "a date made by a spreadsheet, read as SEPTIN9"), or empty.
    """

    symbol: str
    census: bool
    note: str


def _member(month: int, number: int) -> str | None:
    """SEPTIN9 of month 9 and number 9, None where the family has no such member."""
    return f"{_MONTHS[month]}{number}" if month in _MONTHS and number in _MEMBERS[month] else None


def _genes_of_date(text: str) -> set[str] | None:
    """The genes that a spreadsheet may have made this date of, none or several included; None where it is no date."""
    if found := _DAY_MONTH.fullmatch(text):
        pairs = {(_MONTH_OF[found.group(2).lower()], int(found.group(1)))}
    elif found := _MONTH_DAY.fullmatch(text):
        pairs = {(_MONTH_OF[found.group(1).lower()], int(found.group(2)) % 100)}
    elif found := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
        early = day == 1 and 2000 < year <= LAST_MONTH_AND_YEAR
        pairs = {(month, year - 2000 if early else day)}
    elif found := _FIGURES.fullmatch(text):
        first, second = int(found.group(1)), int(found.group(2))
        pairs = {(first, second), (second, first)}
    else:
        return None
    return {gene for month, number in pairs if (gene := _member(month, number))}


def is_date(text: str) -> bool:
    """Whether a spreadsheet made a date of this gene: 9-Sep, 2024-09-09 00:00:00."""
    return _genes_of_date(clean(text).strip("'\"` ,;:")) is not None


def _alias(text: str) -> str | None:
    """The symbol of a name of the clinic or with stray signs: HER2, c-KIT, K-RAS."""
    name = text.upper()
    bare = re.sub(r"[-\s_./]", "", name)
    for written in (name, bare):
        if written in _CLINIC:
            return _CLINIC[written]
    joined = current_symbol(bare)
    return joined if bare != name and joined in census_genes() else None


@lru_cache(maxsize=20_000)  # an exome names half as many genes, many of them in several rows
def gene_name(text: str) -> GeneName:
    """The gene that `text` names, whatever the case; never raises.

    mll2 -> KMT2D; HER2 -> ERBB2; SEPT9, 9-Sep, Sep-09, 2024-09-09 00:00:00 -> SEPTIN9; c15ORF65 -> C15orf65. A name
    that is not known is returned as written, without quotes around it.
    """
    written = clean(text).strip("'\"` ,;:")
    symbol = current_symbol(written)
    if symbol in census_genes():
        note = "" if symbol.upper() == written.upper() else f"written {written}, now {symbol}"
        return GeneName(symbol, True, note)
    genes = _genes_of_date(written)
    if genes is not None:
        if len(genes) != 1:
            return GeneName(written, False, UNCLEAR_DATE)
        (only,) = genes
        return GeneName(only, only in census_genes(), f"a date made by a spreadsheet, read as {only}")
    if (found := _SYMBOL_BEFORE.fullmatch(written)) and (
        gene := _member(_MONTH_OF[found.group(1).lower()], int(found.group(2)))
    ):
        return GeneName(gene, gene in census_genes(), f"written {written}, now {gene}")
    if alias := _alias(written):
        return GeneName(alias, alias in census_genes(), f"written {written}, now {alias}")
    if found := _OPEN_FRAME.fullmatch(written):
        return GeneName(f"C{found.group(1).upper()}orf{found.group(2)}", False, "")
    return GeneName(written.upper() if re.fullmatch(r"[a-z][a-z0-9-]*", written) else written, False, "")


def is_accession(text: str) -> bool:
    """Whether this names a sequence of RefSeq or Ensembl instead of a gene: NP_004324.2, ENST00000288602."""
    return _ACCESSION.fullmatch(text.strip()) is not None


@cache
def _few_accessions() -> dict[str, str]:
    table = pd.read_csv(REFERENCE / "protein_accessions.csv", dtype=str)
    return dict(zip(table["accession"], table["gene"], strict=True))


@cache
def _mane(path: Path, modified_ns: int) -> dict[str, str]:
    """Accession without version -> symbol, of the MANE summary at `path`; read again where the file has changed."""
    columns = ["RefSeq_nuc", "RefSeq_prot", "Ensembl_nuc", "Ensembl_prot"]
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, usecols=[*columns, "symbol"])
    long = table.melt(id_vars="symbol", value_vars=columns, value_name="accession")
    return dict(zip(long["accession"].str.split(".").str[0], long["symbol"], strict=True))


def gene_of_accession(accession: str) -> str | None:
    """The gene of a RefSeq or Ensembl transcript or protein, whatever its version: NP_004324.2 -> BRAF.

    Known are the accessions of some cancer genes, and those of the MANE summary where `fetch mane` has brought it
    (Morales et al. 2022, doi:10.1038/s41586-022-04558-8). None where it is not known.
    """
    found = _ACCESSION.fullmatch(accession.strip())
    if found is None:
        return None
    plain = found.group(1).upper()
    summary = downloads_folder() / "mane" / MANE_SUMMARY
    gene = _few_accessions().get(plain)
    if gene is None and summary.is_file():
        gene = _mane(summary, summary.stat().st_mtime_ns).get(plain)
    return gene and gene_name(gene).symbol
