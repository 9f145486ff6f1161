"""Drug response: predicted against observed, and every model beside the baselines."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.forest import Mark, Row, forest
from engine.figures.pair_tables import extrapolation, pair_table
from engine.figures.template import SELECTED, SEQUENTIAL, Chart, Palette, palette, styled
from engine.figures.text import LOWER_IS_BETTER, MEASURE_NAMES, count, interval, model_name, number, plural
from engine.response.pair_records import BINS, Density
from engine.response.settings import BASELINES

POINT_LIMIT = 20_000  # beyond this a browser is slow and points hide each other
RING_LIMIT = 200  # more rings hide what they are drawn around
HEIGHT = 330
PAIR_TRACE = 1  # the curve number a selection must name: trace 0 is the identity line
FURTHEST = 0.4  # below the best model, a share of 1: what is further stands at the edge with an arrow


def predicted_vs_observed(pairs: pd.DataFrame, context: str, dark: bool = False) -> Chart:
    """Each held-out pair at its measured and predicted ln(IC50), with the identity line.

    pairs: not empty; `drug`, `line`, `cancer_type`, `pathway`, and `observed`, `predicted` as ln of IC50 in uM; where
    known, whether a pair is an extrapolation (`pair_records.pair_points`).
    context: data and split, for the caption.
    Up to POINT_LIMIT pairs are points that can be selected; more are binned by density, and the caption says so.
    """
    low = float(min(pairs["observed"].min(), pairs["predicted"].min()))
    high = float(max(pairs["observed"].max(), pairs["predicted"].max()))
    limits = padded(low, high)
    error = pairs["predicted"] - pairs["observed"]
    if len(pairs) > POINT_LIMIT:
        edges = np.linspace(limits[0], limits[1], BINS + 1)
        counts, _, _ = np.histogram2d(pairs["predicted"], pairs["observed"], bins=(edges, edges))
        found = Density(edges, counts.astype(int), float(error.median()), float(error.abs().median()))
        return density_of_pairs(found, context, dark)
    colours = palette(dark)
    flagged = _flagged(pairs)
    figure = _square(limits, _points(pairs, flagged, colours), colours)
    told = plural(int(flagged.sum()), "extrapolation")
    rings = ""
    if 0 < flagged.sum() <= RING_LIMIT:
        figure.add_trace(_rings(pairs[flagged], colours))
        rings = f" Rings: {told}."
    elif flagged.any():
        rings = f" {told}, too many to ring: the table names them."
    figure.update_layout(dragmode="lasso")
    return Chart(
        figure=styled(figure, dark, HEIGHT),
        question="Do predictions follow the measurements?",
        caption=f"{plural(len(pairs), 'held-out pair')}, {context}. Line: identity.{rings} "
        "Draw around points to select.",
        summary=_summary(
            len(pairs), pairs["observed"].min(), pairs["observed"].max(), error.median(), error.abs().median()
        ),
        table=pair_table(pairs),
    )


def density_of_pairs(density: Density, context: str, dark: bool = False) -> Chart:
    """The same of so many pairs that they are counted on a grid. density: as `pair_records.pair_density` gives it."""
    colours = palette(dark)
    edges, counts = density.edges, density.counts
    n = int(counts.sum())
    figure = _square((float(edges[0]), float(edges[-1])), _heatmap(density), colours)
    figure.update_layout(dragmode="zoom")
    predicted, observed = np.nonzero(counts)
    middle = (edges[:-1] + edges[1:]) / 2
    measured = middle[np.flatnonzero(counts.sum(axis=0))]
    return Chart(
        figure=styled(figure, dark, HEIGHT),
        question="Do predictions follow the measurements?",
        caption=f"{plural(n, 'held-out pair')}, {context}. Line: identity. "
        "Density: too many pairs for points; filter to select some.",
        summary=_summary(n, measured[0], measured[-1], density.median_error, density.median_absolute_error),
        table=pd.DataFrame(
            {
                "Observed ln(IC50), µM": middle[observed],
                "Predicted ln(IC50), µM": middle[predicted],
                "Pairs": counts[predicted, observed],
            }
        ).sort_values("Pairs", ascending=False, kind="stable", ignore_index=True),
    )


def padded(low: float, high: float) -> tuple[float, float]:
    """Limits of both axes, with a margin around the values."""
    margin = 0.03 * (high - low) or 1.0
    return low - margin, high + margin


def _square(limits: tuple[float, float], pairs: go.Scattergl | go.Heatmap, colours: Palette) -> go.Figure:
    """Both axes alike, with the identity line below the pairs."""
    line = {"color": colours.muted, "width": 1}
    figure = go.Figure([go.Scatter(x=list(limits), y=list(limits), mode="lines", line=line, hoverinfo="skip"), pairs])
    step = _step(limits[1] - limits[0])
    figure.update_xaxes(title_text="Observed ln(IC50), µM", range=list(limits), tick0=0, dtick=step)
    figure.update_yaxes(title_text="Predicted ln(IC50), µM", range=list(limits), tick0=0, dtick=step)
    return figure


def _summary(n: int, low: float, high: float, error: float, absolute: float) -> str:
    return (
        f"Predicted against observed ln(IC50) of {plural(n, 'held-out pair')}. Observed from {number(low)} to "
        f"{number(high)}, median error {number(float(error))}, half of the pairs within {number(float(absolute))} of "
        "the identity line."
    )


def _step(span: float) -> float:
    """A round distance between ticks, at most ten of them."""
    power = 10.0 ** np.floor(np.log10(span / 10))
    return float(next(power * factor for factor in (1, 2, 5, 10) if span <= 10 * power * factor))


def _flagged(pairs: pd.DataFrame) -> np.ndarray:
    if "line_flagged" not in pairs:
        return np.zeros(len(pairs), bool)
    return (pairs["line_flagged"] | pairs["drug_flagged"]).to_numpy(bool)


def _points(pairs: pd.DataFrame, flagged: np.ndarray, colours: Palette) -> go.Scattergl:
    crowded = len(pairs) > 500
    text = pairs["drug"] + ", " + pairs["line"] + " (" + pairs["cancer_type"].fillna("type unknown") + ")"
    if flagged.any():
        why = [f"<br>extrapolation, {reason}" if reason else "" for reason in extrapolation(pairs)]
        text = text + pd.Series(why, index=pairs.index)
    return go.Scattergl(
        x=pairs["observed"].to_numpy().round(3),
        y=pairs["predicted"].to_numpy().round(3),
        mode="markers",
        text=text.tolist(),
        hovertemplate="%{text}<br>observed %{x:.2f}, predicted %{y:.2f}<extra></extra>",
        marker={
            "size": 5 if crowded else 8,
            "color": colours.sensitive,
            "opacity": 0.4 if crowded else 0.75,
        },
        selected={"marker": {"color": SELECTED, "opacity": 1, "size": 8}},
        unselected={"marker": {"opacity": 0.2 if crowded else 0.4}},
    )


def _rings(pairs: pd.DataFrame, colours: Palette) -> go.Scattergl:
    """Around pairs whose line or drug is unlike anything trained on."""
    return go.Scattergl(
        x=pairs["observed"].to_numpy().round(3),
        y=pairs["predicted"].to_numpy().round(3),
        mode="markers",
        hoverinfo="skip",
        marker={"symbol": "circle-open", "size": 11, "color": colours.text, "line": {"width": 1}},
        unselected={"marker": {"opacity": 0.4}},
    )


def _heatmap(density: Density) -> go.Heatmap:
    counts = density.counts
    middle = (density.edges[:-1] + density.edges[1:]) / 2
    top = int(np.log10(counts.max()))
    return go.Heatmap(
        x=middle.round(3),
        y=middle.round(3),
        z=np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan).round(3),
        customdata=counts,
        colorscale=SEQUENTIAL,
        hovertemplate="observed %{x:.2f}, predicted %{y:.2f}<br>%{customdata:,} pairs<extra></extra>",
        colorbar={
            "title": {"text": "pairs", "side": "top"},
            "thickness": 10,
            "tickvals": list(range(top + 1)),
            "ticktext": [count(10**power) for power in range(top + 1)],
        },
    )


def model_forest(scores: pd.DataFrame, measure: str, context: str, selected: str = "", dark: bool = False) -> Chart:
    """Every model's measure with its 95 % interval: networks as open circles, baselines as a dash.

    scores: columns `model`, `name`, `value`, `lower`, `upper`, `n`; rows of other measures are left out.
    selected: the model shown in bold.
    """
    rows = scores[scores["name"] == measure].dropna(subset=["value"])
    rows = rows.assign(baseline=rows["model"].isin(BASELINES))
    lower_is_better = measure in LOWER_IS_BETTER
    rows = rows.sort_values("value", ascending=lower_is_better, kind="stable").reset_index(drop=True)
    names = [model_name(model) for model in rows["model"]]
    marks = [
        Mark(
            row=row.Index,
            value=row.value,
            lower=None if pd.isna(row.lower) else row.lower,
            upper=None if pd.isna(row.upper) else row.upper,
            label=number(row.value),
            name=names[row.Index],
            kind="baseline" if row.baseline else "predicted",
        )
        for row in rows.itertuples()
    ]
    if not lower_is_better and len(rows):
        highest = rows["value"].max()
        # Far values are cut with an arrow; intervals of the others are shown whole, as far as they leave room.
        ends = [mark.lower for mark in marks if mark.lower is not None and mark.value >= highest - FURTHEST]
        lowest = max(min(ends, default=highest), highest - 3 * FURTHEST)
        marks = [mark.at_least(min(lowest, highest - FURTHEST)) for mark in marks]
    ticks = [f"<b>{name}</b>" if model == selected else name for name, model in zip(names, rows["model"], strict=True)]
    n = int(rows["n"].max()) if len(rows) else 0
    networks = [f"{model_name(row.model)} {number(row.value)}" for row in rows[~rows["baseline"]].itertuples()]
    best = networks[0] if networks else "none"
    naive = [f"{model_name(row.model)} {number(row.value)}" for row in rows[rows["baseline"]].itertuples()]
    return Chart(
        figure=forest(
            marks,
            [Row(i, tick) for i, tick in enumerate(ticks)],
            f"{MEASURE_NAMES[measure]} on held-out pairs (95 % interval)",
            dark,
            height=HEIGHT,
        ),
        question="What does the model add to the naive baselines?",
        caption=f"{plural(n, 'held-out pair')}, {context}. Circles: networks. Dashes: baselines.",
        summary=f"{MEASURE_NAMES[measure]} of {plural(len(rows), 'model')}. Best network: {best}. "
        f"Baselines: {', '.join(naive) or 'none'}.",
        table=pd.DataFrame(
            {
                "Model": names,
                MEASURE_NAMES[measure]: rows["value"],
                "95 % interval": [interval(a, b) for a, b in zip(rows["lower"], rows["upper"], strict=True)],
                "Pairs": rows["n"],
            }
        ),
    )
