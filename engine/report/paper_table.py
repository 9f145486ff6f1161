"""Tables on paper: columns as wide as they need, cells in lines, headings again on every page."""

from typing import NamedTuple

from engine.report.paper import GRID, LEADING, LEFT, PT, Paper
from engine.report.parts import Table
from engine.report.wrap import column_widths, wrapped

SIZE, SMALL = 7.3, 6.3  # pt: a cell's first line and those below it
GAP = 2.6  # mm between columns
MOST_LINES = 9  # of one cell
KEPT_WHOLE = 60.0  # mm of rows up to which a table stays on one page
LONGEST_WORD = 25.0  # mm that a column must offer at most; longer words are broken


class _Line(NamedTuple):
    text: str
    small: bool


def draw_table(paper: Paper, table: Table) -> None:
    """Draw a table from the present place on, over as many pages as it takes; its title and heading never alone."""
    widths, heading, rows = _laid_out(paper, table)
    start = _start(heading, rows)
    if table.title:
        paper.title_line(table.title, start)
    paper.need(start)
    _row(paper, heading, widths, table.numeric, True)
    for place, row in enumerate(rows):
        last = rows[-1] if place == len(rows) - 2 else None  # the last row is not left alone on a page
        if paper.need(_height(row) + (_height(last) if last else 0)):
            _row(paper, heading, widths, table.numeric, True)
        _row(paper, row, widths, table.numeric, False)
    paper.set_y(paper.y + 2)
    if table.caption:
        paper.paragraph(table.caption, 7.5, "", "muted")
    paper.set_y(paper.y + 1)


def start_height(paper: Paper, table: Table) -> float:
    """How much room the title, the heading and the first rows take, which stay together."""
    _, heading, rows = _laid_out(paper, table)
    return _start(heading, rows) + (8 if table.title else 0)


def _laid_out(paper: Paper, table: Table) -> tuple[list[float], list[list[_Line]], list[list[list[_Line]]]]:
    """Widths of the columns, the heading's cells and those of every row."""
    widths = _widths(paper, table)
    heading = [_lines(paper, column, width, "B") for column, width in zip(table.columns, widths, strict=True)]
    rows = [[_lines(paper, cell, width) for cell, width in zip(row, widths, strict=True)] for row in table.rows]
    return widths, heading, rows


def _start(heading: list[list[_Line]], rows: list[list[list[_Line]]]) -> float:
    heights = [_height(row) for row in rows]
    kept = sum(heights) if sum(heights) <= KEPT_WHOLE else sum(heights[:2])
    return _height(heading) + kept + 2


def _widths(paper: Paper, table: Table) -> list[float]:
    natural, least = [], []
    for place, column in enumerate(table.columns):
        longest = word = 0.0
        for cell, style in [(column, "B"), *((row[place], "") for row in table.rows)]:
            for row, line in enumerate(cell.split("\n")):
                size = SMALL if row else SIZE
                longest = max(longest, paper.width_of(line, size, style))
                words = [line] if table.numeric[place] and not style else line.split()
                word = max([word, *(paper.width_of(part, size, style) for part in words)])
        natural.append(longest)
        least.append(min(word, LONGEST_WORD))
    room = paper.epw - GAP * (len(table.columns) - 1)
    return column_widths(natural, least, room)


def _lines(paper: Paper, cell: str, width: float, style: str = "") -> list[_Line]:
    found: list[_Line] = []
    for place, line in enumerate(cell.split("\n")):
        small = place > 0
        # a hair wider, so that a line that was measured to fit is not broken by rounding
        fitted = wrapped(line, width + 0.01, paper.measure(SMALL if small else SIZE, style), MOST_LINES)
        found += [_Line(text, small) for text in fitted]
    return found[: 2 * MOST_LINES]


def _step(line: _Line) -> float:
    return (SMALL if line.small else SIZE) * PT * LEADING


def _height(cells: list[list[_Line]]) -> float:
    return max(sum(_step(line) for line in cell) for cell in cells) + 1.7


def _row(paper: Paper, cells: list[list[_Line]], widths: list[float], numeric: tuple[bool, ...], heading: bool) -> None:
    top, height = paper.y, _height(cells)
    x = LEFT
    for cell, width, right in zip(cells, widths, numeric, strict=True):
        y = top + 0.6
        for line in cell:
            size = SMALL if line.small else SIZE
            style = "B" if heading else ""
            at = x + width - paper.width_of(line.text, size, style) if right else x
            colour = "muted" if heading or line.small else "text"
            paper.words(at, y + _step(line) * 0.76, line.text, size, style, colour)
            y += _step(line)
        x += width + GAP
    paper.set_draw_color(GRID)
    paper.set_line_width(0.35 if heading else 0.15)
    paper.line(LEFT, top + height, x - GAP, top + height)
    paper.set_y(top + height)
