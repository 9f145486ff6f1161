"""The Radiosensitivity page: without runs, with one protocol, with both, curves, one's own file, and its imports."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from page_checks import Open, assert_healthy, button, shown
from small_store import insert
from streamlit.testing.v1 import AppTest

from dashboard import data
from engine.collect import collect
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.spec import read_spec
from engine.radiation import records, train
from engine.radiation.survival_import import REFERENCE_NAME, run_survival_import
from engine.settings import store_path
from engine.store.database import Database

sys.path.append(str(Path(__file__).parents[1] / "radiation"))
from small_arrays import small_cohort  # beside the tests of the engine
from small_radiation import fill_store, job_for, source

PUBLISHED, GROUPED = "20260101-000000-train_radiation-00aa", "20260101-000001-train_radiation-00bb"
TABS = ("Predictions", "Both protocols", "Errors by panel", "Survival curves", "Predict your own", "Train")


def finish(job: JobContext, db: Database) -> None:
    """What the runner and the collector would do."""
    (job.folder / "done.json").write_text("{}")
    collect(job.spec.id, db)


@pytest.fixture(scope="module")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a small cohort of repeat arrays, trained in both protocols, and survival curves of another assay."""
    home = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCAST_HOME", str(home))
        db = Database(store_path())
        cohort = small_cohort(lines=15, replicates=3, probes=40)
        fill_store(db, cohort)
        _curves(db, np.unique(cohort.line)[:6])
        for run_id, protocol in ((PUBLISHED, "published"), (GROUPED, "grouped")):
            job = job_for(db, run_id, protocol=protocol, rounds=2, survival="sf2")
            train.run_training(job)
            finish(job, db)
        db.close()
    yield home


def _curves(db: Database, lines: np.ndarray) -> None:
    """Curves of some of the lines by another assay."""
    doses = (1.0, 2.0, 4.0, 6.0)
    fitted = {"alpha_per_gy": 0.2, "alpha_lower": 0.1, "alpha_upper": 0.3, "beta_per_gy2": 0.02, "rmse_ln": 0.05}
    table = pd.DataFrame(
        {"line": lines, "line_name": lines, "sf2": np.linspace(0.3, 0.8, len(lines)), "n_doses": 4, **fitted}
    )
    insert(db, survival=table.assign(dataset="other", source_id="other", assay="9-day", sf2_from="fit"))
    points = pd.DataFrame([(line, dose, np.exp(-0.25 * dose)) for line in lines for dose in doses],
                          columns=["line", "dose_gy", "surviving_fraction"])  # fmt: skip
    insert(db, survival_dose=points.assign(dataset="other", source_id="other", replicate=1))
    insert(db, source=source("other", "survival"))


@pytest.fixture
def both(trained_home: Path, tumorcast_home: Path) -> Path:
    """A copy of the trained home, which the test may change."""
    shutil.copytree(trained_home, tumorcast_home, dirs_exist_ok=True)
    return tumorcast_home


@pytest.fixture
def grouped_only(both: Path) -> Path:
    """The same without the published protocol's run."""
    _forget(PUBLISHED)
    return both


def _forget(run_id: str) -> None:
    db = Database(store_path())
    with db.write() as connection:
        for table in ("run", "metric", "survival_prediction"):
            connection.execute(f"DELETE FROM {table} WHERE run_id = ?", [run_id])
    db.close()


def charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def test_an_empty_store_offers_the_published_sf2_and_says_what_is_missing(tumorcast_home: Path, open_page: Open):
    app = open_page("radiosensitivity.py")
    assert_healthy(app)
    text = shown(app)
    assert "**No predictions of SF2 yet.**" in text
    assert "**Training needs gene expression and surviving fractions.**" in text
    app = button(app, "Import the published SF2 (59 lines)").click().run()
    assert_healthy(app)
    job = JobContext.for_folder(queue.job_folder(queue.list_jobs()[0].id))
    assert (job.spec.task, job.params["source_id"]) == ("import_survival", REFERENCE_NAME)
    run_survival_import(job)
    finish(job, data.database())
    app = open_page("radiosensitivity.py")
    assert_healthy(app)
    assert "**Training needs gene expression.**" in shown(app)
    assert "Import the published SF2 (59 lines)" not in [one.label for one in app.button]


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("level", ["line", "sample"])
def test_every_part_opens_with_both_protocols(tab: str, level: str, both: Path, open_page: Open):
    app = open_page("radiosensitivity.py", rad_tab=tab, rad_level=level)
    assert_healthy(app)
    assert app.session_state["rad_tab"] == tab
    assert charts(app) == {"Predictions": 1, "Both protocols": 1, "Errors by panel": 2, "Survival curves": 2}.get(
        tab, 0
    )


