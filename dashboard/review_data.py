"""What the Screen review page reads of the store, kept until the store changes."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pandas as pd

from dashboard import data
from engine.spheroid import (
    exclusions,
    judged,
    phenotype_records,
    records,
    review,
    scoring_records,
    screen_list,
    sign_off,
    stamps,
)
from engine.spheroid.review_types import ReviewState
from engine.spheroid.scoring_records import Scoring
from engine.store.database import Database
from engine.store.reads import Within


def register(*reads: Callable[..., Any]) -> None:
    """Reads of the page, called by `data._cached("review_" + name)`; each opens the store once, not once a query.

    Not for what computes for seconds: whoever wants to write waits for it.
    """
    data.register("review", *map(_of_one_moment, reads))


def _of_one_moment(read: Callable[..., Any]) -> Callable[..., Any]:

    @wraps(read)
    def together(db: Database, *arguments: Any) -> Any:
        with db.reading() as connection:
            return read(Within(connection), *arguments)

    return together


def open_questions(db: Database, screen: str) -> tuple[str, ...]:
    """What a sign-off would leave open; see `sign_off.open_questions`."""
    return sign_off.open_questions(db, review.state(db, screen))


register(open_questions, screen_list.screens, records.wells, records.readouts, records.curves, records.scores)
register(records.drug_classes, judged.stored, review.state, exclusions.applied)
register(scoring_records.scoring_of, review.stale, review.state_hash)
register(phenotype_records.mapped_runs, stamps.stamp)
data.register("review", review.changes)


def by_stamp(name: str, screen: str, modality: str, *arguments: Any) -> Any:
    """A read that is repeated only after what it follows from has changed: a comment, or another screen, is none of it.

    name: as registered. modality: '' for what rests on all of them. arguments: of the read, after the store.
    """
    found = hash(data._cached("review_stamp", screen, modality))
    return data._read(name, str(data.database().path), found, *arguments)


def screens() -> pd.DataFrame:
    """See `engine.spheroid.screen_list.screens`."""
    return data._cached("review_screens")


def wells(screen: str) -> pd.DataFrame:
    """The layout; see `records.wells`."""
    return by_stamp("review_wells", screen, "", screen)


def readouts(screen: str, modality: str) -> pd.DataFrame:
    """plate, row, column, raw, percent as imported or predicted: nothing is left out, by all controls."""
    return by_stamp("review_readouts", screen, modality, screen, modality)


def values(screen: str, modality: str) -> pd.DataFrame:
    """Every well with raw and percent after the exclusions, left_out and what was imported; `exclusions.applied`."""
    return by_stamp("review_applied", screen, modality, screen, modality)


def curves(screen: str, modality: str) -> pd.DataFrame:
    return by_stamp("review_curves", screen, "", screen, modality)


def scores(screen: str, modality: str) -> pd.DataFrame:
    """See `records.scores`; an empty table where the screen has no such scores."""
    return by_stamp("review_scores", screen, "", screen, modality or "metabolic")


def how_scored(screen: str, modality: str) -> Scoring | None:
    """Settings and references of the stored scores; None where there are none."""
    return data._cached("review_scoring_of", screen, modality)


def drug_classes(screen: str) -> pd.DataFrame:
    """drug, abbreviation, group_abbr, group_name; no rows where the screen came without."""
    return by_stamp("review_drug_classes", screen, "", screen)


def verdicts(screen: str) -> pd.DataFrame:
    """What is kept of the screen's quality; see `judged.stored`."""
    return by_stamp("review_stored", screen, "", screen)


def record(screen: str) -> ReviewState:
    """Every decision on the screen, and what they come to."""
    return data._cached("review_state", screen)


def replicates(screen: str) -> list[int]:
    """Numbers of the replicates of drug wells."""
    found = wells(screen)
    return sorted({int(one) for one in found.loc[found["well_type"] == "therapy", "replicate"]})


def changes(screen: str, modality: str) -> pd.DataFrame:
    """Scores with every well beside those of the record; columns as in `review_types.Decided`."""
    return by_stamp("review_changes", screen, "", screen, modality)


def stale(screen: str) -> tuple[str, ...]:
    """Modalities whose scores do not match the record."""
    return by_stamp("review_stale", screen, "", screen)


def questions(screen: str) -> tuple[str, ...]:
    """What a sign-off would leave open, a sentence each."""
    return data._cached("review_open_questions", screen)


def state_hash(screen: str) -> str:
    """SHA-256 of data, models, scoring and decisions."""
    return data._cached("review_state_hash", screen)


def mapped_runs(screen: str) -> tuple[str, ...]:
    """Runs whose phenotype map of the screen the store holds, newest first."""
    return data._cached("review_mapped_runs", screen)
