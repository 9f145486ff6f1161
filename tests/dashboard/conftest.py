"""How a test opens a page."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_checks import PATIENCE_SECONDS, Open
from streamlit.testing.v1 import AppTest

from dashboard import data
from engine.collect import Collector
from engine.jobs import launch
from engine.settings import REPOSITORY, store_path
from engine.store.database import Database

ENTRY = REPOSITORY / "dashboard" / "app.py"


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a page as a browser would: the entry first, then the page. No job is really started, and what a test
    finishes comes into the store when the test collects it, not when the page's collector happens to look.
    """
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    monkeypatch.setattr(Collector, "_collect_due", lambda self: None)

    def open_file(file: str, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ENTRY), default_timeout=PATIENCE_SECONDS)
        app.run()
        app.query_params.clear()
        app.query_params.update(query)
        return app.switch_page(f"../pages/{file}").run()

    yield open_file
    data._collector.clear()
    data._database.clear()
    data._read.clear()


@pytest.fixture
def db(tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """An empty store of this test's own; no job is really started."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    return Database(store_path())


@pytest.fixture
def no_leftovers(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing stays in the folder of temporary files; one of this test's own, as others work at the same time."""
    folder: Path = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.rglob("*")) == []
