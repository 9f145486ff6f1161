"""Images of wells as pictures: counts through a window and a colour map, heat over them; strips of wells; counts."""

import base64
import io
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image
from plotly.colors import get_colorscale, sample_colorscale

from engine.figures.forest import FAILED
from engine.figures.template import SELECTED, Chart, palette, styled
from engine.figures.text import count, in_figure, number, plural

COLOURS = {"grey": "Grey", "viridis": "Viridis", "inferno": "Inferno", "hoechst": "Hoechst blue"}
CHANNELS = {"mip": "Maximum projection (MIP)", "mid": "Middle plane (MID)"}
HOECHST = [(0, 0, 0), (10, 30, 150), (40, 120, 255), (170, 225, 255), (255, 255, 255)]  # the dye's own blue
LOW, HIGH = 0.5, 99.8  # percentiles of counts that a window of 0 to 100 % spans
THUMB = 92  # pixels
HEAT = 0.6  # of the picture is the heat's colour where it is hottest
LEAST = 8  # places across, so that few pictures are not drawn apart
CELL, GAP = 1.0, 0.5  # of a strip: a thumbnail, and what lies between rows


class Thumb(NamedTuple):
    """One well of a strip. row, column: its place. image: as `thumbnail` makes it, b'' where there is none."""

    well: str
    row: int
    column: int
    percent: float
    left_out: bool
    image: bytes


@cache
def lookup(colours: str) -> np.ndarray:
    """(256, 3) uint8 of a colour map of COLOURS."""
    at = np.linspace(0, 1, 256)
    if colours in ("viridis", "inferno"):
        picked = sample_colorscale(get_colorscale(colours), at.tolist(), colortype="tuple")
        return np.rint(255 * np.array(picked)).astype(np.uint8)
    ends = np.array(HOECHST if colours == "hoechst" else [(0, 0, 0), (255, 255, 255)], float)
    made = [np.interp(at, np.linspace(0, 1, len(ends)), ends[:, one]) for one in range(3)]
    return np.rint(np.stack(made, axis=-1)).astype(np.uint8)


def ends(counts: np.ndarray) -> tuple[float, float]:
    """The counts that a window of 0 to 100 % spans: nearly all of them."""
    low, high = (float(value) for value in np.percentile(counts, (LOW, HIGH)))
    return low, max(high, low + 1)


def windowed(span: tuple[float, float], window: tuple[float, float]) -> tuple[float, float]:
    """Counts drawn as the darkest and the brightest colour. window: percent of the span, (0, 100) for all of it."""
    low, high = span
    bottom, top = (low + (high - low) * part / 100 for part in window)
    return bottom, max(top, bottom + 1)


