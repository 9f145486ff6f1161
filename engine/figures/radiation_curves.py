"""Survival curves by the linear-quadratic model, and whether two assays agree on SF2."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from engine.figures.template import SELECTED, Chart, palette, styled
from engine.figures.text import interval, number, plural

if TYPE_CHECKING:  # it loads scipy, and pages open at once
    from engine.radiation.agreement import Agreement

HEIGHT = 380
FAR = 0.1  # of SF2: a curve this far from the measured fraction is no summary of the line
STEPS = 60  # points of a drawn curve


def survival_curve(points: pd.DataFrame, row: pd.Series, context: str, dark: bool = False) -> Chart:
    """One line's measured fractions over dose, its fitted curve, and SF2 with its interval.

    points: columns dose_gy, replicate, surviving_fraction. row: of the table `survival`.
    """
    from engine.radiation.survival import survival  # with scipy

    colours = palette(dark)
    figure = go.Figure()
    shown = points[points["surviving_fraction"] > 0]
    fitted = pd.notna(row["alpha_per_gy"]) and pd.notna(row["beta_per_gy2"])
    furthest = max(float(shown["dose_gy"].max()) if len(shown) else 2.0, 2.0)
    if fitted:
        dose = np.linspace(0, furthest, STEPS)
        figure.add_trace(
            go.Scatter(
                x=dose.round(3),
                y=survival(dose, float(row["alpha_per_gy"]), float(row["beta_per_gy2"])),
                mode="lines",
                line={"color": colours.sensitive, "width": 2},
                hovertemplate="%{x:.2f} Gy: %{y:.3g} fitted<extra></extra>",
            )
        )
    figure.add_trace(
        go.Scatter(
            x=shown["dose_gy"],
            y=shown["surviving_fraction"],
            mode="markers",
            marker={"size": 8, "color": colours.sensitive},
            hovertemplate="%{x:.2f} Gy: %{y:.3g} measured<extra></extra>",
        )
    )
    figure.add_trace(_sf2(row, colours.ground))
    figure.update_xaxes(title_text="Dose, Gy", range=[-0.02 * furthest, 1.04 * furthest])
    figure.update_yaxes(title_text="Surviving fraction", type="log", tickformat=".3~g", dtick="D2")
    says = curve_words(row)
    gone = len(points) - len(shown)
    return Chart(
        figure=styled(figure, dark, HEIGHT),
        question=f"How does {row['line']} survive dose after dose?",
        caption=f"{plural(len(shown), 'point')} of {row['line']}, {context}. Dots: measured. "
        + ("Curve: ln S = −(αD + βD²). " if fitted else "Too few doses for a curve. ")
        + ("Orange: SF2 with its 95 % interval." if pd.notna(row["sf2_lower"]) else "Orange: SF2.")
        + (f" {plural(gone, 'point')} without survivors cannot stand on a logarithmic axis." if gone else ""),
        summary=f"Survival of {row['line']}: {says}.",
        table=points[["dose_gy", "replicate", "surviving_fraction"]].rename(
            columns={"dose_gy": "Dose, Gy", "replicate": "Replicate", "surviving_fraction": "Surviving fraction"}
        ),
    )


def _sf2(row: pd.Series, ground: str) -> go.Scatter:
    known = pd.notna(row["sf2_lower"]) and pd.notna(row["sf2_upper"])
    return go.Scatter(
        x=[2.0],
        y=[row["sf2"]],
        mode="markers",
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [max(row["sf2_upper"] - row["sf2"], 0) if known else 0],
            "arrayminus": [max(row["sf2"] - row["sf2_lower"], 0) if known else 0],
            "color": SELECTED,
            "thickness": 1.5,
            "width": 0,
        },
        marker={"size": 12, "symbol": "circle-open", "color": SELECTED, "line": {"width": 2}},
        hovertemplate="SF2 %{y:.3g}<extra></extra>",
    )


def curve_words(row: pd.Series) -> str:
    """'SF2 0.62 (0.55 to 0.69), α 0.152 per Gy (...), β 0.0178 per Gy²'."""
    said = [f"SF2 {number(row['sf2'])} ({interval(row['sf2_lower'], row['sf2_upper'])})"]
    if pd.notna(row["alpha_per_gy"]):
        said.append(f"α {number(row['alpha_per_gy'])} per Gy ({interval(row['alpha_lower'], row['alpha_upper'])})")
        said.append(f"β {number(row['beta_per_gy2'])} per Gy² ({interval(row['beta_lower'], row['beta_upper'])})")
    return ", ".join(said)


def fitted_sf2(rows: pd.DataFrame) -> pd.Series:
    """SF2 by the fitted curve of every line; NaN where there is none."""
    return np.exp(-(2 * rows["alpha_per_gy"].astype(float) + 4 * rows["beta_per_gy2"].astype(float)))


def bad_fit(rows: pd.DataFrame) -> pd.Series:
    """Whether the curve of a line misses the SF2 that its table tells by more than FAR."""
    return (fitted_sf2(rows) - rows["sf2"].astype(float)).abs() > FAR


def lines_table(survival_rows: pd.DataFrame) -> pd.DataFrame:
    """The lines of a data set as a table: SF2 and the curve with their 95 % intervals."""
    rows = survival_rows
    fits = np.where(rows["alpha_per_gy"].isna(), "", np.where(bad_fit(rows), f"misses SF2 by over {FAR:g}", "good"))
    ends = {
        name: [interval(a, b) for a, b in zip(rows[f"{name}_lower"], rows[f"{name}_upper"], strict=True)]
        for name in ("sf2", "alpha", "beta")
    }
    return pd.DataFrame(
        {
            "Cell line": rows["line"],
            "SF2": rows["sf2"],
            "SF2, 95 % interval": ends["sf2"],
            "α, 1/Gy": rows["alpha_per_gy"],
            "α, 95 % interval": ends["alpha"],
            "β, 1/Gy²": rows["beta_per_gy2"],
            "β, 95 % interval": ends["beta"],
            "Fit": fits,
            "Doses": rows["n_doses"].astype("Int64"),
            "SF2 from": rows["sf2_from"],
            "Panel": rows["panel"],
        }
    )


def agreement_chart(found: "Agreement", first: str, second: str, dark: bool = False) -> Chart:
    """Two assays on the lines both have: one against the other, and their difference over their mean."""
    colours, lines = palette(dark), found.lines
    figure = make_subplots(1, 2, horizontal_spacing=0.12)
    top = 1.05 * float(max(lines["first"].max(), lines["second"].max()))
    line = {"color": colours.muted, "width": 1}
    figure.add_trace(go.Scatter(x=[0, top], y=[0, top], mode="lines", line=line, hoverinfo="skip"), 1, 1)
    dots = {"size": 8, "color": colours.sensitive, "opacity": 0.85}
    for column, x, y in ((1, "first", "second"), (2, "mean", "difference")):
        figure.add_trace(
            go.Scatter(
                x=lines[x],
                y=lines[y],
                mode="markers",
                marker=dots,
                text=[
                    f"{row.line}<br>{first}: {number(row.first)}<br>{second}: {number(row.second)}"
                    for row in lines.itertuples()
                ],
                hovertemplate="%{text}<extra></extra>",
            ),
            1,
            column,
        )
    low, high = found.limits
    dashes = {"color": colours.text, "width": 1, "dash": "dash"}
    for limit in found.limits:
        figure.add_hline(limit, row=1, col=2, line=dashes)
    figure.add_hline(found.bias, row=1, col=2, line={"color": colours.muted, "width": 1})
    figure.add_hline(0, row=1, col=2, line={"color": colours.muted, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text=f"SF2, {first}", range=[-0.03 * top, top], row=1, col=1)
    figure.update_yaxes(title_text=f"SF2, {second}", range=[-0.03 * top, top], row=1, col=1)
    figure.update_xaxes(title_text="Mean of both", row=1, col=2)
    ends = [low, high, 0.0, float(lines["difference"].min()), float(lines["difference"].max())]
    room = 0.08 * (max(ends) - min(ends))
    figure.update_yaxes(title_text="Second − first", range=[min(ends) - room, max(ends) + room], row=1, col=2)
    return Chart(
        figure=styled(figure, dark, HEIGHT),
        question="Do two assays agree on the same lines?",
        caption=f"{plural(found.n, 'line')} that both {first} and {second} have. Left: line of identity. Right: mean "
        "difference; dashed: the limits between which 95 % of differences lie (Bland-Altman).",
        summary=agreement_words(found, first, second),
        table=pd.DataFrame(
            {
                "Cell line": lines["line"],
                f"SF2, {first}": lines["first"],
                f"SF2, {second}": lines["second"],
                "Second − first": lines["difference"],
            }
        ),
    )


def agreement_words(found: "Agreement", first: str, second: str) -> str:
    """What the chart says, in a sentence or two."""
    return (
        f"On {plural(found.n, 'line')} that both have, {second} follows {first} with Pearson r "
        f"{number(found.pearson)} ({_ends(found.pearson_interval)}) and Spearman ρ {number(found.spearman)} "
        f"({_ends(found.spearman_interval)}), and is on average {number(abs(found.bias))} "
        f"{'higher' if found.bias > 0 else 'lower'} ({_ends(found.bias_interval)}). 95 % of differences lie between "
        f"{number(found.limits[0])} and {number(found.limits[1])}."
    )


def _ends(ends: tuple[float, float] | None) -> str:
    return interval(*(ends or (None, None)))
