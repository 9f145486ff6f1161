"""A trained run made ready to predict any genome: networks, drugs, measured lines, intervals and skill.

n = genomes, d = drugs. ln(IC50) in ln uM.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.patient.screened import Screened, load_screened
from engine.response.ensemble import (
    Intervals,
    default_run,
    folds_of,
    honest_run,
    intervals_of,
    mean_and_spread,
    networks_of,
    results_of,
)
from engine.response.fingerprint import Vocabulary, genome_bits
from engine.response.records import RunSummary, run_summary
from engine.response.settings import ENSEMBLE, CurationSettings
from engine.store.database import Database

if TYPE_CHECKING:  # torch takes seconds to load, and pages that import this module must open at once
    from engine.response.factorised import Features
    from engine.response.reference import Reference
    from engine.response.trained import TrainedNetwork

FEWEST_PAIRS = 30  # held-out pairs of a drug, below which no share of them is given
HONEST_SPLITS = ("cell_line", "cancer_type")  # a patient is an unseen line; the first that was evaluated counts
SEEN_LINES = (
    "The intervals come from random pairs of lines that the networks were trained on, so they are too narrow for a "
    "tumour that no network has seen: evaluate the run on unseen cell lines to get honest ones."
)


class Member(NamedTuple):
    """One network of one fold. drug_bits: (d, m); of_drugs: what its drug branch made of them."""

    trained: "TrainedNetwork"
    drug_bits: np.ndarray
    of_drugs: "Features"


@dataclass(frozen=True)
class Predictor:
    """A run that predicts; nothing in it changes, so threads may share it.

    honest: the evaluation of the run on unseen lines (or cancer types), None where there is none. model: whose
    predictions these are, as the store names it. vocabulary: of the first network. drugs: drug_id, name, target,
    pathway, inchikey, inside (close to what the run was trained on), d rows by drug_id. shift: (d,) ln uM,
    what `predict` adds for the screen of the drug. skill: columns skill and n by drug_id, of the honest run.
    reference: what the run was trained on; None where the run is older than that file.
    """

    run: RunSummary
    honest: RunSummary | None
    model: str
    vocabulary: Vocabulary
    drugs: pd.DataFrame
    screened: Screened
    shift: np.ndarray
    skill: pd.DataFrame
    intervals: Intervals
    reference: "Reference | None"
    members: tuple[tuple[Member, ...], ...] = field(repr=False)  # networks of folds

    def predict(
        self, genomes: Sequence[Collection[str]], drug_ids: Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(n, d) mean and spread over the networks, ln uM, of genomes given as sets of mutated positions.

        Positions that a network does not know do not count. drug_ids: only these drugs, in this order.
        Networks see a drug's structure alone, so a compound that was screened under two ids gets one prediction for
        both, near the mean of the two screens, which differ by up to e^1.8. Each id's prediction is therefore moved by
        the difference of its own measured mean from that of all ids; other drugs stay as the networks predict them.
        Raises InputError for a drug that the run cannot predict.
        """
        from engine.response.trained import predict_pairs

        column = np.arange(len(self.drugs)) if drug_ids is None else self.drug_rows(drug_ids)
        rows = np.arange(len(genomes))
        line, drug = np.repeat(rows, len(column)), np.tile(column, len(rows))
        frame = pd.DataFrame(
            {
                "cosmic_id": np.repeat(rows, [len(keys) for keys in genomes]),
                "position_key": [key for keys in genomes for key in keys],
            }
        )
        values = np.empty((len(self.members), len(self.members[0]), len(rows), len(column)))
        bits = {}
        for i, folds in enumerate(self.members):
            for k, member in enumerate(folds):
                if k not in bits:  # the networks of a fold share one vocabulary
                    bits[k] = genome_bits(frame, rows.tolist(), member.trained.vocabulary)
                of_drugs = member.of_drugs
                found = predict_pairs(member.trained, bits[k], member.drug_bits, line, drug, features_of_drugs=of_drugs)
                values[i, k] = found.reshape(len(rows), len(column))
        mean, spread = mean_and_spread(values)
        return mean + self.shift[column], spread

    def half_width(self, spread: np.ndarray) -> np.ndarray:
        """Half the width of 90 % intervals, ln uM, for predictions of this spread; NaN where none was calibrated."""
        calibration = self.intervals.calibration
        if calibration is None:
            return np.full(spread.shape, np.nan)
        return calibration.interval(np.zeros(spread.shape), spread)[1]

    def drug_rows(self, drug_ids: Sequence[int]) -> np.ndarray:
        """Rows of `drugs`. Raises InputError naming a drug that is not there."""
        found = pd.Index(self.drugs["drug_id"]).get_indexer(list(drug_ids))
        if (found < 0).any():
            absent = list(drug_ids)[int(np.argmax(found < 0))]
            raise InputError(f"Drug {absent} has no structure in the store: no network can predict it.")
        return found


