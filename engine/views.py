"""Reads that join engines or feed more than one page. Needs no torch and no rdkit, so pages start fast."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from engine.response.comparison_records import learning_rows
from engine.response.records import datasets, runs
from engine.store.database import Database


@dataclass(frozen=True)
class StoreSummary:
    """What is in the store."""

    lines: int
    types: int  # cancer types
    drugs: int
    structures: int  # drugs with a SMILES
    pairs: int
    positions: int
    genes: int
    runs: int
    screens: int  # spheroid screens
    datasets: tuple[str, ...]
    simulated: bool  # at least one source or run is simulated

    @property
    def empty(self) -> bool:
        return self.lines + self.drugs + self.pairs + self.runs + self.screens == 0


@dataclass(frozen=True)
class PairOptions:
    """What a person may filter the held-out pairs of one run by: names on screen to values in the store."""

    cancer_types: tuple[str, ...]
    drugs: dict[str, int]
    lines: dict[str, int]
    pathways: tuple[str, ...]


@dataclass(frozen=True)
class TrainingEstimate:
    """What a training would take. measured: from this store's newest run, else from typical rates on two cores."""

    pairs: int
    seconds: float
    measured: bool


# Seen with GDSC1 on two free cores (benchmarks/training.py); a first guess until this store has a run of its own.
PAIRS_PER_SECOND = {"unified": 3000.0}
OTHER_PAIRS_PER_SECOND = 5000.0


def store_summary(db: Database) -> StoreSummary:
    """Counts of everything in the store."""
    row = db.query("""
        SELECT l.*, d.*, m.*, (SELECT count(*) FROM response) AS pairs, (SELECT count(*) FROM run) AS runs,
               (SELECT count(*) FROM screen) AS screens,
               (SELECT count(*) FROM source WHERE simulated) + (SELECT count(*) FROM run WHERE simulated) AS simulated
        FROM (SELECT count(*) AS lines, count(DISTINCT cancer_type) AS types FROM cell_line) l,
             (SELECT count(*) AS drugs, count(smiles) AS structures FROM drug) d,
             (SELECT count(DISTINCT position_key) AS positions, count(DISTINCT gene) AS genes FROM mutation) m
    """).iloc[0]
    counts = {name: int(row[name]) for name in row.index if name != "simulated"}
    datasets = db.query("SELECT DISTINCT dataset FROM response ORDER BY dataset")["dataset"]
    return StoreSummary(**counts, datasets=tuple(datasets), simulated=bool(row["simulated"]))


def sources(db: Database) -> pd.DataFrame:
    """Every import, newest first: kind, source_id, file_name, rows_read, rows_kept, imported_at (UTC), licence."""
    return db.query(
        "SELECT kind, source_id, file_name, rows_read, rows_kept, imported_at, licence, simulated "
        "FROM source ORDER BY imported_at DESC, source_id"
    )


def pair_options(db: Database, run_id: str) -> PairOptions:
    """The cancer types, drugs, lines and pathways among the held-out pairs of a run."""
    lines = db.query(
        """SELECT id, coalesce(c.name, id::VARCHAR) AS name, c.cancer_type
           FROM (SELECT DISTINCT cosmic_id AS id FROM prediction WHERE run_id = ?)
           LEFT JOIN cell_line c ON cosmic_id = id ORDER BY name, id""",
        [run_id],
    )
    drugs = db.query(
        """SELECT id, coalesce(d.name, id::VARCHAR) AS name, d.pathway
           FROM (SELECT DISTINCT drug_id AS id FROM prediction WHERE run_id = ?)
           LEFT JOIN drug d ON drug_id = id ORDER BY name, id""",
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


def training_estimate(db: Database, networks: Sequence[str], epochs: int) -> TrainingEstimate:
    """Measured pairs of the dataset that would train, and the time so many epochs would take at most.

    Curation and the held-out pairs make it fewer pairs and less time.
    """
    pairs = int(datasets(db)["pairs"].head(1).sum())
    rates = {name: PAIRS_PER_SECOND.get(name, OTHER_PAIRS_PER_SECOND) for name in networks}
    newest = runs(db)[-1:]
    measured = False
    if newest:
        seconds = learning_rows(newest[0]).groupby("model")["seconds"].median()
        known = {name: newest[0].n_train / seconds[name] for name in networks if seconds.get(name, 0) > 0}
        measured = len(known) == len(networks) > 0
        rates |= known
    return TrainingEstimate(pairs, sum(epochs * pairs / rate for rate in rates.values()), measured)
