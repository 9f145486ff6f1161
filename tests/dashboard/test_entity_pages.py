"""The pages of one drug and of one cell line."""

import json

import pytest
from page_checks import Open, assert_healthy, shown
from small_store import HONEST_RUN, RUN, UNPREDICTED_DRUG, UNPREDICTED_LINE

from engine.settings import store_path
from engine.store.database import Database


def titles(app) -> list[str]:
    return [item.value for item in app.subheader]


def test_a_link_opens_a_drug(filled_home, open_page: Open):
    app = open_page("drug.py", compound="3", split="cell_line", model="master")
    assert_healthy(app)
    assert app.title[0].value == "Dabrafenib"
    assert app.selectbox(key="compound").value == "3" and app.selectbox(key="model").value == "master"
    text = shown(app)
    for said in ("ERK MAPK signaling", "BRAF", "https://pubchem.ncbi.nlm.nih.gov/compound/44462760", "n 40"):
        assert said in text
    assert "40 held-out pairs, unseen cell lines, simulated. Filled: observed. Open: master." in text
    assert "Pearson r within folds" in text  # of seven folds
    assert "Same structure" not in text
    assert titles(app) == [
        "Which lines does it act on, and was it predicted?",
        "Is it an easy or a hard drug?",
        "Which cancer types are most sensitive?",
        "40 cell lines",
    ]


def test_a_link_opens_a_cell_line(filled_home, open_page: Open):
    app = open_page("cell_line.py", cosmic="905004", split="cell_line")
    assert_healthy(app)
    assert app.title[0].value == "LINE-4"
    text = shown(app)
    assert "https://cellmodelpassports.sanger.ac.uk/passports/SIDM00004" in text
    assert "depmap.org" not in text  # the small store knows none of this line
    assert "Extrapolation" in text and "Nearest training line: LINE-9, Jaccard 0.0200." in text
    assert "12 held-out pairs, unseen cell lines, simulated." in text
    assert "Pearson r" in text and "within folds" not in text  # a line is tested in one fold
    assert titles(app)[-2:] == ["What is it more sensitive to than other lines?", "12 drugs"]
    assert "Protein change" in app.dataframe[0].value.columns
    app = open_page("cell_line.py", cosmic="905005")
    assert "https://depmap.org/portal/cell_line/ACH-000005" in shown(app)


def test_the_published_split_of_a_trained_drug(filled_home, open_page: Open):
    app = open_page("drug.py", compound="11", run=RUN, split="pairs")
    text = shown(app)
    assert app.title[0].value == "Bortezomib (11)"
    assert "The drug itself was trained on, with other lines." in text and "Within reach" in text
    assert "Mean effects" in text and "against mean effects" in text
    assert "Same structure:" in text
    app.button(key="same_12").click().run()
    assert_healthy(app)
    assert app.title[0].value == "Bortezomib (12)"
    assert app.query_params["compound"] == "12"


@pytest.mark.parametrize(
    ("file", "query", "said"),
    [
        ("drug.py", {"compound": "99999"}, "There is no drug with the id `99999` in this store"),
        ("drug.py", {"compound": "Erlotinib"}, "There is no drug with the id `Erlotinib` in this store"),
        ("cell_line.py", {"cosmic": "1"}, "There is no cell line with the id `1` in this store"),
    ],
)
def test_an_unknown_id_is_explained_until_one_is_chosen(filled_home, open_page: Open, file, query, said):
    app = open_page(file, **query)
    assert_healthy(app)
    assert said in shown(app) and titles(app) == []
    assert said in shown(app.run())  # and not only once
    ((key, asked),) = query.items()
    box = app.selectbox(key=key)
    box.select(box.options[1] if file == "drug.py" else box.options[0]).run()
    assert_healthy(app)
    assert said not in shown(app) and len(titles(app)) >= 4
    chosen = app.title[0].value
    assert app.run().title[0].value == chosen
    assert app.selectbox(key=key).value == app.query_params[key] != asked


