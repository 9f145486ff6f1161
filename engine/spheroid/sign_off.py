"""Signing a screen off, and reopening it: when nothing is open any more, with the hash of all that was looked at."""

from engine.errors import InputError, JobError
from engine.jobs.spec import JobStatus, read_spec
from engine.jobs.status import folders, read_status
from engine.spheroid import quality_limits as limits
from engine.spheroid.judged import stored
from engine.spheroid.open_intervals import open_intervals
from engine.spheroid.record_check import check_record
from engine.spheroid.rescore import stale_modalities
from engine.spheroid.review_hash import state_hash
from engine.spheroid.review_head import note_head
from engine.spheroid.review_records import (
    appended,
    clean_name,
    clean_reason,
    read_state,
    screens_of,
    signed_words,
    write_entries,
    writing,
)
from engine.spheroid.review_types import DifferingError, Entry, ReviewState, Target, UnresolvedError
from engine.spheroid.scoring_records import scored_modalities
from engine.spheroid.settings import MODALITIES
from engine.store.database import Database
from engine.store.reads import Reads, Within

JUDGED_BY = "z_prime"


def sign_off(
    db: Database, screen: str, reviewer: str, comment: str, seen: int, acknowledged: bool = False,
    differing: bool = False,
) -> Entry:  # fmt: skip
    """Record that somebody stands for a screen as it is; from then on it is read-only.

    Scores are computed again first (intervals are not drawn), while others go on reading and writing.
    seen: number of the newest entry that the reviewer knew. acknowledged: the questions were answered with yes.
    differing: so was the one about scores that do not follow from the record.
    Raises InputError where the view is older than the record, a job still works on the screen, nothing is scored,
    scores are older than the record or the screen changed meanwhile; UnresolvedError with questions where a failed
    plate was not left out; DifferingError where scores are not those that follow.
    """
    name = clean_name(reviewer)
    text = clean_reason(comment, "a sign-off") if comment.strip() else ""
    _refuse_open(db, screen, seen, acknowledged)
    looked_at = None if differing else check_record(db, screen, intervals=False)
    if looked_at is not None and looked_at.doubt:
        raise DifferingError((looked_at.doubt,))
    with writing(db) as connection:
        inside = Within(connection)
        record = _refuse_open(inside, screen, seen, acknowledged)
        sealed = state_hash(inside, screen)
        if looked_at is not None and sealed != looked_at.state_hash:
            raise InputError(f"{screen} changed while its scores were computed again: look at it, then sign off.")
        entry = appended(screen, record.entries, name, "sign_off", Target(), text, state_hash=sealed)
        write_entries(connection, screen, [entry], record.entries[-1].hash if record.entries else "")
    note_head(db, screen, [*record.entries, entry])
    return entry


def reopen(db: Database, screen: str, reviewer: str, reason: str, seen: int) -> Entry:
    """Make a signed-off screen writable again. Raises InputError where it is not signed off, or without a reason."""
    name, text = clean_name(reviewer), clean_reason(reason, "reopening")
    with writing(db) as connection:
        record = read_state(Within(connection), screen)
        if record.signed is None:
            by = [entry for entry in record.entries if entry.action == "reopen" and entry.entry > seen]
            told = f": {by[-1].reviewer} has reopened it (entry {by[-1].entry})" if by else ""
            raise InputError(f"{screen} is not signed off{told}. Nothing was recorded.")
        _refuse_stale_view(record, seen)
        entry = appended(screen, record.entries, name, "reopen", Target(), text)
        write_entries(connection, screen, [entry], record.entries[-1].hash)
    note_head(db, screen, [*record.entries, entry])
    return entry


def open_questions(db: Reads, record: ReviewState) -> tuple[str, ...]:
    """What a sign-off would leave open, each as a question: failed plates that still count, an altered record,
    intervals that no job has drawn."""
    found = []
    if record.broken:
        found.append(f"{record.broken} Sign off all the same?")
    verdicts = stored(db, record.screen)
    failed = verdicts[
        (verdicts["verdict"] == "bad")
        & (verdicts["plate"] != "")
        & verdicts["measure"].str.startswith(JUDGED_BY)
        & verdicts["modality"].isin(scored_modalities(db, record.screen))
    ]
    for modality, rows in failed.drop_duplicates(["plate", "modality"]).groupby("modality", sort=False):
        by, worth = MODALITIES[str(modality)], [f"Z' of {limits.number(value)}" for value in rows["value"]]
        if len(rows) == 1:
            found.append(
                f"Plate {rows['plate'].iloc[0]} failed by {by} ({worth[0]}) and still counts: sign off with it?"
            )
        else:
            told = [f"{plate} ({z})" for plate, z in zip(rows["plate"], worth, strict=True)]
            found.append(f"Plates {limits.anded(told)} failed by {by} and still count: sign off with them?")
    for modality, drugs, _ in open_intervals(db, record.screen):
        whose = "1 drug" if drugs == 1 else f"{drugs} drugs"
        found.append(f"Intervals of {whose} by {MODALITIES[modality]} were not drawn: sign off without them?")
    return tuple(found)


def running_jobs(screen: str) -> list[JobStatus]:
    """Jobs about a screen that wait, work, or are on their way into the store; newest first."""
    found = []
    for folder in folders():
        if any((folder / name).exists() for name in ("collected.json", "error.json", "collect_error.json")):
            continue
        try:
            about = screen in screens_of(read_spec(folder))
        except JobError:
            continue
        if about and (status := read_status(folder)).state in ("waiting", "running", "finished"):
            found.append(status)
    return sorted(found, key=lambda job: (job.created_at, job.id), reverse=True)


def _refuse_open(db: Reads, screen: str, seen: int, acknowledged: bool) -> ReviewState:
    """The record of a screen that may be signed off. Raises as `sign_off` does."""
    record = read_state(db, screen)
    if record.signed is not None:
        raise InputError(signed_words(screen, record.signed.reviewer, record.signed.at, "signed off again"))
    _refuse_stale_view(record, seen)
    _refuse_unfinished(db, record)
    questions = open_questions(db, record)
    if questions and not acknowledged:
        raise UnresolvedError(questions)
    return record


def _refuse_stale_view(record: ReviewState, seen: int) -> None:
    new = [entry for entry in record.entries if entry.entry > seen]
    if new:
        raise InputError(
            f"{', '.join(sorted({entry.reviewer for entry in new}))} recorded "
            f"{'a decision' if len(new) == 1 else f'{len(new)} decisions'} since this view was drawn: look at the "
            "decisions, then do it again."
        )


def _refuse_unfinished(db: Reads, record: ReviewState) -> None:
    screen = record.screen
    if jobs := running_jobs(screen):
        raise InputError(
            f"{jobs[0].title} is still under way ({jobs[0].id}): wait until it has ended, or cancel it, then sign off."
        )
    if not scored_modalities(db, screen):
        raise InputError(f"{screen} is not scored yet: score it, look at it, then sign off.")
    if stale := stale_modalities(db, record):
        names = ", ".join(MODALITIES[name] for name in stale)
        raise InputError(
            f"The scores of {screen} by {names} do not match the decisions or their network any more: score again, "
            "then sign off."
        )
