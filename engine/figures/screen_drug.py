"""One drug of a screen, large: its curve, other readouts over it, and the images of its wells under their doses."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.curve_panels import Line, Panel
from engine.figures.screen_curves import Limits, dose_ticks, legend, limits, points_table, traces, words
from engine.figures.screens import modality_name, modality_words
from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import cut, in_figure, interval, number, plural

CURVE_PX, IMAGE_PX, AXIS_PX = 300, 104, 52
MARGIN = {"t": 12, "r": 12, "b": 8, "l": 8}
DASHES = {"dash": "dashed", "dot": "dotted", "dashdot": "dash and dot", "longdash": "long dashes"}


def drug_chart(
    panel: Panel,
    others: Sequence[tuple[str, Line]],
    thumbnails: Mapping[str, str] | None,
    well: str,
    context: str,
    dark: bool = False,
) -> Chart:
    """The curve of one drug. others: modality and fit of other readouts. thumbnails: well -> data URI of its image,

    None where no images are to be drawn; a well without one is drawn as an empty frame. well: the chosen one. A click
    gives drug and well as customdata, and of an image a third word.
    """
    colours = palette(dark)
    replicates = sorted(panel.points["replicate"].unique()) if thumbnails is not None else []
    pictures = IMAGE_PX * len(replicates)
    height = CURVE_PX + AXIS_PX + pictures
    step = _step(panel.points)
    own = limits([panel], 0.55 * step, [line for _, line in others])
    figure = go.Figure()
    for trace in traces(panel, own, colours, small=False):
        figure.add_trace(trace)
    for n, (modality, line) in enumerate(others):
        _other(figure, modality, line, colours, list(DASHES)[n % len(DASHES)])
    if well in set(panel.points["well"]):
        _ring(figure, panel.points[panel.points["well"] == well], own)
    # With images the names of the doses stand between curve and images, without them below the curve.
    inside = height - MARGIN["t"] - MARGIN["b"]
    lowest = (pictures + AXIS_PX) / inside if replicates else 0.0
    figure.update_yaxes(title_text="Inhibition, %", range=list(own.y), domain=[lowest, 1.0])
    ticks = dose_ticks(own.x)
    # A grid of the axis would run over the images.
    figure.update_xaxes(title_text="Dose, nM", range=list(own.x), anchor="y", showgrid=False, **ticks)
    for power in ticks["tickvals"]:
        figure.add_shape(
            type="line", x0=power, x1=power, y0=0, y1=1, yref="y domain", layer="below",
            line={"color": colours.grid, "width": 1},
        )  # fmt: skip
    if replicates:
        _pictures(figure, panel, replicates, thumbnails or {}, well, step, pictures / inside, colours)
    named = "".join(
        f" {dash.capitalize()}: {modality_words(one)}." for dash, (one, _) in zip(DASHES.values(), others, strict=False)
    )
    if replicates:
        named += (
            f" Images: {plural(len(thumbnails or {}), 'well')}, as the network sees them, one contrast for all. "
            "Click one for its well."
        )
    return Chart(
        figure=styled(figure, dark, height).update_layout(margin=MARGIN),
        question=f"How does {cut(panel.name)} act, dose by dose?",
        caption=f"{plural(len(panel.points), 'well')}, {context}. {legend([panel])}{named}",
        summary=f"{words(panel)}.",
        table=points_table([panel]),
    )


def _step(points: pd.DataFrame) -> float:
    """Between two doses, log10 units; 1 where there is one dose."""
    doses = np.unique(points["log_nm"].round(6))
    return float(np.diff(doses).min()) if len(doses) > 1 else 1.0


def _other(figure: go.Figure, modality: str, line: Line, colours: Palette, dash: str) -> None:
    figure.add_trace(
        go.Scatter(
            x=line.x.round(4), y=line.y.round(2), mode="lines",
            line={"color": colours.text, "width": 1.5, "dash": dash},
            hovertemplate="%{y:.1f} %, " + modality_words(modality) + "<extra></extra>",
        )
    )  # fmt: skip


def _ring(figure: go.Figure, mine: pd.DataFrame, own: Limits) -> None:
    figure.add_trace(
        go.Scatter(
            x=mine["log_nm"].round(4), y=mine["inhibition"].clip(*own.y).round(2), mode="markers", hoverinfo="skip",
            marker={"symbol": "circle-open", "size": 18, "color": SELECTED, "line": {"width": 2.5}},
        )
    )  # fmt: skip


def _pictures(
    figure: go.Figure,
    panel: Panel,
    replicates: Sequence[int],
    thumbnails: Mapping[str, str],
    well: str,
    step: float,
    share: float,
    colours: Palette,
) -> None:
    """A row of images a replicate, each under its dose. Wells that share dose and replicate stand side by side."""
    points = panel.points.sort_values(["replicate", "log_nm", "well"], kind="stable").reset_index(drop=True)
    same = points.groupby(["replicate", points["log_nm"].round(6)])
    number_, of = same.cumcount(), same["well"].transform("size")
    x = points["log_nm"] + step * ((number_ + 0.5) / of - 0.5)
    y = points["replicate"].map({one: n for n, one in enumerate(replicates)})
    wide = 0.94 * step / of
    for row, (at, level, width) in enumerate(zip(x, y, wide, strict=True)):
        source = thumbnails.get(points["well"][row])
        if source:
            figure.add_layout_image(
                source=source, xref="x", yref="y2", x=float(at), y=float(level), sizex=float(width), sizey=0.92,
                xanchor="center", yanchor="middle", sizing="contain", layer="below",
            )  # fmt: skip
    missing = ~points["well"].isin(thumbnails)
    figure.add_trace(
        go.Scatter(
            x=x, y=y, yaxis="y2", mode="markers+text",
            marker={
                "symbol": "square-open", "size": IMAGE_PX * 0.9, "color": np.where(
                    points["well"] == well, SELECTED, np.where(missing, colours.grid, "rgba(0,0,0,0)")),
                "line": {"width": np.where(points["well"] == well, 3, 1)},
            },
            text=np.where(missing, "no image", ""), textfont={"color": colours.muted, "size": 12},
            customdata=[[panel.drug, one, "image"] for one in points["well"]],
            hovertext=[
                f"{in_figure(one.well)}, {number(one.conc_nm)} nM: {number(one.inhibition)} %"
                + (", left out" if one.left_out else "")
                for one in points.itertuples()
            ],
            hoverinfo="text", unselected={"marker": {"opacity": 1}},
        )
    )  # fmt: skip
    out = points["left_out"]
    if out.any():
        figure.add_trace(
            go.Scatter(
                x=x[out], y=y[out], yaxis="y2", mode="markers", hoverinfo="skip",
                marker={"symbol": "x-thin", "size": IMAGE_PX * 0.7, "line": {"color": "#ffffff", "width": 2}},
            )
        )  # fmt: skip
    figure.update_layout(
        yaxis2={
            "domain": [0.0, share], "range": [len(replicates) - 0.5, -0.5], "anchor": "x", "showgrid": False,
            "tickvals": list(range(len(replicates))), "ticktext": [f"Replicate {one}" for one in replicates],
            "tickangle": -90,
        }
    )  # fmt: skip


def ringed(figure: go.Figure, points: pd.DataFrame) -> go.Figure:
    """A plate map (`plates.plate_map`) with the wells of one drug framed. points: row and column of that plate."""
    rows = list(figure.layout.yaxis.ticktext or ())
    there = points[points["row"].isin(rows)]
    return figure.add_trace(
        go.Scatter(
            x=there["column"], y=[rows.index(row) for row in there["row"]], mode="markers", hoverinfo="skip",
            marker={"symbol": "square-open", "size": 17, "color": SELECTED, "line": {"width": 2}}, showlegend=False,
        )
    )  # fmt: skip


def drug_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Scores of one drug by readout and replicate. rows: modality, replicate and the columns of `score` and fit."""
    table = pd.DataFrame(
        {
            "Readout": rows["modality"].map(modality_name),
            "Replicate": rows["replicate"].where(rows["replicate"] != "pooled", "together"),
            "DSS": rows["dss_asym"].astype(float),
            "95 % interval": [interval(*ends) for ends in zip(rows["dss_lower"], rows["dss_upper"], strict=True)],
            "IC50, nM": rows["ic50_nm"].astype(float),
            "Goodness of fit": rows["gof"].astype(float),
            "Wells": rows["n_wells"].astype("Int64"),
            "p": rows["p_value"].astype(float),
            "No fit": rows["reason"].fillna(""),
        }
    ).reset_index(drop=True)
    return table if (table["No fit"] != "").any() else table.drop(columns="No fit")
