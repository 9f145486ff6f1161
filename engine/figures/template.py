"""The one plotly template, for light and for dark ground, and what every chart carries with it."""

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

SELECTED = "#e07b1a"  # orange
SEQUENTIAL = "Viridis"


@dataclass(frozen=True)
class Chart:
    """A figure with its question (title), caption (data, split, n) and its text and table for screen readers."""

    figure: go.Figure
    question: str
    caption: str
    summary: str
    table: pd.DataFrame


@dataclass(frozen=True)
class Palette:
    """Colours that differ between light and dark ground; all meet 4.5:1 for text and 3:1 for marks."""

    text: str
    muted: str
    grid: str
    ground: str
    sensitive: str  # teal: sensitive, effective; the networks
    resistant: str  # grey: resistant, ineffective; the baselines


LIGHT = Palette("#1f2d3a", "#55636f", "#e6ebef", "#ffffff", sensitive="#0f8b8d", resistant="#75828e")
DARK = Palette("#e6edf2", "#a7b4bf", "#2b363f", "#12181e", sensitive="#2fb5b3", resistant="#8f9caa")


def palette(dark: bool) -> Palette:
    """The colours for this ground."""
    return DARK if dark else LIGHT


def template(dark: bool) -> go.layout.Template:
    """13 px text, light grid, transparent ground, selection in orange, no legend."""
    colours = palette(dark)
    axis = {
        "gridcolor": colours.grid,
        "linecolor": colours.grid,
        "zeroline": False,
        "ticks": "",
        "title": {"font": {"size": 13, "color": colours.text}, "standoff": 8},
        "tickfont": {"size": 13, "color": colours.text},
        "automargin": True,
        "separatethousands": True,
    }
    return go.layout.Template(
        layout={
            "font": {
                "family": '"Source Sans", "Liberation Sans", Arial, sans-serif',
                "size": 13,
                "color": colours.text,
            },
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": [colours.sensitive, colours.resistant, SELECTED, "#5b6fb5", "#b58900", "#8e5aa8"],
            "xaxis": axis,
            "yaxis": axis,
            "showlegend": False,
            "hovermode": "closest",
            "hoverlabel": {"bgcolor": colours.ground, "font": {"size": 13, "color": colours.text}},
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "newselection": {"line": {"color": SELECTED, "width": 1.5}},
            "activeselection": {"fillcolor": SELECTED, "opacity": 0.08},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.text},
            "separators": ".,",
        }
    )


def styled(figure: go.Figure, dark: bool, height: int) -> go.Figure:
    """The figure under the template; plotly's minus signs are true ones already."""
    return figure.update_layout(template=template(dark), height=height)
