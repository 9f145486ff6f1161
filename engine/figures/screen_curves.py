"""Dose-response curves of a screen: many drugs small, or one drug large."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from engine.figures.curve_panels import POOLED, Line, Panel
from engine.figures.screen_hits import LEFT_OUT, class_words, why
from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import MINUS, interval, number, plural

COLUMNS = 3
ROW_PX, FRAME_PX = 228, 60
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star")
LOW, HIGH = -12.0, 108.0  # percent inhibition that every axis holds
LOWEST, HIGHEST = -60.0, 160.0  # what lies beyond stands at the edge, with its value in the label by the pointer


@dataclass(frozen=True)
class Limits:
    """Ends of both axes. x: log10 nM. y: percent."""

    x: tuple[float, float]
    y: tuple[float, float]


def limits(panels: Sequence[Panel], room: float = 0.25) -> Limits:
    """Axes that hold all of the panels. room: beyond the outer doses, log10 units."""
    points = pd.concat([panel.points for panel in panels]) if panels else pd.DataFrame()
    x = [*points.get("log_nm", []), *(end for p in panels if p.main for end in (p.main.x[0], p.main.x[-1]))]
    values = np.asarray(points.get("inhibition", []), float)
    low, high = (min(LOW, *values), max(HIGH, *values)) if len(values) else (LOW, HIGH)
    low, high = max(LOWEST, low), min(HIGHEST, high)
    margin = 0.03 * (high - low)
    ends = (min(x) - room, max(x) + room) if x else (-0.25, 4.25)
    return Limits((float(ends[0]), float(ends[1])), (float(low - margin), float(high + margin)))


def grid(panels: Sequence[Panel], chosen: str, shared: bool, context: str, dark: bool = False) -> Chart:
    """Small multiples, three in a row. panels: not empty. chosen: the drug whose frame is orange. shared: one axis."""
    colours = palette(dark)
    rows = math.ceil(len(panels) / COLUMNS)
    height = FRAME_PX + ROW_PX * rows
    figure = make_subplots(
        rows, COLUMNS, horizontal_spacing=0.045, vertical_spacing=min(0.5, 62 / height),
        subplot_titles=[title(panel) for panel in panels],
    )  # fmt: skip
    figure.update_annotations(font={"size": 12, "color": colours.text}, yshift=1, align="left")
    everything = limits(panels)
    for n, panel in enumerate(panels):
        row, column = divmod(n, COLUMNS)
        own = everything if shared else limits([panel])
        for trace in traces(panel, own, colours, small=True):
            figure.add_trace(trace, row + 1, column + 1)
        axes = {"row": row + 1, "col": column + 1}
        figure.update_xaxes(range=list(own.x), **dose_ticks(own.x, short=True), **axes)
        figure.update_yaxes(range=list(own.y), tickvals=[0, 50, 100], **axes)
        if column == 0:
            figure.update_yaxes(title_text="Inhibition, %", **axes)
        if panel.main is None:
            figure.add_annotation(
                x=0.5, y=0.97, xref="x domain", yref="y domain", yanchor="top", showarrow=False, align="center",
                text=_broken(why(panel.reason)), font={"size": 12, "color": colours.text}, **axes,
            )  # fmt: skip
        if panel.drug == chosen:
            figure.update_xaxes(showline=True, mirror=True, linecolor=SELECTED, linewidth=2, **axes)
            figure.update_yaxes(showline=True, mirror=True, linecolor=SELECTED, linewidth=2, **axes)
    for n in range(max(0, len(panels) - COLUMNS), len(panels)):
        figure.update_xaxes(title_text="Dose, nM", row=n // COLUMNS + 1, col=n % COLUMNS + 1)
    return Chart(
        figure=styled(figure, dark, height).update_layout(margin={"t": 44, "l": 8, "r": 8, "b": 8}),
        question="How does each drug act, dose by dose?",
        caption=f"{plural(len(panels), 'drug')}, {context}. {legend(panels)}",
        summary="; ".join(words(panel) for panel in panels) + ".",
        table=points_table(panels),
    )


def title(panel: Panel) -> str:
    """The drug in bold with its class, and its score with the interval."""
    group = "" if class_words(panel.row.to_dict()).startswith("Class not") else class_words(panel.row.to_dict())
    group = group.partition(": ")[2] or group
    name = panel.name if len(panel.name) <= 24 else f"{panel.name[:23]}…"
    room = max(0, 40 - len(name))
    shown = f" {group if len(group) <= room else group[: max(0, room - 1)] + '…'}" if group and room > 6 else ""
    return f"<b>{name}</b>{shown}<br>{score_words(panel.row)}"


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
        made += [_area(panel.main, colour), *_fit(panel.main, colour, 2)]
    for name, line in panel.others:
        words_ = "fit of all together<extra></extra>" if name == POOLED else f"fit of replicate {name}<extra></extra>"
        made.append(_line(line, colours.text, 1, words_, 0.7))
    for number_, mine in panel.points.groupby("replicate"):
        symbol = SYMBOLS[(int(str(number_)) - 1) % len(SYMBOLS)]
        for out, group in mine.groupby("left_out"):
            made.append(_points(group, panel, own, symbol, colours.muted if out else colour, bool(out), small))
            if out:
                made.append(_crosses(group, own, colours, small))
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


def _fit(line: Line, colour: str, width: float) -> list[go.Scatter]:
    return [_line(line, colour, width, "fit<extra></extra>", 1.0)]


def _line(line: Line, colour: str, width: float, words_: str, opacity: float, dash: str = "solid") -> go.Scatter:
    return go.Scatter(
        x=line.x.round(4), y=line.y.round(2), mode="lines", opacity=opacity, hovertemplate="%{y:.1f} %, " + words_,
        line={"color": colour, "width": width, "dash": dash},
    )  # fmt: skip


def _points(
    group: pd.DataFrame, panel: Panel, own: Limits, symbol: str, colour: str, out: bool, small: bool
) -> go.Scatter:
    return go.Scatter(
        x=group["log_nm"].round(4),
        y=group["inhibition"].clip(*own.y).round(2),
        mode="markers",
        marker={"symbol": symbol, "size": 7 if small else 10, "color": colour},
        unselected={"marker": {"opacity": 1}},
        customdata=[[panel.drug, well] for well in group["well"]],
        hovertext=[
            f"{one.well}, replicate {one.replicate}<br>{number(one.conc_nm)} nM: {number(one.inhibition)} %"
            + ("<br>left out" if out else "")
            for one in group.itertuples()
        ],
        hoverinfo="text",
        cliponaxis=False,
    )


def _crosses(group: pd.DataFrame, own: Limits, colours: Palette, small: bool) -> go.Scatter:
    return go.Scatter(
        x=group["log_nm"].round(4), y=group["inhibition"].clip(*own.y).round(2), mode="markers", hoverinfo="skip",
        marker={"symbol": "x-thin", "size": 11 if small else 15, "line": {"color": colours.text, "width": 1.5}},
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
        if line and len(line) + len(word) >= width:
            lines_.append(line)
            line = ""
        line = f"{line} {word}".strip()
    lines_.append(line)
    return "<br>".join(lines_[:3]) + ("…" if len(lines_) > 3 else "")


def legend(panels: Sequence[Panel]) -> str:
    """What the marks mean, of those that are there."""
    numbers = sorted({int(one) for panel in panels for one in panel.points["replicate"]})
    marks = {"circle": "Dot", "diamond": "Diamond", "square": "Square", "triangle-up": "Triangle"}
    told = [f"{marks.get(SYMBOLS[(n - 1) % 6], SYMBOLS[(n - 1) % 6])}: replicate {n}." for n in numbers]
    told.append("Line: fit. Shaded: what DSS counts.")
    if any(panel.others for panel in panels):
        told.append("Thin: each replicate's fit.")
    if any(panel.points["left_out"].any() for panel in panels):
        told.append("Crossed: left out.")
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
