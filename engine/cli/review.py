"""The commands about the review of a screen: its record, its bundle, and a bundle computed again."""

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.cli.output import Answer, bar, printable, table
from engine.store.database import Database

if TYPE_CHECKING:
    from engine.spheroid.record_check import Checked

CHANGED = 1  # exit status where scores are not what follows from their record or bundle


def run_review(given: Namespace) -> Answer:
    """Every decision on a screen with its reason, and what they come to; with `check`, whether its scores follow."""
    from engine.cli.commands import open_store
    from engine.spheroid import review
    from engine.spheroid.review_records import as_document
    from engine.spheroid.review_types import ACTIONS, READOUTS, STATUSES

    db = open_store()
    found = review.state(db, given.screen)
    stale = review.stale(db, given.screen)
    document = {
        "screen": given.screen, "status": found.status, "last": found.last,
        "entries": [as_document(entry) | {"name": entry.target.name} for entry in found.entries],
        "excluded": [entry.entry for entry in found.excluded],
        "sign_off": as_document(found.signed) if found.signed else None,
        "stale": list(stale), "orphans": list(found.orphans), "broken": found.broken,
    }  # fmt: skip
    rows = [
        {
            "entry": entry.entry, "at": f"{entry.at:%Y-%m-%d %H:%M}", "who": printable(entry.reviewer),
            "what": f"{ACTIONS[entry.action]} {printable(entry.target.name)}".strip(),
            "readouts": READOUTS[entry.readout], "reason": printable(entry.reason),
        }
        for entry in found.entries
    ]  # fmt: skip
    checked = _check(db, given.screen) if given.check else None
    lines = [f"{given.screen}: {STATUSES[found.status]}, {len(found.excluded)} left out now"]
    lines.append(table(rows, "No decisions yet."))
    lines += [found.broken] if found.broken else []
    lines += [printable(sentence) for sentence in found.orphans]
    if stale:
        lines.append(f"Scores by {', '.join(stale)} do not match the record: score them again.")
    if checked is None:
        return Answer(document, "\n".join(lines))
    lines = [line for line in lines if line != checked.chain] + _words(checked)
    return Answer(document | {"check": checked.document()}, "\n".join(lines), 0 if checked.same else CHANGED)


def _check(db: Database, screen: str) -> "Checked":
    from engine.spheroid.record_check import check_record

    with bar(f"Scores of {screen}") as show:
        return check_record(db, screen, progress=lambda part: show(part, "computed again"))


def _words(found: "Checked") -> list[str]:
    """What a check has found, a sentence a line."""
    wrong = [f"wrong: {told}" for told in found.wrong if told not in (found.chain, found.seal)]
    said = [found.told, found.chain, found.seal, *wrong, *found.causes, found.advice]
    lines = [printable(told) for told in said if told]
    if found.differences:
        lines.append(table([asdict(one) for one in found.differences], ""))
    if found.open:
        lines.append(f"{found.open:,} intervals were left to a later scoring and not compared.")
    return [*lines, *(f"note: {printable(note)}" for note in found.notes)]


def run_bundle(given: Namespace) -> Answer:
    """Write a screen's review as one file that others can compute again."""
    from engine.cli.commands import open_store
    from engine.jobs.files import hash_file
    from engine.spheroid.bundle import write_bundle

    path = write_bundle(open_store(), given.screen, given.out)
    sha256, size = hash_file(path)
    document = {"file": str(path), "screen": given.screen, "sha256": sha256, "bytes": size}
    return Answer(document, f"{path}: review of {given.screen}, {size / 1000:,.0f} kB, SHA-256 {sha256}")


def run_rescore(given: Namespace) -> Answer:
    """Compute every score of a bundle again and compare to the last digit; status 1 where anything differs."""
    from engine.spheroid.rescore_bundle import rescore_bundle

    found = rescore_bundle(given.bundle)
    document = {
        "same": found.same, "screen": found.screen, "modalities": list(found.modalities), "scores": found.scores,
        "numbers": found.numbers, "n_differences": found.n_differences,
        "differences": [asdict(one) for one in found.differences], "wrong": list(found.wrong),
        "intervals_not_compared": found.open, "notes": list(found.notes),
        "state_hash": found.manifest.get("state_hash"), "status": found.manifest.get("status"),
    }  # fmt: skip
    what = f"{found.scores:,} scores, {found.numbers:,} numbers"
    said = "the same to the last digit" if not found.n_differences else f"{found.n_differences:,} numbers differ"
    lines = [f"{printable(found.screen)}: {what} computed again, {said}"]
    lines += [f"wrong: {printable(sentence)}" for sentence in found.wrong]
    if found.differences:
        lines.append(table([asdict(one) for one in found.differences], ""))
    if found.open:
        lines.append(f"{found.open:,} intervals were left to a later scoring and not compared.")
    lines += [f"note: {printable(note)}" for note in found.notes]
    return Answer(document, "\n".join(lines), 0 if found.same else CHANGED)
