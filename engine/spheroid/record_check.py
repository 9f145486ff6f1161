"""Whether what the store holds of a screen still follows from its record: every score computed again, nothing written.

A sign-off seals data, networks, settings and decisions, but not the scores: what somebody changed there by hand shows
only here, or where a bundle is computed again.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import InputError, JobError
from engine.jobs.queue import job_folder
from engine.jobs.spec import JobSpec, read_spec
from engine.settings import REPOSITORY, home
from engine.spheroid.bundle import held_of
from engine.spheroid.landing import data_hash
from engine.spheroid.recompute import (
    Difference,
    Held,
    Recomputed,
    other_than_signed,
    other_versions,
    recomputed,
    state_hash_of,
)
from engine.spheroid.review_hash import GONE
from engine.spheroid.scoring_records import retrained, scoring_of
from engine.spheroid.settings import MODALITIES
from engine.store.database import Database

SHOWN, NAMED = 10, 3  # scores, in a table and in a sentence
MAIN = "dss_asym"  # of what differs of a score, this is told
TINY = 1e-6  # of the larger number: another processor or library rounds last digits otherwise
TRIES = 3
DAMAGED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class Checked:
    """A screen computed again.

    scores, numbers: that were compared. n_scores, n_numbers: of these, how many are not the same. differences: of the
    first SHOWN such scores one number each. largest: difference, as a part of the larger number; None where something
    is missing on one side. wrong: sentences on what must not be; causes: on what may have changed; advice: what to do,
    '' where nothing is. chain, seal: sentences on the record and its signature ('' where nobody signed). open: scores
    whose interval was not compared. notes: sentences that explain. state_hash: as `review_hash.state_hash`.
    """

    screen: str
    modalities: tuple[str, ...]
    scores: int
    numbers: int
    n_scores: int
    n_numbers: int
    differences: tuple[Difference, ...]
    largest: float | None
    wrong: tuple[str, ...]
    causes: tuple[str, ...]
    advice: str
    chain: str
    seal: str
    open: int
    notes: tuple[str, ...]
    state_hash: str

    @property
    def same(self) -> bool:
        """Whether everything follows from the record, to the last digit."""
        return not self.n_numbers and not self.wrong

    @property
    def told(self) -> str:
        """In one sentence, whether the scores follow, or which do not and by how much."""
        by = "; ".join(MODALITIES[name] for name in self.modalities)
        what = f"{_many(self.scores, 'score')} by {by}, {_many(self.numbers, 'number')}, computed again"
        if not self.n_numbers:
            return f"{what}: all are the same to the last digit."
        first = "; ".join(difference_words(one) for one in self.differences[:NAMED])
        more = "" if self.n_scores <= NAMED else f"; and {self.n_scores - NAMED:,} more"
        differ = "differs" if self.n_numbers == 1 else "differ"
        return f"{what}: {_many(self.n_numbers, 'number')} of {_many(self.n_scores, 'score')} {differ}: {first}{more}."

    @property
    def tiny(self) -> bool:
        """Whether nothing differs by more than other processors and libraries round otherwise."""
        return self.largest is not None and self.largest < TINY

    @property
    def doubt(self) -> str:
        """What somebody should know who is to sign this, as a question; '' for nothing."""
        found = [told for told in self.wrong if told not in (self.chain, self.seal)]
        if self.n_numbers and not self.tiny:
            whose = "1 score does" if self.n_scores == 1 else f"{self.n_scores:,} scores do"
            first = "; ".join(difference_words(one) for one in self.differences[:NAMED])
            found.append(f"{whose} not follow from the record: {first}.")
        return " ".join([*found, f"{self.advice} Or sign off with them?"]) if found else ""

    def document(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {**asdict(self), "same": self.same, "told": self.told}


def check_record(
    db: Database, screen: str, *, intervals: bool = True, progress: Callable[[float], None] | None = None
) -> Checked:
    """Compute every score of a screen again from what the store holds, and compare to the last digit.

    intervals: with the intervals of scores, which takes most of the time. progress: is told the part done.
    Raises InputError for an unknown screen, one that is not scored or cannot be computed at all, and where the store
    does not come to rest.
    """
    try:
        held = _at_rest(db, screen)
        found = recomputed(held, intervals=intervals, progress=progress)
    except DAMAGED as error:
        raise InputError(
            f"The scores of {screen} cannot be computed again, as the store does not hold what it should ({error}): "
            "score the screen again."
        ) from error
    made = (scoring_of(db, screen, name) for name in found.modalities)
    damaged = tuple(one.note for one in made if one is not None and one.damaged)
    return _checked(db, held, found._replace(wrong=(*found.wrong, *damaged)))


def check_apart(screen: str) -> dict[str, Any]:
    """`Checked.document` of a screen of this computer's store, by the command line in a process of its own.

    Fitting in a thread of the app would let every page of it wait for its turn. Raises as `check_record` does, and
    InputError where the process ends without an answer.
    """
    done = subprocess.run(
        [sys.executable, "-m", "engine", "review", f"--screen={screen}", "--check", "--json"],
        cwd=REPOSITORY, env={**os.environ, "TUMORCAST_HOME": str(home())}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        last = (done.stderr.strip().splitlines() or ["no word of why"])[-1]
        raise InputError(f"The check of {screen} ended without an answer ({last}): try it again.") from error
    if "error" in told:
        raise InputError(str(told["error"]))
    found: dict[str, Any] = told["check"]
    return found


def difference_words(one: Difference) -> str:
    """Drug 001 by metabolic, pooled: dss_asym is 31.2 and must be 11.9 (19.3 too high)."""
    drug = f"{one.drug} + {one.addon}" if one.addon else one.drug
    each = one.replicate if one.replicate == "pooled" else f"replicate {one.replicate}"
    head = f"{drug} by {MODALITIES.get(one.modality, one.modality)}, {each}"
    if one.column == "row":
        return f"{head}: " + ("is there and must not be" if one.stored else "is missing")
    by = _by(one)
    if by is None:
        return f"{head}: {one.column} is {one.stored or 'missing'} and must be {one.computed or 'missing'}"
    return (
        f"{head}: {one.column} is {float(one.stored):.6g} and must be {float(one.computed):.6g} "
        f"({abs(by):.3g} too {'high' if by > 0 else 'low'})"
    )


def _at_rest(db: Database, screen: str) -> Held:
    """All of a screen from one moment, without keeping anybody from writing."""
    for _ in range(TRIES):
        version = db.version()
        held = held_of(db, screen)
        if db.version() == version:
            return held
    raise InputError(f"The store was written to while {screen} was read: try again in a moment.")


def _checked(db: Database, held: Held, found: Recomputed) -> Checked:
    record, other = held.record, other_than_signed(held)
    by_score: dict[tuple[str, ...], Difference] = {}
    for one in found.differences:
        key = (one.modality, one.drug, one.addon, one.replicate)
        if key not in by_score or one.column == MAIN:
            by_score[key] = one
    parts = [_part(one) for one in found.differences]
    numbers = [part for part in parts if part is not None]
    largest = max(numbers, default=0.0) if len(numbers) == len(parts) else None
    causes, advice = _judged(db, held, found, other, largest is not None and largest < TINY)
    whole = f"The record holds {_many(record.last, 'entry', 'entries')}; their chain is whole."
    seal = f"Data, networks, settings and decisions are what {record.signed.reviewer} signed." if record.signed else ""
    gone = [
        f"The network {model['run_id']} behind {MODALITIES[str(model['modality'])]} is not kept any more: scores "
        "follow from what it read, but it cannot be asked again."
        for model in held.models
        if model["sha256"] == GONE
    ]
    older = [str(told["note"]) for told in held.scoring if told["note"] and told["note"] not in found.wrong]
    return Checked(
        record.screen, found.modalities, found.scores, found.numbers, len(by_score), len(found.differences),
        tuple(by_score.values())[:SHOWN], largest, tuple(one for one in (record.broken, other, *found.wrong) if one),
        causes, advice, record.broken or whole, other or seal, found.open, (*record.orphans, *older, *gone),
        state_hash_of(held),
    )  # fmt: skip


def _judged(db: Database, held: Held, found: Recomputed, other: str, tiny: bool) -> tuple[tuple[str, ...], str]:
    """What is known of where differences come from, and what to do ('' for nothing)."""
    record, signed = held.record, held.record.signed
    differing = {one.modality for one in found.differences}
    specs = {name: _scored_by(db, record.screen, name) for name in found.modalities if name in differing}
    newer = [name for name in retrained(db, record.screen) if name in differing]
    moved = [name for name, spec in specs.items() if name not in newer and _read(spec) not in ("", _data(held, name))]
    causes = [f"The network behind {MODALITIES[name]} was trained again after it was scored." for name in newer]
    causes += [
        f"Layout or readouts by {MODALITIES[name]} are not those that were scored: they were changed since."
        for name in moved
    ]
    others = {other_versions(spec.versions) for spec in specs.values() if spec is not None}
    causes += [f"It was scored with {told}: that may be why." for told in sorted(others) if told]
    old = [MODALITIES[str(told["modality"])] for told in held.scoring if told["note"] and told["modality"] in differing]
    causes += [f"It is not kept how the scores by {name} were made: that may be why." for name in old]
    if tiny and differing:
        causes.append("Nothing differs by a millionth: other processors and libraries round last digits otherwise.")
    elif differing and not causes and signed and not other and not record.broken:
        causes.append("Data, settings and decisions are those that were signed: it is the scores that were changed.")
    who = "Ask who wrote into the store"
    again = "score the screen again" if signed is None else "reopen the screen with a reason and score it again"
    if record.broken:
        advice = f"{who}: entries are only ever added. An older copy of the store, or a bundle, tells what stood there."
    elif moved or (other and not differing):
        advice = f"{who}. Import the screen again, or have its images read again, before you trust its scores."
    elif differing and not (tiny or newer or old or any(others) or found.wrong):
        advice = f"{who}, and {again}: then its scores follow from the record."
    else:
        advice = f"{again.capitalize()}." if differing or found.wrong else ""
    return tuple(causes), advice


def _scored_by(db: Database, screen: str, modality: str) -> JobSpec | None:
    """The scoring job that the scores come from; None where it is not kept."""
    found = db.query("SELECT max(job_id) AS job FROM score WHERE screen = ? AND modality = ?", [screen, modality])
    try:
        return read_spec(job_folder(str(found["job"].iloc[0])))
    except JobError:
        return None


def _read(spec: JobSpec | None) -> str:
    """The hash of what a scoring job read; '' where nobody knows."""
    return str(spec.params.get("data", "")) if spec is not None else ""


def _data(held: Held, modality: str) -> str:
    death = any(told["death_readout"] for told in held.scoring if told["modality"] == modality)
    return data_hash(held.layout, held.readouts[held.readouts["modality"] == modality], death)


def _part(one: Difference) -> float | None:
    """The difference as a part of the larger number; None where a number is missing or it is a text."""
    by = _by(one)
    return None if by is None else abs(by) / (max(abs(float(one.stored)), abs(float(one.computed))) or 1.0)


def _by(one: Difference) -> float | None:
    if one.column == "row":
        return None
    try:
        return float(one.stored) - float(one.computed)
    except ValueError:
        return None


def _many(n: int, one: str, several: str = "") -> str:
    return f"{n:,} {one if n == 1 else several or one + 's'}"
