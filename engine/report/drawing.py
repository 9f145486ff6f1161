"""A drawing as plain marks, which HTML shows as SVG and a PDF draws with its own lines."""

from dataclasses import dataclass
from typing import NamedTuple

LETTERS = 11.5  # size of words, in the units of the drawing


class Box(NamedTuple):
    """A filled rectangle. role: which colour (sensitive, resistant)."""

    x: float
    y: float
    width: float
    height: float
    role: str
    kind: str = "box"


class Stroke(NamedTuple):
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    role: str
    width: float = 1.0
    kind: str = "stroke"


class Ring(NamedTuple):
    """A circle around (x, y), filled with the ground."""

    x: float
    y: float
    radius: float
    role: str
    kind: str = "ring"


class Word(NamedTuple):
    """Text on the baseline y. anchor: start, middle or end lies at x."""

    x: float
    y: float
    text: str
    anchor: str
    role: str
    kind: str = "word"


Mark = Box | Stroke | Ring | Word


@dataclass(frozen=True)
class Drawing:
    """Marks in their own units, origin top left. summary: what it shows, for who cannot see it."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    caption: str
    summary: str
