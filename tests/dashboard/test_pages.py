"""Every page, found by discovery, with an empty store and with a filled one."""

import json
from pathlib import Path

import pytest
from page_checks import Open, assert_healthy, shown
from small_store import RUN

from dashboard import messages, nav, state
from engine.errors import InputError
from engine.jobs import queue
from engine.settings import REPOSITORY, store_path
from engine.store.database import Database
from engine.store.schema import MIGRATIONS

FILES = sorted(path.name for path in (REPOSITORY / "pages").glob("*.py") if path.name != "__init__.py")


def test_every_page_is_in_the_navigation_and_every_entry_has_a_page():
    assert sorted(entry.file for entry in nav.PAGES) == FILES


@pytest.mark.parametrize("file", FILES)
def test_page_is_short(file: str):
    assert len((REPOSITORY / "pages" / file).read_text().splitlines()) < 100


@pytest.mark.parametrize("file", FILES)
def test_page_with_an_empty_store(file: str, tumorcast_home: Path, open_page: Open):
    app = open_page(file)
    assert_healthy(app)
    assert "Simulated" not in shown(app).replace("*Simulated*", "")


@pytest.mark.parametrize("file", FILES)
def test_page_with_a_filled_store(file: str, filled_home: Path, open_page: Open):
    queue.submit("self_test", "Count to five", {})
    app = open_page(file)
    assert_healthy(app)
    if file != "jobs.py":
        assert "orange-badge[Simulated]" in shown(app)


def test_measured_data_are_not_called_simulated(tumorcast_home: Path, open_page: Open, build_store):
    build_store(store_path(), simulated=False)
    app = open_page("responses.py")
    assert_healthy(app)
    assert "Simulated" not in shown(app)
    assert "badge[GDSC1]" in shown(app)


def test_empty_store_says_what_to_do(tumorcast_home: Path, open_page: Open):
    app = open_page("home.py")
    assert [button.label for button in app.button] == ["Build the demonstration cohort"]
    assert "python -m engine import responses" in app.code[0].value


def test_a_link_opens_its_view(filled_home: Path, open_page: Open):
    app = open_page("responses.py", model="master", drug=["Erlotinib", "Bortezomib (11)"], type="SKCM")
    assert_healthy(app)
    assert app.selectbox(key="model").value == "master"
    assert app.multiselect(key="drug").value == ["Erlotinib", "Bortezomib (11)"]
    assert "16 held-out pairs, Master" in shown(app)  # 8 lines of the type, 2 drugs


def test_errors_are_listed_by_drug_and_the_verdict_is_in_words(filled_home: Path, open_page: Open):
    app = open_page("responses.py", by="drug", run=RUN)
    assert_healthy(app)
    assert "12 of 12 drugs, largest error first." in shown(app)
    assert list(app.dataframe[0].value["Pairs"]) == [40] * 12
    assert "**The ensemble explains more than mean effects on these 480 pairs" in shown(app)


def test_home_lists_runs_tables_and_jobs(filled_home: Path, open_page: Open):
    app = open_page("home.py")
    last_runs, imported = (item.value for item in app.dataframe)
    assert list(last_runs["Best"]) == ["Ensemble"] * 2 and last_runs["Naive"][0] == "Cancer type × drug mean"
    assert list(last_runs["Split"]) == ["unseen cell lines", "published split (random pairs)"]
    assert "Skill over cancer type × drug mean: 0.197 (−0.00866 to 0.377)." in shown(app)
    assert list(imported["Table"]) == ["Drugs", "Cell lines", "Mutations", "Responses", "Responses"]
    assert set(imported["Licence"]) == {"not noted"}
    assert "For cell lines it has never seen, the ensemble explains more than cancer type × drug mean" in shown(app)
    job_id = queue.submit("self_test", "Count to five", {})
    assert "Running jobs" in shown(app.run())
    queue.cancel(job_id)
    assert "nothing is running" in shown(app.run())


def test_simulated_is_said_once(tumorcast_home: Path, open_page: Open, build_store):
    with build_store(store_path()).write() as connection:
        connection.execute("UPDATE response SET dataset = 'SIMULATED' WHERE dataset = 'GDSC1'")
        connection.execute("""UPDATE run SET config = '{"epochs": 12, "dataset": "SIMULATED"}'""")
    for file in ("home.py", "models.py", "responses.py"):
        assert shown(open_page(file)).upper().count("BADGE[SIMULATED") == 1, file


def test_without_data_the_pages_lead_to_the_data(tumorcast_home: Path, open_page: Open):
    assert "no data to train on" in shown(open_page("responses.py"))


def test_an_active_training_is_followed_after_a_reload(filled_home: Path, open_page: Open):
    job_id = queue.submit("train_response", "Train 1 network", {})
    queue.submit("self_test", "Count to five", {})
    app = open_page("models.py")
    assert "**Train 1 network**" in shown(app)
    assert "Count to five" not in shown(app)
    queue.cancel(job_id)
    app.run()
    assert "Resume" in [button.label for button in app.button]


def test_choices_survive_a_walk_through_the_pages(filled_home: Path, open_page: Open):
    app = open_page("responses.py")
    app.selectbox(key="model").select("shallow").run()
    app.multiselect(key="type").select("GBM").run()
    app.switch_page("../pages/models.py").run()
    app.switch_page("../pages/responses.py").run()
    assert app.selectbox(key="model").value == "shallow"
    assert app.multiselect(key="type").value == ["GBM"]


def test_unknown_values_in_a_link_fall_back_to_the_default(filled_home: Path, open_page: Open):
    app = open_page("responses.py", model="no_such_model", drug="No such drug", run="no_such_run")
    assert_healthy(app)
    assert app.selectbox(key="model").value == "ensemble"
    assert "480 held-out pairs" in shown(app)


