"""The training job of radiosensitivity end to end on a tiny cohort, cancelled, resumed and in parts."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_radiation import ARRAYS, QUICK, SF2, fill_store, job_for, small_cohort
from small_store import insert

from engine.collect import collect
from engine.errors import InputError, JobCancelled, StoreError
from engine.jobs import queue
from engine.jobs.files import write_json
from engine.radiation import cohort as cohorts
from engine.radiation import fits, measures, records, train
from engine.radiation.settings import RadiationSettings
from engine.radiation.train import finish, run_shard, run_training, submit_training
from engine.radiation.types import Fold
from engine.settings import store_path
from engine.store.database import Database
from engine.worker import run_folder

PUBLISHED, GROUPED = "run-published", "run-grouped"
MODELS = ["mean", "panel_mean", "nearest_neighbour", "ridge", "network"]
LINES, SAMPLES = 12, 24


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Both protocols trained on twelve lines of two arrays each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCAST_HOME", str(tmp_path_factory.mktemp("home")))
        db = Database(store_path())
        fill_store(db, small_cohort(lines=LINES, replicates=2))
        for run_id, protocol in ((PUBLISHED, "published"), (GROUPED, "grouped")):
            job = job_for(db, run_id, protocol=protocol)
            run_training(job)
            write_json(job.folder / "done.json", {})
            assert collect(run_id, db)
        yield db


def test_every_sample_is_predicted_once_a_round_by_every_model(store):
    found = records.predictions(store, GROUPED, "cv")
    counts = found.groupby(["model", "round"])["sample"].agg(["size", "nunique"])
    assert set(found["model"]) == set(MODELS) and len(counts) == 2 * len(MODELS)
    assert (counts == SAMPLES).all(axis=None)
    assert found[["mean", "observed"]].notna().all(axis=None)
    assert (found.groupby(["model", "line", "round"])["fold"].nunique() == 1).all()


def test_published_folds_spread_a_line_and_have_no_interval(store):
    found = records.predictions(store, PUBLISHED, "cv")
    assert (found.groupby(["model", "line", "round"])["fold"].nunique() == 2).all()
    assert found[["lower", "upper"]].isna().all(axis=None)
    honest = records.predictions(store, GROUPED, "cv")
    assert honest[["lower", "upper"]].notna().all(axis=None)
    config = records.run(store, PUBLISHED)["config"], records.run(store, GROUPED)["config"]
    assert config[0]["half_width"] == {} and set(config[1]["half_width"]) == set(MODELS)


def test_permuted_labels_belong_to_lines_and_are_not_the_true_ones(store):
    found = records.predictions(store, GROUPED, "permuted")
    assert set(found["model"]) == set(MODELS) and set(found["round"]) == {1}
    assert (found.groupby(["model", "line"])["observed"].nunique() == 1).all()
    true = small_cohort(lines=LINES, replicates=2)
    by_line = found.drop_duplicates("line").set_index("line")["observed"]
    measured = pd.Series(true.sf2, true.line)[~pd.Index(true.line).duplicated()]
    assert sorted(by_line) == pytest.approx(sorted(measured)) and (by_line != measured[by_line.index]).any()


def test_prediction_validation_takes_what_was_not_correct(store):
    judged = records.verdicts(store, GROUPED)
    again = records.predictions(store, GROUPED, "validation")
    wrong = judged[~judged["correct_first"] & (judged["model"] == "ridge")]
    assert set(again.loc[again["model"] == "ridge", "sample"]) == set(wrong["sample"]) != set()
    assert (again["fold"] == 0).all() and again["mean"].notna().all()
    assert (wrong["rescued"] | wrong["prediction_hard"]).all()
    assert train.SECOND_CHANCE in notes(store, GROUPED)


def test_the_network_is_not_validated_where_that_takes_longer_than_it_took(store):
    for run_id, most in ((PUBLISHED, 6), (GROUPED, 6)):
        again = records.predictions(store, run_id, "validation")
        judged = records.verdicts(store, run_id)
        wrong = judged[~judged["correct_first"] & (judged["model"] == "network")]
        units = wrong["line"].nunique() if run_id == GROUPED else len(wrong)
        assert units > most and "network" not in set(again["model"])
        assert any("Prediction validation of the network is left out" in note for note in notes(store, run_id))


def notes(db: Database, run_id: str) -> list[str]:
    return records.run(db, run_id)["config"]["notes"]


def test_the_run_says_what_it_was(store):
    run = records.run(store, PUBLISHED)
    assert (run["protocol"], run["samples"], run["lines"], run["n_test"]) == ("published", SAMPLES, LINES, SAMPLES)
    assert (run["expression"], run["survival"], run["simulated"]) == (ARRAYS, SF2, False)
    assert run["n_train"] == 16 and run["minutes"] > 0 and run["peak_memory_mib"] > 0 and run["device"] == "CPU"
    assert run["data_hash"] == records.run(store, GROUPED)["data_hash"]
    curve = run["curves"]["network, round 1, fold 1"]
    assert [row["epoch"] for row in curve] == [1, 2] and all(np.isfinite(row["train_loss"]) for row in curve)
    assert any("permuted labels stay with their lines" in note for note in notes(store, PUBLISHED))
    assert not any("permuted labels stay with their lines" in note for note in notes(store, GROUPED))
    assert list(records.runs(store)["run_id"]) == [GROUPED, PUBLISHED]


def test_with_replicates_in_training_the_nearest_neighbour_knows_the_line(store):
    def correct(run_id: str) -> float:
        found = records.metrics(store, run_id).set_index(["model", "scope", "name"])["value"]
        return float(found["nearest_neighbour", "samples", "correct"])

    assert correct(PUBLISHED) == 1.0 and correct(GROUPED) < 0.5


def test_metrics_are_there_for_every_model_and_scope(store):
    found = records.metrics(store, GROUPED)
    for scope in ("samples", "lines", "panel", "without_leukaemia", "permuted"):
        assert set(found.loc[found["scope"] == scope, "model"]) == set(MODELS), scope
    assert list(dict.fromkeys(found["model"])) == ["network", "mean", "panel_mean", "nearest_neighbour", "ridge"]


def test_an_unknown_run_is_refused_with_those_there_are(store):
    with pytest.raises(StoreError, match="There is no radiosensitivity run 'gone'.*run-grouped"):
        records.run(store, "gone")


def test_the_folder_of_the_demo_job_can_be_done_in_parts(store):
    """Two shards and the closing give the numbers of one process."""
    job = job_for(store, "run-in-parts", protocol="published")
    for shard in range(2):
        run_shard(job, shard, 2)
    (job.results / "network.pt").unlink()  # what a part has lost is made again
    finish(job)
    assert (job.results / "network.pt").exists()
    found = pd.read_parquet(job.results / "survival_prediction.parquet").drop(columns="run_id")
    whole = records.predictions(store, PUBLISHED).drop(columns="run_id")
    keys = ["model", "stage", "round", "sample"]
    both = found.merge(whole, on=keys, suffixes=("", "_whole"))
    assert len(both) == len(found) == len(whole)
    assert both["mean"].to_numpy() == pytest.approx(both["mean_whole"].to_numpy(), abs=1e-5)


@pytest.fixture
def db(tumorcast_home):
    return Database(store_path())


def test_a_cancelled_training_continues_where_it_was(db, monkeypatch):
    fill_store(db, small_cohort(lines=6, replicates=1))
    job = job_for(db, "run-stopped", models=("ridge", "network"), permutations=0, validation=False)
    predict, calls = fits.baselines.predict, []
    monkeypatch.setattr(fits.baselines, "predict", lambda *given: calls.append(given[0]) or predict(*given))
    step, steps = fits.do, []

    def stopping(job, unit, cohort, settings, device, told):
        def watched(share):
            steps.append((unit.name, share))
            told(share)
            if unit.name.startswith("cv.network.1.") and share > 0.5:
                (job.folder / "cancel").touch()

        step(job, unit, cohort, settings, device, watched)

    monkeypatch.setattr(fits, "do", stopping)
    with pytest.raises(JobCancelled):
        run_training(job)
    fitted = list(calls)
    assert fitted.count("ridge") == 6 and not (job.results / "run.parquet").exists()
    assert list(job.checkpoints.glob("cv.network.1.*.resume.pt*"))
    (job.folder / "cancel").unlink()
    monkeypatch.setattr(fits, "do", step)
    run_training(job)
    assert calls == fitted, "baselines that were finished were fitted again"
    assert not list(job.checkpoints.glob("*.resume.pt*"))
    whole = job_for(db, "run-whole", models=("ridge", "network"), permutations=0, validation=False)
    run_training(whole)
    first, second = (
        pd.read_parquet(one.results / "survival_prediction.parquet").drop(columns="run_id") for one in (job, whole)
    )
    pd.testing.assert_frame_equal(first, second, atol=1e-5)


def test_a_worker_runs_the_folder_and_the_store_takes_it(db):
    fill_store(db, small_cohort(lines=6, replicates=1))
    job = job_for(db, "run-of-a-worker", models=("ridge",), rounds=1)
    assert run_folder(job.folder) and collect("run-of-a-worker", db)
    assert queue.read_result("run-of-a-worker")["models"]["ridge"]["rmse"] > 0
    assert set(records.metrics(db, "run-of-a-worker")["model"]) == {"mean", "ridge"}


def test_the_network_is_validated_where_that_is_cheaper_than_it_was(db):
    fill_store(db, small_cohort(lines=6, replicates=1))
    job = job_for(db, "run-validated", models=("network",), permutations=0)
    run_training(job)
    found = pd.read_parquet(job.results / "survival_prediction.parquet")
    mine = found[found["model"] == "network"]
    again = mine[mine["stage"] == "validation"].set_index("sample")["mean"]
    first = mine[mine["stage"] == "cv"].groupby("sample")[["mean", "observed"]].mean()
    wrong = first[~measures.correct(first["mean"], first["observed"])]
    assert sorted(again.index) == sorted(wrong.index) != []
    assert (again != first["mean"][again.index]).all()


def test_an_index_without_its_genes_is_refused_before_a_job(db):
    fill_store(db, small_cohort(lines=6))
    with pytest.raises(InputError, match="needs ten genes; AR, JUN"):
        submit_training(db, RadiationSettings(models=("rsi",)))
    assert queue.list_jobs() == []


def test_artificial_replicates_are_said_and_make_the_published_protocol_easy(db):
    fill_store(db, small_cohort(lines=10, replicates=1))
    job = job_for(
        db, "run-artificial", protocol="published", models=("nearest_neighbour",), replicates=3, noise=0.1, rounds=1
    )
    run_training(job)
    run = json.loads(pd.read_parquet(job.results / "run.parquet")["config"].iloc[0])
    assert run["cohort"]["samples"] == 30 and run["cohort"]["measured samples"] == 10
    assert any("Artificial replicates: every measured sample stands here 3 times" in note for note in run["notes"])
    assert not any("Every line has one sample" in note for note in run["notes"])
    metrics = pd.read_parquet(job.results / "metric.parquet").set_index(["model", "scope", "name"])["value"]
    assert metrics["nearest_neighbour", "samples", "correct"] == 1.0


def test_missing_expression_and_sf2_are_said(db):
    with pytest.raises(InputError, match="holds no gene expression to train on.*import expression FILE"):
        submit_training(db, RadiationSettings())
    cohort = small_cohort(lines=6)
    fill_store(db, cohort)
    with db.write() as connection:
        connection.execute("DELETE FROM survival")
    with pytest.raises(InputError, match="no surviving fractions to train on.*nci60_sf2.csv"):
        submit_training(db, RadiationSettings())
    assert queue.list_jobs() == []


def test_data_sets_are_found_by_name_or_refused(db):
    fill_store(db, small_cohort(lines=6))
    with pytest.raises(InputError, match="There is no expression set 'other' in the store. There are: arrays"):
        submit_training(db, RadiationSettings(expression="other"))
    with pytest.raises(InputError, match="There is no table of surviving fractions 'other'.*There are: sf2"):
        submit_training(db, RadiationSettings(survival="other"))


def test_surviving_fractions_are_those_of_the_expressions_lines(db):
    """Another assay is not taken because it was imported later; of two that fit equally nobody chooses."""
    fill_store(db, small_cohort(lines=8))
    fill_store(db, small_cohort(lines=5), "fewer arrays", "later sf2")
    with db.write() as connection:
        connection.execute("UPDATE source SET imported_at = '2027-01-01' WHERE source_id = 'later sf2'")
        connection.execute("UPDATE source SET imported_at = '2025-01-01' WHERE source_id = 'fewer arrays'")
    assert records.survival_sets(db)["dataset"].tolist() == ["later sf2", "sf2"]
    assert records.survival_for(db, "arrays")[["dataset", "shared"]].values.tolist() == [["sf2", 8], ["later sf2", 5]]
    _, *chosen, simulated = records.training_inputs(db)
    assert (chosen, simulated) == (["arrays", "sf2"], False)
    with pytest.raises(InputError, match=r"2 tables .* share 5 lines .*'fewer arrays' \(later sf2, sf2\): say which"):
        records.training_inputs(db, "fewer arrays")
    assert records.training_inputs(db, "fewer arrays", "later sf2")[2] == "later sf2"
    with db.write() as connection:  # made up: only where nothing measured shares a line
        connection.execute("UPDATE source SET simulated = true WHERE source_id = 'sf2'")
    assert records.training_inputs(db)[2] == "later sf2"
    with db.write() as connection:
        connection.execute("UPDATE survival SET line = 'X' || line WHERE dataset = 'later sf2'")
    assert records.training_inputs(db)[2:] == ("sf2", True)


def test_no_line_in_common_names_both(db):
    fill_store(db, small_cohort(lines=6))
    with db.write() as connection:
        connection.execute("UPDATE survival SET line = 'X' || line")
    with pytest.raises(InputError, match=r"No cell line is in both.*'arrays' \(LINE-00.*'sf2' \(XLINE-00"):
        submit_training(db, RadiationSettings())


@pytest.mark.parametrize(
    ("protocol", "replicates", "message"),
    [("grouped", 3, "4 lines cannot be cut into 6 folds"), ("published", 1, "4 samples cannot be cut into 6 folds")],
)
def test_fewer_lines_or_samples_than_folds_are_refused_before_a_job(db, protocol, replicates, message):
    fill_store(db, small_cohort(lines=4, replicates=replicates))
    with pytest.raises(InputError, match=message):
        submit_training(db, RadiationSettings(protocol=protocol))
    assert queue.list_jobs() == []


def test_samples_without_sf2_are_counted(db):
    cohort = small_cohort(lines=8, replicates=1)
    fill_store(db, cohort)
    with db.write() as connection:
        connection.execute("DELETE FROM survival WHERE line IN ('LINE-01', 'LINE-02')")
        connection.execute("INSERT INTO survival BY NAME SELECT 'LONELY' AS line, * EXCLUDE line FROM survival LIMIT 1")
    tables, *_ = records.training_inputs(db)
    _, receipt = cohorts.cohort_of(tables, RadiationSettings())
    assert (receipt["samples"], receipt["samples without SF2"], receipt["lines without expression"]) == (6, 2, 1)
    assert "2 samples have no measured SF2 and take no part: LINE-01, LINE-02." in receipt["notes"]
    assert any("1 line with SF2 has no expression: LONELY" in note for note in receipt["notes"])


def test_missing_values_survive_the_store_and_are_filled_from_training_samples(db):
    cohort = small_cohort(lines=10, replicates=1)
    values = cohort.values.copy()
    values[:3, 0] = np.nan  # 30 % of the samples: left out
    values[4, 1] = np.nan
    fill_store(db, replace(cohort, values=values))
    with db.write() as connection:  # NaN as some write it, NULL as others do
        connection.execute("""UPDATE expression SET "values" = list_transform("values", lambda x: if(isnan(x), NULL, x))
                              WHERE line = 'LINE-04'""")
    tables, *_ = records.training_inputs(db)
    found, receipt = cohorts.cohort_of(tables, RadiationSettings())
    assert (receipt["probes left out"], receipt["values missing"]) == (1, 1)
    assert np.isnan(found.values[4, 0]) and np.isnan(found.values).sum() == 1
    train_rows = np.array([0, 1, 2])
    whole = cohorts.filled(found, train_rows)
    assert whole.values[4, 0] == pytest.approx(found.values[train_rows, 0].mean())
    settings = RadiationSettings(rounds=1, folds=3, models=("network",), epochs=1)
    units = [unit for unit in fits.planned(found, settings, 6) if unit.model == "network"]
    assert all(len(unit.folds) == 1 for unit in units), "networks that fill values differently share no matrix"


def test_a_probe_that_no_training_sample_has_tells_nothing():
    cohort = small_cohort(lines=6, replicates=1)
    values = cohort.values.copy()
    values[1:, 0] = np.nan
    filled = cohorts.filled(replace(cohort, values=values), np.arange(1, 6))
    assert (filled.values[:, 0] == 0).all()


def test_a_cohort_without_any_common_line_or_probe_is_refused():
    cohort = small_cohort(lines=6, replicates=1)
    tables = {"sample": cohort.sample, "line": cohort.line, "line_name": cohort.line, "panel": "", "replicate": 1}
    given = cohorts.Expression(
        pd.DataFrame(tables), cohort.probes, cohort.symbols, np.full_like(cohort.values, np.nan), "log2"
    )
    survival = pd.DataFrame({"line": cohort.line, "sf2": cohort.sf2})
    with pytest.raises(InputError, match="All 60 probes are missing in more than 20% of the samples"):
        cohorts.build_cohort(given, survival)
    with pytest.raises(InputError, match="No cell line is in both the expression .LINE-00.*surviving fractions .A"):
        cohorts.build_cohort(given, survival.assign(line="A"))


def test_lines_of_one_tumour_are_said():
    names = np.array(["M14", "U251", "MDA-MB-435", "OVCAR-8", "A549", "SNB-19"])
    cohort = replace(small_cohort(lines=6, replicates=1), line=names)
    tables = {"sample": names, "line": names, "line_name": names, "panel": "", "replicate": 1}
    given = cohorts.Expression(pd.DataFrame(tables), cohort.probes, cohort.symbols, cohort.values, "log2")
    _, receipt = cohorts.build_cohort(given, pd.DataFrame({"line": names, "sf2": cohort.sf2}))
    (said,) = (note for note in receipt["notes"] if "one patient's tumour" in note)
    assert "several lines here: MDA-MB-435 and M14, SNB-19 and U251." in said and "OVCAR" not in said


def test_z_scores_are_said():
    cohort = replace(small_cohort(lines=6, replicates=1), scale="z")
    tables = {"sample": cohort.sample, "line": cohort.line, "line_name": cohort.line, "panel": "", "replicate": 1}
    given = cohorts.Expression(pd.DataFrame(tables), cohort.probes, cohort.symbols, cohort.values, "z")
    _, receipt = cohorts.build_cohort(given, pd.DataFrame({"line": cohort.line, "sf2": cohort.sf2}))
    assert any("z-scores, not as log2" in note for note in receipt["notes"])


def test_the_title_says_what_is_trained():
    assert train._title(RadiationSettings(models=("ridge",), rounds=1)) == (
        "Train ridge (grouped protocol, 1 x 6 folds)"
    )
    quick = RadiationSettings(**{**QUICK, "protocol": "published"})
    assert train._title(quick) == "Train 4 models of SF2 (published protocol, 2 x 3 folds, 2 epochs)"


def test_the_newest_measured_data_sets_come_first(db):
    fill_store(db, small_cohort(lines=6))
    fill_store(db, small_cohort(lines=7), "older", "older sf2")
    with db.write() as connection:
        connection.execute("UPDATE source SET imported_at = '2025-01-01' WHERE source_id LIKE 'older%'")
    insert(db, expression_set=db.query("SELECT * REPLACE ('made' AS dataset, 'made' AS source_id, true AS simulated)"
                                          " FROM expression_set WHERE dataset = 'arrays'"))  # fmt: skip
    assert records.expression_sets(db)["dataset"].tolist() == ["arrays", "older", "made"]
    assert records.survival_sets(db)[["dataset", "lines"]].values.tolist() == [["sf2", 6], ["older sf2", 7]]
    assert len(records.samples(db, "older")) == 21 and len(records.survival(db, "sf2")) == 6
    assert records.survival_doses(db, "sf2").empty


def test_what_was_fitted_to_other_folds_is_not_taken_up(db):
    """A job that resumes with other folds under the same number fits them, and keeps impossible answers in range."""
    cohort = small_cohort(lines=6, replicates=1)
    fill_store(db, cohort)
    job = job_for(db, "run-folds", models=("ridge",))
    settings = RadiationSettings(models=("ridge",))
    fold = Fold(1, 1, np.array([0, 1, 2, 3]), np.array([4, 5]))
    other = replace(fold, train=np.array([0, 1, 2, 4]), test=np.array([3, 5]))
    first, second, moved = (
        fits.Unit(fits.CV, "ridge", 1, (one,)) for one in (fold, other, replace(fold, test=np.array([5, 4])))
    )
    assert len({unit.name for unit in (first, second, moved)}) == 3
    assert first.name == fits.Unit(fits.CV, "ridge", 1, (replace(fold),)).name
    for unit in (first, second):
        fits.do(job, unit, cohort, settings, "cpu", lambda share: None)
        expected = fits.baselines.predict("ridge", cohort, unit.folds[0].train, unit.folds[0].test, 1)
        assert fits.rows(job, unit, cohort, settings)["mean"].to_numpy() == pytest.approx(expected)


def test_a_network_that_leaves_the_range_of_a_fraction_is_kept_at_its_end(db, monkeypatch):
    cohort = small_cohort(lines=6, replicates=1)
    fill_store(db, cohort)
    monkeypatch.setattr(fits, "_network", lambda *given: np.array([1.32, -0.2, 0.4]))
    job = job_for(db, "run-range")
    unit = fits.Unit(fits.CV, "network", 1, (Fold(1, 1, np.array([0, 1, 2]), np.array([3, 4, 5])),))
    fits.do(job, unit, cohort, RadiationSettings(), "cpu", lambda share: None)
    assert fits.rows(job, unit, cohort, RadiationSettings())["mean"].tolist() == [1.0, 0.0, 0.4]
