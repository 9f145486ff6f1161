"""A chapter on paper: title, sentences, facts, pictures, photographs, tables, in the order of the HTML file."""

from io import BytesIO

from engine.report.paper import BODY, COLOURS, LEFT, PT, Paper
from engine.report.paper_table import draw_table, start_height
from engine.report.parts import Picture, Section, Strip
from engine.report.wrap import wrapped

LEAD = BODY + 1
SHORTEST, LONGEST_OPENING = 20.0, 150.0  # mm
CAPTION = 7.5
TALLEST = 225.0  # mm of a picture with its title and caption: what a page holds
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
    for picture in section.pictures:
        _picture(paper, picture)
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
        texts += _picture_size(paper, section.pictures[0])[1] + 6
    elif section.strips and not section.facts:
        texts += _strip_height(paper, section.strips[0])
    elif section.tables and not section.facts:
        texts += start_height(paper, section.tables[0])
    return min(max(texts, SHORTEST), LONGEST_OPENING)


def _picture_size(paper: Paper, picture: Picture) -> tuple[float, float]:
    """mm: as wide as the page, less where it would be too tall for one."""
    room = TALLEST - 12 - paper.text_height(picture.caption, CAPTION)
    scale = min(paper.epw / picture.width, room / picture.height)
    return picture.width * scale, picture.height * scale


def _picture(paper: Paper, picture: Picture) -> None:
    """A chart under its question, with its caption, never over two pages."""
    width, height = _picture_size(paper, picture)
    paper.title_line(picture.question, height + paper.text_height(picture.caption, CAPTION))
    paper.image(BytesIO(picture.png), LEFT, paper.y + 1, width, height, alt_text=picture.summary)
    paper.set_y(paper.y + height + 2.5)
    paper.paragraph(picture.caption, CAPTION, "", "muted")
    paper.set_y(paper.y + 2)


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
