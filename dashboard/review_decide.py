"""Screen review page: the button that leaves something out or brings it back, wherever it is looked at."""

from dashboard.review_choose import Reviewed
from engine.spheroid.review_types import Target


def offer(shown: Reviewed, target: Target, key: str, readout: str = "all") -> None:
    """A popover beside whatever is looked at: exclude it with a reason, or restore it where it is excluded."""
