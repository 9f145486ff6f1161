"""The one gate that every text of a patient's or a screen's report passes before it is written."""

from dataclasses import replace

from engine.report.card import Fact
from engine.report.drawing import Drawing
from engine.report.parts import Number, Section, Strip, Table
from engine.report.plain import clean, clean_cell

LABEL_LENGTH = 120
CELL_LENGTH = 220  # characters of one line of a cell; a row of a patient's list holds at most 200


def tidy(section: Section) -> Section:
    """The section with nothing in it that could harm a page, and without tables that have no rows."""
    return replace(
        section,
        title=clean(section.title),
        lead=clean(section.lead),
        texts=[clean(text) for text in section.texts],
        cards=[Number(c.label, clean(c.value, 60), tuple(clean(note, 120) for note in c.notes)) for c in section.cards],
        facts=[Fact(clean(fact.label, 60), clean(fact.text)) for fact in section.facts],
        tables=[_tidy_table(table) for table in section.tables if table.rows],
        strips=[_tidy_strip(strip) for strip in section.strips],
        points=[clean(point) for point in section.points],
        drawing=_tidy_drawing(section.drawing),
    )


def _tidy_table(table: Table) -> Table:
    return replace(
        table,
        rows=tuple(tuple(clean_cell(cell, CELL_LENGTH) for cell in row) for row in table.rows),
        title=clean(table.title, LABEL_LENGTH),
        caption=clean(table.caption),
    )


def _tidy_strip(strip: Strip) -> Strip:
    tiles = tuple(replace(tile, label=clean(tile.label, 40), note=clean(tile.note, 40)) for tile in strip.tiles)
    return replace(strip, title=clean(strip.title, LABEL_LENGTH), caption=clean(strip.caption), tiles=tiles)


def _tidy_drawing(drawing: Drawing | None) -> Drawing | None:
    return replace(drawing, summary=clean(drawing.summary)) if drawing else None
