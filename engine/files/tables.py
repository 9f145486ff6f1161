"""Opens any table a person may have and hands it out in chunks of text, whatever its packing, encoding or separator.

Memory stays small: a chunk holds only the columns asked for, and nothing of an earlier chunk is kept.
"""

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow.parquet as pq

from engine.errors import InputError
from engine.files.raw_file import (
    CURE,
    HEAD_BYTES,
    UNPACKED_BYTES,
    beginning,
    on_bad_bytes,
    opened,
    packed,
    refuse_bomb,
    refuse_long_row,
    refuse_other_files,
    refusing,
    text_encoding,
)

CHUNK_ROWS = 100_000
EXTRA = "extra"
HEADER_ROWS = 20  # a header may stand below a title
BLANK = "\ue000"  # stands in EXTRA of a line without anything; a character that no text has
MISSING = ("", "NA", "N/A", "#N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "-")


@dataclass(frozen=True)
class Table:
    """A file that is a table.

    header_row: 1-based row of its header, 0 where its names stand in no row (Parquet). sheet: of a workbook.
    """

    path: Path
    name: str
    header: tuple[str, ...]
    header_row: int
    packing: str  # "" | gz | zip | parquet
    encoding: str
    separator: str
    quoted: bool
    sheet: str = ""


def squeeze(column: str) -> str:
    """A column's name without case, blanks and punctuation; micro signs as u."""
    return re.sub(r"[^a-z0-9]", "", column.replace("µ", "u").replace("μ", "u").lower())


def open_table(path: Path, name: str = "", fits: Callable[[Sequence[str]], bool] = bool) -> Table:
    """Looks at a file's beginning and finds its header.

    name: what messages call the file. fits: whether a row is a header that is looked for; the first such row among
    the first 20 is taken, else the first row that is no comment.
    Raises InputError saying what the file is instead of a table, and what to do.
    """
    name = name or path.name
    start, packing = packed(path)
    if packing == "zip" and _is_workbook(path, "", name):
        return _open_workbook(path, "", name, fits)
    if start.startswith(b"PAR1"):
        with refusing(name):
            return Table(path, name, tuple(pq.read_schema(path).names), 0, "parquet", "", "", False)
    with refusing(name), opened(path, packing, name) as (stream, _):
        head, whole = beginning(stream, name)
    if packing and head.startswith(b"PK\x03\x04") and _is_workbook(path, packing, name):
        return _open_workbook(path, packing, name, fits)
    refuse_other_files(head, name)
    encoding = text_encoding(head, name)
    text = head.decode(encoding, on_bad_bytes(encoding))
    lines = re.split(r"\r\n|\r|\n", text)
    if not whole:
        lines = lines[:-1]  # the last one may be cut
    if any(ord(c) < 32 and c not in "\t\n\r\f" for c in text):
        raise InputError(f"{name} is not a table: it holds binary data. {CURE}")
    rows = [(i, line) for i, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not rows:
        raise InputError(f"{name} is empty: it has no row at all. {CURE}")
    split = [(i, *_split(line)) for i, line in rows[:HEADER_ROWS]]
    row, header, separator = next((found for found in split if fits(found[1])), split[0])
    quoted = separator != "\t" or '"' in text
    return Table(path, name, tuple(header), row, packing, encoding, separator, quoted)


def chunks(
    table: Table, columns: Sequence[int], on_bytes: Callable[[float], None] | None = None, rows: int | None = None
) -> Iterator[pd.DataFrame]:
    """The table's rows as text, missing where empty or NA.

    columns: places in the header. on_bytes: told the fraction of the file's bytes that has been read.
    rows: of one chunk, CHUNK_ROWS by default.
    Yields frames whose columns are `columns`, `row`, the row number in the file (1-based, header and blank lines
    included, a line break inside quotes not), and EXTRA, missing unless the row has more values than the header has
    names, which means that they are shifted.
    Raises InputError naming the file: header only, cut off, or the first row has more values than the header.
    """
    told = on_bytes or (lambda fraction: None)
    source = _workbook_chunks if table.sheet else _parquet_chunks if table.packing == "parquet" else _text_chunks
    next_row, seen = table.header_row + 1, False
    for frame, fraction in source(table, list(columns), rows or CHUNK_ROWS):
        frame["row"] = range(next_row, next_row + len(frame))
        next_row += len(frame)
        blank = frame[EXTRA] == BLANK
        found = frame[~blank] if blank.any() else frame
        seen = seen or len(found) > 0
        told(fraction)
        yield found
    if not seen:
        raise InputError(f"{table.name} has a header but no rows: export it again with its data.")


def _text_chunks(table: Table, columns: list[int], rows: int) -> Iterator[tuple[pd.DataFrame, float]]:
    size = max(table.path.stat().st_size, 1)
    with refusing(table.name), opened(table.path, table.packing, table.name) as (stream, raw):
        text = io.TextIOWrapper(stream, encoding=table.encoding, errors=on_bad_bytes(table.encoding))
        for _ in range(table.header_row):
            text.readline()
        _refuse_wide_rows(table)
        width = len(table.header)
        blank = table.separator * width + BLANK
        widened = _Widened(text, table.separator, width, table.name)
        reader = pd.read_csv(
            widened,
            sep=table.separator,
            header=None,
            names=range(width + 1),
            index_col=False,
            usecols=sorted({*columns, width}),
            dtype=str,
            na_values=list(MISSING),
            keep_default_na=False,
            quoting=csv.QUOTE_MINIMAL if table.quoted else csv.QUOTE_NONE,
            chunksize=rows,
            skip_blank_lines=True,
        )
        for i, frame in enumerate(reader):
            found = frame.rename(columns={width: EXTRA})
            if widened.filled:  # a quoted value may have held such a line
                found[columns] = found[columns].apply(lambda texts: texts.str.replace(blank, "", regex=False))
            yield found.iloc[1:].copy() if i == 0 else found, min(raw.tell() / size, 1.0)


class _Widened:
    """A text file behind a first line of nothing but separators, one more than the header has.

    It tells the parser to expect one value too many, so that such rows are seen where it would cut them silently. A
    row without an end is refused before it fills the memory. Blank lines, which the parser would skip, become rows
    with BLANK in that last value, so that the rows behind them keep their number; filled: whether there were any.
    """

    def __init__(self, text: IO[str], separator: str, width: int, name: str) -> None:
        self._text, self._line, self._name, self._row = text, separator * width + "\n", name, 0
        self._blank, self._is_start, self.filled = separator * width + BLANK, True, False

    def read(self, size: int = -1) -> str:
        line, self._line = self._line, ""
        if line:
            return line
        part = self._text.read(size)
        self._row = refuse_long_row(part, self._row, self._name)
        at = 0 if self._is_start else part.find("\n") + 1  # what continues a line is not blank
        self._is_start = part.endswith("\n")
        if "\n\n" in part or "\n " in part or part[at : at + 1] in ("\n", " "):
            found, count = re.subn(r"^( *)\n", rf"\1{self._blank}\n", part[at:], flags=re.MULTILINE)
            self.filled = self.filled or count > 0
            return part[:at] + found
        return part

    def __iter__(self) -> Iterator[str]:
        while part := self.read(HEAD_BYTES):
            yield part


def _parquet_chunks(table: Table, columns: list[int], rows: int) -> Iterator[tuple[pd.DataFrame, float]]:
    with refusing(table.name), pq.ParquetFile(table.path) as file:
        done, total = 0, max(file.metadata.num_rows, 1)
        for batch in file.iter_batches(rows, columns=[table.header[column] for column in columns]):
            texts = {c: batch.column(table.header[c]).cast("string").to_pandas().map(_cell) for c in columns}
            done += len(batch)
            yield pd.DataFrame(texts, dtype="str").assign(**{EXTRA: None}), done / total


def _workbook_chunks(table: Table, columns: list[int], rows: int) -> Iterator[tuple[pd.DataFrame, float]]:
    import openpyxl

    with refusing(table.name), _whole(table.path, table.packing, table.name) as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        sheet = book[table.sheet]
        total = max(sheet.max_row or 1, 1)
        sheet.reset_dimensions()  # some programs write a wrong size, behind which rows would be lost
        found: list[list[str | None]] = []
        done = table.header_row
        for values in sheet.iter_rows(min_row=table.header_row + 1, values_only=True):
            done += 1
            found.append([_cell(values[c]) if c < len(values) else None for c in columns])
            if len(found) == rows:
                yield _frame(found, columns), min(done / total, 1.0)
                found = []
        # Workbooks often end in thousands of formatted but empty rows.
        while found and not any(found[-1]):
            found.pop()
        if found:
            yield _frame(found, columns), 1.0
        book.close()


def _frame(found: list[list[str | None]], columns: list[int]) -> pd.DataFrame:
    return pd.DataFrame(found, columns=columns, dtype="str").assign(**{EXTRA: None})


def _cell(value: object) -> str | None:
    text = "" if value is None else str(value).strip()
    return None if text in MISSING else text


@contextmanager
def _whole(path: Path, packing: str, name: str) -> Iterator[IO[bytes]]:
    """A workbook's bytes, open, as openpyxl judges a path by its suffix, which the copy of an upload lacks.

    packing: of a file that holds it packed once more. Raises InputError for one that would fill the disk."""
    with opened(path, packing, name) as (stream, _), tempfile.TemporaryFile() as copy:
        while packing and (part := stream.read(HEAD_BYTES)):
            if copy.write(part) and copy.tell() > UNPACKED_BYTES:
                raise InputError(f"{name} unpacks to more than {UNPACKED_BYTES / 1e9:.1f} GB: unpack it first.")
        yield copy if packing else stream


def _is_workbook(path: Path, packing: str, name: str) -> bool:
    try:
        with _whole(path, packing, name) as file, zipfile.ZipFile(file) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                return False
            refuse_bomb(archive, name)
            return True
    except zipfile.BadZipFile as error:
        raise InputError(f"{name} is a damaged or cut-off XLSX or ZIP file: download or save it again.") from error


def _open_workbook(path: Path, packing: str, name: str, fits: Callable[[Sequence[str]], bool]) -> Table:
    import openpyxl

    first: Table | None = None
    with refusing(name), _whole(path, packing, name) as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # some programs write a wrong size
            for row, values in enumerate(sheet.iter_rows(max_row=HEADER_ROWS, values_only=True), 1):
                header = tuple("" if value is None else str(value) for value in values)
                if not any(header):
                    continue
                table = Table(path, name, header, row, packing, "", "", False, sheet=sheet.title)
                first = first or table
                if fits(header):
                    book.close()
                    return table
        book.close()
    if first is None:
        raise InputError(f"{name} is empty: no sheet of it has a row. {CURE}")
    return first


def _split(line: str) -> tuple[list[str], str]:
    """A header's names and its separator: the one of tab, semicolon, comma and bar that it holds most often."""
    bare = re.sub(r'"[^"]*"', "", line)
    separator = max("\t;,|", key=bare.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=separator))], separator


def _refuse_wide_rows(table: Table) -> None:
    """A first row with more values than the header has names means that every column is shifted."""
    with opened(table.path, table.packing, table.name) as (stream, _):
        head, _ = beginning(stream, table.name)
    lines = re.split(r"\r\n|\r|\n", head.decode(table.encoding, "replace"))[table.header_row :]
    if not lines or not lines[0].strip():
        return
    values = next(csv.reader([lines[0]], delimiter=table.separator))
    if any(value.strip() for value in values[len(table.header) :]):
        raise InputError(
            f"{table.name} names {len(table.header)} columns but row {table.header_row + 1} has {len(values)} values: "
            "name every column, row names included."
        )
