"""Which models differ by more than chance: ranks over folds, and differences to one of them."""

from math import ceil
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from engine.figures.forest import Mark, Row, forest
from engine.figures.template import Chart, Palette, palette, styled
from engine.figures.text import interval, model_name, number, plural, signed
from engine.response.evidence import Differences
from engine.response.settings import ABLATIONS, BASELINES

if TYPE_CHECKING:  # scipy.stats takes longer to load than a page may
    from engine.learn.comparison import Comparison

ROW_PX = 24  # height of one name
BAR = 0.36  # rows between two bars of groups
NAMES_FROM, NAMES_TO = 0.31, 0.69  # share of the width that the ranks take; names stand on both sides
NEAR, FAR = 0.05, 2.5  # differences of R² further left than so many times the best one's end stand at the edge
EDGE = 0.35  # ranks between the outermost model and the names


def critical_difference(found: "Comparison", context: str, dark: bool = False) -> Chart:
    """Mean rank of every model over the folds, best on the left; a bar joins models that cannot be told apart.

    Source: Demsar 2006, Journal of Machine Learning Research 7:1-30, Figure 1.
    """
    colours = palette(dark)
    models, ranks = list(found.mean_ranks), list(found.mean_ranks.values())
    left = ceil(len(models) / 2)
    low, high = min(1.0, *ranks) - EDGE, max(float(len(models)), *ranks) + EDGE
    names_from = 0.5 + BAR * (len(found.cliques) + 1)
    figure = go.Figure()
    for i, (model, rank) in enumerate(zip(models, ranks, strict=True)):
        on_left = i < left
        row = names_from + (i if on_left else len(models) - 0.5 - i)  # never level with a name on the other side
        edge = low if on_left else high
        baseline = model in BASELINES
        colour = colours.resistant if baseline else colours.sensitive
        figure.add_trace(_line([rank, rank, edge], [0, row, row], colour, 1))
        figure.add_trace(_mark(model, rank, baseline, colour, colours))
        name, value = model_name(model), number(rank)
        figure.add_annotation(
            x=edge,
            y=row,
            text=f"{name}  <b>{value}</b>  " if on_left else f"  <b>{value}</b>  {name}",
            xanchor="right" if on_left else "left",
            showarrow=False,
        )
    for i, clique in enumerate(found.cliques):
        ends = [found.mean_ranks[clique[0]] - 0.06, found.mean_ranks[clique[-1]] + 0.06]
        figure.add_trace(_line(ends, [BAR * (i + 1)] * 2, colours.text, 4))
    ruler = [1.0, 1.0 + found.critical_difference]
    figure.add_trace(_line(ruler, [-1.75] * 2, colours.text, 2))
    figure.add_annotation(
        x=sum(ruler) / 2, y=-2.3, text=f"critical difference {number(found.critical_difference)}", showarrow=False
    )
    figure.update_xaxes(range=[low, high], domain=[NAMES_FROM, NAMES_TO], visible=False)
    _axis(figure, len(models), colours)
    rows = names_from + left + 0.5
    figure.update_yaxes(range=[rows - 0.3, -2.8], visible=False)
    level = f"Nemenyi, {100 * found.alpha:.0f} %"
    test = f"Friedman's test over {plural(found.folds, 'fold')}: p {p_text(found.p_value)}"
    alike = "; the models as a whole cannot be told apart" if found.p_value >= found.alpha else ""
    return Chart(
        figure=styled(figure, dark, round(ROW_PX * (rows + 2.5)) + 20),
        question="Which models can be told apart?",
        caption=f"Mean rank by R², 1 is best; {context}. {test}{alike}. Bars join models whose ranks differ by less "
        f"than the critical difference ({level}). Folds share training pairs, which makes the test optimistic.",
        summary=f"Mean ranks over {plural(found.folds, 'fold')}, best first: "
        + ", ".join(f"{model_name(model)} {number(rank)}" for model, rank in found.mean_ranks.items())
        + f". Critical difference {number(found.critical_difference)}. {test}{alike}.",
        table=pd.DataFrame(
            {
                "Model": [model_name(model) for model in models],
                "Mean rank": ranks,
                "Cannot be told apart from": [_alike(model, found.cliques) for model in models],
            }
        ),
    )


def p_text(p: float) -> str:
    """'0.0312', or 'below 0.001'."""
    return "below 0.001" if p < 0.001 else number(p)


