"""The repurposing matrix: drugs in rows, cancer types in columns, one cell per drug and type."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from engine.figures.repurposing_view import (
    MatrixView,
    approved_for,
    cell_words,
    matrix_caption,
    matrix_summary,
    matrix_table,
)
from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import count

LABELLED = 80  # rows up to which every drug's name has room
FEW_TYPES = 12  # whose names have room to stand slanted
FULL_HOVER = 4000  # cells up to which each carries its whole story to the browser
FRAME_PX, ROW_PX, LEAST_ROW_PX, TALLEST_PX = 110, 23, 13, 1400
QUESTIONS = {
    "share": "Which share of each cancer type's lines is predicted sensitive?",
    "median": "How potent is each drug in each cancer type?",
    "selectivity": "Which drug acts on a cancer type more than drug and type alone say?",
}
BARS = {"share": "% of lines<br>sensitive", "median": "median<br>ln(IC50), µM", "selectivity": "selectivity, sd"}
BLUE, ORANGE = "#2f6db3", "#d9730d"
NOTHING = "rgba(0,0,0,0)"


def matrix_chart(view: MatrixView, context: str, dark: bool = False) -> Chart:
    """One square per drug and cancer type. context: library, run and what else a caption must say.

    The squares are a picture that takes no clicks; over it lies one invisible point per cell, whose customdata is the
    cell's position in the screen: t times the molecule's position plus the type's.
    """
    colours = palette(dark)
    n, t = len(view.rows), len(view.columns)
    figure = go.Figure([_cells(view, colours, dark), *_outlines(view, colours), *_flags(view, colours), _points(view)])
    labelled = n <= LABELLED
    both = view.shown["drug_class"].nunique() > 1
    extra = [(t + 0.3, "cytotoxic"), *([(t + 1.3, "oncology")] if both else [])]
    figure.update_xaxes(
        side="top",
        tickvals=[*range(t), *(at for at, _ in extra)],
        ticktext=[
            *(f"<b>{one}</b>" if one == view.cancer_type else one for one in view.types),
            *(f"<i>{text}</i>" for _, text in extra),
        ],
        # Upright names of many types do not touch where the page is narrow.
        tickangle=-55 if t <= FEW_TYPES else -90,
        tickfont={"size": 12 if t <= FEW_TYPES else 11},
        range=[-0.5, t + len(extra) - 0.1],
        showgrid=False,
    )
    figure.update_yaxes(
        tickvals=list(range(n)),
        ticktext=[_label(name) for name in view.shown["name"]],
        showticklabels=labelled,
        tickfont={"size": 12},
        ticksuffix=" ",
        title_text=None if labelled else f"{count(n)} drugs; zoom in, or show fewer, to read names from a pointer",
        range=[n - 0.5, -0.5],
        showgrid=False,
    )
    styled(figure, dark, matrix_height(n)).update_layout(
        clickmode="event+select",
        dragmode="zoom" if not labelled else False,
        # Any click in the picture means the cell it falls into: the nearest point.
        hoverdistance=-1,
        uirevision="matrix",
        margin={"t": 8, "b": 4},
    )
    return Chart(
        figure=figure,
        question=QUESTIONS[view.measure],
        caption=matrix_caption(view, context),
        summary=matrix_summary(view),
        table=matrix_table(view),
    )


def matrix_height(rows: int) -> int:
    """Pixels for so many rows: roomy where they are few, never taller than a screen and a half."""
    row = ROW_PX if rows <= 30 else max(LEAST_ROW_PX, round(30 * ROW_PX / rows))
    return FRAME_PX + max(3 * ROW_PX, min(rows * row, TALLEST_PX))


def _label(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"


def _scale(measure: str, dark: bool) -> Any:
    """Orange is the sensitive side, which is the lower one of ln(IC50) and of selectivity."""
    if measure == "share":
        return "Viridis"
    middle = "#3a4651" if dark else "#f7f8f9"
    return [[0.0, ORANGE], [0.5, middle], [1.0, BLUE]]


def _cells(view: MatrixView, colours: Palette, dark: bool) -> go.Heatmap:
    low, high = view.limits()
    gap = 1 if len(view.rows) <= LABELLED else 0
    return go.Heatmap(
        z=view.values.astype(np.float32),
        zmin=low,
        zmax=high,
        colorscale=_scale(view.measure, dark),
        xgap=1,
        ygap=gap,
        hoverinfo="skip",
        colorbar={
            "title": {"text": BARS[view.measure], "font": {"size": 12}},
            "thickness": 12,
            "len": 260,
            "lenmode": "pixels",
            "y": 1,
            "yanchor": "top",
            "outlinewidth": 0,
            "tickfont": {"size": 12},
        },
    )


def _points(view: MatrixView) -> go.Scatter:
    """One point per cell for pointer and click. None of them is drawn (but one, in no colour): the browser would take
    seconds to make so many marks, on the processor as with WebGL, while finding the nearest takes milliseconds."""
    n, t = view.values.shape
    marker: dict[str, Any] = {"symbol": "square", "size": 10, "opacity": 0, "maxdisplayed": 1}
    if n * t <= FULL_HOVER:
        text: dict[str, Any] = {"text": _hover(view), "hovertemplate": "%{text}<extra></extra>"}
    else:
        # Texts of tens of thousands of cells take long on their way; names come from the axes, values are numbers.
        unit = {"share": "% of lines sensitive", "median": "median ln(IC50), µM", "selectivity": "sd"}[view.measure]
        text = {"hovertemplate": "<b>%{y}</b> in %{x}<br>%{marker.color:.3~r} " + unit + "<extra></extra>"}
        marker["color"] = view.values.ravel().astype(np.float32)
    faint = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=np.tile(np.arange(t, dtype=np.int16), n),
        y=np.repeat(np.arange(n, dtype=np.int16), t),
        customdata=np.add.outer(view.rows * len(view.found.types), view.columns).ravel().astype(np.int32),
        mode="markers",
        marker=marker,
        selected=faint,
        unselected=faint,
        name="cells",
        **text,
    )


def _hover(view: MatrixView) -> list[str]:
    rows = []
    for row in view.rows:
        name = str(view.molecules["name"].iloc[row])
        approved = approved_for(view.molecules["cancer_types"].iloc[row])
        rows += [cell_words(view, row, column, name, approved) for column in view.columns]
    return rows


def _outlines(view: MatrixView, colours: Palette) -> list[go.Scatter]:
    """Rectangles in units of the axes, so that they fit their cells however far one zooms in."""
    place = {one: at for at, one in enumerate(view.types)}
    cells = [
        (row, place[one])
        for row, types in enumerate(view.shown["cancer_types"])
        for one in sorted(approved_for(types))
        if one in place
    ]
    drawn = []
    if cells and len(view.rows) <= LABELLED:
        # Dark in light: one of the two is seen on every colour below.
        drawn += [_boxes(cells, colours.ground, 4, 0.42), _boxes(cells, colours.text, 1.8, 0.42)]
    elif cells:
        drawn.append(_boxes(cells, colours.text, 0.7, 0.42))
    if view.chosen is not None:
        row, column = np.flatnonzero(view.rows == view.chosen[0]), np.flatnonzero(view.columns == view.chosen[1])
        if len(row) and len(column):
            cell = [(int(row[0]), int(column[0]))]
            drawn += [_boxes(cell, colours.ground, 7, 0.52), _boxes(cell, SELECTED, 3.5, 0.52)]
    return drawn


def _boxes(cells: list[tuple[int, int]], colour: str, width: float, half: float) -> go.Scatter:
    x = [at for _, column in cells for at in (*(column + half * s for s in (-1, 1, 1, -1, -1)), None)]
    y = [at for row, _ in cells for at in (*(row + half * s for s in (-1, -1, 1, 1, -1)), None)]
    line = {"color": colour, "width": width}
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", cliponaxis=False, name="outline")


def _flags(view: MatrixView, colours: Palette) -> list[go.Scatter]:
    """Right of the matrix: what is generally cytotoxic, and what is an oncology drug where both kinds are shown."""
    t, shown = len(view.columns), view.shown
    small = len(view.rows) > LABELLED
    found = [("x-thin", t + 0.3, np.flatnonzero(shown["cytotoxic"].to_numpy(bool)), "generally cytotoxic")]
    if shown["drug_class"].nunique() > 1:
        found.append(("circle", t + 1.3, np.flatnonzero((shown["drug_class"] == "oncology").to_numpy()), "oncology"))
    return [
        go.Scatter(
            x=np.full(len(rows), at),
            y=rows,
            mode="markers",
            marker={
                "symbol": symbol,
                "size": 4 if small else 8,
                "color": colours.sensitive,
                "line": {"color": colours.text, "width": 2 if symbol == "x-thin" else 0},
            },
            hoverinfo="skip",
            name=name,
        )
        for symbol, at, rows, name in found
    ]
