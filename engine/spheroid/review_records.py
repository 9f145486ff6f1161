"""SQL of the record of decisions: rows are added, each with the hash of the one before, and read as `ReviewState`."""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from engine.errors import InputError
from engine.jobs.spec import JobSpec
from engine.spheroid.review_head import cut_off
from engine.spheroid.review_types import READOUTS, Entry, ReviewState, Target
from engine.store.database import Database
from engine.store.reads import Reads

SIGNING = ("sign_off", "reopen")
_turns: dict[Path, threading.Lock] = {}
_guard = threading.Lock()
LONGEST = {"name": 200, "reason": 4000}  # signs
WELLS = 'SELECT plate, "row", "column", well_type, treatment, replicate FROM well WHERE screen = ?'


def read_state(db: Reads, screen: str) -> ReviewState:
    """See `review.state`."""
    known = db.query("SELECT screen FROM screen ORDER BY screen")["screen"].tolist()
    if screen not in known:
        raise InputError(f"There is no screen {screen!r}; the store holds: {', '.join(known) or 'none'}.")
    entries, broken = entries_of(db, screen)
    broken = broken or cut_off(db, screen, entries)
    return state_of(screen, entries, db.query(WELLS, [screen]) if entries else pd.DataFrame(), broken)


def entries_of(db: Reads, screen: str) -> tuple[tuple[Entry, ...], str]:
    """Every entry, oldest first, and what is wrong with their chain of hashes ('' where it holds)."""
    rows = db.query("SELECT * FROM review WHERE screen = ? ORDER BY entry", [screen])
    entries = tuple(_entry(row) for row in rows.to_dict("records"))
    return entries, broken_chain(screen, entries, list(rows["previous"]))


def broken_chain(screen: str, entries: Sequence[Entry], previous: Sequence[str]) -> str:
    """The first entry that does not follow from the one before, as a sentence; '' where all do."""
    before = ""
    for number, (entry, told) in enumerate(zip(entries, previous, strict=True), 1):
        if entry.entry != number:
            return f"Entry {number} of the record of {screen} is missing: the store was changed by hand."
        if told != before or entry.hash != hash_of(screen, entry, before):
            return f"Entry {number} of the record of {screen} does not fit its hash: the store was changed by hand."
        before = entry.hash
    return ""


def state_of(screen: str, entries: Sequence[Entry], wells: pd.DataFrame, broken: str = "") -> ReviewState:
    """What entries come to on a layout. wells: plate, row, column, well_type, treatment, replicate."""
    standing = effective(entries)
    there = exist(wells, [entry.target for entry in standing])
    orphans = tuple(
        f"{_named(entry.target)}, left out by {entry.reviewer} (entry {entry.entry}), is not in {screen} any more: "
        "that decision changes nothing."
        for entry, found in zip(standing, there, strict=True)
        if not found
    )
    signing = [entry for entry in entries if entry.action in SIGNING]
    signed = signing[-1] if signing and signing[-1].action == "sign_off" else None
    return ReviewState(
        screen,
        tuple(entries),
        tuple(entry for entry, found in zip(standing, there, strict=True) if found),
        "signed_off" if signed else "in_review" if entries else "open",
        signed,
        orphans,
        entries[-1].entry if entries else 0,
        broken,
    )


def effective(entries: Iterable[Entry]) -> list[Entry]:
    """The exclusions that nobody has taken back, oldest first, whether or not their target exists."""
    standing: list[Entry] = []
    for entry in entries:
        if entry.action == "exclude":
            standing.append(entry)
        elif entry.action == "restore":
            standing = [one for one in standing if not restores(entry.target, entry.readout, one)]
    return standing


def restores(target: Target, readout: str, entry: Entry) -> bool:
    """Whether bringing back a target for a kind of readout takes back an exclusion: that one, or by 'all' every one."""
    return entry.target == target and readout in ("all", entry.readout)


def exist(wells: pd.DataFrame, targets: Sequence[Target]) -> list[bool]:
    """Whether a layout holds each target; the whole screen always is."""
    if not targets or wells.empty:
        return [not target.kind for target in targets]
    drugs = wells[wells["well_type"] == "therapy"]
    places = {(str(p), str(r), int(c)) for p, r, c in wells[["plate", "row", "column"]].itertuples(index=False)}
    plates = set(wells["plate"])
    pairs = {(str(drug), int(n)) for drug, n in drugs[["treatment", "replicate"]].itertuples(index=False) if drug}
    named, numbers = {drug for drug, _ in pairs}, {number for _, number in pairs}

    def one(target: Target) -> bool:
        if target.kind == "well":
            return (target.plate, target.row, target.column) in places
        if target.kind == "replicate":
            return (target.drug, target.replicate) in pairs if target.drug else target.replicate in numbers
        return {"plate": target.plate in plates, "drug": target.drug in named}.get(target.kind, not target.kind)

    return [one(target) for target in targets]


def hash_of(screen: str, entry: Entry, previous: str) -> str:
    """SHA-256 of everything an entry says, and of the hash before it."""
    said = asdict(replace(entry, hash=""))
    at = entry.at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return sha256(canonical({**said, "at": at, "screen": screen, "previous": previous})).hexdigest()


