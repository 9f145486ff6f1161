"""The Models page, tab by tab."""

import json

import numpy as np
import pandas as pd
import pytest
from page_checks import assert_healthy, shown
from small_store import HONEST_RUN, RUN

from dashboard.models_board import board, full_table, wide_enough, with_interval
from dashboard.models_intervals import in_words
from dashboard.models_pair import in_words as run_words
from dashboard.models_splits import worth_table
from engine.jobs import queue
from engine.learn.metrics import Score
from engine.response.run_comparison import RunComparison
from engine.settings import store_path
from engine.store.database import Database

TABS = [
    "Leaderboard",
    "Splits",
    "Is it real?",
    "Intervals",
    "Other study",
    "Two runs",
    "Learning curves",
    "Model card",
    "Train",
]


def change_store(*statements: str) -> None:
    with Database(store_path()).write() as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize("split", ["pairs", "cell_line"])
@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_from_a_link(filled_home, open_page, tab, split):
    app = open_page("models.py", tab=tab, split=split)
    assert_healthy(app)
    assert app.session_state["tab"] == tab
    assert [item.label for item in app.tabs] == TABS
    assert [bool(item.children) for item in app.tabs] == [name == tab for name in TABS]


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_copes_with_a_run_of_an_older_store(filled_home, open_page, tab):
    change_store(
        "DELETE FROM metric WHERE name NOT IN ('r2', 'rmse', 'pearson', 'auroc') OR scope = 'fold'",
        "DELETE FROM metric WHERE model NOT IN ('ensemble', 'master', 'drug_mean', 'mean_effects')",
        "DELETE FROM prediction WHERE model NOT IN ('ensemble', 'master', 'drug_mean', 'mean_effects')",
        "DELETE FROM fold",
        "DELETE FROM domain",
        "UPDATE prediction SET lower = NULL, upper = NULL",
        "UPDATE run SET config = '" + json.dumps({"epochs": 12, "dataset": "GDSC1"}) + "'",
    )
    app = open_page("models.py", tab=tab, run=RUN, split="pairs")
    assert_healthy(app)
    text = shown(app) + " ".join(item.value for item in app.info)
    assert "nan" not in text.split() and "None" not in text.split()
    if tab == "Intervals":
        assert "has no prediction intervals in this run" in text
    if tab == "Is it real?":
        assert "**One cut cannot rank models.**" in text and "**Not tested in this run.**" in text


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_copes_with_baselines_alone(filled_home, open_page, tab):
    change_store(
        "DELETE FROM metric WHERE model NOT IN ('drug_mean', 'type_drug_mean', 'svm')",
        "DELETE FROM prediction WHERE model NOT IN ('drug_mean', 'type_drug_mean', 'svm')",
        "UPDATE run SET curves = '{}'",
    )
    assert_healthy(open_page("models.py", tab=tab))


def test_the_leaderboard_has_every_model_with_interval_and_n(filled_home, open_page):
    app = open_page("models.py", split="cell_line")
    text = shown(app)
    assert "**For cell lines it has never seen, the ensemble explains more than" in text
    table = app.dataframe[0].value
    assert list(table.columns) == [
        "Model", "Kind", "R²", "RMSE, ln µM", "Skill", "Pearson r within a drug", "Coverage of 90 % intervals", "Pairs",
    ]  # fmt: skip
    assert len(table) == 16 and set(table["Pairs"]) == {480}
    assert table["R²"].is_monotonic_decreasing and table["R²"].dtype == float
    assert set(table["Kind"]) == {"network", "permuted inputs", "learned baseline", "naive baseline"}
    assert "Split: unseen cell lines. Pairs: 363 training, 48 validation in a fold, on average, 480 held out." in text
    assert "Skill: 1 − MSE / MSE of cancer type × drug mean, the strongest naive baseline here." in text


def test_other_measures_fill_the_table_and_the_address(filled_home, open_page):
    app = open_page("models.py", measures=["auroc", "mae"], measure="rmse")
    assert list(app.dataframe[0].value.columns) == ["Model", "Kind", "MAE, ln µM", "AUROC", "Pairs"]
    assert app.button_group(key="measure").value == "rmse"


def test_one_table_tells_every_model_under_every_split(filled_home, open_page):
    app = open_page("models.py", tab="Splits")
    table = app.dataframe[0].value
    assert list(table.columns)[2:] == ["R², published", "R², unseen lines", "Skill, published", "Skill, unseen lines"]
    ensemble = table.set_index("Model").loc["Ensemble"]
    assert ensemble["R², published"] > ensemble["R², unseen lines"]
    assert np.isnan(table.set_index("Model").loc["Ensemble, genomes permuted", "R², published"])
    assert "Not evaluated yet: unseen types, unseen drugs, unseen both" in shown(app)