def test_predictions_stand_beside_baselines_in_both_protocols(both: Path, open_page: Open):
    app = open_page("radiosensitivity.py", rad_level="sample")
    text = shown(app)
    for label in ("Pearson r · published", "Pearson r · grouped by line", "Correct · published"):
        assert label in text
    assert "n 45" in text and "no run yet" not in text
    table = next(one.value for one in app.dataframe if "Verdict, grouped" in one.value)
    assert len(table) == 45 and "Predicted, published" in table
    app = open_page("radiosensitivity.py", rad_level="line")
    table = next(one.value for one in app.dataframe if "Verdict, grouped" in one.value)
    assert len(table) == 15 and "Array" not in table and "no interval" not in set(table["90 % interval, grouped"])
    assert "90 % intervals (conformal, from the errors of other lines)" in shown(app)


def test_the_nearest_neighbour_is_judged_by_the_runs_own_numbers(both: Path, open_page: Open):
    app = open_page("radiosensitivity.py", rad_tab="Both protocols")
    text = shown(app)
    assert "**In the published protocol a look-up of the nearest array does no worse than the network.**" in text
    assert "repeat arrays of a line spread over folds" in text and "digit by digit" in text
    db = Database(store_path())
    share = db.query(
        """SELECT avg(CASE WHEN abs(mean - observed) < 0.01 OR abs(mean - observed) / observed < 0.1 THEN 1 ELSE 0 END)
           AS share FROM (SELECT sample, any_value(observed) AS observed, avg(mean) AS mean FROM survival_prediction
           WHERE run_id = ? AND model = 'nearest_neighbour' AND stage = 'cv' GROUP BY sample)""",
        [PUBLISHED],
    )["share"].iloc[0]
    assert f"it is correct for {100 * share:.1f} %" in text
    table = next(one.value for one in app.dataframe if "r, grouped" in one.value)
    assert table["Model"][0] == "Network, trained 2 epochs" and "r, published" in table
    assert list(table)[1] == "r, grouped"  # what matters first
    app = button(app, "See its predictions").click().run()
    assert_healthy(app)
    assert app.session_state["rad_model"] == "nearest_neighbour" and app.session_state["rad_tab"] == "Predictions"


def test_what_leukaemia_explains_is_told_and_can_be_left_out(both: Path, open_page: Open):
    db = Database(store_path())
    frame = records.metrics(db, GROUPED)
    db.close()
    text = shown(open_page("radiosensitivity.py"))
    assert "(15 of 45 arrays): " in text and "(n 45 and 30)" in text
    app = open_page("radiosensitivity.py", rad_tab="Both protocols", rad_lines="without")
    assert_healthy(app)
    assert "Lines without leukaemia; " in shown(app)
    table = next(one.value for one in app.dataframe if "r, grouped" in one.value)
    fewer = frame[(frame["scope"] == "without_leukaemia") & (frame["model"] == "ridge") & (frame["name"] == "r")]
    app = open_page("radiosensitivity.py", rad_tab="Both protocols", rad_lines="without", rad_level="sample")
    table = next(one.value for one in app.dataframe if "r, grouped" in one.value).set_index("Model")
    assert table.loc["Ridge", "r, grouped"] == pytest.approx(float(fewer["value"].iloc[0]))


def test_a_protocol_without_a_run_is_named_and_trained_by_a_click(grouped_only: Path, open_page: Open):
    app = open_page("radiosensitivity.py")
    assert_healthy(app)
    assert "**Published protocol: no run yet.**" in shown(app)
    app = button(app, "Train it").click().run()
    assert_healthy(app)
    spec = next(read_spec(queue.job_folder(job.id)) for job in queue.list_jobs() if job.active)
    asked = spec.params["settings"]
    assert (asked["protocol"], asked["rounds"], asked["folds"], asked["seed"]) == ("published", 2, 3, 0)
    assert set(asked["models"]) == {"network", "panel_mean", "nearest_neighbour", "ridge"}


@pytest.mark.parametrize("tab", TABS)
def test_every_part_opens_with_the_published_protocol_alone(tab: str, both: Path, open_page: Open):
    _forget(GROUPED)
    app = open_page("radiosensitivity.py", rad_tab=tab)
    assert_healthy(app)
    if tab in TABS[:3]:
        assert "**Grouped by line: no run yet.**" in shown(app)
    if tab == "Predictions":
        assert "made by the grouped protocol alone" in shown(app)


