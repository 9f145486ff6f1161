"""How training went, epoch by epoch."""

import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import Chart, palette, styled
from engine.figures.text import model_name, number, plural

HEIGHT = 280
LABEL_GAP = 0.075  # of the height, so that 13 px labels do not touch
# Networks are told apart by colour and dash, in an order that stays when one is missing.
STYLES = {
    "master": ("#0f8b8d", "solid"),
    "fully_connected": ("#5b6fb5", "dash"),
    "shallow": ("#b07a08", "dot"),
    "tanh": ("#8e5aa8", "dashdot"),
    "unified": ("#7a8792", "6px,2px"),
}
OTHER_STYLE = ("#7a8792", "solid")
COLUMNS = {
    "train_loss": ("Training loss, share of first", "Does the training loss still fall?"),
    "validation_rmse": ("Validation RMSE, ln µM", "Does the error on unseen pairs still fall?"),
}
RELATIVE = " Mean squared error divided by that of the first epoch, because tanh is trained on scaled targets."


def learning_curves(curves: pd.DataFrame, column: str, context: str, dark: bool = False) -> Chart:
    """One line per network and fold of `column` (train_loss or validation_rmse) over epochs, named at its end.

    curves: columns `model`, `epoch`, `column` and, with several folds, `fold`; not empty. Folds of one network share
    its colour. Training losses are drawn relative to the first epoch's, so that networks with other targets share the
    axis; summary and table keep the values.
    """
    axis, question = COLUMNS[column]
    curves = curves if "fold" in curves else curves.assign(fold=0)
    known = curves.dropna(subset=[column]).sort_values("epoch", kind="stable")
    first = known.groupby(["model", "fold"])[column].transform("first").where(lambda value: value > 0, 1.0)
    known = known.assign(shown=known[column] / first if column == "train_loss" else known[column])
    folds = curves["fold"].nunique()
    figure = go.Figure()
    for (model, fold), rows in known.groupby(["model", "fold"], sort=False):
        colour, dash = STYLES.get(str(model), OTHER_STYLE)
        name = model_name(str(model)) + (f", fold {fold}" if folds > 1 else "")
        figure.add_trace(
            go.Scatter(
                x=rows["epoch"],
                y=rows["shown"],
                customdata=rows[column],
                mode="lines+markers" if len(rows) < 20 and folds == 1 else "lines",
                name=name,
                opacity=1.0 if folds == 1 else 0.55,
                line={"color": colour, "dash": dash, "width": 2 if folds == 1 else 1.2},
                marker={"size": 5},
                hovertemplate=f"{name}, epoch %{{x}}: %{{customdata:.3g}}<extra></extra>",
            )
        )
    last = int(curves["epoch"].max())
    figure.update_xaxes(
        title_text="Epoch", tickvals=sorted({1, *range(_whole_step(last), last + 1, _whole_step(last))})
    )
    figure.update_yaxes(title_text=axis)
    _name_ends(figure, known, last, dark)
    in_folds = f" in {plural(folds, 'fold')}, one line each" if folds > 1 else ""
    return Chart(
        figure=styled(figure, dark, HEIGHT),
        question=question,
        caption=f"{plural(curves['model'].nunique(), 'network')}{in_folds}, {context}."
        + (RELATIVE if column == "train_loss" else ""),
        summary=f"{axis} per epoch. " + "; ".join(_lowest(known, column, folds)) + ".",
        table=curves[["model", *(["fold"] if folds > 1 else []), "epoch", column]],
    )


def _lowest(known: pd.DataFrame, column: str, folds: int) -> list[str]:
    """Where each network was lowest, or between which values its folds were."""
    said = []
    for model, rows in known.groupby("model", sort=False):
        best = rows.loc[rows.groupby("fold")[column].idxmin()]
        name = model_name(str(model))
        if folds == 1:
            said.append(f"{name} lowest {number(best[column].iloc[0])} at epoch {int(best['epoch'].iloc[0])}")
        else:
            said.append(f"{name} lowest {number(best[column].min())} to {number(best[column].max())} over its folds")
    return said


def _whole_step(last: int) -> int:
    """Epochs between two ticks: whole, and at most about ten of them."""
    return next(step for step in (1, 2, 5, 10, 20, 50, 100, last) if last <= 10 * step)


def _name_ends(figure: go.Figure, known: pd.DataFrame, last: int, dark: bool) -> None:
    """Name every line at the right edge, pushed apart where lines end close together."""
    if known.empty:
        return
    low, high = float(known["shown"].min()), float(known["shown"].max())
    span = (high - low) or 1.0
    low, high = low - 0.06 * span, high + 0.06 * span
    ends = known.groupby(["model", "fold"])["shown"].last().groupby("model").mean().sort_values()
    places = _apart([(value - low) / (high - low) for value in ends])
    width = max(last - 1, 1)
    for (model, value), place in zip(ends.items(), places, strict=True):
        colour = STYLES.get(str(model), OTHER_STYLE)[0]
        figure.add_annotation(
            x=known.loc[known["model"] == model, "epoch"].max(),
            y=value,
            ax=last + 0.05 * width,
            ay=low + place * (high - low),
            axref="x",
            ayref="y",
            text=model_name(str(model)),
            font={"size": 13, "color": palette(dark).text},
            xanchor="left",
            showarrow=True,
            arrowhead=0,
            arrowwidth=1,
            arrowcolor=colour,
            standoff=4,
        )
    figure.update_xaxes(range=[1 - 0.04 * width, last + 0.38 * width])
    figure.update_yaxes(range=[low, high])


def _apart(places: list[float]) -> list[float]:
    """Places in 0..1, ascending, at least LABEL_GAP apart."""
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + LABEL_GAP)
    ceiling = 1.0
    for i in range(len(places) - 1, -1, -1):
        places[i] = min(places[i], ceiling)
        ceiling = places[i] - LABEL_GAP
    return places
