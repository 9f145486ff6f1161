"""Drug response: predicted against observed, and every model beside the baselines."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import SELECTED, SEQUENTIAL, Chart, Palette, palette, styled
from engine.figures.text import MEASURE_NAMES, count, interval, model_name, number, plural
from engine.response.settings import BASELINES

POINT_LIMIT = 20_000  # beyond this a browser is slow and points hide each other
BINS = 90
HEIGHT = 330
PAIR_COLUMNS = {
    "drug": "Drug",
    "line": "Cell line",
    "cancer_type": "Cancer type",
    "pathway": "Target pathway",
    "observed": "Observed ln(IC50), µM",
    "predicted": "Predicted ln(IC50), µM",
    "residual": "Residual, ln µM",
}
PAIR_TRACE = 1  # the curve number a selection must name: trace 0 is the identity line


def predicted_vs_observed(pairs: pd.DataFrame, context: str, dark: bool = False) -> Chart:
    """Each held-out pair at its measured and predicted ln(IC50), with the identity line.

    pairs: not empty; `drug`, `line`, `cancer_type`, `pathway`, and `observed`, `predicted` as ln of IC50 in uM.
    context: data and split, for the caption.
    Up to POINT_LIMIT pairs are points that can be selected; more are binned by density, and the caption says so.
    """
    colours = palette(dark)
    low = float(min(pairs["observed"].min(), pairs["predicted"].min()))
    high = float(max(pairs["observed"].max(), pairs["predicted"].max()))
    margin = 0.03 * (high - low) or 1.0
    limits = [low - margin, high + margin]
    binned = len(pairs) > POINT_LIMIT
    figure = go.Figure(
        [
            go.Scatter(
                x=limits,
                y=limits,
                mode="lines",
                line={"color": colours.muted, "width": 1},
                hoverinfo="skip",
            ),
            _density(pairs, limits) if binned else _points(pairs, colours),
        ]
    )
    step = _step(limits[1] - limits[0])
    figure.update_xaxes(title_text="Observed ln(IC50), µM", range=limits, tick0=0, dtick=step)
    figure.update_yaxes(title_text="Predicted ln(IC50), µM", range=limits, tick0=0, dtick=step)
    figure.update_layout(dragmode="zoom" if binned else "lasso")
    how = "Density: too many pairs for points; filter to select some." if binned else "Draw around points to select."
    error = pairs["predicted"] - pairs["observed"]
    return Chart(
        figure=styled(figure, dark, HEIGHT),
        question="Do predictions follow the measurements?",
        caption=f"{plural(len(pairs), 'held-out pair')}, {context}. Line: identity. {how}",
        summary=(
            f"Predicted against observed ln(IC50) of {plural(len(pairs), 'held-out pair')}. "
            f"Observed from {number(pairs['observed'].min())} to {number(pairs['observed'].max())}, "
            f"median error {number(float(error.median()))}, "
            f"half of the pairs within {number(float(error.abs().median()))} of the identity line."
        ),
        table=pair_table(pairs),
    )


def pair_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs with the names that columns have on screen, largest residual (predicted - observed) first."""
    table = pairs.assign(residual=pairs["predicted"] - pairs["observed"])
    order = table["residual"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order, list(PAIR_COLUMNS)].rename(columns=PAIR_COLUMNS)


def group_table(pairs: pd.DataFrame, by: str) -> pd.DataFrame:
    """Errors per drug, line or cancer type (`by`), largest first, beside those of the mean effects.

    pairs: as for `predicted_vs_observed`, with `drug_id`, `cosmic_id` and, where known, `mean_effects`.
    """
    known = pairs[pairs[by].notna()]
    key = {"drug": "drug_id", "line": "cosmic_id"}.get(by, by)
    error = known["predicted"] - known["observed"]
    parts = known.assign(error=error, squared=error**2)
    columns = {
        PAIR_COLUMNS[by]: parts.groupby(key)[by].first(),
        "Pairs": parts.groupby(key).size(),
        "RMSE, ln µM": parts.groupby(key)["squared"].mean() ** 0.5,
        "Mean residual, ln µM": parts.groupby(key)["error"].mean(),
    }
    if "mean_effects" in known:
        naive = (known["mean_effects"] - known["observed"]) ** 2
        columns["RMSE of mean effects, ln µM"] = naive.groupby(known[key]).mean() ** 0.5
        columns["Difference, ln µM"] = columns["RMSE, ln µM"] - columns["RMSE of mean effects, ln µM"]
    return pd.DataFrame(columns).sort_values("RMSE, ln µM", ascending=False, kind="stable").reset_index(drop=True)


