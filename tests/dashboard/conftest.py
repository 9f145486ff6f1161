"""How a test opens a page."""

from collections.abc import Iterator

import pytest
from page_checks import Open
from streamlit.testing.v1 import AppTest

from dashboard import data
from engine.jobs import launch
from engine.settings import REPOSITORY

ENTRY = REPOSITORY / "dashboard" / "app.py"


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a page as a browser would: the entry first, then the page. No job is really started."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)

    def open_file(file: str, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ENTRY), default_timeout=30)
        app.run()
        app.query_params.clear()
        app.query_params.update(query)
        return app.switch_page(f"../pages/{file}").run()

    yield open_file
    data._collector.clear()
    data._database.clear()
    data._read.clear()