def picture(
    counts: np.ndarray, shown: tuple[float, float], colours: str, heat: np.ndarray | None = None
) -> Image.Image:
    """(h, v) counts between two of them as a picture. heat: (h', v') uint8 drawn over it."""
    bottom, top = shown
    grey = np.clip((counts.astype(np.float32) - bottom) * (255 / (top - bottom)), 0, 255).astype(np.uint8)
    made = Image.fromarray(lookup(colours)[grey])
    if heat is None:
        return made
    over = Image.fromarray(heat).resize(made.size, Image.Resampling.BILINEAR)
    share = np.asarray(over, np.float32)[..., None] / 255
    hot = lookup("inferno")[np.asarray(over)].astype(np.float32)
    mixed = np.asarray(made, np.float32) * (1 - HEAT * share) + hot * HEAT * share
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def png(image: Image.Image, pixels: int = 0) -> bytes:
    """The picture as a file. pixels: its side, where it is to be larger or smaller."""
    if pixels:
        image = image.resize((pixels, pixels), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def thumbnail(counts: np.ndarray, shown: tuple[float, float], colours: str, pixels: int = THUMB) -> bytes:
    """A small JPEG of two or three kB."""
    made = picture(counts, shown, colours).resize((pixels, pixels), Image.Resampling.BOX)
    out = io.BytesIO()
    made.save(out, "JPEG", quality=82)
    return out.getvalue()


def strip(
    thumbs: Sequence[Thumb], rows: Sequence[str], columns: Sequence[str], question: str, caption: str,
    selected: str = "", dark: bool = False,
) -> Chart:  # fmt: skip
    """Thumbnails in rows and columns, viability below each; customdata of each is its well's name.

    rows, columns: what stands beside and above them. caption: what the wells are.
    """
    colours, deep = palette(dark), CELL + GAP
    figure = go.Figure()
    for one in thumbs:
        x, y = one.column, one.row * deep
        if one.image:
            data = "data:image/jpeg;base64," + base64.b64encode(one.image).decode()
            figure.add_layout_image(
                source=data, xref="x", yref="y", x=x, y=y, xanchor="center", yanchor="middle", sizex=0.92,
                sizey=0.92, sizing="contain",
                layer="below",
            )  # fmt: skip
        else:
            figure.add_annotation(x=x, y=y, text="no<br>image", showarrow=False, font={"color": colours.muted})
        if one.well == selected:
            figure.add_shape(
                type="rect", x0=x - 0.48, x1=x + 0.48, y0=y - 0.48, y1=y + 0.48, line={"color": SELECTED, "width": 3}
            )
        if one.left_out:
            for slope in (1, -1):
                figure.add_shape(
                    type="line", x0=x - 0.45, x1=x + 0.45, y0=y - 0.45 * slope, y1=y + 0.45 * slope,
                    line={"color": FAILED[dark], "width": 1.5},
                )  # fmt: skip
        known = f"{number(one.percent)} %" if np.isfinite(one.percent) else "left out" if one.left_out else "no value"
        figure.add_annotation(
            x=x, y=y + 0.48, yanchor="top", text=f"{in_figure(one.well)}<br>{known}", showarrow=False,
            font={"size": 11, "color": SELECTED if one.well == selected and dark else colours.text},
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=[one.column for one in thumbs], y=[one.row * deep for one in thumbs], mode="markers",
            customdata=[one.well for one in thumbs],
            marker={"symbol": "square", "size": THUMB, "color": "rgba(0,0,0,0)"},
            text=[f"<b>{in_figure(one.well)}</b><br>{_viable(one)}" for one in thumbs],
            hovertemplate="%{text}<extra></extra>",
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
        )
    )  # fmt: skip
    wide, tall = max(len(columns), LEAST), max(len(rows), 1)
    figure.update_xaxes(
        side="top", range=[-0.5, wide - 0.5], tickvals=list(range(len(columns))), ticktext=list(columns),
        showgrid=False, fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(
        range=[(tall - 1) * deep + 1.08, -0.5], tickvals=[deep * one for one in range(len(rows))],
        ticktext=[in_figure(row, 30) for row in rows], showgrid=False, fixedrange=True, ticksuffix=" ",
    )  # fmt: skip
    figure = styled(figure, dark, int(34 + (THUMB + 10) * (tall * deep + 0.1)))
    figure.update_layout(clickmode="event+select", dragmode=False)
    table = pd.DataFrame(
        {
            "Well": [one.well for one in thumbs],
            "Row": [rows[one.row] for one in thumbs],
            "Column": [columns[one.column] for one in thumbs],
            "Viability, %": [one.percent for one in thumbs],
            "Image": ["yes" if one.image else "no" for one in thumbs],
            "Left out": ["yes" if one.left_out else "" for one in thumbs],
        }
    )
    without = sum(not one.image for one in thumbs)
    lacking = f" {plural(without, 'well')} without an image." if without else ""
    return Chart(figure, question, caption + lacking, f"{plural(len(thumbs), 'well')}. {caption}{lacking}", table)


def _viable(one: Thumb) -> str:
    return f"{number(one.percent)} % viable" if np.isfinite(one.percent) else "no viability"


def histogram(
    counts: np.ndarray, span: tuple[float, float], shown: tuple[float, float], well: str, context: str,
    dark: bool = False,
) -> Chart:  # fmt: skip
    """How many pixels of an image have which counts, beside the window that is drawn.

    span: counts of all the wells it is drawn beside. shown: those drawn as the darkest and the brightest colour.
    """
    colours = palette(dark)
    low, high = min(span[0], float(counts.min())), max(span[1], float(counts.max()))
    n, edges = np.histogram(counts, bins=80, range=(low, high))
    middle = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure(
        go.Bar(
            x=middle, y=n, marker={"color": colours.sensitive, "line": {"width": 0}}, width=edges[1] - edges[0],
            hovertemplate="%{x:,.0f} counts: %{y:,} pixels<extra></extra>",
        )
    )  # fmt: skip
    for at in shown:
        figure.add_vline(at, line={"color": SELECTED, "width": 2})
    figure.update_xaxes(title_text="Counts", showgrid=False)
    figure.update_yaxes(title_text="Pixels", type="log", dtick=1)
    dark_share, bright = (100 * float(part.mean()) for part in (counts < shown[0], counts > shown[1]))
    told = (
        f"{count(round(shown[0]))} to {count(round(shown[1]))} counts are drawn; {number(dark_share, 2)} % of pixels "
        f"are darker, {number(bright, 2)} % brighter."
    )
    return Chart(
        figure=styled(figure, dark, 200),
        question="Which counts does the window show?",
        caption=f"{count(counts.size)} pixels of {well}, {context}. Orange: the window.",
        summary=told,
        table=pd.DataFrame({"Counts from": edges[:-1].round(1), "to": edges[1:].round(1), "Pixels": n.astype(int)}),
    )


def jpeg(image: Image.Image, most: int) -> bytes:
    """The picture as a file, at most so many pixels a side."""
    image.thumbnail((most, most), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()
