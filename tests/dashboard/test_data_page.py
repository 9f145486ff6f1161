"""The Data page: imports with receipts, the wizard with good and hostile files, public releases, the export."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from page_checks import Open, assert_healthy, shown
from streamlit.testing.v1 import AppTest

from dashboard import data, downloads, messages, state
from dashboard.tables import IMPORTED
from engine.fetch.releases import downloads_folder
from engine.jobs import queue
from engine.jobs.spec import read_spec
from engine.settings import store_path
from engine.store.database import Database
from engine.store.schema import TABLES

LINES = "COSMIC_ID,CELL_LINE_NAME,TCGA_DESC,Comment\n905933,OVCAR-3,OV,fine\n1,Alpha,SKCM,\n"
DRUGS = "DRUG_ID,DRUG_NAME,SMILES\n1,Ethanol,CCO\n"
MAF = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\nTP53\tMissense\tA375\n"
RESPONSES = "COSMIC_ID,DRUG_ID,LN_IC50\n905000,1,-1.5\n905001,1,2.5\n"
WIZARD = {"data_tab": "Import a table"}


def upload(app: AppTest, content: str | bytes, name: str = "table.csv") -> AppTest:
    raw = content.encode() if isinstance(content, str) else content
    return app.file_uploader[0].set_value((name, raw, "text/csv")).run()


def import_button(app: AppTest):
    return next(button for button in app.button if button.label == "Import")


def problems(app: AppTest) -> str:
    return "\n".join(item.value for item in app.error)


def notes(app: AppTest) -> str:
    return "\n".join(item.value for item in app.info)


def test_an_empty_store_opens_with_the_wizard_and_says_what_is_next(tumorcast_home: Path, open_page: Open):
    app = open_page("data.py")
    assert_healthy(app)
    assert app.session_state["data_tab"] == "Import a table"
    assert "**Next: cell lines.** Tables build on each other" in shown(app)
    formats = app.dataframe[0].value
    own_page = {"Library of molecules", "Spheroid screen"}  # imported on Library and on Screens
    assert set(formats["Table"]) == {*IMPORTED.values()} - own_page and len(formats) == 13
    assert app.get("download_button")[-1].proto.disabled


def test_every_source_stands_there_with_its_receipt(filled_home: Path, open_page: Open):
    app = open_page("data.py")
    assert_healthy(app)
    overview = app.dataframe[0].value
    assert list(overview["Source"]) == ["drugs", "lines", "mutations", "responses", "responses-2"]
    assert set(overview["Data"]) == {"Simulated"} and set(overview["Licence"]) == {"not noted"}
    assert "Read 40 rows, kept 40 (100 %)." in shown(app) and "No check failed." in shown(app)
    assert "0" * 64 in shown(app)
    assert "Nothing is missing: networks can be trained" in shown(app)


def test_a_receipt_is_shown_in_full_and_as_it_is(filled_home: Path, open_page: Open):
    receipt = {
        "dropped": {"unknown cell line": 3, "duplicate": 12},
        "flagged": {"no structure": 1},
        "examples": {"duplicate": ["row 7: name <b>![a](http://evil.test/a.png)</b>"]},
        "notes": ["IC50 in nm by the name of its column, :red[converted]."],
        "settings": {"dataset": None, "unit": "nm", "census_only": True, "format": "GDSC"},
        "merged": 2,
    }
    with Database(store_path()).write() as connection:
        connection.execute(
            "UPDATE source SET receipt = ?, rows_read = 55, licence = 'CC BY 4.0', origin = 'GDSC 8.5'"
            " WHERE source_id = 'responses'",
            [json.dumps(receipt)],
        )
    app = open_page("data.py", source="responses")
    assert_healthy(app)
    text = shown(app)
    assert "Read 55 rows, kept 40 (72.7 %)." in text
    assert text.index("Duplicate") < text.index("Unknown cell line")  # the commonest reason first
    assert "12 rows, such as row 7: name &lt;b&gt;![a](http://evil.test/a.png)&lt;/b&gt;" in text
    assert "**Kept although**" in text and "No structure" in text
    assert r"\:red\[converted\]" in text
    assert "dataset as the file says, unit nM" in text and "census" not in text
    assert "CC BY 4.0" in text and "GDSC 8.5" in text
    assert "2 rows averaged into others" in text


def test_an_unknown_source_in_a_link_shows_the_newest(filled_home: Path, open_page: Open):
    app = open_page("data.py", source="gone", data_tab="No such tab")
    assert_healthy(app)
    assert app.session_state["data_tab"] == "Imports" and "drugs" in [item.value for item in app.subheader]


def test_a_table_is_looked_at_and_then_imported(tumorcast_home: Path, open_page: Open, no_leftovers):
    app = upload(open_page("data.py", **WIZARD), LINES, "my lines.csv")
    assert_healthy(app)
    mapping, rows = app.dataframe[0].value, app.dataframe[1].value
    assert list(mapping["Used as"]) == ["COSMIC id of the cell line", "name", "cancer type (TCGA label)"]
    assert list(rows.columns) == ["COSMIC_ID", "CELL_LINE_NAME", "TCGA_DESC", "Comment"]
    assert "**cell-line table with TCGA labels** · 3 columns used, 1 ignored" in shown(app)
    assert "Ignored: Comment." in shown(app)
    assert queue.list_jobs() == []  # nothing was written so far
    assert app.text_input(key="import_name").value == "my lines"
    app.text_input(key="import_licence").set_value("CC0")
    app.text_input(key="import_name").set_value("mine").run()
    import_button(app).click().run()
    assert_healthy(app)
    (job,) = queue.list_jobs()
    params = read_spec(queue.job_folder(job.id)).params
    assert (params["kind"], params["source_id"], params["licence"]) == ("cell-lines", "mine", "CC0")
    assert params["file_name"] == "my lines.csv" and not params["simulated"]
    assert (queue.job_folder(job.id) / "inputs" / "table").read_text() == LINES
    assert "**Import my lines.csv**" in shown(app)


def test_a_finished_import_shows_its_receipt(tumorcast_home: Path, open_page: Open):
    app = upload(open_page("data.py", **WIZARD), LINES)
    import_button(app).click().run()
    folder = queue.job_folder(queue.list_jobs()[0].id)
    receipt = {"read": 2, "kept": 1, "dropped": {"duplicate": 1}, "examples": {"duplicate": ["row 3: <b>*x*"]}}
    (folder / "results" / "result.json").write_text(json.dumps(receipt))
    app.run()
    assert_healthy(app)
    assert "Read 2 rows, kept 1." in shown(app)
    assert r"duplicate, for example: row 3: \<b\>\*x\*" in shown(app)


def test_options_of_responses_reach_the_job(filled_home: Path, open_page: Open):
    app = upload(open_page("data.py", **WIZARD), RESPONSES, "screen.csv")
    assert_healthy(app)
    assert app.text_input(key="import_dataset").value == "screen"
    app.selectbox(key="import_unit").select("ln_um")
    app.text_input(key="import_dataset").set_value("Ours").run()
    assert_healthy(app)
    import_button(app).click().run()
    (job,) = queue.list_jobs()
    options = read_spec(queue.job_folder(job.id)).params["options"]
    assert options == {"dataset": "Ours", "unit": "ln_um", "census_only": True}


def test_the_files_own_datasets_are_left_to_the_file(filled_home: Path, open_page: Open):
    two = "DATASET,COSMIC_ID,DRUG_ID,LN_IC50\nGDSC1,905000,1,-1\nGDSC2,905000,1,1\n"
    app = upload(open_page("data.py", **WIZARD), two)
    assert app.text_input(key="import_dataset").value == "GDSC1, GDSC2"
    import_button(app).click().run()
    assert read_spec(queue.job_folder(queue.list_jobs()[0].id)).params["options"]["dataset"] is None


def test_all_genes_can_be_asked_for(filled_home: Path, open_page: Open):
    app = upload(open_page("data.py", **WIZARD), MAF, "x.maf")
    app.toggle(key="import_census").set_value(False).run()
    import_button(app).click().run()
    assert read_spec(queue.job_folder(queue.list_jobs()[0].id)).params["options"]["census_only"] is False


def test_raw_um_is_seen_before_it_is_written(filled_home: Path, open_page: Open):
    raw = "COSMIC_ID,DRUG_ID,LN_IC50\n" + "".join(f"905000,1,{v}\n" for v in (0.001, 0.5, 3, 12, 80, 0.02, 5, 7, 9, 30))
    app = upload(open_page("data.py", **WIZARD), raw)
    assert "look like µM, not ln of µM: set the unit to µM" in problems(app).replace("\\", "")
    assert import_button(app).disabled
    app.selectbox(key="import_unit").select("um").run()
    assert problems(app) == "" and not import_button(app).disabled
    assert "IC50 read as µM" in shown(app)


def test_another_file_begins_with_its_own_options(filled_home: Path, open_page: Open):
    app = upload(open_page("data.py", **WIZARD), RESPONSES, "first.csv")
    app.text_input(key="import_name").set_value("changed").run()
    app = upload(app, LINES, "second.csv")
    assert app.text_input(key="import_name").value == "second"


@pytest.mark.parametrize(
    ("kind", "told"),
    [("mutations", "It looks like a table of cell-lines instead"), ("drugs", "Missing column: DRUG_ID")],
)
def test_a_wrong_kind_names_what_is_missing(tumorcast_home: Path, open_page: Open, kind: str, told: str):
    app = upload(open_page("data.py", **WIZARD), LINES)
    app.selectbox(key="import_kind").select(kind).run()
    assert told in problems(app).replace("\\", "") and import_button(app).disabled


def test_what_must_be_imported_first_is_said(tumorcast_home: Path, open_page: Open):
    app = upload(open_page("data.py", **WIZARD), MAF, "x.maf")
    assert "The store knows no cell lines yet: import a table of cell lines before mutations." in problems(app).replace(
        "\\", ""
    )
    assert import_button(app).disabled


def test_a_name_of_another_kind_is_refused_and_of_the_same_kind_explained(filled_home: Path, open_page: Open):
    app = upload(open_page("data.py", **WIZARD), LINES, "drugs.csv")
    assert "already stands for imported drugs: choose another name" in problems(app) and import_button(app).disabled
    app.text_input(key="import_name").set_value("lines").run()
    assert problems(app) == "" and "Replaces the rows of lines, imported 2026-11-21 09" in notes(app)
    app.text_input(key="import_name").set_value("  ").run()
    assert "Give the source a name." in problems(app)
    app = upload(app, DRUGS, "more.csv")
    assert "Drugs of another import take over what this table says" in notes(app)


def test_a_simulated_store_is_pointed_out(filled_home: Path, open_page: Open):
    assert "This store holds simulated data" in notes(upload(open_page("data.py", **WIZARD), LINES, "x.csv"))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "empty.csv is empty"),
        ("photo.csv", b"\xff\xd8\xff\xe0 JFIF", "photo.csv is a JPEG photo, not a table"),
        ("binary.bin", bytes(range(256)) * 10, "it holds binary data"),
        ("page.csv", b"<!DOCTYPE html><p>Log in", "is a web page, not a table"),
        ("bomb.csv.gz", gzip.compress(bytes(20_000_000), 1), "its first row does not end within"),
        ("cut.csv.gz", gzip.compress(LINES.encode())[:-12], "is cut off or damaged"),
        ("[x](http://evil.test)![a](http://evil.test/b.png).csv", b"", "[x](http://evil.test)![a]("),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(
    tumorcast_home: Path, open_page: Open, no_leftovers, name: str, content: bytes, told: str
):
    app = upload(open_page("data.py", **WIZARD), content, name)
    assert not app.exception
    (error,) = app.error
    assert told in error.value.replace("\\", "")
    assert "![a](" not in error.value
    assert [button.label for button in app.button if button.label == "Import"] == []


def test_ten_thousand_columns_and_markup_in_their_names(tumorcast_home: Path, open_page: Open):
    more = ["<img src=x onerror=alert(1)>", "![a](http://evil.test/x.png)", *(f"c{i}" for i in range(10_000))]
    text = f"{','.join(more)},COSMIC_ID,name,tcga_label\n{','.join('1' for _ in more)},1,Alpha,OV\n"
    app = upload(open_page("data.py", **WIZARD), text)
    assert_healthy(app)
    assert list(app.dataframe[1].value.columns)[3:5] == more[:2]
    assert "3 columns used, 10,002 ignored" in shown(app) and "and 9,965 more." in shown(app)
    assert "![a](" not in shown(app)


def test_a_table_of_something_else(tumorcast_home: Path, open_page: Open):
    app = upload(open_page("data.py", **WIZARD), "gene,expression\nTP53,7\n")
    assert "The columns fit no known table." in problems(app) and import_button(app).disabled


def test_a_table_in_parquet(tumorcast_home: Path, open_page: Open):
    buffer = io.BytesIO()
    pd.DataFrame({"DRUG_ID": [1], "DRUG_NAME": ["Ethanol"], "SMILES": ["CCO"]}).to_parquet(buffer)
    app = upload(open_page("data.py", **WIZARD), buffer.getvalue(), "drugs.parquet")
    assert_healthy(app)
    assert not import_button(app).disabled


def test_a_fetched_file_brings_its_origin_and_licence(tumorcast_home: Path, open_page: Open):
    folder = downloads_folder() / "ccle"
    folder.mkdir(parents=True)
    (folder / "Model.csv").write_text("ModelID,COSMICID,CellLineName\nACH-000001,905933,NIH:OVCAR-3\n")
    app = open_page("data.py", **WIZARD)
    app.segmented_control(key="import_place").set_value("fetched").run()
    assert_healthy(app)
    assert app.selectbox(key="import_fetched").value == "Model.csv"
    assert app.text_input(key="import_licence").value == "CC BY 4.0"
    assert app.text_input(key="import_origin").value.startswith("DepMap Public 24Q4, https://ndownloader.figshare.com")
    assert "Holds no TCGA labels" in notes(app)
    import_button(app).click().run()
    assert_healthy(app)
    assert (folder / "Model.csv").exists() and len(queue.list_jobs()) == 1


def test_public_releases_with_licence_and_command(tumorcast_home: Path, open_page: Open):
    app = open_page("data.py", data_tab="Public releases")
    assert_healthy(app)
    commands = [code.value for code in app.code if " fetch " in code.value]
    assert [command.split()[-1] for command in commands] == [
        "gdsc", "ccle", "cell-model-passports", "pubchem", "gene-model", "liftover", "mane",
        "geo",
    ]  # fmt: skip
    assert "Licence: CC BY 4.0 ([terms](https://doi.org/10.25452/figshare.plus.27993248.v1))." in shown(app)
    tables = [item.value for item in app.dataframe if "Fetched" in item.value]
    assert sum(map(len, tables)) == 15 and set(pd.concat(tables)["Fetched"]) == {"no"}


def test_the_export_holds_every_table(filled_home: Path, open_page: Open):
    app = open_page("data.py", data_tab="Export")
    assert_healthy(app)
    tables = next(item.value for item in app.dataframe if "Holds" in item.value)
    rows = dict(zip(tables["File"], tables["Rows"], strict=True))
    assert sorted(rows) == sorted(f"{table}.parquet" for table in TABLES) and rows["drug.parquet"] == 13
    with zipfile.ZipFile(io.BytesIO(downloads._zipped())) as archive:
        assert set(archive.namelist()) == set(rows)
        with archive.open("drug.parquet") as file:
            assert len(pd.read_parquet(io.BytesIO(file.read()))) == 13
    assert "engine export FOLDER" in app.code[-1].value
    data._database.clear()


def test_other_pages_lead_here(tumorcast_home: Path, open_page: Open):
    assert "Import tables on the Data page" in [link.proto.label for link in open_page("home.py").get("page_link")]


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [
        ("plain words, 3.5 (n = 4)", "plain words, 3.5 (n = 4)"),
        ("![a](http://x) <b> *b* _i_ `c` $x$ :red[r]", r"!\[a\](http://x) \<b\> \*b\* \_i\_ \`c\` \$x\$ \:red\[r\]"),
        ("one\n\n# two", r"one \# two"),
    ],
)
def test_text_that_is_not_ours_is_shown_as_it_is(text, shown_as):
    assert messages.plain(text) == shown_as


def test_the_state_of_the_wizard_is_not_part_of_a_link():
    assert [name for name, key in state.KEYS.items() if name.startswith("import_") and key.linked] == []
