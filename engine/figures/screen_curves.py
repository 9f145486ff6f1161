"""Dose-response curves of a screen: many drugs small, or one drug large."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.curve_panels import POOLED, Line, Panel
from engine.figures.screen_hits import LEFT_OUT, class_words, why
from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import MINUS, in_figure, interval, number, plural
from engine.spheroid.hits import NOT_TOLD

COLUMNS = 3
ROW_PX, HEAD_PX, FOOT_PX, FRAME_PX = 244, 54, 34, 20  # of a row: with its titles above and its doses below
WIDE = 31  # signs above a small panel on a narrow screen
GAP = 0.14  # between two columns, of a column's width
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star")
LOW, HIGH = -12.0, 108.0  # percent inhibition that every axis holds
LOWEST, HIGHEST = -60.0, 160.0  # what lies beyond stands at the edge, with its value in the label by the pointer


@dataclass(frozen=True)
class Limits:
    """Ends of both axes. x: log10 nM. y: percent."""

    x: tuple[float, float]
    y: tuple[float, float]


def limits(panels: Sequence[Panel], room: float = 0.25, others: Sequence[Line] = ()) -> Limits:
    """Axes that hold all of the panels and other lines. room: beyond the outer doses, log10 units."""
    points = pd.concat([panel.points for panel in panels]) if panels else pd.DataFrame()
    x = [*points.get("log_nm", []), *(end for p in panels if p.main for end in (p.main.x[0], p.main.x[-1]))]
    values = np.concatenate([np.asarray(points.get("inhibition", []), float), *(line.y for line in others)])
    low, high = (min(LOW, *values), max(HIGH, *values)) if len(values) else (LOW, HIGH)
    low, high = max(LOWEST, low), min(HIGHEST, high)
    margin = 0.03 * (high - low)
    ends = (min(x) - room, max(x) + room) if x else (-0.25, 4.25)
    return Limits((float(ends[0]), float(ends[1])), (float(low - margin), float(high + margin)))


def grid(panels: Sequence[Panel], chosen: str, shared: bool, context: str, dark: bool = False) -> Chart:
    """Small multiples, three in a row. panels: not empty. chosen: the drug whose frame is orange. shared: one axis."""
    colours = palette(dark)
    rows = math.ceil(len(panels) / COLUMNS)
    everything = limits(panels)
    drawn: list[go.Scatter] = []
    layout: dict[str, Any] = {"annotations": []}
    for n, panel in enumerate(panels):
        own = everything if shared else limits([panel])
        x, y = (f"{axis}{n + 1 if n else ''}" for axis in "xy")
        drawn += [trace.update(xaxis=x, yaxis=y) for trace in traces(panel, own, colours, small=True)]
        frame = {"showline": True, "mirror": True, "linecolor": SELECTED, "linewidth": 2}
        frame = frame if panel.drug == chosen else {}
        row, column = divmod(n, COLUMNS)
        left = column * (1 + GAP) / (COLUMNS + GAP * (COLUMNS - 1))
        wide = 1 / (COLUMNS + GAP * (COLUMNS - 1))
        bottom = (rows - 1 - row) / rows
        below = n + COLUMNS >= len(panels)  # nothing stands under it: it names the axis
        layout[f"xaxis{n + 1}"] = {
            "domain": [left, left + wide], "anchor": y, "range": list(own.x), **dose_ticks(own.x, short=True),
            **({"title": {"text": "Dose, nM"}} if below else {}), **frame,
        }  # fmt: skip
        layout[f"yaxis{n + 1}"] = {
            "domain": [bottom + FOOT_PX / (ROW_PX * rows), bottom + (ROW_PX - HEAD_PX) / (ROW_PX * rows)], "anchor": x,
            "range": list(own.y), "tickvals": [0, 50, 100],
            **({"title": {"text": "Inhibition, %"}} if column == 0 else {}), **frame,
        }  # fmt: skip
        layout["annotations"].append(_over(title(panel), x, y, 1.0, "bottom", colours))
        if panel.main is None:
            layout["annotations"].append(_over(_broken(why(panel.reason)), x, y, 0.97, "top", colours))
    height = FRAME_PX + ROW_PX * rows
    figure = styled(go.Figure(drawn, layout), dark, height)
    return Chart(
        figure=figure.update_layout(margin={"t": 4, "l": 8, "r": 8, "b": 8}),
        question="How does each drug act, dose by dose?",
        caption=f"{plural(len(panels), 'drug')}, {context}. {legend(panels)}",
        summary="; ".join(words(panel) for panel in panels) + ".",
        table=points_table(panels),
    )


def _over(text: str, x: str, y: str, at: float, anchor: str, colours: Palette) -> dict[str, Any]:
    """Words in the middle of a small panel, or above it."""
    return {
        "text": text, "x": 0.5, "xref": f"{x} domain", "y": at, "yref": f"{y} domain", "xanchor": "center",
        "yanchor": anchor, "showarrow": False, "bgcolor": colours.ground if anchor == "top" else "rgba(0,0,0,0)",
        "font": {"size": 12, "color": colours.text},
    }  # fmt: skip


def title(panel: Panel) -> str:
    """The drug in bold, its score with the interval, and its class, short enough to stand side by side."""
    whole = "" if panel.row["group"] == NOT_TOLD else class_words(panel.row.to_dict())
    group = whole if len(whole) <= WIDE else whole.partition(": ")[2] or whole
    return "<br>".join(
        [f"<b>{in_figure(panel.name, WIDE)}</b>", score_words(panel.row), *([in_figure(group, WIDE)] if group else [])]
    )


def score_words(row: pd.Series) -> str:
    """DSS 43.6 (41 to 46), or that there is none."""
    if pd.isna(row["dss_asym"]):
        return "left out" if str(row["reason"]).startswith(LEFT_OUT) else "no fit"
    ends = interval(row["dss_lower"], row["dss_upper"])
    return f"DSS {number(row['dss_asym'])} ({ends})"


def traces(panel: Panel, own: Limits, colours: Palette, small: bool) -> list[go.Scatter]:
    """The shaded area, the fits and the points of a panel; a point's customdata is drug and well."""
    colour = colours.sensitive if panel.row["hit"] else colours.resistant
    made = []
    if panel.main is not None:
        made += [_area(panel.main, colour), _line(panel.main, colour, 2, "fit<extra></extra>", 1.0)]
    if panel.others:
        made.append(_thin(panel, colours))
    if len(panel.points):
        made.append(_points(panel, own, colour, colours, small))
    if panel.points["left_out"].any():
        made.append(_crosses(panel.points[panel.points["left_out"]], own, colours, small))
    return made


