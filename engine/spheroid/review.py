"""The record of a screen's review: decisions are added to it, never changed, and every score follows from it."""

from engine.spheroid.review_types import ReviewState
from engine.store.database import Database


def state(db: Database, screen: str) -> ReviewState:
    """The record of a screen and what it comes to. Raises InputError naming the screens there are."""
    return ReviewState(screen)
