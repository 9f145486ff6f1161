"""Tables of any format as a matrix: text, workbooks, Parquet."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import InputError
from engine.files.raw_file import refusing, text_lines
from engine.files.tables import Table, chunks
from engine.radiation.axes import is_annotation
from engine.radiation.grid import HEAD_ROWS, WANTED, Grid, Row, Tell, fill, named_once, refuse_huge, refuse_no_matrix

PARQUET_ROWS = 5_000


def read_table(table: Table, on_bytes: Tell, only_head: bool = False) -> Grid:
    """The matrix of a table of any format. only_head: of its first rows, to see whether it is one.

    Raises InputError: no numbers, rows that are shifted, the last row cut off.
    """
    if table.packing == "parquet":
        return _parquet(table, on_bytes, only_head)
    rows = _sheet_rows(table, on_bytes) if table.sheet else _text_rows(table, on_bytes)
    return fill(rows, table.header, table.name, "XLSX" if table.sheet else "text table", only_head)


def _text_rows(table: Table, on_bytes: Tell) -> Iterator[Row]:
    lines = text_lines(table.path, table.name, WANTED)
    rest = islice(lines, table.header_row, None)
    return separated(rest, table.separator, table.quoted, table.header_row, on_bytes, table.name)


def separated(
    lines: Iterable[tuple[str, float]], separator: str, quoted: bool, before: int, on_bytes: Tell, name: str
) -> Iterator[Row]:
    """Lines of text as rows of cells; blank lines are left out. before: lines of the file that came earlier.

    Raises InputError where a name begins with a quotation mark that is never closed: it would swallow whole rows.
    """

    def texts() -> Iterator[str]:
        for line, fraction in lines:
            on_bytes(fraction)
            yield line

    reader = csv.reader(texts(), delimiter=separator, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    ended = 0
    try:
        for cells in reader:
            if reader.line_num > ended + 1 and separator in cells[0]:
                raise csv.Error
            ended = reader.line_num
            if any(cells):
                yield before + ended, cells
    except csv.Error as error:
        raise InputError(
            f"{name} has a quotation mark in row {before + ended + 1:,} that is not closed, so rows run into each "
            "other: mend that row, or download or export the file again."
        ) from error


def _sheet_rows(table: Table, on_bytes: Tell) -> Iterator[Row]:
    places = list(range(len(table.header)))
    for frame in chunks(table, places, on_bytes, rows=2_000):
        cells = frame[places].to_numpy(dtype=object, na_value=None)
        for row, one in zip(frame["row"], cells, strict=True):
            if any(cell is not None for cell in one):
                yield int(row), list(one)


def _parquet(table: Table, on_bytes: Tell, only_head: bool) -> Grid:
    with refusing(table.name, WANTED), pq.ParquetFile(table.path) as file:
        # Each asked for once: Arrow makes them anew for every question, and there may be 54,675 columns.
        names, types = list(file.schema_arrow.names), list(file.schema_arrow.types)
        rows = file.metadata.num_rows
        if any(pa.types.is_nested(kind) for kind in types):
            raise ValueError("a column holds lists")
        if not all(pa.types.is_floating(t) or pa.types.is_integer(t) or _is_text(t) for t in types):
            raise ValueError("a column holds neither numbers nor text")
        if not rows:
            raise InputError(f"{table.name} has a header but no rows: export it again with its data.")
        numbers = [i for i, t in enumerate(types) if not _is_text(t) and not is_annotation(names[i])]
        values_in = set(numbers)
        words = [i for i in range(len(names)) if i not in values_in]
        texts = [i for i in words if _is_text(types[i]) and not is_annotation(names[i])]
        if len(texts) > max(12, len(numbers)):  # numbers that were kept as text
            cells = (cells for cells in _parquet_cells(file, on_bytes))
            return fill(cells, names, table.name, "Parquet", only_head)
        refuse_no_matrix([names[i] for i in words], [names[i] for i in numbers], table.name)
        refuse_huge(rows, len(numbers), table.name)
        kept = min(rows, HEAD_ROWS) if only_head else rows
        values, labels, done = np.empty((kept, len(numbers)), np.float32), {i: [] for i in words}, 0  # type: ignore
        for batch in file.iter_batches(min(PARQUET_ROWS, kept)):
            for place, i in enumerate(numbers):
                column = batch.column(i).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
                values[done : done + len(batch), place] = column[: kept - done]
            for i in words:
                labels[i] += [_label(cell) for cell in batch.column(i).to_pylist()[: kept - done]]
            done += len(batch)
            on_bytes(min(done / rows, 1.0))
            if done >= kept:
                break
    beside = named_once([names[i] for i in words], labels.values())
    return Grid([names[i] for i in numbers], values, beside, "Parquet")


def _parquet_cells(file: pq.ParquetFile, on_bytes: Tell) -> Iterator[Row]:
    row, total = 0, max(file.metadata.num_rows, 1)
    for batch in file.iter_batches(500):
        columns = [batch.column(i).to_pylist() for i in range(batch.num_columns)]
        for cells in zip(*columns, strict=True):
            row += 1
            yield row, list(cells)
        on_bytes(row / total)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)
                or pa.types.is_null(kind) or pa.types.is_boolean(kind))  # fmt: skip


def _label(cell: object) -> str:
    if isinstance(cell, float):
        return "" if np.isnan(cell) else f"{cell:g}" if not cell.is_integer() else str(int(cell))
    return "" if cell is None else str(cell).strip()


def first_lines(path: Path, name: str, count: int) -> list[str]:
    """The first lines of a text, without their ends. Raises InputError where it is none."""
    return [line for line, _ in islice(text_lines(path, name, WANTED), count)]
