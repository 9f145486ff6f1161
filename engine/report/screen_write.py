"""The files of a screen's report: which there are, what they are called, and how each is written."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import InputError
from engine.report.screen import ScreenReport, gather
from engine.report.screen_words import signed
from engine.report.static import Progress
from engine.report.write import whole
from engine.spheroid import review
from engine.spheroid.bundle import write_bundle
from engine.store.database import Database
from engine.store.reads import Reads

FORMATS = {
    "html": "text/html",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
NEEDS_BROWSER = ("pdf", "pptx")
READ = 0.15  # part of the time that reading the store takes, as far as progress tells


def screen_file(db: Database, screen: str, form: str, progress: Progress | None = None) -> tuple[bytes, str]:
    """A report of a screen and what the file is called. form: of FORMATS.

    progress: told the part done, 0 to 1, and a sentence. Raises InputError for a form or screen that is not there, a
    screen without readouts, or, of PDF and PPTX, without Chromium; EngineError where Chromium stops.
    """
    if form not in FORMATS:
        raise InputError(f"There is no report as {form!r}: choose {', '.join(FORMATS)}.")
    tell = progress or (lambda part, sentence: None)
    if form in NEEDS_BROWSER:
        from engine.report.static import refuse_without_browser

        refuse_without_browser()
    tell(0.0, "reading the screen")
    report = gather(db, screen)
    tell(READ, "writing the report")
    return written(report, form, lambda part, sentence: tell(READ + (1 - READ) * part, sentence)), file_name(
        report, form
    )


def written(report: ScreenReport, form: str, progress: Progress | None = None) -> bytes:
    """The file of gathered material. form: of FORMATS. Raises as `screen_file` does."""
    if form == "html":
        from engine.report.screen_html import screen_html

        return screen_html(report).encode("utf-8")
    if form == "xlsx":
        from engine.report.screen_xlsx import screen_xlsx

        return screen_xlsx(report)
    if form == "pdf":
        from engine.report.screen_pdf import screen_pdf

        return screen_pdf(report, progress)
    from engine.report.screen_slides import screen_pptx

    return screen_pptx(report, progress)


def file_name(report: ScreenReport, form: str) -> str:
    """tumorcast-SIM-NTRK_DS1-signed-off-1a2b3c4d.pdf: the screen, its status and the start of its state's hash."""
    status = "signed-off" if signed(report) else "not-signed-off"
    return f"tumorcast-{file_part(report.screen)}-{status}-{report.state_hash[:8]}.{form}"


def bundle_file(db: Database, screen: str) -> tuple[bytes, str]:
    """The review bundle of a screen (`bundle.write_bundle`) and what the file is called. Raises as that does."""
    record, state_hash = review.state(db, screen), review.state_hash(db, screen)
    status = "signed-off" if record.status == "signed_off" else "not-signed-off"
    name = f"tumorcast-{file_part(screen)}-{status}-{state_hash[:8]}-review.zip"
    with TemporaryDirectory() as folder:
        return write_bundle(db, screen, Path(folder) / name).read_bytes(), name


def kept(db: Reads, screen: str) -> tuple:
    """What changes in a report while the screen's seal stays: intervals of scores and verdicts, by their jobs."""
    found = db.query(
        """SELECT (SELECT (count(*), count(dss_lower), max(job_id))::VARCHAR FROM score WHERE screen = $1) AS scores,
                  (SELECT (count(*), count(value), max(job_id))::VARCHAR FROM quality WHERE screen = $1) AS verdicts""",
        [screen],
    )
    return tuple(found.iloc[0])


def file_part(name: str) -> str:
    """A name as part of a file's: letters, digits, '.', '_' and '-'."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "screen"


def write_screen_report(db: Database, screen: str, form: str, out: Path, progress: Progress | None = None) -> Path:
    """Write a report to `out`, whole or not at all; returns the file. Raises as `screen_file` does, and InputError

    where the file cannot be written.
    """
    return whole(out, screen_file(db, screen, form, progress)[0])
