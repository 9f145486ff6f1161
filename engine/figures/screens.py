"""Spheroid screens at a glance: how well the controls of every plate are told apart, and the words of quality."""

from collections.abc import Sequence
from html import escape
from textwrap import wrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.forest import FAILED
from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import in_figure, number, plural
from engine.spheroid.quality_limits import ADDON, MEASURES, Z_PRIME
from engine.spheroid.settings import MODALITIES

ROW_PX, FRAME_PX = 58, 84
LOWEST = -1.0  # Z' has no lower end; below this a plate is as unusable, and would squeeze the others
NAMED = 4  # plates of a screen
SPREAD = 0.52  # of a screen's row, shared by its plates
STATES = {
    "imported": "Imported",
    "trained": "Trained",
    "scored": "Scored",
    "in_review": "In review",
    "signed_off": "Signed off",
}
VERDICTS = {"good": "Good", "doubtful": "Doubtful", "bad": "Bad", "unknown": "Unknown"}
SEPARATION = {"good": "excellent", "doubtful": "marginal", "bad": "unusable", "unknown": "not defined"}


def measure_name(measure: str) -> str:
    """A measure as it stands on screen; of a combination screen with the added drug."""
    name, _, addon = measure.partition(ADDON)
    shown = MEASURES.get(name, name.replace("_", " "))
    shown = shown[:1].upper() + shown[1:]
    return f"{shown}, with {addon}" if addon else shown


def modality_words(modality: str) -> str:
    """images, phase III: within a sentence."""
    return MODALITIES.get(modality, modality)


def modality_name(modality: str) -> str:
    """Images, phase III."""
    shown = modality_words(modality)
    return shown[:1].upper() + shown[1:]


def separation(rows: pd.DataFrame, names: Sequence[str], context: str, dark: bool = False) -> Chart:
    """Z' of every plate, one row a screen.

    rows: screen, plate, modality, value, verdict, reason of the measure z_prime, no whole screens. names: the screens
    in their order from the top, those without a value too. context: data, for the caption.
    """
    colours = palette(dark)
    place = {name: i for i, name in enumerate(names)}
    rows = rows[rows["screen"].isin(place)].reset_index(drop=True)
    height = rows["screen"].map(place).astype(float)
    of, plates = rows.groupby("screen")["plate"].rank(method="first"), rows.groupby("screen")["plate"].transform("size")
    rows = rows.assign(plates=plates, y=height + SPREAD * ((of - 1) / (plates - 1).clip(lower=1) - 0.5) * (plates > 1))
    figure = go.Figure()
    for verdict in VERDICTS:
        group = rows[(rows["verdict"] == verdict) & rows["value"].notna()]
        if len(group):
            figure.add_trace(_dots(group, verdict, colours, dark))
    figure.add_vrect(Z_PRIME.good, 1.0, fillcolor=colours.sensitive, opacity=0.08, line_width=0, layer="below")
    for limit in Z_PRIME:
        figure.add_vline(limit, line={"color": colours.muted, "width": 1, "dash": "dot"})
    for x, word in ((0.75, "excellent"), (0.25, "marginal"), (LOWEST / 2, "unusable")):
        figure.add_annotation(
            x=x, y=1.0, yref="paper", yanchor="bottom", text=word, showarrow=False, font={"color": colours.muted}
        )
    judged = set(rows.loc[rows["value"].notna(), "screen"])
    for name in [name for name in names if name not in judged]:
        figure.add_annotation(
            x=0.02, y=place[name], xanchor="left", text="not judged by this readout", showarrow=False,
            font={"color": colours.muted}, bgcolor=colours.ground,
        )  # fmt: skip
    figure.update_xaxes(title_text="Z' of the controls of a plate", range=[LOWEST - 0.06, 1.04], dtick=0.5)
    figure.update_yaxes(
        range=[len(names) - 0.5, -0.5], tickvals=list(range(len(names))), ticktext=[in_figure(name) for name in names],
        showgrid=False, ticksuffix="  ",
    )  # fmt: skip
    figure = styled(figure, dark, FRAME_PX + ROW_PX * max(2, len(names))).update_layout(margin={"t": 26})
    told = "; ".join(_told(name, rows[rows["screen"] == name]) for name in names)
    return Chart(
        figure=figure,
        question="Can living and killed controls be told apart?",
        caption=f"{plural(int(rows['value'].notna().sum()), 'plate')} of {plural(len(judged), 'screen')}, {context}. "
        f"Dotted: Z' of 0 and {Z_PRIME.good:g}. Filled teal: excellent, grey: marginal, outlined in red: unusable.",
        summary=f"Z' per plate. {told}.",
        table=rows[["screen", "plate", "modality", "value", "verdict", "reason"]].rename(columns=str.capitalize),
    )


