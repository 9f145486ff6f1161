"""The repurposing matrix: drugs in rows, cancer types in columns, one cell per drug and type."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import count, number, plural, setting
from engine.figures.type_words import full_name
from engine.response.repurpose_matrix import Matrix, Thresholds
from engine.units import ic50_um

LABELLED = 80  # rows up to which every drug's name has room
PLAIN_POINTS = 4000  # points beyond which they are drawn with WebGL
FRAME_PX, ROW_PX, LEAST_ROW_PX, TALLEST_PX = 110, 23, 13, 1400
MEASURES = {"share": "Share of sensitive lines", "median": "Median ln(IC50)", "selectivity": "Selectivity"}
QUESTIONS = {
    "share": "Which share of each cancer type's lines is predicted sensitive?",
    "median": "How potent is each drug in each cancer type?",
    "selectivity": "Which drug acts on a cancer type more than drug and type alone say?",
}
BARS = {"share": "% of lines<br>sensitive", "median": "median<br>ln(IC50), µM", "selectivity": "selectivity, sd"}
BLUE, ORANGE = "#2f6db3", "#d9730d"
NOTHING = "rgba(0,0,0,0)"


@dataclass(frozen=True)
class MatrixView:
    """What the matrix shows of a screen with m molecules and t cancer types.

    found: share (0 to 1), median (ln uM) and selectivity (sd), each (m, t). molecules: m rows with name, drug_class,
    cancer_types (approved ones, joined by |), n_types and cytotoxic. rows, columns: positions in the order shown.
    chosen: position of the molecule and of the type looked at.
    """

    found: Matrix
    molecules: pd.DataFrame
    rows: np.ndarray
    columns: np.ndarray
    measure: str
    thresholds: Thresholds
    chosen: tuple[int, int] | None = None

    @cached_property
    def values(self) -> np.ndarray:
        """(rows, columns) of the measure as it is shown; shares in percent."""
        return self.whole[np.ix_(self.rows, self.columns)]

    @property
    def whole(self) -> np.ndarray:
        """(m, t) of the measure as it is shown; the colours are the same on every page of rows."""
        values = np.asarray(getattr(self.found, self.measure), dtype=float)
        return 100 * values if self.measure == "share" else values

    @property
    def types(self) -> list[str]:
        """From left to right."""
        return [self.found.types[one] for one in self.columns]

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The molecules from top to bottom."""
        return self.molecules.iloc[self.rows].reset_index(drop=True)

    def limits(self) -> tuple[float, float]:
        """Ends of the colour scale: around the threshold or 0 where there are two sides."""
        if self.measure == "share":
            return 0.0, 100.0
        middle = self.thresholds.sensitive_below if self.measure == "median" else 0.0
        known = self.whole[np.isfinite(self.whole)]
        # A handful of extreme cells would make all others pale.
        reach = max(float(np.quantile(np.abs(known - middle), 0.99)) if known.size else 0.0, 1.0)
        return middle - reach, middle + reach


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
        ticktext=[*view.types, *(f"<i>{text}</i>" for _, text in extra)],
        tickangle=-55,
        tickfont={"size": 12},
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
        caption=_caption(view, context),
        summary=_summary(view),
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


def _points(view: MatrixView) -> go.Scatter | go.Scattergl:
    n, t = view.values.shape
    arrays: dict[str, Any] = {
        "x": np.tile(np.arange(t, dtype=np.int16), n),
        "y": np.repeat(np.arange(n, dtype=np.int16), t),
        "customdata": np.add.outer(view.rows * len(view.found.types), view.columns).ravel().astype(np.int32),
    }
    marker: dict[str, Any] = {"symbol": "square", "size": 10, "opacity": 0}
    if n * t <= PLAIN_POINTS:
        kind, more = go.Scatter, {"text": _hover(view), "hovertemplate": "%{text}<extra></extra>"}
    else:
        # Tens of thousands of texts take seconds on their way; names come from the axes, values as plain numbers.
        unit = {"share": "% of lines sensitive", "median": "median ln(IC50), µM", "selectivity": "sd"}[view.measure]
        kind, more = (
            go.Scattergl,
            {"hovertemplate": f"<b>%{{y}}</b> in %{{x}}<br>%{{marker.color:.3~r}} {unit}<extra></extra>"},
        )
        marker["color"] = view.values.ravel().astype(np.float32)
    faint = {"marker": {"opacity": 0}}
    return kind(**arrays, mode="markers", marker=marker, selected=faint, unselected=faint, name="cells", **more)


