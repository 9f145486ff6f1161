"""Responses with what a store may hold and a person may do."""

import pytest
from page_checks import assert_healthy, shown
from small_store import HONEST_RUN, RUN

from engine.settings import store_path
from engine.store.database import Database


def change(sql: str, *values: object) -> None:
    with Database(store_path()).write() as connection:
        connection.execute(sql, list(values))


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf"])
def test_predictions_that_are_no_numbers_are_named(filled_home, open_page, bad):
    change(f"UPDATE prediction SET mean = '{bad}'::DOUBLE WHERE model = 'master' AND drug_id = 3")
    app = open_page("responses.py", model="master")
    assert_healthy(app)
    assert "40 pairs have a prediction or measurement that is not a finite number" in app.warning[0].value
    assert "440 held-out pairs, Master" in shown(app)
    app = open_page("responses.py", model="master", drug="Dabrafenib")
    assert_healthy(app)
    assert "All 40 predictions of Master that match are no finite numbers" in shown(app)
    assert_healthy(open_page("responses.py", model="master", type=["GBM", "LUAD"]))


def test_a_run_of_an_older_store_says_what_it_lacks(filled_home, open_page):
    change("DELETE FROM domain")
    change("DELETE FROM fold")
    change("UPDATE prediction SET lower = NULL, upper = NULL")
    change("DELETE FROM prediction WHERE model NOT IN ('ensemble', 'master', 'drug_mean', 'mean_effects')")
    change("DELETE FROM metric WHERE model NOT IN ('ensemble', 'master', 'drug_mean', 'mean_effects')")
    change("DELETE FROM metric WHERE name NOT IN ('r2', 'rmse', 'pearson', 'auroc')")
    change("""UPDATE run SET config = '{"epochs": 12, "dataset": "GDSC1"}'""")
    for query in ({}, {"type": "GBM"}, {"drug": "Erlotinib"}, {"by": "line"}, {"model": "drug_mean"}):
        app = open_page("responses.py", run=RUN, **query)
        assert_healthy(app)
        text = shown(app)
        assert "This run does not say how far its pairs lie from what it was trained on." in text
        assert "This run keeps no prediction intervals." in text
    assert "not recorded" in shown(open_page("responses.py", run=RUN))


def test_a_run_without_measures_is_told(filled_home, open_page):
    change("DELETE FROM metric")
    for page in ("responses.py", "home.py"):
        app = open_page(page)
        assert_healthy(app)
        assert "holds no measures" in shown(app)


def test_a_run_whose_predictions_are_gone_is_told(filled_home, open_page):
    change("DELETE FROM prediction WHERE run_id = ?", HONEST_RUN)
    app = open_page("responses.py")
    assert_healthy(app)
    assert "This run keeps no predictions" in shown(app)


@pytest.mark.parametrize("by", ["pair", "drug", "line", "cancer_type"])
def test_many_pairs_are_density_and_nothing_is_dropped(filled_home, open_page, monkeypatch, by):
    monkeypatch.setattr("engine.figures.response.POINT_LIMIT", 100)
    app = open_page("responses.py", by=by)
    assert_healthy(app)
    text = shown(app)
    assert "480 held-out pairs, Ensemble, unseen cell lines, simulated. Line: identity. Density: too many pairs" in text
    expected = {"pair": "200 of 480 pairs", "drug": "12 of 12", "line": "40 of 40", "cancer_type": "5 of 5"}[by]
    assert expected in text
    assert ("the download holds all" in text) == (by == "pair")


def test_filters_are_shown_beside_the_whole(filled_home, open_page):
    text = shown(open_page("responses.py", drug=["Erlotinib", "Lapatinib"]))
    assert "Without the filters, over all held-out pairs:" in text
    assert "95 % intervals of these pairs: bootstrap over cell lines." in text
    assert "80 held-out pairs" in text
    assert "Without the filters" not in shown(open_page("responses.py"))


def test_a_baseline_can_be_looked_at(filled_home, open_page):
    for model in ("type_drug_mean", "drug_mean", "svm", "permuted_genomes"):
        app = open_page("responses.py", model=model)
        assert_healthy(app)


def test_the_table_of_pairs_flags_extrapolations(filled_home, open_page):
    table = open_page("responses.py", line="LINE-4").dataframe[0].value
    assert set(table["Extrapolation"].str.split(" to ").str[0]) == {"line: Jaccard 0.0200"}
    assert {"Lower 90 %", "Upper 90 %"} <= set(table.columns)
