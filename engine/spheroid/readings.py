"""Numbers and cells as plate readers and people write them: decimal commas, thousands, overflows, sheets of text."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.errors import InputError
from engine.files.raw_file import Wanted, packed, refusing, text_lines
from engine.files.tables import MISSING

PLATE_FILE = Wanted("a plate's readouts", "Give the plate reader's export as TXT, CSV or XLSX.")
OVERFLOW = re.compile(
    r"(?i)(over|overflow|ovrflw|ovfl|sat|saturated|#sat|error|#n/a|\*+|-{2,}|\?+)|[<>]\s*[\d.,]+(e[+-]?\d+)?"
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_DOTTED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")
_SPACED = re.compile(r"[+-]?\d{1,3}( \d{3})+([.,]\d+)?")
VIABILITY, INHIBITION = "viability", "inhibition"
_PERCENT = r"(%|\bpercent(age)?|\bpct)[\s_\-]*(of\s+)?((cell|growth)[\s_\-]*)?"
_IN_PERCENT = r"[\s_\-\[(,;:]*(in\s+)?(%|percent|pct)"
# "% viability", "Percent cell viability", "viability [%]", "Viability in percent"; alike of inhibition, or that word
# alone on a line, but no inhibitor and no "50 % inhibition".
_SAYS = {
    VIABILITY: re.compile(rf"(?i){_PERCENT}viab|viab\w*{_IN_PERCENT}"),
    INHIBITION: re.compile(
        rf"(?im)(?<![\d.,])(?<![\d.,] ){_PERCENT}inhibition(?![a-z])|inhibition{_IN_PERCENT}|^\W*inhibition\W*$"
    ),
}
MOST_LINES = 200_000
LARGEST = 1e30  # no instrument counts so far; differences of larger numbers overflow


class Numbers(NamedTuple):
    """values: NaN where missing. over: places of overflows. wrong: places of texts that are no numbers."""

    values: np.ndarray
    over: tuple[int, ...]
    wrong: tuple[int, ...]


class Sheet(NamedTuple):
    """A sheet or file as cells of text.

    name: the sheet's, '' of a text. rows: a list of cells for every line. blanks: blanks separate, so that a value that
    is missing leaves no trace.
    """

    name: str
    rows: list[list[str]]
    blanks: bool = False


def numbers(texts: Sequence[str | None]) -> Numbers:
    """Texts of one column or matrix as numbers; whether a comma is a decimal one is told by all of them together.

    1,5 and 0,123 are decimal; 1,234 beside 85 is in thousands.
    """
    cells = ["" if text is None else str(text).strip().replace("\u00a0", "").replace("\u202f", "") for text in texts]
    cells = [cell.replace(" ", "") if _SPACED.fullmatch(cell) else cell for cell in cells]
    cells = ["" if cell in MISSING else cell.replace("\u2212", "-") for cell in cells]
    commas = [cell for cell in cells if "," in cell]
    plain = any(re.fullmatch(r"[+-]?\d{1,3}", cell) for cell in cells)
    decimal = any(not _GROUPED.fullmatch(cell) or re.match(r"[+-]?0,", cell) for cell in commas) or not plain
    if any(cell.count(",") > 1 and _GROUPED.fullmatch(cell) for cell in commas):
        decimal = False
    values, over, wrong = np.full(len(cells), np.nan), [], []
    for place, cell in enumerate(cells):
        if not cell:
            continue
        text = cell
        if decimal and commas:  # then dots are those of thousands: 1.234,5 and 1.234
            text = cell.replace(".", "") if _DOTTED.fullmatch(cell) else "?" if "." in cell else cell
            text = text.replace(",", ".")
        elif not decimal and _GROUPED.fullmatch(cell):
            text = cell.replace(",", "")
        if _NUMBER.fullmatch(text) and abs(float(text)) < LARGEST:
            values[place] = float(text)
        elif OVERFLOW.fullmatch(cell):
            over.append(place)
        else:
            wrong.append(place)
    return Numbers(values, tuple(over), tuple(wrong))


def percent_of(text: str) -> str:
    """VIABILITY or INHIBITION where words above or within a file say that its numbers are such percentages, else ''.

    Of two the first counts: 'viability [%] = 100 - inhibition [%]'.
    """
    found = {kind: hit.start() for kind, words in _SAYS.items() if (hit := words.search(text))}
    return min(found, key=found.__getitem__, default="")


def comments(path: Path) -> tuple[str, ...]:
    """The lines of a text file that start with #, without it; none of a workbook or Parquet file."""
    start, packing = packed(path)
    if start.startswith(b"PAR1") or packing == "zip":
        return ()
    lines = (line.strip() for line, _ in text_lines(path, path.name, PLATE_FILE))
    return tuple(line.lstrip("# ") for line in lines if line.startswith("#"))


def read_sheets(path: Path, name: str = "") -> list[Sheet]:
    """The cells of a text file, or of every sheet of a workbook; comments stay away.

    Raises InputError for what is neither, is empty or far too long.
    """
    name = name or path.name
    _, packing = packed(path)
    if packing == "zip":
        return _workbook(path, name)
    lines: list[str] = []
    for line, _ in text_lines(path, name, PLATE_FILE):
        if not line.startswith("#"):
            lines.append(line)
        if len(lines) > MOST_LINES:
            raise InputError(
                f"{name} has more than {MOST_LINES:,} lines: no plate reader writes that. Give one screen."
            )
    separator = _separator(lines)
    if separator == " ":
        return [Sheet("", [line.split() for line in lines], blanks=True)]
    return [Sheet("", [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)])]


def _separator(lines: Sequence[str]) -> str:
    """Of tab, semicolon and comma the first that stands at least 7 times in half of the lines with most of it."""
    for separator in "\t;,":
        counts = [line.count(separator) for line in lines]
        if sum(count >= 7 for count in counts) >= 4:
            return separator
    wide = [line for line in lines if len(line.split()) >= 8]
    return " " if wide else max("\t;,", key=lambda mark: sum(line.count(mark) for line in lines))


def _workbook(path: Path, name: str) -> list[Sheet]:
    import openpyxl

    with refusing(name, PLATE_FILE):
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheets = []
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            rows: list[list[str]] = []
            for values in sheet.iter_rows(values_only=True):
                cells = ["" if value is None else _cell(value) for value in values]
                if not (cells and cells[0].startswith("#")):
                    rows.append(cells)
                if len(rows) > MOST_LINES:
                    raise InputError(f"{name} has more than {MOST_LINES:,} rows: no plate reader writes that.")
            while rows and not any(rows[-1]):
                rows.pop()
            if rows:
                sheets.append(Sheet(sheet.title, rows))
        book.close()
    if not sheets:
        raise InputError(f"{name} is empty: no sheet of it has a row. {PLATE_FILE.cure}")
    return sheets


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()