def load_predictor(db: Database, run_id: str = "") -> Predictor:
    """The networks of a run, ready to predict. run_id: empty takes `ensemble.default_run`.

    Raises StoreError for a run that is not in the store, InputError for one without network, dataset or job folder,
    NetworkError for a checkpoint that is gone or damaged.
    """
    run = run_summary(db, run_id) if run_id else default_run(db)
    networks = networks_of(run)
    results = results_of(run)
    drugs = _drugs(db, run)
    members = _members(results, networks, folds_of(run), drugs)
    reference, inside = _reference(results, drugs, members[0][0].drug_bits)
    honest = honest_run(db, run, HONEST_SPLITS)
    drugs = drugs.drop(columns="smiles").assign(inside=inside)
    screened = load_screened(db, run, drugs["drug_id"].tolist())
    return Predictor(
        run=run,
        honest=honest,
        model=ENSEMBLE,
        vocabulary=members[0][0].trained.vocabulary,
        drugs=drugs,
        screened=screened,
        shift=_shift(drugs["drug_id"], screened, reference),
        skill=_skill(db, honest),
        intervals=_intervals(db, run, honest),
        reference=reference,
        members=members,
    )


def _shift(drug_ids: pd.Series, screened: Screened, reference: "Reference | None") -> np.ndarray:
    """(d,) measured mean of each id minus that of all ids with its structure, each by its measured lines; else 0."""
    if reference is None:
        return np.zeros(len(drug_ids))
    structure = pd.Series(reference.structure, index=reference.drug_ids).reindex(drug_ids).to_numpy()
    total = np.nan_to_num(screened.mean) * screened.counts
    sums = pd.DataFrame({"total": total, "n": screened.counts}).groupby(structure).transform("sum")
    difference = screened.mean - (sums["total"] / sums["n"]).to_numpy()
    return np.nan_to_num(difference)  # NaN: never measured, or not trained on


def _drugs(db: Database, run: RunSummary) -> pd.DataFrame:
    """Every drug of the store with a structure that the run's rules admit, measured or not."""
    kept = run.config.get("curation", {}).get("settings", {})
    rules = CurationSettings(**{name: value for name, value in kept.items() if hasattr(CurationSettings, name)})
    drugs = db.query(
        """SELECT drug_id, name, target, pathway, inchikey, smiles FROM drug
           WHERE trim(coalesce(smiles, '')) <> '' AND coalesce(weight_g_mol, 0) <= ?
             AND (pubchem_cid IS NOT NULL OR NOT ?)
           ORDER BY drug_id""",
        [rules.max_weight_g_mol, rules.require_pubchem_cid],
    )
    if drugs.empty:
        raise InputError("The store has no drug with a structure: import drugs first.")
    return drugs


def _members(
    results: Path, networks: Sequence[str], folds: Sequence[int], drugs: pd.DataFrame
) -> tuple[tuple[Member, ...], ...]:
    from engine.chem.fingerprints import drug_fingerprints
    from engine.response.fold_models import network_file
    from engine.response.trained import TrainedNetwork, drug_features

    bits: dict[object, np.ndarray] = {}  # by fingerprint settings, which all networks of a run share

    def member(name: str, number: int) -> Member:
        trained = TrainedNetwork.load(network_file(results, name, number))
        if trained.fingerprint not in bits:
            made = drug_fingerprints(drugs["smiles"].tolist(), trained.fingerprint, drugs["name"].tolist())
            bits[trained.fingerprint] = made
        return Member(trained, bits[trained.fingerprint], drug_features(trained, bits[trained.fingerprint]))

    return tuple(tuple(member(name, number) for number in folds) for name in networks)


def _reference(results: Path, drugs: pd.DataFrame, drug_bits: np.ndarray) -> tuple["Reference | None", pd.Series]:
    from engine.response.reference import drugs_domain, load_reference

    reference = load_reference(results)
    if reference is None:
        return None, pd.Series(pd.NA, index=drugs.index, dtype="boolean")
    inside = drugs_domain(reference, drug_bits)["drug_inside"]
    return reference, inside.astype("boolean")


def _skill(db: Database, honest: RunSummary | None) -> pd.DataFrame:
    """Per drug_id: 1 - MSE / MSE of the run's naive baseline on the held-out pairs of the drug, and how many (n)."""
    if honest is None:
        return pd.DataFrame({"skill": [], "n": []}, index=pd.Index([], name="drug_id", dtype="int64"))
    found = db.query(
        """SELECT key::BIGINT AS drug_id, value AS skill, n FROM metric
           WHERE run_id = ? AND model = ? AND scope = 'drug' AND name = 'skill' ORDER BY drug_id""",
        [honest.run_id, ENSEMBLE],
    )
    return found.set_index("drug_id")


def _covered(db: Database, honest: RunSummary) -> pd.Series:
    found = db.query(
        """SELECT drug_id, avg((observed BETWEEN lower AND upper)::INT) AS covered FROM prediction
           WHERE run_id = ? AND model = ? AND lower IS NOT NULL
           GROUP BY drug_id HAVING count(*) >= ? ORDER BY drug_id""",
        [honest.run_id, ENSEMBLE, FEWEST_PAIRS],
    )
    return found.set_index("drug_id")["covered"]


def _intervals(db: Database, run: RunSummary, honest: RunSummary | None) -> Intervals:
    intervals = intervals_of(run, honest, SEEN_LINES)
    if honest is None or intervals.split != honest.split:
        return intervals
    return replace(intervals, covered=_covered(db, honest))