def _hover(view: MatrixView) -> list[str]:
    rows = []
    for row in view.rows:
        name = str(view.molecules["name"].iloc[row])
        approved = _approved(view.molecules["cancer_types"].iloc[row])
        rows += [cell_words(view, row, column, name, approved) for column in view.columns]
    return rows


def cell_words(view: MatrixView, row: int, column: int, name: str, approved: set[str]) -> str:
    """Everything known of one cell, line by line."""
    found, one = view.found, view.found.types[column]
    n = int(found.n_lines[column])
    text = (
        f"<b>{name}</b> in {one}<br>{full_name(one)}, {plural(n, 'line')}"
        f"<br>sensitive: {count(found.count[row, column])} of {count(n)} "
        f"({number(100 * found.share[row, column])} %)<br>median ln(IC50) {number(found.median[row, column])} "
        f"({number(float(ic50_um(found.median[row, column])))} µM)"
        f"<br>selectivity {number(found.selectivity[row, column])} sd, q {number(found.q[row, column], 2)}"
    )
    return text + ("<br><b>approved for it</b>" if one in approved else "")


def _approved(cancer_types: object) -> set[str]:
    return set(str(cancer_types).split("|")) - {""}


def _outlines(view: MatrixView, colours: Palette) -> list[go.Scatter]:
    """Rectangles in units of the axes, so that they fit their cells however far one zooms in."""
    place = {one: at for at, one in enumerate(view.types)}
    cells = [
        (row, place[one])
        for row, types in enumerate(view.shown["cancer_types"])
        for one in sorted(_approved(types))
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


def _caption(view: MatrixView, context: str) -> str:
    words = f"{plural(len(view.rows), 'drug')} × {plural(len(view.columns), 'cancer type')}, {context}. "
    if view.measure == "median":
        words += f"The scale turns at ln(IC50) {setting(view.thresholds.sensitive_below)}: orange is sensitive. "
    if view.measure == "selectivity":
        words += "Drug and type means removed; below 0, orange: more sensitive than both say. "
    return words + "Outlined: approved for that type. ×: generally cytotoxic. Click a cell to see its lines."


def _summary(view: MatrixView) -> str:
    if not view.values.size or not np.isfinite(view.values).any():
        return "No cell to show."
    low_first = view.measure != "share"
    flat = np.where(np.isfinite(view.values), view.values, np.inf if low_first else -np.inf).ravel()
    top = np.argsort(flat if low_first else -flat, kind="stable")[:3]
    unit = {"share": " %", "median": "", "selectivity": " sd"}[view.measure]
    t = len(view.columns)
    named = [f"{view.shown['name'].iloc[i // t]} in {view.types[i % t]} {number(flat[i])}{unit}" for i in top]
    flagged = int(view.shown["cytotoxic"].sum())
    return (
        f"{MEASURES[view.measure]} of {plural(len(view.rows), 'drug')} in {plural(t, 'cancer type')}. "
        f"{'Lowest' if low_first else 'Highest'}: {', '.join(named)}. {count(flagged)} generally cytotoxic."
    )


def matrix_table(view: MatrixView) -> pd.DataFrame:
    """The matrix as a table, in the order shown."""
    shown = view.shown
    head = pd.DataFrame(
        {
            "Drug": shown["name"].astype(str),
            "Class": shown["drug_class"],
            "Sensitive types": shown["n_types"].astype(int),
            "Generally cytotoxic": np.where(shown["cytotoxic"].astype(bool), "yes", "no"),
        }
    )
    unit = {"share": ", %", "median": ", ln µM", "selectivity": ", sd"}[view.measure]
    return pd.concat([head, pd.DataFrame(view.values, columns=[one + unit for one in view.types])], axis=1)
