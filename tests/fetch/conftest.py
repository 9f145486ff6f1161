"""Fixtures of the download tests."""

from collections.abc import Iterator

import pytest
from bad_server import BadServer

from engine.fetch import web


@pytest.fixture
def server() -> Iterator[BadServer]:
    found = BadServer()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is tested, not waited for."""
    monkeypatch.setattr(web, "BACKOFF_SECONDS", 0.001)