def test_filters_that_match_nothing_say_so(filled_home: Path, open_page: Open):
    app = open_page("responses.py", drug="Erlotinib", pathway="Mitosis")
    assert_healthy(app)
    assert "No held-out pair matches these filters" in shown(app)
    next(button for button in app.button if button.label == "Clear all filters").click().run()
    assert_healthy(app)
    assert "480 held-out pairs" in shown(app)
    assert "drug" not in app.query_params


def test_cards_carry_interval_n_and_baselines(filled_home: Path, open_page: Open):
    text = shown(open_page("responses.py"))
    for label in ("R²", "RMSE, ln µM", "Pearson r", "AUROC, ln(IC50) &lt; −2", "Pearson r within a drug", "Skill"):
        assert f'"tc-label">{label}<' in text
    assert text.count('"tc-note">Cancer type × drug mean ') == 5  # skill is a comparison with it already
    assert '"tc-note">over cancer type × drug mean' in text
    assert "n 480" in text and "sensitive of 480" in text


def test_the_protocols_stand_side_by_side(filled_home: Path, open_page: Open):
    text = shown(open_page("responses.py"))
    assert (
        "<dt>Published: random pairs</dt><dd><b>R² 0.873</b> 0.852 to 0.889 · n 480</dd><dd>Mean effects 0.722" in text
    )
    assert '<dl class="tc-shown"><dt>Honest: unseen lines</dt><dd><b>R² 0.765</b>' in text
    assert "<dt>Not evaluated</dt><dd>unseen cancer types, unseen drugs, unseen lines and drugs · <a href=" in text


def test_what_to_beware_of_is_said(filled_home: Path, open_page: Open):
    text = shown(open_page("responses.py"))
    assert "90 % prediction intervals cover 90.0 % (87.5 to 92.5) of 480 pairs." in text
    assert "48 of 480 pairs are extrapolations: 4 lines unlike anything trained on." in text


def test_training_is_submitted_with_what_the_form_says(filled_home: Path, open_page: Open, monkeypatch):
    taken = []

    def submit(settings):
        taken.append(settings)
        return queue.submit("self_test", "Train two networks", {})

    monkeypatch.setattr("dashboard.job_panel.submit_training", submit)
    app = open_page("models.py", tab="Train")
    app.multiselect(key="train_networks").select("master").select("tanh")
    app.number_input(key="train_epochs").set_value(7)
    app.number_input(key="train_seed").set_value(3)
    app.run()
    next(button for button in app.button if button.label == "Start training").click().run()
    assert_healthy(app)
    assert (taken[0].networks, taken[0].epochs, taken[0].seed) == (("master", "tanh"), 7, 3)
    assert "**Train two networks**" in shown(app)


def test_a_refused_job_is_explained(filled_home: Path, open_page: Open, monkeypatch):
    def refuse(settings):
        raise InputError("There are too few pairs.")

    monkeypatch.setattr("dashboard.job_panel.submit_training", refuse)
    app = open_page("models.py", tab="Train")
    next(button for button in app.button if button.label == "Start training").click().run()
    assert [item.value for item in app.error] == ["There are too few pairs."]


def test_cancel_a_waiting_job(tumorcast_home: Path, open_page: Open):
    job_id = queue.submit("self_test", "Count to five", {})
    app = open_page("jobs.py", job=job_id)
    next(button for button in app.button if button.label == "Cancel").click().run()
    assert queue.status(job_id).state == "cancelled"
    assert [item.value for item in app.error] == ["Cancelled before it began."]


def test_a_store_from_a_newer_version_is_explained(filled_home: Path, open_page: Open):
    with Database(store_path()).write() as connection:
        connection.execute("UPDATE schema_version SET version = ?", [len(MIGRATIONS) + 1])
    app = open_page("home.py")
    assert not app.exception
    assert "written by a newer Tumorcast" in app.error[0].value


def test_an_unexpected_error_shows_words_and_no_traceback(filled_home: Path, open_page: Open, monkeypatch):
    def fail(*arguments):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("dashboard.data.runs", fail)
    app = open_page("responses.py")
    assert not app.exception
    assert "Something went wrong here" in app.error[0].value
    assert "secret detail" not in app.error[0].value


def test_every_registered_key_is_used():
    code = "".join(path.read_text() for folder in ("dashboard", "pages") for path in (REPOSITORY / folder).glob("*.py"))
    assert [key for key in state.KEYS if code.count(f'"{key}"') < 2] == []


def test_a_key_nobody_registered_is_refused():
    with pytest.raises(KeyError, match="no_such_key"):
        state.get("no_such_key")


def test_a_receipt_is_told_in_words(tumorcast_home: Path, open_page: Open):
    job_id = queue.submit("self_test", "Import mutations.maf", {})
    folder = queue.job_folder(job_id)
    receipt = {"read": 1204, "kept": 1200, "dropped": {"unknown line": 4}, "examples": {"unknown line": ["row 7"]}}
    (folder / "results" / "result.json").write_text(json.dumps(receipt))
    app = open_page("jobs.py", job=job_id)
    assert_healthy(app)
    assert "Read 1,204 rows, kept 1,200." in shown(app)
    assert "unknown line, for example: row 7" in shown(app)


def test_a_command_in_an_error_stands_as_one():
    text = messages.told("Column *a*: `pip install umap-learn==0.5.12`, then ask for it again.")
    assert text == r"Column \*a\*: `pip install umap-learn==0.5.12`, then ask for it again."
    assert messages.told("one ` alone") == r"one \` alone"
