"""Runs and sources as tables with the names that columns have on screen."""

from typing import Any

import pandas as pd

from dashboard.job_panel import when
from engine.figures.text import model_name, split_name
from engine.response.records import RunSummary
from engine.response.settings import ABLATIONS, BASELINES, NETWORKS

KINDS = {"cell-lines": "Cell lines", "drugs": "Drugs", "mutations": "Mutations", "responses": "Responses"}
RADIATION = {"expression": "Gene expression", "survival": "Surviving fractions"}
IMPORTED = {
    **KINDS,
    **RADIATION,
    "library": "Library of molecules",
    "screens": "Spheroid screen",
}  # what a source may be of


def trained(run: RunSummary) -> list[str]:
    """The names of the networks of a run."""
    return [model_name(name) for name in NETWORKS if name in run.metrics]


def last_runs(runs: list[RunSummary]) -> pd.DataFrame:
    """One row per run: its split, and its best network or ensemble beside the strongest naive baseline."""
    rows = []
    for run in runs:
        known: dict[str, Any] = {
            model: found["r2"]
            for model, found in run.metrics.items()
            if model not in (*BASELINES, *ABLATIONS.values()) and found.get("r2") is not None
        }
        best = max(known, key=lambda model: known[model]) if known else ""
        naive = run.naive or ""
        rows.append(
            {
                "Run": when(str(run.created_at)),
                "Split": split_name(run.split),
                "Best": model_name(best) if best else "none",
                "R²": known.get(best),
                "Naive R²": run.metrics.get(naive, {}).get("r2"),
                "Skill": run.metrics.get(best, {}).get("skill"),
                "Pairs": run.n_test,
                "Data": "Simulated" if run.dataset.lower() == "simulated" else run.dataset,
                "Naive": model_name(naive) if naive else "none",
                "Networks": len(trained(run)),
            }
        )
    return pd.DataFrame(rows).astype({"R²": float, "Naive R²": float, "Skill": float})


def imported(sources: pd.DataFrame) -> pd.DataFrame:
    """One row per imported table."""
    return pd.DataFrame(
        {
            "Table": [IMPORTED.get(kind, kind) for kind in sources["kind"]],
            # A screen comes in a folder, whose name says less than its own.
            "File": sources["file_name"].where(sources["kind"] != "screens", sources["source_id"]),
            "Rows kept": sources["rows_kept"],
            "Imported": [when(str(moment)) for moment in sources["imported_at"]],
            "Licence": sources["licence"].fillna("").replace("", "not noted"),
            "Rows read": sources["rows_read"],
        }
    )
