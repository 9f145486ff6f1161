"""Screen review, cards and the tab Hits: which drugs hit, what was expected, and what speaks against the numbers."""

import time

import pandas as pd
from page_checks import Open, assert_healthy, figure_of, words
from small_reviewed import DRUGS, multiply, put
from streamlit.testing.v1 import AppTest

from engine.jobs import queue
from engine.jobs.spec import read_spec
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.store.database import Database

SCREEN = "BT-40_DS1"
MINE = {"rev_screen": SCREEN, "rev_tab": "Hits", "rev_modality": "metabolic"}


def scores(app: AppTest) -> pd.DataFrame:
    return next(one.value for one in app.dataframe if "Expected" in one.value)


def figures(app: AppTest) -> list[dict]:
    return [figure_of(item.proto.spec) for item in app.get("plotly_chart")]


def bars(app: AppTest) -> dict:
    return next(trace for figure in figures(app) for trace in figure["data"] if trace["type"] == "bar")


def exclude(db: Database, target: Target, screen: str = SCREEN) -> None:
    record = review.state(db, screen)
    review.decide(db, screen, "Anna", [Decision("exclude", target, "Contaminated")], record.last)


def test_hits_with_another_readout_beside(db, open_page: Open):
    put(db)
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    text = words(app)
    assert "Glioma, 2 plates, 4 drugs, 2 replicates. Not reviewed, 0 exclusions." in text
    assert "Hits, DSS ≥ 10" in text and "3 of 4" in text and "images, phase II 3, in both 3" in text
    assert "0 mismatches of 4 drugs" in text and "all excellent" in text and "pairs; DSS: 4 pairs, too few" in text
    assert "**2 of 2 expected hits of BT-40 found** (Berker et al. 2022" in text
    table = scores(app)
    assert table["Drug"].tolist() == ["Trametinib", "Bortezomib", "Vemurafenib", "Olaparib"]
    assert table["Expected"].tolist() == ["expected", "", "expected", ""] and table["Hit"].tolist()[-1] == ""
    assert table["DSS, images, phase II"].notna().all() and (table["Wells"] == 10).all()
    assert bars(app)["customdata"] == table["Drug"].tolist()
    assert "Tick: images, phase II." in text and "Star: expected to hit." in text
    assert "P1" in text  # the plate of the chosen drug


def test_simulated_screens_expect_what_was_planted(db, open_page: Open):
    put(db, "SIM-NTRK_DS1", {"Bortezomib": 0.9, "Entrectinib": 0.1}, sample="Simulated NTRK", simulated=True)
    text = words(open_page("screen_review.py", rev_tab="Hits"))
    assert "**1 of 2 expected hits of NTRK found**, not Entrectinib (planted by the simulation, Simulated)" in text


def test_a_drug_is_picked_sorted_and_filtered(db, open_page: Open):
    put(db)
    app = open_page("screen_review.py", **MINE, rev_drug="Olaparib", rev_sort="name", rev_class=["Kinase inhibitor"])
    assert_healthy(app)
    assert scores(app)["Drug"].tolist() == ["Trametinib", "Vemurafenib"]
    assert "How does Olaparib act, dose by dose?" in words(app)
    app = next(one for one in app.multiselect if one.key == "rev_class").set_value([]).run()
    outlined = [width for width in bars(app)["marker"]["line"]["width"]]
    assert scores(app)["Drug"].tolist() == sorted(DRUGS) and outlined == [0, 3, 0, 0]
    app = next(one for one in app.selectbox if one.key == "rev_sort").set_value("class").run()
    assert scores(app)["Drug"].tolist() == ["Olaparib", "Trametinib", "Vemurafenib", "Bortezomib"]


def test_drug_and_well_of_an_old_address(db, open_page: Open):
    put(db)
    app = open_page("screen_review.py", **MINE, rev_drug="Gone", rev_well="P9_Z99", rev_plate="P9", rev_class=["No"])
    assert_healthy(app)
    assert "How does Trametinib act, dose by dose?" in words(app)


def test_one_readout_alone(db, open_page: Open):
    put(db, modalities=("metabolic",))
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    text = words(app)
    assert "There are no scores by images." in text and "no other readout is scored" in text
    assert "rev_beside" not in {one.key for one in app.selectbox}
    assert not any(name.startswith("DSS,") for name in scores(app))


def test_one_replicate_alone(db, open_page: Open):
    put(db, replicates=1)
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    assert "4 drugs, one replicate." in words(app) and "Nothing to compare it with." in words(app)


def test_nothing_hits(db, open_page: Open):
    put(db, drugs=dict.fromkeys(DRUGS, 0.0))
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    text = words(app)
    assert "**No drug reaches the threshold.**" in text and "0 of 4" in text
    assert "**0 of 2 expected hits of BT-40 found**, not Vemurafenib, Trametinib" in text


def test_a_failed_fit_says_why(db, open_page: Open):
    put(db, broken=("Vemurafenib",))
    app = open_page("screen_review.py", **MINE, rev_drug="Vemurafenib")
    assert_healthy(app)
    table = scores(app).set_index("Drug")
    assert table.loc["Vemurafenib", "Without a score"].startswith("No fit: one dose only")
    assert table.index[-1] == "Vemurafenib" and "1 without a score" in words(app) and "?: no fit." in words(app)


def test_what_was_left_out_is_crossed_and_counted(db, open_page: Open):
    put(db)
    exclude(db, Target("drug", drug="Vemurafenib"))
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    text = words(app)
    assert "In review, 1 exclusion." in text and "×: left out." in text and "not Vemurafenib (left out)" in text
    told = scores(app).set_index("Drug").loc["Vemurafenib", "Without a score"]
    assert told == "Left out: Contaminated (Anna)"


