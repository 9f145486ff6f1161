"""A table of mutations -> rows: MAF, cBioPortal, OncoKB-style lists, and any table whose columns say what they are."""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from engine.errors import InputError
from engine.patient.coordinates import plain_chromosome
from engine.patient.list_columns import Columns, columns_of
from engine.patient.rows import ROWS, Row, build_in, clean, declared, filtered, table_of
from engine.patient.types import Reading, SeveralSamples
from engine.patient.unpack import Text
from engine.patient.workbook import Cells, Sheet

HEADER_ROWS = 20  # a header may stand below a title
QUOTED_LINES = 20  # that a quoted cell may go over; a quotation mark without its twin must not swallow the file
TEXT_ROWS = 4_000  # read as text at a time
OTHER_SAMPLE = "Belongs to another sample of the file than the chosen one."
OTHER_BUILD = "The row's coordinates are in a genome build other than GRCh37 and GRCh38."
NOTHING = "The row names neither a gene with a protein change nor a position with both alleles."
NUMBERED = "The gene is named by an Ensembl number: give its symbol, or a position with both alleles."
_MISSING = frozenset(("", ".", "-", "na", "n/a", "#n/a", "nan", "null", "none", "--"))
_SEPARATORS: tuple[tuple[str, str], ...] = (
    ("\t", "\t"),
    (";", ";"),
    (",", ","),
    ("|", "|"),
    ("  ", r"\s{2,}"),
    (" ", r"\s+"),
)
_PLACE = re.compile(
    r"(?:chr)?(\w+)[:-](\d{1,11})(?:-\d+)?", re.IGNORECASE | re.ASCII
)  # its alleles stand in other columns
_GENOMIC = re.compile(
    r"\s*(?:chr)?(\w+)\s*,\s*(\d{1,11})\s*,\s*\d+\s*,\s*([ACGTN]+|-)\s*,\s*([ACGTN]+|-)\s*", re.IGNORECASE | re.ASCII
)


class Table(NamedTuple):
    """A table whose header was found. row: of the header. cells: the rows below it, with their numbers."""

    columns: Columns
    row: int
    cells: Callable[[], Iterator[Cells]]


def text_table(text: Text) -> Table | None:
    """The table that a text is; with an incomplete header where only some of its columns are known, None where none."""
    rows = [(n, line) for n, line in text.head if line.strip() and not line.startswith(("##", "#version"))]
    nearest: Table | None = None
    for number, line in rows[:HEADER_ROWS]:
        first = number == rows[0][0]
        for mark, separator in _SEPARATORS:
            if mark not in line and (mark != "\t" or any(other in line for other, _ in _SEPARATORS)):
                continue  # a line without any separator is the header of one column
            columns = columns_of(_split(line.lstrip("#"), separator))
            if mark.isspace() and mark != "\t" and not _by_blanks(columns, rows, number, separator):
                continue
            quotes = separator != "\t" or '"' in line
            table = Table(columns, number, partial(_text_rows, text, number, separator, quotes))
            if columns.complete:
                return table
            nearest = _nearer(table, nearest, first)
    return nearest


def _nearer(table: Table, nearest: Table | None, first: bool) -> Table | None:
    """Of two incomplete headers the one of which more is known; one known name may be chance, below the first row."""
    known = len(table.columns.places)
    return table if known > (len(nearest.columns.places) if nearest else 0 if first else 1) else nearest


def _by_blanks(columns: Columns, rows: list[tuple[int, str]], header: int, separator: str) -> bool:
    """Whether blanks separate a table's columns, and no words of a sentence: most names are known, and rows alike."""
    below = [_split(line, separator) for _, line in [row for row in rows if row[0] > header][:HEADER_ROWS]]
    alike = sum(len(cells) == len(columns.names) for cells in below)
    return len(columns.places) >= max(2, 0.6 * len(columns.names)) and alike > 0.5 * len(below)


def sheet_table(sheet: Sheet) -> Table | None:
    """The table of a workbook's sheet, as `text_table`."""
    nearest: Table | None = None
    for tried, (number, cells) in enumerate(sheet.rows()):
        if tried == HEADER_ROWS:
            break
        columns = columns_of(cells)
        table = Table(columns, number, partial(_below, sheet, number))
        if columns.complete:
            return table
        nearest = _nearer(table, nearest, tried == 0)
    return nearest


