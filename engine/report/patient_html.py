"""A patient's report as one HTML file: no script, no network, nothing of a name that could act."""

from engine.jobs.spec import versions
from engine.report.page import page
from engine.report.patient import RESEARCH_ONLY, SIMULATED, TITLE, PatientReport
from engine.report.patient_sections import chapters, chips_of, label_of

MOST_ROWS = 2000  # of the receipt


def patient_html(report: PatientReport) -> str:
    """The whole report as one HTML document, the same text for the same `made_at`."""
    return page("patient.html").render(
        title=TITLE,
        label=label_of(report),
        made_at=f"{report.made_at:%Y-%m-%d %H:%M} UTC",
        research_only=RESEARCH_ONLY,
        simulated=report.ranking.simulated,
        simulated_note=SIMULATED,
        chips=chips_of(report),
        sections=chapters(report, MOST_ROWS, MOST_ROWS),
        version=versions()["tumorcast"],
    )
