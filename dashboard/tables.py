"""Runs, sources and scores as tables with the names that columns have on screen."""

from typing import Any

import pandas as pd

from dashboard.job_panel import when
from engine.figures.text import MEASURE_NAMES, interval, model_name
from engine.response.records import RunSummary
from engine.response.settings import BASELINES, NETWORKS

KINDS = {"cell-lines": "Cell lines", "drugs": "Drugs", "mutations": "Mutations", "responses": "Responses"}


def trained(run: RunSummary) -> list[str]:
    """The names of the networks of a run."""
    return [model_name(name) for name in NETWORKS if name in run.metrics]


def last_runs(runs: list[RunSummary]) -> pd.DataFrame:
    """One row per run with its best network or ensemble beside the mean effects."""
    rows = []
    for run in runs:
        own = {model: found["r2"] for model, found in run.metrics.items() if model not in BASELINES}
        known: dict[str, Any] = {model: value for model, value in own.items() if value is not None}
        best = max(known, key=lambda model: known[model]) if known else None
        rows.append(
            {
                "Run": when(str(run.created_at)),
                "Data": run.dataset.capitalize() if run.simulated else run.dataset,
                "Networks": len(trained(run)),
                "Epochs": run.config.get("epochs"),
                "Best": model_name(best) if best else "",
                "R²": known[best] if best else None,
                "Mean effects R²": run.metrics.get("mean_effects", {}).get("r2"),
            }
        )
    return pd.DataFrame(rows).astype({"R²": float, "Mean effects R²": float})


def imported(sources: pd.DataFrame) -> pd.DataFrame:
    """One row per imported table."""
    return pd.DataFrame(
        {
            "Table": [KINDS.get(kind, kind) for kind in sources["kind"]],
            "File": sources["file_name"],
            "Rows kept": sources["rows_kept"],
            "Rows read": sources["rows_read"],
            "Imported": [when(str(moment)) for moment in sources["imported_at"]],
            "Licence": sources["licence"].fillna("").replace("", "not noted"),
        }
    )


def leaderboard(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per model, best R² first; intervals beside the values."""
    rows = []
    for model, found in scores.groupby("model"):
        row = {"Model": model_name(str(model)), "Kind": "baseline" if model in BASELINES else "network"}
        for name, label in MEASURE_NAMES.items():
            score = found[found["name"] == name].iloc[0]
            row[label] = score["value"]
            row[f"{label}: 95 % interval"] = interval(score["lower"], score["upper"])
        rows.append({**row, "Held-out pairs": int(found["n"].max())})
    return pd.DataFrame(rows).sort_values(MEASURE_NAMES["r2"], ascending=False, ignore_index=True)
