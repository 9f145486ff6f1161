"""Scores against scores: two readouts of one screen, or two screens by one readout."""

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import in_figure, interval, number, plural
from engine.spheroid.score_compare import Compared
from engine.spheroid.settings import HIT_DSS

HEIGHT = 430
NAMED = 12  # mismatches with their name beside the mark; more would hide each other
QUIET: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False}


def score_scatter(
    found: Compared, names: tuple[str, str], question: str, context: str, drug: str = "", dark: bool = False
) -> Chart:
    """Every drug that both sides have scored; its customdata is its name.

    names: of the first side, which stands across, and the second. drug: the chosen one.
    """
    colours = palette(dark)
    rows = found.rows
    top = 1.08 * max(20.0, float(rows[["first", "second"]].to_numpy().max(initial=0.0)))
    low = -0.04 * top
    figure = go.Figure(
        [
            go.Scatter(
                x=[0, top], y=[0, top], mode="lines", line={"color": colours.muted, "width": 1}, name="equal", **QUIET
            )
        ]
    )
    for axis in ("add_vline", "add_hline"):
        place = {"x": HIT_DSS} if axis == "add_vline" else {"y": HIT_DSS}
        getattr(figure, axis)(**place, line={"color": colours.muted, "width": 1, "dash": "dot"})
    for verdict, label, marker in _looks(names, colours):
        figure.add_trace(_drugs(rows[rows["verdict"] == verdict], label, marker, names))
    mine = rows[rows["drug"] == drug]
    if len(mine):
        figure.add_scatter(
            x=mine["first"], y=mine["second"], mode="markers+text", text=mine["drug"].map(in_figure),
            textposition="bottom center",
            marker={"symbol": "circle-open", "size": 17, "color": SELECTED, "line": {"width": 2}}, name="chosen",
            cliponaxis=False, **QUIET,
        )  # fmt: skip
    _name(figure, rows[rows["drug"] != drug], top, colours)
    figure.update_xaxes(title_text=f"DSS, {in_figure(names[0])}", range=[low, top])
    figure.update_yaxes(title_text=f"DSS, {in_figure(names[1])}", range=[low, top])
    styled(figure, dark, HEIGHT)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"size": 12}}
    )
    return Chart(
        figure=figure,
        question=question,
        caption=f"{plural(found.n, 'drug')} scored by both, {context}. DSS_asym, 0 to 50; dotted: hit from "
        f"{HIT_DSS:g} on; line: equal scores.{_alone(found, names)}",
        summary=f"{agreement_words(found)} {mismatch_words(found, names)}",
        table=score_table(found, names),
    )


def _looks(names: tuple[str, str], colours: Palette) -> tuple[tuple[str, str, dict], ...]:
    edge = {"width": 2, "color": colours.sensitive}
    return (
        ("neither", "Hit in neither", {"size": 8, "color": colours.resistant}),
        ("both", "Hit in both", {"size": 9, "color": colours.sensitive}),
        (
            "first",
            f"Hit in {in_figure(names[0], 30)} only",
            {"size": 10, "symbol": "triangle-right-open", "line": edge},
        ),
        ("second", f"Hit in {in_figure(names[1], 30)} only", {"size": 10, "symbol": "triangle-up-open", "line": edge}),
    )


def _drugs(rows: pd.DataFrame, label: str, marker: dict, names: tuple[str, str]) -> go.Scatter:
    if "line" in marker:
        marker = {**marker, "color": marker["line"]["color"]}
    first, second = map(in_figure, names)
    return go.Scatter(
        x=rows["first"],
        y=rows["second"],
        mode="markers",
        marker=marker,
        name=f"{label} ({len(rows)})",
        customdata=rows["drug"],
        hovertext=[
            f"<b>{in_figure(row.drug)}</b><br>{first} {number(row.first)}<br>{second} {number(row.second)}"
            for row in rows.itertuples()
        ],
        hoverinfo="text",
        cliponaxis=False,
    )


def _name(figure: go.Figure, rows: pd.DataFrame, top: float, colours: Palette) -> None:
    """Names of the largest mismatches, where there is room for them."""
    told = rows[rows["verdict"].isin(("first", "second"))].head(NAMED)
    placed: list[tuple[float, float]] = []
    for row in told.itertuples():
        if any(abs(row.first - x) < 0.22 * top and abs(row.second - y) < 0.045 * top for x, y in placed):
            continue
        placed.append((row.first, row.second))
        left = row.first > 0.7 * top
        figure.add_annotation(
            x=row.first, y=row.second, text=in_figure(row.drug, 30), showarrow=False,
            xanchor="right" if left else "left",
            xshift=-9 if left else 9, font={"size": 12, "color": colours.text},
        )  # fmt: skip


def agreement_words(found: Compared) -> str:
    """Pearson's r with n and interval, or why there is none."""
    if math.isfinite(found.r):
        told = interval(found.lower, found.upper)
        return f"Pearson r {number(found.r, 2)} (95 % interval {told}; {plural(found.n, 'drug')})."
    if not found.n:
        return "No drug was scored by both."
    why = "too few for a correlation" if found.n < 5 else "no correlation, as one side does not vary"
    return f"{plural(found.n, 'drug')}: {why}."


def mismatch_words(found: Compared, names: tuple[str, str]) -> str:
    """Which drugs are a hit in one only."""
    parts = []
    for side, name in zip(("first", "second"), names, strict=True):
        drugs = found.rows.loc[found.rows["verdict"] == side, "drug"].tolist()
        if drugs:
            more = f" and {len(drugs) - 6} more" if len(drugs) > 6 else ""
            parts.append(f"{name} only: {', '.join(drugs[:6])}{more}")
    if not parts:
        return "No drug is a hit in one only." if found.n else ""
    return f"Hit in {'; in '.join(parts)}."


def _alone(found: Compared, names: tuple[str, str]) -> str:
    told = [
        f"{plural(len(drugs), 'drug')} by {name} only"
        for drugs, name in zip((found.alone_first, found.alone_second), names, strict=True)
        if drugs
    ]
    return f" Not shown: {', '.join(told)}." if told else ""


def score_table(found: Compared, names: tuple[str, str]) -> pd.DataFrame:
    """Drugs, the largest difference first."""
    words = {"both": "both", "first": f"{names[0]} only", "second": f"{names[1]} only", "neither": "neither"}
    rows = found.rows
    return pd.DataFrame(
        {
            "Drug": rows["drug"],
            f"DSS, {names[0]}": rows["first"],
            f"DSS, {names[1]}": rows["second"],
            "Difference": rows["difference"],
            "Hit in": np.array([words[verdict] for verdict in rows["verdict"]], dtype=object),
        }
    )
