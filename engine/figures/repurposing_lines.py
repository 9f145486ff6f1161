"""One drug in the lines of one cancer type: predicted with intervals, and measured where anybody did."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import Chart, Palette, palette, styled
from engine.figures.text import count, interval, number, plural, setting, split_name
from engine.units import ic50_um

HEIGHT = 300
NAMED = 25  # lines up to which the axis has room for every name
BROAD = 80
UNSEEN_DRUGS = ("drug", "both")  # splits whose intervals hold for drugs that nobody measured


def lines_chart(
    lines: pd.DataFrame, drug: str, cancer_type: str, below: float, dark: bool = False, intervals: str = ""
) -> Chart:
    """Predicted ln(IC50) of every line with its 90 % interval, the most sensitive first, and observed values.

    lines: not empty; cosmic_id, name, mean, lower, upper and observed (ln uM), as `lines_of_cell` gives them.
    below: the ln(IC50) below which a line counts as sensitive. intervals: what they were calibrated on, and whether
    that holds for this drug, as `intervals_from` says it.
    """
    colours = palette(dark)
    lines = in_order(lines)
    n, rank = len(lines), np.arange(1, len(lines) + 1)
    size = 8 if n <= NAMED else 6 if n <= BROAD else 4
    figure = go.Figure([_intervals(lines, rank, colours), _predicted(lines, rank, below, size, colours)])
    measured = lines["observed"].notna().to_numpy()
    if measured.any():
        figure.add_trace(_observed(lines[measured], rank[measured], size, colours))
    ends = lines[["mean", "lower", "upper", "observed"]].to_numpy(float)
    low, high = min(float(np.nanmin(ends)), below), max(float(np.nanmax(ends)), below)
    margin = 0.06 * (high - low) or 1.0
    figure.add_hline(y=below, line={"color": colours.muted, "width": 1, "dash": "dash"})
    # Above the picture, where neither an interval nor a point can lie under it.
    figure.add_annotation(
        x=1,
        xref="x domain",
        y=1,
        yref="y domain",
        text=f"dashed: sensitive below {setting(below)} ({number(float(ic50_um(below)), 2)} µM)",
        showarrow=False,
        xanchor="right",
        yanchor="bottom",
        font={"color": colours.text},
    )
    named = n <= NAMED
    figure.update_xaxes(
        title_text=f"{plural(n, 'line')} of {cancer_type}, most sensitive first",
        range=[0.2, n + 0.8],
        tickvals=rank.tolist() if named else [],
        ticktext=lines["name"].astype(str).tolist() if named else [],
        tickangle=-60,
        tickfont={"size": 12},
        showgrid=False,
    )
    figure.update_yaxes(title_text="ln(IC50), µM", range=[low - margin, high + margin])
    styled(figure, dark, HEIGHT).update_layout(dragmode=False, margin={"t": 26})
    return Chart(
        figure=figure,
        question="Which of its lines would it act on?",
        caption=_caption(lines, measured, intervals),
        summary=_summary(lines, drug, cancer_type, below),
        table=line_table(lines),
    )


def in_order(lines: pd.DataFrame) -> pd.DataFrame:
    """The order of the picture: the most sensitive first."""
    return lines.sort_values(["mean", "name"], kind="stable").reset_index(drop=True)


def line_table(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines as a table with the names that columns have on screen, in the order given."""
    return pd.DataFrame(
        {
            "Cell line": lines["name"].astype(str),
            "Predicted, ln µM": lines["mean"].astype(float),
            "From": lines["lower"].astype(float),
            "To": lines["upper"].astype(float),
            "Observed, ln µM": lines["observed"].astype(float),
            "Predicted IC50, µM": ic50_um(lines["mean"]),
        }
    )


def _intervals(lines: pd.DataFrame, rank: np.ndarray, colours: Palette) -> go.Scatter:
    nothing = np.full(len(lines), np.nan)
    return go.Scatter(
        x=np.column_stack([rank, rank, nothing]).ravel(),
        y=np.column_stack([lines["lower"], lines["upper"], nothing]).ravel().round(3),
        mode="lines",
        line={"color": colours.muted, "width": 1},
        opacity=0.6,
        hoverinfo="skip",
        name="interval",
    )


def _predicted(lines: pd.DataFrame, rank: np.ndarray, below: float, size: int, colours: Palette) -> go.Scatter:
    """Open circles; teal where the line counts as sensitive."""
    sensitive = lines["mean"].to_numpy() < below
    return go.Scatter(
        x=rank,
        y=lines["mean"].round(3),
        mode="markers",
        marker={
            "size": size + 1,
            "color": colours.ground,
            "line": {
                "color": [colours.sensitive if one else colours.resistant for one in sensitive],
                "width": 1.8 if size > 4 else 1.2,
            },
        },
        text=_hover(lines),
        hovertemplate="%{text}<extra></extra>",
        name="predicted",
    )


def _observed(lines: pd.DataFrame, rank: np.ndarray, size: int, colours: Palette) -> go.Scatter:
    return go.Scatter(
        x=rank,
        y=lines["observed"].round(3),
        mode="markers",
        marker={"size": size, "color": colours.text},
        text=_hover(lines),
        hovertemplate="%{text}<extra></extra>",
        name="observed",
    )


def _hover(lines: pd.DataFrame) -> list[str]:
    return [
        f"<b>{row.line}</b><br>predicted {number(row.mean)} ({number(float(ic50_um(row.mean)))} µM)"
        f"<br>90 % interval {interval(row.lower, row.upper)}"
        + (f"<br>observed {number(row.observed)}" if pd.notna(row.observed) else "")
        for row in lines.rename(columns={"name": "line"}).itertuples()
    ]


def intervals_from(split: str | None, known: bool) -> str:
    """What 90 % intervals were calibrated on, and whether they are too narrow for this drug.

    split: that of the pairs they were calibrated on; None where there are none. known: whether the run was trained on
    the drug.
    """
    if split is None:
        return ""
    narrow = "" if known or split in UNSEEN_DRUGS else ", too narrow for unseen drugs such as this"
    return f"calibrated on {split_name(split)}{narrow}"


def _caption(lines: pd.DataFrame, measured: np.ndarray, intervals: str) -> str:
    words = "Open: predicted, teal where sensitive."
    banded = bool(lines[["lower", "upper"]].notna().all(axis=None))
    if banded:
        words += f" Thin line: 90 % interval{f', {intervals}' if intervals else ''}."
    else:
        words += " The run has no prediction intervals."
    if not measured.any():
        return f"{words} Nobody measured this molecule in these lines, as far as the store knows."
    known = lines[measured]
    words += f" Filled: observed in {count(len(known))} of {plural(len(lines), 'line')}"
    within = int(known["observed"].between(known["lower"], known["upper"]).sum())
    if banded:
        words += f"; {count(within)} of {count(len(known))} measured within their interval (90 % expected)"
    return f"{words}; these pairs may have been trained on."


def _summary(lines: pd.DataFrame, drug: str, cancer_type: str, below: float) -> str:
    sensitive = int((lines["mean"] < below).sum())
    surely = int((lines["upper"] < below).sum())
    first = ", ".join(f"{name} {number(value)}" for name, value in lines[["name", "mean"]].head(3).to_numpy())
    return (
        f"Predicted ln(IC50) of {drug} in {plural(len(lines), 'line')} of {cancer_type}: {count(sensitive)} sensitive "
        f"(below {setting(below)}), {count(surely)} even at the upper bound of the 90 % interval. "
        f"Most sensitive: {first}."
    )
