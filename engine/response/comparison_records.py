"""Reads of the store that compare models: across splits, fold by fold, per cancer type, best and worst. Torch-free."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from engine.response.records import RunSummary
from engine.store.database import Database

COLUMNS = ["value", "lower", "upper"]
SCOPE_NAMES = {
    "cancer_type": "metric.key",
    "cell_line": "coalesce((SELECT name FROM cell_line WHERE cosmic_id::VARCHAR = metric.key), 'COSMIC ' || metric.key)",
    "drug": "coalesce((SELECT name FROM drug WHERE drug_id::VARCHAR = metric.key), 'drug ' || metric.key)",
}


def across_splits(family: Mapping[str, RunSummary]) -> pd.DataFrame:
    """Every measure of every model under every split: split, run_id, model, name, value, lower, upper, n.

    family: as `records.family` gives it. Values are over all held-out pairs; None where not defined.
    """
    rows = []
    for split, run in family.items():
        for model in run.models:
            found = run.metrics[model]
            names = [name.removesuffix("_lower") for name in found if name.endswith("_lower")]
            rows += [
                {
                    "split": split,
                    "run_id": run.run_id,
                    "model": model,
                    "name": name,
                    "value": found.get(name),
                    "lower": found[f"{name}_lower"],
                    "upper": found.get(f"{name}_upper"),
                    "n": found.get("n"),
                }
                for name in names
            ]
    columns = ["split", "run_id", "model", "name", *COLUMNS, "n"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(COLUMNS, float))


def fold_scores(db: Database, run_id: str) -> pd.DataFrame:
    """Every measure of every model in every fold: fold, model, name, value (NaN where not defined), n."""
    return db.query(
        """SELECT key::INTEGER AS fold, model, name, value, n FROM metric
           WHERE run_id = ? AND scope = 'fold' ORDER BY fold, model, name""",
        [run_id],
    )


def fold_sizes(db: Database, run_id: str) -> pd.DataFrame:
    """The folds of a run as the table `fold` has them; empty for a run of an older store."""
    return db.query("SELECT * EXCLUDE (run_id) FROM fold WHERE run_id = ? ORDER BY fold", [run_id])


def scope_scores(db: Database, run_id: str, scope: str, names: tuple[str, ...]) -> pd.DataFrame:
    """Measures per cancer type, cell line or drug: key, label, model, name, value, lower, upper, n.

    scope: cancer_type, cell_line or drug. label: the name on screen. Undefined values are NaN.
    """
    return db.query(
        f"""SELECT key, {SCOPE_NAMES[scope]} AS label, model, name, value, lower, upper, n FROM metric
            WHERE run_id = ? AND scope = ? AND list_contains(?, name) ORDER BY label, key, model, name""",
        [run_id, scope, list(names)],
    )


def extrapolations(db: Database, run_id: str) -> pd.DataFrame:
    """How many lines and drugs are flagged as extrapolation: subject, flagged, total (counted once per fold)."""
    return db.query(
        """SELECT subject, count(*) FILTER (NOT inside) AS flagged, count(*) AS total FROM domain
           WHERE run_id = ? GROUP BY subject ORDER BY subject""",
        [run_id],
    )


def pairs_of(db: Database, run_id: str, model: str) -> pd.DataFrame:
    """Held-out pairs of one model: drug, line, cancer_type, pathway, observed, predicted (ln IC50 in uM)."""
    return db.query(
        """SELECT coalesce(d.name, 'drug ' || p.drug_id) AS drug, coalesce(l.name, 'COSMIC ' || p.cosmic_id) AS line,
                  l.cancer_type, d.pathway, p.observed, p.mean AS predicted
           FROM prediction p LEFT JOIN cell_line l USING (cosmic_id) LEFT JOIN drug d USING (drug_id)
           WHERE p.run_id = ? AND p.model = ? ORDER BY p.cosmic_id, p.drug_id""",
        [run_id, model],
    )


def sources_of(db: Database, dataset: str) -> pd.DataFrame:
    """The imports a run on `dataset` rests on: kind, file_name, rows_kept, imported_at (UTC), origin, licence, sha256.

    Lines, drugs and mutations are those in the store now; of response tables only those of this dataset.
    """
    return db.query(
        """SELECT kind, file_name, rows_kept, imported_at, origin, licence, sha256, simulated FROM source s
           WHERE kind <> 'responses'
              OR source_id IN (SELECT DISTINCT source_id FROM response WHERE dataset = ?)
           ORDER BY kind, imported_at""",
        [dataset],
    )
