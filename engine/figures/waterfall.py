"""The waterfall of one drug over its cell lines, or of one cell line over its drugs."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import Chart, Palette, palette, styled
from engine.figures.text import count, model_name, number, plural, setting
from engine.response.settings import BASELINES
from engine.units import ic50_um

HEIGHT = 360
NAMED = 40  # up to so many pairs the axis has room for every name
CROWDED = 150
OTHERS = {"drug": ("cell line", "Cell line", "Cancer type"), "cell_line": ("drug", "Drug", "Target pathway")}


def waterfall(pairs: pd.DataFrame, subject: str, model: str, context: str, below: float, dark: bool = False) -> Chart:
    """ln(IC50) of one drug in its lines, or of one line's drugs, from the most sensitive on.

    pairs: not empty; columns name, grp, observed and, where there are predictions, predicted, lower, upper, naive
    (ln IC50 in uM), as `entity_records.held_out` or `measured` give them.
    subject: drug | cell_line, whose waterfall it is. context: data and split. below: ln(IC50) that counts as sensitive.
    """
    colours = palette(dark)
    pairs = pairs.sort_values(["observed", "name"], kind="stable").reset_index(drop=True)
    predicted = "predicted" in pairs
    other = OTHERS[subject][0]
    size = 8 if len(pairs) <= NAMED else 6 if len(pairs) <= CROWDED else 4
    rank = np.arange(1, len(pairs) + 1)
    figure = go.Figure()
    if predicted:
        figure.add_trace(_intervals(pairs, rank, colours, len(pairs) > CROWDED))
        figure.add_trace(_predictions(pairs, rank, model, colours, size))
    figure.add_trace(
        go.Scatter(
            x=rank,
            y=pairs["observed"].round(3),
            mode="markers",
            name="observed",
            text=_hover(pairs),
            hovertemplate="%{text}<extra></extra>",
            marker={"size": size, "color": colours.text},
        )
    )
    shown = [c for c in ("observed", "predicted", "lower", "upper") if c in pairs]
    low, high = float(np.nanmin(pairs[shown].to_numpy(float))), float(np.nanmax(pairs[shown].to_numpy(float)))
    low, high = min(low, below), max(high, below)
    margin = 0.06 * (high - low) or 1.0
    _axes(figure, pairs, other, (low - margin, high + margin), below, colours)
    found = f"{plural(len(pairs), 'held-out pair' if predicted else 'measured pair')}, {context}."
    return Chart(
        figure=styled(figure, dark, HEIGHT),
        question=_question(subject, predicted),
        caption=f"{found} {_legend(pairs, model) if predicted else 'Filled: observed.'}",
        summary=_waterfall_summary(pairs, other, below),
        table=pair_table(pairs, subject),
    )


def _question(subject: str, predicted: bool) -> str:
    question = "Which lines does it act on" if subject == "drug" else "Which drugs act on it"
    return f"{question}, and was it predicted?" if predicted else f"{question}?"


def _legend(pairs: pd.DataFrame, model: str) -> str:
    mark = "Dash" if model in BASELINES else "Open"
    known = pairs.dropna(subset=["lower", "upper"])
    text = f"Filled: observed. {mark}: {model_name(model).lower()}."
    if known.empty:
        return f"{text} This run kept no prediction intervals."
    inside = int(known["observed"].between(known["lower"], known["upper"]).sum())
    return f"{text} Thin line: its 90 % interval, which holds {count(inside)} of {count(len(known))} measured values."


def _intervals(pairs: pd.DataFrame, rank: np.ndarray, colours: Palette, crowded: bool) -> go.Scatter:
    """All intervals as one broken line: hundreds of error bars would be slow."""
    nothing = np.full(len(pairs), np.nan)
    ends = np.column_stack([pairs["lower"].astype(float), pairs["upper"].astype(float), nothing]).ravel().round(3)
    return go.Scatter(
        x=np.column_stack([rank, rank, nothing]).ravel(),
        y=ends,
        mode="lines",
        name="interval",
        line={"color": colours.muted, "width": 1},
        opacity=0.3 if crowded else 0.6,
        hoverinfo="skip",
    )


def _predictions(pairs: pd.DataFrame, rank: np.ndarray, model: str, colours: Palette, size: int) -> go.Scatter:
    baseline = model in BASELINES
    marker = {
        "symbol": "line-ew" if baseline else "circle",
        "size": size + 1,
        "color": colours.ground,
        "line": {"color": colours.resistant if baseline else colours.sensitive, "width": 1.5 if size > 4 else 1},
    }
    return go.Scatter(
        x=rank,
        y=pairs["predicted"].round(3),
        mode="markers",
        name="predicted",
        text=_hover(pairs),
        hovertemplate="%{text}<extra></extra>",
        marker=marker,
    )


def _hover(pairs: pd.DataFrame) -> list[str]:
    rows = []
    for row in pairs.to_dict("records"):
        group = row["grp"] if isinstance(row["grp"], str) else "not known"
        text = f"<b>{row['name']}</b> ({group})<br>observed {_both(row['observed'])}"
        if "predicted" in row:
            text += f"<br>predicted {_both(row['predicted'])}"
            if pd.notna(row["lower"]) and pd.notna(row["upper"]):
                text += f"<br>90 % interval {number(row['lower'])} to {number(row['upper'])}"
        rows.append(text)
    return rows


def _both(ln_ic50: float) -> str:
    """ln(IC50) with its IC50, because some people think in one and some in the other."""
    return f"{number(ln_ic50)} ({number(float(ic50_um(ln_ic50)))} µM)"


def _axes(
    figure: go.Figure,
    pairs: pd.DataFrame,
    other: str,
    limits: tuple[float, float],
    below: float,
    colours: Palette,
) -> None:
    n = len(pairs)
    figure.add_hline(y=below, line={"color": colours.muted, "width": 1, "dash": "dash"})
    figure.add_annotation(
        x=1,
        xref="x domain",
        y=below,
        text=f"sensitive below {setting(below)} ({number(float(ic50_um(below)), 2)} µM)",
        showarrow=False,
        xanchor="right",
        yanchor="top",
        font={"color": colours.text},
        bgcolor=colours.ground,
        opacity=0.85,
    )
    names = n <= NAMED
    figure.update_xaxes(
        title_text=f"{plural(n, other)}, most sensitive first",
        range=[0.2, n + 0.8] if names else [-0.01 * n, 1.01 * n + 1],
        tickvals=list(range(1, n + 1)) if names else [],
        ticktext=[str(name) for name in pairs["name"]] if names else [],
        tickangle=-60,
        tickfont={"size": 12},
        showgrid=False,
    )
    figure.update_yaxes(title_text="ln(IC50), µM", range=list(limits))
    # The same values in µM; an axis without a trace is not drawn.
    powers = [p for p in range(-9, 10) if limits[0] < p * np.log(10) < limits[1]]
    figure.add_trace(go.Scatter(x=[None], y=[None], yaxis="y2", hoverinfo="skip"))
    figure.update_layout(
        yaxis2={
            "overlaying": "y",
            "matches": "y",
            "side": "right",
            "title": {"text": "IC50, µM"},
            "tickvals": [p * np.log(10) for p in powers],
            "ticktext": [f"{10.0**p:,.{max(0, -p)}f}" for p in powers],
            "showgrid": False,
        }
    )


def _waterfall_summary(pairs: pd.DataFrame, other: str, below: float) -> str:
    first = ", ".join(f"{row.name_} {number(row.observed)}" for row in _top(pairs))
    sensitive = int((pairs["observed"] < below).sum())
    text = (
        f"Observed ln(IC50) of {plural(len(pairs), other)}, from {number(pairs['observed'].min())} to "
        f"{number(pairs['observed'].max())}; {count(sensitive)} sensitive (below {setting(below)}). "
        f"Most sensitive: {first}."
    )
    if "predicted" in pairs:
        error = (pairs["predicted"] - pairs["observed"]).abs().median()
        text += f" Half of the predictions lie within {number(float(error))} ln µM of the measurement."
    return text


def _top(pairs: pd.DataFrame) -> list:
    return list(pairs.rename(columns={"name": "name_"}).head(3).itertuples())


def most_sensitive(pairs: pd.DataFrame) -> str:
    """The three lowest measured IC50 by name; pairs sorted by `observed`."""
    return ", ".join(f"{row.name_} {number(float(ic50_um(row.observed)))} µM" for row in _top(pairs))


def pair_table(pairs: pd.DataFrame, subject: str) -> pd.DataFrame:
    """The pairs of a waterfall, in their order, with the names that columns have on screen."""
    _, column, group = OTHERS[subject]
    columns = {
        column: pairs["name"],
        group: pairs["grp"].fillna("not known"),
        "Observed ln(IC50), µM": pairs["observed"],
    }
    columns["Observed IC50, µM"] = pd.Series(ic50_um(pairs["observed"]), index=pairs.index)
    if "predicted" in pairs:
        columns |= {
            "Predicted ln(IC50), µM": pairs["predicted"],
            "Interval from": pairs["lower"].astype(float),
            "Interval to": pairs["upper"].astype(float),
            "Residual, ln µM": pairs["predicted"] - pairs["observed"],
            "Baseline ln(IC50), µM": pairs["naive"].astype(float),
        }
    return pd.DataFrame(columns)