def _alike(model: str, cliques: tuple[tuple[str, ...], ...]) -> str:
    others = dict.fromkeys(other for clique in cliques if model in clique for other in clique if other != model)
    return ", ".join(model_name(other) for other in others) or "none"


def _line(x: list[float], y: list[float], colour: str, width: float) -> go.Scatter:
    return go.Scatter(x=x, y=y, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip")


def _mark(model: str, rank: float, baseline: bool, colour: str, colours: Palette) -> go.Scatter:
    return go.Scatter(
        x=[rank],
        y=[0],
        mode="markers",
        name=model_name(model),
        hovertemplate=f"{model_name(model)}: mean rank {number(rank)}<extra></extra>",
        marker={
            "symbol": "line-ns" if baseline else "circle",
            "size": 14 if baseline else 11,
            "color": colours.ground,
            "line": {"color": colour, "width": 2},
        },
    )


def _axis(figure: go.Figure, models: int, colours: Palette) -> None:
    """The scale of ranks, drawn by hand above the marks: a plotly axis cannot stand inside its plot."""
    step = 1 if models <= 12 else 2
    figure.add_shape(type="line", x0=1, x1=models, y0=0, y1=0, line={"color": colours.muted, "width": 1}, layer="below")
    for rank in range(1, models + 1, step):
        figure.add_annotation(x=rank, y=-0.75, text=str(rank), showarrow=False, font={"color": colours.muted})


def difference_forest(found: Differences, context: str, dark: bool = False) -> Chart:
    """R² of every model minus that of the reference, with its interval; right of zero is better."""
    rows = found.table.dropna(subset=["difference"])
    rows = rows[~rows["model"].isin(ABLATIONS.values())]
    lowest = -FAR * max(NEAR, rows["upper"].fillna(rows["difference"]).max() if len(rows) else 0)
    who = model_name(found.reference)
    marks = [
        Mark(
            row=place,
            value=row.difference,
            lower=None if pd.isna(row.lower) else row.lower,
            upper=None if pd.isna(row.upper) else row.upper,
            label=signed(row.difference),
            name=model_name(row.model),
            kind="baseline" if row.model in BASELINES else "predicted",
        ).at_least(lowest)
        for place, row in enumerate(rows.itertuples())
    ]
    if found.by == "folds":
        how = (
            f"paired over {plural(int(rows['n'].max()) if len(rows) else 0, 'fold')}, t intervals corrected for "
            "training sets that overlap"
        )
    else:
        pairs = plural(int(rows["n"].max()) if len(rows) else 0, "held-out pair")
        how = f"the same {pairs}, bootstrap over {found.by}"
    better = [model_name(row.model) for row in rows.itertuples() if row.lower > 0]
    return Chart(
        figure=forest(
            marks,
            [Row(place, model_name(model)) for place, model in enumerate(rows["model"])],
            f"R² minus that of {who[0].lower() + who[1:]} (95 % interval)",
            dark,
            reference=0,
        ),
        question=f"What does each model add to {who[0].lower() + who[1:]}?",
        caption=f"{context[:1].upper()}{context[1:]}; {how}, not adjusted for the number of models.",
        summary=f"Difference of R² to {who}, best first. Above zero with the whole interval: "
        f"{', '.join(better) or 'no model'}.",
        table=pd.DataFrame(
            {
                "Model": [model_name(model) for model in found.table["model"]],
                "Difference of R²": found.table["difference"],
                "95 % interval": [
                    interval(a, b) for a, b in zip(found.table["lower"], found.table["upper"], strict=True)
                ],
                "Folds" if found.by == "folds" else "Pairs": found.table["n"],
            }
        ),
    )


def evidence_words(found: Differences, model: str) -> str:
    """Whether `model` adds to the reference, in one sentence."""
    rows = found.table.set_index("model")
    if model not in rows.index or pd.isna(rows.loc[model, "difference"]):
        return ""
    row = rows.loc[model]
    who = f"{model_name(model)} against {model_name(found.reference).lower()}: {signed(row['difference'])} of R²"
    if pd.isna(row["lower"]):
        return f"{who}. One fold, or too few units, give no interval: this may be chance."
    ends = f"({signed(row['lower'])} to {signed(row['upper'])})"
    if row["lower"] > 0:
        return f"{who} {ends}: more than chance."
    if row["upper"] < 0:
        return f"{who} {ends}: worse, by more than chance."
    return f"{who} {ends}: zero lies inside, so it may be chance."
