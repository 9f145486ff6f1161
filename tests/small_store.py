"""A small store to look at pages with: two studies of 41 lines and 13 drugs, two runs of every model on 480 pairs, and
a library with its screen (small_library.py).

The first run holds the published cut, the second, an hour later, 7 folds of unseen cell lines with both ablations.
Same bytes every time. To look at it: `python tests/small_store.py FOLDER`, then start the dashboard with
TUMORCAST_HOME=FOLDER.
"""

import atexit
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from small_library import library_tables

from engine.learn.metrics import Score, coverage, pair_scores, within_group_r
from engine.response.settings import INTERVAL_LEVEL, NETWORKS, TrainSettings
from engine.settings import REPOSITORY, store_path
from engine.store.database import Database

RUN = "20261121-091500-train_response-0a1b"  # pairs, one cut
HONEST_RUN = "20261121-101500-train_response-0b2c"  # cell_line, 7 folds, evaluates RUN
FOLDS = 7
LINES, TYPES = 40, ("BRCA", "COAD/READ", "GBM", "LUAD", "SKCM")
FIRST_LINE = 905_000
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
UNPREDICTED_DRUG, UNPREDICTED_LINE = 13, FIRST_LINE + LINES  # without structure, without type; measured only
CISPLATIN = ("N.N.Cl[Pt]Cl", 5460033)
# Standard deviation of each model's error, ln uM, in the published cut.
ERROR_SD = {
    "ensemble": 0.9,
    "master": 1.0,
    "fully_connected": 1.05,
    "shallow": 1.1,
    "tanh": 1.08,
    "unified": 1.2,
    "mean_effects": 1.3,
    "drug_mean": 1.6,
    "type_drug_mean": 1.45,
    "line_mean": 3.1,
    "nearest_lines": 1.4,
    "elastic_net": 1.25,
    "random_forest": 1.1,
    "svm": 1.15,
}
# Under unseen lines the naive baselines are really fitted, on the other folds.
HONEST_ERROR_SD = {
    **{"ensemble": 1.12, "master": 1.15, "fully_connected": 1.2, "shallow": 1.25, "tanh": 1.22, "unified": 1.35},
    **{"nearest_lines": 1.4, "elastic_net": 1.22, "random_forest": 1.16, "svm": 1.18},
    **{"permuted_genomes": 1.3, "permuted_drugs": 2.8},
}
DRAWS = 200


