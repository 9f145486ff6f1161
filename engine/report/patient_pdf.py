"""A patient's report as a PDF, A4, made without a browser: the same chapters as the HTML file."""

from engine.report.paper import BODY, Paper
from engine.report.paper_table import draw_table, start_height
from engine.report.parts import Section
from engine.report.patient import RESEARCH_ONLY, TITLE, PatientReport
from engine.report.patient_sections import chapters, chips_of, label_of
from engine.report.wrap import wrapped

MOST_USED = 20  # rows of the receipt that were used; the other mutations are named, other rows counted by reason
LABEL_SIZE = 20.0
LEAD = BODY + 1
SHORTEST, LONGEST_OPENING = 20.0, 150.0  # mm
SIMULATED = "The model was trained on simulated data: no number here says anything about real tumours."


def patient_pdf(report: PatientReport) -> bytes:
    """The whole report as one PDF file, the same bytes for the same `made_at`."""
    made_at = f"{report.made_at:%Y-%m-%d %H:%M} UTC"
    simulated = report.ranking.simulated
    label = label_of(report)
    paper = Paper(
        title=TITLE,
        made_at=report.made_at,
        running=(label, f"{TITLE}, {made_at}{', simulated' if simulated else ''}"),
        foot=f"{RESEARCH_ONLY}{' Simulated.' if simulated else ''}",
    )
    paper.paragraph(f"{TITLE}, {made_at}", BODY, "", "muted")
    for line in wrapped(label, paper.epw, paper.measure(LABEL_SIZE, "B"), 3):
        paper.words(paper.l_margin, paper.y + 7, line, LABEL_SIZE, "B")
        paper.set_y(paper.y + 9)
    paper.set_y(paper.y + 1)
    paper.paragraph(" · ".join((["Simulated"] if simulated else []) + chips_of(report)), BODY)
    paper.warning(RESEARCH_ONLY)
    if simulated:
        paper.paragraph(SIMULATED, BODY, "B")
    for section in chapters(report, MOST_USED, 0):
        _chapter(paper, section)
    return bytes(paper.output())


def _chapter(paper: Paper, section: Section) -> None:
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
    elif section.tables and not section.facts:
        texts += start_height(paper, section.tables[0])
    return min(max(texts, SHORTEST), LONGEST_OPENING)
