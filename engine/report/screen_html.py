"""A screen's report as one HTML file: figures that answer to the pointer, no network, nothing of a name that acts."""

from dataclasses import replace

from engine.jobs.spec import versions
from engine.report.page import page
from engine.report.parts import HALF, plot
from engine.report.screen import RESEARCH_ONLY, SIMULATED, TITLE, ScreenReport
from engine.report.screen_chapters import chapters
from engine.report.screen_words import chips_of, label_of, moment, signed, status_note, status_words
from engine.report.write import figures_json, plotly_script


def screen_html(report: ScreenReport) -> str:
    """The whole report as one HTML document, the same text for the same `made_at`."""
    sections = [
        replace(
            one.section, plots=[plot(figure.anchor, figure.draw, wide=figure.width > HALF) for figure in one.figures]
        )
        for one in chapters(report)
    ]
    return page("screen.html").render(
        title=TITLE,
        label=label_of(report),
        made_at=moment(report.made_at),
        research_only=RESEARCH_ONLY,
        simulated=report.simulated,
        simulated_note=SIMULATED,
        chips=chips_of(report),
        signed=signed(report),
        status=status_words(report),
        status_note=status_note(report),
        cards=max((len(section.cards) for section in sections), default=1),
        sections=sections,
        figures=figures_json(sections),
        plotly_js=plotly_script(),
        version=versions()["tumorcast"],
    )