def build_store(path: Path, simulated: bool = True) -> Database:
    """Write the small store to `path`: a copy of one that is made once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_made(simulated), path)
    return Database(path)


def insert(db: Database, **tables: object) -> None:
    """Rows into tables of a store, by the names of their columns. tables: frames, or lists of rows as dictionaries."""
    with db.write() as connection:
        for table, rows in tables.items():
            connection.register("rows", pd.DataFrame(rows))
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows")
            connection.unregister("rows")


@cache
def _made(simulated: bool) -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    db = Database(folder / "small.duckdb")
    insert(db, **_tables(simulated))
    return db.path


def _tables(simulated: bool) -> dict[str, pd.DataFrame]:
    random = np.random.default_rng(0)
    lines, drugs = _lines(), _drugs()
    pairs = lines[["cosmic_id", "cancer_type"]][:LINES].merge(drugs[["drug_id"]][: len(DRUGS)], how="cross")
    drug_effect, line_effect = random.normal(2, 3, len(DRUGS)), random.normal(0, 0.8, LINES)
    effects = drug_effect[pairs["drug_id"] - 1] + line_effect[pairs["cosmic_id"] - FIRST_LINE]
    pairs["observed"] = (effects + random.normal(0, 1, len(pairs))).round(3)
    published = _noisy(pairs, ERROR_SD, random).assign(run_id=RUN, fold=0)
    pairs = pairs.assign(fold=(pairs["cosmic_id"] - FIRST_LINE) % FOLDS + 1)
    honest = [_noisy(pairs, HONEST_ERROR_SD, random), *_naive(pairs)]
    predictions = pd.concat([published, pd.concat(honest).assign(run_id=HONEST_RUN)], ignore_index=True)
    predictions = pd.concat([_with_interval(rows, random) for _, rows in predictions.groupby(["run_id", "model"])])
    metrics = pd.DataFrame(
        [
            *_metrics(predictions[predictions["run_id"] == RUN], "mean_effects"),
            *_metrics(predictions[predictions["run_id"] == HONEST_RUN], "type_drug_mean"),
        ]
    )
    return {
        "cell_line": lines,
        "drug": drugs,
        "mutation": _mutations(random),
        "response": _responses(pairs, random),
        "source": _sources(simulated),
        "run": pd.concat([_run(RUN, simulated), _run(HONEST_RUN, simulated)]),
        "fold": pd.concat([_folds(rows) for _, rows in predictions.groupby("run_id")]),
        "prediction": predictions.drop(columns="cancer_type"),
        "metric": metrics,
        "domain": pd.concat([_domain(run, random) for run in (RUN, HONEST_RUN)]),
        **library_tables(HONEST_RUN, lines, drugs, simulated),
    }


def _lines() -> pd.DataFrame:
    numbers = np.arange(LINES + 1)
    return pd.DataFrame(
        {
            "cosmic_id": numbers + FIRST_LINE,
            "name": [f"LINE-{i}" for i in numbers],
            "cancer_type": [*(TYPES[i % 5] for i in range(LINES)), None],
            "tissue": "tissue",
            "msi": ["MSI-H" if i % 10 == 3 else "MSS" for i in numbers],
            "growth": ["Adherent" if i % 3 else "Suspension" for i in numbers],
            "depmap_id": [f"ACH-{i:06d}" if i % 4 else None for i in numbers],
            "sanger_id": [f"SIDM{i:05d}" if i % 3 else None for i in numbers],
            "source_id": "lines",
        }
    )


def _drugs() -> pd.DataFrame:
    """Real structures of the named drugs; the last drug has none."""
    known = pd.read_csv(REPOSITORY / "data" / "reference" / "demo_drugs.csv").set_index("drug_name")
    structure = {name: (row["smiles"], row["pubchem_cid"], row["inchikey"]) for name, row in known.iterrows()}
    structure["Cisplatin"] = (*CISPLATIN, None)
    found = [(*drug, *structure[drug[0]]) for drug in DRUGS]
    found.append(("Compound 13", None, None, None, None, None))
    columns = ["name", "target", "pathway", "smiles", "pubchem_cid", "inchikey"]
    table = pd.DataFrame(found, columns=columns).astype({"pubchem_cid": "Int64"})
    return table.assign(drug_id=np.arange(len(found)) + 1, source_id="drugs")


def _mutations(random: np.random.Generator) -> pd.DataFrame:
    """One BRAF position in every line, and up to five more; the line without a type has none."""
    others = ["TP53:175", "TP53:273", "KRAS:12", "PIK3CA:1047", "EGFR:858", "NRAS:61", "PTEN:130", "APC:1450"]
    rows = []
    for i in range(LINES):
        keys = [f"BRAF:{600 + i % 4}", *random.choice(others, random.integers(0, 6), replace=False)]
        rows += [(i + FIRST_LINE, key.split(":")[0], key) for key in keys]
    table = pd.DataFrame(rows, columns=["cosmic_id", "gene", "position_key"])
    table["protein_change"] = "p.V" + table["position_key"].str.split(":").str[1] + "E"
    return table.assign(classification="Missense_Mutation", source_id="mutations")


def _responses(pairs: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """GDSC1: every pair that is predicted, and some of the drug and the line that are not. GDSC2: 300 pairs again."""
    first = pairs[["cosmic_id", "drug_id", "observed"]].rename(columns={"observed": "ln_ic50"})
    of_drug = pd.DataFrame({"cosmic_id": np.arange(20) + FIRST_LINE, "drug_id": UNPREDICTED_DRUG})
    of_line = pd.DataFrame({"cosmic_id": UNPREDICTED_LINE, "drug_id": np.arange(6) + 1})
    more = pd.concat([of_drug, of_line]).assign(ln_ic50=lambda rows: random.normal(2, 1, len(rows)).round(3))
    again = first.sample(300, random_state=1).sort_index()
    again = again.assign(ln_ic50=(again["ln_ic50"] + random.normal(0.3, 0.7, len(again))).round(3))
    gdsc1 = pd.concat([first, more]).assign(dataset="GDSC1", source_id="responses")
    return pd.concat([gdsc1, again.assign(dataset="GDSC2", source_id="responses-2")]).assign(n_measured=1)


def _noisy(pairs: pd.DataFrame, spread: dict[str, float], random: np.random.Generator) -> pd.DataFrame:
    return pd.concat(
        [
            pairs.assign(model=model, mean=(pairs["observed"] + random.normal(0, sd, len(pairs))).round(3))
            for model, sd in spread.items()
        ]
    )


def _naive(pairs: pd.DataFrame) -> list[pd.DataFrame]:
    """What averages of the other folds say. An unseen line has no effect, so two pairs of baselines are the same."""
    found = []
    for fold, test in pairs.groupby("fold"):
        train = pairs[pairs["fold"] != fold]
        of_drug = test["drug_id"].map(train.groupby("drug_id")["observed"].mean())
        of_type = test[["cancer_type", "drug_id"]].merge(
            train.groupby(["cancer_type", "drug_id"])["observed"].mean().reset_index(), how="left"
        )["observed"]
        means = {
            "drug_mean": of_drug,
            "mean_effects": of_drug,
            "line_mean": train["observed"].mean(),
            "type_drug_mean": (of_drug.to_numpy() + of_type.to_numpy()) / 2,
        }
        found += [test.assign(model=model, mean=mean) for model, mean in means.items()]
    return found


def _with_interval(rows: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Intervals that cover nine pairs in ten, wider where the models would disagree."""
    scale = random.uniform(0.8, 1.2, len(rows))
    half = scale * np.quantile((rows["mean"] - rows["observed"]).abs() / scale, INTERVAL_LEVEL)
    return rows.assign(lower=(rows["mean"] - half).round(3), upper=(rows["mean"] + half).round(3))