def _step(span: float) -> float:
    """A round distance between ticks, at most ten of them."""
    power = 10.0 ** np.floor(np.log10(span / 10))
    return float(next(power * factor for factor in (1, 2, 5, 10) if span <= 10 * power * factor))


def _points(pairs: pd.DataFrame, colours: Palette) -> go.Scattergl:
    crowded = len(pairs) > 500
    return go.Scattergl(
        x=pairs["observed"].to_numpy().round(3),
        y=pairs["predicted"].to_numpy().round(3),
        mode="markers",
        text=(pairs["drug"] + ", " + pairs["line"] + " (" + pairs["cancer_type"].fillna("type unknown") + ")").tolist(),
        hovertemplate="%{text}<br>observed %{x:.2f}, predicted %{y:.2f}<extra></extra>",
        marker={"size": 5 if crowded else 8, "color": colours.sensitive, "opacity": 0.4 if crowded else 0.75},
        selected={"marker": {"color": SELECTED, "opacity": 1, "size": 8}},
        unselected={"marker": {"opacity": 0.2 if crowded else 0.4}},
    )


def _density(pairs: pd.DataFrame, limits: list[float]) -> go.Heatmap:
    edges = np.linspace(limits[0], limits[1], BINS + 1)
    counts, _, _ = np.histogram2d(pairs["predicted"], pairs["observed"], bins=(edges, edges))
    middle = (edges[:-1] + edges[1:]) / 2
    top = int(np.log10(counts.max()))
    return go.Heatmap(
        x=middle.round(3),
        y=middle.round(3),
        z=np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan).round(3),
        customdata=counts.astype(int),
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
    better_first = measure == "rmse"
    rows = rows.sort_values(["baseline", "value"], ascending=[True, better_first]).reset_index(drop=True)
    colours = palette(dark)
    figure = go.Figure()
    for baseline, group in rows.groupby("baseline"):
        figure.add_trace(_forest_marks(group, bool(baseline), colours))
    figure.add_trace(
        go.Scatter(
            x=rows["upper"].fillna(rows["value"]),
            y=rows.index,
            mode="text",
            text=["  " + number(value) for value in rows["value"]],
            textposition="middle right",
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    names = [model_name(model) for model in rows["model"]]
    ticks = [f"<b>{name}</b>" if model == selected else name for name, model in zip(names, rows["model"], strict=True)]
    low, high = rows["lower"].fillna(rows["value"]).min(), rows["upper"].fillna(rows["value"]).max()
    span = (high - low) if len(rows) and high > low else 1.0
    figure.update_xaxes(
        title_text=f"{MEASURE_NAMES[measure]} on held-out pairs (95 % interval)",
        range=[low - 0.08 * span, high + 0.25 * span],
        tick0=0,
        dtick=_step(2 * 1.33 * span),
    )
    figure.update_yaxes(
        tickvals=list(rows.index), ticktext=ticks, range=[len(rows) - 0.4, -0.6], showgrid=True, ticksuffix="  "
    )
    n = int(rows["n"].max()) if len(rows) else 0
    best = f"{names[0]} {number(rows['value'].iloc[0])}" if names else "no model"
    naive = [f"{model_name(row.model)} {number(row.value)}" for row in rows[rows["baseline"]].itertuples()]
    return Chart(
        figure=styled(figure, dark, HEIGHT),
        question="What does the model add to the naive baselines?",
        caption=f"{plural(n, 'held-out pair')}, {context}. Circles: networks. "
        "Dashes: baselines, which know only averages.",
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


def _forest_marks(rows: pd.DataFrame, baseline: bool, colours: Palette) -> go.Scatter:
    colour = colours.resistant if baseline else colours.sensitive
    lower, upper = rows["lower"].fillna(rows["value"]), rows["upper"].fillna(rows["value"])
    return go.Scatter(
        x=rows["value"],
        y=rows.index,
        mode="markers",
        text=[
            f"{model_name(model)}: {number(value)} ({interval(low, high)})"
            for model, value, low, high in zip(rows["model"], rows["value"], rows["lower"], rows["upper"], strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
        error_x={
            "type": "data",
            "symmetric": False,
            "array": upper - rows["value"],
            "arrayminus": rows["value"] - lower,
            "color": colour,
            "thickness": 2,
            "width": 0,
        },
        marker={
            "symbol": "line-ns" if baseline else "circle",
            "size": 14 if baseline else 11,
            "color": colours.ground,
            "line": {"color": colour, "width": 2},
        },
    )
