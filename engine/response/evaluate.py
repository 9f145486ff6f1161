"""From predictions of held-out pairs to the rows of the metric table."""

import numpy as np
import pandas as pd

from engine.errors import TrainingError
from engine.learn.metrics import pair_scores

METRIC_COLUMNS = ["run_id", "model", "scope", "key", "name", "value", "lower", "upper", "n"]


def metric_rows(run_id: str, predictions: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Every measure of every model: over all held-out pairs, and per cancer type, cell line and drug.

    predictions: columns model, cosmic_id, drug_id, mean, observed; lines: cosmic_id, cancer_type.
    Intervals (95 %, bootstrap over cell lines) for all pairs and per cancer type.
    """
    labelled = predictions.merge(lines[["cosmic_id", "cancer_type"]], on="cosmic_id")
    rows: list[tuple[object, ...]] = []
    for model, of_model in labelled.groupby("model", sort=False):
        groups: list[tuple[str, str, pd.DataFrame]] = [("all", "", of_model)]
        for scope, column in (("cancer_type", "cancer_type"), ("cell_line", "cosmic_id"), ("drug", "drug_id")):
            groups += [(scope, str(key), part) for key, part in of_model.groupby(column)]
        for scope, key, part in groups:
            clusters = part["cosmic_id"].to_numpy() if scope in ("all", "cancer_type") else None
            scores = pair_scores(part["observed"].to_numpy(), part["mean"].to_numpy(), clusters)
            rows += [(run_id, model, scope, key, s.name, s.value, s.lower, s.upper, s.n) for s in scores]
    frame = pd.DataFrame(rows, columns=METRIC_COLUMNS)
    return frame.astype({name: float for name in ("value", "lower", "upper")})


def check_finite(name: str, values: np.ndarray) -> np.ndarray:
    """The values. Raises TrainingError: a prediction that is not a number must never reach the store."""
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise TrainingError(f"{name} gave {bad} predictions that are not numbers. Train with a smaller learning rate.")
    return values
