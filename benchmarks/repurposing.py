"""How long the repurposing matrix of 1,500 molecules on 808 lines takes after a threshold has moved.

    .venv/bin/python benchmarks/repurposing.py [--json]

`matrix` is shares, medians, selectivity and enrichment of every cell, `outcome` hits and counts, both for simulated
predictions of which half are sensitive, the slowest case. `naive` is shares and counts alone, by pandas' groupby on a
row for every pair. Seconds; both ways give the same counts.
"""

import argparse
import json
import sys
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.response.library_records import MOLECULE_COLUMNS, Screen, ScreenSummary
from engine.response.repurpose import STEPS, Thresholds, matrix, outcome

MOLECULES, LINES, TYPES = 1500, 808, 25


def screen() -> Screen:
    """Simulated predictions of the sizes above; every molecule of unknown class."""
    rng = np.random.default_rng(0)
    mean = (rng.normal(-2, 2, (MOLECULES, 1)) + rng.normal(0, 1, (MOLECULES, LINES))).astype(np.float32)
    molecules = pd.DataFrame({"molecule_id": [f"M{i}" for i in range(MOLECULES)]}).reindex(columns=MOLECULE_COLUMNS)
    molecules = molecules.assign(name=molecules["molecule_id"], drug_class="unknown", cancer_types="")
    lines = pd.DataFrame({"cosmic_id": range(LINES), "name": "line"})
    lines["cancer_type"] = [f"TYPE{i * TYPES // LINES:02}" for i in range(LINES)]
    summary = ScreenSummary(
        "benchmark", "simulated", "", (), datetime(2026, 1, 1), MOLECULES, LINES, 0.0, 0.0, 1.6, 0.5, None, True
    )
    return Screen(summary, molecules, lines, mean, np.full_like(mean, 0.3))


def naive(of: Screen) -> dict[str, int]:
    """The counts again, by the shortest way there is."""
    pairs = pd.DataFrame(of.mean, index=of.molecules["molecule_id"]).melt(ignore_index=False).reset_index()
    pairs["type"] = of.lines["cancer_type"].to_numpy()[pairs["variable"].to_numpy(int)]
    cells = (pairs["value"] < -2).groupby([pairs["molecule_id"], pairs["type"]]).agg(["sum", "size"])
    types = (cells["sum"] * 10 > cells["size"]).groupby("molecule_id").sum()
    any_line = int((cells["sum"].groupby("molecule_id").sum() > 0).sum())
    hits, cytotoxic = int((types > 0).sum()), int((types * 10 > TYPES * 9).sum())
    return dict(zip(STEPS, (len(types), any_line, hits, hits, cytotoxic, hits - cytotoxic), strict=True))


def measure() -> dict[str, float | bool]:
    """Seconds of each, the best of three, and whether both ways agree."""
    of, thresholds = screen(), Thresholds()
    seconds: dict[str, list[float]] = {"matrix": [], "outcome": [], "naive": []}
    for _ in range(3):
        began = time.perf_counter()
        found = matrix(of, thresholds)
        made = time.perf_counter()
        told = outcome(of, found, thresholds)
        known = time.perf_counter()
        plain = naive(of)
        ended = time.perf_counter()
        for name, value in zip(seconds, (made - began, known - made, ended - known), strict=True):
            seconds[name].append(value)
    best = {name: min(values) for name, values in seconds.items()}
    agree = plain == {step: told.counts[f"unknown {step}"] for step in STEPS}
    return {**best, "ratio": best["naive"] / (best["matrix"] + best["outcome"]), "agree": agree}


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true")
    measured = measure()
    if options.parse_args().json:
        print(json.dumps(measured))
    else:
        for name, value in measured.items():
            print(f"{name:8} {value:.3g}")
