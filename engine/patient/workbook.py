"""An Excel workbook in memory -> rows of text as they look, formulas as written where no value is kept."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from engine.errors import InputError

Cells = tuple[int, list[str]]
SHEET_ROWS, SHEET_CELLS = 1_048_576, 100_000_000  # Excel has no more rows; 500,000 rows of 200 columns
_DAMAGED = "The workbook is damaged or not a plain XLSX: open it, save its sheet as CSV and give that."


class Sheet(NamedTuple):
    """rows: opens the sheet's rows with their numbers, 1-based, empty ones left out."""

    rows: Callable[[], Iterator[Cells]]


def sheets(content: bytes) -> list[Sheet]:
    """The sheets of an XLSX, in order. Raises InputError for a damaged one."""
    with _refusing(), zipfile.ZipFile(io.BytesIO(content)) as archive:
        formulas = any(
            _holds_formula(archive, part) for part in archive.namelist() if part.startswith("xl/worksheets/")
        )
        count = len(_open(content, values=True).worksheets)
    return [Sheet(partial(_rows, content, place, formulas)) for place in range(count)]


def _open(content: bytes, values: bool):
    import openpyxl

    return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=values)


def _rows(content: bytes, place: int, formulas: bool) -> Iterator[Cells]:
    with _refusing():
        sheet = _open(content, values=True).worksheets[place]
        sheet.reset_dimensions()  # some programs write a wrong size
        rows = _limited(sheet.iter_rows(values_only=True))
        if not formulas:
            for number, values in enumerate(rows, 1):
                cells = [_cell(value) for value in values]
                if any(cells):
                    yield number, cells
            return
        twin = _open(content, values=False).worksheets[place]
        twin.reset_dimensions()
        pairs = zip(rows, twin.iter_rows(values_only=True), strict=False)
        for number, (values, written) in enumerate(pairs, 1):
            cells = [_cell(w if value is None else value) for value, w in zip(values, written, strict=False)]
            if any(cells):
                yield number, cells


def _limited(rows: Iterator[tuple]) -> Iterator[tuple]:
    """A sheet may name a cell far down or far right in a few bytes, and every cell before it is made."""
    cells = 0
    for count, row in enumerate(rows):
        cells += len(row)
        if count > SHEET_ROWS or cells > SHEET_CELLS:
            raise InputError(
                "The workbook's sheet has too many rows or columns: save the rows of this patient alone as CSV and "
                "give that."
            )
        yield row


def _cell(value: object) -> str:
    return "" if value is None else str(value).strip()


def _holds_formula(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether a sheet's XML holds a formula; only then is the workbook read a second time."""
    with archive.open(part) as stream:
        before = b""
        while data := stream.read(1 << 20):
            if b"<f>" in before + data or b"<f " in before + data:
                return True
            before = data[-2:]
    return False


@contextmanager
def _refusing() -> Iterator[None]:
    """What the libraries say about damaged workbooks, without the content that they may quote."""
    try:
        yield
    except InputError:
        raise
    except Exception:
        raise InputError(_DAMAGED) from None