def test_a_link_names_run_model_tab_and_level(both: Path, open_page: Open):
    query = {"rad_published": PUBLISHED, "rad_grouped": GROUPED, "rad_model": "ridge", "rad_level": "sample"}
    app = open_page("radiosensitivity.py", rad_tab="Errors by panel", rad_protocol="published", **query)
    assert_healthy(app)
    assert app.selectbox(key="rad_model").value == "ridge"
    assert "published protocol, ridge" in shown(app)
    told = open_page("radiosensitivity.py", rad_grouped="gone", rad_model="gone", rad_tab="gone", rad_level="gone")
    assert_healthy(told)
    assert told.selectbox(key="rad_grouped").value == GROUPED
    assert open_page("radiosensitivity.py", run=PUBLISHED).selectbox(key="rad_published").value == PUBLISHED


def test_errors_are_counted_by_class_as_the_run_says(both: Path, open_page: Open):
    app = open_page("radiosensitivity.py", rad_tab="Errors by panel", rad_model="ridge")
    text = shown(app)
    counts = [f"Relative error {one}" in text for one in ("under 2 %", "2 to 10 %", "over 10 %")]
    assert all(counts) and "Correct at first" in text and "Correct after validation" in text
    assert "Prediction-hard" in [one.value for one in app.subheader]
    assert "with its line left out and all others training" in text


def test_a_curve_is_picked_and_two_assays_are_compared(both: Path, open_page: Open):
    app = open_page("radiosensitivity.py", rad_tab="Survival curves", rad_survival="other", rad_line="LINE-02")
    assert_healthy(app)
    assert "How does LINE-02 survive dose after dose?" in [one.value for one in app.subheader]
    assert "On 6 lines that both have" in shown(app)
    app = open_page("radiosensitivity.py", rad_tab="Survival curves", rad_survival="sf2")
    assert_healthy(app)
    assert "LINE-00: SF2 alone" in [one.value for one in app.subheader]


