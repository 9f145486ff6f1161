"""Scores of all screens at once: drugs in rows, screens in columns, a panel a readout (Berker et al. 2022, Fig. 12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape, unescape
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.classes import class_colours
from engine.figures.screens import modality_name, modality_words
from engine.figures.template import SELECTED, SEQUENTIAL, Chart, Palette, palette, styled
from engine.figures.text import in_figure, number, plural
from engine.spheroid.score_compare import ScoreMatrix, Tree, tree

LABELLED = 90  # rows up to which every drug's name has room
ROW_PX, LEAST_ROW_PX, FRAME_PX, TALLEST_PX = 20, 12, 236, 1300
MANY = 48  # columns from which their names are set small
GAP = 1.0  # columns between two panels
TITLE_PX = 34  # a panel's title of two lines
TREE = 3.0  # rows that the tree of the screens is high
FULL_HOVER = 12_000  # cells up to which each carries its words to the browser; 20 screens of 76 drugs have half of that
NOT_TOLD = "Class not told"
FAINT = {"marker": {"opacity": 0}}


@dataclass(frozen=True)
class HeatView:
    """matrix: of `score_matrix`, not empty. groups: drug -> class. clustered: else rows and columns as they come.

    screen, drug: chosen ones, '' for none.
    """

    matrix: ScoreMatrix
    groups: Mapping[str, str]
    clustered: bool = True
    screen: str = ""
    drug: str = ""

    @cached_property
    def rows(self) -> Tree:
        """The drugs, by all readouts and screens together."""
        values = self.matrix.values
        return tree(values.reshape(len(values), -1)) if self.clustered else _as_they_are(len(values))

    @cached_property
    def columns(self) -> Tree:
        """The screens, the same in every panel, by all readouts together."""
        s = len(self.matrix.screens)
        values = self.matrix.values.transpose(2, 0, 1).reshape(s, -1)
        return tree(values) if self.clustered else _as_they_are(s)

    @cached_property
    def cells(self) -> np.ndarray:
        """(d, m, s) in the order shown."""
        return self.matrix.values[self.rows.order][:, :, self.columns.order]

    @property
    def drugs(self) -> list[str]:
        """From the top."""
        return [self.matrix.drugs[i] for i in self.rows.order]

    @property
    def screens(self) -> list[str]:
        """From the left of every panel."""
        return [self.matrix.screens[i] for i in self.columns.order]

    @property
    def starts(self) -> list[float]:
        """Where each panel begins, in columns."""
        return [i * (len(self.matrix.screens) + GAP) for i in range(len(self.matrix.modalities))]


def _as_they_are(n: int) -> Tree:
    return Tree(np.arange(n), np.empty((0, 4)), np.empty((0, 4)))


def screen_heatmap(view: HeatView, context: str, dark: bool = False) -> Chart:
    """A picture that takes no clicks; over it one invisible point a cell, whose customdata `cell_of` reads."""
    colours = palette(dark)
    d, s = len(view.drugs), len(view.screens)
    starts, end = view.starts, view.starts[-1] + s
    figure = go.Figure([*_pictures(view, colours), *_strip(view, dark), *_trees(view, colours), *_chosen(view)])
    figure.add_trace(_points(view))
    for modality, start in zip(view.matrix.modalities, starts, strict=True):
        figure.add_annotation(
            x=start + (s - 1) / 2, y=-0.7 - (TREE if len(view.columns.x) else 0), text=f"<b>{_short(modality, s)}</b>",
            showarrow=False, yanchor="bottom", font={"size": 13, "color": colours.text},
        )  # fmt: skip
    many = len(starts) * s > MANY
    right = end - 0.3 + (1.1 * _tree_width(view) if len(view.rows.x) else 0)
    figure.update_xaxes(
        tickvals=[start + i for start in starts for i in range(s)],
        ticktext=[f"<b>{in_figure(name, 30)}</b>" if name == view.screen else in_figure(name, 30)
                  for _ in starts for name in view.screens],
        tickangle=-90, tickfont={"size": 9 if many else 12}, range=[-2.2, right],
        showgrid=False,
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(d)), ticktext=[f"{in_figure(name, 30)} " for name in view.drugs],
        showticklabels=d <= LABELLED,
        tickfont={"size": 12 if d <= 45 else 10}, showgrid=False,
        range=[d - 0.4, -2.2 - (TREE if len(view.columns.x) else 0)],
    )  # fmt: skip
    row = ROW_PX if d <= 30 else max(LEAST_ROW_PX, round(30 * ROW_PX / d))
    styled(figure, dark, FRAME_PX + min(TALLEST_PX, max(8, d + 5) * row))
    figure.update_layout(
        margin={"t": TITLE_PX},
        showlegend=True,
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
    )
    return Chart(
        figure=figure,
        question="Which drugs work in which screen, by which readout?",
        caption=f"DSS_asym (0 to 50) of {plural(d, 'drug')} in {plural(s, 'screen')} by "
        f"{plural(len(view.matrix.modalities), 'readout')}, all replicates together, {context}. "
        f"{_order_words(view)} Grey: not scored.",
        summary=_summary(view),
        table=heat_table(view),
    )


def _short(modality: str, s: int) -> str:
    """A panel's title; a narrow panel breaks it."""
    name = modality_name(modality)
    return name.replace(", ", "<br>").replace(" of ", " of<br>") if s < 8 else name