def canonical(content: Any) -> bytes:
    """JSON that is the same bytes for the same content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def appended(
    screen: str,
    entries: Sequence[Entry],
    reviewer: str,
    action: str,
    target: Target,
    reason: str,
    readout: str = "all",
    state_hash: str = "",
    now: datetime | None = None,
) -> Entry:
    """The entry that would follow on those of a record. now: UTC; the clock's if not told."""
    number, previous = (entries[-1].entry + 1, entries[-1].hash) if entries else (1, "")
    entry = Entry(number, now or datetime.now(UTC), reviewer, action, target, readout, reason, state_hash, "")
    return replace(entry, hash=hash_of(screen, entry, previous))


@contextmanager
def writing(db: Database) -> Iterator[duckdb.DuckDBPyConnection]:
    """`db.write()`, one after the other: two objects of one process would write at once, and DuckDB refuse one."""
    with _guard:
        turn = _turns.setdefault(db.path.resolve(), threading.Lock())
    with turn, db.write() as connection:
        yield connection


def write_entries(connection: duckdb.DuckDBPyConnection, screen: str, entries: Sequence[Entry], previous: str) -> None:
    """Add entries that follow on `previous`, the hash of the newest one there ('' for none)."""
    for entry in entries:
        target = entry.target
        connection.execute(
            "INSERT INTO review VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                screen, entry.entry, entry.at.replace(tzinfo=None), entry.reviewer, entry.action, target.kind,
                target.plate or None, target.row or None, target.column or None, target.drug or None,
                target.replicate or None, entry.readout, entry.reason, entry.state_hash, previous, entry.hash,
            ],
        )  # fmt: skip
        previous = entry.hash


def refuse_signed_off(db: Reads, screen: str, what: str) -> None:
    """Raises InputError where a screen is signed off. what: what was wanted, such as 'scored again'."""
    found = db.query(
        """SELECT reviewer, decided_at, action FROM review WHERE screen = ? AND action IN ('sign_off', 'reopen')
           ORDER BY entry DESC LIMIT 1""",
        [screen],
    )
    if len(found) and found["action"].iloc[0] == "sign_off":
        raise InputError(signed_words(screen, found["reviewer"].iloc[0], found["decided_at"].iloc[0], what))


def screens_of(spec: JobSpec) -> tuple[str, ...]:
    """The screens that a job's parameters say it is about."""
    settings = spec.params.get("settings")
    named = (spec.params.get("screen"), settings.get("screen") if isinstance(settings, dict) else None)
    return tuple(dict.fromkeys(str(name) for name in named if name))


def signed_words(screen: str, reviewer: str, at: datetime, what: str) -> str:
    """The sentence that refuses to change a screen that is signed off."""
    return (
        f"{screen} was signed off by {reviewer} on {at:%Y-%m-%d %H:%M} (UTC) and cannot be {what}: reopen it with a "
        "reason first (Screen review, Decisions)."
    )


def clean_name(reviewer: str) -> str:
    """A reviewer's name on one line. Raises InputError for none, or one that is too long."""
    name = " ".join("".join(sign if sign.isprintable() else " " for sign in reviewer).split())
    if not name:
        raise InputError("Say who decides: the record needs a name.")
    if len(name) > LONGEST["name"]:
        raise InputError(f"The name has {len(name)} letters: at most {LONGEST['name']} are kept.")
    return name


def clean_reason(reason: str, what: str) -> str:
    """A reason as it is kept. Raises InputError for none, or one that is too long."""
    text = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in reason).strip()
    if not text:
        raise InputError(f"Say why: {what} needs a reason.")
    if len(text) > LONGEST["reason"]:
        raise InputError(f"The text has {len(text):,} letters: at most {LONGEST['reason']:,} are kept.")
    return text


def as_document(entry: Entry) -> dict[str, Any]:
    """An entry as JSON takes it."""
    return {**asdict(entry), "at": entry.at.isoformat(timespec="microseconds")}


def from_document(told: dict[str, Any]) -> Entry:
    """An entry from `as_document`. Raises KeyError, TypeError or ValueError for anything else."""
    target = Target(**told["target"])
    entry = Entry(**{**told, "at": datetime.fromisoformat(told["at"]), "target": target})
    if not isinstance(entry.entry, int) or entry.readout not in READOUTS:
        raise ValueError(f"entry {entry.entry!r} of readout {entry.readout!r}")
    return entry


def _entry(row: dict[Any, Any]) -> Entry:
    plate, place, drug = ("" if pd.isna(row[name]) else str(row[name]) for name in ("plate", "row", "drug"))
    column, replicate = (0 if pd.isna(row[name]) else int(row[name]) for name in ("column", "replicate"))
    return Entry(
        int(row["entry"]), row["decided_at"].to_pydatetime().replace(tzinfo=UTC), row["reviewer"], row["action"],
        Target(row["target"], plate, place, column, drug, replicate), row["readout"], row["reason"],
        row["state_hash"], row["hash"],
    )  # fmt: skip


def _named(target: Target) -> str:
    return {"drug": "The drug ", "plate": "The plate "}.get(target.kind, "") + (target.name or "The screen")
