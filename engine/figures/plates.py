"""Plates as maps that take clicks: any value of every well, what is in it, what is left out."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.forest import FAILED
from engine.figures.screens import content, well_kinds
from engine.figures.template import SELECTED, SEQUENTIAL, Chart, Palette, palette, styled
from engine.figures.text import number, plural
from engine.spheroid.review_types import Target
from engine.spheroid.spatial import row_number


class Value(NamedTuple):
    """A value that a map shows. label: on its colour bar, with the unit. diverging: around zero. least: so much of
    the scale is shown at least, so that noise alone does not look like an effect."""

    name: str
    label: str
    diverging: bool = False
    least: float = 0.0


VALUES = {
    "percent": Value("Viability", "Viability, %", least=100.0),
    "raw": Value("Raw", "Raw readout"),
    "residual": Value("Residual", "Off its curve or kind, percent points", True, 30.0),
    "deviation": Value("Deviation", "Beyond all neighbours, percent points", True, 30.0),
    "layout": Value("Layout", ""),
}
EXPLAINED = {
    "percent": "Viability by the plate's controls",
    "raw": "The readout as it was imported or predicted",
    "residual": "Viability minus what its drug's curve on this plate, or the median of its kind, says",
    "deviation": "How far the well lies beyond its replicates and the doses beside it; 0 within them",
    "layout": "What is in every well",
}
ROW_PX, FRAME_PX = 18, 92
BLUE = "#3b6fb6"


def well_name(plate: str, row: str, column: int) -> str:
    """P1_D05."""
    return Target("well", plate=plate, row=row, column=int(column)).name


def plate_map(
    wells: pd.DataFrame, plate: str, value: str, told: str, selected: str = "",
    marks: tuple[float, float] | None = None, failed: bool = False, dark: bool = False,
) -> Chart:  # fmt: skip
    """One plate, every well that holds something; customdata of a point is its well's name.

    wells: WELL_COLUMNS, left_out (bool), reason ('' where nothing is wrong) and the column of `value`, of VALUES.
    told: data and verdict, for the caption. selected: a well's name. marks: ends of the colours, of several plates
    the same; None: of this one. failed: the plate has a red frame.
    """
    colours = palette(dark)
    mine = wells[(wells["plate"] == plate) & (wells["well_type"] != "empty")].reset_index(drop=True)
    mine = mine.assign(
        well=[well_name(plate, row, column) for row, column in zip(mine["row"], mine["column"], strict=True)]
    )
    rows = sorted(mine["row"].unique(), key=row_number)
    mine["y"] = mine["row"].map({row: i for i, row in enumerate(rows)}).astype(float)
    figure = go.Figure()
    if value == "layout":
        _kinds(figure, mine, colours)
    else:
        _valued(figure, mine, value, marks or span(wells, value), dark)
    _over(figure, mine, selected, colours, dark)
    columns = mine["column"]
    figure.update_xaxes(
        side="top", showgrid=False, dtick=2 if columns.nunique() > 12 else 1, fixedrange=True,
        range=[columns.min() - 0.7, columns.max() + 0.7] if len(mine) else None,
    )  # fmt: skip
    figure.update_yaxes(
        range=[len(rows) - 0.4, -0.6], tickvals=list(range(len(rows))), ticktext=rows, showgrid=False, ticksuffix=" ",
        fixedrange=True,
    )  # fmt: skip
    legend = 26 if value == "layout" else 0
    figure = styled(figure, dark, FRAME_PX + legend + ROW_PX * max(4, len(rows)))
    figure.update_layout(clickmode="event+select", dragmode=False)
    if failed:
        figure.update_yaxes(ticklabelstandoff=6)  # else the frame runs through the letters of the rows
        figure.add_shape(
            type="rect", xref="x domain", yref="y domain", x0=0, x1=1, y0=0, y1=1,
            line={"color": FAILED[dark], "width": 2},
        )  # fmt: skip
    if value == "layout":
        below = {"orientation": "h", "y": -0.02, "yanchor": "top", "x": 0, "font": {"size": 12}}
        figure.update_layout(showlegend=True, legend=below)
    out = int(mine["left_out"].sum())
    crossed = f" {plural(out, 'well')} left out, crossed." if out else ""
    named = VALUES[value].name.lower()
    return Chart(
        figure=figure,
        question=plate,
        caption=f"{told}{crossed}",
        summary=f"{named.capitalize()} of {plural(len(mine), 'well')} of {plate}. {told}{crossed}",
        table=_table(mine, value),
    )


def span(wells: pd.DataFrame, value: str) -> tuple[float, float]:
    """Ends of the colours for some wells: nearly all of their values, around zero where the value diverges."""
    known = wells.loc[wells["well_type"] != "empty", value].astype(float).dropna() if value in wells else pd.Series()
    kind = VALUES[value]
    if known.empty:
        return (-kind.least, kind.least) if kind.diverging else (0.0, kind.least or 1.0)
    low, high = (float(known.quantile(q)) for q in (0.01, 0.99))
    if kind.diverging:
        reach = max(abs(low), abs(high), kind.least)
        return -reach, reach
    if value == "percent":
        return 0.0, min(max(100.0, high), 150.0)  # a well that glows at 900 % would make all others look dead
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def diverging(dark: bool) -> list[list[Any]]:
    """Blue, white (on dark ground the ground), orange."""
    return [[0.0, BLUE], [0.5, "#2b363f" if dark else "#f4f6f8"], [1.0, SELECTED]]


def _valued(figure: go.Figure, wells: pd.DataFrame, value: str, marks: tuple[float, float], dark: bool) -> None:
    colours, kind = palette(dark), VALUES[value]
    known = wells[wells[value].notna()]
    bar = {
        "orientation": "h", "thickness": 8, "len": 0.62, "y": -0.03, "yanchor": "top", "x": 0.5, "outlinewidth": 0,
        "title": {"text": kind.label, "side": "top", "font": {"size": 12}}, "tickfont": {"size": 12}, "nticks": 5,
    }  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=known["column"], y=known["y"], mode="markers", customdata=known["well"],
            marker={
                "symbol": "square", "size": 13, "color": known[value], "cmin": marks[0], "cmax": marks[1],
                "colorscale": diverging(dark) if kind.diverging else SEQUENTIAL, "showscale": True, "colorbar": bar,
            },
            **_plain(known, value),
        )
    )  # fmt: skip
    rest = wells[wells[value].isna()]
    if len(rest):
        figure.add_trace(
            go.Scatter(
                x=rest["column"], y=rest["y"], mode="markers", customdata=rest["well"],
                marker={
                    "symbol": "square-open", "size": 11, "color": colours.muted, "line": {"width": 1}, "opacity": 0.6
                },
                **_plain(rest, value),
            )
        )  # fmt: skip


def _kinds(figure: go.Figure, wells: pd.DataFrame, colours: Palette) -> None:
    for kind, name, colour, symbol in well_kinds(colours):
        group = wells[wells["well_type"] == kind]
        if len(group):
            figure.add_trace(
                go.Scatter(
                    x=group["column"], y=group["y"], mode="markers", name=f"{name} ({len(group)})",
                    customdata=group["well"], marker={"size": 11, "color": colour, "symbol": symbol},
                    **_plain(group, "layout"),
                )
            )  # fmt: skip


def _over(figure: go.Figure, wells: pd.DataFrame, selected: str, colours: Palette, dark: bool) -> None:
    """Crosses over what is left out, rings around what is suspect, the selected well in orange."""
    layers: tuple[tuple[pd.DataFrame, dict[str, Any]], ...] = (
        (wells[wells["left_out"]], {"symbol": "x-thin", "size": 9, "line": {"width": 1.6, "color": FAILED[dark]}}),
        (
            wells[(wells["reason"] != "") & ~wells["left_out"]],
            {"symbol": "square-open", "size": 16, "line": {"width": 2, "color": FAILED[dark]}},
        ),
        (
            wells[wells["well"] == selected],
            {"symbol": "square-open", "size": 17, "line": {"width": 3, "color": SELECTED}},
        ),
    )
    for group, marker in layers:
        if len(group):
            marker = {**marker, "color": marker["line"]["color"]}
            figure.add_trace(
                go.Scatter(
                    x=group["column"], y=group["y"], mode="markers", marker=marker, customdata=group["well"],
                    showlegend=False, **_plain(group, "percent"),
                )
            )  # fmt: skip


def _plain(wells: pd.DataFrame, value: str) -> dict[str, Any]:
    """What the pointer tells, and that a click changes no mark: the page draws the choice itself."""
    return {
        "text": [_told(well, value) for well in wells.itertuples(index=False)],
        "hovertemplate": "%{text}<extra></extra>",
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
    }


def _told(well: Any, value: str) -> str:
    lines = [f"<b>{content(well)}</b>"]
    if value != "layout":
        kind = VALUES[value]
        lines.append(f"{kind.label}: {number(float(getattr(well, value)))}")
    if value not in ("percent", "layout") and np.isfinite(float(well.percent)):
        lines.append(f"Viability: {number(float(well.percent))} %")
    if well.left_out:
        lines.append("left out")
    return "<br>".join(lines)


def _table(wells: pd.DataFrame, value: str) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "Well": wells["well"], "Kind": wells["well_type"].str.replace("_", " "), "Treatment": wells["treatment"],
            "Dose, nM": wells["conc_nm"].astype(float), "Replicate": wells["replicate"],
        }
    )  # fmt: skip
    if value != "layout":
        table[VALUES[value].label] = wells[value].astype(float)
    return table.assign(**{"Left out": np.where(wells["left_out"], "yes", ""), "Remark": wells["reason"]})
