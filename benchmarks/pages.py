"""How long the pages take on a store of 3 million predictions, and their reads beside the naive way of pandas.

    .venv/bin/python benchmarks/pages.py [--home FOLDER] [--models all] [--json]

Synthetic: 737 lines x 228 drugs, each pair tested once in each of 3 runs (pairs, cell_line, drug), 6 models. The
naive way loads every prediction of the run and pivots it to one column per model, as the first version did. Every
page is run by Streamlit's AppTest, cold (nothing cached) and warm.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dashboard import data
from engine.jobs import launch
from engine.learn.metrics import SENSITIVE_BELOW, pair_scores
from engine.response.records import PairFilter, runs
from engine.response.settings import BASELINES, ENSEMBLE, NETWORKS
from engine.response.shown_scores import shown_scores
from engine.settings import REPOSITORY, store_path
from engine.store.database import Database

ENTRY = REPOSITORY / "dashboard" / "app.py"

LINES, DRUGS, TYPES, FOLDS = 737, 228, 30, 7
SPLITS = ("pairs", "cell_line", "drug")
MODELS = (ENSEMBLE, "master", "drug_mean", "type_drug_mean", "mean_effects", "random_forest")
ERROR_SD = {"ensemble": 1.1, "master": 1.15, "random_forest": 1.2, "mean_effects": 1.25, "type_drug_mean": 1.3}
NAMES = ("r2", "rmse", "mae", "pearson", "spearman", "auroc", "average_precision", "skill")
POOLED_NAMES = ("within_drug_r", "coverage", "width")


def build(path: Path, models: tuple[str, ...] = MODELS, seed: int = 0) -> Database:
    """The synthetic store."""
    rng = np.random.default_rng(seed)
    line, drug = (index.ravel() for index in np.meshgrid(np.arange(LINES), np.arange(DRUGS), indexing="ij"))
    observed = rng.normal(2, 2.3, DRUGS)[drug] + rng.normal(0, 0.7, LINES)[line] + rng.normal(0, 1.1, len(line))
    pairs = pd.DataFrame({"cosmic_id": line + 900_000, "drug_id": drug + 1})
    of_type = rng.integers(0, TYPES, LINES)
    db = Database(path)
    with db.write() as connection:

        def insert(table: str, frame: pd.DataFrame) -> None:
            connection.register("frame", frame)
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM frame")
            connection.unregister("frame")

        insert("cell_line", _lines(of_type))
        insert("drug", _drugs())
        insert("source", _sources())
        insert("mutation", _mutations(rng))
        for dataset, noise in (("GDSC1", 0.0), ("GDSC2", 0.8)):
            measured = pairs.assign(ln_ic50=observed + noise * rng.normal(0, 1, len(pairs)))
            insert("response", measured.assign(dataset=dataset, n_measured=1, source_id="responses"))
        for number, split in enumerate(SPLITS):
            run_id = f"2026112{number}-091500-train_response-{number:04d}"
            fold = {"pairs": np.zeros(len(line), int), "cell_line": line % FOLDS + 1, "drug": drug % FOLDS + 1}[split]
            insert("run", _run(run_id, split, number, len(line)))
            insert("fold", _folds(run_id, pairs, fold))
            insert("domain", _domain(run_id, split, rng))
            for model in models:
                mean = observed + rng.normal(0, ERROR_SD.get(model, 1.4) + 0.2 * number, len(line))
                rows = pairs.assign(run_id=run_id, model=model, fold=fold, mean=mean, observed=observed)
                insert("prediction", rows.assign(lower=mean - 2, upper=mean + 2))
                insert("metric", _metrics(run_id, model, of_type, rng))
    return db


def _lines(of_type: np.ndarray) -> pd.DataFrame:
    number = np.arange(LINES)
    frame = pd.DataFrame({"cosmic_id": number + 900_000, "name": [f"LINE-{i}" for i in number]})
    return frame.assign(cancer_type=[f"TYPE{i:02d}" for i in of_type], source_id="lines")


def _drugs() -> pd.DataFrame:
    number = np.arange(DRUGS)
    frame = pd.DataFrame({"drug_id": number + 1, "name": [f"Drug {i}" for i in number], "target": "TARGET"})
    return frame.assign(pathway=[f"Pathway {i % 24}" for i in number], smiles="CCO", source_id="drugs")


def _sources() -> pd.DataFrame:
    kinds = {"lines": "cell-lines", "drugs": "drugs", "mutations": "mutations", "responses": "responses"}
    frame = pd.DataFrame({"source_id": list(kinds), "kind": list(kinds.values())})
    fixed = {"file_name": "synthetic", "file_format": "table", "sha256": "0" * 64, "bytes": 1, "receipt": "{}"}
    return frame.assign(
        **fixed, rows_read=1, rows_kept=1, imported_at=datetime(2026, 11, 1), job_id="none", simulated=True
    )


def _mutations(rng: np.random.Generator) -> pd.DataFrame:
    """About 30 mutated positions per line."""
    number = 30 * LINES
    frame = pd.DataFrame({"cosmic_id": rng.integers(0, LINES, number) + 900_000, "gene": "GENE"})
    frame["position_key"] = [f"GENE:{i}" for i in rng.integers(0, 20_000, number)]
    return frame.assign(classification="Missense_Mutation", source_id="mutations")


def _run(run_id: str, split: str, number: int, pairs: int) -> pd.DataFrame:
    config = {"epochs": 30, "dataset": "GDSC1", "folds": 1 if split == "pairs" else FOLDS, "naive": "mean_effects"}
    fixed = {"task": "train_response", "seed": 0, "data_hash": "0" * 64, "device": "cpu", "minutes": 60.0}
    sizes = {"peak_memory_mib": 4000.0, "n_train": 100_000, "n_validation": 5_000, "n_test": pairs}
    curve = {"epoch": 1, "train_loss": 1.0, "validation_rmse": 1.2, "learning_rate": 1e-3, "seconds": 9.0}
    curves = {name: [{**curve, "epoch": epoch} for epoch in range(1, 31)] for name in NETWORKS}
    row = {"run_id": run_id, "created_at": datetime(2026, 11, 20 + number), "split": split, **fixed, **sizes}
    return pd.DataFrame([{**row, "config": json.dumps(config), "curves": json.dumps(curves), "simulated": True}])


def _folds(run_id: str, pairs: pd.DataFrame, fold: np.ndarray) -> pd.DataFrame:
    tested = pairs.assign(fold=fold).groupby("fold")
    frame = tested.agg(
        n_test=("drug_id", "size"), lines_test=("cosmic_id", "nunique"), drugs_test=("drug_id", "nunique")
    )
    return frame.reset_index().assign(run_id=run_id, n_train=100_000, n_validation=5_000, positions=20_000)


def _domain(run_id: str, split: str, rng: np.random.Generator) -> pd.DataFrame:
    """Every test line and drug of every fold, one in ten flagged."""
    parts = []
    for subject, ids, out in (
        ("cell_line", np.arange(LINES) + 900_000, "cell_line"),
        ("drug", np.arange(DRUGS) + 1, "drug"),
    ):
        first = int(ids[0])
        for fold in [0] if split == "pairs" else range(1, FOLDS + 1):
            chosen = ids[(ids - first) % FOLDS + 1 == fold] if split == out else ids
            similarity = rng.uniform(0, 1, len(chosen)) if split == out else np.ones(len(chosen))
            frame = pd.DataFrame(
                {"id": chosen, "nearest_id": chosen, "similarity": similarity, "inside": similarity > 0.1}
            )
            parts.append(frame.assign(run_id=run_id, fold=fold, subject=subject))
    return pd.concat(parts).assign(positions=30, known_positions=20)


def _metrics(run_id: str, model: str, of_type: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """As many rows as a run of this size has; the values are noise."""
    scopes = {
        "all": [""],
        "cancer_type": [f"TYPE{i:02d}" for i in np.unique(of_type)],
        "cell_line": [str(i + 900_000) for i in range(LINES)],
        "drug": [str(i + 1) for i in range(DRUGS)],
        "fold": [str(i) for i in range(1, FOLDS + 1)],
    }
    keys = [(scope, key) for scope, found in scopes.items() for key in found]
    frame = pd.DataFrame(keys, columns=["scope", "key"]).merge(
        pd.DataFrame({"name": NAMES + POOLED_NAMES}), how="cross"
    )
    frame = frame[~(frame["scope"].isin(["cell_line", "drug"]) & frame["name"].isin(POOLED_NAMES))]
    value = rng.uniform(0.3, 0.9, len(frame))
    interval = frame["scope"].isin(["all", "cancer_type"])
    lower, upper = (pd.Series(value + shift, index=frame.index).where(interval) for shift in (-0.03, 0.03))
    return frame.assign(run_id=run_id, model=model, value=value, lower=lower, upper=upper, n=200)


# Every page as it opens, and the views that read most.
VIEWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("home.py", {}),
    ("data.py", {}),
    ("models.py", {}),
    ("models.py", {"tab": "Splits"}),
    ("models.py", {"tab": "Is it real?"}),
    ("models.py", {"tab": "Intervals"}),
    ("models.py", {"tab": "Other study"}),
    ("models.py", {"tab": "Learning curves"}),
    ("models.py", {"tab": "Model card"}),
    ("responses.py", {}),
    ("responses.py", {"by": "drug"}),
    ("responses.py", {"type": "TYPE03"}),
    ("responses.py", {"type": ["TYPE03", "TYPE04"]}),
    ("responses.py", {"type": [f"TYPE{i:02d}" for i in range(28)]}),
    ("responses.py", {"drug": "Drug 7"}),
    ("responses.py", {"run": "20261120-091500-train_response-0000", "model": "master"}),
    ("cancer_types.py", {}),
    ("drug.py", {"compound": "8"}),
    ("cell_line.py", {"cosmic": "900008"}),
)


def naive_scores(db: Database, run_id: str, wanted: PairFilter) -> pd.DataFrame:
    """Every prediction of the run in pandas, one column per model, then the measures of each: the plain way."""
    where, values = wanted.where()
    long = db.query(
        f"""SELECT p.cosmic_id, l.name AS line, l.cancer_type, p.drug_id, d.name AS drug, d.pathway, p.observed,
                   p.model, p.mean
            FROM prediction p LEFT JOIN cell_line l USING (cosmic_id) LEFT JOIN drug d USING (drug_id)
            WHERE p.run_id = ? AND {where} ORDER BY p.cosmic_id, p.drug_id""",
        [run_id, *values],
    )
    key = ["cosmic_id", "drug_id"]
    wide = long.drop_duplicates(key).merge(long.pivot(index=key, columns="model", values="mean").reset_index(), on=key)
    observed, lines = wide["observed"].to_numpy(), wide["cosmic_id"].to_numpy()
    rows = [
        {"model": model, **score._asdict()}
        for model in long["model"].unique()
        for score in pair_scores(observed, wide[model].to_numpy(), lines, measures=("r2", "rmse", "pearson", "auroc"))
    ]
    return pd.DataFrame(rows)


def compare_reads(db: Database, wanted: PairFilter) -> dict[str, float]:
    """Seconds of the naive way and of the aggregated one for the measures of the same pairs."""
    run_id = runs(db)[1].run_id
    seconds = {}
    for name, read in (
        ("naive", lambda: naive_scores(db, run_id, wanted)),
        ("aggregated", lambda: shown_scores(db, run_id, ENSEMBLE, wanted, SENSITIVE_BELOW).table),
    ):
        started = time.perf_counter()
        found = read()
        seconds[name] = time.perf_counter() - started
        seconds[f"{name}_r2"] = float(found[(found["model"] == ENSEMBLE) & (found["name"] == "r2")]["value"].iloc[0])
    return seconds


def open_pages(views: Sequence[tuple[str, dict[str, Any]]] = VIEWS) -> list[dict[str, Any]]:
    """Seconds of every view, cold (nothing cached) and warm, by the clock and of all threads' computing, which other
    programs do not lengthen; with its reads of the cold run, slowest first."""
    reads: dict[str, float] = {}

    def timed(name: str, read: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return read(*arguments)
            finally:
                reads[name] = reads.get(name, 0.0) + time.perf_counter() - started

        return call

    launch.ensure_runners = lambda: None  # looking at a page would start some
    plain = dict(data.READS)
    data.READS.update({name: timed(name, read) for name, read in plain.items()})
    rows = []
    try:
        for file, query in [views[0], *views]:  # the first one imports what pages import, and is not counted
            app = AppTest.from_file(str(ENTRY), default_timeout=300).run()
            data._read.clear()
            row: dict[str, Any] = {"page": file, "query": query}
            for kind in ("cold", "warm"):
                reads.clear()
                app.query_params.clear()
                app.query_params.update(query)
                started, worked = time.perf_counter(), time.process_time()
                app.switch_page(f"../pages/{file}").run()
                row[kind], row[f"{kind}_cpu"] = time.perf_counter() - started, time.process_time() - worked
                if kind == "cold":
                    row["reads"] = dict(sorted(reads.items(), key=lambda item: -item[1]))
            row["failed"] = [item.value for item in [*app.error, *app.exception]]
            rows.append(row)
    finally:
        data.READS.update(plain)
        data._collector.clear()
        data._database.clear()
        data._read.clear()
    return rows[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="build the store here and keep it; one that is there is used")
    parser.add_argument("--models", choices=("six", "all"), default="six", help="all: 14 models, 7 million rows")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TUMORCAST_HOME"] = str(arguments.home or folder)
        models = MODELS if arguments.models == "six" else (ENSEMBLE, *NETWORKS, *BASELINES)
        db = Database(store_path()) if store_path().exists() else build(store_path(), models)
        rows = int(db.query("SELECT count(*) AS n FROM prediction")["n"].iloc[0])
        types = [f"TYPE{i:02d}" for i in range(TYPES)]
        compared = {str(n): compare_reads(db, PairFilter(cancer_types=tuple(types[:n]))) for n in (2, TYPES - 2)}
        pages = open_pages()
    if arguments.json:
        print(json.dumps({"predictions": rows, "reads": compared, "pages": pages}, indent=1))
        return
    print(f"{rows:,} predictions")
    for n, found in compared.items():
        print(f"measures of {n} cancer types: naive {found['naive']:.2f} s, aggregated {found['aggregated']:.2f} s")
    for row in pages:
        slowest = ", ".join(f"{name} {seconds:.2f}" for name, seconds in list(row["reads"].items())[:4])
        query = " ".join(
            f"{key}={value if isinstance(value, str) else len(value)}" for key, value in row["query"].items()
        )
        times = [f"{kind} {row[kind]:.2f} s (CPU {row[f'{kind}_cpu']:.2f})" for kind in ("cold", "warm")]
        print(f"{row['page']:16} {query:45} {', '.join(times)}; {slowest}")
        for text in row["failed"]:
            print(f"  failed: {text}")


if __name__ == "__main__":
    main()
