"""A patient beside others, and a patient with one mutation more or less."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.patient import FRAME_PX, ROW_PX, Z_AXIS, Z_WORDS
from engine.figures.template import Chart, palette, styled
from engine.figures.text import count, number, plural

ROWS = 14  # drugs drawn; the table has all
# Told apart by colour and by shape: open marks, because all are predicted.
MARKS = (("circle", "#0f8b8d"), ("square", "#e07b1a"), ("diamond", "#5b6fb5"), ("triangle-up", "#8e5aa8"))
MARKS_DARK = (("circle", "#2fb5b3"), ("square", "#f0883a"), ("diamond", "#8fa0e6"), ("triangle-up", "#c290dd"))


def compare_chart(compared: pd.DataFrame, labels: Sequence[str], order: str, context: str, dark: bool = False) -> Chart:
    """Predicted z-scores of two to four patients or timepoints, drug by drug.

    compared: columns drug, spread and one z-score per label, in the order to be drawn. order: what that is, in words.
    """
    colours, marks = palette(dark), MARKS_DARK if dark else MARKS
    shown = compared.head(ROWS)
    places = list(range(len(shown)))
    values = shown[list(labels)].to_numpy(float)
    figure = go.Figure()
    ends = np.column_stack(
        [np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1), np.full(len(shown), np.nan)]
    )
    figure.add_trace(_lines(ends, places, colours.grid, 3))
    for label, column, (symbol, colour) in zip(labels, values.T, marks, strict=False):
        figure.add_trace(
            go.Scatter(
                x=column.round(3),
                y=places,
                mode="markers",
                name=escape(label),
                text=[
                    f"{escape(drug)}: {escape(label)} z {number(float(z))}"
                    for drug, z in zip(shown["drug"], column, strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
                marker={"symbol": symbol, "size": 10, "color": colours.ground, "line": {"color": colour, "width": 2}},
            )
        )
    figure.add_vline(0, line={"color": colours.muted, "width": 1}, layer="below")
    _rows(figure, list(shown["drug"]))
    figure.update_xaxes(title_text=Z_AXIS)
    first = compared.iloc[compared["spread"].abs().fillna(-1).to_numpy(float).argmax()]  # never measured: no spread
    height = FRAME_PX + 30 + ROW_PX * max(len(shown), 3)
    styled(figure, dark, height).update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom", "itemclick": False},
    )
    return Chart(
        figure=figure,
        question="Where do they differ?",
        caption=f"{count(len(shown))} of {plural(len(compared), 'drug')}, {order}; {context}. All predicted. {Z_WORDS}",
        summary=f"Predicted z-scores of {', '.join(labels)}. They differ most in {first['drug']}: "
        + ", ".join(f"{label} {number(float(first[label]))}" for label in labels)
        + ".",
        table=compared[["drug", *labels, "spread"]].rename(
            columns={"drug": "Drug", "spread": "Spread of z", **{label: f"z of {label}" for label in labels}}
        ),
    )


def what_if_chart(changes: pd.DataFrame, what: str, context: str, dark: bool = False) -> Chart:
    """The drugs whose prediction changes most.

    changes: not empty; columns drug, ln_ic50_before, ln_ic50_after, change, z_before, z_after, the largest |change|
    first. what: the change in words ("with KRAS p.G12D").
    """
    colours = palette(dark)
    shown = changes.dropna(subset=["z_before", "z_after"]).head(ROWS)
    bare = int(changes[["z_before", "z_after"]].isna().any(axis=1).sum())
    unmeasured = f" {count(bare)} without measured lines have no z-score and are not drawn." if bare else ""
    places = list(range(len(shown)))
    before, after = shown["z_before"].to_numpy(float), shown["z_after"].to_numpy(float)
    figure = go.Figure()
    figure.add_trace(_lines(np.column_stack([before, after, np.full(len(shown), np.nan)]), places, colours.grid, 3))
    texts = [
        f"{escape(row.drug)}: ln(IC50) {number(row.ln_ic50_before)} to {number(row.ln_ic50_after)}"
        for row in shown.itertuples()
    ]
    towards = np.where(after < before, colours.sensitive, colours.resistant)
    for name, values, size, outline in (("before", before, 7, colours.muted), ("after", after, 11, towards)):
        figure.add_trace(
            go.Scatter(
                x=values.round(3),
                y=places,
                mode="markers",
                name=name,
                text=texts,
                hovertemplate="%{text}<extra></extra>",
                marker={"size": size, "color": colours.ground, "line": {"color": outline, "width": 2}},
            )
        )
    figure.add_vline(0, line={"color": colours.muted, "width": 1}, layer="below")
    _rows(figure, list(shown["drug"]))
    figure.update_xaxes(title_text=Z_AXIS)
    first = changes.iloc[0]
    columns = {
        "drug": "Drug",
        "change": "Change of ln(IC50), µM",
        "ln_ic50_before": "ln(IC50) before, µM",
        "ln_ic50_after": "ln(IC50) after, µM",
        "z_before": "z before",
        "z_after": "z after",
    }
    return Chart(
        figure=styled(figure, dark, FRAME_PX + ROW_PX * max(len(shown), 3)),
        question="Which drugs change most?",
        caption=f"{count(len(shown))} of {plural(len(changes), 'drug')}, {what}; {context}. Small: before. "
        f"Large: after, teal where more sensitive. {Z_WORDS}{unmeasured}",
        summary=f"{what[:1].upper()}{what[1:]}, the largest change is that of {first['drug']}: predicted ln(IC50) "
        f"{number(float(first['ln_ic50_before']))} to {number(float(first['ln_ic50_after']))}.",
        table=changes[list(columns)].rename(columns=columns),
    )


def _lines(ends: np.ndarray, places: list[int], colour: str, width: float) -> go.Scatter:
    """One stroke per row; ends: (rows, 3), the last a gap."""
    return go.Scatter(
        x=ends.ravel().round(3),
        y=np.column_stack([places, places, places]).ravel(),
        mode="lines",
        line={"color": colour, "width": width},
        hoverinfo="skip",
        showlegend=False,
    )


def _rows(figure: go.Figure, drugs: list[str]) -> None:
    figure.update_yaxes(
        tickvals=list(range(len(drugs))),
        ticktext=[escape(name) for name in drugs],
        range=[max(len(drugs), 3) - 0.4, -0.6],
        ticksuffix="  ",
        showgrid=False,
    )
