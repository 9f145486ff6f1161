"""Run and split on the pages: one view per split of a run's family."""

import pytest
from page_checks import assert_healthy, shown
from small_store import HONEST_RUN, RUN

from engine.settings import store_path
from engine.store.database import Database


def test_the_newest_run_opens_with_its_own_split(filled_home, open_page):
    app = open_page("responses.py")
    assert app.selectbox(key="run").value == HONEST_RUN
    control = app.button_group(key="split")
    assert control.value == "cell_line"
    assert list(control.options) == ["Published protocol", "Honest: unseen lines"]
    assert "unseen cell lines, simulated" in shown(app)


NETWORKS = "('ensemble', 'master', 'fully_connected', 'shallow', 'tanh', 'unified')"
BASELINES_ONLY = "This run trained no network: what is shown here are its baselines."


def without_networks(*runs: str) -> None:
    with Database(store_path()).write() as connection:
        for table in ("prediction", "metric"):
            for run in runs:
                connection.execute(f"DELETE FROM {table} WHERE run_id = ? AND model IN {NETWORKS}", [run])


@pytest.mark.parametrize("page", ["responses.py", "cancer_types.py", "models.py", "drug.py", "cell_line.py"])
def test_a_run_of_baselines_alone_is_not_what_a_page_opens_with(filled_home, open_page, page):
    without_networks(HONEST_RUN)
    app = open_page(page)
    assert_healthy(app)
    assert app.selectbox(key="run").value == RUN
    assert app.selectbox(key="run").options[0].endswith("unseen cell lines, seed 0")  # the list stays newest first
    assert BASELINES_ONLY not in shown(app)
    app.selectbox(key="run").select(HONEST_RUN).run()
    assert_healthy(app)
    assert BASELINES_ONLY in shown(app)


def test_home_shows_the_newest_run_with_a_network(filled_home, open_page):
    without_networks(HONEST_RUN)
    app = open_page("home.py")
    assert_healthy(app)
    text = shown(app)
    assert BASELINES_ONLY not in text and "published split" in text and "unseen cell lines" not in text


def test_a_store_of_baselines_alone_says_so(filled_home, open_page):
    without_networks(RUN, HONEST_RUN)
    for page in ("responses.py", "cancer_types.py", "home.py"):
        app = open_page(page)
        assert_healthy(app)
        assert BASELINES_ONLY in shown(app)
    assert open_page("responses.py").selectbox(key="run").value == HONEST_RUN


def test_a_deleted_run_of_a_link_is_replaced_by_one_with_a_network(filled_home, open_page):
    without_networks(HONEST_RUN)
    app = open_page("responses.py", run="20250101-000000-train_response-dead")
    assert "The newest run with a network is shown instead." in app.warning[0].value
    assert app.selectbox(key="run").value == RUN


def test_another_split_shows_the_familys_run_under_it(filled_home, open_page):
    app = open_page("responses.py")
    app.button_group(key="split").select("pairs").run()
    assert app.selectbox(key="run").value == HONEST_RUN
    assert "published split (random pairs), simulated" in shown(app)
    assert app.query_params["split"] in ("pairs", ["pairs"])


def test_another_run_opens_with_its_own_split(filled_home, open_page):
    app = open_page("responses.py", run=HONEST_RUN, split="pairs")
    assert app.button_group(key="split").value == "pairs"
    app.selectbox(key="run").select(RUN).run()
    app.selectbox(key="run").select(HONEST_RUN).run()
    assert app.button_group(key="split").value == "cell_line"


@pytest.mark.parametrize("split", ["drug", "no_such_split"])
def test_a_split_nobody_evaluated_falls_back(filled_home, open_page, split):
    assert open_page("responses.py", split=split).button_group(key="split").value == "cell_line"


def test_a_deleted_run_is_told_and_the_newest_shown(filled_home, open_page):
    app = open_page("responses.py", run="20250101-000000-train_response-dead")
    assert "The run 20250101-000000-train\\_response-dead is not in the store any more" in app.warning[0].value
    assert "The newest run is shown" in app.warning[0].value
    assert app.selectbox(key="run").value == HONEST_RUN


def test_a_run_deleted_while_the_page_is_open(filled_home, open_page):
    app = open_page("responses.py", run=RUN)
    with Database(store_path()).write() as connection:
        for table in ("run", "prediction", "metric"):
            connection.execute(f"DELETE FROM {table} WHERE run_id = ?", [RUN])
    app.run()
    assert not app.exception and not app.error
    assert f"{RUN.replace('_', chr(92) + '_')} is not in the store any more" in app.warning[0].value
    assert app.selectbox(key="run").value == HONEST_RUN
