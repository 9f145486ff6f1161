"""Learning curves of several folds share their network's colour."""

import pandas as pd

from engine.figures.learning import STYLES, learning_curves

ROWS = [
    (model, fold, epoch, loss / epoch, loss / epoch + 0.1 * fold)
    for model, loss in (("master", 4.0), ("tanh", 2.0))
    for fold in (1, 2)
    for epoch in (1, 2)
]
CURVES = pd.DataFrame(ROWS, columns=["model", "fold", "epoch", "train_loss", "validation_rmse"])


def test_a_line_per_fold_and_a_name_per_network():
    chart = learning_curves(CURVES, "validation_rmse", "unseen cell lines")
    assert [trace.name for trace in chart.figure.data] == [
        "Master, fold 1", "Master, fold 2", "Tanh, fold 1", "Tanh, fold 2",
    ]  # fmt: skip
    assert {trace.line.color for trace in chart.figure.data} == {STYLES["master"][0], STYLES["tanh"][0]}
    assert sorted(label.text for label in chart.figure.layout.annotations) == ["Master", "Tanh"]
    assert chart.caption.startswith("2 networks in 2 folds, one line each, unseen cell lines.")
    assert "Master lowest 2.10 to 2.20 over its folds; Tanh lowest 1.10 to 1.20 over its folds." in chart.summary
    assert list(chart.table.columns) == ["model", "fold", "epoch", "validation_rmse"]


def test_each_fold_is_relative_to_its_own_first_epoch():
    figure = learning_curves(CURVES, "train_loss", "").figure
    assert [list(trace.y) for trace in figure.data] == [[1.0, 0.5]] * 4
    assert list(figure.data[2].customdata) == [2.0, 1.0]
