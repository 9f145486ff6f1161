"""A patient's report as a PDF, A4, made without a browser: the same chapters as the HTML file."""

from engine.report.paper import BODY, Paper
from engine.report.paper_chapter import draw_chapter
from engine.report.patient import RESEARCH_ONLY, TITLE, PatientReport
from engine.report.patient_sections import chapters, chips_of, label_of
from engine.report.wrap import wrapped

MOST_USED = 20  # rows of the receipt that were used; the other mutations are named, other rows counted by reason
LABEL_SIZE = 20.0
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
        draw_chapter(paper, section)
    return bytes(paper.output())
