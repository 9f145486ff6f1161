"""Rows of a reading: what every format fills in, cleaned, limited, and put together to a table."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import pandas as pd

from engine.errors import InputError
from engine.patient.types import ROW_COLUMNS, TEXT_LENGTH

ROWS = 500_000
FILTERED = "Filtered by the caller (FILTER is not PASS)."
_CHUNK = 50_000
_BUILDS = tuple(
    (f"GRCh{n}", re.compile(rf"(?:grch|hg|ncbi|assembly|v)[ ._-]?{names}|(?<![a-z0-9])(?:b|hs){n}|^{n}(\.\w+)?$"))
    for n, names in ((37, "(?:37|19)"), (38, "38"))
)  # hg19, GRCh37.p13, human_g1k_v37, hs37d5, Homo_sapiens_assembly19, b37, 37
# Control characters, and those that turn the direction of writing or have no width.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


class Row(NamedTuple):
    """One variant, in the order of ROW_COLUMNS."""

    row: int
    text: str
    gene: str = ""
    protein_change: str = ""
    classification: str = ""
    chromosome: str = ""
    position: int | None = None
    reference: str = ""
    alternate: str = ""
    build: str = ""
    problem: str = ""


def clean(text: str, length: int = TEXT_LENGTH) -> str:
    """Text of one line without control characters, cut to a length."""
    text = text[: 2 * length]
    return (text if text.isprintable() else _UNSEEN.sub(" ", text)).strip()[:length]


def build_in(text: str) -> str:
    """The genome build that a word or a file's name speaks of: GRCh37, GRCh38, or empty where none or both."""
    found = [build for build, pattern in _BUILDS if pattern.search(text.strip().lower())]
    return found[0] if len(found) == 1 else ""


def filtered(word: str) -> str:
    """Why a row is not used whose caller filtered it out, as the FILTER column of VCF and MAF says; else empty."""
    return "" if word.strip().upper() in ("PASS", ".", "", "-", "NA", "NAN") else FILTERED


def declared(builds: Iterable[str]) -> str:
    """What several statements say together: one build, "mixed", or empty."""
    found = {build for build in builds if build}
    return "mixed" if len(found) > 1 else next(iter(found), "")


def table_of(rows: Iterable[Row]) -> pd.DataFrame:
    """Reading.rows from rows in the file's order. Raises InputError for more than 500,000."""
    source = iter(rows)
    parts = [_frame([])]
    total = 0
    while chunk := list(islice(source, _CHUNK)):
        total += len(chunk)
        if total > ROWS:
            raise InputError(
                f"The file has more than {ROWS:,} variants: give those of one patient's coding regions only (for a "
                "VCF, bcftools view -R with the exome's regions)."
            )
        parts.append(_frame(chunk))
    return pd.concat(parts[-1:] if len(parts) == 2 else parts, ignore_index=True)


def _frame(rows: list[Row]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(ROW_COLUMNS)
    types = {"row": "Int64", "position": "Int64"}
    arrays = {n: pd.array(list(c), dtype=types.get(n, "str")) for n, c in zip(ROW_COLUMNS, columns, strict=True)}
    return pd.DataFrame(arrays)
