"""Screen review, tab Compare: what an addition changes, and nothing of it where nothing was combined."""

import numpy as np
import pandas as pd
import small_phenotypes
from page_checks import Open, assert_healthy, figure_of, words
from small_combination import ADDON, DRUGS, SCREEN, put, wells
from streamlit.testing.v1 import AppTest

from dashboard import review_choose, review_combinations
from engine.figures.combination_words import COLUMNS
from engine.figures.combinations import MANY
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target

TAB = {"rev_tab": "Compare", "rev_screen": SCREEN}
QUESTION = "What does the addition change?"


def names(app: AppTest) -> list[str]:
    """Rows of the forest."""
    specs = [figure_of(one.proto.spec) for one in app.get("plotly_chart")]
    return next(one["layout"]["yaxis"]["ticktext"] for one in specs if "yaxis2" in one["layout"])


def table(app: AppTest) -> pd.DataFrame:
    return next(one.value for one in app.dataframe if "dcDSS" in one.value)


def test_a_combination_screen_tells_what_the_addition_changes(db, open_page: Open):
    put(db, wells())
    app = open_page("screen_review.py", rev_drug="Boosted", **TAB)
    assert_healthy(app)
    text = words(app)
    assert QUESTION in text and "**Measured together in this screen**, not suggested." in text
    assert "Added (33.0 nM) alone inhibits 20" in text and "mean of 2 plates" in text
    assert "1 of 3 combinations surely above both Bliss and HSA (Boosted), 1 surely below both (Blocked)." in text
    assert "SIM-C_combo, metabolic, all replicates together, simulated data" in text
    assert names(app) == ["Boosted", "Usual", "Blocked"] == table(app)["Drug"].tolist()
    assert list(table(app).columns) == list(COLUMNS.values())
    for model in ("Bliss", "HSA", "ZIP", "Loewe"):
        assert f"**{model}** assumes" in text
    assert "How does Boosted act alone?" in text and "And with Added?" in text and "Dashed: what Bliss expects" in text
    keys = {one.proto.id.rsplit("-", 1)[-1] for one in app.get("download_button")}
    assert {"compare_additions_files_csv", "compare_additions_files_xlsx"} <= keys


def test_controls_with_an_addition_are_told_apart(db, open_page: Open):
    put(db, wells())
    with db.write() as connection:
        connection.execute(
            """UPDATE quality SET value = 0.3, verdict = 'doubtful' WHERE plate = 'P1' AND measure = 'z_prime+Added'"""
        )
    text = words(open_page("screen_review.py", rev_tab="Quality", rev_screen=SCREEN))
    assert "per plate and addition" in text and "P1 with Added marginal" in text.replace("\N{NO-BREAK SPACE}", " ")
    hits = open_page("screen_review.py", rev_tab="Hits", rev_screen=SCREEN, rev_drug="Boosted")
    assert_healthy(hits)


def test_a_screen_without_additions_has_nothing_of_it(db, open_page: Open):
    small_phenotypes.fill(db)
    app = open_page("screen_review.py", rev_tab="Compare", rev_screen=small_phenotypes.ONE)
    assert_healthy(app)
    text = words(app)
    assert "Do images and metabolism agree?" in text
    assert "addition" not in text.lower() and "Bliss" not in text and "combination" not in text.lower()


def test_a_row_chooses_its_drug_and_a_point_its_well(db, monkeypatch, open_page: Open):
    put(db, wells())
    picked = {}
    monkeypatch.setattr(review_combinations.review_choose, "pick_well", lambda well: picked.update(well=well))
    review_combinations._pick_well(["Usual", "P1_A07"])
    assert picked == {"well": "P1_A07"}
    app = open_page("screen_review.py", rev_drug="Blocked", **TAB)
    assert_healthy(app)
    assert "How does Blocked act alone?" in words(app)
    handed = {}
    monkeypatch.setattr(review_combinations.frame, "chart", lambda *args, on_pick, **rest: handed.update(take=on_pick))
    monkeypatch.setattr(review_choose.state, "choose", lambda key, value: picked.update({key: value}))
    found = review_combinations.combinations.reviewed_combinations(db, SCREEN, "metabolic")

    class Shown:
        screen, modality, drug, simulated = SCREEN, "metabolic", "", True

    monkeypatch.setattr(review_combinations.frame, "dark", lambda: False)
    review_combinations._forest(Shown, found)
    handed["take"]("Usual")
    assert picked["rev_drug"] == "Usual"