def _pictures(view: HeatView, colours: Palette) -> list[go.Heatmap]:
    """One of the scores, one below it of what is missing."""
    d, _, s = view.cells.shape
    wide = np.full((d, round(view.starts[-1]) + s), np.nan, np.float32)
    missing = wide.copy()
    for i, start in enumerate(view.starts):
        panel = slice(round(start), round(start) + s)
        wide[:, panel] = view.cells[:, i]
        missing[:, panel] = np.where(np.isfinite(view.cells[:, i]), np.nan, 0.0)
    gap = {"xgap": 1, "ygap": 1 if d <= LABELLED else 0, "hoverinfo": "skip"}
    top = max(20.0, 5 * np.ceil(np.nanmax(wide, initial=0.0) / 5))
    bar = {
        "title": {"text": "DSS", "font": {"size": 12}}, "thickness": 12, "len": 220, "lenmode": "pixels", "y": 1,
        "yanchor": "top", "outlinewidth": 0, "tickfont": {"size": 12},
    }  # fmt: skip
    grey = [[0, colours.grid], [1, colours.grid]]
    return [
        go.Heatmap(z=missing, colorscale=grey, showscale=False, zmin=0, zmax=1, name="not scored", **gap),
        go.Heatmap(z=wide, colorscale=SEQUENTIAL, zmin=0, zmax=top, colorbar=bar, name="DSS", **gap),
    ]


def _strip(view: HeatView, dark: bool) -> list[go.Scatter]:
    """The class of every drug, left of the first panel."""
    groups = [view.groups.get(drug, "") or NOT_TOLD for drug in view.drugs]
    if set(groups) == {NOT_TOLD}:
        return []
    traces = []
    for name, colour in class_colours(groups, dark).items():
        at = [i for i, group in enumerate(groups) if group == name]
        marker = {"symbol": "square", "size": 10, "color": colour}
        text = [f"{in_figure(view.drugs[i])}: {in_figure(name)}" for i in at]
        where = {"x": [-1.3] * len(at), "y": at}
        traces.append(
            go.Scatter(
                **where, mode="markers", marker=marker, name=in_figure(name, 40), hovertext=text, hoverinfo="text"
            )
        )
    return traces


def _trees(view: HeatView, colours: Palette) -> list[go.Scatter]:
    """That of the drugs right of the last panel, that of the screens above every panel."""
    line: dict[str, Any] = {
        "mode": "lines", "line": {"color": colours.muted, "width": 1}, "hoverinfo": "skip", "showlegend": False,
        "name": "tree",
    }  # fmt: skip
    drawn = []
    if len(view.rows.x):
        right = view.starts[-1] + len(view.screens)
        drawn.append(
            go.Scatter(x=_forks(right - 0.3 + _tree_width(view) * view.rows.height), y=_forks(view.rows.x), **line)
        )
    if len(view.columns.x):
        high = _forks(-0.7 - (TREE - 0.6) * view.columns.height)
        drawn += [go.Scatter(x=_forks(start + view.columns.x), y=high, **line) for start in view.starts]
    return drawn


def _tree_width(view: HeatView) -> float:
    """In columns."""
    return min(3.5, 0.14 * (view.starts[-1] + len(view.screens)))


