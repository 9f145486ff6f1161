"""The page of cancer types: its sentence, its controls, and what it says where something is missing."""

from pathlib import Path

import pytest
from page_checks import Open, assert_healthy, shown
from small_store import HONEST_RUN, RUN

from engine.settings import store_path
from engine.store.database import Database

PAGE = "cancer_types.py"


def change(*statements: str) -> None:
    with Database(store_path()).write() as connection:
        for statement in statements:
            connection.execute(statement)


def sentence(app) -> str:
    """What stands in bold about the chosen type."""
    return next(item.value for item in app.markdown if item.value.startswith("**") and "baseline" in item.value)


def test_it_says_for_a_type_whether_the_model_beats_the_naive_baseline(filled_home: Path, open_page: Open):
    app = open_page(PAGE, run=RUN, cancer_type="SKCM")
    assert_healthy(app)
    assert "Skin cutaneous melanoma (SKCM)" in shown(app)
    said = sentence(app)
    assert said.startswith("**Melanoma (SKCM): the ensemble beats the naive baseline, mean effects, on 96 unseen pairs")
    assert "of 8 lines: R² 0.906 against 0.725, difference +0.182 (95 % +0.132 to +0.241)." in said
    assert "These pairs were hidden in training" in said


def test_it_says_when_the_model_does_worse(filled_home: Path, open_page: Open):
    change(f"UPDATE prediction SET mean = observed WHERE run_id = '{RUN}' AND model = 'mean_effects'")
    said = sentence(open_page(PAGE, run=RUN, cancer_type="SKCM"))
    assert (
        "the ensemble does not beat the naive baseline, mean effects, on 96 unseen pairs of 8 lines, it does worse"
        in said
    )
    assert "against 1.00, difference −0.09" in said


def test_it_says_when_nobody_can_tell(filled_home: Path, open_page: Open):
    same = "SELECT cosmic_id, drug_id, mean FROM prediction WHERE run_id = '{0}' AND model = 'mean_effects'"
    change(
        "UPDATE prediction SET mean = b.mean FROM ("
        + same.format(RUN)
        + ") b WHERE prediction.cosmic_id = b.cosmic_id "
        f"AND prediction.drug_id = b.drug_id AND run_id = '{RUN}' AND model = 'ensemble'"
    )
    said = sentence(open_page(PAGE, run=RUN, cancer_type="SKCM"))
    assert "the ensemble does not clearly beat the naive baseline" in said
    assert "difference 0.000 (95 % 0.000 to 0.000)" in said


def test_published_and_honest_protocol_stand_side_by_side(filled_home: Path, open_page: Open):
    app = open_page(PAGE, run=RUN, cancer_type="SKCM")
    assert "naive baseline of that split (Mean effects; Cancer type × drug mean)" in shown(app)
    app.session_state["split"] = "cell_line"
    app.run()
    assert_healthy(app)
    assert "the naive baseline, cancer type × drug mean, on 96 unseen pairs" in sentence(app)
    assert "No pair of these lines was seen in training." in sentence(app)


def test_a_link_opens_its_view(filled_home: Path, open_page: Open):
    app = open_page(
        PAGE, run=HONEST_RUN, model="master", type_measure="coverage", type_order="name", cancer_type="COAD/READ"
    )
    assert_healthy(app)
    assert app.selectbox(key="cancer_type").value == "COAD/READ"
    assert "Colon and rectum (COAD/READ): Master" in sentence(app)
    assert "Where do prediction intervals keep their promise?" in shown(app)
    assert list(app.dataframe[-1].value["Cancer type"])[:2] == ["Breast (BRCA)", "Colon and rectum (COAD/READ)"]


@pytest.mark.parametrize("measure", ["r2", "rmse", "skill", "within_drug_r", "auroc", "coverage"])
def test_every_measure_is_drawn(filled_home: Path, open_page: Open, measure):
    app = open_page(PAGE, type_measure=measure)
    assert_healthy(app)
    assert "5 cancer types, 480 held-out pairs, unseen cell lines, simulated." in shown(app)


def test_all_types_are_summed_up(filled_home: Path, open_page: Open):
    text = shown(open_page(PAGE, run=RUN))
    assert "The ensemble beats the naive baseline, mean effects, in 5 of 5 cancer types." in text
    assert "90 % prediction intervals" in text


def test_a_network_is_offered_but_no_baseline(filled_home: Path, open_page: Open):
    options = open_page(PAGE).selectbox(key="model").options
    assert options == ["Ensemble", "Master", "Fully connected", "Shallow", "Tanh", "Unified"]


