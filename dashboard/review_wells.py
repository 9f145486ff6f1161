"""Screen review page: placeholder until the next commit."""

from dashboard.review_choose import Reviewed


def show(shown: Reviewed) -> None:
    """To come."""
