"""Reads of the store for radiosensitivity: data sets, runs, held-out predictions, what a training takes. Torch-free."""

import json
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import InputError, StoreError
from engine.radiation.settings import MODELS
from engine.store.database import Database

TASK = "train_radiation"
NO_EXPRESSION = (
    "The store holds no gene expression to train on. Import a table of probes and samples first: "
    "python -m engine import expression FILE, or on the Data page."
)
NO_SURVIVAL = (
    "The store holds no surviving fractions to train on. Import them first: python -m engine import survival FILE; "
    "data/reference/nci60_sf2.csv holds the published SF2 of 59 lines."
)


def runs(db: Database) -> pd.DataFrame:
    """Every training run, newest first.

    Columns run_id, created_at (UTC), protocol (published | grouped), seed, expression, survival (data sets), samples,
    lines, device, minutes, peak_memory_mib, n_train (mean over fits), n_test (samples), simulated, data_hash, config
    and curves (dicts): the settings, and under `cohort` what the cohort was.
    """
    found = db.query("SELECT * FROM run WHERE task = ? ORDER BY created_at DESC, run_id DESC", [TASK])
    configs = [json.loads(text) for text in found["config"]]
    cohorts = [config.get("cohort", {}) for config in configs]
    frame = pd.DataFrame(
        {
            "run_id": found["run_id"],
            "created_at": found["created_at"],
            "protocol": found["split"],
            "seed": found["seed"],
            "expression": [str(config.get("expression") or "") for config in configs],
            "survival": [str(config.get("survival") or "") for config in configs],
            "samples": [int(cohort.get("samples", 0)) for cohort in cohorts],
            "lines": [int(cohort.get("lines", 0)) for cohort in cohorts],
        }
    )
    kept = ["device", "minutes", "peak_memory_mib", "n_train", "n_test", "simulated", "data_hash"]
    frame[kept] = found[kept]
    frame["config"] = pd.Series(configs, dtype=object)
    frame["curves"] = pd.Series([json.loads(text) for text in found["curves"]], dtype=object)
    return frame


def run(db: Database, run_id: str) -> dict[str, Any]:
    """One row of `runs`. Raises StoreError naming the runs there are."""
    found = runs(db)
    mine = found[found["run_id"] == run_id]
    if mine.empty:
        known = ", ".join(found["run_id"]) or "none yet"
        raise StoreError(f"There is no radiosensitivity run '{run_id}' in the store. Runs: {known}.")
    return {str(key): value for key, value in mine.to_dict("records")[0].items()}


def is_run(db: Database, run_id: str) -> bool:
    """Whether this is a run of this room."""
    return not db.query("SELECT 1 FROM run WHERE run_id = ? AND task = ?", [run_id, TASK]).empty


def predictions(db: Database, run_id: str, stage: str = "") -> pd.DataFrame:
    """The held-out predictions of a run, the table `survival_prediction`; of one stage where one is given.

    Columns run_id, model, stage (cv | validation | permuted), round, fold, sample, line, panel ('' where not told),
    observed, mean, lower, upper (SF2, fractions; NaN where there is no interval).
    """
    found = db.query(
        """SELECT * REPLACE (coalesce(panel, '') AS panel) FROM survival_prediction
           WHERE run_id = ? AND (? = '' OR stage = ?) ORDER BY model, stage, round, fold, sample""",
        [run_id, stage, stage],
    )
    return _in_order(found)


def metrics(db: Database, run_id: str) -> pd.DataFrame:
    """The measures of a run: model, scope, key, name, value, lower, upper (95 %, NaN where none), n."""
    found = db.query(
        """SELECT model, scope, key, name, value, lower, upper, n FROM metric WHERE run_id = ?
           ORDER BY model, scope, key, name""",
        [run_id],
    )
    return _in_order(found)


