"""What an addition changes of every drug: excess over Bliss with its interval, and one drug alone and with it.

Effects here are inhibition in percent of what vehicle wells do, so that alone and together stand on one scale.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.combination_words import (
    VERDICTS,
    combination_table,
    points,
    points_within,
    row_names,
    verdict_words,
)
from engine.figures.curve_panels import Line, Panel
from engine.figures.forest import FAILED, Mark, Row, forest
from engine.figures.screen_curves import Limits, dose_ticks, legend, limits, points_table, traces, translucent
from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import cut, in_figure, number, plural
from engine.spheroid.combinations import Combinations, verdicts

MANY = 24  # rows from which on the picture scrolls, its axis above
ROW_PX, TIGHT_PX, LEGEND_PX, AXIS_PX = 26, 21, 34, 46
OUTLYING = 0.8  # of the span of all means: an interval is cut that far beyond them
CURVE_PX = 340


def combination_forest(found: Combinations, context: str, drug: str = "", dark: bool = False) -> Chart:
    """Mean excess over Bliss of every drug and addition, in the order of `found.rows`; customdata: the drug.

    found: rows not empty. context: data, for the caption. drug: the chosen one, '' where its row shall not be ringed.
    """
    rows, colours = found.rows, palette(dark)
    told, names = verdicts(rows), row_names(rows)
    low, high = _ends(rows)
    looks = _looks(colours, dark)
    marks = [
        Mark(
            place, row.bliss, _within(row.bliss_lower, low, high), _within(row.bliss_upper, low, high), "",
            names[place], kind="predicted" if told[place] == "unsure" else "observed", failed=told[place] == "below",
            said=_hover(row, names[place], told[place]),
        )
        for place, row in enumerate(rows.itertuples())
    ]  # fmt: skip
    many = len(rows) > MANY
    height = LEGEND_PX + AXIS_PX + (TIGHT_PX if many else ROW_PX) * len(rows)
    shown = [Row(place, in_figure(name, 34)) for place, name in enumerate(names)]
    figure = forest(marks, shown, "Excess over Bliss, percent points", dark, reference=0, height=height, room=0.06)
    drawn = [trace for trace in figure.data if trace.mode == "markers"]
    # `forest` draws its kinds one after the other: open, filled, outlined as failed.
    for trace, verdict in zip(drawn, [one for one in ("unsure", "above", "below") if one in set(told)], strict=True):
        _look(trace, verdict, rows[told == verdict], *looks[verdict][:2])
    mine = rows.index[rows["drug"] == drug]
    if len(mine):
        figure.add_scatter(
            x=rows["bliss"][mine], y=list(mine), mode="markers", hoverinfo="skip",
            marker={"symbol": "circle-open", "size": 19, "color": SELECTED, "line": {"width": 2}},
        )  # fmt: skip
    _values(figure, rows)
    figure.add_trace(_whole_rows(rows, marks, figure.layout.xaxis.range))
    figure.update_yaxes(showgrid=True)  # plotly leaves it out below bars
    figure.update_xaxes(side="top" if many else "bottom")
    top, bottom = (LEGEND_PX + AXIS_PX, 8) if many else (LEGEND_PX, AXIS_PX)
    figure.update_layout(
        margin={"t": top, "b": bottom, "l": 8, "r": 8},
        title={
            "text": _legend(told, looks), "font": {"size": 13}, "automargin": False, "pad": {"t": 8, "l": 8},
            "xref": "container", "x": 0, "xanchor": "left", "yref": "container", "y": 1, "yanchor": "top",
        },
    )  # fmt: skip
    few = int(rows["bliss_lower"].isna().sum())
    return Chart(
        figure=figure,
        question="What does the addition change?",
        caption=f"{plural(len(rows), 'combination')}, {context}. Means over the doses measured both ways; lines: 95 % "
        "intervals by the scatter of replicates. What the controls are uncertain by would move all rows together and "
        "is not in them. Surely: the whole interval on one side of Bliss, and the mean on the same side of HSA. "
        "From the top: the surest above both."
        + (" The picture scrolls." if many else "")
        + (f" {plural(few, 'row')} without replicates, so without an interval." if few else ""),
        summary=verdict_words(found),
        table=combination_table(rows),
    )


def _ends(rows: pd.DataFrame) -> tuple[float, float]:
    """How far intervals are drawn: one of two wells can be ten times as wide as all others."""
    low, high = min(0.0, rows["bliss"].min()), max(0.0, rows["bliss"].max())
    room = OUTLYING * max(high - low, 10.0)
    return low - room, high + room


def _within(value: float, low: float, high: float) -> float | None:
    return min(max(value, low), high) if math.isfinite(value) else None


def _hover(row: Any, name: str, verdict: str) -> str:
    doses = f"{plural(row.n_doses, 'dose')}, dcDSS {number(row.dcdss)} ({number(row.dss_alone)} alone)"
    models = f"HSA {points(row.hsa)}, ZIP {points(row.zip)}, Loewe {points(row.loewe)}"
    return f"<b>{in_figure(name)}</b><br>{VERDICTS[verdict]}<br>Bliss {points_within(row)}<br>{models}<br>{doses}"


def _looks(colours: Palette, dark: bool) -> dict[str, tuple[str, str, str]]:
    """Verdict -> colour, symbol, and the sign that stands for it in a line of text."""
    return {
        "above": (colours.sensitive, "circle", "●"),
        "unsure": (colours.resistant, "circle-open", "○"),
        "below": (FAILED[dark], "diamond", "◆"),
    }


def _legend(told: pd.Series, looks: dict[str, tuple[str, str, str]]) -> str:
    """As a line of text: plotly breaks a legend where the plot is narrow, and takes the room from the rows."""
    counted = told.value_counts()
    return "&nbsp;&nbsp;&nbsp; ".join(
        f'<span style="color: {looks[one][0]}; font-size: 17px">{looks[one][2]}</span> {VERDICTS[one]} ({counted[one]})'
        for one in VERDICTS if one in counted
    )  # fmt: skip


def _look(trace: go.Scatter, verdict: str, rows: pd.DataFrame, colour: str, symbol: str) -> None:
    trace.update(
        name=VERDICTS[verdict], customdata=rows["drug"],
        error_x={"color": colour}, cliponaxis=False, unselected={"marker": {"opacity": 1}},
        hoverinfo="skip", hovertemplate=None,  # the whole row answers, `_whole_rows`
        marker={
            "symbol": symbol, "size": 10, "color": colour, "line": {"color": colour, "width": 2},
        },
    )  # fmt: skip


def _values(figure: go.Figure, rows: pd.DataFrame) -> None:
    """Every number with its interval in a column at the right edge, as wide as it must be and no wider."""
    text = [points_within(one) for one in rows.itertuples()]
    figure.add_scatter(x=[0], y=[0], yaxis="y2", mode="markers", marker={"opacity": 0}, hoverinfo="skip")
    figure.update_layout(
        yaxis2={
            "overlaying": "y", "side": "right", "range": figure.layout.yaxis.range, "tickvals": list(range(len(rows))),
            "ticktext": text, "showgrid": False, "tickprefix": "  ",
        }
    )  # fmt: skip


def _whole_rows(rows: pd.DataFrame, marks: Sequence[Mark], ends: tuple[float, float]) -> go.Bar:
    """Nothing to be seen until it is clicked: a row answers to the pointer wherever it is touched."""
    return go.Bar(
        x=[ends[1] - ends[0]] * len(rows), base=ends[0], y=list(range(len(rows))), width=1, orientation="h",
        marker={"color": "rgba(0,0,0,0)", "line": {"width": 0}}, customdata=rows["drug"],
        hovertext=[mark.hover for mark in marks], hoverinfo="text",
        selected={"marker": {"color": translucent(SELECTED, 0.25)}}, unselected={"marker": {"opacity": 0}},
    )  # fmt: skip


@dataclass(frozen=True)
class Arm:
    """One drug with an addition. panel: its wells and fit, against controls that hold the addition, as it is scored.
    row: of `Combinations.rows`. doses: its rows of `Combinations.doses`."""

    panel: Panel
    row: pd.Series
    doses: pd.DataFrame


def arm_charts(alone: Panel, arms: Sequence[Arm], context: str, dark: bool = False) -> list[Chart]:
    """The drug alone and with every addition, on one scale and the same axes. A point's customdata is drug and well.

    alone: the drug without an addition.
    """
    moved = [_of_vehicle(arm.panel, float(arm.row["addition_percent"])) for arm in arms]
    heights = [*(arm.doses[["bliss", "hsa"]].to_numpy() for arm in arms)]
    both = limits([alone, *moved])
    reach = np.concatenate([*(one.ravel() for one in heights), [both.y[0], both.y[1]]])
    own = Limits(both.x, (float(max(reach.min(), both.y[0] - 40)), float(min(reach.max(), both.y[1] + 40))))
    lines = [(str(arm.row["addon"]), float(arm.row["addition_percent"])) for arm in arms]
    first = Chart(
        figure=_figure(alone, own, lines, dark),
        question=f"How does {cut(alone.drug)} act alone?",
        caption=f"{plural(len(alone.points), 'well')}, {context}. {_marks(alone)} {_levels(lines)}",
        summary=f"{cut(alone.drug)} alone: DSS {number(arms[0].row['dss_alone'])}.",
        table=points_table([alone]),
    )
    return [first, *(_together(arm, panel, own, context, dark) for arm, panel in zip(arms, moved, strict=True))]


def _together(arm: Arm, panel: Panel, own: Limits, context: str, dark: bool) -> Chart:
    addon, row = str(arm.row["addon"]), arm.row
    figure = _figure(panel, own, [(addon, float(row["addition_percent"]))], dark)
    colours, doses = palette(dark), arm.doses.sort_values("conc_nm")
    for name, words, dash in (("hsa", "HSA expects", "dot"), ("bliss", "Bliss expects", "dash")):
        figure.add_scatter(
            x=np.log10(doses["conc_nm"].astype(float)), y=doses[name].clip(*own.y).round(2), mode="lines+markers",
            name=words, line={"color": colours.text, "width": 1.5, "dash": dash}, customdata=doses[name],
            marker={"symbol": "line-ew", "size": 11, "line": {"color": colours.text, "width": 2}},
            hovertemplate=f"{words} %{{customdata:.1f}} %<extra></extra>",
        )  # fmt: skip
    return Chart(
        figure=figure,
        question=f"And with {cut(addon)}?",
        caption=f"{plural(len(panel.points), 'well')}, {context}. {_marks(panel)} Dashed: what Bliss expects of both, "
        "of the effects measured alone; dotted: HSA, the stronger of both alone. "
        f"{_levels([(addon, float(row['addition_percent']))])}",
        summary=f"{cut(panel.drug)} with {cut(addon)}: {points_within(row)} percent points over Bliss, "
        f"dcDSS {number(row['dcdss'])}, {plural(int(row['n_doses']), 'dose')}.",
        table=dose_table(doses),
    )


def dose_table(doses: pd.DataFrame) -> pd.DataFrame:
    """`Combinations.doses` of one drug and addition under their names on screen."""
    return pd.DataFrame(
        {
            "Dose, nM": doses["conc_nm"],
            "Alone, %": doses["alone"],
            "Together, %": doses["both"],
            "Bliss expects, %": doses["bliss"],
            "HSA expects, %": doses["hsa"],
            "Over Bliss, points": doses["both"] - doses["bliss"],
            "Over HSA, points": doses["both"] - doses["hsa"],
        }
    ).reset_index(drop=True)


def _of_vehicle(panel: Panel, percent: float) -> Panel:
    """A panel against controls with the addition as one against vehicle. percent: inhibition by the addition alone."""
    rest = 1 - percent / 100
    points = panel.points.assign(inhibition=percent + rest * panel.points["inhibition"])
    main = panel.main and replace(panel.main, y=percent + rest * panel.main.y, counted=percent + rest * panel.main.y)
    return replace(panel, points=points, main=main, others=())


def _figure(panel: Panel, own: Limits, levels: Sequence[tuple[str, float]], dark: bool) -> go.Figure:
    """Points, fit and what the additions do alone; no shaded area: what a score counts is on its own scale."""
    colours = palette(dark)
    figure = go.Figure()
    for addon, percent in levels:
        figure.add_scatter(
            x=list(own.x), y=[percent, percent], mode="lines", line={"color": colours.muted, "width": 1},
            hovertemplate=f"{in_figure(addon)} alone: {number(percent)} %<extra></extra>",
        )  # fmt: skip
    if isinstance(panel.main, Line):
        colour = colours.sensitive if panel.row["hit"] else colours.resistant
        figure.add_scatter(
            x=panel.main.x.round(4), y=panel.main.y.round(2), mode="lines", line={"color": colour, "width": 2},
            hovertemplate="%{y:.1f} %, fit<extra></extra>",
        )  # fmt: skip
    for trace in traces(replace(panel, main=None, others=()), own, colours, small=False):
        figure.add_trace(trace)
    figure.update_yaxes(title_text="Inhibition, % of vehicle", range=list(own.y))
    figure.update_xaxes(title_text="Dose, nM", range=list(own.x), **dose_ticks(own.x))
    return styled(figure, dark, CURVE_PX)


def _marks(panel: Panel) -> str:
    fit = "Line: fit." if panel.main else f"No fit: {panel.reason or 'this readout is not scored'}."
    return f"{legend([replace(panel, main=None, others=())])} {fit}"


def _levels(levels: Sequence[tuple[str, float]]) -> str:
    return "Thin: " + ", ".join(f"{cut(addon, 30)} alone, {number(percent)} %" for addon, percent in levels) + "."