def _metrics(predictions: pd.DataFrame, naive: str) -> list[dict]:
    """Every measure of every scope; intervals for all pairs and for cancer types."""
    key = ["cosmic_id", "drug_id"]
    reference = predictions[predictions["model"] == naive].set_index(key)["mean"].rename("naive")
    predictions = predictions.join(reference, on=key)
    rows = []
    for model, found in predictions.groupby("model"):
        groups = [("all", "", found)]
        for scope, by in (("cancer_type",) * 2, ("cell_line", "cosmic_id"), ("drug", "drug_id"), ("fold", "fold")):
            groups += [(scope, str(label), part) for label, part in found.groupby(by)]
        for scope, label, part in groups:
            for score in _scores(part, draws=DRAWS if scope in ("all", "cancer_type") else 0):
                if score.name not in ("within_drug_r", "coverage", "width") or scope not in ("cell_line", "drug"):
                    row = {"run_id": part["run_id"].iloc[0], "model": model, "scope": scope, "key": label}
                    rows.append(row | score._asdict())
    return rows


def _scores(part: pd.DataFrame, draws: int) -> list[Score]:
    """Every measure of one group of pairs; lines are drawn for the intervals."""
    observed, predicted = part["observed"].to_numpy(), part["mean"].to_numpy()
    clusters = part["cosmic_id"].to_numpy() if draws else None
    return [
        *pair_scores(observed, predicted, clusters, draws, reference=part["naive"].to_numpy()),
        *coverage(observed, part["lower"].to_numpy(), part["upper"].to_numpy(), clusters, draws),
        within_group_r(
            observed,
            predicted,
            part["drug_id"].to_numpy(),
            clusters,
            fold=part["fold"].to_numpy(),
            draws=draws or 1,
        ),
    ]


def _folds(predictions: pd.DataFrame) -> pd.DataFrame:
    by_fold = predictions[predictions["model"] == "ensemble"].groupby(["run_id", "fold"])
    table = by_fold.agg(
        n_test=("observed", "size"), lines_test=("cosmic_id", "nunique"), drugs_test=("drug_id", "nunique")
    ).reset_index()
    honest = table["run_id"] == HONEST_RUN
    return table.assign(
        n_train=np.where(honest, 480 - table["n_test"] - 48, 9000), n_validation=np.where(honest, 48, 500), positions=80
    )


