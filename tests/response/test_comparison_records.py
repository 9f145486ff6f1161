"""Reads that compare models, on a handful of typed rows."""

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_store import insert

from engine.errors import InputError
from engine.response.comparison_records import (
    across_splits,
    error_sums,
    extrapolations,
    fold_scores,
    fold_sizes,
    learning_rows,
    scope_scores,
    sources_of,
)
from engine.response.evidence import differences, rank_models, ranked
from engine.response.records import RunSummary, run_summary
from engine.store.database import Database

LINES = range(1, 7)


def run_row(run_id: str, split: str, config: str) -> pd.DataFrame:
    row = {
        **{"run_id": run_id, "task": "train_response", "created_at": datetime(2026, 1, 2), "split": split, "seed": 0},
        **{"config": config, "data_hash": "abc", "device": "CPU", "minutes": 1.0, "peak_memory_mib": 10.0},
        **{"n_train": 10, "n_validation": 2, "n_test": 12, "curves": "{}", "simulated": False},
    }
    return pd.DataFrame([row])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six lines of two types, two drugs of one structure; run `one` is a single cut, run `many` has 7 folds."""
    db = Database(tmp_path_factory.mktemp("comparison") / "store.duckdb")
    lines = {"cosmic_id": LINES, "name": [f"L{i}" for i in LINES], "cancer_type": ["GBM", "SKCM"] * 3, "source_id": "l"}
    insert(db, cell_line=pd.DataFrame(lines))
    drugs = {"drug_id": [1, 2], "name": ["A", "B"], "inchikey": ["AAAAAAAAAAAAAA-X-N", "AAAAAAAAAAAAAA-Y-N"]}
    insert(db, drug=pd.DataFrame({**drugs, "source_id": "d"}))
    observed = [0.0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 6, 7]
    pairs = pd.DataFrame({"cosmic_id": [*LINES] * 2, "drug_id": [1] * 6 + [2] * 6, "observed": observed})
    off = {"ensemble": 0.5, "drug_mean": 1.5, "permuted_genomes": [0.5] * 6 + [0.6] * 6}
    predictions = [pairs.assign(model=model, mean=pairs["observed"] + error, fold=0) for model, error in off.items()]
    insert(db, prediction=pd.concat(predictions).assign(run_id="one"))
    scores = {"ensemble": 0.9, "master": 0.8, "drug_mean": 0.5, "mean_effects": 0.6, "permuted_genomes": 0.7}
    fold = {"run_id": "many", "scope": "fold", "name": "r2", "n": 5}
    metrics = [
        {**fold, "model": model, "key": str(number), "value": r2 + 0.01 * number}
        for model, r2 in scores.items()
        for number in range(1, 8)
    ]
    metrics += [
        {"run_id": run, "model": model, "scope": "all", "key": "", "name": "r2", "value": value, "n": 12}
        for run in ("one", "many")
        for model, value in scores.items()
    ]
    metrics += [
        {"run_id": "one", "model": "ensemble", "scope": scope, "key": key, "name": "r2", "value": value, "n": 6}
        for scope, key, value in (
            ("cancer_type", "SKCM", 0.5),
            ("drug", "2", None),
            ("drug", "7", 0.1),
            ("cell_line", "3", 0.2),
        )
    ]
    insert(db, metric=pd.DataFrame(metrics).assign(lower=np.nan, upper=np.nan))
    insert(db, run=run_row("one", "pairs", '{"dataset": "GDSC1"}'))
    insert(db, run=run_row("many", "cell_line", '{"dataset": "GDSC1", "folds": 7}'))
    return db.path


@pytest.fixture
def db(built: Path, tmp_path: Path) -> Database:
    """A copy of that store."""
    return Database(Path(shutil.copy(built, tmp_path)))


def test_models_across_splits_keep_value_interval_and_n(db: Database):
    one = run_summary(db, "one")
    table = across_splits({"pairs": one})
    assert list(table["model"].unique()) == ["ensemble", "master", "permuted_genomes", "mean_effects", "drug_mean"]
    row = table[table["model"] == "ensemble"].iloc[0]
    assert (row["split"], row["run_id"], row["name"], row["value"], row["n"]) == ("pairs", "one", "r2", 0.9, 12)
    assert np.isnan(row["lower"]) and table["value"].dtype == float
    assert across_splits({}).empty


def test_scores_of_folds_are_numbered(db: Database):
    scores = fold_scores(db, "many")
    ensemble = scores[scores["model"] == "ensemble"]
    assert list(ensemble["fold"]) == [1, 2, 3, 4, 5, 6, 7]
    assert list(ensemble["value"]) == pytest.approx([0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97])
    assert fold_scores(db, "one").empty


def test_scores_per_group_carry_names_and_undefined_ones_stay(db: Database):
    drugs = scope_scores(db, "one", "drug", ("r2",))
    assert list(drugs["label"]) == ["B", "drug 7"]
    assert np.isnan(drugs["value"].iloc[0])
    assert list(scope_scores(db, "one", "cell_line", ("r2",))["label"]) == ["L3"]
    assert list(scope_scores(db, "one", "cancer_type", ("r2", "skill"))["label"]) == ["SKCM"]
    assert scope_scores(db, "one", "cancer_type", ("skill",)).empty


def test_sums_of_errors_per_unit_left_out(db: Database):
    lines = error_sums(db, "one", "pairs").set_index(["model", "cluster"])
    row = lines.loc[("ensemble", "1")]  # measured 0 and 2, both predicted 0.5 too high
    assert (row["n"], row["observed"], row["squares"], row["squared_error"]) == (2, 2.0, 4.0, 0.5)
    types = error_sums(db, "one", "cancer_type")
    assert list(types[types["model"] == "ensemble"]["cluster"]) == ["GBM", "SKCM"]
    structures = error_sums(db, "one", "drug")
    assert list(structures["cluster"].unique()) == ["AAAAAAAAAAAAAA"] and list(structures["n"]) == [12] * 3


def test_one_cut_is_compared_by_drawing_lines(db: Database):
    found = differences(db, "one", "drug_mean")
    assert (found.by, found.reference) == ("cell lines", "drug_mean")
    table = found.table.set_index("model")
    # SST of the twelve measurements is 47; SSE 12 x 0.25 and 12 x 2.25.
    assert table.loc["ensemble", "difference"] == pytest.approx(24 / 47)
    assert 0 < table.loc["ensemble", "lower"] < 24 / 47 < table.loc["ensemble", "upper"]
    assert list(table.index) == ["ensemble", "permuted_genomes"] and list(table["n"]) == [12, 12]


def test_the_bootstrap_takes_the_same_lines_for_both_models(db: Database):
    """Draws written out by hand give the same interval."""
    sums = error_sums(db, "one", "pairs")
    per_line = {model: rows.set_index("cluster") for model, rows in sums.groupby("model")}
    weights = np.random.default_rng(0).multinomial(6, [1 / 6] * 6, size=1000)
    drawn = []
    for weight in weights:
        rows = per_line["drug_mean"]
        n, y, yy = (float((rows[column] * weight).sum()) for column in ("n", "observed", "squares"))
        spread = yy - y * y / n
        sse = {model: float((found["squared_error"] * weight).sum()) for model, found in per_line.items()}
        if spread > 1e-9:
            drawn.append((sse["drug_mean"] - sse["ensemble"]) / spread)
    expected = np.percentile(drawn, [2.5, 97.5])
    row = differences(db, "one", "drug_mean").table.set_index("model").loc["ensemble"]
    assert [row["lower"], row["upper"]] == pytest.approx(expected)


def test_a_model_without_some_of_the_pairs_is_not_compared(db: Database):
    with db.write() as connection:
        connection.execute("DELETE FROM prediction WHERE model = 'ensemble' AND cosmic_id = 3")
        connection.execute("UPDATE prediction SET mean = 'nan' WHERE model = 'permuted_genomes' AND drug_id = 1")
    assert differences(db, "one", "drug_mean").table.empty


def test_folds_are_compared_pair_by_pair(db: Database):
    found = differences(db, "many", "mean_effects")
    assert found.by == "folds"
    table = found.table.set_index("model")
    assert list(table.index) == ["ensemble", "master", "permuted_genomes", "drug_mean"]
    assert list(table["difference"]) == pytest.approx([0.3, 0.2, 0.1, -0.1])
    assert list(table["n"]) == [7] * 4


def test_a_reference_the_run_does_not_have_is_refused(db: Database):
    with pytest.raises(InputError, match="Run one has no svm to compare with. It has: ensemble, master,"):
        differences(db, "one", "svm")


def test_permuted_inputs_and_weaker_naive_baselines_are_not_ranked(db: Database):
    run = run_summary(db, "many")
    assert run.naive == "mean_effects"
    assert ranked(run) == ("master", "mean_effects")  # the ensemble of one network is that network
    assert ranked(replace(run, metrics={**run.metrics, "tanh": {}})) == ("ensemble", "master", "tanh", "mean_effects")
    found = rank_models(db, "many", ("ensemble", "master", "mean_effects"))
    assert found.mean_ranks == {"ensemble": 1.0, "master": 2.0, "mean_effects": 3.0}
    assert found.folds == 7


def test_one_cut_cannot_be_ranked(db: Database):
    with pytest.raises(InputError, match="has one cut: python -m engine evaluate --run one --split pairs --folds 7"):
        rank_models(db, "one", ("ensemble", "master", "mean_effects"))


def test_folds_and_extrapolations_are_counted(db: Database):
    sizes = {"n_train": 8, "n_validation": 2, "n_test": 2, "lines_test": 1, "drugs_test": 2, "positions": 40}
    insert(db, fold=pd.DataFrame([{"run_id": "many", "fold": fold, **sizes} for fold in (2, 1)]))
    assert list(fold_sizes(db, "many")["fold"]) == [1, 2] and fold_sizes(db, "one").empty
    near = [("cell_line", 1, True), ("cell_line", 2, False), ("drug", 1, True)]
    rows = [{"run_id": "many", "fold": 1, "subject": s, "id": i, "inside": inside} for s, i, inside in near]
    insert(db, domain=pd.DataFrame(rows))
    assert extrapolations(db, "many").to_dict("list") == {
        "subject": ["cell_line", "drug"],
        "flagged": [1, 0],
        "total": [2, 1],
    }


def test_sources_of_another_dataset_are_not_those_of_the_run(db: Database):
    base = {
        **{"file_format": "table", "sha256": "0", "bytes": 1, "rows_read": 1, "rows_kept": 1, "receipt": "{}"},
        **{"imported_at": datetime(2026, 1, 1), "job_id": "j", "simulated": False},
    }
    kinds = {"l": "cell-lines", "r1": "responses", "r2": "responses"}
    rows = [{"source_id": name, "kind": kind, "file_name": f"{name}.csv", **base} for name, kind in kinds.items()]
    insert(db, source=pd.DataFrame(rows))
    response = {"cosmic_id": 1, "drug_id": 1, "ln_ic50": 0.0, "n_measured": 1}
    both = [{"dataset": "GDSC1", "source_id": "r1", **response}, {"dataset": "GDSC2", "source_id": "r2", **response}]
    insert(db, response=pd.DataFrame(both))
    assert list(sources_of(db, "GDSC1")["file_name"]) == ["l.csv", "r1.csv"]


def test_learning_rows_name_their_fold(db: Database):
    one = run_summary(db, "one")
    epoch = {"epoch": 1, "train_loss": 2.0, "validation_rmse": 1.5, "learning_rate": 0.1, "seconds": 3.0}
    curves = {"master": [epoch], "fully_connected, fold 12": [epoch]}
    run = RunSummary(**{**one.__dict__, "curves": curves})
    rows = learning_rows(run)
    assert list(rows["model"]) == ["master", "fully_connected"] and list(rows["fold"]) == [0, 12]
    assert learning_rows(one).empty


def test_a_reference_with_a_line_that_is_no_number_is_compared_on_the_others(db: Database):
    with db.write() as connection:
        connection.execute("UPDATE prediction SET mean = 'inf' WHERE model = 'ensemble' AND cosmic_id = 3")
    assert differences(db, "one", "ensemble").table.empty is False


def test_every_measure_keeps_its_own_number_of_pairs(db: Database):
    rows = {"run_id": "one", "model": "ensemble", "scope": "all", "key": "", "value": 0.3}
    insert(db, metric=pd.DataFrame([{**rows, "name": "within_drug_r", "n": 10, "lower": 0.1, "upper": 0.5}]))
    run = run_summary(db, "one")
    assert run.metrics["ensemble"]["n"] == 12
    table = across_splits({"pairs": run}).set_index(["model", "name"])
    assert (table.loc[("ensemble", "r2"), "n"], table.loc[("ensemble", "within_drug_r"), "n"]) == (12, 10)
