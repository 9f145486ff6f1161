"""A chapter on paper: title, sentences, facts, pictures, photographs, tables, in the order of the HTML file."""

from collections.abc import Sequence
from io import BytesIO

from engine.report.paper import BODY, COLOURS, LEADING, LEFT, PT, Paper
from engine.report.paper_table import draw_table, start_height
from engine.report.parts import HALF, WIDE, Picture, Section, Strip
from engine.report.wrap import wrapped

LEAD = BODY + 1
SHORTEST, LONGEST_OPENING = 20.0, 150.0  # mm
CAPTION = 7.5
TALLEST = 225.0  # mm of a picture with its title and caption: what a page holds
SIDE_GAP = 4.0  # mm
TILE, TILE_GAP, TILE_TEXT = 24.0, 2.2, 6.3  # mm, mm, pt


def draw_chapter(paper: Paper, section: Section) -> None:
    """Draw a chapter from the present place on. Charts stand in `pictures`; `plots` are for pages that draw."""
    paper.heading(section.title, below=_opening(paper, section))
    if section.lead:
        paper.paragraph(section.lead, LEAD, "B")
    for text in section.texts:
        paper.paragraph(text)
    if section.cards:
        paper.boxes(section.cards)
    if section.facts:
        paper.facts(section.facts)
    if section.drawing:
        paper.drawing(section.drawing)
    for row in _rows(section.pictures):
        _row(paper, row)
    for strip in section.strips:
        _strip(paper, strip)
    for table in section.tables:
        draw_table(paper, table)
    for point in section.points:
        paper.paragraph(point, mark="•")


def _opening(paper: Paper, section: Section) -> float:
    """Room that a chapter's title needs below it, so that it never stands far from what it announces."""
    texts = sum(paper.text_height(text) for text in section.texts)
    texts += paper.text_height(section.lead, LEAD, "B") if section.lead else 0
    if section.drawing:
        texts += paper.height_of(section.drawing)
    elif section.pictures and not section.facts:
        texts += _picture_height(paper, section.pictures[0], paper.epw) + 6
    elif section.strips and not section.facts:
        texts += _strip_height(paper, section.strips[0])
    elif section.tables and not section.facts:
        texts += start_height(paper, section.tables[0])
    return min(max(texts, SHORTEST), LONGEST_OPENING)


def _rows(pictures: Sequence[Picture]) -> list[list[Picture]]:
    """Pictures that stand side by side: two that are narrow, else one alone."""
    rows: list[list[Picture]] = []
    for picture in pictures:
        alone = picture.width > HALF or not rows or len(rows[-1]) > 1 or rows[-1][0].width > HALF
        if alone:
            rows.append([picture])
        else:
            rows[-1].append(picture)
    return rows


def _size(paper: Paper, picture: Picture, caption: float) -> tuple[float, float]:
    """mm: WIDE pixels over the width of the page, less where the picture would be too tall for one."""
    scale = min(paper.epw / WIDE, (TALLEST - 12 - caption) / picture.height)
    return picture.width * scale, picture.height * scale


def _caption(paper: Paper, picture: Picture, width: float) -> list[str]:
    return wrapped(picture.caption, width, paper.measure(CAPTION))


def _picture_height(paper: Paper, picture: Picture, width: float) -> float:
    """Of a picture with its caption, without its title."""
    caption = len(_caption(paper, picture, width)) * CAPTION * PT * LEADING
    return _size(paper, picture, caption)[1] + caption + 4


def _row(paper: Paper, pictures: Sequence[Picture]) -> None:
    """Charts side by side, each under its question and over its caption, never over two pages."""
    room = (paper.epw - SIDE_GAP * (len(pictures) - 1)) / len(pictures)
    below = max(_picture_height(paper, picture, room) for picture in pictures)
    titles = [wrapped(picture.question, room, paper.measure(9.5, "B"), 2) for picture in pictures]
    above = 4.8 * max(map(len, titles))
    paper.set_y(paper.y + 1.5)
    paper.need(above + below)
    top, step = paper.y, CAPTION * PT * LEADING
    for place, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
        x = LEFT + place * (room + SIDE_GAP)
        for number, line in enumerate(title):
            paper.words(x, top + 3.6 + 4.8 * number, line, 9.5, "B")
        lines = _caption(paper, picture, room)
        width, height = _size(paper, picture, len(lines) * step)
        paper.image(BytesIO(picture.png), x, top + above, width, height, alt_text=picture.summary)
        for number, line in enumerate(lines):
            paper.words(x, top + above + height + 1.5 + step * (number + 0.76), line, CAPTION, "", "muted")
    paper.set_y(top + above + below + 2)


def _per_row(paper: Paper) -> int:
    return int((paper.epw + TILE_GAP) // (TILE + TILE_GAP))


def _strip_height(paper: Paper, strip: Strip) -> float:
    rows = -(-len(strip.tiles) // _per_row(paper))
    return 6 + rows * (TILE + 8) + (paper.text_height(strip.caption, CAPTION) if strip.caption else 0)


def _strip(paper: Paper, strip: Strip) -> None:
    """Photographs in rows, each with its dose and value below."""
    per_row = _per_row(paper)
    paper.title_line(strip.title, min(_strip_height(paper, strip), LONGEST_OPENING))
    step = TILE_TEXT * PT * 1.35
    for start in range(0, len(strip.tiles), per_row):
        paper.need(TILE + 8)
        top = paper.y + 0.5
        for place, tile in enumerate(strip.tiles[start : start + per_row]):
            x = LEFT + place * (TILE + TILE_GAP)
            paper.image(BytesIO(tile.png), x, top, TILE, TILE, alt_text=f"{tile.label} {tile.note}")
            if tile.crossed:
                paper.set_draw_color(COLOURS["warm"])
                paper.set_line_width(0.35)
                paper.line(x, top, x + TILE, top + TILE)
                paper.line(x, top + TILE, x + TILE, top)
            for row, text in enumerate((tile.label, tile.note)):
                shown = wrapped(text, TILE, paper.measure(TILE_TEXT), 1)[0]
                paper.words(x, top + TILE + step * (row + 0.85), shown, TILE_TEXT, "", "muted" if row else "text")
        paper.set_y(top + TILE + 2 * step + 1.8)
    if strip.caption:
        paper.paragraph(strip.caption, CAPTION, "", "muted")
