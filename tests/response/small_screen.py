"""Screens typed by hand: predictions by molecule, lines by cancer type."""

from datetime import datetime

import numpy as np
import pandas as pd

from engine.response.library_records import MOLECULE_COLUMNS, Screen, ScreenSummary

SENSITIVE, RESISTANT = -3.0, 1.0


def small_screen(
    mean, types, classes="unknown", approved="", spread=0.1, quantile: float | None = 1.0, floor: float | None = 0.0
) -> Screen:
    """mean: (m, l); types: of the l lines; classes, approved (types joined by |): one for all, or m of them."""
    mean = np.atleast_2d(np.asarray(mean, np.float32))
    m, n_lines = mean.shape
    molecules = pd.DataFrame(
        {
            "molecule_id": [f"M{i}" for i in range(m)],
            "name": [f"molecule {i}" for i in range(m)],
            "smiles": "C",
            "weight_g_mol": 300.0,
            "drug_class": classes,
            "indications": "",
            "cancer_types": approved,
            "mechanism": "",
            "target": "",
            "nearest_drug_id": pd.array([1] * m, dtype="Int64"),
            "nearest_drug": "Erlotinib",
            "similarity": 0.5,
            "inside": True,
        }
    )[list(MOLECULE_COLUMNS)]
    lines = pd.DataFrame({"cosmic_id": np.arange(n_lines) + 100, "name": [f"L{i}" for i in range(n_lines)]})
    lines["cancer_type"] = pd.Series(list(types), dtype=object)
    summary = ScreenSummary(
        screen_id="screen-1",
        library="small",
        run_id="run-1",
        networks=("master",),
        created_at=datetime(2026, 11, 26),
        n_molecules=m,
        n_lines=n_lines,
        seconds=1.0,
        peak_memory_mib=100.0,
        quantile=quantile,
        floor=floor,
        interval_split="pairs",
        simulated=True,
        dataset="GDSC1",
    )
    return Screen(summary, molecules, lines, mean, np.full(mean.shape, spread, np.float32))


def predictions(*sensitive_of_type: int, lines: int = 10) -> list[float]:
    """One molecule: so many sensitive lines in each type of `lines` lines."""
    return [value for n in sensitive_of_type for value in [SENSITIVE] * n + [RESISTANT] * (lines - n)]


def type_names(n: int, lines: int = 10) -> list[str]:
    """T00, T00, ..., T01, ...: the types of n x lines lines."""
    return [f"T{i:02d}" for i in range(n) for _ in range(lines)]
