"""Values with their intervals in rows: the one way such a chart is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import plotly.graph_objects as go

from engine.figures.template import Palette, palette, styled
from engine.figures.text import interval, number

FAILED = {False: "#c8322b", True: "#ff7b72"}  # outline of what failed, on light and on dark ground
SYMBOLS = {"predicted": "circle", "observed": "circle", "baseline": "line-ns"}
ROOM = 0.25  # of the span of the values, to their right, for the labels
ROW_PX, FRAME_PX = 26, 70


@dataclass(frozen=True)
class Mark:
    """One value in its row. lower, upper: its interval, None where there is none. label: text right of it.

    kind: predicted (open circle), observed (filled dot) or baseline (dash). failed: outlined in red.
    said: what is told of it where that is not its value, interval and name.
    """

    row: float
    value: float
    lower: float | None
    upper: float | None
    label: str
    name: str
    kind: str = "predicted"
    failed: bool = False
    said: str = ""

    @property
    def hover(self) -> str:
        """The value and its interval as they are, wherever the mark stands."""
        return self.said or f"{self.name}: {number(self.value)} ({interval(self.lower, self.upper)})"

    def at_least(self, lowest: float) -> "Mark":
        """The same; a value below `lowest` stands there with an arrow, so that it does not squeeze the others."""
        if self.value < lowest:
            label = f"← {self.label}"
            return replace(self, value=lowest, lower=None, upper=None, label=label, said=self.hover)
        return replace(self, lower=None if self.lower is None else max(self.lower, lowest), said=self.hover)


@dataclass(frozen=True)
class Row:
    """One row: where it stands, counted from the top, and what it is called."""

    place: float
    name: str


def forest(
    marks: Sequence[Mark],
    rows: Sequence[Row],
    axis: str,
    dark: bool,
    reference: float | None = None,
    band: tuple[float, float] | None = None,
    height: int = 0,
    room: float = ROOM,
    labels_right: bool = False,
) -> go.Figure:
    """Marks with intervals, one row below the other, each labelled with its number.

    reference: a value that is marked by a line, such as zero; band: a range that is shaded. room: for labels to the
    right, as a share of the span of all values. labels_right: in a column of their own, right of all marks.
    """
    colours = palette(dark)
    figure = go.Figure()
    for kind in SYMBOLS:
        for failed in (False, True):
            group = [mark for mark in marks if mark.kind == kind and mark.failed == failed]
            if group:
                figure.add_trace(_trace(group, kind, failed, colours, dark))
    ends = [mark.value if mark.upper is None else mark.upper for mark in marks]
    furthest = max([*ends, *(band or ())], default=0.0)
    figure.add_trace(
        go.Scatter(
            x=[furthest] * len(marks) if labels_right else ends,
            y=[mark.row for mark in marks],
            mode="text",
            text=["  " + mark.label for mark in marks],
            textposition="middle right",
            textfont={"color": [FAILED[dark] if mark.failed else colours.text for mark in marks]},
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    if band:
        figure.add_vrect(*band, fillcolor=colours.grid, opacity=0.6, line_width=0, layer="below")
    if reference is not None:
        figure.add_vline(reference, line={"color": colours.muted, "width": 1})
    figure.update_xaxes(title_text=axis, range=_range(marks, reference, band, room), nticks=7)
    places = [row.place for row in rows]
    figure.update_yaxes(
        tickvals=places,
        ticktext=[row.name for row in rows],
        range=[max(places, default=0) + 0.6, min(places, default=0) - 0.6],
        ticksuffix="  ",
    )
    return styled(figure, dark, height or FRAME_PX + ROW_PX * max(len(rows), 2))


def _trace(marks: Sequence[Mark], kind: str, failed: bool, colours: Palette, dark: bool) -> go.Scatter:
    colour = colours.resistant if kind == "baseline" else colours.sensitive
    outline = FAILED[dark] if failed else colour
    return go.Scatter(
        x=[mark.value for mark in marks],
        y=[mark.row for mark in marks],
        mode="markers",
        name=kind,
        text=[mark.hover for mark in marks],
        hovertemplate="%{text}<extra></extra>",
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [0 if mark.upper is None else mark.upper - mark.value for mark in marks],
            "arrayminus": [0 if mark.lower is None else mark.value - mark.lower for mark in marks],
            "color": outline,
            "thickness": 2,
            "width": 0,
        },
        marker={
            "symbol": SYMBOLS[kind],
            "size": 14 if kind == "baseline" else 11,
            "color": colour if kind == "observed" else colours.ground,
            "line": {"color": outline, "width": 2},
        },
    )


def _range(
    marks: Sequence[Mark], reference: float | None, band: tuple[float, float] | None, room: float
) -> list[float]:
    """From the lowest to the highest of what is drawn, with room for the labels."""
    fixed = [*([] if reference is None else [reference]), *(band or ())]
    low = min([mark.value if mark.lower is None else mark.lower for mark in marks] + fixed, default=0.0)
    high = max([mark.value if mark.upper is None else mark.upper for mark in marks] + fixed, default=1.0)
    span = (high - low) or 1.0
    return [low - 0.06 * span, high + room * span]
