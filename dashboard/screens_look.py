"""A screen before its import: which screens a folder, zip or table holds, and what is understood of one of them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from engine.errors import EngineError
from engine.spheroid.readings import INHIBITION, VIABILITY

LISTED = 8  # images in a preview
FORMS = {  # what metabolic readouts are
    "": "As the files say, else raw",
    VIABILITY: "Percent viability: 100 untreated, 0 all dead",
    INHIBITION: "Percent inhibition: 0 no effect, 100 all dead",
}


@dataclass(frozen=True)
class Given:
    """Where the screen is. source: a path, or an UploadedFile; key: changes with it."""

    called: str
    key: str
    source: Any


@dataclass(frozen=True)
class Look:
    """What is understood of a screen. wells: its layout. readouts: modality -> wells with a value. percent: those that
    are viabilities in percent already. images: rows of a table of file names. pattern: by which they were read.
    simulated: its files say so."""

    wells: pd.DataFrame
    n_wells: int
    readouts: dict[str, int]
    percent: tuple[str, ...]
    notes: tuple[str, ...]
    images: pd.DataFrame
    pattern: str
    pattern_problem: str
    simulated: bool


@contextmanager
def on_disk(given: Given) -> Iterator[Path]:
    """The screen as a path; of an upload a copy under its own name, which is deleted afterwards."""
    if isinstance(given.source, Path):
        yield given.source
        return
    with tempfile.TemporaryDirectory(prefix="tumorcast-upload-") as folder:
        copy = Path(folder) / Path(given.called).name
        with copy.open("wb") as file:
            given.source.seek(0)
            shutil.copyfileobj(given.source, file)
        yield copy


def names_in(key: str, given: Given) -> tuple[tuple[str, ...], str]:
    """The screens in what was given, or what is wrong with it; that is not kept, as files are mended."""
    try:
        return _names(key, given), ""
    except EngineError as error:
        return (), str(error)


def look_at(key: str, given: Given, screen: str, pattern: str, form: str) -> tuple[Look | None, str]:
    """What is understood of one screen, or what is wrong with it. form: VIABILITY, INHIBITION or '', as of `FORMS`."""
    try:
        return _look(key, given, screen, pattern, form), ""
    except EngineError as error:
        return None, str(error)


@st.cache_data(max_entries=8, ttl="5m", show_spinner="Looking at the folder ...")
def _names(key: str, _given: Given) -> tuple[str, ...]:
    from engine.spheroid.screen_folder import screens_in

    with on_disk(_given) as path:
        return tuple(screen.name for screen in screens_in(path))


@st.cache_data(max_entries=8, ttl="5m", show_spinner="Reading layout and readouts ...")
def _look(key: str, _given: Given, screen: str, pattern: str, form: str) -> Look:
    from engine.files.receipt import Receipt
    from engine.spheroid.screen_content import read_screen
    from engine.spheroid.screen_folder import chosen_screen, screens_in

    receipt = Receipt()
    with on_disk(_given) as path:
        files = chosen_screen(screens_in(path), screen, _given.called)
        content = read_screen(files, receipt, form == VIABILITY, form == INHIBITION)
        images, used, problem = _images(files.images, pattern)
    readouts = {one.modality: int(one.frame["raw"].notna().sum()) for one in content.readouts}
    notes = dict.fromkeys((*content.plates.notes, *receipt.notes, *(n for one in content.readouts for n in one.notes)))
    plates = content.plates
    ready = tuple(one.modality for one in content.readouts if one.is_percent)
    return Look(plates.wells, plates.n_wells, readouts, ready, tuple(notes), images, used, problem, content.simulated)


def _images(folder: Path | None, pattern: str) -> tuple[pd.DataFrame, str, str]:
    """The first image files as the pattern reads them, the pattern, and what is wrong with it."""
    from engine.spheroid.images import preview

    if folder is None:
        return pd.DataFrame(), "", ""
    try:
        found = preview(folder, pattern, LISTED)
    except EngineError as error:
        return pd.DataFrame(), pattern, str(error)
    rows = [
        {
            "File": row.name,
            "Plate": row.parsed.plate or "P1" if row.parsed else "does not fit",
            "Well": f"{row.parsed.row}{row.parsed.column:02d}" if row.parsed else "",
            "Image": _kind(row.parsed.kind, row.parsed.plane, row.parsed.part) if row.parsed else "",
        }
        for row in found.rows
    ]
    return pd.DataFrame(rows), found.pattern, ""


def _kind(kind: str, plane: int | None, part: int | None) -> str:
    words = {"proj": "maximum projection", "midz": "middle plane"}
    whole = "stack" if part is None else f"stack, part {part}"
    return words.get(kind) or (whole if plane is None else f"plane {plane}")
