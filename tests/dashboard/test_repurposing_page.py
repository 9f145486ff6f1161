"""The page Repurposing: cards, matrix, a cell's lines, hits, and what it says where something is missing."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from page_checks import Open, assert_healthy, shown
from small_library import LIBRARY, MOLECULES, SCREEN

from dashboard import export, repurposing_data, repurposing_hits, state
from dashboard.repurposing_matrix import Asked
from engine.errors import JobError
from engine.jobs import queue
from engine.response.repurpose import Thresholds
from engine.settings import store_path
from engine.store.database import Database

ASKED = Asked("share", "all", "hits", "cluster")
PAGE, RULE = "repurposing.py", "repurposing_rule"
DISULFIRAM = "SMILES:CCN(CC)C(=S)SSC(=S)N(CC)CC"


def change(*statements: str) -> None:
    with Database(store_path()).write() as connection:
        for statement in statements:
            connection.execute(statement)


def press(app, label: str):
    return next(button for button in app.button if button.label == label).click().run()


def test_the_cards_count_by_the_rule_beside_the_published_counts(filled_home: Path, open_page: Open):
    app = open_page(PAGE)
    assert_healthy(app)
    text = shown(app)
    assert "6 oncology, 8 non-oncology, 2 of unknown class" in text
    # Disulfiram, Digoxin, Niclosamide; Erlotinib and Lapatinib have no new type, Olaparib none at all.
    assert '<dd class="tc-value">3 of 8</dd><dd class="tc-note">1 generally cytotoxic</dd>' in text
    assert '<dd class="tc-value">3 of 6</dd><dd class="tc-note">1 generally cytotoxic</dd>' in text
    assert "Published, at −2 and 10 %: 27 of 1,385, 4 cytotoxic" in text
    assert "Published, at −2 and 10 %: 23 of 102, 9 cytotoxic" in text
    assert "Approved indications recovered" in text and '<dd class="tc-value">3 of 5</dd>' in text
    assert "Naive baseline" in text and "Research use only" in text


def test_what_the_hits_are_worth_stands_above_the_matrix(filled_home: Path, open_page: Open):
    said = [item.value for item in open_page(PAGE).markdown]
    (first,) = [at for at, text in enumerate(said) if "3 of 5 approved indications are found again; chance" in text]
    (worth,) = [at for at, text in enumerate(said) if "**How far to trust this.** Most molecules" in text]
    assert "never evaluated on unseen drugs" in said[worth] and first < worth


def test_the_matrix_shows_hits_and_can_show_every_molecule(filled_home: Path, open_page: Open):
    assert "7 drugs × 5 cancer types, library approved, 40 lines, predicted by " in shown(open_page(PAGE))
    app = open_page(PAGE, rep_rows="every", rep_class="non-oncology")
    assert_healthy(app)
    assert "8 drugs × 5 cancer types" in shown(app)


@pytest.mark.parametrize("measure", ["share", "median", "selectivity"])
@pytest.mark.parametrize("order", ["cluster", "hits", "value", "name"])
def test_every_measure_and_order_is_drawn(filled_home: Path, open_page: Open, measure: str, order: str):
    app = open_page(PAGE, rep_measure=measure, rep_order=order)
    assert_healthy(app)
    assert "7 drugs × 5 cancer types" in shown(app)


def test_a_link_opens_its_cell_with_lines_and_molecule(filled_home: Path, open_page: Open):
    app = open_page(PAGE, rep_cell=f"{DISULFIRAM}|GBM")
    assert_healthy(app)
    text = shown(app)
    assert "Disulfiram in Glioblastoma (GBM)" in text
    assert "**8 of 8 lines sensitive (100 %)**" in text
    assert "Nobody measured this molecule in these lines" in text
    assert "aldehyde dehydrogenase inhibitor" in text and "alcohol dependence" in text
    lines = next(table.value for table in app.dataframe if "Cell line" in table.value)
    assert len(lines) == 8 and "Observed, ln µM" not in lines
    assert app.query_params["rep_cell"] == f"{DISULFIRAM}|GBM"


def test_measured_molecules_show_what_was_observed(filled_home: Path, open_page: Open):
    dabrafenib = pd.read_csv("data/reference/demo_drugs.csv").set_index("drug_name").loc["Dabrafenib", "inchikey"]
    app = open_page(PAGE, rep_cell=f"{dabrafenib}|SKCM")
    assert_healthy(app)
    text = shown(app)
    assert (
        "Filled: observed in 8 of 8 lines; " in text and " of 8 measured within their interval (90 % expected)" in text
    )
    assert "Measured as Dabrafenib" in text
    assert "Approved for this type" in text


def test_an_unknown_cell_or_number_in_a_link_falls_back(filled_home: Path, open_page: Open):
    app = open_page(
        PAGE, rep_cell="nothing|NOWHERE", rep_below="cold", rep_share="900", rep_measure="no", rep_screen="x"
    )
    assert_healthy(app)
    assert app.number_input(key="rep_below").value == -2.0
    assert app.number_input(key="rep_share").value == 10.0
    assert "7 drugs × 5 cancer types" in shown(app)


def test_thresholds_act_at_once_and_go_back_to_the_published_ones(filled_home: Path, open_page: Open):
    app = open_page(PAGE, rep_below="-4.9")
    assert_healthy(app)
    assert "1 drug × 5 cancer types" in shown(app)  # Bortezomib
    app.number_input(key="rep_below").set_value(-10.0).run()
    assert "No hit under these thresholds." in shown(app)
    app.session_state[RULE] = True
    press(app.run(), "Published thresholds")
    assert_healthy(app)
    assert "7 drugs × 5 cancer types" in shown(app)
    assert "rep_below" not in app.query_params


def test_a_rule_opened_late_shows_what_applies_and_changes_nothing(filled_home: Path, open_page: Open):
    app = open_page(PAGE, rep_lines="8", rep_rule="least")
    app.text_input(key="rep_search").input("inhibitor").run()
    # Not in the browser before it is opened, so no field can come up with the least that it may hold.
    drawn = {widget.key for widget in [*app.number_input, *app.selectbox]}
    assert not drawn & {"rep_cytotoxic", "rep_lines", "rep_rule"}
    app.session_state[RULE] = True
    app.run()
    assert app.number_input(key="rep_cytotoxic").value == 90.0 and app.number_input(key="rep_lines").value == 8.0
    assert app.selectbox(key="rep_rule").value == "least"
    app.number_input(key="rep_cytotoxic").set_value(30.0).run()
    app.session_state[RULE] = False
    app.text_input(key="rep_search").input("").run()
    assert_healthy(app)
    text = shown(app)
    assert app.query_params["rep_cytotoxic"] == "30.0" and app.query_params["rep_lines"] == "8.0"
    assert '<dd class="tc-value">3 of 6</dd><dd class="tc-note">3 generally cytotoxic</dd>' in text
    app.session_state[RULE] = True
    app.run()
    assert app.number_input(key="rep_cytotoxic").value == 30.0 and app.number_input(key="rep_lines").value == 8.0


def test_the_defaults_are_the_published_thresholds():
    published = Thresholds()
    assert state.KEYS["rep_below"].default == published.sensitive_below
    assert state.KEYS["rep_share"].default == 100 * published.type_share
    assert state.KEYS["rep_cytotoxic"].default == 100 * published.cytotoxic_share
    assert state.KEYS["rep_lines"].default == published.min_lines


def test_search_reads_name_mechanism_target_and_indication(filled_home: Path, open_page: Open):
    app = open_page(PAGE, rep_rows="every", rep_search="inhibitor pain")
    assert "2 drugs × 5 cancer types" in shown(app)  # Aspirin and Paracetamol
    app.text_input(key="rep_search").input("no such (drug").run()
    assert_healthy(app)
    assert "No molecule matches." in shown(app)
    press(app, "Show all molecules")
    assert "16 drugs × 5 cancer types" in shown(app)


def test_search_reads_no_id_of_a_molecule_without_a_name(filled_home: Path, open_page: Open):
    change("UPDATE library SET name = '' WHERE name = 'Metformin'")
    app = open_page(PAGE, rep_rows="every", rep_search="smiles")
    assert_healthy(app)
    assert "No molecule matches." in shown(app)
    app = open_page("library.py", lib_search="smiles")
    assert_healthy(app)
    assert "No molecule matches these filters." in shown(app)


def test_the_first_cell_is_the_most_selective_hit_and_q_is_not_told_too_exactly(filled_home: Path, open_page: Open):
    app = open_page(PAGE, rep_order="name")
    assert_healthy(app)
    hits = repurposing_data.analysis(SCREEN, Thresholds()).outcome.hits
    best = hits[hits["supported"] & ~hits["cytotoxic"]].sort_values("best_selectivity").iloc[0]
    (cell,) = [item.value for item in app.subheader if " in " in item.value and "(" in item.value]
    assert cell.startswith(f"{best['name']} in ") and f"({best['best_type']})" in cell
    assert r"q \< 0.001" in shown(app)
    bar = [json.loads(chart.proto.config).get("displayModeBar") for chart in app.get("plotly_chart")]
    assert bar[0] is False and bar[1] is None


def hit_rows(app) -> pd.DataFrame:
    return next(table.value for table in app.dataframe if "Nearest trained drug" in table.value)


def ticked(app, start: str = "repurposing_hits_table_") -> list[int]:
    """The rows that stand ticked in the table of that key."""
    (key,) = [key for key in app.session_state.keys() if str(key).startswith(start)]  # noqa: SIM118
    return list(app.session_state[key]["selection"]["rows"])


def test_a_cell_ticks_the_row_of_its_molecule(filled_home: Path, open_page: Open):
    app = open_page(PAGE, rep_cell=f"{DISULFIRAM}|GBM")
    assert_healthy(app)
    hits = next(table.value for table in app.dataframe if "Best new type" in table.value)
    assert list(hits["Drug"].iloc[ticked(app)]) == ["Disulfiram"]
    app = open_page(PAGE, rep_cell=f"{DISULFIRAM}|SKCM")
    assert_healthy(app)
    assert list(hit_rows(app)["Drug"].iloc[ticked(app)]) == ["Disulfiram"]
    app = open_page(PAGE, rep_rows="every", rep_cell="SMILES:c1ccccc1O|SKCM")  # no hit
    assert ticked(app) == []
    assert ticked(open_page(PAGE)) == [0]  # the first hit is the one that is opened


def test_the_page_of_the_matrix_is_the_one_with_the_cell_looked_at(filled_home: Path, open_page: Open, monkeypatch):
    monkeypatch.setattr("dashboard.repurposing_matrix.ROWS", 5)
    app = open_page(PAGE, rep_rows="every", rep_order="name", rep_cell=f"{DISULFIRAM}|GBM")
    assert_healthy(app)
    page = next(one for one in app.selectbox if one.key == "rep_page")
    assert page.value == 2 and "5 drugs × 5 cancer types" in shown(app)  # <b>Odd, Aspirin ... Dabrafenib, Digoxin
    app = page.set_value(4).run()  # a page that a person turns to stays
    assert next(one for one in app.selectbox if one.key == "rep_page").value == 4
    app = next(one for one in app.selectbox if one.key == "rep_order").set_value("hits").run()
    # Bortezomib, Digoxin, Trametinib and Dabrafenib have more sensitive types.
    assert next(one for one in app.selectbox if one.key == "rep_page").value == 1
    assert any(item.value == "The page with Disulfiram" for item in app.caption)


def test_another_order_opens_the_first_page_until_a_cell_is_asked_for(filled_home: Path, open_page: Open, monkeypatch):
    monkeypatch.setattr("dashboard.repurposing_matrix.ROWS", 3)
    app = next(one for one in open_page(PAGE).selectbox if one.key == "rep_page").set_value(3).run()
    assert next(one for one in app.selectbox if one.key == "rep_page").value == 3
    app = next(one for one in app.selectbox if one.key == "rep_order").set_value("name").run()
    assert_healthy(app)
    assert next(one for one in app.selectbox if one.key == "rep_page").value == 1
    assert not any(item.value.startswith("The page with") for item in app.caption)


def test_until_a_cell_is_asked_for_one_in_sight_is_shown(filled_home: Path, open_page: Open, monkeypatch):
    monkeypatch.setattr("dashboard.repurposing_matrix.ROWS", 3)
    app = open_page(PAGE, rep_order="name")
    for page in (1, 2, 3):
        app = next(one for one in app.selectbox if one.key == "rep_page").set_value(page).run()
        assert_healthy(app)
        (cell,) = [item.value for item in app.subheader if " in " in item.value and "(" in item.value]
        hits = repurposing_data.analysis(SCREEN, Thresholds()).outcome.hits["name"].str.lower().sort_values()
        assert cell.split(" in ")[0].lower() in set(hits.iloc[3 * page - 3 : 3 * page])


def test_hits_carry_structures(filled_home: Path, open_page: Open):
    app = open_page(PAGE)
    hits = next(table.value for table in app.dataframe if "Best new type" in table.value).set_index("Drug")
    assert hits["Structure"].str.startswith("data:image/svg+xml,%3Csvg").all() and hits["Structure"].is_unique
    assert hits.loc["Disulfiram", "SMILES"] == "CCN(CC)C(=S)SSC(=S)N(CC)CC"
    change("UPDATE library SET smiles = 'C1CC(' WHERE name = 'Disulfiram'")
    app = open_page(PAGE)
    assert_healthy(app)
    hits = next(table.value for table in app.dataframe if "Best new type" in table.value).set_index("Drug")
    assert pd.isna(hits.loc["Disulfiram", "Structure"]) and hits["Structure"].notna().sum() == len(hits) - 1


def test_hits_carry_their_evidence_and_flag_poisons(filled_home: Path, open_page: Open):
    app = open_page(PAGE)
    hits = next(table.value for table in app.dataframe if "Best new type" in table.value).set_index("Drug")
    assert sorted(hits.index[hits["Flag"] == "generally cytotoxic"]) == ["Bortezomib", "Digoxin"]
    assert set(hits.index[-2:]) == {"Bortezomib", "Digoxin"}
    assert hits.loc["Disulfiram", "Best new type"] == "GBM" and hits.loc["Disulfiram", "Sensitive there, %"] == 100.0
    assert hits.loc["Trametinib", "All new types"] == "COAD/READ, LUAD"
    assert "7 of 16 molecules. First the " in shown(app) and "Best type: the one without approval" in shown(app)
    assert list(hits)[2:7] == ["Sensitive there, %", "Selectivity there, sd", "q", "Both met", "Nearest trained drug"]
    assert hits.loc["Disulfiram", "Similarity"] == pytest.approx(0.15 + 0.04 * 9)
    both = (hits["Selectivity there, sd"] < -1) & (hits["q"] < 0.05)
    assert (hits["Both met"] == both.map({True: "yes", False: "no"})).all() and set(both) == {True, False}


def test_hits_of_one_nearest_drug_are_called_an_artefact(filled_home: Path, open_page: Open, monkeypatch):
    assert "likely one" not in shown(open_page(PAGE))
    monkeypatch.setattr("engine.response.repurpose_hits.FEWEST_HITS", 5)
    change("UPDATE library_prediction SET nearest_drug_id = 1, similarity = 0.3")
    app = open_page(PAGE)
    assert_healthy(app)
    assert "7 of 7 hits are nearest to " in shown(app) and "likely one artefact of extrapolation" in shown(app)


def test_a_cancer_type_is_asked_for(filled_home: Path, open_page: Open):
    app = open_page(PAGE, rep_type="LUAD")
    assert_healthy(app)
    text = shown(app)
    assert "First column: Lung adenocarcinoma (LUAD), which is asked about." in text
    assert any(item.value.startswith("4 hits for Lung adenocarcinoma") for item in app.subheader)
    assert "4 drugs × 5 cancer types" in text and "None has selectivity" not in text
    hits = hit_rows(app).set_index("Drug")
    assert set(hits.index) == {"Bortezomib", "Digoxin", "Thioridazine", "Trametinib"}  # Erlotinib is approved there
    assert set(hits["Cancer type"]) == {"LUAD"} and "Best new type" not in hits
    of = repurposing_data.analysis(SCREEN, Thresholds())
    row, column = list(of.molecules["name"]).index("Trametinib"), of.found.types.index("LUAD")
    assert hits.loc["Trametinib", "Selectivity there, sd"] == of.found.selectivity[row, column]
    assert hits.loc["Trametinib", "Median there, ln µM"] == of.found.median[row, column]
    assert hits.loc["Trametinib", "Measured lines there"] == 8 and hits.loc["Digoxin", "Measured lines there"] == 0
    assert any(" in Lung adenocarcinoma (LUAD)" in item.value for item in app.subheader)
    app = app.selectbox(key="rep_type").set_value("").run()
    assert len(hit_rows(app)) == 7 and "rep_type" not in app.query_params
    assert_healthy(open_page(PAGE, rep_type="NOWHERE"))


def test_the_search_is_for_hits_too(filled_home: Path, open_page: Open):
    app = open_page(PAGE, rep_search="inhibitor")
    assert len(hit_rows(app)) < 7 and hit_rows(app)["Mechanism"].str.contains("inhibitor").all()
    app = open_page(PAGE, rep_search="no such drug")
    assert_healthy(app)
    assert "No hit matches." in shown(app)
    assert not [table for table in app.dataframe if "Nearest trained drug" in table.value]


def test_counts_of_another_rule_stand_beside_no_published_ones(filled_home: Path, open_page: Open):
    app = open_page(PAGE, rep_below="-3", rep_rule="least")
    assert "Published, at" not in shown(app)
    assert app.number_input(key="rep_share").label == "At least, % of lines"
    assert open_page(PAGE, rep_lines="8").number_input(key="rep_share").label == "More than, % of lines"
    assert "Published, at" in shown(open_page(PAGE, rep_lines="8"))


def test_a_class_without_molecules_has_no_published_count(filled_home: Path, open_page: Open):
    change("UPDATE library SET drug_class = 'unknown' WHERE drug_class = 'non-oncology'")
    app = open_page(PAGE)
    assert_healthy(app)
    assert "The library names no non-oncology drugs" in shown(app) and "27 of 1,385" not in shown(app)


def test_intervals_say_for_which_drugs_they_hold(filled_home: Path, open_page: Open):
    text = shown(open_page(PAGE, rep_cell=f"{DISULFIRAM}|GBM"))
    assert "too narrow for unseen drugs such as this)" in text  # the line of numbers
    assert ", too narrow for unseen drugs such as this." in text  # the caption of the picture
    change("UPDATE library_screen SET interval_split = 'drug'")
    assert "too narrow" not in shown(open_page(PAGE, rep_cell=f"{DISULFIRAM}|GBM"))


def test_reach_is_told_with_its_numbers_and_praises_nothing(filled_home: Path, open_page: Open):
    change("UPDATE library_prediction SET similarity = 0.3, inside = true")
    app = open_page(PAGE, rep_cell=f"{DISULFIRAM}|GBM")
    assert_healthy(app)
    text = shown(app)
    assert "Within reach: similarity 0.3" in text and "path fingerprints, 3 × 1,024 bits" in text
    assert "green-badge[" not in text.split("Disulfiram in Glioblastoma")[1].split("Within reach")[0]


def test_indications_that_are_missed_say_why(filled_home: Path, open_page: Open):
    app = open_page(PAGE)
    app.session_state["repurposing_controls_box"] = True
    app = app.run()
    assert_healthy(app)
    found = next(table.value for table in app.dataframe if "By chance" in table.value)
    first = found.iloc[0]
    assert (first["Found by"], first["Of"], first["Found"]) == ("Rule: a sensitive type", "All drugs (5)", 3)
    cases = next(table.value for table in app.dataframe if "Why not" in table.value).set_index("Drug")
    assert cases.loc["Olaparib", "Why not"].startswith("no line below −2 (median ")
    assert (cases.loc[cases["Recovered"] == "yes", "Why not"] == "").all()


def test_names_of_files_are_no_markup(filled_home: Path, open_page: Open):
    app = open_page(PAGE, rep_rows="every", rep_cell="SMILES:c1ccccc1O|GBM")
    assert_healthy(app)
    assert "\\<b\\>Odd\\</b\\> \\*name\\*" not in "".join(item.value for item in app.caption)
    assert any(item.value.startswith("\\<b\\>Odd") for item in app.subheader)


def test_the_whole_matrix_comes_out_as_parquet_and_xlsx(filled_home: Path, open_page: Open):
    open_page(PAGE)
    whole = repurposing_data.whole_matrix(repurposing_data.analysis(SCREEN, Thresholds()))
    assert whole.shape == (16, 14 + 4 * 5)
    again = pd.read_parquet(io.BytesIO(export.as_parquet(whole)))
    pd.testing.assert_frame_equal(again, whole, check_dtype=False)
    sheet = pd.read_excel(io.BytesIO(export.as_xlsx(whole)))
    assert np.allclose(sheet["GBM median ln(IC50), µM"], whole["GBM median ln(IC50), µM"])
    assert whole.set_index("name").loc["Digoxin", "SKCM sensitive, % of lines"] == 100.0


def test_files_say_how_they_were_made(filled_home: Path, open_page: Open):
    open_page(PAGE)
    of = repurposing_data.analysis(SCREEN, Thresholds(more_than=False, min_lines=8))
    told = repurposing_data.about(of)
    assert (told["library"], told["screen"], told["lines"], told["types"]) == (LIBRARY, SCREEN, 40, 5)
    assert told["run"] == of.screen.summary.run_id and told["intervals_90_from_split"] == "cell_line"
    assert told["type_sensitive_share_of_lines"] == "at least 0.1" and told["least_lines_of_a_type"] == 8
    hits = repurposing_hits.hit_table(repurposing_hits.chosen_hits(of, ASKED))
    sheets = pd.read_excel(io.BytesIO(export.as_xlsx(hits, told)), sheet_name=None)
    assert list(sheets) == ["Tumorcast", "About"] and len(sheets["Tumorcast"]) == len(hits)
    assert dict(sheets["About"].to_numpy()) == told
    again = pd.read_parquet(io.BytesIO(export.as_parquet(hits, told)))
    assert list(again)[-len(told) :] == list(told) and set(again["sensitive_below_ln_ic50_um"]) == {-2.0}


def test_without_intervals_nothing_is_said_of_them(filled_home: Path, open_page: Open):
    change("UPDATE library_screen SET quantile = NULL, floor = NULL")
    app = open_page(PAGE, rep_cell=f"{DISULFIRAM}|GBM")
    assert_healthy(app)
    assert "The run has no prediction intervals." in shown(app) and "upper bound" not in shown(app)


def test_an_empty_store_offers_the_reference_list(tumorcast_home: Path, open_page: Open, monkeypatch):
    app = open_page(PAGE)
    assert_healthy(app)
    assert "No library of molecules yet." in shown(app)
    assert any("import library FILE" in code.value for code in app.code)
    monkeypatch.setattr(
        "dashboard.repurposing_choose._submit_reference", lambda: queue.submit("self_test", "Import library", {})
    )
    press(app, "Import the approved drugs")
    assert_healthy(app)
    assert "**Import library**" in shown(app)


def test_a_library_without_screen_is_screened_from_here(filled_home: Path, open_page: Open, monkeypatch):
    change("DELETE FROM library_screen", "DELETE FROM library_prediction")
    taken = []

    def submit(library: str, run_id: str) -> str:
        taken.append((library, run_id))
        return queue.submit("self_test", "Screen approved", {})

    monkeypatch.setattr("dashboard.repurposing_choose._submit_screening", submit)
    app = open_page(PAGE)
    assert_healthy(app)
    assert "**approved has not been screened yet.** Its 16 molecules" in shown(app)
    press(app, "Screen it")
    assert taken[0][0] == LIBRARY
    assert "**Screen approved**" in shown(app)


def test_a_refused_screening_is_explained(filled_home: Path, open_page: Open, monkeypatch):
    change("DELETE FROM library_screen", "DELETE FROM library_prediction")

    def refuse(library: str, run_id: str) -> str:
        raise JobError("This run was trained with other fingerprints.")

    monkeypatch.setattr("dashboard.repurposing_choose._submit_screening", refuse)
    app = press(open_page(PAGE), "Screen it")
    assert [item.value for item in app.error] == ["This run was trained with other fingerprints."]


def test_too_many_molecules_lead_elsewhere(filled_home: Path, open_page: Open):
    change("UPDATE library_screen SET n_molecules = 100000")
    app = open_page(PAGE)
    assert_healthy(app)
    assert "100,000 molecules are too many for a matrix." in shown(app)


def test_a_screen_of_a_deleted_run_is_still_shown(filled_home: Path, open_page: Open):
    change("UPDATE library_screen SET run_id = 'gone'")
    app = open_page(PAGE)
    assert_healthy(app)
    assert "run gone, no longer in the store" in app.selectbox(key="rep_screen").options[0]


def test_the_small_library_holds_every_class():
    assert {row[2] for row in MOLECULES} == {"oncology", "non-oncology", "unknown"}
