"""GEO series matrices: the samples told above the table, then the table, which must be there to its end.

Format: https://www.ncbi.nlm.nih.gov/geo/info/soft.html; the order and the keys of `!Sample_characteristics_ch1` differ
from series to series, and in some from sample to sample.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from engine.errors import InputError
from engine.files.raw_file import text_lines
from engine.radiation.grid import WANTED, Filling, Grid, Tell
from engine.radiation.grid_read import separated
from engine.radiation.names import nci60_name

FORMAT = "GEO series matrix"
BEGIN, END = "!series_matrix_table_begin", "!series_matrix_table_end"
ACCESSION, TITLE, SOURCE = "!sample_geo_accession", "!sample_title", "!sample_source_name_ch1"
PLATFORMS = ("!sample_platform_id", "!series_platform_id")
LINE_KEYS = ("cell line", "cell line name", "cellline", "cell_line", "cell lines", "cell line id", "line", "cell name")
TISSUE_KEYS = ("tissue", "tissue of origin", "tissue type", "panel", "primary site", "organ", "tumor type", "cell type")
MAX_ABOVE = 5_000  # lines above the table; real ones have 60 to 200


def is_series_matrix(lines: list[str]) -> bool:
    """Whether a text that begins with these lines is a series matrix."""
    return any(re.match(r'"?!(Series|Sample)_', line) or line.lower().startswith(BEGIN) for line in lines[:5])


def read_series_matrix(path: Path, name: str, on_bytes: Tell, only_head: bool = False) -> Grid:
    """The table with its samples; `above` holds title, line and tissue of each, where told.

    only_head: what stands above the table and its first row.
    Raises InputError: cut off, no table in it (series of sequencing), a row too short, samples that do not fit.
    """
    lines = text_lines(path, name, WANTED)
    told, above_rows = _above(lines, name)
    rows = separated(lines, "\t", True, above_rows, on_bytes, name)
    end, header = next(rows, (0, []))
    samples = [str(cell).strip() for cell in header[1:]]
    if not samples or str(header[0]).lower().startswith(END):
        raise InputError(
            f"{name} holds no values: its series matrix has no table, as series of sequencing keep theirs in "
            "supplementary files. Give that table instead."
        )
    filling = Filling(name, [str(header[0]), *samples], [0], list(range(1, len(samples) + 1)), False)
    whole, count = False, 0
    for end, cells in rows:
        if str(cells[0]).lower().startswith(END):
            whole = True
            break
        if len(cells) != len(samples) + 1:
            raise InputError(
                f"{name} is cut off or damaged in row {end:,}: it has {len(cells) - 1:,} values for {len(samples):,} "
                "samples. Download it again."
            )
        filling.add(cells, end)
        count += 1
        if only_head:
            whole = True
            break
    if not whole:
        raise InputError(
            f"{name} is cut off: the line {END} is missing behind {count:,} rows. Download it again; `python -m engine "
            "fetch geo GSE...` continues a broken download."
        )
    if not count:
        raise InputError(
            f"{name} holds no values: its series matrix has no table, as series of sequencing keep theirs in "
            "supplementary files. Give that table instead."
        )
    above, platform = _samples(told, samples, name)
    return filling.grid(FORMAT, above, platform)


def _above(lines: Iterator[tuple[str, float]], name: str) -> tuple[list[tuple[str, list[str]]], int]:
    """What stands above the table, key -> cells, and how many lines those are."""
    found: list[tuple[str, list[str]]] = []
    for count, (line, _) in enumerate(lines, 1):
        key, *cells = next(csv.reader([line], delimiter="\t"), None) or [""]
        if key.lower() == BEGIN:
            return found, count
        if key.startswith("!"):
            found.append((key.lower(), [cell.strip() for cell in cells]))
        if count > MAX_ABOVE:
            break
    raise InputError(f"{name} is cut off or no series matrix: the line {BEGIN} is missing. Download it again.")


def _samples(told: list[tuple[str, list[str]]], samples: list[str], name: str) -> tuple[dict[str, list[str]], str]:
    fields: dict[str, list[str]] = {}
    for key, cells in told:
        fields.setdefault(key, cells)
    accessions = fields.get(ACCESSION, samples)
    missing = [sample for sample in samples if sample not in set(accessions)]
    if missing:
        raise InputError(
            f"{name} is damaged: its table has the samples {', '.join(missing[:3])}, which it does not describe. "
            "Download it again."
        )
    place = {accession: i for i, accession in enumerate(accessions)}
    about = [_characteristics(told, place[sample]) for sample in samples]

    def field(key: str, sample: str) -> str:
        cells = fields.get(key, [])
        return cells[place[sample]] if place[sample] < len(cells) else ""

    titles = [field(TITLE, sample) for sample in samples]
    lines = [
        _first(one, LINE_KEYS) or line_in(title, field(SOURCE, sample)) or title or sample
        for one, title, sample in zip(about, titles, samples, strict=True)
    ]
    above = {"title": titles, "line": lines, "tissue": [_first(one, TISSUE_KEYS) for one in about]}
    platform = next((fields[key][0] for key in PLATFORMS if fields.get(key)), "")
    return above, platform


def _characteristics(told: list[tuple[str, list[str]]], place: int) -> dict[str, str]:
    """What is told of one sample, key -> value; each of its cells names its own key."""
    found: dict[str, str] = {}
    for key, cells in told:
        if key.startswith("!sample_characteristics_ch") and place < len(cells):
            word, colon, value = cells[place].partition(":")
            if colon and value.strip():
                found.setdefault(word.strip().lower(), value.strip())
    return found


def _first(about: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((about[key] for key in keys if key in about), "")


def line_in(*texts: str) -> str:
    """The NCI-60 line that a title or a source speaks of, '' where none does."""
    for text in texts:
        parts = [text, *re.split(r"[,;|]|\s+-\s+", text), *re.split(r"[\s,;|]+", text)]
        for part in parts:
            bare = re.sub(r"[\s._-]*(?:biological\s*)?(?:rep(?:licate)?|array)?[\s._#-]*\d{1,2}$", "", part, flags=re.I)
            for form in (part.strip(), bare.strip()):
                if len(form) > 2 and nci60_name(form):
                    return form
    return ""