def verdicts(db: Database, run_id: str) -> pd.DataFrame:
    """Per model and sample: correct at first, rescued, prediction_hard; see `measures.verdicts`."""
    from engine.radiation.measures import verdicts as judged

    return judged(predictions(db, run_id))


def expression_sets(db: Database) -> pd.DataFrame:
    """Imported tables of expression: the one that trains unless another is named comes first.

    That is the measured one imported last, and a simulated one only where there is no other. Columns dataset,
    platform, scale, n_samples, n_probes, lines, simulated, source_id, imported_at (UTC), origin, licence.
    """
    return db.query(
        """SELECT e.dataset, coalesce(e.platform, '') AS platform, e.scale, e.n_samples, e.n_probes,
                  (SELECT count(DISTINCT line) FROM expression x WHERE x.dataset = e.dataset) AS lines,
                  e.simulated, e.source_id, s.imported_at, coalesce(s.origin, '') AS origin,
                  coalesce(s.licence, '') AS licence
           FROM expression_set e LEFT JOIN source s USING (source_id)
           ORDER BY e.simulated, s.imported_at DESC NULLS LAST, e.dataset"""
    )


def survival_sets(db: Database) -> pd.DataFrame:
    """Imported tables of surviving fractions, in the order of `expression_sets`; which one trains where none is named
    depends on the expression, see `training_inputs`.

    Columns dataset, assay, lines, curves (lines with a fitted curve), simulated, source_id, imported_at (UTC), origin,
    licence.
    """
    return db.query(
        """SELECT v.dataset, coalesce(any_value(v.assay), '') AS assay, count(*) AS lines,
                  count(v.alpha_per_gy) AS curves, coalesce(bool_or(s.simulated), FALSE) AS simulated,
                  any_value(v.source_id) AS source_id, max(s.imported_at) AS imported_at,
                  coalesce(any_value(s.origin), '') AS origin, coalesce(any_value(s.licence), '') AS licence
           FROM survival v LEFT JOIN source s USING (source_id) GROUP BY v.dataset
           ORDER BY simulated, imported_at DESC NULLS LAST, v.dataset"""
    )


def survival_for(db: Database, expression: str) -> pd.DataFrame:
    """Those of `survival_sets` that share lines with an expression set, best first: measured before simulated, then by
    `shared`, the number of lines that both have; of equal ones the one imported last."""
    shared = db.query(
        """SELECT dataset, count(DISTINCT line) AS shared FROM survival
           WHERE line IN (SELECT line FROM expression WHERE dataset = ?) GROUP BY dataset""",
        [expression],
    )
    found = survival_sets(db).merge(shared, on="dataset")
    return found.sort_values(["simulated", "shared"], ascending=[True, False], kind="stable", ignore_index=True)


def samples(db: Database, dataset: str) -> pd.DataFrame:
    """The samples of an expression set: sample, line, line_name, panel ('' where not told), replicate."""
    return db.query(
        """SELECT sample, line, line_name, coalesce(panel, '') AS panel, replicate FROM expression WHERE dataset = ?
           ORDER BY line, replicate, sample""",
        [dataset],
    )


def survival(db: Database, dataset: str = "") -> pd.DataFrame:
    """The table `survival`, of every data set or of one, with `simulated`; panel and assay '' where not told."""
    return db.query(
        """SELECT v.* REPLACE (coalesce(v.panel, '') AS panel, coalesce(v.assay, '') AS assay),
                  coalesce(s.simulated, FALSE) AS simulated
           FROM survival v LEFT JOIN source s USING (source_id) WHERE ? = '' OR v.dataset = ?
           ORDER BY v.dataset, v.line""",
        [dataset, dataset],
    )


def survival_doses(db: Database, dataset: str, line: str = "") -> pd.DataFrame:
    """The points behind the curves of a data set, of one line where one is named: the table `survival_dose`."""
    return db.query(
        """SELECT * FROM survival_dose WHERE dataset = ? AND (? = '' OR line = ?) ORDER BY line, dose_gy, replicate""",
        [dataset, line, line],
    )


