"""What a report is made of: sections with cards, plots and tables, every cell already the text that is shown."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from engine.figures.template import Chart
from engine.figures.text import count, number
from engine.report.card import Fact
from engine.report.drawing import Drawing

WIDE, HALF = 900, 445  # pixels that a chart is laid out for on the width of a page, and on half of it
MOST_ROWS = 200  # of the table below a plot; the rest is a click on the dashboard


@dataclass(frozen=True)
class Table:
    """columns and rows of texts; numeric: which columns are aligned right. folded: long, so opened by a click."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: tuple[bool, ...] = ()
    title: str = ""
    caption: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Plot:
    """A chart drawn for light and for dark ground, as plotly's JSON."""

    anchor: str
    question: str
    caption: str
    summary: str
    height: int
    light: dict
    dark: dict
    table: Table
    wide: bool = False


@dataclass(frozen=True)
class Number:
    """One card: a number with what a person needs to judge it."""

    label: str
    value: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """A chart as PNG, for pages that draw nothing themselves. width, height: pixels as laid out."""

    png: bytes
    width: int
    height: int
    question: str
    caption: str
    summary: str


@dataclass(frozen=True)
class Tile:
    """One small photograph. label, note: one line each below it. crossed: left out, which a thin cross shows."""

    png: bytes
    label: str
    note: str = ""
    crossed: bool = False


@dataclass(frozen=True)
class Strip:
    """Photographs side by side, such as one drug's doses."""

    title: str
    tiles: tuple[Tile, ...]
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """One chapter; what is empty is not shown."""

    anchor: str
    title: str
    lead: str = ""
    texts: Sequence[str] = ()
    cards: Sequence[Number] = ()
    facts: Sequence[Fact] = ()
    plots: Sequence[Plot] = ()
    pictures: Sequence[Picture] = ()
    strips: Sequence[Strip] = ()
    tables: Sequence[Table] = ()
    points: Sequence[str] = field(default=())
    command: str = ""
    drawing: Drawing | None = None

    @property
    def empty(self) -> bool:
        return not any(
            [self.lead, self.texts, self.cards, self.facts, self.plots, self.points, self.command, self.drawing]
            + [self.pictures, self.strips]
            + [table.rows for table in self.tables]
        )


def text_table(frame: pd.DataFrame, title: str = "", caption: str = "", most: int = 0) -> Table:
    """A frame as texts: three significant figures, thousands separated, missing said to be missing.

    most: rows shown at most, 0 for all; the caption says what is left out.
    """
    shown = frame.head(most) if most else frame
    if len(shown) < len(frame):
        caption = f"{caption} First {count(len(shown))} of {count(len(frame))} rows.".strip()
    whole = [pd.api.types.is_integer_dtype(kind) for kind in frame.dtypes]
    broken = [pd.api.types.is_float_dtype(kind) for kind in frame.dtypes]
    rows = [
        tuple(_cell(value, is_whole, is_broken) for value, is_whole, is_broken in zip(row, whole, broken, strict=True))
        for row in shown.itertuples(index=False, name=None)
    ]
    numeric = tuple(a or b for a, b in zip(whole, broken, strict=True))
    return Table(tuple(map(str, frame.columns)), tuple(rows), numeric, title, caption)


def _cell(value, whole: bool, broken: bool) -> str:
    if broken or (whole and pd.isna(value)):
        return number(None if pd.isna(value) else float(value))
    if whole:
        return count(value)
    return "" if value is None or value is pd.NaT or value != value else str(value)


def plot(anchor: str, draw: Callable[[bool], Chart], caption: Callable[[str], str] = str, wide: bool = False) -> Plot:
    """`draw(dark)` called for both grounds. caption: changes the chart's own. wide: takes the whole width."""
    light, dark = draw(False), draw(True)
    return Plot(
        anchor=anchor,
        question=light.question,
        caption=caption(light.caption),
        summary=light.summary,
        height=int(light.figure.layout.height),
        light=_document(light),
        dark=_document(dark),
        table=text_table(light.table, most=MOST_ROWS),
        wide=wide,
    )


def _document(chart: Chart) -> dict:
    found = json.loads(chart.figure.to_json())
    return {"data": found["data"], "layout": found["layout"]}