def _area(line: Line, colour: str) -> go.Scatter:
    """What the score counts: between the curve and the least effect that counts."""
    above = np.maximum(line.counted, line.threshold)
    return go.Scatter(
        x=np.concatenate([line.x, line.x[::-1]]).round(4),
        y=np.concatenate([above, np.full(len(line.x), line.threshold)]).round(2),
        mode="lines", line={"width": 0}, fill="toself", fillcolor=translucent(colour, 0.16), hoverinfo="skip",
    )  # fmt: skip


def translucent(colour: str, opacity: float) -> str:
    """#0f8b8d as rgba."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _line(line: Line, colour: str, width: float, words_: str, opacity: float) -> go.Scatter:
    return go.Scatter(
        x=line.x.round(4), y=line.y.round(2), mode="lines", opacity=opacity, hovertemplate="%{y:.1f} %, " + words_,
        line={"color": colour, "width": width},
    )  # fmt: skip


def _thin(panel: Panel, colours: Palette) -> go.Scatter:
    """The other fits of a drug as one broken line."""
    gap = [np.nan]
    return go.Scatter(
        x=np.concatenate([part for _, line in panel.others for part in (line.x.round(4), gap)]),
        y=np.concatenate([part for _, line in panel.others for part in (line.y.round(2), gap)]),
        mode="lines", opacity=0.7, line={"color": colours.text, "width": 1},
        text=[f"fit of replicate {name}" for name, line in panel.others for _ in range(len(line.x) + 1)],
        hovertemplate="%{y:.1f} %, %{text}<extra></extra>",
    )  # fmt: skip


def _points(panel: Panel, own: Limits, colour: str, colours: Palette, small: bool) -> go.Scatter:
    points = panel.points
    return go.Scatter(
        x=points["log_nm"].round(4),
        y=points["inhibition"].clip(*own.y).round(2),
        mode="markers",
        marker={
            "symbol": [
                SYMBOLS[(int(one) - 1) % len(SYMBOLS)] + ("-open" if out else "")
                for one, out in zip(points["replicate"], points["left_out"], strict=True)
            ],
            "size": 7 if small else 10,
            "color": np.where(
                points["left_out"], colours.muted, np.where(_fitted(panel), colour, translucent(colour, 0.35))
            ),
        },
        unselected={"marker": {"opacity": 1}},
        customdata=[[panel.drug, well] for well in points["well"]],
        hovertext=[
            f"{in_figure(one.well)}, replicate {one.replicate}<br>{number(one.conc_nm)} nM: {number(one.inhibition)} %"
            + ("<br>left out" if one.left_out else "")
            for one in points.itertuples()
        ],
        hoverinfo="text",
        cliponaxis=False,
    )


def _fitted(panel: Panel) -> np.ndarray:
    """(n,) whether a point is one of those that the main fit is of."""
    main = str(panel.row["replicate"])
    return (panel.points["replicate"].astype(str) == main).to_numpy() | (main == POOLED)


def _crosses(group: pd.DataFrame, own: Limits, colours: Palette, small: bool) -> go.Scatter:
    return go.Scatter(
        x=group["log_nm"].round(4), y=group["inhibition"].clip(*own.y).round(2), mode="markers", hoverinfo="skip",
        marker={"symbol": "x-thin", "size": 11 if small else 15, "line": {"color": colours.text, "width": 1.5}},
        cliponaxis=False,
    )  # fmt: skip


def dose_ticks(ends: tuple[float, float], short: bool = False) -> dict[str, list]:
    """Ticks at whole powers of ten: 1, 10, 100, 1,000 nM, or 1k where it is short."""
    powers = range(math.ceil(ends[0]), math.floor(ends[1]) + 1)
    return {"tickvals": list(powers), "ticktext": [_dose(power, short) for power in powers]}


def _dose(power: int, short: bool) -> str:
    if short and power >= 3:
        return f"{10 ** (power % 3)}{'kMGT'[power // 3 - 1]}" if power < 15 else f"10^{power}"
    return f"{10.0**power:,.{max(0, -power)}f}" if power > -4 else f"10^{power}".replace("-", MINUS)


def _broken(text: str, width: int = 36) -> str:
    """A reason in lines that a small panel holds; a long one is cut."""
    lines_, line = [], ""
    for word in text.split():
        word = word if len(word) <= width else f"{word[: width - 1]}…"
        if line and len(line) + len(word) >= width:
            lines_.append(line)
            line = ""
        line = f"{line} {word}".strip()
    lines_.append(line)
    return "<br>".join(map(escape, lines_[:3])) + ("…" if len(lines_) > 3 else "")


def legend(panels: Sequence[Panel]) -> str:
    """What the marks mean, of those that are there."""
    numbers = sorted({int(one) for panel in panels for one in panel.points["replicate"]})
    marks = {"circle": "Dot", "diamond": "Diamond", "square": "Square", "triangle-up": "Triangle"}
    told = [f"{marks.get(SYMBOLS[(n - 1) % 6], SYMBOLS[(n - 1) % 6])}: replicate {n}." for n in numbers]
    only = {str(panel.row["replicate"]) for panel in panels}
    if POOLED not in only and len(numbers) > 1:
        told.append(f"Faint: not in the fit, which is of replicate {' and '.join(sorted(only))}.")
    if any(panel.main for panel in panels):
        told.append("Line: fit. Shaded: what DSS counts; in brackets its 95 % interval, by bootstrap of residuals.")
    if any(panel.others for panel in panels):
        told.append("Thin: fits of single replicates.")
    if any(panel.points["left_out"].any() for panel in panels):
        told.append("Crossed: left out.")
    if any((panel.points["inhibition"] < LOWEST).any() or (panel.points["inhibition"] > HIGHEST).any()
           for panel in panels):  # fmt: skip
        told.append("On the edge: beyond it.")
    return " ".join(told)


def words(panel: Panel) -> str:
    """A panel in words."""
    if panel.main is None:
        return f"{panel.name}: {why(panel.reason)}"
    return f"{panel.name}: {score_words(panel.row)}, IC50 {number(panel.row['ic50_nm'])} nM"


def points_table(panels: Sequence[Panel]) -> pd.DataFrame:
    """Every well that is drawn."""
    parts = [
        panel.points.assign(
            Drug=panel.name, fitted=np.nan if panel.main is None else np.interp(
                panel.points["log_nm"], panel.main.x, panel.main.y)
        )
        for panel in panels
    ]  # fmt: skip
    whole = pd.concat(parts).sort_values(["Drug", "conc_nm", "replicate"], kind="stable")
    return pd.DataFrame(
        {
            "Drug": whole["Drug"],
            "Well": whole["well"],
            "Dose, nM": whole["conc_nm"],
            "Replicate": whole["replicate"],
            "Inhibition, %": whole["inhibition"],
            "Fitted, %": whole["fitted"].astype(float),
            "Left out": np.where(whole["left_out"], "left out", ""),
        }
    ).reset_index(drop=True)