def _below(sheet: Sheet, header: int) -> Iterator[Cells]:
    return (row for row in sheet.rows() if row[0] > header)


def refusal(table: Table) -> InputError:
    """The error for a table that lacks columns, naming them and those it has."""
    found = clean(", ".join(name for name in table.columns.names if name), 300)
    return InputError(
        f"The table in the file lacks columns: missing {table.columns.lacking()}; found {found}. Give gene and protein "
        "change (such as Hugo_Symbol and HGVSp_Short), or chromosome, position and both alleles."
    )


def read_table(table: Table, sha256: str, sample: str, read_text: Callable[[str], Reading]) -> Reading:
    """A table as a reading; its sha256 is given.

    sample: whose rows to read, needed where a sample column has several. read_text: reads mutations that are written
    out in one cell (BRAF V600E). Raises SeveralSamples, InputError for a header without rows or an unknown sample.
    """
    places, width = table.columns.places, len(table.columns.names)
    rows: list[Row] = []
    written: dict[int, str] = {}  # rows whose mutation is written out, by their number
    samples: dict[str, None] = {}
    for number, row in _limited(table.cells()):
        row = _padded(row, width)
        if len(row) > width:
            told = f"The row has {len(row)} values where the header names {width} columns."
            rows.append(Row(number, _shown(row, places), problem=f"{told} Name every column, row names included."))
            continue
        own = clean(row[places["sample"]]) if "sample" in places else ""
        if own.lower() not in _MISSING:
            samples[own] = None
        if sample and own != sample:
            rows.append(Row(number, "(a row of another sample)", problem=OTHER_SAMPLE))
        elif len(samples) < 2 or sample:  # with more of them and none chosen, only their names are wanted
            found = _variants(number, row, places)
            if "filter" in places and (problem := filtered(row[places["filter"]])):
                found = [one._replace(problem=problem) for one in found]
            rows.extend(found)
            if found[0].problem == NOTHING and (own := _written_out(row, places)):
                written[number] = own
    if sample and sample not in samples:
        raise InputError("The chosen sample is not in the file: choose one of those that it holds.")
    if len(samples) > 1 and not sample:
        raise SeveralSamples(tuple(samples))
    if not rows:
        raise InputError("The table in the file has a header but no row: export it again with its data.")
    if written:
        rows = _with_written(rows, written, read_text)
    builds = {row.build for row in rows if row.build}
    evidence = (table.columns.names[places["build"]],) if builds else ()
    chosen = sample or next(iter(samples), "")
    told = declared(builds)
    return Reading(table.columns.format(), table_of(rows), sha256, told, evidence, tuple(samples), chosen)


def _limited(rows: Iterable[Cells]) -> Iterator[Cells]:
    for count, row in enumerate(rows):
        if count == ROWS:
            raise InputError(f"The file has more than {ROWS:,} rows: give those of one patient's coding regions only.")
        yield row


def _padded(row: list[str], width: int) -> list[str]:
    """A row with as many cells as the header has, or more where it has more values."""
    while len(row) > width and not row[-1].strip():
        row = row[:-1]
    return row + [""] * (width - len(row))


def _variants(number: int, row: list[str], places: Mapping[str, int]) -> list[Row]:
    """What a row says, several where one cell names several changes with semicolons."""

    def cell(field: str) -> str:
        text = row[places[field]].strip() if field in places else ""
        return "" if text.lower() in _MISSING else clean(text)

    def allele(field: str) -> str:
        text = row[places[field]].strip().upper() if field in places else ""
        return "" if text in (".", "NA", "NAN", "NONE") else text

    gene = cell("gene")
    numbered = re.fullmatch(r"ENSG\d{11}(\.\d+)?", gene) is not None
    gene = "" if numbered else gene  # a number is no symbol: the gene must not count as one outside the census
    change = cell("protein_change") or (cell("mutation") if gene else "")
    chromosome, position = plain_chromosome(cell("chromosome").removesuffix(".0")), _number(cell("position"))
    reference, alternate = allele("reference"), allele("alternate")
    if alternate in ("", reference) and allele("alternate_1") not in ("", reference):
        alternate = allele("alternate_1")
    if position is None and (genomic := _GENOMIC.fullmatch(cell("genomic"))):
        chromosome, position = plain_chromosome(genomic.group(1)), int(genomic.group(2))
        reference, alternate = genomic.group(3).upper(), genomic.group(4).upper()
    elif position is None and (place := _PLACE.fullmatch(cell("genomic"))):
        chromosome, position = plain_chromosome(place.group(1)), int(place.group(2))
    build = build_in(cell("build"))
    found = Row(number, _shown(row, places), gene, change, cell("classification"))
    named = bool(gene and (change or found.classification))
    located = bool(chromosome and position is not None and reference and alternate)
    if located and not (cell("build") and not build):
        found = found._replace(chromosome=chromosome, position=position, build=build)
        found = found._replace(reference=reference, alternate=alternate)
    elif not named:
        return [found._replace(problem=OTHER_BUILD if located else NUMBERED if numbered else NOTHING)]
    changes = [_first_transcript(part) for part in change.split(";") if part.strip()]
    return [found._replace(protein_change=_without_gene(part, gene)) for part in changes] or [found]


