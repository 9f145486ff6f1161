"""A screen's report as a PDF for the tumour board, A4: the same chapters as the HTML file, figures as pictures."""

from dataclasses import replace

from engine.report.paper import BODY, WARM, WARM_SOFT, Paper
from engine.report.paper_chapter import draw_chapter
from engine.report.parts import Picture
from engine.report.plain import clean
from engine.report.screen import RESEARCH_ONLY, SIMULATED, TITLE, ScreenReport
from engine.report.screen_chapters import Chapter, chapters
from engine.report.screen_words import chips_of, label_of, moment, signed, status_note, status_words
from engine.report.static import Progress, Still, pictures
from engine.report.wrap import wrapped

STATUS_SIZE = 11.0
PICTURES = 0.8  # part of the time that drawing takes, as far as progress tells


def screen_pdf(report: ScreenReport, progress: Progress | None = None) -> bytes:
    """The whole report as one PDF file. Raises InputError without Chromium, EngineError where it stops."""
    tell = progress or (lambda part, sentence: None)
    every = chapters(report)
    drawn = picture_chapters(every, lambda part, sentence: tell(PICTURES * part, sentence))
    tell(PICTURES, "writing pages")
    made_at = moment(report.made_at)
    label, simulated = label_of(report), report.simulated
    status = "signed off" if signed(report) else "NOT SIGNED OFF"
    paper = Paper(
        title=TITLE,
        made_at=report.made_at,
        running=(label, f"{TITLE}, {made_at}, {status}{', simulated' if simulated else ''}"),
        foot=f"{RESEARCH_ONLY}{' Simulated.' if simulated else ''}",
    )
    paper.opening(f"{TITLE}, {made_at}", label, (["Simulated"] if simulated else []) + chips_of(report))
    _status(paper, report)
    paper.warning(RESEARCH_ONLY)
    if simulated:
        paper.paragraph(SIMULATED, BODY, "B")
    for chapter in drawn:
        draw_chapter(paper, chapter.section)
    tell(1.0, "written")
    return bytes(paper.output())


def picture_chapters(every: list[Chapter], progress: Progress) -> list[Chapter]:
    """The chapters with their figures as pictures. Raises as `static.pictures` does."""
    charts = [(figure, figure.draw(False)) for chapter in every for figure in chapter.figures]
    stills = [Still(chart.figure, figure.width, int(chart.figure.layout.height)) for figure, chart in charts]
    found = {
        figure.anchor: Picture(
            png, still.width, still.height, clean(chart.question), clean(chart.caption), clean(chart.summary)
        )
        for (figure, chart), still, png in zip(charts, stills, pictures(stills, progress), strict=True)
    }
    return [
        Chapter(replace(one.section, pictures=[found[figure.anchor] for figure in one.figures]), one.figures)
        for one in every
    ]


def _status(paper: Paper, report: ScreenReport) -> None:
    """Signed or not, as a box that nobody overlooks."""
    done = signed(report)
    lines = wrapped(status_words(report), paper.epw - 8, paper.measure(STATUS_SIZE, "B"), 2)
    notes = wrapped(clean(status_note(report)), paper.epw - 8, paper.measure(BODY), 6)
    height = 3 + 5 * len(lines) + 4.2 * len(notes) + 1.5
    top = paper.y
    paper.set_fill_color("#e8f3f3" if done else WARM_SOFT)
    paper.rect(paper.l_margin, top, paper.epw, height, style="F")
    paper.set_fill_color("#0f8b8d" if done else WARM)
    paper.rect(paper.l_margin, top, 1.2, height, style="F")
    y = top + 2
    for line in lines:
        paper.words(paper.l_margin + 4, y + 3.8, line, STATUS_SIZE, "B", "text" if done else "warning")
        y += 5
    for line in notes:
        paper.words(paper.l_margin + 4, y + 3.2, line, BODY)
        y += 4.2
    paper.set_y(top + height + 3)