def test_a_drug_that_no_run_tested_shows_what_was_measured(filled_home, open_page: Open):
    app = open_page("drug.py", compound=str(UNPREDICTED_DRUG))
    assert_healthy(app)
    assert app.title[0].value == "Compound 13"
    assert "**No pair of Compound 13 was held out under unseen cell lines**" in app.info[0].value
    text = shown(app)
    assert "No structure is known, so no network can predict this drug." in text
    assert "20 measured pairs, GDSC1, simulated. Filled: observed." in text
    assert titles(app) == ["Which lines does it act on?", "Which cancer types are most sensitive?", "20 cell lines"]
    assert "tc-card" not in "".join(str(item.proto) for item in app.get("html") if "<style>" not in str(item.proto))
    assert not [column for column in app.dataframe[0].value.columns if "redicted" in column]


def test_a_line_that_no_run_tested(filled_home, open_page: Open):
    app = open_page("cell_line.py", cosmic=str(UNPREDICTED_LINE))
    assert_healthy(app)
    text = shown(app)
    assert "No mutation of this line is in the store" in text
    assert "6 measured pairs, GDSC1, simulated." in text


def test_a_row_leads_to_the_page_of_the_other_side(filled_home, open_page: Open, monkeypatch):
    monkeypatch.setattr("dashboard.frame.st.dataframe", lambda *a, **k: {"selection": {"rows": [1]}})
    for file, address in (("drug.py", "cosmic"), ("cell_line.py", "compound")):
        app = open_page(file)
        assert_healthy(app)
        (link,) = (item.proto for item in app.get("page_link") if "Open " in item.proto.label)
        assert f"{address}=" in str(link)


def test_why_r2_is_low_is_said(filled_home, open_page: Open):
    """Dabrafenib's line in the small store: R² below 0 under unseen lines, its values within 5.10 ln units."""
    text = shown(open_page("drug.py", compound="3", split="cell_line"))
    assert "R² is negative (−0.576)" in text
    assert "these lie within 5.10 ln units" in text and "gives a negative R²" in text


def test_an_older_run_says_what_it_lacks(filled_home, open_page: Open):
    """Two baselines, no intervals, no record of what is near, no name of a naive baseline."""
    with Database(store_path()).write() as connection:
        connection.execute("DELETE FROM domain")
        connection.execute("DELETE FROM fold")
        old = "run_id = ? AND model NOT IN ('ensemble', 'master', 'drug_mean', 'mean_effects')"
        for table in ("prediction", "metric"):
            connection.execute(f"DELETE FROM {table} WHERE {old}", [RUN])
            connection.execute(f"DELETE FROM {table} WHERE run_id = ?", [HONEST_RUN])
        connection.execute("DELETE FROM run WHERE run_id = ?", [HONEST_RUN])
        connection.execute("DELETE FROM metric WHERE scope <> 'all' OR name NOT IN ('r2', 'rmse', 'pearson', 'auroc')")
        connection.execute("UPDATE prediction SET lower = NULL, upper = NULL")
        connection.execute("UPDATE run SET config = ?", [json.dumps({"epochs": 12, "dataset": "GDSC1"})])
    for file in ("drug.py", "cell_line.py"):
        app = open_page(file)
        assert_healthy(app)
        text = shown(app)
        assert "This run kept no prediction intervals." in text
        assert "This run has no record of how near" in text
        assert "against mean effects" in text


def test_before_the_first_training_what_was_measured_is_shown(filled_home, open_page: Open):
    with Database(store_path()).write() as connection:
        for table in ("run", "prediction", "metric", "fold", "domain"):
            connection.execute(f"DELETE FROM {table}")
    for file, title in (("drug.py", "5-Fluorouracil"), ("cell_line.py", "LINE-0")):
        app = open_page(file)
        assert_healthy(app)
        assert app.title[0].value == title
        text = shown(app)
        assert "**No predictions yet.**" in text and "measured pairs, all datasets, simulated." in text


def test_a_structure_that_cannot_be_drawn_is_explained(filled_home, open_page: Open):
    with Database(store_path()).write() as connection:
        connection.execute("UPDATE drug SET smiles = 'C1CC' WHERE drug_id = 3")
    app = open_page("drug.py", compound="3")
    assert_healthy(app)
    assert "The structure cannot be drawn. Dabrafenib: the SMILES 'C1CC' cannot be read" in shown(app)


def test_the_chosen_baseline_is_not_compared_with_itself(filled_home, open_page: Open):
    text = shown(open_page("drug.py", compound="3", run=RUN, split="pairs", model="mean_effects"))
    assert "Dash: mean effects." in text and "Skill" not in text
