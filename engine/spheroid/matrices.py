"""Plates drawn as matrices in a sheet of text: with or without numbers above and letters beside them, one or many."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.errors import InputError
from engine.files.tables import MISSING
from engine.spheroid.plate import PLACE, ROWS, SIZE_OF_COLUMNS
from engine.spheroid.readings import OVERFLOW, Sheet, numbers

TITLE_LINES = 6  # above a matrix, in which its plate may be named
LEAST_COLUMNS = 6  # so many numbers from 1 on are meant as the head of a matrix
CURE = "Export the whole plate as a matrix with rows A, B, ... and columns 1, 2, ..."


class Matrix(NamedTuple):
    """A plate as it was drawn. title: the lines above it. line: of its first row in the sheet, from 1.

    values: (rows, columns) texts.
    """

    title: str
    line: int
    values: np.ndarray


def find_matrices(sheet: Sheet, name: str) -> list[Matrix]:
    """Every plate of a sheet. Raises InputError naming file and line of one with too many or few rows or columns."""
    found: list[Matrix] = []
    rows, i, free = sheet.rows, 0, 0
    while i < len(rows):
        block = _headed(rows, i, name) or _lettered(rows, i, name) or _bare(rows, i)
        if block is None:
            i += 1
            continue
        cells, end = block
        above = [" ".join(filter(None, row)) for row in rows[max(free, i - TITLE_LINES) : i]]
        if sheet.blanks and (short := [k for k, row in enumerate(cells) if "" in row]):
            raise InputError(
                f"{name}, line {end - len(cells) + short[0] + 1}: row {ROWS[short[0]]} has fewer values than there are "
                "columns, and where blanks separate nothing says which is missing: write NA there, or use tabs."
            )
        if cells:
            found.append(Matrix(" \n ".join(filter(None, above)), i + 1, np.array(cells, dtype=object)))
        i = free = end
    return found


def _headed(rows: Sequence[list[str]], i: int, name: str) -> tuple[list[list[str]], int] | None:
    """A matrix below a line of 1, 2, 3, ..."""
    start, width = _run(rows[i])
    if width < LEAST_COLUMNS:
        return None
    first = i + 1
    while first < len(rows) and not any(rows[first]):
        first += 1
    if first == len(rows):
        return None
    # Where blanks separate, nothing stands above the letters.
    shift = 1 if _at(rows[first], start) == "A" else 0
    labelled = shift == 1 or (start > 0 and _at(rows[first], start - 1) in PLACE)
    if not labelled and not _is_data(rows[first][start : start + width]):
        return None
    if width not in SIZE_OF_COLUMNS:
        raise InputError(f"{name}, line {i + 1}: a matrix of {width} columns; plates have 12, 24 or 48. {CURE}")
    at = start + shift
    column = at - 1 if labelled else None
    cells, end = _rows(rows, first, column, at, width)
    _check(cells, rows, end, column, width, f"{name}, line {first + 1}")
    return cells, end


def _lettered(rows: Sequence[list[str]], i: int, name: str) -> tuple[list[list[str]], int] | None:
    """A matrix without numbers above it: lines that begin with A, B, C, ..."""
    column = next((place for place, cell in enumerate(rows[i]) if cell), None)
    if column is None or rows[i][column] != "A" or i + 1 == len(rows) or _at(rows[i + 1], column) != "B":
        return None
    lines = [row for k, row in enumerate(rows[i : i + len(ROWS)]) if _at(row, column) == ROWS[k]]
    width = max(len(_trimmed(row)) - column - 1 for row in lines)
    if not all(_is_data(row[column + 1 :]) for row in lines[:2]):
        return None
    if width not in SIZE_OF_COLUMNS:
        raise InputError(f"{name}, line {i + 1}: a matrix of {width} columns; plates have 12, 24 or 48. {CURE}")
    cells, end = _rows(rows, i, column, column + 1, width)
    _check(cells, rows, end, column, width, f"{name}, line {i + 1}")
    return cells, end


def _bare(rows: Sequence[list[str]], i: int) -> tuple[list[list[str]], int] | None:
    """A matrix of nothing but numbers; only of exactly the size of a plate."""
    row = _trimmed(rows[i])
    first = next((place for place, cell in enumerate(row) if cell), 0)
    width = len(row) - first
    if width not in SIZE_OF_COLUMNS or not _is_data(row[first:]):
        return None
    n_rows = SIZE_OF_COLUMNS[width][1]
    lines = rows[i : i + n_rows]
    following = rows[i + n_rows] if i + n_rows < len(rows) else []
    if len(lines) < n_rows or not all(_is_data(line[first:]) for line in lines):
        return None
    if _is_data(following[first:]) and len(_trimmed(following)) - first == width:
        return None
    return [_padded(line[first : first + width], width) for line in lines], i + n_rows


def _rows(
    rows: Sequence[list[str]], first: int, column: int | None, at: int, width: int
) -> tuple[list[list[str]], int]:
    cells: list[list[str]] = []
    i = first
    while i < len(rows) and len(cells) < len(ROWS):
        if column is not None and _at(rows[i], column) != ROWS[len(cells)]:
            break
        if column is None and not _is_data(rows[i][at : at + width]):
            break
        cells.append(_padded(rows[i][at : at + width], width))
        i += 1
    return cells, i


def _check(
    cells: list[list[str]], rows: Sequence[list[str]], end: int, column: int | None, width: int, where: str
) -> None:
    wanted = SIZE_OF_COLUMNS[width][1]
    if not cells:
        raise InputError(f"{where}: the matrix begins with row {_at(rows[end], column or 0)} instead of A. {CURE}")
    after = _at(rows[end], column) if column is not None and end < len(rows) else ""
    if len(cells) < wanted:
        gap = f", then {after}" if after in PLACE else ""
        raise InputError(
            f"{where}: the matrix has {len(cells)} rows (A to {ROWS[len(cells) - 1]}{gap}) of {width} columns; such a "
            f"plate has {wanted}, so row {ROWS[len(cells)]} is missing. {CURE}"
        )
    if len(cells) > wanted:
        raise InputError(
            f"{where}: the matrix has {len(cells)} rows (A to {ROWS[len(cells) - 1]}) of {width} columns; such a plate "
            f"has {wanted}. {CURE}"
        )


def _run(row: Sequence[str]) -> tuple[int, int]:
    """Where 1, 2, 3, ... begins in a line, and how far it goes."""
    whole = [cell.removesuffix(".0") for cell in row]
    start = next((place for place, cell in enumerate(whole) if cell in ("1", "01")), None)
    if start is None or any(row[1:start]):
        return 0, 0
    width = 0
    while start + width < len(whole) and whole[start + width].lstrip("0") == str(width + 1):
        width += 1
    return start, width


def _is_data(cells: Sequence[str]) -> bool:
    """Numbers, missing ones and overflows, at least one of them told."""
    cells = list(cells)
    return any(cells) and not [
        i for i in numbers(cells).wrong if not OVERFLOW.fullmatch(cells[i]) and cells[i] not in MISSING
    ]


def _at(row: Sequence[str], column: int) -> str:
    return row[column].strip().upper() if column < len(row) else ""


def _trimmed(row: Sequence[str]) -> list[str]:
    end = next((place for place in range(len(row), 0, -1) if row[place - 1]), 0)
    return list(row[:end])


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]
