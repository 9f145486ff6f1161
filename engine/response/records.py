"""Reads of the store for drug response: runs, held-out predictions, what a training job needs. Torch-free."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from engine.errors import InputError, StoreError
from engine.response.settings import ABLATIONS, ENSEMBLE, LEARNED, NAIVE, NETWORKS, SPLITS
from engine.store.database import Database

MODEL_ORDER = (ENSEMBLE, *NETWORKS, *ABLATIONS.values(), *LEARNED, *reversed(NAIVE))


@dataclass(frozen=True)
class RunSummary:
    """One training run.

    metrics: {model: {r2, rmse, pearson, auroc, n, and <measure>_lower, <measure>_upper, <measure>_n}}; a correlation
    within drugs rests on fewer pairs than the others, n is the most.
    """

    run_id: str
    created_at: datetime  # UTC
    split: str
    seed: int
    data_hash: str  # of the curated tables, whatever the split
    simulated: bool
    dataset: str
    device: str
    minutes: float
    peak_memory_mib: float
    n_train: int
    n_validation: int
    n_test: int
    config: dict[str, Any]
    curves: dict[str, list[dict[str, float]]]
    metrics: dict[str, dict[str, float | int | None]]

    @property
    def models(self) -> list[str]:
        """Ensemble, networks, baselines, in this order."""
        return sorted(self.metrics, key=lambda m: MODEL_ORDER.index(m) if m in MODEL_ORDER else len(MODEL_ORDER))

    @property
    def networks(self) -> list[str]:
        """The trained networks, the ensemble left aside; none in a run of baselines alone."""
        return [model for model in self.models if model in NETWORKS]

    @property
    def folds(self) -> int:
        """Folds the pairs were cut into; 1 is a single cut."""
        return int(self.config.get("folds") or 1)

    @property
    def naive(self) -> str | None:
        """The strongest naive baseline over all held-out pairs, which `skill` is measured against."""
        named = self.config.get("naive")
        if named in self.metrics:
            return str(named)
        known = {model: found["r2"] for model, found in self.metrics.items() if model in NAIVE}
        defined = {model: value for model, value in known.items() if value is not None}
        return max(defined, key=lambda model: defined[model]) if defined else None


@dataclass(frozen=True)
class PairFilter:
    """Which held-out pairs; an empty tuple means all."""

    cancer_types: tuple[str, ...] = ()
    drug_ids: tuple[int, ...] = ()
    cosmic_ids: tuple[int, ...] = ()
    pathways: tuple[str, ...] = ()

    def where(self) -> tuple[str, list[Any]]:
        """A condition on the rows p of `prediction`, and the values of its question marks."""
        clauses = ["TRUE"]
        values: list[Any] = []
        for condition, chosen in (
            ("p.cosmic_id IN (SELECT cosmic_id FROM cell_line WHERE cancer_type IN ({}))", self.cancer_types),
            ("p.drug_id IN ({})", self.drug_ids),
            ("p.cosmic_id IN ({})", self.cosmic_ids),
            ("p.drug_id IN (SELECT drug_id FROM drug WHERE pathway IN ({}))", self.pathways),
        ):
            if chosen:
                clauses.append(condition.format(", ".join("?" * len(chosen))))
                values += chosen
        return " AND ".join(clauses), values


def runs(db: Database) -> list[RunSummary]:
    """Every training run, oldest first, with its measures over all held-out pairs."""
    table = db.query("SELECT * FROM run WHERE task = 'train_response' ORDER BY created_at, run_id")
    metric = db.query("SELECT run_id, model, name, value, lower, upper, n FROM metric WHERE scope = 'all'")
    metric = metric.astype(object).where(metric.notna(), None)
    by_run: dict[str, dict[str, dict[str, float | int | None]]] = {}
    for row in metric.itertuples():
        measures = by_run.setdefault(row.run_id, {}).setdefault(row.model, {})
        measures |= {row.name: row.value, f"{row.name}_lower": row.lower, f"{row.name}_upper": row.upper}
        measures |= {f"{row.name}_n": row.n, "n": max(row.n, measures.get("n") or 0)}
    return [_summary(row, by_run.get(row.run_id, {})) for row in table.itertuples()]


def run_summary(db: Database, run_id: str) -> RunSummary:
    """One run. Raises StoreError naming the runs there are."""
    found = runs(db)
    for run in found:
        if run.run_id == run_id:
            return run
    known = ", ".join(run.run_id for run in found) or "none yet"
    raise StoreError(f"There is no run '{run_id}' in the store. Runs: {known}.")


def opened_first(newest_first: Sequence[RunSummary]) -> RunSummary:
    """The run that pages open with: the newest one with a network, the newest of all where none has one.

    newest_first: not empty.
    """
    return next((run for run in newest_first if run.networks), newest_first[0])


def family(found: Sequence[RunSummary], run: RunSummary) -> dict[str, RunSummary]:
    """Split -> the run that shows what `run` is worth under it; `run` itself under its own.

    Runs on the same curated tables belong together; of several under one split the one that evaluates `run` (or is
    evaluated by it) comes first, then one with the same networks, then the newest.
    """

    def closeness(other: RunSummary) -> tuple[bool, bool, bool, datetime]:
        related = other.config.get("evaluates") == run.run_id or run.config.get("evaluates") == other.run_id
        same = set(other.metrics) & set(NETWORKS) == set(run.metrics) & set(NETWORKS)
        return (other.run_id == run.run_id, related, same, other.created_at)

    kin = [other for other in found if other.data_hash == run.data_hash and other.simulated == run.simulated]
    best: dict[str, RunSummary] = {}
    for other in sorted(kin, key=closeness):
        best[other.split] = other
    return {split: best[split] for split in SPLITS if split in best}


def _summary(row: Any, metrics: dict[str, dict[str, float | int | None]]) -> RunSummary:
    config = json.loads(row.config)
    return RunSummary(
        run_id=row.run_id,
        created_at=row.created_at.to_pydatetime(),
        split=row.split,
        seed=int(row.seed),
        data_hash=row.data_hash,
        simulated=bool(row.simulated),
        dataset=str(config.get("dataset") or ""),
        device=row.device,
        minutes=float(row.minutes),
        peak_memory_mib=float(row.peak_memory_mib),
        n_train=int(row.n_train),
        n_validation=int(row.n_validation),
        n_test=int(row.n_test),
        config=config,
        curves=json.loads(row.curves),
        metrics=metrics,
    )


def datasets(db: Database) -> pd.DataFrame:
    """dataset, simulated, pairs: the one that trains unless another is named comes first.

    That is the measured dataset imported last, and a simulated one only where there is no other.
    """
    return db.query(
        """SELECT r.dataset, bool_or(s.simulated) AS simulated, count(*) AS pairs
           FROM response r JOIN source s USING (source_id)
           GROUP BY r.dataset ORDER BY simulated, max(s.imported_at) DESC"""
    )


def training_inputs(db: Database, dataset: str = "") -> tuple[dict[str, pd.DataFrame], str, bool]:
    """The tables a training job takes with it, the dataset's name, and whether it is simulated.

    dataset: empty takes the first of `datasets`.
    Raises InputError saying what has to be imported first.
    """
    known = datasets(db)
    if known.empty:
        raise InputError(
            "The store holds no drug responses to train on. Import cell lines, drugs, mutations and responses first, "
            "or build the demonstration cohort."
        )
    if dataset and dataset not in set(known["dataset"]):
        raise InputError(f"There is no dataset '{dataset}' in the store. Datasets: {', '.join(known['dataset'])}.")
    chosen = dataset or str(known["dataset"].iloc[0])
    simulated = bool(known.set_index("dataset").loc[chosen, "simulated"])
    lines = "SELECT DISTINCT cosmic_id FROM response WHERE dataset = ?"
    tables = {
        "cell_line.parquet": db.query(f"SELECT * FROM cell_line WHERE cosmic_id IN ({lines})", [chosen]),
        "drug.parquet": db.query("SELECT * FROM drug"),
        "mutation.parquet": db.query(f"SELECT * FROM mutation WHERE cosmic_id IN ({lines})", [chosen]),
        "response.parquet": db.query("SELECT * FROM response WHERE dataset = ?", [chosen]),
    }
    return tables, chosen, simulated


def features_of(db: Database, cosmic_ids: Sequence[int], drug_ids: Sequence[int]) -> dict[str, pd.DataFrame]:
    """Mutations of the given lines and structures of the given drugs, as the store has them."""
    lines = db.query(
        "SELECT cosmic_id, gene, position_key FROM mutation WHERE list_contains(?, cosmic_id)", [list(cosmic_ids)]
    )
    drugs = db.query(
        """SELECT drug_id, name, smiles FROM drug
           WHERE list_contains(?, drug_id) AND smiles IS NOT NULL ORDER BY drug_id""",
        [list(drug_ids)],
    )
    return {"mutation": lines, "drug": drugs}


def known_mutations(db: Database) -> pd.DataFrame:
    """The distinct mutations of the store, whatever line has them: what a patient's mutations are compared with.

    Columns gene, position_key, protein_change, classification, chromosome (text, empty where the source has none),
    start_grch37, start_grch38 (Int64, 1-based, NA where unknown), reference, alternate (text), simulated (bool: in no
    measured line).
    """
    found = db.query(
        """SELECT m.gene, m.position_key, coalesce(m.protein_change, '') AS protein_change, m.classification,
                  coalesce(m.chromosome, '') AS chromosome, m.start_grch37, m.start_grch38,
                  coalesce(m.reference, '') AS reference, coalesce(m.alternate, '') AS alternate,
                  bool_and(coalesce(s.simulated, FALSE)) AS simulated
           FROM mutation m LEFT JOIN source s USING (source_id) GROUP BY ALL ORDER BY ALL"""
    )
    return found.astype({"start_grch37": "Int64", "start_grch38": "Int64"})
