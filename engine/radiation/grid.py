"""A matrix of numbers with names along its sides, filled row by row; what is no number is counted and left missing."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np

from engine.errors import InputError
from engine.files.raw_file import Wanted
from engine.files.tables import MISSING, squeeze
from engine.radiation.axes import TISSUE, is_annotation

CURE = (
    "Give a matrix of probes (or genes) and samples as CSV, TSV, XLSX, Parquet or GCT, or a GEO series matrix; .gz and "
    ".zip are fine."
)
WANTED = Wanted("an expression table", CURE)
MAX_VALUES = 250_000_000  # 1 GB as float32: 54,675 probes of 4,500 samples
HEAD_ROWS, HEAD_CELLS = 200, 400_000  # what tells columns of numbers from columns of words
EXAMPLES = 5
_COMMA = re.compile(r"^\s*-?\d+,\d+\s*$")  # 7,52 as much of Europe writes it

Row = tuple[int, Sequence[object]]  # its number in the file, 1-based, and its cells
Tell = Callable[[float], None]  # fraction of the file that has been read


@dataclass(frozen=True)
class Grid:
    """A matrix as it lies in its file.

    columns: (c,) names of the columns of numbers. values: (r, c) float32, NaN where missing. labels: what stands
    beside the numbers, name of the column -> (r,) text. above: what stands over them, (c,) text each. format: in
    words. odd: cells that are neither a number nor missing; odd_cells: the first of them.
    """

    columns: list[str]
    values: np.ndarray
    labels: dict[str, list[str]]
    format: str
    above: dict[str, list[str]] = field(default_factory=dict)
    platform: str = ""
    odd: int = 0
    odd_cells: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Filling:
    """Takes rows of cells and gives the matrix. words, numbers: places of the columns."""

    def __init__(self, name: str, header: Sequence[str], words: Sequence[int], numbers: Sequence[int], comma: bool):
        self._name, self._header, self._numbers, self._comma = name, header, list(numbers), comma
        self._words: dict[int, list[str]] = {place: [] for place in words}
        self._rows: list[np.ndarray] = []
        self._whole = self._numbers == list(range(self._numbers[0], len(header))) if self._numbers else False
        self.odd, self.odd_cells = 0, []  # type: int, list[str]
        self._panels: list[str] = []

    def add(self, cells: Sequence[object], row: int) -> None:
        """One row, as wide as the header; one of tissue panels stands beside the matrix. Raises InputError where the
        matrix would fill the memory."""
        if not self._panels and (told := self._tissues(cells)):
            self._panels = told
            return
        for place, words in self._words.items():
            words.append("" if cells[place] is None else str(cells[place]).strip())
        given = cells[self._numbers[0] :] if self._whole else [cells[place] for place in self._numbers]
        try:
            if self._comma:
                raise ValueError
            found = np.array(given, dtype=np.float32)
        except (ValueError, TypeError):
            found = np.array([self._number(cell, row, i) for i, cell in enumerate(given)], dtype=np.float32)
        self._rows.append(found)
        refuse_huge(len(self._rows), len(self._numbers), self._name)

    def _tissues(self, cells: Sequence[object]) -> list[str]:
        """The texts of a row called `panel` or the like in its first word, none of them a number; else none."""
        first = next(iter(self._words), None)
        if first is None or squeeze(str(cells[first] or "")) not in TISSUE:
            return []
        texts = ["" if cells[place] is None else str(cells[place]).strip() for place in self._numbers]
        return texts if any(texts) and not any(_is_number(text, self._comma) for text in texts) else []

    def _number(self, cell: object, row: int, place: int) -> float:
        text = "" if cell is None else str(cell).strip()
        if text in MISSING:
            return np.nan
        try:
            return float(text.replace(",", ".") if self._comma and _COMMA.match(text) else text)
        except ValueError:
            self.odd += 1
            if len(self.odd_cells) < EXAMPLES:
                self.odd_cells.append(f"row {row}, column {self._header[self._numbers[place]]}: {text[:40]!r}")
            return np.nan

    def grid(self, file_format: str, above: dict[str, list[str]] | None = None, platform: str = "") -> Grid:
        """What was taken. Raises InputError where there was no row."""
        if not self._rows:
            raise InputError(f"{self._name} has a header but no rows: export it again with its data.")
        values = np.stack(self._rows)
        self._rows.clear()
        return Grid(
            columns=[str(self._header[place]).strip() for place in self._numbers],
            values=values,
            labels=named_once([str(self._header[place]).strip() for place in self._words], self._words.values()),
            format=file_format,
            above=above or ({"tissue": self._panels} if self._panels else {}),
            platform=platform,
            odd=self.odd,
            odd_cells=tuple(self.odd_cells),
            notes=("Its numbers have decimal commas.",) if self._comma else (),
        )


def named_once(names: Iterable[str], columns: Iterable[list[str]]) -> dict[str, list[str]]:
    """Columns by name; a name that comes again gets its number behind it."""
    found: dict[str, list[str]] = {}
    for i, (name, column) in enumerate(zip(names, columns, strict=True)):
        found[name if name not in found else f"{name} ({i + 1})"] = column
    return found


def refuse_huge(rows: int, columns: int, name: str) -> None:
    """Raises InputError for a matrix that would fill the memory."""
    if rows * columns > MAX_VALUES:
        raise InputError(
            f"{name} holds more than {MAX_VALUES:,} values ({columns:,} in each row): give fewer samples at a time."
        )


def fill(rows: Iterator[Row], header: Sequence[str], name: str, file_format: str, only_head: bool = False) -> Grid:
    """Rows under a header as a matrix; which columns are numbers is told by the first rows.

    A header that is one name short, as R writes it, has none for the column of names.
    """
    width = len(header)
    head = list(islice(rows, max(3, min(HEAD_ROWS, HEAD_CELLS // max(width, 1)))))
    if head and all(len(cells) == width + 1 for _, cells in head):
        header, width = ["", *header], width + 1
    while width > 1 and not str(header[-1]).strip() and all(_blank(cells, width - 1) for _, cells in head):
        header, width = header[:-1], width - 1  # separators at the end of every row
    comma = _decimal_commas(head)
    words, numbers = _sides(header, head, name, comma)
    filling = Filling(name, header, words, numbers, comma)
    short, last = 0, 0
    for row, cells in head if only_head else chain(head, rows):
        if len(cells) != width:
            if any(str(cell).strip() for cell in cells[width:] if cell is not None):
                raise InputError(
                    f"{name} names {width:,} columns but row {row:,} has {len(cells):,} values, so they are shifted: "
                    "name every column, or mend that row."
                )
            short, last = short + (len(cells) < width), row if len(cells) < width else last
            cells = [*cells[:width], *[None] * (width - len(cells))]
        filling.add(cells, row)
        end = row
    if short == 1 and last == end:
        raise InputError(
            f"{name} is cut off in row {end:,}, which is shorter than the others: download or copy it again."
        )
    return filling.grid(file_format)


def _sides(header: Sequence[str], head: list[Row], name: str, comma: bool) -> tuple[list[int], list[int]]:
    """Places of the columns of words and of numbers."""
    words: list[int] = []
    numbers: list[int] = []
    for place in range(len(header)):
        cells = [cells[place] for _, cells in head if place < len(cells)]
        texts = [t for t in ("" if c is None else str(c).strip() for c in cells) if t not in MISSING]
        share = sum(_is_number(t, comma) for t in texts) / len(texts) if texts else 1.0
        (words if is_annotation(str(header[place])) or share < 0.5 else numbers).append(place)
    if numbers[:1] == [0] and str(header[0]).strip().lower() in ("", "x") and _counts(head):  # pandas and R number rows
        words, numbers = [0, *words], numbers[1:]
        if len(words) > 1:
            words = words[1:]
    if not words and numbers:  # rows named by numbers, such as Entrez ids
        first = [str(cells[0]) for _, cells in head if cells]
        if len(set(first)) == len(first) and all(text.isdigit() for text in first):
            return numbers[:1], numbers[1:]
    refuse_no_matrix([header[place] for place in words], [header[place] for place in numbers], name)
    return words, numbers


def refuse_no_matrix(words: Sequence[str], numbers: Sequence[str], name: str) -> None:
    """Raises InputError where columns of words or of numbers are missing, or words are most of the table."""
    if not numbers:
        told = ", ".join(str(word) for word in words[:5])
        raise InputError(f"{name} is not an expression table: no column of it holds numbers (it has {told}). {CURE}")
    if not words:
        raise InputError(
            f"{name} has no column that names its rows, so nobody can tell its probes or samples: export it with row "
            "names."
        )
    if len(words) > 12 and len(words) > len(numbers):
        raise InputError(
            f"{name} is not an expression table: {len(words)} of its {len(words) + len(numbers)} columns are words "
            f"({', '.join(str(word) for word in words[:4])}, ...). {CURE}"
        )


def _is_number(text: str, comma: bool) -> bool:
    try:
        float(text.replace(",", ".") if comma else text)
    except ValueError:
        return False
    return True


def _decimal_commas(head: list[Row]) -> bool:
    texts = [cell for _, cells in head for cell in cells if isinstance(cell, str) and cell[:1] in "-0123456789"]
    commas = sum(bool(_COMMA.match(text)) for text in texts)
    return commas > 0.3 * len(texts) and not any(re.match(r"^\s*-?\d+\.\d+\s*$", text) for text in texts)


def _counts(head: list[Row]) -> bool:
    texts = [str(cells[0]).strip() for _, cells in head if cells]
    return len(texts) > 1 and texts in ([str(i) for i in range(n, n + len(texts))] for n in (0, 1))


def _blank(cells: Sequence[object], place: int) -> bool:
    return place >= len(cells) or cells[place] is None or not str(cells[place]).strip()