def training_inputs(
    db: Database, expression: str = "", survival: str = ""
) -> tuple[dict[str, pd.DataFrame], str, str, bool]:
    """The tables a training job takes with it, the names of both data sets, and whether either is simulated.

    expression: empty takes the first of `expression_sets`. survival: empty takes the set that shares most lines with
    the expression, measured before simulated, and never chooses between two that fit equally well: an assay is not
    replaced by another because it was imported later.
    Raises InputError saying what has to be imported first, which data sets there are, which of them fit equally well,
    or that no line is in both.
    """
    arrays = _chosen(expression_sets(db), expression, "expression set", NO_EXPRESSION)
    survival = survival or _best_survival(db, str(arrays["dataset"]))
    doses = _chosen(survival_sets(db), survival, "table of surviving fractions", NO_SURVIVAL)
    names = {"expression": str(arrays["dataset"]), "survival": str(doses["dataset"])}
    common = "line IN (SELECT line FROM survival WHERE dataset = ?)"
    both = [names["expression"], names["survival"]]
    rows = db.query(f"SELECT * FROM expression WHERE dataset = ? AND {common} ORDER BY line, replicate, sample", both)
    if rows.empty:
        told = [f"'{name}' ({_some_lines(db, table, name)})" for table, name in names.items()]
        raise InputError(
            f"No cell line is in both the expression set {told[0]} and the surviving fractions {told[1]}. Choose "
            "another pair of data sets, or import a table whose lines are named as in the other."
        )
    # DuckDB gives a list with NULLs as a masked array, which Parquet would write as if nothing were masked.
    rows["values"] = [np.ma.filled(values, np.nan) for values in rows["values"]]
    tables = {
        "expression_set.parquet": db.query("SELECT * FROM expression_set WHERE dataset = ?", [both[0]]),
        "expression.parquet": rows,
        "survival.parquet": db.query("SELECT * FROM survival WHERE dataset = ? ORDER BY line", [both[1]]),
        "left_out.parquet": db.query(  # samples without SF2, so that the run can say which
            f"SELECT sample, line FROM expression WHERE dataset = ? AND NOT {common} ORDER BY line, sample", both
        ),
    }
    return tables, *names.values(), bool(arrays["simulated"] or doses["simulated"])  # type: ignore[return-value]


def _best_survival(db: Database, expression: str) -> str:
    """The surviving fractions for an expression set, '' where none shares a line with it."""
    fitting = survival_for(db, expression)
    if fitting.empty:
        return ""
    first = fitting.iloc[0]
    best = fitting[(fitting["shared"] == first["shared"]) & (fitting["simulated"] == first["simulated"])]["dataset"]
    if len(best) > 1:
        raise InputError(
            f"{len(best)} tables of surviving fractions share {first['shared']:,} lines with the expression set "
            f"'{expression}' ({', '.join(best)}): say which one to train on (--survival on the command line)."
        )
    return str(first["dataset"])


def _chosen(known: pd.DataFrame, name: str, what: str, none: str) -> pd.Series:
    if known.empty:
        raise InputError(none)
    if name and name not in set(known["dataset"]):
        raise InputError(f"There is no {what} '{name}' in the store. There are: {', '.join(known['dataset'])}.")
    row: pd.Series = known[known["dataset"] == name].iloc[0] if name else known.iloc[0]
    return row


def _some_lines(db: Database, table: str, dataset: str) -> str:
    found = db.query(f"SELECT DISTINCT line FROM {table} WHERE dataset = ? ORDER BY line LIMIT 4", [dataset])["line"]
    return ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Models in the order in which they are shown."""
    order = {model: place for place, model in enumerate(MODELS)}
    return frame.sort_values("model", key=lambda names: names.map(order).fillna(len(order)), kind="stable").reset_index(
        drop=True
    )
