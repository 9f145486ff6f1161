"""The command that imports a library of molecules."""

from argparse import Namespace

from engine.store.database import Database


def submit(given: Namespace, db: Database) -> str:
    """Submits `import library FILE` with its options; returns the job's id."""
    from engine.chem.library import LibrarySettings
    from engine.response.library_import import submit_library_import

    settings = LibrarySettings(given.min_weight, given.max_weight, given.largest_fragment)
    return submit_library_import(
        db, given.file, given.name or "", settings, about=given.about, origin=given.origin, licence=given.licence
    )
