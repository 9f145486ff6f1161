"""What the Library page computes: kept as long as the store stays as it is, and never changed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import data
from engine.chem.library import LibrarySettings
from engine.errors import EngineError
from engine.learn.metrics import SENSITIVE_BELOW
from engine.response import library_rank
from engine.response.library_preview import LibraryPreview, preview_library
from engine.response.library_rank import Ranked


@dataclass(frozen=True)
class Given:
    """Molecules that a person gave. source: an UploadedFile, a Path or pasted text; key: changes with them; called:
    what messages and the receipt call the file."""

    called: str
    key: str
    source: Any


@contextmanager
def on_disk(given: Given) -> Iterator[Path]:
    """The molecules as a file; of an upload or a pasted list a copy, which is deleted afterwards."""
    if isinstance(given.source, Path):
        yield given.source
        return
    with tempfile.NamedTemporaryFile(prefix="tumorcast-upload-") as copy:
        if isinstance(given.source, str):
            copy.write(given.source.encode())
        else:
            given.source.seek(0)
            shutil.copyfileobj(given.source, copy)
        copy.flush()
        yield Path(copy.name)


@st.cache_data(max_entries=8, ttl="1h", show_spinner="Looking at the molecules ...")
def look(key: str, called: str, _given: Given, settings: LibrarySettings) -> tuple[LibraryPreview | None, str]:
    """What is understood of the molecules, or what is wrong with them."""
    try:
        with on_disk(_given) as path:
            return preview_library(path, settings, called), ""
    except EngineError as error:
        return None, str(error)


def ranked(screen_id: str) -> Ranked:
    """The screen as it is ranked. Raises EngineError where it cannot be read."""
    db = data.database()
    return _ranked(str(db.path), db.version(), screen_id)


def table(of: Ranked, is_type: bool, name: str) -> pd.DataFrame:
    """Every molecule for a cancer type, or for a line by its COSMIC id as text, with what was measured of it."""
    db = data.database()
    return _table(str(db.path), db.version(), of.summary.screen_id, is_type, name)


@st.cache_resource(max_entries=2, ttl="1h", show_spinner="Reading every prediction of the screen ...", show_time=True)
def _ranked(path: str, version: int, screen_id: str) -> Ranked:
    return library_rank.ranked(data._database(path), screen_id, SENSITIVE_BELOW)


@st.cache_resource(max_entries=8, ttl="1h", show_spinner="Reading the predictions ...")
def _table(path: str, version: int, screen_id: str, is_type: bool, name: str) -> pd.DataFrame:
    of, db = _ranked(path, version, screen_id), data._database(path)
    if is_type:
        return library_rank.with_measured(library_rank.by_type(of, name), of, db, library_rank.lines_of(of, name))
    return library_rank.with_measured(library_rank.by_line(of, db, int(name)), of, db, [int(name)])
