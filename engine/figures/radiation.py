"""SF2 predicted beside SF2 measured, in both protocols; and every model beside the baselines in both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from engine.figures.radiation_tables import beside_table
from engine.figures.radiation_words import (
    FRACTIONS,
    LOWER_IS_BETTER,
    MEASURE_NAMES,
    PROTOCOL_NAMES,
    is_baseline,
    model_name,
    shown_interval,
    shown_value,
)
from engine.figures.template import Chart, Palette, palette, styled
from engine.figures.text import number, plural
from engine.radiation.settings import CORRECT_RELATIVE

HEIGHT = 380
ROW_PX, FRAME_PX = 34, 100
THINGS = {"sample": ("array", "arrays"), "line": ("cell line", "cell lines")}


@dataclass(frozen=True)
class Part:
    """One protocol of a chart. rows: of `shown.samples` or `shown.lines`, of one model. simulated: its data are."""

    protocol: str
    rows: pd.DataFrame
    simulated: bool = False


def predicted_vs_measured(parts: Sequence[Part], model: str, level: str, context: str, dark: bool = False) -> Chart:
    """Measured against predicted SF2, one panel per protocol, with the identity line and its 10 % band.

    level: sample | line, what a point is. context: data, for the caption.
    """
    colours, both = palette(dark), pd.concat([part.rows for part in parts])
    low, high = 0.0, 1.03 * float(np.nanmax([*both["observed"], *both["mean"], *both["upper"].fillna(0), 0.1]))
    titles = [PROTOCOL_NAMES[part.protocol] for part in parts]
    figure = make_subplots(1, len(parts), shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=titles)
    for column, part in enumerate(parts, 1):
        for trace in (*_frame(low, high, colours), *_points(part.rows, level, colours)):
            figure.add_trace(trace, 1, column)
    figure.update_xaxes(title_text="Measured SF2", range=[low, high], dtick=0.2)
    figure.update_yaxes(range=[low, high], dtick=0.2)
    figure.update_yaxes(title_text="Predicted SF2", col=1)
    one, many = THINGS[level]
    told = ", ".join(f"{plural(len(part.rows), one, many)} ({PROTOCOL_NAMES[part.protocol].lower()})" for part in parts)
    lines = " Thin lines: 90 % intervals." if both["lower"].notna().any() and level == "line" else ""
    return Chart(
        figure=_titled(styled(figure, dark, HEIGHT)),
        question="Do predictions follow the measurements?",
        caption=f"{model_name(model)}, {context}. Held out: {told}. Line: identity, shaded: within 10 % of the "
        f"measured SF2. Filled: correct, open: not.{lines}",
        summary=" ".join(_told(part, model, many) for part in parts),
        table=beside_table([(part.protocol, part.rows) for part in parts], level),
    )


def _frame(low: float, high: float, colours: Palette) -> list[go.Scatter]:
    near, far = 1 - CORRECT_RELATIVE, 1 + CORRECT_RELATIVE
    band = go.Scatter(
        x=[low, high, high], y=[low, high * far, high * near], fill="toself", mode="lines", line={"width": 0},
        fillcolor=colours.grid, opacity=0.7, hoverinfo="skip",
    )  # fmt: skip
    line = {"color": colours.muted, "width": 1}
    return [band, go.Scatter(x=[low, high], y=[low, high], mode="lines", line=line, hoverinfo="skip")]


def _points(rows: pd.DataFrame, level: str, colours: Palette) -> list[go.Scatter]:
    """Correct ones filled, the others open; of lines with their intervals."""
    right = (rows["verdict"] == "correct").to_numpy()
    return [_trace(rows[kind], level, filled, colours) for kind, filled in ((~right, False), (right, True))]


def _trace(rows: pd.DataFrame, level: str, filled: bool, colours: Palette) -> go.Scatter:
    crowded = len(rows) > 120
    ends: dict[str, object] = {}
    if level == "line" and rows["lower"].notna().any():
        ends["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": (rows["upper"] - rows["mean"]).clip(lower=0).round(4).tolist(),
            "arrayminus": (rows["mean"] - rows["lower"]).clip(lower=0).round(4).tolist(),
            "color": f"rgba({', '.join(str(int(colours.resistant[i : i + 2], 16)) for i in (1, 3, 5))}, 0.45)",
            "thickness": 1,
            "width": 0,
        }
    said = [
        f"{getattr(row, level)} ({row.panel or 'no panel'})<br>measured {number(row.observed)}, predicted "
        f"{number(row.mean)}<br>relative error {100 * row.relative_error:.1f} %, {row.verdict}"
        for row in rows.itertuples()
    ]
    return go.Scatter(
        x=rows["observed"].round(4).tolist(),
        y=rows["mean"].round(4).tolist(),
        mode="markers",
        text=said,
        hovertemplate="%{text}<extra></extra>",
        marker={
            "size": 7 if crowded else 8,
            "color": colours.sensitive if filled else colours.ground,
            "opacity": 0.85,
            "line": {"color": colours.sensitive, "width": 1.5},
        },
        **ends,
    )


def _told(part: Part, model: str, things: str) -> str:
    rows = part.rows
    right = int((rows["verdict"] == "correct").sum())
    error = float(rows["absolute_error"].median()) if len(rows) else float("nan")
    return (
        f"{PROTOCOL_NAMES[part.protocol]}, {model_name(model)}: {right:,} of {len(rows):,} {things} predicted "
        f"correctly, median absolute error {number(error)} SF2."
    )


def models_beside(
    metrics: Mapping[str, pd.DataFrame], name: str, scope: str, selected: str, context: str, dark: bool = False
) -> Chart:
    """One measure of every model in both protocols, side by side: own models open circles, baselines dashes.

    metrics: protocol -> table `metric` of its run. scope: samples | lines. A small cross: labels permuted.
    """
    colours = palette(dark)
    tables = {protocol: _of(found, name, scope) for protocol, found in metrics.items()}
    first = tables.get("grouped", next(iter(tables.values())))
    order = list(first.sort_values("value", ascending=name in LOWER_IS_BETTER)["model"])
    order += [model for table in tables.values() for model in table["model"] if model not in order]
    places = {model: len(order) - i for i, model in enumerate(dict.fromkeys(order))}
    figure = make_subplots(
        1, len(tables), shared_yaxes=True, horizontal_spacing=0.06,
        subplot_titles=[PROTOCOL_NAMES[protocol] for protocol in tables],
    )  # fmt: skip
    floors = False
    for column, (protocol, table) in enumerate(tables.items(), 1):
        for baseline in (True, False):
            rows = table[table["model"].map(is_baseline) == baseline]
            figure.add_trace(_marks(rows, places, name, baseline, colours), 1, column)
        floor = _of(metrics[protocol], name, "permuted")
        floors = floors or not floor.empty
        figure.add_trace(_floor(floor, places, name, colours), 1, column)
        figure.update_xaxes(title_text=f"{MEASURE_NAMES[name]} (95 % interval)", row=1, col=column)
    names = [f"<b>{model_name(model)}</b>" if model == selected else model_name(model) for model in places]
    figure.update_yaxes(tickvals=list(places.values()), ticktext=names, range=[0.4, len(places) + 0.6])
    figure.update_yaxes(ticksuffix="  ", col=1)
    figure.update_xaxes(matches="x", **({"tickformat": ".0%"} if name in FRACTIONS else {}))
    one, many = THINGS["line" if scope == "lines" else "sample"]
    counted = "; ".join(
        f"{PROTOCOL_NAMES[protocol].lower()}: n {plural(int(table['n'].max()), one, many)}"
        for protocol, table in tables.items()
        if len(table)
    )
    crosses = " Crosses: labels of lines permuted." if floors else ""
    if name == "r" and any((table[table["model"] == "mean"]["value"] < 0).any() for table in tables.values()):
        crosses += " The mean's r is below 0 by construction: a high line left out lowers the mean that predicts it."
    return Chart(
        figure=_titled(styled(figure, dark, FRAME_PX + ROW_PX * max(len(places), 3))),
        question="What does each model know beyond the baselines?",
        caption=f"{context}, {counted}. Circles: own models. Dashes: baselines.{crosses}",
        summary=" ".join(
            f"{PROTOCOL_NAMES[protocol]}, {MEASURE_NAMES[name]}: "
            + ", ".join(f"{model_name(row.model)} {shown_value(name, row.value)}" for row in table.itertuples())
            + "."
            for protocol, table in tables.items()
        ),
        table=pd.concat(
            [
                pd.DataFrame(
                    {
                        "Model": [model_name(model) for model in table["model"]],
                        "Protocol": PROTOCOL_NAMES[protocol],
                        MEASURE_NAMES[name]: table["value"],
                        "95 % interval": [
                            shown_interval(name, a, b) for a, b in zip(table["lower"], table["upper"], strict=True)
                        ],
                        "n": table["n"],
                    }
                )
                for protocol, table in tables.items()
            ],
            ignore_index=True,
        ),
    )


def _of(metrics: pd.DataFrame, name: str, scope: str) -> pd.DataFrame:
    rows = metrics[(metrics["name"] == name) & (metrics["scope"] == scope)].dropna(subset=["value"])
    return rows.sort_values("value", ascending=name in LOWER_IS_BETTER, kind="stable")


def _marks(rows: pd.DataFrame, places: Mapping[str, int], name: str, baseline: bool, colours: Palette) -> go.Scatter:
    colour = colours.resistant if baseline else colours.sensitive
    known = rows["lower"].notna() & rows["upper"].notna()
    return go.Scatter(
        x=rows["value"].tolist(),
        y=[places[model] for model in rows["model"]],
        mode="markers+text",
        text=[shown_value(name, value) for value in rows["value"]],
        textposition="top center",
        textfont={"size": 11},
        cliponaxis=False,
        hovertext=[
            f"{model_name(row.model)}: {shown_value(name, row.value)} ({shown_interval(name, row.lower, row.upper)})"
            for row in rows.itertuples()
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (rows["upper"] - rows["value"]).where(known, 0).tolist(),
            "arrayminus": (rows["value"] - rows["lower"]).where(known, 0).tolist(),
            "color": colour,
            "thickness": 1.5,
            "width": 0,
        },
        marker={
            "symbol": "line-ns" if baseline else "circle",
            "size": 13 if baseline else 10,
            "color": colours.ground,
            "line": {"color": colour, "width": 2},
        },
    )


def _floor(rows: pd.DataFrame, places: Mapping[str, int], name: str, colours: Palette) -> go.Scatter:
    rows = rows[rows["model"].isin(list(places))]
    return go.Scatter(
        x=rows["value"].tolist(),
        y=[places[model] for model in rows["model"]],
        mode="markers",
        hovertext=[
            f"{model_name(row.model)}, labels permuted: {shown_value(name, row.value)}" for row in rows.itertuples()
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        marker={"symbol": "x-thin", "size": 7, "line": {"color": colours.muted, "width": 1.5}},
    )


def _titled(figure: go.Figure) -> go.Figure:
    """Room for the names of the protocols above their panels."""
    figure.update_annotations(font_size=13)
    return figure.update_layout(margin={"t": 30})