def _first_transcript(change: str) -> str:
    """Without transcript, of several the first, as ANNOVAR has them: BRAF:NM_004333:exon15:c.T1799A:p.V600E,..."""
    return change.partition(",")[0].rsplit(":", 1)[-1].strip() if ":p." in change else change.strip()


def _without_gene(change: str, gene: str) -> str:
    """A change beside a gene column that names the gene again: BRAF V600E -> V600E."""
    again = gene and re.match(re.escape(gene) + r"[\s:_-]+(?=\S)", change, re.IGNORECASE)
    return change[again.end() :] if again else change


def _number(text: str) -> int | None:
    """1-based position: 140453136, 140,453,136 or 140453136.0; None for anything else."""
    bare = re.sub(r"\.0+$", "", text.replace(",", "").replace(" ", ""))
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 12 else None


def _written_out(row: list[str], places: Mapping[str, int]) -> str:
    """The mutation that one cell spells, to be read as text."""
    named = (row[places[field]] for field in ("genomic", "mutation", "protein_change") if field in places)
    return next((clean(text) for text in named if text.strip().lower() not in _MISSING), "")


def _with_written(rows: list[Row], written: dict[int, str], read_text: Callable[[str], Reading]) -> list[Row]:
    """Rows whose mutation is written out, replaced by what the grammar of pasted text makes of it."""
    order = list(written)
    read: dict[int, list[Row]] = {}
    for start in range(0, len(order), TEXT_ROWS):
        numbers = order[start : start + TEXT_ROWS]
        try:
            found = read_text("\n".join(written[number] for number in numbers)).rows
        except InputError:  # nothing of it is a mutation: the rows keep their problem
            continue
        for values in found.itertuples(index=False):
            row = Row(*values)
            read.setdefault(numbers[int(row.row) - 1], []).append(row)
    result: list[Row] = []
    for row in rows:
        own = read.get(row.row, []) if row.problem == NOTHING else []
        result.extend(each._replace(row=row.row, text=row.text, position=_whole(each.position)) for each in own)
        result.extend([] if own else [row])
    return result


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _shown(row: list[str], places: Mapping[str, int]) -> str:
    """What is shown of a row: the cells that were looked at, in the file's order."""
    looked_at = sorted(place for field, place in places.items() if field not in ("sample", "filter"))
    return clean(" ".join(row[place].strip() for place in looked_at if place < len(row) and row[place].strip()))


def _split(line: str, separator: str) -> list[str]:
    if separator.startswith(r"\s"):
        return re.split(separator, line.strip())
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


def _text_rows(text: Text, header: int, separator: str, quotes: bool) -> Iterator[Cells]:
    """Rows below the header. A quoted cell may hold ends of line, unless its closing mark is far away."""
    waiting: deque[tuple[int, str]] = deque()
    lines = (row for row in text.lines() if row[0] > header)
    while True:
        following = waiting.popleft() if waiting else next(lines, None)
        if following is None:
            return
        number, line = following
        if quotes and line.count('"') % 2:
            while len(waiting) < QUOTED_LINES and (following := next(lines, None)):
                waiting.append(following)
            joined, odd = line, True
            for taken, (_, more) in enumerate(waiting, 1):
                joined += "\n" + more
                odd ^= bool(more.count('"') % 2)
                if not odd:
                    line = joined
                    for _ in range(taken):
                        waiting.popleft()
                    break
            else:
                line = line.replace('"', "")  # a mark without its twin
        cells = _split(line, separator) if quotes else line.split(separator)
        if any(cell.strip() for cell in cells):
            yield number, cells
