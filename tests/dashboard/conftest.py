"""A small store to look at pages with: 40 lines, 12 drugs, one run of eight models. Same bytes every time."""

import json
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from engine.learn.metrics import pair_scores
from engine.settings import store_path
from engine.store.database import Database

TYPES = ("BRCA", "COAD/READ", "GBM", "LUAD", "SKCM")
DRUGS = (
    ("Erlotinib", "EGFR", "EGFR signaling"),
    ("Lapatinib", "EGFR, ERBB2", "EGFR signaling"),
    ("Dabrafenib", "BRAF", "ERK MAPK signaling"),
    ("Trametinib", "MEK1, MEK2", "ERK MAPK signaling"),
    ("Nutlin-3a (-)", "MDM2", "p53 pathway"),
    ("Docetaxel", "Microtubule stabiliser", "Mitosis"),
    ("Vinblastine", "Microtubule destabiliser", "Mitosis"),
    ("Cisplatin", "DNA crosslinker", "DNA replication"),
    ("5-Fluorouracil", "Antimetabolite", "DNA replication"),
    ("Olaparib", "PARP1, PARP2", "Genome integrity"),
    ("Bortezomib", "Proteasome", "Protein stability and degradation"),
    ("Bortezomib", "Proteasome", "Protein stability and degradation"),
)
ERROR_SD = {
    "ensemble": 0.9,
    "master": 1.0,
    "fully_connected": 1.05,
    "shallow": 1.1,
    "tanh": 1.08,
    "unified": 1.2,
    "mean_effects": 1.3,
    "drug_mean": 1.6,
}
RUN = "20261121-091500-train_response-0a1b"


def _build_store(path: Path, simulated: bool = True) -> Database:
    """Write the small store to `path`."""
    random = np.random.default_rng(0)
    lines = pd.DataFrame(
        {
            "cosmic_id": np.arange(40) + 905_000,
            "name": [f"LINE-{i}" for i in range(40)],
            "cancer_type": [TYPES[i % 5] for i in range(40)],
            "source_id": "lines",
        }
    )
    drugs = pd.DataFrame(DRUGS, columns=["name", "target", "pathway"]).assign(
        drug_id=np.arange(len(DRUGS)) + 1, smiles="CCO", source_id="drugs"
    )
    mutations = pd.DataFrame(
        {
            "cosmic_id": lines["cosmic_id"],
            "gene": "BRAF",
            "position_key": [f"BRAF:{600 + i % 4}" for i in range(40)],
            "classification": "Missense_Mutation",
            "source_id": "mutations",
        }
    )
    pairs = lines[["cosmic_id"]].merge(drugs[["drug_id"]], how="cross")
    drug_effect, line_effect = random.normal(2, 3, len(DRUGS)), random.normal(0, 0.8, 40)
    pairs["ln_ic50"] = (
        drug_effect[pairs["drug_id"] - 1] + line_effect[pairs["cosmic_id"] - 905_000] + random.normal(0, 1, len(pairs))
    ).round(3)
    responses = pairs.assign(dataset="GDSC1", n_measured=1, source_id="responses")
    predictions = pd.concat(
        [
            pairs.assign(model=model, mean=(pairs["ln_ic50"] + random.normal(0, sd, len(pairs))).round(3))
            for model, sd in ERROR_SD.items()
        ]
    ).rename(columns={"ln_ic50": "observed"})
    predictions = predictions.assign(run_id=RUN, fold=0)
    tables = {
        "cell_line": lines,
        "drug": drugs,
        "mutation": mutations,
        "response": responses,
        "source": _sources(simulated),
        "run": _run(simulated, len(pairs)),
        "prediction": predictions,
        "metric": _metrics(predictions),
    }
    db = Database(path)
    with db.write() as connection:
        for table, frame in tables.items():
            _insert(connection, table, frame)
    return db


def _insert(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> None:
    connection.register("frame", frame)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM frame")
    connection.unregister("frame")


def _sources(simulated: bool) -> pd.DataFrame:
    kinds = ["cell-lines", "drugs", "mutations", "responses"]
    return pd.DataFrame(
        {
            "source_id": ["lines", "drugs", "mutations", "responses"],
            "kind": kinds,
            "file_name": [f"{kind}.csv" for kind in kinds],
            "file_format": "table",
            "sha256": "0" * 64,
            "bytes": 1000,
            "rows_read": 40,
            "rows_kept": 40,
            "receipt": json.dumps({"read": 40, "kept": 40, "dropped": {}}),
            "imported_at": datetime(2026, 11, 21, 9),
            "job_id": "20261121-090000-import-0000",
            "simulated": simulated,
        }
    )


def _run(simulated: bool, n_test: int) -> pd.DataFrame:
    curves = {
        model: [
            {
                "epoch": epoch,
                "train_loss": 4 / epoch**0.5 + offset,
                "validation_rmse": 1.1 + 1.2 / epoch + offset,
                "learning_rate": 1e-3,
                "seconds": 2.0,
            }
            for epoch in range(1, 13)
        ]
        for offset, model in enumerate(("master", "fully_connected", "shallow", "tanh", "unified"))
    }
    for offset, epochs in enumerate(curves.values()):
        for row in epochs:
            row["train_loss"] -= 0.95 * offset
            row["validation_rmse"] -= 0.95 * offset
    return pd.DataFrame(
        {
            "run_id": [RUN],
            "task": ["train_response"],
            "created_at": [datetime(2026, 11, 21, 9, 15)],
            "split": ["pairs"],
            "seed": [0],
            "config": [json.dumps({"epochs": 12, "dataset": "GDSC1"})],
            "data_hash": ["0" * 64],
            "device": ["cpu"],
            "minutes": [3.2],
            "peak_memory_mib": [1234.0],
            "n_train": [9000],
            "n_validation": [500],
            "n_test": [n_test],
            "curves": [json.dumps(curves)],
            "simulated": [simulated],
        }
    )


def _metrics(predictions: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for model, found in predictions.groupby("model"):
        scores = pair_scores(found["observed"].to_numpy(), found["mean"].to_numpy(), found["cosmic_id"].to_numpy())
        rows += [{"run_id": RUN, "model": model, "scope": "all", "key": "", **s._asdict()} for s in scores]
    return pd.DataFrame(rows)


@pytest.fixture
def filled_home(tumorcast_home: Path) -> Path:
    """A home with the small store."""
    _build_store(store_path()).close()
    return tumorcast_home


@pytest.fixture
def build_store():
    """The function that writes the small store."""
    return _build_store