def _forks(corners: np.ndarray) -> list[float | None]:
    """(n, 4) -> one line with gaps."""
    return [value for fork in corners for value in (*map(float, fork), None)]


def _points(view: HeatView) -> go.Scatter:
    """One point a cell for pointer and click, never drawn: finding the nearest takes the browser milliseconds."""
    d, m, s = view.cells.shape
    x = np.concatenate([start + np.arange(s) for start in view.starts]).astype(np.float32)
    names = [modality_words(one) for one in view.matrix.modalities]
    columns = [(name, in_figure(screen)) for name in names for screen in view.screens]
    drugs = [in_figure(drug) for drug in view.drugs]
    screens = [_inert(screen) for screen in view.screens]
    values = view.cells.reshape(d, m * s)
    marker: dict[str, Any] = {"symbol": "square", "size": 10, "opacity": 0, "maxdisplayed": 1}
    if values.size > FULL_HOVER:
        marker["color"] = values.ravel().astype(np.float32)
        told: dict[str, Any] = {"hovertemplate": "<b>%{customdata}</b><br>DSS %{marker.color:.3~r}<extra></extra>"}
    else:
        words = [
            f"<b>{drug}</b> in {screen}<br>{name}: {'DSS ' + number(value) if np.isfinite(value) else 'not scored'}"
            for drug, row in zip(drugs, values, strict=True)
            for (name, screen), value in zip(columns, row, strict=True)
        ]
        told = {"hovertext": words, "hoverinfo": "text"}
    return go.Scatter(
        x=np.tile(x, d),
        y=np.repeat(np.arange(d, dtype=np.int16), m * s),
        customdata=[f"{screen}|{drug}" for drug in map(_inert, view.drugs) for _ in names for screen in screens],
        mode="markers",
        marker=marker,
        selected=FAINT,
        unselected=FAINT,
        showlegend=False,
        **told,
        name="cells",
    )


def _inert(name: str) -> str:
    return escape(name).replace("|", "&#124;")


def cell_of(customdata: str) -> tuple[str, str]:
    """Screen and drug of a point; their signs stand in customdata as entities, because labels show it."""
    screen, _, drug = customdata.partition("|")
    return unescape(screen), unescape(drug)


def _chosen(view: HeatView) -> list[go.Scatter]:
    """A frame around the chosen drug in every panel."""
    if view.drug not in view.drugs:
        return []
    row, s = view.drugs.index(view.drug), len(view.screens)
    x = [value for start in view.starts for value in (*(start - 0.5 + s * e for e in (0, 0, 1, 1, 0)), None)]
    y = [value for _ in view.starts for value in (*(row + 0.5 * e for e in (1, -1, -1, 1, 1)), None)]
    line = {"color": SELECTED, "width": 2}
    return [go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False, name="chosen")]


def _order_words(view: HeatView) -> str:
    if not view.clustered:
        return "Drugs and screens by name."
    return "Drugs and screens clustered over all readouts (Ward, Euclidean; a missing score stands for the mean)."


def _summary(view: HeatView) -> str:
    values = view.matrix.values
    hits = [f"{modality_name(m)} {int((values[:, i] >= 10).sum())}" for i, m in enumerate(view.matrix.modalities)]
    flat = values.reshape(len(values), -1)
    scored = np.flatnonzero(np.isfinite(flat).any(axis=1))
    best = dict(zip(scored, np.nanmean(flat[scored], axis=1), strict=True))
    order = sorted(best, key=best.__getitem__, reverse=True)[:3]
    strongest = ", ".join(f"{view.matrix.drugs[i]} {number(float(best[i]))}" for i in order) or "none"
    known = int(np.isfinite(values).sum())
    return (
        f"{known:,} of {values.size:,} scores are there. Hits by readout: {', '.join(hits)}. Highest mean score: "
        f"{strongest}. Order of the screens: {', '.join(view.screens)}."
    )


def heat_table(view: HeatView) -> pd.DataFrame:
    """One row a drug in the order shown, one column a readout and screen."""
    columns: dict[str, Any] = {
        "Drug": view.drugs,
        "Class": [view.groups.get(drug, "") or NOT_TOLD for drug in view.drugs],
    }
    for i, modality in enumerate(view.matrix.modalities):
        for j, screen in enumerate(view.screens):
            columns[f"{screen}, {modality_words(modality)}"] = view.cells[:, i, j]
    return pd.DataFrame(columns)
