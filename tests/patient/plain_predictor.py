"""A predictor whose numbers can be worked out on paper: every mutation moves every drug by a known amount."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from engine.learn.conformal import Calibration
from engine.patient.predictor import Predictor
from engine.patient.screened import Screened
from engine.response.ensemble import Intervals
from engine.response.fingerprint import Vocabulary
from engine.response.records import RunSummary
from engine.response.reference import Reference

KEYS = ("ABL1:1", "BRAF:600", "EGFR:858", "KRAS:12", "TP53:175", "TP53:248")
# cosmic_id, name, cancer type, positions
LINES = (
    (1, "one", "SKCM", ("BRAF:600",)),
    (2, "two", "SKCM", ("BRAF:600", "TP53:175")),
    (3, "three", "SKCM", ("KRAS:12", "TP53:248")),
    (4, "four", "LUAD", ("EGFR:858", "KRAS:12", "TP53:175")),
    (5, "five", "LUAD", ("KRAS:12",)),
    (6, "six", None, ("ABL1:1", "BRAF:600", "TP53:175")),
    (7, "seven", "SKCM", ()),  # measured, but the store has no mutations of it
)
DRUG_IDS = (10, 20, 30)
NAN = float("nan")
# Drug 10: mean 2, s.d. 2. Drug 20: mean 1, s.d. 1, three lines. Drug 30 was never measured.
MEASURED = (
    (0.0, NAN, NAN),
    (0.0, 0.0, NAN),
    (2.0, 1.0, NAN),
    (4.0, 2.0, NAN),
    (4.0, NAN, NAN),
    (NAN, NAN, NAN),
    (2.0, NAN, NAN),
)
BASE = np.array([2.0, 1.0, 5.0])
EFFECTS = {"BRAF:600": (-2.0, 0.5, 0.0), "KRAS:12": (1.0, -1.0, 0.0), "TP53:175": (0.0, 0.25, 1.0)}


@dataclass(frozen=True)
class PlainPredictor(Predictor):
    """ln IC50 = BASE + the EFFECTS of the mutations; the networks differ by 0.5 everywhere."""

    def predict(self, genomes, drug_ids=None):
        column = np.arange(len(DRUG_IDS)) if drug_ids is None else self.drug_rows(drug_ids)
        known = [[EFFECTS.get(key, (0, 0, 0)) for key in genome if key in self.vocabulary.index] for genome in genomes]
        mean = np.array([BASE + np.sum([np.zeros(3), *rows], axis=0) for rows in known])[:, column]
        return mean, np.full(mean.shape, 0.5)


def _run(run_id: str, split: str, metrics: dict) -> RunSummary:
    when = datetime(2026, 1, 1)
    return RunSummary(run_id, when, split, 0, "hash", False, "T", "CPU", 1.0, 1.0, 9, 9, 9, {}, {}, metrics)


def _screened() -> Screened:
    positions = Vocabulary(KEYS)
    bits = np.zeros((len(LINES), len(KEYS)), np.uint8)
    for row, (_, _, _, keys) in enumerate(LINES):
        bits[row, [positions.index[key] for key in keys]] = 1
    return Screened(
        lines=pd.DataFrame([line[:3] for line in LINES], columns=["cosmic_id", "name", "cancer_type"], dtype=object),
        positions=positions,
        bits=csr_matrix(bits),
        genes=np.array([key.partition(":")[0] for key in KEYS], dtype=object),
        ln_ic50=np.array(MEASURED),
        mean=np.array([2.0, 1.0, NAN]),
        sd=np.array([2.0, 1.0, NAN]),
        counts=np.array([6, 3, 0]),
    )


def plain_predictor(**changed) -> PlainPredictor:
    """changed: fields of Predictor that differ."""
    screened = _screened()
    skill = {"skill": -0.05, "skill_lower": -0.1, "skill_upper": -0.01, "r2": 0.7}
    honest = _run("honest", "cell_line", {"ensemble": skill, "type_drug_mean": {"r2": 0.72}})
    reference = Reference(
        cosmic_ids=np.arange(1, 7),
        genomes=screened.bits[:6],
        keys=np.array(KEYS),
        drug_ids=np.array([10, 20]),
        drug_bits=np.eye(2, 3, dtype=np.uint8),
        structure=np.arange(2),
    )
    drugs = pd.DataFrame({"drug_id": DRUG_IDS, "name": ["Dabrafenib", "Erlotinib", "Nothing"]})
    drugs = drugs.assign(target="T", pathway="P", inchikey=None, inside=pd.array([True, True, False], dtype="boolean"))
    predictor = PlainPredictor(
        run=_run("published", "pairs", {"ensemble": {}}),
        honest=honest,
        model="ensemble",
        vocabulary=Vocabulary(KEYS[:5]),  # TP53:248 is mutated in a line that was not trained on
        drugs=drugs,
        screened=screened,
        shift=np.zeros(3),
        skill=pd.DataFrame({"skill": [0.1], "n": [40]}, index=pd.Index([10], name="drug_id")),
        intervals=Intervals(Calibration(0.9, 2.0, 1.0, 99), "cell_line", ""),
        reference=reference,
        members=(),
    )
    return replace(predictor, **changed)
