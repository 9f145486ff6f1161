"""The commands about libraries of molecules: what `import library` submits, and `screen-library`."""

from argparse import Namespace

from engine.cli.output import Answer
from engine.jobs import queue
from engine.store.database import Database


def submit(given: Namespace, db: Database) -> str:
    """Submits `import library FILE` with its options; returns the job's id."""
    from engine.chem.library import LibrarySettings
    from engine.response.library_import import submit_library_import

    settings = LibrarySettings(
        given.min_weight, given.max_weight, given.largest_fragment, approved_only=not given.any_phase
    )
    return submit_library_import(
        db,
        given.file,
        given.name or "",
        settings,
        about=given.about,
        origin=given.origin,
        licence=given.licence,
        replace=given.replace,
    )


def run_screen_library(given: Namespace) -> Answer:
    """Submit a screen; with --wait say what it did."""
    from engine.cli.commands import finish, open_store, submitted
    from engine.response.screening import submit_screening

    db = open_store()
    job_id = submit_screening(db, given.library, given.run_id)
    if not given.wait:
        return submitted(job_id)
    finish(job_id, db)
    told = queue.read_result(job_id)
    outside = "" if told["outside"] is None else f", {told['outside']:,} of them unlike the drugs the run has seen"
    lines = [
        f"{told['library']}: {told['molecules']:,} molecules{outside}, for {told['lines']:,} lines"
        + (", simulated data" if told["simulated"] else ""),
        f"Run {told['run_id']}, {', '.join(told['networks'])}",
        f"{told['seconds']:,.0f} s, {told['predictions_per_s_per_network']:,} predictions per second and network, "
        f"{told['peak_memory_mib']:,.0f} MiB",
        *(f"note: {note}" for note in told["notes"]),
    ]
    return Answer({"job": job_id, "state": "collected", "screen": job_id, **told}, "\n".join(lines))
