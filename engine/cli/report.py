"""`report`: one run as one HTML file."""

from argparse import Namespace

from engine.cli.output import Answer


def run_report(given: Namespace) -> Answer:
    """Write the report of a run."""
    from engine.cli.commands import open_store
    from engine.report.write import write_report

    file = write_report(open_store(), given.run_id, given.out)
    size = file.stat().st_size
    text = f"{file} ({size / 2**20:.1f} MiB): opens in a browser, needs no server and no network"
    return Answer({"run": given.run_id, "file": str(file), "bytes": size}, text)
