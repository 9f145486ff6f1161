"""How training went, epoch by epoch."""

import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import Chart, styled
from engine.figures.text import model_name, number, plural

HEIGHT = 280
# Networks are told apart by colour and dash, in an order that stays when one is missing.
STYLES = {
    "master": ("#0f8b8d", "solid"),
    "fully_connected": ("#5b6fb5", "dash"),
    "shallow": ("#b07a08", "dot"),
    "tanh": ("#8e5aa8", "dashdot"),
    "unified": ("#7a8792", "6px,2px"),
}
COLUMNS = {
    "train_loss": ("Training loss (mean squared error)", "Does the training loss still fall?"),
    "validation_rmse": ("Validation RMSE, ln µM", "Does the error on unseen pairs still fall?"),
}


def learning_curves(curves: pd.DataFrame, column: str, context: str, dark: bool = False) -> Chart:
    """One line per network of `column` (train_loss or validation_rmse) over epochs.

    curves: columns `model`, `epoch` and `column`, not empty.
    """
    axis, question = COLUMNS[column]
    figure = go.Figure()
    ends = []
    for model, rows in curves.dropna(subset=[column]).groupby("model", sort=False):
        rows = rows.sort_values("epoch")
        colour, dash = STYLES.get(str(model), ("#7a8792", "solid"))
        figure.add_trace(
            go.Scatter(
                x=rows["epoch"],
                y=rows[column],
                mode="lines+markers" if len(rows) < 20 else "lines",
                name=model_name(str(model)),
                line={"color": colour, "dash": dash, "width": 2},
                marker={"size": 5},
                hovertemplate=f"{model_name(str(model))}, epoch %{{x}}: %{{y:.3g}}<extra></extra>",
            )
        )
        best = rows.loc[rows[column].idxmin()]
        ends.append(f"{model_name(str(model))} lowest {number(best[column])} at epoch {int(best['epoch'])}")
    few = curves["epoch"].max() <= 12
    figure.update_xaxes(title_text="Epoch", rangemode="tozero", tickformat="d", dtick=1 if few else None)
    figure.update_yaxes(title_text=axis)
    styled(figure, dark, HEIGHT).update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
    )
    note = " Tanh is trained on scaled targets: its loss is on a scale of its own." if column == "train_loss" else ""
    return Chart(
        figure=figure,
        question=question,
        caption=f"{plural(curves['model'].nunique(), 'network')}, {context}."
        + (note if "tanh" in set(curves["model"]) else ""),
        summary=f"{axis} per epoch. " + "; ".join(ends) + ".",
        table=curves[["model", "epoch", column]],
    )
