"""The page of one patient, on the demonstration store that the session builds once."""

import logging
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from page_checks import Open, assert_healthy, shown, words
from streamlit.testing.v1 import AppTest

from dashboard import patient_session, state
from dashboard.patient_input import type_label
from dashboard.patient_ranking import alike_words, measured_words, ordinal, screen_table, shift_words, skill_words
from dashboard.patient_receipt import in_order, in_words, matching, receipt_table, used_words
from dashboard.patient_views import shift_words as compared_shift
from engine.errors import InputError
from engine.patient.joined import VERDICTS
from engine.patient.types import RANKING_COLUMNS, BuildVerdict, Genome, Receipt

LIST = "BRAF V600E\nTP53 R175H\nBRAF p.Val600Glu\nTTN A100V\nnonsense here"
MARKER = "QXMARKER"


@pytest.fixture
def on_demo(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared demonstration store; read only."""
    monkeypatch.setenv("TUMORCAST_HOME", str(demo_home))
    return demo_home


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run(timeout=120)


def paste(app: AppTest, text: str, label: str = "", cancer_type: str = "") -> AppTest:
    """Paste a list and rank it."""
    app.segmented_control(key="patient_place").set_value("paste").run()
    app.text_area(key="patient_text").set_value(text)
    app.text_input(key="patient_label").set_value(label)
    app.selectbox(key="patient_type").set_value(cancer_type)
    app.run()
    return press(app, "Read and rank")


def opened(app: AppTest) -> dict[str, patient_session.Opened]:
    key = state.KEPT + "patient_opened"
    return app.session_state[key] if key in app.session_state else {}  # noqa: SIM401 - it has no get


def test_from_a_pasted_list_to_receipt_ranking_and_what_if(on_demo, open_page: Open):
    app = paste(open_page("patient.py"), LIST, MARKER, "SKCM")
    assert_healthy(app)
    assert app.query_params == {}
    assert "orange-badge[Research use only]" in shown(app) and "orange-badge[Simulated]" in shown(app)
    patient = opened(app)[MARKER]
    assert patient.case.receipt.total == 5 and patient.case.cancer_type == "SKCM"
    assert patient.genome.keys == ("BRAF:600", "TP53:175")
    text = shown(app)
    assert "**Of 5 rows 2 are mutated positions that the networks know; " in text
    assert "The ranking rests on BRAF p.V600E and TP53 p.R175H alone." in text
    assert "**How far to trust this.** **" in text and "skill above 0 on unseen cell lines.** Skill over all" in text
    assert ":orange-badge[:material/science: Research use only. Not for treatment decisions.]" in text
    table = app.dataframe[0].value
    assert len(table) == len(patient.ranking.table) == 60
    assert list(table["z-score"]) == sorted(table["z-score"])
    titles = [item.value for item in app.subheader]
    assert titles[0] == "60 drugs" and "Which mutations moved the prediction?" in titles

    app.toggle(key="patient_approved").set_value(True).run()
    approved = int(patient.ranking.table["approved"].fillna(False).sum())
    assert f"{approved} of 60 drugs" in [item.value for item in app.subheader]
    app.text_input(key="patient_find").set_value("no such drug").run()
    assert_healthy(app)
    assert "No drug matches these filters" in shown(app)
    press(app, "Clear all filters")
    assert app.subheader[0].value == "60 drugs"

    app.session_state["patient_tab"] = "All rows"
    app.run()
    rows = app.dataframe[0].value
    assert list(rows["Fate"])[:2] == ["Used", "Used"] and set(rows["Fate"]) >= {"Duplicate", "Not understood"}
    app.multiselect(key="patient_fate").set_value(["duplicate"]).run()
    assert list(app.dataframe[0].value["Row"]) == [3]
    app.session_state["patient_tab"] = "Similar lines"
    assert_healthy(app.run())
    assert "What did these drugs do to the most similar cell lines?" in [item.value for item in app.subheader]

    app.session_state["patient_tab"] = "What if"
    app.run()
    assert "Nothing is changed yet" in shown(app)
    app.text_input(key="patient_add").set_value("KRAS G12D").run(timeout=120)
    assert_healthy(app)
    assert "+ KRAS:12;" in words(app)
    app.text_input(key="patient_add").set_value("KRAS").run()
    assert [item.value for item in app.error] and not app.exception
    app.text_input(key="patient_add").set_value("").run()
    app.multiselect(key="patient_remove").set_value(["BRAF:600"]).run(timeout=120)
    assert "− BRAF:600;" in words(app)
    assert app.query_params == {} and MARKER not in str(app.query_params)


def test_two_patients_are_compared_and_survive_a_walk(on_demo, open_page: Open):
    app = paste(open_page("patient.py"), "BRAF V600E", "Before", "SKCM")
    press(app, "Add another")
    paste(app, "KRAS G12D; TP53 R175H", "<b>After</b>")
    assert_healthy(app)
    assert list(opened(app)) == ["Before", "<b>After</b>"]
    assert app.selectbox(key="patient_current").value == "<b>After</b>"
    app.session_state["patient_tab"] = "Compare"
    app.run()
    assert_healthy(app)
    assert "Where do they differ?" in [item.value for item in app.subheader]
    assert app.multiselect(key="patient_compared").value == ["Before", "<b>After</b>"]
    assert "<b>After" not in "".join(str(item.proto.spec) for item in app.get("plotly_chart"))
    app.switch_page("../pages/drug.py").run(timeout=60)
    assert "patient" not in str(app.query_params)
    app.switch_page("../pages/patient.py").run(timeout=60)
    assert_healthy(app)
    assert list(opened(app)) == ["Before", "<b>After</b>"]
    app.selectbox(key="patient_current").set_value("Before").run(timeout=60)
    assert app.selectbox(key="patient_own_type").value == "SKCM"
    app.selectbox(key="patient_own_type").set_value("").run(timeout=120)
    assert opened(app)["Before"].ranking.cancer_type is None
    press(app, "Close")
    assert list(opened(app)) == ["<b>After</b>"]
    press(app, "Close")
    assert_healthy(app)
    assert "Read and rank" in [button.label for button in app.button]


def test_a_new_patient_starts_with_nothing_of_the_one_before(on_demo, open_page: Open):
    app = paste(open_page("patient.py"), LIST, "First", "SKCM")
    table = opened(app)["First"].ranking.table
    app.text_input(key="patient_find").set_value(str(table["drug"].iloc[5])).run(timeout=60)
    app.session_state["patient_tab"] = "What if"
    app.run()
    app.text_input(key="patient_add").set_value("KRAS G12D").run(timeout=120)
    assert "Noise: 30 positions drawn at random" in shown(app) and "have no intervals" in shown(app)
    app.multiselect(key="patient_remove").set_value(["BRAF:600"]).run(timeout=120)
    app.session_state["patient_tab"] = "All rows"
    app.run()
    app.multiselect(key="patient_fate").set_value(["duplicate"]).run()
    app.text_input(key="patient_search").set_value("BRAF").run()
    press(app, "Add another")
    assert app.text_area(key="patient_text").value == "" and app.text_input(key="patient_label").value == ""
    assert app.selectbox(key="patient_type").value == ""

    def untouched() -> None:
        assert app.multiselect(key="patient_fate").value == [] and app.text_input(key="patient_search").value == ""
        app.session_state["patient_tab"] = "What if"
        app.run()
        assert app.text_input(key="patient_add").value == "" and app.multiselect(key="patient_remove").value == []
        app.session_state["patient_tab"] = "Ranking"
        app.run(timeout=60)
        assert app.text_input(key="patient_find").value == ""

    paste(app, "BRAF V600E; KRAS G12D", "Second")
    untouched()
    first = int(opened(app)["Second"].ranking.table["drug_id"].iloc[0])
    assert app.selectbox(key="patient_drug").value == first
    app.selectbox(key="patient_drug").set_value(int(table["drug_id"].iloc[9])).run(timeout=60)
    app.text_input(key="patient_find").set_value("a").run(timeout=60)
    app.selectbox(key="patient_current").set_value("First").run(timeout=60)
    assert app.text_input(key="patient_find").value == ""
    assert app.selectbox(key="patient_drug").value == int(table["drug_id"].iloc[0])


def test_a_pasted_table_is_read_by_its_columns(on_demo, open_page: Open):
    rows = ["Hugo_Symbol\tTumor_Sample_Barcode\tHGVSp_Short\tVAF"]
    rows += ["BRAF\tone\tp.V600E\t0.3", "TP53\ttwo\tp.R175H\t0.2", "KRAS\ttwo\tp.G12D\t0.1"]
    app = paste(open_page("patient.py"), "\n".join(rows))
    assert not app.exception and not app.error
    assert app.selectbox(key="patient_sample").options == ["one", "two"]
    app.selectbox(key="patient_sample").set_value("two").run()
    press(app, "Read and rank")
    assert_healthy(app)
    assert opened(app)["Patient A"].genome.keys == ("KRAS:12", "TP53:175")


def test_another_text_is_not_asked_for_the_samples_of_the_one_before(on_demo, open_page: Open):
    table = "Hugo_Symbol,Tumor_Sample_Barcode,HGVSp_Short\nBRAF,one,p.V600E\nTP53,two,p.R175H"
    app = paste(open_page("patient.py"), table)
    assert app.selectbox(key="patient_sample").options == ["one", "two"]
    paste(app, "BRAF V600E")
    assert_healthy(app)
    assert opened(app)["Patient A"].genome.keys == ("BRAF:600",)


def test_an_example_fills_the_form(on_demo, open_page: Open):
    app = press(open_page("patient.py"), "BRAF V600E melanoma")
    assert app.text_area(key="patient_text").value == "BRAF V600E"
    assert app.selectbox(key="patient_type").value == "SKCM"
    press(app, "Read and rank")
    assert "**The only row is a mutated position that the networks know.**" in shown(app)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 8, ""),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), ""),
        (b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n", ""),
        (b"a,b,c\n1,2,3\n", ""),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(on_demo, open_page: Open, content, said):
    app = open_page("patient.py")
    app.get("file_uploader")[0].upload(f"{MARKER}.vcf", content, "text/plain").run()
    press(app, "Read and rank")
    assert not app.exception
    (error,) = app.error
    assert said in error.value and MARKER not in error.value and "should not" not in error.value
    assert opened(app) == {}


def test_a_list_without_a_mutation_has_a_receipt_and_no_ranking(on_demo, open_page: Open):
    app = paste(open_page("patient.py"), "TTN A100V")
    assert_healthy(app)
    assert "**The only row lies in a gene outside the census.**" in shown(app)
    assert "nothing to rank" in shown(app)
    assert "PDF report" not in [item.label for item in app.get("download_button")]


def test_a_panel_without_genes_is_explained(on_demo, open_page: Open):
    app = open_page("patient.py")
    app.selectbox(key="patient_sequenced").set_value("panel").run()
    paste(app, "BRAF V600E")
    assert ["Say which genes the panel covers" in item.value for item in app.error] == [True]
    app.text_area(key="patient_panel").set_value("BRAF, KRAS, TP53").run()
    press(app, "Read and rank")
    assert opened(app)["Patient A"].case.receipt.panel.startswith("panel of 3 genes")
    assert opened(app)["Patient A"].ranking.completions > 0


def test_several_samples_are_asked_for(on_demo, open_page: Open):
    head = "##fileformat=VCFv4.2\n" + "\t".join(
        ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", f"<i>{MARKER}</i>", "NORMAL"]
    )
    row = "\t".join(["7", "140453136", ".", "A", "T", ".", "PASS", ".", "GT", "0/1", "0/0"])
    app = open_page("patient.py")
    app.get("file_uploader")[0].upload("x.vcf", f"{head}\n{row}\n".encode(), "text/plain").run()
    press(app, "Read and rank")
    assert not app.exception and not app.error
    assert app.selectbox(key="patient_sample").options == [f"<i>{MARKER}</i>", "NORMAL"]
    press(app, "Read and rank")
    assert_healthy(app)
    assert opened(app)["Patient A"].case.receipt.total == 1


def test_cases_are_saved_opened_and_deleted(demo_home: Path, tumorcast_home: Path, open_page: Open):
    shutil.copytree(demo_home, tumorcast_home, dirs_exist_ok=True)
    app = paste(open_page("patient.py"), "BRAF V600E", MARKER)
    press(app, "Save this case in the local store")
    assert_healthy(app)
    assert opened(app)[MARKER].case.case_id
    assert "Saved in the local store" in shown(app)
    press(app, "Close")
    assert "1 saved case" in [item.value for item in app.subheader]
    press(app, "Open")
    assert opened(app)[MARKER].genome.keys == ("BRAF:600",)
    press(app, "Add another")
    press(app, "Delete for good")
    assert not app.exception and opened(app) == {}
    assert "saved case" not in shown(app)


def test_an_unforeseen_error_tells_nothing_of_the_patient(caplog):
    def fail() -> None:
        with patient_session.discreet("reading the list"):
            int(MARKER)

    with caplog.at_level(logging.DEBUG), pytest.raises(InputError, match="while reading the list") as caught:
        fail()
    assert MARKER not in str(caught.value) and MARKER not in caplog.text
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert "ValueError" in caplog.text
    with pytest.raises(InputError, match="as it is"), patient_session.discreet("x"):
        raise InputError("as it is")


def receipt(fates: list[str]) -> Receipt:
    import pandas as pd

    from engine.patient.types import FATES, RECEIPT_COLUMNS

    rows = pd.DataFrame({name: [""] * len(fates) for name in RECEIPT_COLUMNS}).assign(
        row=range(1, len(fates) + 1), fate=fates, gene="TP53", position_key="TP53:Splice_Site", bit=pd.NA, lines=pd.NA
    )
    counts = {fate: fates.count(fate) for fate in FATES}
    return Receipt("MAF", "0" * 64, rows, counts, BuildVerdict("", False, ""), Genome(()), "whole exome")


@pytest.mark.parametrize(
    ("fates", "said"),
    [
        (["used", "silent", "silent"], "Of 3 rows 1 is a mutated position that the networks know; 2 are silent"
         " or non-coding."),
        (["outside_census"] * 2, "Of 2 rows none are mutated positions that the networks know; 2 lie in"
         " genes outside the census."),
        (["not_understood"], "The only row was not understood."),
        (
            ["used", "used", "new_position", "duplicate", "duplicate"],
            "Of 5 rows 2 are mutated positions that the networks know; 2 repeat others and 1 is in a census gene at a "
            "position that no training line has.",
        ),
    ],
)  # fmt: skip
def test_the_receipt_in_words(fates, said):
    assert in_words(receipt(fates)) == said


def test_used_positions_are_named_until_they_are_many():
    assert used_words(receipt(["silent"])) == "To the networks this is a genome without mutations."
    assert used_words(receipt(["used"])) == "The ranking rests on TP53 splice site alone."
    assert (
        used_words(receipt(["used"] * 9))
        == "These 9 rows are 1 different position in 1 gene; the ranking rests on them alone."
    )


def test_the_receipt_is_searched_as_text():
    table = receipt_table(receipt(["used", "silent"]))
    assert len(matching(table, "tp53:SPLICE")) == 2 and len(matching(table, "silent")) == 1
    assert len(matching(table, "(")) == 0 and len(matching(table, " ")) == 2


def test_drugs_that_carriers_answer_to_are_named_wherever_the_model_ranks_them():
    table = pd.DataFrame(
        {
            "drug": ["Trametinib", "Nutlin-3a (-)", "Dabra*fenib"],
            "marker": ["", "TP53", "BRAF:600"],
            "marker_z": [float("nan"), 0.36, -2.42],
            "marker_n": [0, 536, 54],
        }
    )
    ranking = SimpleNamespace(table=table)
    assert measured_words(ranking) == (
        "**Measured, no model asked:** cell lines that share a mutated position or gene with this patient are most "
        "sensitive to **Dabra\\*fenib** (BRAF\\:600, mean measured z −2.42, 54 lines; the model ranks it 3rd of 3)."
    )
    assert measured_words(SimpleNamespace(table=table.assign(marker_z=float("nan")))) == ""


def drugs(**columns) -> SimpleNamespace:
    return SimpleNamespace(table=pd.DataFrame(columns), split="cell_line")


@pytest.mark.parametrize(
    ("skill", "said"),
    [
        ([0.1, -0.2, -0.3, None], "**Only 1 of 3 drugs has skill above 0 on unseen cell lines.**"),
        ([0.1, 0.2, -0.3], "**2 of 3 drugs have skill above 0 on unseen cell lines.**"),
        ([-0.1, 0.0], "**None of 2 drugs has skill above 0 on unseen cell lines.**"),
        ([None, None], ""),
    ],
)
def test_how_many_drugs_have_skill_is_said_first(skill, said):
    assert skill_words(drugs(skill=pd.Series(skill, dtype=float))) == said


def test_a_shift_of_nearly_all_drugs_is_said():
    said = shift_words(drugs(z_score=[-1.0] * 19 + [0.1, None]))
    assert "more sensitive than the average line to nearly everything (z below 0 for 19 of 20 drugs)" in said
    assert "more resistant" in shift_words(drugs(z_score=[0.5] * 4))
    assert shift_words(drugs(z_score=[-1.0] * 9 + [1.0])) == "" and shift_words(drugs(z_score=[None])) == ""
    assert "**A common shift.** Over all drugs B is predicted more sensitive than \\<b\\>, by 0.500" in compared_shift(
        "B", "<b>", 0.5
    )
    assert compared_shift("A", "B", 0.05) == "" and compared_shift("A", "B", float("nan")) == ""


def test_places_have_endings():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 76, 111, 1002)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "76th", "111th", "1,002nd")
    ]


def test_measured_evidence_stands_beside_the_z_score():
    table = pd.DataFrame(
        {
            **{name: [None, None] for name in RANKING_COLUMNS},
            **{"drug": ["A", "B"], "target": ["x", "y"], "z_score": [-1.0, 0.0], "marker": ["BRAF:600", ""]},
            **{"marker_z": [-2.42, float("nan")], "marker_n": [54, 0], "skill": [0.1, 0.2], "n_skill": [9, 9]},
            **{"lower": [0.0, 0.0], "upper": [1.0, 1.0], "z_low": float("nan"), "z_high": float("nan")},
            "extrapolation": pd.array([True, pd.NA], dtype="boolean"),
        }
    )
    found = screen_table(table)
    assert list(found)[:5] == ["Drug", "Target", "z-score", "Lines mutated alike", "Skill"]
    assert found["Lines mutated alike"].iloc[0] == -2.42  # sorts by number
    assert alike_words(table) == ["BRAF:600 −2.42 (n 54)", ""]
    assert list(found["Like what was trained on"]) == ["no", ""]
    assert "Like what was trained on" not in screen_table(table.assign(extrapolation=False))


def test_rows_are_listed_by_use_and_by_training_lines():
    rows = receipt(["silent", "used", "not_understood", "used", "new_position", "used"])
    rows.rows["lines"] = [pd.NA, 9, pd.NA, 100, pd.NA, 1]
    assert list(in_order(receipt_table(rows))["Row"]) == [4, 2, 6, 5, 3, 1]


def test_cancer_types_are_found_by_code_and_by_name():
    assert type_label("COAD_READ") == "COAD_READ · Colon and rectum"
    assert type_label("") == "Not told" and type_label("Nobody's") == "Nobody's"


def test_a_case_stands_beside_the_screen_of_its_spheroids(on_demo, open_page: Open):
    app = paste(open_page("patient.py"), LIST, MARKER, "SKCM")
    app.session_state["patient_tab"] = "Screen and SF2"
    assert_healthy(app.run(timeout=60))
    assert "Choose the screen of this tumour's spheroids" in shown(app)
    assert "SF2 is not known" in shown(app)
    app.selectbox(key="patient_screen").set_value("SIM-NTRK_DS1").run(timeout=60)
    assert_healthy(app)
    text = shown(app)
    assert "both say the same; by chance it would be" in text and "knows nothing of this case" in text
    assert "**Screen.** SIM-NTRK" in text and "not reviewed" in text
    table = app.dataframe[-1].value
    assert set(table["Verdict"]) <= set(VERDICTS.values()) and len(table) >= 3
    assert app.query_params == {}, "whose screen it is stays in this session"