def test_the_model_box_never_shows_a_model_that_the_run_lacks(filled_home: Path, open_page: Open):
    """Another run without the chosen network: box, sentence, address and link all change to the same model."""
    gone = "('ensemble', 'fully_connected', 'shallow', 'tanh', 'unified')"
    change(f"DELETE FROM metric WHERE run_id = '{RUN}' AND model IN {gone}")
    app = open_page(PAGE, run=HONEST_RUN, cancer_type="SKCM")
    app.selectbox(key="model").select("tanh").run()
    assert "Melanoma (SKCM): Tanh" in sentence(app)
    app.selectbox(key="run").select(RUN).run()
    assert_healthy(app)
    box = app.selectbox(key="model")
    assert (box.value, box.options) == ("master", ["Master"])
    assert (box.proto.set_value, box.proto.raw_value) == (True, "Master")  # what makes the browser show it
    assert "Melanoma (SKCM): Master" in sentence(app)
    assert app.query_params["model"] == "master"
    assert any("model=master" in code.value for code in app.code)
    app.selectbox(key="type_order").select("name").run()
    assert app.selectbox(key="model").value == "master" and "Melanoma (SKCM): Master" in sentence(app)


def test_a_link_with_a_baseline_as_model_shows_a_network(filled_home: Path, open_page: Open):
    app = open_page(PAGE, run=RUN, model="svm", cancer_type="SKCM")
    assert_healthy(app)
    assert app.selectbox(key="model").value == "ensemble"
    assert "the ensemble beats the naive baseline" in sentence(app)


def test_an_unknown_type_in_a_link_falls_back(filled_home: Path, open_page: Open):
    app = open_page(PAGE, cancer_type="NOBODY")
    assert_healthy(app)
    assert app.selectbox(key="cancer_type").value == "BRCA"


def test_a_run_of_an_older_version_is_shown(filled_home: Path, open_page: Open):
    """Two baselines, four measures, no intervals, no folds."""
    change(
        f"DELETE FROM run WHERE run_id = '{HONEST_RUN}'",
        "DELETE FROM metric WHERE name NOT IN ('r2', 'rmse', 'pearson', 'auroc') OR scope = 'fold'",
        "DELETE FROM metric WHERE model NOT IN ('ensemble', 'master', 'drug_mean', 'mean_effects')",
        "DELETE FROM prediction WHERE model NOT IN ('ensemble', 'master', 'drug_mean', 'mean_effects')",
        "UPDATE prediction SET lower = NULL, upper = NULL",
        "UPDATE metric SET lower = NULL, upper = NULL WHERE scope <> 'all'",
        "DELETE FROM domain",
        "DELETE FROM fold",
    )
    app = open_page(PAGE, type_measure="skill")
    assert_healthy(app)
    text = shown(app)
    assert "has no 90 % prediction intervals of the ensemble" in text
    assert "the ensemble beats the naive baseline, mean effects" in sentence(app)


def test_a_run_without_any_naive_baseline_is_shown(filled_home: Path, open_page: Open):
    naive = "('drug_mean', 'line_mean', 'type_drug_mean', 'mean_effects')"
    change(f"DELETE FROM metric WHERE model IN {naive}", f"DELETE FROM prediction WHERE model IN {naive}")
    app = open_page(PAGE)
    assert_healthy(app)
    assert "There is no naive baseline to compare the model with" in shown(app)


def test_a_run_without_measures_per_type_says_so(filled_home: Path, open_page: Open):
    change("DELETE FROM metric WHERE scope = 'cancer_type'")
    app = open_page(PAGE)
    assert_healthy(app)
    assert "This run holds no measures per cancer type" in shown(app)


def test_the_other_study_is_compared_on_the_models_page(filled_home: Path, open_page: Open):
    app = open_page("models.py", tab="Other study", run=RUN)
    assert_healthy(app)
    text = shown(app)
    assert "What the ensemble adds to the naive baseline holds in GDSC2 too." in text
    assert "Drugs matched: 12 by id." in text and "300 pairs" in text
    assert app.selectbox(key="other_study").options == ["GDSC2"]


def test_without_a_second_study_it_says_how_to_bring_one_in(filled_home: Path, open_page: Open):
    change("DELETE FROM response WHERE dataset = 'GDSC2'")
    app = open_page("models.py", tab="Other study", run=RUN)
    assert_healthy(app)
    assert "There is only GDSC1 in the store" in shown(app)
    assert any("import responses FILE --dataset GDSC2" in code.value for code in app.code)


def test_two_studies_with_nothing_in_common_are_told(filled_home: Path, open_page: Open):
    change("UPDATE response SET cosmic_id = cosmic_id + 1000000 WHERE dataset = 'GDSC2'")
    app = open_page("models.py", tab="Other study", run=RUN)
    assert_healthy(app)
    assert any("No cell line is common" in item.value for item in app.info)
