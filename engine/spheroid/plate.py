"""Plates of 96, 384 and 1,536 wells: what rows, wells and plates are called."""

import re
import unicodedata
from collections.abc import Iterable

from engine.errors import InputError

# wells of a plate: its rows and columns
GEOMETRY = {96: (8, 12), 384: (16, 24), 1536: (32, 48)}
SIZE_OF_COLUMNS = {columns: (wells, rows) for wells, (rows, columns) in GEOMETRY.items()}
ROWS = tuple(chr(65 + i) if i < 26 else "A" + chr(65 + i - 26) for i in range(32))  # A, B, ..., Z, AA, ..., AF
PLACE = {row: i for i, row in enumerate(ROWS)}
MOST_COLUMNS = 48
_WELL = re.compile(r"([A-Za-z]{1,2})[\s_\-]*0*(\d{1,2})(?:\.0)?")
_PLATE = re.compile(r"(?:plate|platte|p)?[\s_\-#.:]*0*(\d{1,4})(?:\.0)?[\s_\-]*([A-Za-z]?)", re.IGNORECASE)
_NUMBER = r"0*(\d{1,4}[A-Za-z]?)"
_NAMED = re.compile(rf"(?<![A-Za-z0-9])(?:plate|platte|p)[\s_\-#.:]*{_NUMBER}(?![A-Za-z0-9])", re.IGNORECASE)
_LAST = re.compile(rf"(?:^|[\s_]|(?<!\d)[\-.]){_NUMBER}$")
_DATE = re.compile(r"\d{1,4}[\s_\-.]\d{1,2}[\s_\-.]\d{1,4}$")
_USUAL = re.compile(r"P\d+[A-Z]?")


def clean(text: str) -> str:
    """A name with its umlauts in one piece and single blanks, so that what looks alike is alike."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def well_name(row: str, column: int) -> str:
    """B, 5 -> B05."""
    return f"{row}{int(column):02d}"


def parse_well(text: str) -> tuple[str, int]:
    """B5, b05, B-05, AA12 -> row and column. Raises InputError for what is no well of any plate."""
    found = _WELL.fullmatch(text.strip())
    if found:
        row, column = found.group(1).upper(), int(found.group(2))
        if row in PLACE and 1 <= column <= MOST_COLUMNS:
            return row, column
    raise InputError(f"{text!r} is no well: write a row from A to AF and a column from 1 to 48, such as B05.")


def parse_row(text: str) -> str:
    """b -> B; 2 -> B. Raises InputError for what is no row of any plate."""
    text = text.strip().upper()
    number = re.fullmatch(r"(\d{1,2})(\.0)?", text)
    if number and 1 <= int(number.group(1)) <= len(ROWS):
        return ROWS[int(number.group(1)) - 1]
    if text in PLACE:
        return text
    raise InputError(f"{text!r} is no row: rows are A to H, A to P or A to AF.")


def parse_column(text: str) -> int:
    """05 -> 5. Raises InputError for what is no column of any plate."""
    found = re.fullmatch(r"0*(\d{1,2})(\.0)?", text.strip())
    if found and 1 <= int(found.group(1)) <= MOST_COLUMNS:
        return int(found.group(1))
    raise InputError(f"{text!r} is no column: columns are 1 to 12, 1 to 24 or 1 to 48.")


def plate_name(text: str) -> str:
    """P1 for 1, 01, p1, P01 and Plate 1; P1A for 1A; another name stays."""
    found = _PLATE.fullmatch(clean(text))
    return f"P{found.group(1)}{found.group(2).upper()}" if found else clean(text)


def plate_order(name: str) -> tuple[int, str]:
    """P2 before P10, names of other form last: a key to sort by."""
    found = re.fullmatch(r"P(\d+)([A-Z]?)", name)
    return (int(found.group(1)), found.group(2)) if found else (10_000, name)


def plate_in(text: str, plates: Iterable[str], bare: bool = True) -> str | None:
    """Which plate a text such as a file's name speaks of, the last one named in it; None for none.

    plates: those of the layout. In BT-40_V1_DS1_P2 it is P2: a number counts with a P or the word plate before it,
    whatever the layout holds; a bare number at the end that is of no date (where `bare` allows one), or a name of
    other form, only as a plate of the layout.
    """
    known, text = list(plates), clean(text)
    told = [(found.start(), plate_name(found.group(1))) for found in _NAMED.finditer(text)]
    last = _LAST.search(text) if bare and not _DATE.search(text) else None
    if last and plate_name(last.group(1)) in known:
        told.append((last.start(), plate_name(last.group(1))))
    folded = text.casefold()
    told += [(folded.rindex(p.casefold()), p) for p in known if not _USUAL.fullmatch(p) and p.casefold() in folded]
    return max(told)[1] if told else None


def size_for(n_rows: int, n_columns: int) -> int | None:
    """Wells of the smallest plate that has so many rows and columns; None where none has."""
    return next((wells for wells, (rows, columns) in GEOMETRY.items() if n_rows <= rows and n_columns <= columns), None)
