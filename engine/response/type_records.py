"""Reads of the store for cancer types: stored measures, what a model gains over a baseline, pairs. Torch-free."""

from dataclasses import dataclass

import pandas as pd

from engine.response.cluster_sums import DrawnSums, Estimate, r2
from engine.store.database import Database


@dataclass(frozen=True)
class TypeGain:
    """A model beside a baseline on the same held-out pairs of one cancer type, with 95 % intervals.

    gain: R² of the model minus R² of the baseline; both are drawn together, so its interval is a paired one.
    clusters: what the bootstrap draws, `cell lines`, or `structures` where the split leaves out drugs.
    """

    split: str
    cancer_type: str
    model: str
    baseline: str
    pairs: int
    lines: int
    drugs: int
    r2: Estimate
    baseline_r2: Estimate
    gain: Estimate
    clusters: str

    @property
    def verdict(self) -> str:
        """better | worse | even (the interval of the gain includes 0) | open (no interval or no R²)."""
        if self.gain.lower is None or self.gain.upper is None:
            return "open"
        return "better" if self.gain.lower > 0 else "worse" if self.gain.upper < 0 else "even"


def type_measures(db: Database, run_id: str) -> pd.DataFrame:
    """The stored measures per cancer type: cancer_type, model, name, value, lower, upper, n."""
    return db.query(
        """SELECT key AS cancer_type, model, name, value, lower, upper, n FROM metric
           WHERE run_id = ? AND scope = 'cancer_type' ORDER BY key, model, name""",
        [run_id],
    )


def type_gains(db: Database, run_id: str, split: str, model: str, baseline: str) -> dict[str, TypeGain]:
    """What `model` gains over `baseline` in every cancer type, on the pairs that both predict; types by name.

    Lines are drawn, or structures where the split leaves out drugs, because their pairs are not independent.
    """
    of_drugs = split == "drug"
    sums = db.query(
        f"""{PAIRS}
            SELECT cancer_type, {"structure" if of_drugs else "cosmic_id"} AS cluster, count(*)::DOUBLE AS n,
                   sum(y) AS y, sum(y * y) AS yy, sum((mean - y) ** 2) AS model, sum((base - y) ** 2) AS baseline
            FROM pairs GROUP BY cancer_type, cluster ORDER BY cancer_type, cluster""",
        [baseline, run_id, model],
    )
    counts = db.query(
        f"""{PAIRS} SELECT cancer_type, count(DISTINCT cosmic_id) AS lines, count(DISTINCT drug_id) AS drugs
            FROM pairs GROUP BY cancer_type""",
        [baseline, run_id, model],
    ).set_index("cancer_type")
    found = {}
    for name, of_type in sums.groupby("cancer_type"):
        drawn = DrawnSums(of_type.drop(columns=["cancer_type", "cluster"]))
        own, other = (r2(drawn[column], drawn["n"], drawn["y"], drawn["yy"]) for column in ("model", "baseline"))
        found[str(name)] = TypeGain(
            split=split,
            cancer_type=str(name),
            model=model,
            baseline=baseline,
            pairs=drawn.pairs,
            lines=int(counts.at[name, "lines"]),
            drugs=int(counts.at[name, "drugs"]),
            r2=drawn.estimate(own),
            baseline_r2=drawn.estimate(other),
            gain=drawn.estimate(own - other),
            clusters="structures" if of_drugs else "cell lines",
        )
    return found


def type_pairs(db: Database, run_id: str, model: str, cancer_type: str) -> pd.DataFrame:
    """The held-out pairs of one type: line, cancer_type, drug, pathway, observed, predicted (ln IC50 in uM)."""
    return db.query(
        """SELECT p.cosmic_id, l.name AS line, l.cancer_type, p.drug_id, coalesce(d.name, 'drug ' || p.drug_id) AS drug,
                  d.pathway, p.observed, p.mean AS predicted
           FROM prediction p JOIN cell_line l USING (cosmic_id) LEFT JOIN drug d USING (drug_id)
           WHERE p.run_id = ? AND p.model = ? AND l.cancer_type = ? ORDER BY p.cosmic_id, p.drug_id""",
        [run_id, model, cancer_type],
    )


# Parameters: baseline, run, model.
PAIRS = """
    WITH pairs AS (
        SELECT l.cancer_type, p.cosmic_id, p.drug_id, p.observed AS y, p.mean, b.mean AS base,
               coalesce(nullif(left(d.inchikey, 14), ''), p.drug_id::VARCHAR) AS structure
        FROM prediction p
        JOIN prediction b ON b.run_id = p.run_id AND b.cosmic_id = p.cosmic_id AND b.drug_id = p.drug_id
        JOIN cell_line l ON l.cosmic_id = p.cosmic_id
        LEFT JOIN drug d ON d.drug_id = p.drug_id
        WHERE b.model = ? AND p.run_id = ? AND p.model = ? AND l.cancer_type IS NOT NULL)"""
