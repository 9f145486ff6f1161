"""`report`: one run as one HTML file; `report-screen`: a screen with its review as HTML, PDF, XLSX or PPTX."""

from argparse import Namespace

from engine.cli.output import Answer, bar, printable
from engine.errors import InputError

SAYS = {
    "html": "opens in a browser, needs no server and no network",
    "pdf": "A4, for the tumour board",
    "xlsx": "every table in full",
    "pptx": "one figure a slide",
}


def run_report(given: Namespace) -> Answer:
    """Write the report of a run."""
    from engine.cli.commands import open_store
    from engine.report.write import write_report

    file = write_report(open_store(), given.run_id, given.out)
    size = file.stat().st_size
    text = f"{file} ({size / 2**20:.1f} MiB): opens in a browser, needs no server and no network"
    return Answer({"run": given.run_id, "file": str(file), "bytes": size}, text)


def run_report_screen(given: Namespace) -> Answer:
    """Write the report of a screen; the format is that of the file's name where none is given."""
    from engine.cli.commands import open_store
    from engine.report.screen_write import FORMATS, write_screen_report

    form = given.format or given.out.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise InputError(
            f"{given.out.name} does not say which report to write: choose --format {', '.join(FORMATS)}, or call the "
            "file so."
        )
    if not given.out.parent.is_dir():
        raise InputError(f"There is no folder {given.out.parent} to write {given.out.name} into.")
    with bar(f"Report of {printable(given.screen)}") as show:
        file = write_screen_report(open_store(), given.screen, form, given.out, show)
    size = file.stat().st_size
    document = {"screen": given.screen, "format": form, "file": str(file), "bytes": size}
    return Answer(document, f"{file} ({size / 2**20:.1f} MiB): {SAYS[form]}")
