"""Reads of the store that compare models: across splits, fold by fold, per cancer type, best and worst. Torch-free."""

from collections.abc import Mapping

import pandas as pd

from engine.response.drawn_scores import FINITE
from engine.response.records import RunSummary
from engine.store.database import Database

COLUMNS = ["value", "lower", "upper"]
CLUSTERS = {
    "cancer_type": "coalesce(l.cancer_type, '')",
    "drug": "coalesce(nullif(left(d.inchikey, 14), ''), p.drug_id::VARCHAR)",
}
SCOPE_NAMES = {
    "cancer_type": "key",
    "cell_line": "coalesce((SELECT name FROM cell_line WHERE cosmic_id::VARCHAR = key), 'COSMIC ' || key)",
    "drug": "coalesce((SELECT name FROM drug WHERE drug_id::VARCHAR = key), 'drug ' || key)",
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
                    "n": found.get(f"{name}_n"),
                }
                for name in names
            ]
    columns = ["split", "run_id", "model", "name", *COLUMNS, "n"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(COLUMNS, float))


def learning_rows(run: RunSummary) -> pd.DataFrame:
    """One row per network, fold and epoch: model, fold (0 for a single cut), epoch, train_loss, validation_rmse
    (ln uM), learning_rate, seconds."""
    rows = []
    for key, epochs in run.curves.items():
        model, _, fold = key.partition(", fold ")
        rows += [{"model": model, "fold": int(fold or 0), **epoch} for epoch in epochs]
    columns = ["model", "fold", "epoch", "train_loss", "validation_rmse", "learning_rate", "seconds"]
    return pd.DataFrame(rows, columns=columns)


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


def error_sums(db: Database, run_id: str, split: str) -> pd.DataFrame:
    """Per model and unit left out: cluster, model, n, and sums: observed, squares (of it), squared_error.

    The unit is the cancer type or the structure where the split leaves those out, else the cell line. Predictions that
    are not finite are left out.
    """
    return db.query(
        f"""SELECT {CLUSTERS.get(split, "p.cosmic_id::VARCHAR")} AS cluster, model, count(*) AS n,
                   sum(observed) AS observed, sum(observed * observed) AS squares,
                   sum((mean - observed) * (mean - observed)) AS squared_error
            FROM prediction p LEFT JOIN cell_line l USING (cosmic_id) LEFT JOIN drug d USING (drug_id)
            WHERE run_id = ? AND {FINITE} GROUP BY ALL ORDER BY cluster, model""",
        [run_id],
    )


def extrapolations(db: Database, run_id: str) -> pd.DataFrame:
    """How many lines and drugs are flagged as extrapolation: subject, flagged, total (counted once per fold)."""
    return db.query(
        """SELECT subject, count(*) FILTER (NOT inside) AS flagged, count(*) AS total FROM domain
           WHERE run_id = ? GROUP BY subject ORDER BY subject""",
        [run_id],
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