def _dots(rows: pd.DataFrame, verdict: str, colours: Palette, dark: bool) -> go.Scatter:
    fill = {"good": colours.sensitive, "bad": colours.ground}.get(verdict, colours.resistant)
    edge = FAILED[dark] if verdict == "bad" else fill
    below = rows["value"] < LOWEST
    plates = "  " + rows["plate"].map(in_figure)
    labels = np.where(below, plates + " ← " + rows["value"].map(number), plates)
    # Names of many plates would cover each other: then only those that need a look.
    labels = np.where((rows["plates"] > NAMED) & (rows["verdict"] == "good"), "", labels)
    return go.Scatter(
        x=rows["value"].clip(lower=LOWEST),
        y=rows["y"],
        mode="markers+text",
        marker={"size": 12, "color": fill, "line": {"width": 2, "color": edge}},
        text=labels,
        textposition="middle right",
        textfont={"color": colours.text, "size": 12},
        cliponaxis=False,
        customdata=rows["screen"],
        hovertext=[
            f"{in_figure(row.screen)} {in_figure(row.plate)}: Z' {number(row.value)}, {SEPARATION[row.verdict]}<br>"
            + "<br>".join(map(escape, wrap(str(row.reason), 60)))
            for row in rows.itertuples()
        ],
        hoverinfo="text",
    )


def _told(name: str, rows: pd.DataFrame) -> str:
    if rows.empty:
        return f"{name}: not judged"
    each = (
        f"{row.plate} {number(float(str(row.value)))} ({SEPARATION[str(row.verdict)]})" for row in rows.itertuples()
    )
    return f"{name}: {', '.join(each)}"


LAYOUT_PX = 300


def layout_map(wells: pd.DataFrame, plate: str, context: str, dark: bool = False) -> Chart:
    """What is in every well of one plate. wells: WELL_COLUMNS; empty wells are left white."""
    colours = palette(dark)
    mine = wells[(wells["plate"] == plate) & (wells["well_type"] != "empty")]
    rows = sorted(mine["row"].unique(), key=lambda row: (len(row), row))
    place = {row: i for i, row in enumerate(rows)}
    figure = go.Figure()
    for kind, name, colour, symbol in well_kinds(colours):
        group = mine[mine["well_type"] == kind]
        if len(group):
            figure.add_trace(
                go.Scatter(
                    x=group["column"],
                    y=group["row"].map(place),
                    mode="markers",
                    name=f"{name} ({len(group)})",
                    marker={"size": 9, "color": colour, "symbol": symbol},
                    text=[content(well) for well in group.itertuples()],
                    hovertemplate="%{text}<extra></extra>",
                )
            )
    figure.update_xaxes(side="top", showgrid=False, dtick=2 if mine["column"].nunique() > 12 else 1)
    figure.update_yaxes(
        range=[len(rows) - 0.4, -0.6], tickvals=list(range(len(rows))), ticktext=rows, showgrid=False, ticksuffix=" "
    )
    figure = styled(figure, dark, max(LAYOUT_PX, 90 + 15 * len(rows)))
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.04, "yanchor": "top", "x": 0})
    counts = mine["well_type"].value_counts()
    told = ", ".join(f"{counts[kind]} {name.lower()}" for kind, name, _, _ in well_kinds(colours) if kind in counts)
    columns = ["row", "column", "well_type", "treatment", "conc_nm", "replicate", "addon", "addon_nm"]
    return Chart(
        figure=figure,
        question=f"What is in the wells of {plate}?",
        caption=f"{plural(len(mine), 'well')} with cells, {context}.",
        summary=f"{plate}: {told}.",
        table=mine[columns].reset_index(drop=True),
    )


def well_kinds(colours: Palette) -> tuple[tuple[str, str, str, str], ...]:
    """Of every kind of well: well type, name, colour and symbol."""
    return (
        ("therapy", "Drug", colours.sensitive, "square"),
        ("negative", "Negative control", colours.text, "circle"),
        ("positive", "Positive control", SELECTED, "circle"),
        ("metabolic_positive", "Positive, metabolic", "#b58900", "diamond"),
        ("series", "Series of the positive", "#8e5aa8", "triangle-up"),
        ("untreated", "Untreated", colours.resistant, "circle-open"),
        ("other", "Other", colours.resistant, "x"),
    )


def content(well: object) -> str:
    """B02: Olaparib, 1,000 nM, for a figure. well: a row with row, column, treatment, conc_nm and well_type."""
    conc = getattr(well, "conc_nm", float("nan"))
    dose = "" if not np.isfinite(conc) else f", {number(float(conc))} nM"
    treatment = getattr(well, "treatment", "") or str(getattr(well, "well_type", "")).replace("_", " ")
    return f"{getattr(well, 'row', '')}{int(getattr(well, 'column', 0)):02d}: {in_figure(treatment)}{dose}"