def test_seven_folds_are_ranked_and_one_cut_says_how_to_get_there(filled_home, open_page):
    ranked = shown(open_page("models.py", tab="Is it real?", split="cell_line"))
    assert "Which models can be told apart?" in ranked and "Friedman's test over 7 folds" in ranked
    assert "Ensemble against cancer type × drug mean:" in ranked
    assert "the real genomes help" in ranked and "The real structures help" in ranked
    app = open_page("models.py", tab="Is it real?", split="pairs")
    assert "**One cut cannot rank models.**" in shown(app)
    assert f"python -m engine evaluate --run {RUN} --split pairs --folds 7" in [item.value for item in app.code]


def test_too_few_chosen_models_are_refused_in_words(filled_home, open_page):
    app = open_page("models.py", tab="Is it real?", split="cell_line", ranked=["ensemble", "master"])
    assert_healthy(app)
    assert "2 models cannot be ranked" in app.info[0].value


def test_coverage_is_judged_per_split_and_type(filled_home, open_page):
    text = shown(open_page("models.py", tab="Intervals", split="cell_line"))
    assert "Coverage stays within 88 to 92 % in every split shown. Of 5 cancer types" in text
    assert "Do intervals keep their promise?" in text and "And within each cancer type?" in text


def test_the_card_reproduces_the_run(filled_home, open_page):
    app = open_page("models.py", tab="Model card", split="cell_line")
    text = shown(app)
    command = "python -m engine train response --split cell_line --folds 7 --epochs 12 --seed 0"
    assert command in [item.value for item in app.code]
    assert "Whole cell lines: no pair of a tested line was seen in training." in text
    assert "Research use only." in text and "tumorcast 0.1.0" in text
    assert [len(item.value) for item in app.dataframe] == [1, 7]


def test_the_report_is_offered_for_download(filled_home, open_page):
    app = open_page("models.py")
    (button,) = [item for item in app.get("download_button") if item.proto.label == "Report"]
    assert not button.proto.disabled


def test_a_training_takes_what_the_form_says(filled_home, open_page, monkeypatch):
    taken = []
    monkeypatch.setattr("dashboard.job_panel.submit_training", lambda settings: taken.append(settings) or "job")
    app = open_page("models.py", tab="Train")
    app.multiselect(key="train_networks").select("tanh")
    app.selectbox(key="train_split").select("drug").run()
    assert [str(option) for option in app.selectbox(key="train_folds").options] == [
        "5 folds", "7 folds: enough to rank models", "10 folds", "2 folds",
    ]  # fmt: skip
    app.selectbox(key="train_folds").select(7).run()
    app.multiselect(key="train_only").select(3).select(1)
    app.multiselect(key="train_baselines").select("drug_mean").select("svm")
    app.multiselect(key="train_ablations").select("genomes")
    app.number_input(key="train_epochs").set_value(4)
    app.run()
    assert "1 network on about" in shown(app) and ", trained 4 times over" in shown(app)
    next(button for button in app.button if button.label == "Start training").click().run()
    (settings,) = taken
    assert (settings.networks, settings.split, settings.folds, settings.only_folds) == (("tanh",), "drug", 7, (1, 3))
    assert (settings.baselines, settings.ablations, settings.epochs) == (("drug_mean", "svm"), ("genomes",), 4)


def test_the_published_split_begins_with_its_single_cut(filled_home, open_page, monkeypatch):
    taken = []
    monkeypatch.setattr("dashboard.job_panel.submit_training", lambda settings: taken.append(settings) or "job")
    app = open_page("models.py", tab="Train")
    assert app.selectbox(key="train_folds").value == 1 and app.multiselect(key="train_only").disabled
    next(button for button in app.button if button.label == "Start training").click().run()
    assert (taken[0].split, taken[0].folds, taken[0].only_folds) == ("pairs", 1, ())


def test_settings_that_do_not_go_together_are_refused_in_words(filled_home, open_page):
    app = open_page("models.py", tab="Train")
    app.multiselect(key="train_baselines").select("svm").run()
    assert "Keep at least one naive baseline" in app.error[0].value
    assert "Start training" not in [button.label for button in app.button]


def test_a_run_is_evaluated_under_a_split_it_does_not_have(filled_home, open_page, monkeypatch):
    taken = []
    monkeypatch.setattr("dashboard.job_panel.submit_evaluation", lambda *given: taken.append(given) or "job")
    app = open_page("models.py", tab="Train", split="pairs")
    text = shown(app)
    assert (
        "Not known yet: what its models are worth on unseen cancer types, unseen drugs, unseen lines and drugs." in text
    )
    assert app.selectbox(key="evaluate_split").value == "cancer_type"
    app.selectbox(key="evaluate_folds").select(7).run()
    next(button for button in app.button if button.label == "Evaluate").click().run()
    assert taken == [(RUN, "cancer_type", 7)]


def test_an_evaluation_really_becomes_a_job(filled_home, open_page):
    app = open_page("models.py", tab="Train", run=HONEST_RUN)
    next(button for button in app.button if button.label == "Evaluate").click().run()
    assert_healthy(app)
    (job,) = queue.list_jobs()
    assert job.task == "train_response" and job.state == "waiting"
    assert "unseen cancer types" in job.title and f"**{job.title}**" in shown(app)


