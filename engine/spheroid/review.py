"""The record of a screen's review: decisions are added to it, never changed, and every score follows from it."""

import time
from collections.abc import Sequence

import pandas as pd

from engine.errors import InputError
from engine.spheroid.exclusions import kind_of
from engine.spheroid.rescore import bring_in_line, stale_modalities, unscored_changes
from engine.spheroid.review_hash import state_hash as state_hash
from engine.spheroid.review_head import note_head
from engine.spheroid.review_records import (
    appended,
    clean_name,
    clean_reason,
    effective,
    exist,
    read_state,
    restores,
    signed_words,
    state_of,
    write_entries,
    writing,
)  # fmt: skip
from engine.spheroid.review_types import ACTIONS, KINDS, READOUTS, Decided, Decision, Entry, ReviewState
from engine.spheroid.settings import MODALITIES
from engine.spheroid.sign_off import reopen as reopen
from engine.spheroid.sign_off import running_jobs as running_jobs
from engine.spheroid.sign_off import sign_off as sign_off
from engine.store.database import Database
from engine.store.reads import Reads, Within

DECIDED = ("exclude", "restore", "comment")  # signing off and reopening have functions of their own
WELLS = 'SELECT plate, "row", "column", well_type, treatment, replicate FROM well WHERE screen = ?'


def state(db: Reads, screen: str) -> ReviewState:
    """The record of a screen and what it comes to. Raises InputError naming the screens there are."""
    return read_state(db, screen)


def decide(db: Database, screen: str, reviewer: str, decisions: Sequence[Decision], seen: int) -> Decided:
    """Record decisions, all or none, and score anew what they change, in one transaction.

    seen: number of the newest entry that the reviewer knew. What others recorded since stays and comes back.
    Raises InputError for a screen that is signed off, a missing name or reason, a target that the screen lacks, what is
    left out already or not left out at all.
    """
    name = clean_name(reviewer)
    if not decisions:
        raise InputError("There is no decision to record: choose what to exclude or restore, or write a comment.")
    began = time.perf_counter()
    with writing(db) as connection:
        inside = Within(connection)
        before = _writable(inside, screen, "changed")
        wells = inside.query(WELLS, [screen])
        there = exist(wells, [decision.target for decision in decisions])
        entries = list(before.entries)
        for decision, known in zip(decisions, there, strict=True):
            entries.append(_entry(screen, entries, name, decision, known, seen))
        new = tuple(entries[len(before.entries) :])
        write_entries(connection, screen, new, before.entries[-1].hash if before.entries else "")
        record = state_of(screen, entries, wells, before.broken)
        done = bring_in_line(connection, record, _concerned(inside, screen, decisions))
    note_head(db, screen, entries)
    others = tuple(entry for entry in before.entries if entry.entry > seen)
    return Decided(new, done.changes, others, time.perf_counter() - began, done.notes)


def changes(db: Reads, screen: str, modality: str) -> pd.DataFrame:
    """Scores without any exclusion beside the stored ones, where they differ; columns as Decided.changes."""
    return unscored_changes(db, read_state(db, screen), modality)


def stale(db: Reads, screen: str) -> tuple[str, ...]:
    """Scored modalities whose scores leave out other wells than the record says, or are older than their network."""
    return stale_modalities(db, read_state(db, screen))


def rescore(db: Database, screen: str) -> Decided:
    """Bring stale scores in line with the record; `entries` of what comes back is empty.

    Raises InputError for a screen that is signed off.
    """
    began = time.perf_counter()
    with writing(db) as connection:
        inside = Within(connection)
        record = _writable(inside, screen, "scored again")
        done = bring_in_line(connection, record, stale_modalities(inside, record))
    return Decided((), done.changes, (), time.perf_counter() - began, done.notes)


def _writable(db: Reads, screen: str, what: str) -> ReviewState:
    """The record of a screen that is not signed off. what: see `signed_words`."""
    record = read_state(db, screen)
    if record.signed is not None:
        raise InputError(signed_words(screen, record.signed.reviewer, record.signed.at, what))
    return record


def _entry(screen: str, entries: Sequence[Entry], reviewer: str, decision: Decision, known: bool, seen: int) -> Entry:
    """The entry that a decision becomes, or why it cannot be taken. known: whether the screen holds its target."""
    target, name, action = decision.target, decision.target.name or screen, decision.action
    if action not in DECIDED:
        raise InputError(f"Unknown decision {action!r}: choose from {', '.join(DECIDED)}.")
    if decision.readout not in READOUTS:
        raise InputError(f"Unknown readout {decision.readout!r}. Choose from {', '.join(READOUTS)}.")
    if target.kind not in KINDS and (target.kind or action != "comment"):
        raise InputError(f"Say what is {ACTIONS[action]}: {', '.join(KINDS.values())}.")
    what = "a comment" if action == "comment" else f"that {name} is {'left out' if action == 'exclude' else 'restored'}"
    reason = clean_reason(decision.reason, what)
    if action == "restore":
        _refuse_restoring(entries, decision, name, seen)
    elif not known:
        raise InputError(f"{screen} has no {target.kind} {name}: nothing was recorded.")
    if action == "exclude":
        for entry in effective(entries):
            if entry.target == target and entry.readout in ("all", decision.readout):
                raise InputError(f"{name} is left out already{_whose(entry, seen)}: nothing was recorded.")
    return appended(screen, entries, reviewer, action, target, reason, decision.readout)


def _refuse_restoring(entries: Sequence[Entry], decision: Decision, name: str, seen: int) -> None:
    standing = effective(entries)
    if any(restores(decision.target, decision.readout, entry) for entry in standing):
        return
    wider = [entry for entry in standing if entry.target == decision.target]
    if wider:
        kinds = ", ".join(READOUTS[entry.readout] for entry in wider)
        raise InputError(
            f"{name} is left out of {kinds}: restore it for {kinds}, then leave it out of what shall stay without it."
        )
    by = [e for e in entries if e.action == "restore" and e.target == decision.target and e.entry > seen]
    told = f", {by[-1].reviewer} has restored it (entry {by[-1].entry})" if by else ""
    raise InputError(f"{name} is not left out{told}: nothing was recorded.")


def _whose(entry: Entry, seen: int) -> str:
    since = " since this view was drawn" if entry.entry > seen else ""
    which = "" if entry.readout == "all" else f", of {READOUTS[entry.readout]}"
    return f"{which} by {entry.reviewer}{since} (entry {entry.entry}: {entry.reason.rstrip('.')})"


def _concerned(db: Reads, screen: str, decisions: Sequence[Decision]) -> list[str]:
    """Modalities with readouts that decisions may change."""
    kinds = {decision.readout for decision in decisions if decision.action != "comment"}
    there = set(db.query("SELECT DISTINCT modality FROM readout WHERE screen = ?", [screen])["modality"])
    return [name for name in MODALITIES if name in there and ("all" in kinds or kind_of(name) in kinds)]
