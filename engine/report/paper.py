"""A4 pages with headings, paragraphs, facts, boxes, tables and drawings; nothing overlaps, headings stay with theirs.

Lengths in mm, sizes of letters in pt. Texts are expected to be clean (`plain.clean`); a character that the font lacks
is drawn as a box.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont

from engine.figures.template import LIGHT
from engine.report.card import Fact
from engine.report.drawing import LETTERS, Box, Drawing, Ring, Stroke
from engine.report.parts import Number
from engine.report.wrap import wrapped

FONTS = Path(__file__).parent / "fonts"
FAMILY = "DejaVu"
LEFT, RIGHT, TOP, BOTTOM = 14.0, 14.0, 21.0, 19.0  # margins
BODY = 8.5
LABEL = 20.0  # what a report is about
LEADING = 1.38  # line height over the size of its letters
PT = 25.4 / 72
WARM, WARM_SOFT, GRID = "#8a4a06", "#fdf1e3", "#d9e0e6"
COLOURS = {
    "text": LIGHT.text,
    "muted": LIGHT.muted,
    "grid": GRID,
    "ground": LIGHT.ground,
    "sensitive": LIGHT.sensitive,
    "resistant": LIGHT.resistant,
    "warm": "#e07b1a",
}
ABSENT = "\N{WHITE SQUARE}"
FACT_LABEL = 42.0
PAGES = "##"  # stands for the number of pages until it is known, as wide as two digits


class Paper(FPDF):
    """Pages that are filled from top to bottom.

    title: of the file's metadata. running: left and right of every page but the first. foot: on every page.
    """

    def __init__(self, title: str, made_at: datetime, running: tuple[str, str], foot: str) -> None:
        super().__init__(unit="mm", format="A4")
        self.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
        self.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")
        faces = {style: self.fonts[FAMILY.lower() + style] for style in ("", "B")}
        self._faces = {style: font for style, font in faces.items() if isinstance(font, TTFFont)}
        self._running, self._foot = running, foot
        self.set_margins(LEFT, TOP, RIGHT)
        self.set_auto_page_break(False)
        self.alias_nb_pages(PAGES)
        self.set_title(title)
        self.set_lang("en")
        self.set_creation_date(made_at if made_at.tzinfo else made_at.replace(tzinfo=UTC))
        self.add_page()

    # What stands on every page

    def header(self) -> None:
        """The running line, from the second page on."""
        if self.page == 1:
            self.set_y(14)
            return
        left, right = self._running
        room = self.width_of(right, 7.5)
        self.words(LEFT, 12, wrapped(left, self.epw - room - 8, self.measure(7.5, "B"), 1)[0], 7.5, "B")
        self.words(self.w - RIGHT - room, 12, right, 7.5, "", "muted")
        self.rule(14.5)
        self.set_y(TOP)

    def footer(self) -> None:
        """What the report must not be used for, and which page it is."""
        self.rule(self.h - 14)
        self.words(LEFT, self.h - 9.5, self._foot, 7.5, "B", "text")
        self._font(7.5, "", "muted")
        self.set_xy(self.w - RIGHT - 50, self.h - 12.2)
        self.cell(50, 4, f"page {self.page} of {PAGES}", align="R")

    # The smallest parts

    def measure(self, size: float, style: str = "") -> Callable[[str], float]:
        """A function text -> mm in letters of this size."""
        return partial(self.width_of, size=size, style=style)

    def width_of(self, text: str, size: float, style: str = "") -> float:
        """Width of one line in mm."""
        advance = self._faces[style].cw
        return sum(advance[ord(self._drawable(letter, style))] for letter in text) * size / 1000 / self.k

    def words(self, x: float, y: float, text: str, size: float, style: str = "", colour: str = "text") -> None:
        """One line of text on the baseline y."""
        self._font(size, style, colour)
        self.text(x, y, "".join(self._drawable(letter, style) for letter in text))

    def rule(self, y: float, colour: str = "grid") -> None:
        """A thin line across the page."""
        self.set_draw_color(COLOURS[colour])
        self.set_line_width(0.2)
        self.line(LEFT, y, self.w - RIGHT, y)

    def need(self, height: float) -> bool:
        """Go to the next page unless `height` is left on this one; whether a page was turned."""
        if self.y + height <= self.h - BOTTOM or self.y <= TOP + 0.1:
            return False
        self.add_page()
        return True

    def _font(self, size: float, style: str, colour: str) -> None:
        self.set_font(FAMILY, style, size)
        self.set_text_color(WARM if colour == "warning" else COLOURS[colour])

    def _drawable(self, letter: str, style: str) -> str:
        return letter if ord(letter) in self._faces[style].cmap else ABSENT

    # What a report is made of

    def heading(self, text: str, below: float = 20.0) -> None:
        """A chapter's title, with room for `below` mm of what it stands over, and a bookmark."""
        if self.y > TOP + 1:
            self.set_y(self.y + 5)
        self.need(9 + below)
        self.start_section(text)
        self.words(LEFT, self.y + 5, text, 13, "B")
        self.set_y(self.y + 8.5)

    def title_line(self, text: str, below: float = 12.0) -> None:
        """A title within a chapter."""
        self.set_y(self.y + 1.5)
        self.need(6 + below)
        for line in wrapped(text, self.epw, self.measure(9.5, "B"), 2):
            self.words(LEFT, self.y + 3.6, line, 9.5, "B")
            self.set_y(self.y + 4.8)

    def paragraph(self, text: str, size: float = BODY, style: str = "", colour: str = "text", mark: str = "") -> None:
        """Text over the width of the page. mark: stands before its first line, as in a list."""
        step, indent = size * PT * LEADING, 4.0 if mark else 0.0
        for place, line in enumerate(wrapped(text, self.epw - indent, self.measure(size, style))):
            self.need(step)
            if mark and place == 0:
                self.words(LEFT, self.y + step * 0.76, mark, size, "", "muted")
            self.words(LEFT + indent, self.y + step * 0.76, line, size, style, colour)
            self.set_y(self.y + step)
        self.set_y(self.y + 1.4)

    def opening(self, what: str, label: str, chips: Sequence[str]) -> None:
        """The top of a report: what it is, in large letters what it is about, and what to know of it at once."""
        self.paragraph(what, BODY, "", "muted")
        for line in wrapped(label, self.epw, self.measure(LABEL, "B"), 3):
            self.words(self.l_margin, self.y + 7, line, LABEL, "B")
            self.set_y(self.y + 9)
        self.set_y(self.y + 1)
        self.paragraph(" · ".join(chips), BODY)

    def text_height(self, text: str, size: float = BODY, style: str = "") -> float:
        """Of a paragraph, with the gap below it."""
        return len(wrapped(text, self.epw, self.measure(size, style))) * size * PT * LEADING + 1.4

    def warning(self, text: str) -> None:
        """What nobody may overlook."""
        self.set_fill_color(WARM_SOFT)
        self.rect(LEFT, self.y, self.epw, 9, style="F")
        self.set_fill_color(WARM)
        self.rect(LEFT, self.y, 1.2, 9, style="F")
        self.words(LEFT + 4, self.y + 5.9, text, 10.5, "B", "warning")
        self.set_y(self.y + 12)

    def facts(self, facts: Sequence[Fact]) -> None:
        """Labels with what is known, in two columns."""
        step = BODY * PT * LEADING
        for fact in facts:
            lines = wrapped(fact.text, self.epw - FACT_LABEL, self.measure(BODY))
            labels = wrapped(fact.label, FACT_LABEL - 3, self.measure(BODY))
            self.need(step * min(max(len(lines), len(labels)), 4))
            for place in range(max(len(lines), len(labels))):
                self.need(step)
                base = self.y + step * 0.76
                if place < len(labels):
                    self.words(LEFT, base, labels[place], BODY, "", "muted")
                if place < len(lines):
                    self.words(LEFT + FACT_LABEL, base, lines[place], BODY)
                self.set_y(self.y + step)
            self.set_y(self.y + 0.9)
        self.set_y(self.y + 1.5)

    def boxes(self, cards: Sequence[Number]) -> None:
        """Numbers side by side, each with what a person needs to judge it."""
        gap = 3.0
        width = (self.epw - gap * (len(cards) - 1)) / len(cards)
        notes = [
            [line for note in card.notes for line in wrapped(note, width - 5, self.measure(6.8), 3)] for card in cards
        ]
        height = 15.5 + 3.4 * max(map(len, notes))
        self.need(height)
        top = self.y
        self.set_draw_color(GRID)
        self.set_line_width(0.25)
        for place, (card, lines) in enumerate(zip(cards, notes, strict=True)):
            x = LEFT + place * (width + gap)
            self.rect(x, top, width, height, style="D", round_corners=True, corner_radius=1.5)
            self.words(x + 2.5, top + 5, card.label, 7.2, "", "muted")
            self.words(x + 2.5, top + 11.3, wrapped(card.value, width - 5, self.measure(13, "B"), 1)[0], 13, "B")
            for row, line in enumerate(lines):
                self.words(x + 2.5, top + 15.8 + 3.4 * row, line, 6.8, "", "muted")
        self.set_y(top + height + 4)

    def height_of(self, drawing: Drawing) -> float:
        """Of a drawing with its caption."""
        return drawing.height * self.epw / drawing.width + 10

    def drawing(self, drawing: Drawing) -> None:
        """A drawing over the width of the page, with its caption."""
        scale = self.epw / drawing.width
        self.need(self.height_of(drawing))
        left, top = LEFT, self.y
        for mark in drawing.marks:
            if isinstance(mark, Box):
                self.set_fill_color(COLOURS[mark.role])
                self.rect(left + mark.x * scale, top + mark.y * scale, mark.width * scale, mark.height * scale, "F")
            elif isinstance(mark, Stroke):
                self.set_draw_color(COLOURS[mark.role])
                self.set_line_width(mark.width * scale)
                self.line(left + mark.x1 * scale, top + mark.y1 * scale, left + mark.x2 * scale, top + mark.y2 * scale)
            elif isinstance(mark, Ring):
                self.set_draw_color(COLOURS[mark.role])
                self.set_fill_color(COLOURS["ground"])
                self.set_line_width(1.5 * scale)
                self.circle(left + mark.x * scale, top + mark.y * scale, mark.radius * scale, "DF")
            else:
                size = LETTERS * scale / PT
                room = self.width_of(mark.text, size) * {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor]
                self.words(left + mark.x * scale - room, top + mark.y * scale, mark.text, size, "", mark.role)
        self.set_y(top + drawing.height * scale + 2)
        self.paragraph(drawing.caption, 7.5, "", "muted")
