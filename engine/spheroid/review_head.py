"""The newest entry of every record, noted in a file beside the store.

The chain of hashes shows what was changed or taken out within a record; what is cut off at its end, or a chain that was
computed anew, only shows where somebody else remembers how it ended. Whoever may write both can still forge both.
"""

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from engine.errors import JobError, StoreBusyError
from engine.jobs.files import read_json, write_json
from engine.spheroid.review_types import Entry
from engine.store.reads import Reads

FOLDER = "review_heads"


def note_head(db: Reads, screen: str, entries: Sequence[Entry]) -> None:
    """Remember how a record ends, after it was written. What contradicts the note stays noted: see `cut_off`."""
    with suppress(OSError, StoreBusyError):  # the decision is recorded; only its witness is missing
        file = _file(db, screen)
        if file is None or not entries or cut_off(db, screen, entries):
            return
        file.parent.mkdir(exist_ok=True)
        write_json(file, {"screen": screen, "entry": entries[-1].entry, "hash": entries[-1].hash})


def cut_off(db: Reads, screen: str, entries: Sequence[Entry]) -> str:
    """What is wrong with the end of a record, as a sentence; '' where it is as noted, or nothing is noted."""
    file = _file(db, screen)
    try:
        noted = read_json(file) if file is not None else None
    except (JobError, OSError):
        return ""  # a damaged note witnesses nothing
    number = noted.get("entry") if noted else None
    if noted is None or not isinstance(number, int):
        return ""
    known = {entry.entry: entry.hash for entry in entries}
    if known.get(number) == noted.get("hash"):
        return ""
    what = "is another than was recorded" if number in known else "is missing"
    return (
        f"Entry {number} of the record of {screen} {what}: the store was changed by hand, or is an older copy. If it "
        f"was put back on purpose, delete {FOLDER}/{file.name if file else ''} beside it."
    )


def _file(db: Reads, screen: str) -> Path | None:
    """Where the end of a screen's record is noted; None for a store without a file."""
    found = db.query("SELECT path FROM duckdb_databases() WHERE database_name = current_database()")["path"]
    if found.empty or not isinstance(found.iloc[0], str):
        return None
    return Path(found.iloc[0]).with_name(FOLDER) / f"{sha256(screen.encode()).hexdigest()[:32]}.json"
