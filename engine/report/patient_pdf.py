"""A patient's report as a PDF, A4, made without a browser: the same chapters as the HTML file."""

from engine.report.paper import BODY, Paper
from engine.report.paper_chapter import draw_chapter
from engine.report.patient import RESEARCH_ONLY, SIMULATED, TITLE, PatientReport
from engine.report.patient_sections import chapters, chips_of, label_of

MOST_USED = 20  # rows of the receipt that were used; the other mutations are named, other rows counted by reason


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
    paper.opening(f"{TITLE}, {made_at}", label, (["Simulated"] if simulated else []) + chips_of(report))
    paper.warning(RESEARCH_ONLY)
    if simulated:
        paper.paragraph(SIMULATED, BODY, "B")
    for section in chapters(report, MOST_USED, 0):
        draw_chapter(paper, section)
    return bytes(paper.output())
