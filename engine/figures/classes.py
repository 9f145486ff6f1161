"""Colours of drug classes: the same class has the same colour in every chart of a screen."""

from collections import Counter
from collections.abc import Iterable

from engine.figures.template import palette

# Tol's muted scheme without its teal, which means effective here; its darkest ones are lighter on a dark ground.
LIGHT = ("#332288", "#88ccee", "#999933", "#aa4499", "#117733", "#cc6677", "#ddcc77", "#882255")
DARK = ("#8f86e0", "#88ccee", "#b5b54c", "#cf74c0", "#55b877", "#e08a99", "#ddcc77", "#c65a90")
OTHER = "Other classes"


def class_colours(groups: Iterable[str], dark: bool = False) -> dict[str, str]:
    """A colour of every class, those of most drugs first. groups: the class of every drug of the screen.

    Beyond eight classes, those of fewest drugs share one grey.
    """
    colours = DARK if dark else LIGHT
    most = sorted(Counter(groups).items(), key=lambda one: (-one[1], one[0]))
    return {name: colours[n] if n < len(colours) else palette(dark).resistant for n, (name, _) in enumerate(most)}