SCORES = pd.DataFrame(
    [
        ("drug_mean", "r2", 0.5, 0.4, 0.6, 100),
        ("ensemble", "r2", 0.8, 0.7, 0.9, 100),
        ("ensemble", "coverage", 0.901, 0.88, 0.92, 100),
        ("svm", "r2", np.nan, np.nan, np.nan, 2),
    ],
    columns=["model", "name", "value", "lower", "upper", "n"],
)


def test_a_board_sorts_by_number_and_shows_intervals():
    values, texts = board(SCORES, ["r2", "coverage"])
    assert list(values["Model"]) == ["Ensemble", "Drug mean", "Support vector machine"]
    assert list(values["Kind"]) == ["network", "naive baseline", "learned baseline"]
    assert list(values["R²"])[:2] == [0.8, 0.5] and list(values["Pairs"]) == [100, 100, 2]
    assert texts["R²"] == ["0.800 (0.700 to 0.900)", "0.500 (0.400 to 0.600)", "not defined"]
    assert texts["Coverage of 90 % intervals"] == ["90.1 % (88.0 to 92.0)", "", ""]
    assert wide_enough({"R²": ["0.800 (0.700 to 0.900)"]})["R²"]["width"] == 141


def test_a_value_without_an_interval_stands_alone():
    assert with_interval(pd.Series({"value": -0.5, "lower": np.nan, "upper": np.nan})) == "−0.500"


def test_the_download_holds_both_ends_of_every_interval():
    table = full_table(SCORES)
    assert list(table.columns) == [
        "Model", "Kind", "Measure", "Value", "95 % interval, lower", "95 % interval, upper", "Pairs",
    ]  # fmt: skip
    assert list(table.iloc[1])[:5] == ["Ensemble", "network", "R²", 0.8, 0.7]


def test_a_split_nobody_ran_for_a_model_is_missing():
    worth = SCORES.assign(split=["pairs", "pairs", "pairs", "drug"], run_id="x")
    table, texts = worth_table(worth)
    assert list(table["R², published"].fillna(-9)) == [0.5, 0.8, -9]
    assert texts["R², unseen drugs"] == ["", "", "not defined"]


def test_where_coverage_leaves_its_range_is_named():
    by_split = pd.DataFrame({"label": ["published split", "unseen drugs"], "value": [0.9, 0.71]})
    by_type = pd.DataFrame({"value": [0.5, 0.95, 0.9, np.nan]})
    assert in_words(by_split, by_type) == (
        "Coverage leaves 88 to 92 %: unseen drugs (71.0 %, too low). Of 3 cancer types 1 fall below and 1 above."
    )
    assert in_words(by_split[:1], by_type[3:]) == "Coverage stays within 88 to 92 % in every split shown."


def test_two_runs_under_other_splits_are_refused_with_the_reason(filled_home, open_page):
    app = open_page("models.py", tab="Two runs")
    assert_healthy(app)
    assert "**These two cannot be compared.**" in app.info[0].value
    assert "the first asks another question than the second" in app.info[0].value


def test_two_runs_are_compared_on_their_common_pairs(filled_home, open_page):
    change_store("UPDATE run SET split = 'cell_line'", f"DELETE FROM prediction WHERE run_id = '{RUN}' AND drug_id = 1")
    app = open_page("models.py", tab="Two runs", run=HONEST_RUN)
    assert_healthy(app)
    text = shown(app)
    assert "**Ensemble of the other run is closer to the 440 pairs that both runs tested" in text
    assert "440 common pairs of 480 tested by this run and 440 by the other." in text
    assert "R², this run" in text and "Difference of MSE, (ln µM)²" in text


def test_one_run_has_no_other_to_compare_with(filled_home, open_page):
    change_store(f"DELETE FROM run WHERE run_id = '{RUN}'")
    assert "**There is only this run.**" in shown(open_page("models.py", tab="Two runs"))


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ((-0.2, -0.1), "Master of this run is closer to the 12 pairs"),
        ((0.1, 0.2), "Master of the other run is closer"),
        ((-0.1, 0.2), "cannot be told apart"),
        ((None, None), "too few cell lines to say"),
    ],
)
def test_which_run_is_better_in_words(interval, said):
    score = Score("rmse", 1.0, *interval, 12)
    runs = {
        "run_a": "a",
        "run_b": "b",
        "split": "pairs",
        "model": "master",
        "same_data": True,
        "clusters": "cell lines",
    }
    sizes = {"pairs": 12, "changed": 0, "tested_a": 12, "tested_b": 12}
    scores = dict.fromkeys(("r2_a", "r2_b", "rmse_a", "rmse_b", "difference"), score)
    assert said in run_words(RunComparison(**runs, **sizes, **scores))