def test_a_drug_without_a_row_asks_for_a_click(db, open_page: Open):
    put(db, wells({**DRUGS, "Solo": (0.95, None)}))
    app = open_page("screen_review.py", rev_drug="Solo", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "Not compared, measured only without Added: Solo." in text
    assert "Solo has no row above: click one for its curves." in text and "act alone?" not in text


def test_many_missing_drugs_are_all_named(db, open_page: Open):
    solo = {f"Solo {k}": (0.5, None) for k in range(12)}
    put(db, wells({**DRUGS, **solo}))
    app = open_page("screen_review.py", rev_drug="Usual", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "Solo 5 and 4 more." in text
    assert "All that are not compared, measured only without Added: Solo 0, Solo 1, Solo 10" in text


def test_no_control_with_the_addition_is_said_in_words(db, open_page: Open):
    put(db, wells(controls=()))
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    text = words(app)
    assert QUESTION in text and "both with and without Added: what Added does alone is not known" in text
    assert "It takes two scored readouts" in text  # the rest of the tab stands


def test_two_additions_and_one_without_controls(db, open_page: Open):
    put(db, wells(addons=(ADDON, "Other"), controls=(ADDON,)))
    app = open_page("screen_review.py", rev_drug="Boosted", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "both with and without Other" in text and names(app) == ["Boosted", "Usual", "Blocked"]
    assert "And with Added?" in text and "And with Other?" not in text


def test_two_additions_stand_side_by_side(db, open_page: Open):
    put(db, wells(addons=(ADDON, "Other"), controls=(ADDON, "Other")))
    app = open_page("screen_review.py", rev_drug="Boosted", **TAB)
    assert_healthy(app)
    text = words(app)
    assert set(names(app)) == {f"{drug} + {addon}" for drug in DRUGS for addon in (ADDON, "Other")}
    assert "And with Added?" in text and "And with Other?" in text


def test_nothing_read_with_the_addition_is_said(db, open_page: Open):
    frame = wells()
    put(db, frame.assign(percent=frame["percent"].where(frame["addon"] == "")))
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    assert "No well with an addition has a value by this readout that counts" in words(app)


def test_one_common_dose_is_not_enough(db, open_page: Open):
    frame = wells()
    put(db, frame[(frame["addon"] == "") | (frame["conc_nm"] == 100) | frame["conc_nm"].isna()])
    app = open_page("screen_review.py", rev_drug="Usual", **TAB)
    assert_healthy(app)
    text = words(app)
    assert QUESTION in text and "Not compared, 1 common dose where it takes two: Blocked, Boosted, Usual." in text
    assert "0 of 0" not in text


def test_a_screen_without_replicates_has_no_intervals(db, open_page: Open):
    put(db, wells(replicates=1))
    app = open_page("screen_review.py", rev_drug="Boosted", **TAB)
    assert_healthy(app)
    text = words(app)
    assert "0 of 3 combinations surely above both" in text and "3 rows without replicates" in text


def test_without_scores_the_rows_stand_and_the_curves_say_why_not(db, open_page: Open):
    put(db, wells(), scored=False)
    app = open_page("screen_review.py", **TAB)
    assert_healthy(app)
    text = words(app)
    assert names(app) == ["Boosted", "Usual", "Blocked"] and "act alone?" not in text
    assert "Curves come with scores" in text


def test_excluded_wells_do_not_count(db, open_page: Open):
    put(db, wells())
    review.decide(db, SCREEN, "Ada", [Decision("exclude", Target("drug", drug="Boosted"), "Wrong stock")], 0)
    app = open_page("screen_review.py", rev_drug="Usual", **TAB)
    assert_healthy(app)
    text = words(app)
    assert names(app) == ["Usual", "Blocked"] and "Not compared, no well counts: Boosted." in text


def test_a_plate_without_its_controls_of_the_addition_is_told_above_all_scores(db, open_page: Open):
    """Its wells are held against plain controls then, which no number says by itself."""
    frame = wells()
    put(db, frame)
    mine = frame[(frame["plate"] == "P1") & (frame["well_type"] == "negative") & (frame["addon"] == ADDON)]
    places = [Target("well", plate="P1", row=one.row, column=int(one.column)) for one in mine.itertuples()]
    review.decide(db, SCREEN, "Ada", [Decision("exclude", place, "Dry") for place in places[1:]], 0)
    told = f"**Every negative control with {ADDON} on plate P1 is left out.**"
    tab = {"rev_tab": "Hits", "rev_screen": SCREEN}
    assert told not in "\n".join(one.value for one in open_page("screen_review.py", **tab).warning)
    review.decide(db, SCREEN, "Ada", [Decision("exclude", places[0], "Dry")], len(places) - 1)
    app = open_page("screen_review.py", **tab)
    assert_healthy(app)
    warned = "\n".join(one.value for one in app.warning)
    assert told in warned and "on plate P2" not in warned


def test_many_rows_scroll_and_hostile_names_stay_text(db, open_page: Open):
    rng = np.random.default_rng(0)
    drugs = {f"<b>D{k}</b> [x](y) *": tuple(rng.uniform(0, 1, 2)) for k in range(MANY + 3)}
    put(db, wells(drugs))
    app = open_page("screen_review.py", rev_drug=next(iter(drugs)), **TAB)
    assert_healthy(app)
    assert len(names(app)) == MANY + 3 and all("<b>" not in name for name in names(app))
    styles = [one.proto.body for one in app.get("html")]
    assert any("overflow-y: auto" in body and "compare_additions_rows" in body for body in styles)
    assert "The picture scrolls." in words(app)
