"""Reads of the store for cancer types: what a model gains over a baseline. Torch-free."""

from dataclasses import dataclass

from engine.response.cluster_sums import DrawnSums, Estimate, r2
from engine.response.drawn_scores import FINITE, STRUCTURE
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


def type_gains(
    db: Database, run_id: str, split: str, model: str, baseline: str, only: str | None = None
) -> dict[str, TypeGain]:
    """What `model` gains over `baseline` in every cancer type, or `only` one, on the finite pairs that both predict.

    Lines are drawn, or structures where the split leaves out drugs, because their pairs are not independent.
    """
    of_drugs, given = split == "drug", [baseline, run_id, model, only, only]
    sums = db.query(
        f"""{PAIRS}
            SELECT cancer_type, {"structure" if of_drugs else "cosmic_id"} AS cluster, count(*)::DOUBLE AS n,
                   sum(y) AS y, sum(y * y) AS yy, sum((mean - y) ** 2) AS model, sum((base - y) ** 2) AS baseline
            FROM pairs GROUP BY cancer_type, cluster ORDER BY cancer_type, cluster""",
        given,
    )
    lines = sums.groupby("cancer_type").size()
    if of_drugs:
        of_types = f"{PAIRS} SELECT cancer_type, count(DISTINCT cosmic_id) AS n FROM pairs GROUP BY cancer_type"
        lines = db.query(of_types, given).set_index("cancer_type")["n"]
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
            lines=int(lines[name]),
            r2=drawn.estimate(own),
            baseline_r2=drawn.estimate(other),
            gain=drawn.estimate(own - other),
            clusters="structures" if of_drugs else "cell lines",
        )
    return found


# Parameters: baseline, run, model, and twice the one type wanted or None.
PAIRS = f"""
    WITH pairs AS (
        SELECT l.cancer_type, p.cosmic_id, p.drug_id, p.observed AS y, p.mean, b.mean AS base, {STRUCTURE} AS structure
        FROM prediction p
        JOIN prediction b ON b.run_id = p.run_id AND b.cosmic_id = p.cosmic_id AND b.drug_id = p.drug_id
        JOIN cell_line l ON l.cosmic_id = p.cosmic_id
        WHERE b.model = ? AND p.run_id = ? AND p.model = ? AND {FINITE} AND isfinite(b.mean)
          AND l.cancer_type IS NOT NULL AND (?::VARCHAR IS NULL OR l.cancer_type = ?))"""
