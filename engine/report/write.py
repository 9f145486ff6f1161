"""One self-contained HTML file about one run: opens in a browser without a server and without a network."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from plotly.offline import get_plotlyjs

from engine.errors import InputError
from engine.figures.text import split_name
from engine.jobs.spec import versions
from engine.report.card import RESEARCH_USE, ran_folds
from engine.report.material import gather
from engine.report.page import page
from engine.report.parts import Section
from engine.report.sections import chapters
from engine.response.records import run_summary
from engine.store.database import Database


def write_report(db: Database, run_id: str, out: Path) -> Path:
    """Write the report of a run to `out`, whole or not at all; returns the file.

    Raises StoreError for a run that is not in the store, InputError where the file cannot be written.
    """
    return whole(out, report_html(db, run_id).encode("utf-8"))


def whole(out: Path, content: bytes) -> Path:
    """Write a file whole or not at all. Raises InputError where it cannot be written."""
    part = out.with_name(out.name + ".part")
    try:
        part.write_bytes(content)
        os.replace(part, out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"The report cannot be written to {out} ({error.strerror}): choose another place.") from error
    return out


def report_html(db: Database, run_id: str) -> str:
    """The whole report as one HTML document. Raises StoreError for a run that is not in the store."""
    run = run_summary(db, run_id)
    sections = chapters(gather(db, run))
    created = datetime.now(UTC)
    return page("run.html").render(
        title="What is this model worth?",
        subtitle=f"Run {run.run_id} of {run.created_at:%Y-%m-%d %H:%M} UTC, {split_name(run.split)}. "
        f"Written {created:%Y-%m-%d %H:%M} UTC by Tumorcast {versions()['tumorcast']}.",
        run_id=run.run_id,
        version=versions()["tumorcast"],
        simulated=run.simulated,
        dataset="" if run.simulated and run.dataset.lower() == "simulated" else run.dataset,
        chips=[split_name(run.split), ran_folds(run), f"seed {run.seed}"],
        research_use=RESEARCH_USE,
        sections=sections,
        figures=figures_json(sections),
        plotly_js=plotly_script(),
    )


def plotly_script() -> str:
    """plotly.js, in which nothing ends the script element it stands in."""
    return get_plotlyjs().replace("</script", "<\\/script")


def figures_json(sections: Sequence[Section]) -> str:
    """Both versions of every plot as JSON in which no name can end the script element it stands in."""
    figures = {item.anchor: {"light": item.light, "dark": item.dark} for section in sections for item in section.plots}
    text = json.dumps(figures, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
