"""The Library page: molecules come in with a receipt, are screened, and are ranked with a warning beside them."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from page_checks import Open, assert_healthy, button, shown
from scipy.sparse import csr_matrix
from small_library import LIBRARY, SCREEN
from small_store import FIRST_LINE, HONEST_RUN, RUN
from streamlit.testing.v1 import AppTest

from dashboard import data, library_data, library_ranking, library_reach, library_screen, reach_words
from engine.chem.fingerprints import drug_fingerprints
from engine.collect import collect
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.spec import read_spec
from engine.response.library_import import run_library_import
from engine.response.records import runs
from engine.response.reference import Reference
from engine.settings import store_path
from engine.store.database import Database

VERAPAMIL = "COc1ccc(CCN(C)CCCC(C#N)(C(C)C)c2ccc(OC)c(OC)c2)cc1OC"
TABLE = f"Name,SMILES,Price\nVerapamil,{VERAPAMIL},3\nCaffeine,Cn1c(=O)c2c(ncn2C)n(C)c1=O,1\nBroken,C1CC(,2\n"
IMPORT, SCREENING = {"lib_tab": "Import"}, {"lib_tab": "Screen"}


def upload(app: AppTest, content: str | bytes, name: str) -> AppTest:
    raw = content.encode() if isinstance(content, str) else content
    return app.file_uploader[0].set_value((name, raw, "text/csv")).run()


def problems(app: AppTest) -> str:
    return "\n".join(item.value for item in app.error)


def ranking(app: AppTest):
    return next(one.value for one in app.dataframe if "Selectivity, sd" in one.value)


def finish(job_id: str) -> None:
    """What the runner and the collector would do."""
    job = JobContext.for_folder(queue.job_folder(job_id))
    run_library_import(job)
    (job.folder / "done.json").write_text("{}")
    collect(job_id, data.database())


def test_an_empty_store_offers_the_reference_list(tumorcast_home: Path, open_page: Open):
    app = open_page("library.py")
    assert_healthy(app)
    assert "**No library of molecules yet.**" in shown(app)
    button(app, "Use the reference list of approved drugs").click().run()
    assert not problems(app)
    spec = read_spec(queue.job_folder(queue.list_jobs()[0].id))
    assert spec.task == "import_library" and spec.params["library"] == "approved"
    assert "reference list" in spec.params["origin"]


def test_a_file_is_looked_at_then_imported_and_its_receipt_shown(
    tumorcast_home: Path, open_page: Open, no_leftovers: None
):
    app = upload(open_page("library.py"), gzip.compress(TABLE.encode()), "mine.csv.gz")
    assert_healthy(app)
    text = shown(app)
    assert "**table of molecules**" in text and "1 of 3 rows would be kept" in text and "Ignored: Price." in text
    assert "1 lighter than 200 g/mol" in text and "**Verapamil**" in text
    fates = next(one.value for one in app.dataframe if "What becomes of it" in one.value)
    assert list(fates["What becomes of it"]) == ["kept", "lighter than 200 g/mol", "the structure cannot be read"]
    app = next(one for one in app.number_input if one.label == "Lightest, g/mol").set_value(100.0).run()
    assert "2 of 3 rows would be kept" in shown(app)
    app = button(app, "Import").click().run()
    assert not problems(app)
    job = queue.list_jobs()[0]
    spec = read_spec(queue.job_folder(job.id))
    assert spec.params["library"] == "mine" and spec.params["settings"]["min_weight_g_mol"] == 100.0
    finish(job.id)
    app = app.run()
    assert_healthy(app)
    assert "Read 3 rows, kept 2, left out 1." in shown(app)
    # The page has turned to the new library; its name, taken now by its own import, is nothing to be asked about.
    assert app.session_state["lib_library"] == "mine" and "There is a library mine already" not in shown(app)
    assert "Screen mine" in [one.label for one in app.button] and button(app, "Import").disabled
    app = next(one for one in app.number_input if one.label == "Lightest, g/mol").set_value(120.0).run()
    assert "There is a library mine already" in shown(app)  # other settings are another import
    app = button(app, "Open mine").click().run()
    assert_healthy(app)
    assert app.session_state["lib_tab"] == "Molecules" and "1 to 2 of 2 molecules" in shown(app)
    receipt = next(one.value for one in app.dataframe if "Left out because" in one.value)
    assert receipt["Such as"][0] == "row 4: Broken"


def test_molecules_that_the_file_does_not_call_approved_can_be_kept(filled_home: Path, open_page: Open):
    table = f"Name,SMILES,Max Phase\nVerapamil,{VERAPAMIL},4\nOther,{VERAPAMIL.replace('C#N', 'C=O')},2\n"
    app = upload(open_page("library.py", **IMPORT), table, "phases.csv")
    assert_healthy(app)
    assert "1 of 2 rows would be kept" in shown(app)
    app = next(one for one in app.toggle if one.key == "lib_approved").set_value(False).run()
    assert "2 of 2 rows would be kept" in shown(app)
    button(app, "Import").click().run()
    assert read_spec(queue.job_folder(queue.list_jobs()[0].id)).params["settings"]["approved_only"] is False


def test_drawn_molecules_say_how_near_they_are_to_what_was_trained_on(
    filled_home: Path, open_page: Open, tmp_path: Path, monkeypatch
):
    assert "Reach: Tanimoto" not in shown(open_page("library.py", lib_tab="Molecules"))  # its job folder is gone
    drugs = data.database().query("SELECT drug_id, name, smiles FROM drug WHERE smiles IS NOT NULL ORDER BY drug_id")
    bits = drug_fingerprints(drugs["smiles"].tolist())
    reference = Reference(
        np.array([1]), csr_matrix((1, 1)), np.array(["x"]), drugs["drug_id"].to_numpy(), bits, np.arange(len(drugs))
    )
    monkeypatch.setattr("engine.response.reference.load_reference", lambda results: reference)
    monkeypatch.setattr("dashboard.library_reach.queue.job_folder", lambda job_id: tmp_path)
    monkeypatch.setattr("dashboard.library_reach.version", lambda package: None)  # as the small run, which names none
    library_reach._words.clear()
    reach_words.drug_cut_off.clear()
    text = shown(open_page("library.py", lib_tab="Molecules", lib_find="dabrafenib")).replace("\\", "")
    assert "Within reach: similarity 1.0 to Dabrafenib" in text and "Reach: Tanimoto" in text
    assert "path fingerprints, 3 × 1,024 bits" in text and "within reach from" in text
    text = shown(open_page("library.py", lib_tab="Molecules", lib_find="metformin"))
    assert "Extrapolation: similarity 0" in text


def test_a_link_ticks_the_row_of_its_molecule(filled_home: Path, open_page: Open):
    with Database(store_path()).write() as connection:
        known = connection.execute("SELECT molecule_id FROM library WHERE name = 'Niclosamide'").fetchone()[0]
    app = open_page("library.py", lib_molecule=known)
    assert_healthy(app)
    (key,) = [key for key in app.session_state.keys() if re.match(r"library_ranking_-?\d", str(key))]  # noqa: SIM118
    (row,) = app.session_state[key]["selection"]["rows"]
    assert ranking(app)["Molecule"].iloc[row] == "Niclosamide"


def test_pasted_lines_are_a_library_too(filled_home: Path, open_page: Open):
    app = open_page("library.py", **IMPORT)
    app = next(one for one in app.segmented_control if one.key == "lib_place").set_value("paste").run()
    app = app.text_area[0].set_value(f"{VERAPAMIL} Verapamil\n{VERAPAMIL} Again\n").run()
    assert_healthy(app)
    assert "**list of SMILES**" in shown(app) and "1 of 2 rows would be kept" in shown(app)
    name = next(one for one in app.text_input if one.key == "lib_name")
    assert name.value == "pasted"
    app = name.set_value("responses").run()
    assert "responses already stands for another import" in problems(app) and button(app, "Import").disabled
    app = next(one for one in app.text_input if one.key == "lib_name").set_value("  ").run()
    assert "Give the library a name." in problems(app)


def test_a_taken_name_is_replaced_only_where_that_is_ticked(filled_home: Path, open_page: Open):
    app = upload(open_page("library.py", **IMPORT), TABLE, "approved.csv")
    assert next(one for one in app.text_input if one.key == "lib_name").value == "approved 2"
    app = next(one for one in app.text_input if one.key == "lib_name").set_value("approved").run()
    assert button(app, "Import").disabled and "Its 1 screen will not be shown any more" in shown(app)
    app = next(one for one in app.checkbox if one.key == "lib_replace").check().run()
    app = button(app, "Import").click().run()
    assert not problems(app)
    button(app, "Use the reference list of approved drugs").click().run()
    named = {read_spec(queue.job_folder(job.id)).params["library"]: job.id for job in queue.list_jobs()}
    assert sorted(named) == ["approved", "approved reference list"]
    finish(named["approved"])
    app = open_page("library.py", lib_library="approved", **SCREENING)
    assert_healthy(app)
    assert "1 earlier screen of approved" in shown(app) and "Screen approved" in [one.label for one in app.button]
    app = open_page("repurposing.py")
    assert_healthy(app)
    assert "1 earlier screen of approved" in shown(app) and "3 of 8" not in shown(app)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("", "empty.csv", "empty"),
        ("COSMIC_ID,TYPE\n1,SKCM\n", "cells.csv", "no column with structures"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "picture.png", "picture.png"),
        (b"PK\x03\x04broken", "broken.xlsx", "broken.xlsx"),
    ],
)
def test_files_that_are_no_list_of_molecules(
    content: str | bytes, name: str, words: str, filled_home: Path, open_page: Open, no_leftovers: None
):
    app = upload(open_page("library.py", **IMPORT), content, name)
    assert not app.exception and len(app.error) == 1
    assert words in problems(app).replace("\\", "")


def test_weights_that_are_no_range_are_refused(filled_home: Path, open_page: Open):
    app = open_page("library.py", **IMPORT)
    app = next(one for one in app.number_input if one.label == "Heaviest, g/mol").set_value(100.0).run()
    assert "The weights 200 to 100 g/mol are no range" in problems(app)


def test_the_ranking_opens_with_its_warning_and_the_most_potent(filled_home: Path, open_page: Open):
    app = open_page("library.py")
    assert_healthy(app)
    text = shown(app)
    assert "**How far to trust this.**" in text and "never evaluated on unseen drugs" in text
    assert ranking(app)["Molecule"][0] == "Bortezomib" and len(ranking(app)) == 16
    assert (
        "16 molecules for" in text
        and "Nearest drug trained on" in text
        and "Open Bortezomib" in str([one.proto.label for one in app.get("page_link")])
    )
    assert app.session_state["lib_tab"] == "Ranking"


def test_a_link_opens_a_type_a_line_and_a_molecule(filled_home: Path, open_page: Open):
    with Database(store_path()).write() as connection:
        known = connection.execute("SELECT molecule_id FROM library WHERE name = 'Niclosamide'").fetchone()[0]
    query = {"lib_library": LIBRARY, "lib_screen": SCREEN, "lib_type": "SKCM", "lib_order": "selectivity"}
    app = open_page("library.py", **query, lib_class="non-oncology", lib_molecule=known)
    assert_healthy(app)
    assert "8 of 16 molecules for Melanoma (SKCM)" in shown(app).replace("\\", "")
    assert "Niclosamide" in [one.value for one in app.subheader] and "STAT inhibitor" in shown(app)
    app = open_page("library.py", lib_subject="line", lib_line=str(FIRST_LINE + 1), lib_search="egfr")
    assert_healthy(app)
    assert set(ranking(app)["Molecule"]) >= {"Erlotinib", "Lapatinib"} and "Interval from" in ranking(app)
    assert "too narrow for unseen drugs" in shown(app)


def test_a_search_moves_the_panel_to_its_first_row(filled_home: Path, open_page: Open):
    app = open_page("library.py", lib_search="niclosamide")
    assert_healthy(app)
    assert list(ranking(app)["Molecule"]) == ["Niclosamide"]
    names = [one.value for one in app.subheader]
    assert "Niclosamide" in names and "Bortezomib" not in names


def test_trained_drugs_stand_beside_what_was_measured_and_intervals_have_their_caveat(
    filled_home: Path, open_page: Open
):
    app = open_page("library.py", lib_type="SKCM")
    assert_healthy(app)
    table = ranking(app).set_index("Molecule")
    own = data.database().query(
        """SELECT median(v) AS v, count(*) AS n FROM (
           SELECT avg(r.ln_ic50) AS v FROM response r JOIN drug d USING (drug_id)
           JOIN cell_line c USING (cosmic_id) WHERE d.name = 'Dabrafenib' AND c.cancer_type = 'SKCM'
           AND r.dataset = (SELECT config->>'dataset' FROM run WHERE run_id = ?) GROUP BY r.cosmic_id)""",
        [RUN],
    )
    assert table.loc["Dabrafenib", "Lines measured"] == own["n"][0] > 0
    assert table.loc["Dabrafenib", "Measured ln(IC50)"] == pytest.approx(own["v"][0])
    assert table.loc["Aspirin", "Lines measured"] == 0
    assert (table["Interval to"] > table["Interval from"]).all()
    app = open_page("library.py", lib_type="SKCM", lib_search="dabrafenib")
    text = shown(app)
    assert "**measured " in text and "90 % interval of one line of the type" in text
    assert "too narrow for unseen drugs" in text


def test_selectivity_of_a_small_library_is_said_to_be_its_own(filled_home: Path, open_page: Open):
    app = open_page("library.py")
    assert "relative to the 16 molecules of this library, fewer than 100" in app.warning[0].value
    with Database(store_path()).write() as connection:
        connection.execute(
            "UPDATE library_screen SET reference = [[i * j % 7 + random() FOR i IN range(40)] FOR j IN range(9)]"
        )
    app = open_page("library.py")
    assert_healthy(app)
    assert "relative to the 9 drugs the run was trained on" in shown(app)
    assert not app.warning


def test_the_file_of_a_ranking_says_how_it_was_made(filled_home: Path):
    of = library_data.library_rank.ranked(data.database(), SCREEN, min_lines=5)
    asked = library_ranking._asked(of, True, "SKCM", "")
    about = library_ranking._about(
        of, asked, next(one for one in runs(data.database()) if one.run_id == RUN), "potency"
    )
    assert (about["library"], about["ranked_for"]) == (LIBRARY, "Melanoma (SKCM)")
    assert about["run"] == of.summary.run_id
    assert about["lines"] == 8 and about["run_split"] and about["screened_at_utc"].startswith("2026-11-21")
    assert about["selectivity"] == "relative to the 16 molecules of this library" and about["selectivity_sd_ln_um"] > 0


def test_rows_that_a_setting_would_keep_are_named_with_it(filled_home: Path, open_page: Open):
    table = (
        "name,smiles\nTemozolomide,Cn1nnc2c(C(N)=O)ncn2c1=O\n"
        f"Verapamil,{VERAPAMIL}\nVerapamil chloride,{VERAPAMIL}.Cl\n"
    )
    text = shown(upload(open_page("library.py", **IMPORT), table, "own.csv"))
    assert "Temozolomide: 194.2 g/mol, set Lightest to 190" in text.replace("\\", "")
    assert "Verapamil chloride: turn on Largest fragment of salts" in text.replace("\\", "")


def test_only_the_jobs_of_a_library_stand_on_its_screen_tab(filled_home: Path, open_page: Open, monkeypatch):
    monkeypatch.setattr(queue.launch, "start", lambda folder: None)
    for library in (LIBRARY, "another"):
        queue.submit("screen_library", f"Screen {library} with {RUN}", {"library": library, "run_id": RUN})
    text = shown(open_page("library.py", **SCREENING))
    assert f"Screen {LIBRARY} with" in text and "Screen another with" not in text


def test_filters_that_leave_nothing_can_be_cleared(filled_home: Path, open_page: Open):
    app = open_page("library.py", lib_search="no such molecule")
    assert_healthy(app)
    assert "**No molecule matches these filters.**" in shown(app)
    app = button(app, "Clear all filters").click().run()
    assert len(ranking(app)) == 16
    app = next(one for one in app.selectbox if one.key == "lib_reach").set_value("inside").run()
    assert set(ranking(app)["Reach"]) == {"within reach"}


def test_what_a_link_names_and_the_store_has_not_is_replaced(filled_home: Path, open_page: Open):
    app = open_page(
        "library.py", lib_library="gone", lib_screen="gone", lib_type="gone", lib_molecule="gone", lib_order="gone",
        lib_class="gone", lib_subject="gone", lib_tab="gone",
    )  # fmt: skip
    assert_healthy(app)
    assert len(ranking(app)) == 16


def test_molecules_are_drawn_in_pages(filled_home: Path, open_page: Open):
    app = open_page("library.py", lib_tab="Molecules")
    assert_healthy(app)
    text = shown(app)
    assert "1 to 12 of 16 molecules" in text and "**Aspirin**" in text and r"\<b\>Odd" in text
    assert "Within reach of the run" in text
    app = next(one for one in app.number_input if one.key == "lib_page").set_value(2).run()
    assert "13 to 16 of 16 molecules" in shown(app) and "**Verapamil**" in shown(app)
    app = next(one for one in app.text_input if one.key == "lib_find").set_value("proteasome").run()
    assert_healthy(app)
    assert "1 to 1 of 1 molecule" in shown(app) and "**Bortezomib**" in shown(app)


def test_a_library_without_a_screen_says_how_much_work_it_is(filled_home: Path, open_page: Open):
    with Database(store_path()).write() as connection:
        connection.execute("DELETE FROM library_prediction")
        connection.execute("DELETE FROM library_screen")
    app = open_page("library.py")
    assert_healthy(app)
    assert app.session_state["lib_tab"] == "Screen" and "known after a screen" not in shown(app)
    assert "16 molecules × 40 cell lines × 5 networks: 3,200 predictions" in shown(app)
    app = button(app, "Screen approved").click().run()
    assert "job folder of run" in problems(app).replace("\\", "")  # this run was never trained here
    app = open_page("library.py", lib_tab="Ranking")
    assert "has not been screened yet" in shown(app)
    app = open_page("library.py", lib_tab="Molecules")
    assert "known after a screen" in shown(app)


def test_a_store_without_networks_says_what_is_missing(filled_home: Path, open_page: Open):
    with Database(store_path()).write() as connection:
        connection.execute("DELETE FROM run")
        connection.execute("DELETE FROM metric")
    app = open_page("library.py", **SCREENING)
    assert_healthy(app)
    assert "**No predictions yet.**" in shown(app)
    app = open_page("library.py")
    assert_healthy(app)
    assert "no longer in the store" in shown(app)


@pytest.mark.parametrize(
    ("skill", "words"),
    [
        ((0.2, 0.1, 0.3), "better than the naive baseline"),
        ((-0.2, -0.3, -0.1), "**worse than the naive baseline**"),
        ((0.05, -0.1, 0.2), "**no better than the naive baseline**"),
    ],
)
def test_the_warning_says_what_the_honest_split_found(filled_home: Path, skill: tuple[float, float, float], words: str):
    db = Database(store_path())
    with db.write() as connection:
        connection.execute("UPDATE run SET split = 'drug' WHERE run_id = ?", [HONEST_RUN])
        connection.execute(
            "UPDATE metric SET value = ?, lower = ?, upper = ?"
            " WHERE run_id = ? AND model = 'ensemble' AND name = 'skill' AND scope = 'all'",
            [*skill, HONEST_RUN],
        )
    found = runs(db)
    run = next(one for one in found if one.run_id == RUN)
    text = library_screen.worth_words(run, found)
    assert words in text and "95 % interval" in text and "cancer type × drug mean" in text