def _domain(run_id: str, random: np.random.Generator) -> pd.DataFrame:
    """In the published cut everything was trained on; of the unseen lines every ninth resembles none."""
    honest = run_id == HONEST_RUN
    ids = np.arange(LINES)
    known = random.integers(2, 7, LINES)
    far = (ids % 9 == 4) if honest else np.zeros(LINES, bool)
    similarity = np.where(far, 0.02, random.uniform(0.15, 0.6, LINES).round(3)) if honest else np.ones(LINES)
    lines = pd.DataFrame(
        {
            "fold": ids % FOLDS + 1 if honest else 0,
            "subject": "cell_line",
            "id": ids + FIRST_LINE,
            "nearest_id": (ids + honest * 5) % LINES + FIRST_LINE,
            "similarity": similarity,
            "positions": known + far,
            "known_positions": np.where(far, 1, known),
            "inside": ~far,
        }
    )
    folds = np.arange(FOLDS) + 1 if honest else [0]
    drugs = pd.DataFrame({"id": np.arange(len(DRUGS)) + 1}).merge(pd.DataFrame({"fold": folds}), how="cross")
    drugs = drugs.assign(subject="drug", nearest_id=drugs["id"], similarity=1.0, inside=True)
    return pd.concat([lines.astype({"positions": "Int64", "known_positions": "Int64"}), drugs]).assign(run_id=run_id)


def _sources(simulated: bool) -> pd.DataFrame:
    names = ["lines", "drugs", "mutations", "responses", "responses-2"]
    kinds = ["cell-lines", "drugs", "mutations", "responses", "responses"]
    return pd.DataFrame(
        {
            "source_id": names,
            "kind": kinds,
            "file_name": [f"{kind}.csv" for kind in kinds],
            "file_format": "table",
            "sha256": "0" * 64,
            "bytes": 1000,
            "rows_read": 40,
            "rows_kept": 40,
            "receipt": json.dumps({"read": 40, "kept": 40, "dropped": {}}),
            "imported_at": [datetime(2026, 11, 21, 9)] * 4 + [datetime(2026, 11, 21, 8)],
            "job_id": "20261121-090000-import-0000",
            "simulated": simulated,
        }
    )


def _run(run_id: str, simulated: bool) -> pd.DataFrame:
    honest = run_id == HONEST_RUN
    split, folds = ("cell_line", FOLDS) if honest else ("pairs", 1)
    config = {
        **asdict(TrainSettings(epochs=12, split=split, dataset="GDSC1")),
        "folds": folds,
        "ran_folds": list(range(1, FOLDS + 1)) if honest else [0],
        "naive": "type_drug_mean" if honest else "mean_effects",
        "conformal": {},  # as of runs that are older than intervals of new predictions
        "curation": {"steps": [{"subject": "lines", "rule": "no cancer type", "dropped": 1, "left": 40}]},
        "versions": {"tumorcast": "0.1.0", "python": "3.11", "torch": "2.9"},
        "command": f"python -m engine train response --split {split} --folds {folds} --epochs 12 --seed 0",
        "notes": ["Compound 13 has no structure and was left out."],
    } | ({"evaluates": RUN} if honest else {})
    return pd.DataFrame(
        {
            "run_id": [run_id],
            "task": ["train_response"],
            "created_at": [datetime(2026, 11, 21, 10 if honest else 9, 15)],
            "split": [split],
            "seed": [0],
            "config": [json.dumps(config)],
            "data_hash": ["0" * 64],
            "device": ["cpu"],
            "minutes": [21.4 if honest else 3.2],
            "peak_memory_mib": [1234.0],
            "n_train": [363 if honest else 9000],
            "n_validation": [48 if honest else 500],
            "n_test": [LINES * len(DRUGS)],
            "curves": [json.dumps(_curves([f"fold {i + 1}" for i in range(FOLDS)] if honest else [""]))],
            "simulated": [simulated],
        }
    )


def _curves(folds: list[str]) -> dict[str, list[dict[str, float]]]:
    curves = {}
    for offset, model in enumerate(NETWORKS):
        for shift, fold in enumerate(folds):
            curves[f"{model}, {fold}" if fold else model] = [
                {
                    "epoch": epoch,
                    "train_loss": 4 / epoch**0.5 + 0.05 * offset,
                    "validation_rmse": 1.1 + 1.2 / epoch + 0.05 * offset + 0.01 * shift,
                    "learning_rate": 1e-3,
                    "seconds": 2.0,
                }
                for epoch in range(1, 13)
            ]
    return curves


if __name__ == "__main__":
    import os

    os.environ["TUMORCAST_HOME"] = sys.argv[1]
    build_store(store_path()).close()