def test_a_plate_that_is_left_out_is_called_so_on_the_card(db, open_page: Open):
    put(db)
    exclude(db, Target("plate", plate="P2"))
    text = words(open_page("screen_review.py", **MINE))
    card = text[text.index("&#x27; per plate") :]
    assert "excellent, P2 left out" in card and "not defined" not in card[: card.index("Replicate r")]


def test_cards_tell_of_the_replicate_looked_at(db, open_page: Open):
    put(db)
    text = words(open_page("screen_review.py", **MINE, rev_replicate="2"))
    assert "Hits, DSS ≥ 10, replicate 2" in text
    assert "Faint: not in the fit, which is of replicate 2." in text


def test_cards_tell_intervals_where_there_are_drugs_enough(db, open_page: Open):
    put(db, drugs={f"Drug {n}": n / 8 for n in range(8)})
    text = words(open_page("screen_review.py", **MINE))
    cards = text[text.index("Replicate r (viability)") :]
    assert "to 1.0 (95 %); 40 pairs; DSS r 1.0" in cards or "(95 %); 40 pairs; DSS r 0.99" in cards
    assert "(95 %); " in cards[cards.index("Imaging vs metabolic") :]


def test_a_signed_screen_says_by_whom_and_takes_no_scoring(db, open_page: Open):
    put(db)
    put(db, "BT-40_DS2")
    review.sign_off(db, SCREEN, "Anna", "", review.state(db, SCREEN).last)
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    assert "Signed off by Anna, " in words(app) and "0 exclusions" in words(app)
    app.session_state["review_references_open"] = True
    app.session_state["rev_references"] = ["BT-40_DS2"]
    app = app.run()
    assert next(one for one in app.button if one.key == "review_rescore_beside").disabled


def test_old_scores_a_running_job_and_orphans_are_told(db, open_page: Open):
    put(db)
    exclude(db, Target("drug", drug="Bortezomib"))
    exclude(db, Target("drug", drug="Olaparib"))
    with db.write() as connection:
        connection.execute("UPDATE scoring SET excluded = '' WHERE modality = 'metabolic'")
        connection.execute("DELETE FROM well WHERE treatment = 'Olaparib'")
    queue.submit("score_screen", "Score this", {"screen": SCREEN, "modality": "metabolic"})
    app = open_page("screen_review.py", **MINE)
    told = "\n".join(one.value for one in app.warning)
    assert "**Scores by images, phase II and metabolic are older" in told
    assert "**Score this** is waiting" in told and "The drug Olaparib" in told


def test_a_broken_record_is_told(db, open_page: Open):
    put(db)
    exclude(db, Target("drug", drug="Bortezomib"))
    with db.write() as connection:
        connection.execute("UPDATE review SET reason = 'Another'")
    told = "\n".join(one.value for one in open_page("screen_review.py", **MINE).warning)
    assert "**The record is broken.**" in told


def test_a_damaged_row_of_how_scores_were_made_is_one_sentence(db, open_page: Open):
    put(db)
    with db.write() as connection:
        connection.execute("UPDATE scoring SET reference = '{}' WHERE modality = 'metabolic'")
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    told = "\n".join(one.value for one in app.warning)
    assert told.count("damaged row in the table scoring") == 1 and "Score the screen again." in told
    assert "3 of 4" in words(app) and "Drug" in scores(app)


def test_without_scores_there_is_a_way_to_them(db, open_page: Open):
    put(db)
    with db.write() as connection:
        for table in ("score", "curve", "scoring", "quality"):
            connection.execute(f"DELETE FROM {table}")
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    text = words(app)
    assert "has no scores by this readout yet" in text and "not scored" in text and "not judged" in text
    assert any("Nothing is scored yet" in one.value for one in app.warning)


def test_scores_beside_other_screens_are_a_job(db, open_page: Open):
    put(db)
    put(db, "BT-40_DS2", {**DRUGS, "Trametinib": 0.2})
    app = open_page("screen_review.py", **MINE, rev_references=["BT-40_DS2"])
    app.session_state["review_references_open"] = True
    app = app.run()
    assert_healthy(app)
    assert "stand beside no other screen" in words(app)
    app = next(one for one in app.multiselect if one.key == "rev_references").set_value(["BT-40_DS2"]).run()
    app = next(one for one in app.button if one.key == "review_rescore_beside").click().run()
    assert_healthy(app)
    spec = read_spec(queue.job_folder(queue.list_jobs()[0].id))
    assert spec.params["references"] == ["BT-40_DS2"] and spec.params["settings"]["bootstrap"] == 20


def test_selective_scores_are_shown_where_there_are_any(db, open_page: Open):
    put(db)
    with db.write() as connection:
        connection.execute("UPDATE score SET sdss = dss_asym - 15, zdss = 1.0, rdss = 1.0 WHERE drug <> 'Bortezomib'")
    app = open_page("screen_review.py", **MINE, rev_sort="selective")
    assert_healthy(app)
    assert {"sDSS", "zDSS", "rDSS"} <= set(scores(app)) and scores(app)["Drug"].iloc[-1] == "Bortezomib"
    assert "Most selective: Trametinib, sDSS " in words(app)


def test_a_thousand_drugs_stay_readable_and_answer_at_once(db, open_page: Open):
    put(db, drugs={f"Drug {n:02d}": n / 25 for n in range(25)}, modalities=("metabolic",), replicates=1)
    multiply(db, SCREEN, 40)
    app = open_page("screen_review.py", **MINE)
    assert_healthy(app)
    assert len(scores(app)) == 1000 and len(bars(app)["x"]) == 75
    assert "The strongest 75 of 1,000 drugs" in words(app)
    begun = time.process_time()
    app.run()
    assert time.process_time() - begun < 3  # of the processor, which others share
