"""The small cohort of arrays as rows of a store, as files, and as a job folder; invented numbers."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd
from small_arrays import small_cohort
from small_store import insert

from engine.jobs.context import JobContext
from engine.jobs.spec import create_folder
from engine.radiation.records import training_inputs
from engine.radiation.settings import RadiationSettings
from engine.radiation.types import Cohort
from engine.settings import jobs_folder
from engine.store.database import Database

ARRAYS, SF2 = "arrays", "sf2"
QUICK = {"rounds": 2, "folds": 3, "epochs": 2, "models": ("network", "panel_mean", "nearest_neighbour", "ridge")}


def fill_store(db: Database, cohort: Cohort, expression: str = ARRAYS, survival: str = SF2) -> None:
    """Imported expression and SF2 of this cohort, measured."""
    ids = {"dataset": expression, "source_id": expression}
    samples = pd.DataFrame(
        {
            **ids,
            "sample": cohort.sample,
            "line": cohort.line,
            "line_name": cohort.line,
            "panel": cohort.panel,
            "replicate": cohort.replicate,
            "values": [row.tolist() for row in cohort.values],
        }
    )
    about = {"platform": "invented", "scale": cohort.scale, "probes": [cohort.probes.tolist()]}
    sizes = {"n_samples": len(cohort.sample), "n_probes": len(cohort.probes), "simulated": False}
    sets = pd.DataFrame({**ids, **about, "symbols": [cohort.symbols.tolist()], **sizes})
    lines = pd.DataFrame({"line": cohort.line, "line_name": cohort.line, "panel": cohort.panel, "sf2": cohort.sf2})
    measured = lines.drop_duplicates("line").assign(
        dataset=survival, source_id=survival, assay="clonogenic", sf2_from="table"
    )
    insert(db, expression=samples, expression_set=sets, survival=measured)
    for name, kind in ((expression, "expression"), (survival, "survival")):
        insert(db, source=source(name, kind))


def source(name: str, kind: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source_id": name, "kind": kind, "file_name": "f.csv", "file_format": "table", "sha256": "0", "bytes": 1,
            "origin": "invented", "licence": "", "rows_read": 1, "rows_kept": 1, "receipt": "{}",
            "imported_at": pd.Timestamp("2026-01-01"), "job_id": "j", "simulated": False,
        },
        index=[0],
    )  # fmt: skip


def job_for(db: Database, run_id: str, **options: object) -> JobContext:
    """A job folder that nobody has begun, as `submit_training` would make it."""
    settings = RadiationSettings(**{**QUICK, **options})
    inputs, expression, survival, simulated = training_inputs(db, settings.expression, settings.survival)
    params = {"settings": asdict(settings) | {"expression": expression, "survival": survival}, "simulated": simulated}
    folder = jobs_folder() / run_id
    create_folder(folder, "train_radiation", params, title="Train", seed=settings.seed, inputs=inputs)
    return JobContext.for_folder(folder)


def write_files(folder: Path, cohort: Cohort) -> tuple[Path, Path]:
    """The cohort as a table of probes and samples, and as one of lines and SF2; one sample a line, named after it."""
    expression, survival = folder / "arrays.csv", folder / "sf2.csv"
    named = pd.DataFrame(cohort.values.T, columns=cohort.line)
    named.insert(0, "probe", cohort.probes)
    named.insert(1, "symbol", cohort.symbols)
    named.to_csv(expression, index=False)
    lines = pd.DataFrame({"cell_line": cohort.line, "panel": cohort.panel, "sf2": cohort.sf2})
    lines.drop_duplicates("cell_line").to_csv(survival, index=False)
    return expression, survival


__all__ = ["ARRAYS", "QUICK", "SF2", "fill_store", "insert", "job_for", "small_cohort", "write_files"]
