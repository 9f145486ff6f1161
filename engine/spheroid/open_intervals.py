"""Intervals that a decision left open, and the scoring jobs that draw them: with the settings and the references that
the stored scores were made with.
"""

from contextlib import suppress
from typing import NamedTuple

from filelock import FileLock

from engine.errors import JobError
from engine.jobs import queue
from engine.jobs.spec import JobStatus, read_spec
from engine.jobs.status import folders, read_status
from engine.settings import home
from engine.spheroid.curve_bootstrap import MIN_DRAWS
from engine.spheroid.exclusions import fingerprint
from engine.spheroid.landing import TASK
from engine.spheroid.review_records import from_document, read_state
from engine.spheroid.score_job import submit_scoring_beside
from engine.spheroid.scoring import KEY
from engine.spheroid.scoring_records import scored_modalities, scoring_of
from engine.store.reads import Reads

AGAIN = "draws_intervals"  # parameter of the jobs submitted here
ENDED = ("collected.json", "error.json", "collect_error.json")


class OpenIntervals(NamedTuple):
    """drugs, curves: how many scores by a modality wait for their interval; a drug counts once, with all its curves."""

    modality: str
    drugs: int
    curves: int


class Drawing(NamedTuple):
    """A scoring job of a screen that has not ended. up_to_date: it knows every decision on the screen."""

    modality: str
    up_to_date: bool
    ours: bool
    job: JobStatus


def open_intervals(db: Reads, screen: str) -> tuple[OpenIntervals, ...]:
    """Modalities with scores whose intervals were left to a scoring job, and that can have one."""
    found = []
    for modality in scored_modalities(db, screen):
        scoring = scoring_of(db, screen, modality)
        if scoring is None or not scoring.open or scoring.settings.bootstrap < MIN_DRAWS:
            continue
        without = db.query(
            """SELECT drug, addon, replicate FROM score JOIN curve USING (screen, modality, drug, addon, replicate)
               WHERE screen = ? AND modality = ? AND dss_lower IS NULL AND loss IS NOT NULL
                 AND n_wells > n_parameters""",
            [screen, modality],
        )
        waiting = scoring.open & set(without[KEY].itertuples(index=False, name=None))
        if waiting:
            found.append(OpenIntervals(modality, len({drug for drug, _, _ in waiting}), len(waiting)))
    return tuple(found)


def drawing(db: Reads, screen: str) -> tuple[Drawing, ...]:
    """Scoring jobs of a screen that wait, work, or are on their way into the store; newest first."""
    excluded = read_state(db, screen).excluded
    found = []
    for folder in folders():
        if any((folder / name).exists() for name in ENDED):
            continue
        try:
            spec = read_spec(folder)
        except JobError:
            continue
        if spec.task != TASK or spec.params.get("screen") != screen:
            continue
        job, modality = read_status(folder), str(spec.params.get("modality"))
        if job.state in ("waiting", "running", "finished") and not (folder / "cancel").exists():
            known = fingerprint([from_document(one) for one in spec.params.get("excluded", [])], modality)
            same = known == fingerprint(excluded, modality)
            found.append(Drawing(modality, same, bool(spec.params.get(AGAIN)), job))
    return tuple(sorted(found, key=lambda one: (one.job.created_at, one.job.id), reverse=True))


def draw_again(db: Reads, screen: str) -> tuple[str, ...]:
    """See to it that scoring jobs draw what is open: ids of those submitted now, () where all is under way already.

    Jobs of this kind that do not know the newest decisions are cancelled: what they bring would be dropped.
    Raises InputError where the screen is signed off.
    """
    submitted = []
    # Two pages, or two processes, that look at one screen would both find nothing under way.
    with FileLock(home() / "store" / "intervals.lock"):
        under_way = drawing(db, screen)
        for one in under_way:
            if one.ours and not one.up_to_date and one.job.active:
                with suppress(JobError):  # it has ended since: what it brings is dropped as it lands
                    queue.cancel(one.job.id)
        known = {one.modality for one in under_way if one.up_to_date}
        for waiting in open_intervals(db, screen):
            made = scoring_of(db, screen, waiting.modality)
            if made is not None and waiting.modality not in known:
                how = (made.settings, made.screens, made.beside, "Draw the intervals of", {AGAIN: True})
                submitted.append(submit_scoring_beside(db, screen, waiting.modality, *how))
    return tuple(submitted)
