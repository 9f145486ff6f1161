"""Screen review, tab Compare: two readouts, two screens, all screens at once, and where there is nothing to compare."""

import pandas as pd
from page_checks import Open, assert_healthy, words
from small_phenotypes import ONE, OTHER, fill
from streamlit.testing.v1 import AppTest

from dashboard import review_heatmap

TAB = {"rev_tab": "Compare", "rev_screen": ONE}


def differences(app: AppTest) -> pd.DataFrame:
    return next(one.value for one in app.dataframe if "Difference" in one.value)


def test_images_and_metabolism_disagree_on_two_drugs(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "Do images and metabolism agree?" in text and "6 drugs scored by both, SIM-P_DS1, simulated data" in text
    assert "Hit in images only: Panobinostat; in metabolic only: Trametinib." in text
    assert "Pearson r 0.55 (95 % interval −0.475 to 0.941; 6 drugs)." in text


def test_one_replicate_is_compared_alone(db, open_page: Open):
    fill(db)
    with db.write() as connection:
        connection.execute("UPDATE score SET dss_asym = 0 WHERE replicate = '2' AND modality = 'metabolic'")
    app = open_page("screen_review.py", rev_replicate="2", **TAB)
    assert_healthy(app)
    assert "SIM-P_DS1, replicate 2, simulated data" in words(app) and "no correlation, as one side" in words(app)


def test_another_screen_lists_what_differs(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", rev_modality="metabolic", rev_other=OTHER, **TAB)
    assert_healthy(app)
    text = words(app)
    assert "What differs from another screen?" in text and "Hit in SIM-Q_DS1 only: Panobinostat" in text
    table = differences(app)
    assert table["Difference"].tolist() == [-6.0] * 6 and set(table.columns) >= {f"DSS, {ONE}", f"DSS, {OTHER}"}


def test_the_heatmap_takes_screens_and_readouts(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "DSS_asym (0 to 50) of 6 drugs in 2 screens by 2 readouts" in words(app)
    assert "clustered over all readouts" in words(app)
    app = open_page("screen_review.py", rev_others=[OTHER], rev_layers=["metabolic"], rev_clusters="False", **TAB)
    assert_healthy(app)
    assert "6 drugs in 1 screen by 1 readout" in words(app)
    keys = {one.proto.id.rsplit("-", 1)[-1] for one in app.get("download_button")}
    assert {"compare_heatmap_files_csv", "compare_heatmap_files_xlsx"} <= keys


def test_a_cell_chooses_its_drug_and_its_screen(monkeypatch):
    kept = {}
    monkeypatch.setattr(review_heatmap.state, "choose", kept.__setitem__)
    review_heatmap._pick(ONE, f"{ONE}|Trametinib")
    assert kept == {"rev_drug": "Trametinib"}
    review_heatmap._pick(ONE, f"{OTHER}|Olaparib")
    assert kept == {"rev_drug": "Olaparib", "rev_other": OTHER}


def test_one_readout_has_nothing_beside_it(db, open_page: Open):
    fill(db, modalities=("metabolic",))
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "**It takes two scored readouts; this screen has: metabolic.**" in words(app)
    assert "6 drugs in 2 screens by 1 readout" in words(app)


def test_one_screen_has_no_other(db, open_page: Open):
    fill(db, other=False)
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "**No other screen is scored by images, phase II.**" in words(app)
    assert "6 drugs in 1 screen by 2 readouts" in words(app)


def test_no_common_drug_is_said(db, open_page: Open):
    fill(db)
    with db.write() as connection:
        connection.execute("UPDATE score SET drug = drug || ' B' WHERE screen = ?", [OTHER])
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "**The two screens have no drug in common that both scored.**" in words(app)
    assert "12 drugs in 2 screens" in words(app)


def test_all_inactive_is_said(db, open_page: Open):
    fill(db, shift=-30.0)
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "All 6 drugs are inactive in both: none reaches a DSS of 10." in text
    assert "6 drugs: no correlation, as one side does not vary." in text


def test_scores_without_any_fit_are_missing(db, open_page: Open):
    fill(db)
    with db.write() as connection:
        connection.execute("UPDATE score SET dss_asym = NULL, hit = false")
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "**No drug was scored by both.**" in text and "**No drug of any screen has a score yet.**" in text


def test_nothing_scored_at_all(db, open_page: Open):
    fill(db)
    with db.write() as connection:
        connection.execute("DELETE FROM score")
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "**It takes two scored readouts; this screen has: none.**" in words(app)


def test_a_screen_and_readouts_that_are_gone_are_forgotten(db, open_page: Open):
    fill(db)
    app = open_page("screen_review.py", rev_other="GONE", rev_others=["GONE"], rev_beside="mos", **TAB)
    assert_healthy(app)
    assert "What differs from another screen?" in words(app) and "2 screens by 2 readouts" in words(app)
