"""Reads that join engines or feed more than one page. Needs no torch and no rdkit, so pages start fast."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from engine.learn.metrics import pair_scores
from engine.response.records import model_predictions
from engine.store.database import Database


@dataclass(frozen=True)
class StoreSummary:
    """What is in the store."""

    lines: int
    drugs: int
    pairs: int
    positions: int
    runs: int
    datasets: tuple[str, ...]
    simulated: bool  # at least one source or run is simulated

    @property
    def empty(self) -> bool:
        return self.lines + self.drugs + self.pairs + self.runs == 0


@dataclass(frozen=True)
class PairFilters:
    """Which held-out pairs a view is about; an empty tuple means all."""

    cancer_types: tuple[str, ...] = ()
    drug_ids: tuple[int, ...] = ()
    cosmic_ids: tuple[int, ...] = ()
    pathways: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.cancer_types or self.drug_ids or self.cosmic_ids or self.pathways)


@dataclass(frozen=True)
class PairOptions:
    """What a person may filter the held-out pairs of one run by: names on screen to values in the store."""

    cancer_types: tuple[str, ...]
    drugs: dict[str, int]
    lines: dict[str, int]
    pathways: tuple[str, ...]


@dataclass(frozen=True)
class RunDetails:
    """How one run was made."""

    run_id: str
    split: str
    seed: int
    device: str
    minutes: float
    peak_memory_mib: float
    n_train: int  # pairs
    n_validation: int  # pairs
    n_test: int  # pairs
    simulated: bool


@dataclass(frozen=True)
class TrainingEstimate:
    """What a training would take. measured: from this store's newest run, else from typical rates on two cores."""

    pairs: int
    seconds: float
    measured: bool


PAIRS_PER_SECOND = {"unified": 600.0}  # typical on two cores; the others reach about twice that
OTHER_PAIRS_PER_SECOND = 1200.0


def store_summary(db: Database) -> StoreSummary:
    """Counts of everything in the store."""
    row = db.query("""
        SELECT (SELECT count(*) FROM cell_line) AS lines, (SELECT count(*) FROM drug) AS drugs,
               (SELECT count(*) FROM response) AS pairs,
               (SELECT count(DISTINCT position_key) FROM mutation) AS positions,
               (SELECT count(*) FROM run) AS runs,
               (SELECT count(*) FROM source WHERE simulated) + (SELECT count(*) FROM run WHERE simulated) AS simulated
    """).iloc[0]
    datasets = db.query("SELECT DISTINCT dataset FROM response ORDER BY dataset")["dataset"]
    return StoreSummary(
        lines=int(row["lines"]),
        drugs=int(row["drugs"]),
        pairs=int(row["pairs"]),
        positions=int(row["positions"]),
        runs=int(row["runs"]),
        datasets=tuple(datasets),
        simulated=bool(row["simulated"]),
    )


def run_details(db: Database, run_id: str) -> RunDetails:
    """One run's own record. Raises IndexError for an unknown run."""
    row = db.query(
        "SELECT run_id, split, seed, device, minutes, peak_memory_mib, n_train, n_validation, n_test, simulated "
        "FROM run WHERE run_id = ?",
        [run_id],
    ).to_dict("records")[0]
    return RunDetails(**row)


def pair_options(db: Database, run_id: str) -> PairOptions:
    """The cancer types, drugs, lines and pathways among the held-out pairs of a run."""
    lines = db.query(
        "SELECT DISTINCT cosmic_id AS id, coalesce(c.name, p.cosmic_id::VARCHAR) AS name, c.cancer_type "
        "FROM prediction p LEFT JOIN cell_line c USING (cosmic_id) WHERE run_id = ? ORDER BY name, id",
        [run_id],
    )
    drugs = db.query(
        "SELECT DISTINCT drug_id AS id, coalesce(d.name, p.drug_id::VARCHAR) AS name, d.pathway "
        "FROM prediction p LEFT JOIN drug d USING (drug_id) WHERE run_id = ? ORDER BY name, id",
        [run_id],
    )
    return PairOptions(
        cancer_types=tuple(sorted(lines["cancer_type"].dropna().unique())),
        drugs=_labels(drugs),
        lines=_labels(lines),
        pathways=tuple(sorted(drugs["pathway"].dropna().unique())),
    )


def _labels(entities: pd.DataFrame) -> dict[str, int]:
    """Name to id; a name that two entities share carries its id (GDSC lists some drugs twice)."""
    shared = entities["name"].duplicated(keep=False)
    names = entities["name"].where(~shared, entities["name"] + " (" + entities["id"].astype(str) + ")")
    return dict(zip(names, entities["id"].astype(int).tolist(), strict=True))


def run_scores(db: Database, run_id: str) -> pd.DataFrame:
    """Every model's stored measures over all held-out pairs: model, name, value, lower, upper, n."""
    return db.query(
        "SELECT model, name, value, lower, upper, n FROM metric WHERE run_id = ? AND scope = 'all' ORDER BY model, name",
        [run_id],
    )


def filtered_scores(db: Database, run_id: str, filters: PairFilters) -> pd.DataFrame:
    """As run_scores, for some pairs only: stored values where nothing is filtered, else computed, with intervals
    by bootstrap over cell lines."""
    if filters.empty:
        return run_scores(db, run_id)
    wide = model_predictions(db, run_id, filters)
    models = db.query("SELECT DISTINCT model FROM prediction WHERE run_id = ? ORDER BY model", [run_id])["model"]
    rows = [
        {"model": model, **score._asdict()}
        for model in models
        for score in pair_scores(wide["observed"].to_numpy(), wide[model].to_numpy(), wide["cosmic_id"].to_numpy())
    ]
    return pd.DataFrame(rows, columns=["model", "name", "value", "lower", "upper", "n"])


def training_curves(db: Database, run_id: str) -> pd.DataFrame:
    """One row per network and epoch: model, epoch, train_loss, validation_rmse (ln uM), learning_rate, seconds."""
    stored = db.query("SELECT curves FROM run WHERE run_id = ?", [run_id])["curves"]
    curves = json.loads(stored.iloc[0]) if len(stored) else {}
    rows = [{"model": model, **epoch} for model, epochs in curves.items() for epoch in epochs]
    return pd.DataFrame(rows, columns=["model", "epoch", "train_loss", "validation_rmse", "learning_rate", "seconds"])


def training_estimate(db: Database, networks: Sequence[str], epochs: int) -> TrainingEstimate:
    """Pairs per epoch and the time that `epochs` epochs of these networks would take at most."""
    pairs = int(db.query("SELECT count(*) AS n FROM response")["n"].iloc[0])
    rates = dict.fromkeys(networks, OTHER_PAIRS_PER_SECOND) | {
        n: r for n, r in PAIRS_PER_SECOND.items() if n in networks
    }
    newest = db.query("SELECT run_id, n_train FROM run ORDER BY created_at DESC LIMIT 1")
    measured = False
    if len(newest):
        seconds = training_curves(db, newest["run_id"].iloc[0]).groupby("model")["seconds"].median()
        known = {n: float(newest["n_train"].iloc[0]) / seconds[n] for n in networks if seconds.get(n, 0) > 0}
        measured = len(known) == len(networks) > 0
        rates |= known
    return TrainingEstimate(pairs, sum(epochs * pairs / rate for rate in rates.values()), measured)