def own_file(samples: int = 2, probes: int = 40) -> bytes:
    """Somebody's samples, most of them like nobody's."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame(8 + rng.normal(size=(probes, samples)), columns=[f"Somebody {i}" for i in range(samples)])
    table.insert(0, "probe", [f"probe_{i}" for i in range(probes)])
    return table.to_csv(index=False).encode()


def upload(app: AppTest, content: bytes, name: str = "own.csv") -> AppTest:
    app = app.file_uploader(key="rad_upload").set_value((name, content, "text/csv")).run()
    return button(app, "Predict").click().run()


def test_ones_own_file_gets_intervals_nearest_lines_and_a_note(both: Path, open_page: Open, no_leftovers: None):
    before = sorted(path for path in both.rglob("*") if path.is_file())
    app = upload(open_page("radiosensitivity.py", rad_tab="Predict your own"), own_file())
    assert_healthy(app)
    text = shown(app)
    assert "Read 2 samples, predicted 2." in text and "Research use only" in text
    assert "Nearest trained line" in text and "Applicability" in text
    # Two epochs teach the network nothing: its genes are not drawn.
    assert charts(app) == 1 and "it does not surely do better than the mean of all lines" in text
    assert app.selectbox(key="rad_own_model").value != "network" and "Its RMSE on left-out lines" in text
    table = next(one.value for one in app.dataframe if "Applicability" in one.value)
    assert len(table) == 2 * 5 and set(table["Sample"]) == {"Somebody 0", "Somebody 1"}
    assert "no interval" not in set(table["90 % interval"])  # the grouped run comes first
    app = app.selectbox(key="rad_own_sample").set_value("Somebody 1").run()
    assert_healthy(app)
    assert not {key for key in app.query_params if "own" in key}
    stored = [path for path in both.rglob("*") if path.is_file() and path not in before]
    assert not [path for path in stored if b"Somebody" in path.read_bytes()]
    app = button(app, "Forget").click().run()
    assert_healthy(app)
    assert "Somebody" not in shown(app) and "Nothing is saved" in shown(app)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "own.csv"),
        (b"Hugo_Symbol,Protein_Change\nTP53,p.R175H\n", "no column of it holds numbers"),
        (own_file(probes=20), "missing"),
    ],
)
def test_a_file_that_cannot_be_predicted_is_refused_in_words(
    content: bytes, words: str, both: Path, open_page: Open, no_leftovers: None
):
    app = upload(open_page("radiosensitivity.py", rad_tab="Predict your own"), content)
    assert not app.exception and len(app.error) == 1
    assert words in app.error[0].value.replace("\\", "") and charts(app) == 0


def test_a_run_whose_folder_is_gone_says_so(both: Path, open_page: Open):
    shutil.rmtree(queue.job_folder(GROUPED))
    app = upload(open_page("radiosensitivity.py", rad_tab="Predict your own"), own_file())
    assert not app.exception and "job folder of run" in app.error[0].value.replace("\\", "")


def test_training_starts_with_what_was_chosen(both: Path, open_page: Open):
    app = open_page("radiosensitivity.py", rad_tab="Train")
    app.selectbox(key="rad_train_survival").set_value("sf2").run()
    app.multiselect(key="rad_train_models").set_value(["ridge"]).run()
    app.number_input(key="rad_train_folds").set_value(3).run()
    app = button(app, "Start training").click().run()
    assert_healthy(app)
    spec = next(read_spec(queue.job_folder(job.id)) for job in queue.list_jobs() if job.active)
    asked = spec.params["settings"]
    assert (asked["models"], asked["folds"], asked["survival"]) == (["ridge"], 3, "sf2")
    app = open_page("radiosensitivity.py", rad_tab="Train")
    app = app.number_input(key="rad_train_replicates").set_value(3).run()
    assert "Copies without noise" in app.warning[0].value


def test_the_sf2_that_fits_the_arrays_is_preset_and_the_pair_is_counted(both: Path, open_page: Open):
    app = open_page("radiosensitivity.py", rad_tab="Train")
    assert app.selectbox(key="rad_train_survival").value == "sf2"  # 15 lines shared; the other has 6
    assert "45 arrays of 15 lines that have both" in shown(app) and "Takes roughly" in shown(app)
    app = app.selectbox(key="rad_train_survival").set_value("other").run()
    assert "18 arrays of 6 lines that have both; assay 9-day" in shown(app)
    assert "As well or better fits sf2 (15 lines)" in shown(app)
    app = button(app, "Baselines only").click().run()
    assert_healthy(app)
    assert "network" not in app.session_state["rad_train_models"] and len(app.session_state["rad_train_models"]) == 8
    assert button(app, "All 11 models").click().run().session_state["rad_train_models"] == []


def test_simulated_arrays_and_artificial_replicates_are_named(both: Path, open_page: Open):
    db = Database(store_path())
    with db.write() as connection:
        connection.execute("UPDATE run SET simulated = TRUE, config = json_merge_patch(config, '{\"replicates\": 3}')")
    db.close()
    app = open_page("radiosensitivity.py", rad_tab="Both protocols")
    assert_healthy(app)
    text = shown(app)
    assert (
        "Simulated" in text and "artificial replicates" in text and "arrays, artificial replicates, simulated" in text
    )


def test_expression_and_curves_are_looked_at_before_their_import(tumorcast_home: Path, open_page: Open, no_leftovers):
    app = open_page("data.py", data_tab="Import a table")
    app = app.file_uploader[0].set_value(("mine.csv", own_file(4), "text/csv")).run()
    assert_healthy(app)
    assert "probes in rows · log2 scale · 4 samples" in shown(app)
    app = button(app, "Import").click().run()
    assert_healthy(app)
    curves = "cell_line,surv_2gy,surv_4gy,surv_6gy\nA549/ATCC,60,30,10\nK-562,5,1,0.2\n"
    app = open_page("data.py", data_tab="Import a table")
    app = app.file_uploader[0].set_value(("curves.csv", curves.encode(), "text/csv")).run()
    assert_healthy(app)
    text = shown(app)
    assert "2 cell lines · 2 fitted curves · doses 2, 4, 6 Gy" in text and "percent" in text
    app.text_input(key="import_assay").set_value("clonogenic").run()
    app = button(app, "Import").click().run()
    assert_healthy(app)
    jobs = {read_spec(queue.job_folder(job.id)).task: read_spec(queue.job_folder(job.id)) for job in queue.list_jobs()}
    assert jobs["import_survival"].params["assay"] == "clonogenic"
    assert jobs["import_expression"].params["file_name"] == "mine.csv"
    job = JobContext.for_folder(queue.job_folder(jobs["import_survival"].id))
    run_survival_import(job)
    finish(job, data.database())
    app = open_page("data.py", data_tab="Import a table")
    app = app.file_uploader[0].set_value(("curves.csv", curves.encode(), "text/csv")).run()
    assert button(app, "Import").disabled
    app = app.checkbox(key="import_replace").check().run()
    assert not button(app, "Import").disabled
    receipt = open_page("data.py", data_tab="Imports")
    assert "Surviving fractions" in set(receipt.dataframe[0].value["Table"])


def test_a_broken_matrix_is_refused_in_words(tumorcast_home: Path, open_page: Open):
    app = open_page("data.py", data_tab="Import a table")
    app = app.file_uploader[0].set_value(("few.csv", own_file(4, probes=3), "text/csv")).run()
    assert not app.exception and "is not an expression table" in app.error[0].value
    assert "Import" not in [one.label for one in app.button]
