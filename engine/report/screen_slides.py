"""The figures of a screen's report as slides, 16:9, one figure a slide."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Emu, Inches, Pt

from engine.figures.template import LIGHT
from engine.report.paper import WARM
from engine.report.parts import Picture, Strip
from engine.report.plain import clean
from engine.report.screen import RESEARCH_ONLY, SIMULATED, TITLE, ScreenReport
from engine.report.screen_chapters import chapters
from engine.report.screen_pdf import picture_chapters
from engine.report.screen_words import chips_of, hits_words, label_of, moment, signed, status_note, status_words
from engine.report.static import Progress

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
EDGE = Inches(0.5)
ROOM = WIDTH - 2 * EDGE
TOP, BOTTOM = Inches(1.15), Inches(6.25)  # of a figure
FONT = "Arial"
STRIPS = 3  # drugs on a slide of photographs
BLANK = 6  # the layout without placeholders of python-pptx's own template


def screen_pptx(report: ScreenReport, progress: Progress | None = None) -> bytes:
    """All figures as slides. Raises InputError without Chromium, EngineError where it stops."""
    drawn = picture_chapters(chapters(report), progress or (lambda part, sentence: None))
    deck = Presentation()
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
    deck.core_properties.title, deck.core_properties.author = TITLE, "Tumorcast"
    deck.core_properties.created = deck.core_properties.modified = report.made_at.replace(tzinfo=None)
    _opening(deck, report)
    for chapter in drawn:
        for picture in chapter.section.pictures:
            _figure(deck, report, picture)
        for start in range(0, len(chapter.section.strips), STRIPS):
            _photographs(deck, report, chapter.section.strips[start : start + STRIPS])
    buffer = BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def _opening(deck: Any, report: ScreenReport) -> None:
    slide = _slide(deck, report)
    made = f"{TITLE}, {moment(report.made_at)}"
    _words(slide, EDGE, Inches(1.3), ROOM, Inches(0.4), made, 14, colour=LIGHT.muted)
    _words(slide, EDGE, Inches(1.7), ROOM, Inches(1.0), label_of(report), 40, bold=True)
    chips = (["Simulated"] if report.simulated else []) + chips_of(report)
    _words(slide, EDGE, Inches(2.75), ROOM, Inches(0.4), " · ".join(chips), 16)
    colour = LIGHT.sensitive if signed(report) else WARM
    _words(slide, EDGE, Inches(3.4), ROOM, Inches(0.5), status_words(report), 20, bold=True, colour=colour)
    _words(slide, EDGE, Inches(3.85), ROOM, Inches(0.6), clean(status_note(report), 300), 14)
    _words(slide, EDGE, Inches(4.6), ROOM, Inches(0.9), clean(hits_words(report), 300), 18)
    if report.simulated:
        _words(slide, EDGE, Inches(5.6), ROOM, Inches(0.4), SIMULATED, 14, bold=True, colour=WARM)


def _figure(deck: Any, report: ScreenReport, picture: Picture) -> None:
    slide = _slide(deck, report, picture.question)
    scale = min(ROOM / picture.width, (BOTTOM - TOP) / picture.height)
    width, height = Emu(int(picture.width * scale)), Emu(int(picture.height * scale))
    drawn = slide.shapes.add_picture(BytesIO(picture.png), (WIDTH - width) // 2, TOP, width, height)
    drawn._element.nvPicPr.cNvPr.set("descr", picture.summary)
    _words(slide, EDGE, BOTTOM + Inches(0.05), ROOM, Inches(0.6), clean(picture.caption, 400), 12, colour=LIGHT.muted)


def _photographs(deck: Any, report: ScreenReport, strips: Sequence[Strip]) -> None:
    slide = _slide(deck, report, "What do the spheroids look like, dose by dose?")
    side = min(Inches(1.25), (ROOM - Inches(2)) // max(len(strip.tiles) for strip in strips) - Inches(0.1))
    for place, strip in enumerate(strips):
        top = TOP + place * Inches(1.75)
        _words(slide, EDGE, top, Inches(1.9), side, strip.title, 14, bold=True, middle=True)
        for number, tile in enumerate(strip.tiles):
            left = EDGE + Inches(2) + number * (side + Inches(0.1))
            drawn = slide.shapes.add_picture(BytesIO(_crossed(tile.png) if tile.crossed else tile.png), left, top, side)
            drawn._element.nvPicPr.cNvPr.set("descr", f"{strip.title}, {tile.label} {tile.note}")
            told = f"{tile.label}\n{tile.note}" if tile.note else tile.label
            _words(slide, left - Inches(0.05), top + side, side + Inches(0.1), Inches(0.4), told, 9, centre=True)
    caption = "From the negative control to the highest dose, one contrast for each drug; below, the well's viability."
    _words(slide, EDGE, BOTTOM + Inches(0.15), ROOM, Inches(0.4), caption, 12, colour=LIGHT.muted)


def _crossed(png: bytes) -> bytes:
    from PIL import ImageDraw

    picture = Image.open(BytesIO(png)).convert("RGB")
    pen, (right, bottom) = ImageDraw.Draw(picture), picture.size
    pen.line((0, 0, right, bottom), fill="#e07b1a", width=2)
    pen.line((0, bottom, right, 0), fill="#e07b1a", width=2)
    file = BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()


def _slide(deck: Any, report: ScreenReport, title: str = "") -> Any:
    """A slide with its title above and, below, what it must not be used for and whether it is simulated."""
    slide = deck.slides.add_slide(deck.slide_layouts[BLANK])
    if title:
        _words(slide, EDGE, Inches(0.35), ROOM, Inches(0.7), title, 26, bold=True, middle=True)
    status = "signed off" if signed(report) else "NOT SIGNED OFF"
    foot = f"{RESEARCH_ONLY}{' Simulated.' if report.simulated else ''}"
    _words(slide, EDGE, Inches(7.0), ROOM // 2, Inches(0.35), foot, 11, bold=True)
    right = f"{label_of(report)}, {status}"
    _words(slide, EDGE + ROOM // 2, Inches(7.0), ROOM // 2, Inches(0.35), right, 11, colour=LIGHT.muted, end=True)
    return slide


def _words(
    slide: Any, left: int, top: int, width: int, height: int, text: str, size: float, *, bold: bool = False,
    colour: str = LIGHT.text, centre: bool = False, end: bool = False, middle: bool = False,
) -> None:  # fmt: skip
    box = slide.shapes.add_textbox(Emu(int(left)), Emu(int(top)), Emu(int(width)), Emu(int(height)))
    frame = box.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.vertical_anchor = MSO_ANCHOR.MIDDLE if middle else MSO_ANCHOR.TOP
    for place, line in enumerate(text.split("\n")):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.CENTER if centre else PP_ALIGN.RIGHT if end else PP_ALIGN.LEFT
        run = paragraph.add_run()
        run.text = line
        run.font.size, run.font.bold, run.font.name = Pt(size), bold, FONT
        run.font.color.rgb = RGBColor.from_string(colour.removeprefix("#").upper())
