"""The Screens page: which screens there are, whether their plates can be trusted, and what may be done with them."""

import io
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from page_checks import Open, assert_healthy, button, shown
from small_reviews import put, score
from small_screens import CONTROLS, REASONS, RUN, SCORED, SWAPPED, fill
from streamlit.testing.v1 import AppTest

from dashboard import screens_data, screens_list, screens_quality
from engine.errors import InputError
from engine.jobs import launch, queue
from engine.jobs.spec import read_spec
from engine.settings import store_path
from engine.store.database import Database

LAYOUT = "Plate,Row,Column,WellType,Treatment,Concentration\n" + "".join(
    f"1,{row},{column},{kind},{drug},{dose}\n"
    for row, column, kind, drug, dose in (
        *(("B", column, "neg", "DMSO", 0) for column in range(2, 6)),
        *(("C", column, "pos", "Staurosporine", 250) for column in range(2, 6)),
        *(("D", column, "therapy", "Trametinib", 10 ** (column - 2)) for column in range(2, 7)),
    )
)
WORK, QUALITY, IMPORT = ({"scr_tab": tab} for tab in ("Train and score", "Quality", "Import"))


@pytest.fixture
def screens(tumorcast_home: Path) -> Database:
    """A store with three small screens."""
    db = Database(store_path())
    fill(db)
    return db


def matrix() -> str:
    values = {("B", c): 1000 for c in range(2, 6)} | {("C", c): 50 for c in range(2, 6)}
    values |= {("D", c): 1000 - 180 * (c - 2) for c in range(2, 7)}
    lines = ["\t".join(["", *map(str, range(1, 13))])]
    for row in "ABCDEFGH":
        lines.append("\t".join([row, *(str(values.get((row, c), "NA")) for c in range(1, 13))]))
    return "\n".join(lines) + "\n"


def write_screen(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "layout.csv").write_text(LAYOUT)
    (folder / "P1.txt").write_text(matrix())
    return folder


def listed(app: AppTest) -> pd.DataFrame:
    return next(one.value for one in app.dataframe if "Z' per plate" in one.value)


def problems(app: AppTest) -> str:
    return "\n".join(item.value for item in app.error)


def last_spec():
    return read_spec(queue.job_folder(queue.list_jobs()[0].id))


def test_an_empty_store_offers_an_import_and_the_demonstration(tumorcast_home: Path, open_page: Open, monkeypatch):
    asked = []
    monkeypatch.setattr("engine.demo.build.start_demo_screens", lambda: asked.append(1) or "job")
    app = open_page("screens.py")
    assert_healthy(app)
    text = shown(app)
    assert "**No spheroid screen yet.**" in text and "What can be read" in text and "Simulated" not in text
    button(app, "Build the demonstration screens").click().run()
    assert asked == [1]


def test_every_screen_stands_in_the_list_with_its_state_and_its_plates(screens, open_page: Open):
    app = open_page("screens.py", scr_readout="metabolic")
    assert_healthy(app)
    table = listed(app).set_index("Screen")
    assert table["State"].to_dict() == {SCORED: "Scored", SWAPPED: "Imported", CONTROLS: "Imported"}
    assert table.loc[SCORED, "Z' per plate"] == "P1 0.61 excellent, P2 0.58 excellent, P3 0.31 marginal"
    assert table.loc[SWAPPED, "Z' per plate"] == "P1 0.66 excellent, P2 −4.2 unusable"
    assert table.loc[CONTROLS, "Z' per plate"] == "not judged"
    assert table.loc[SCORED, ["Replicate r", "Hits, images", "Hits, metabolic", "Drugs"]].tolist() == [0.93, 1, 1, 2]
    assert pd.isna(table.loc[SWAPPED, "Hits, metabolic"]) and table["Data"].eq("Simulated").all()
    text = shown(app)
    assert "Can living and killed controls be told apart?" in text and "orange-badge[Simulated]" in text
    assert "5 plates of 2 screens, metabolic, simulated data" in text
    assert next(one for one in app.multiselect if one.key == "scr_states").proto.placeholder == "All states"
    assert "Metabolic: 1 of 2 drugs" in text and REASONS["doubtful"] in text


def test_measured_screens_are_not_called_simulated(tumorcast_home: Path, open_page: Open):
    fill(Database(store_path()), simulated=False)
    app = open_page("screens.py")
    assert_healthy(app)
    assert "Simulated" not in shown(app) and listed(app)["Data"].eq("Measured").all()


def test_images_and_metabolism_are_judged_apart(screens, open_page: Open):
    app = open_page("screens.py")
    assert "marginal" in listed(app).set_index("Screen").loc[SCORED, "Z' per plate"]  # that of most screens first
    app = next(one for one in app.segmented_control if one.key == "scr_readout").set_value("image").run()
    assert listed(app).set_index("Screen").loc[SCORED, "Z' per plate"].endswith("P3 0.57: excellent")
    assert listed(app).set_index("Screen").loc[SWAPPED, "Z' per plate"] == "not judged"


def test_quality_tells_what_is_bad_and_why(screens, open_page: Open):
    app = open_page("screens.py", scr_screen=SWAPPED, scr_readout="metabolic", **QUALITY)
    assert_healthy(app)
    assert not [one for one in app.dataframe if "Verdict" in one.value]
    told = [one.value for one in app.markdown if ":material/error:" in one.value]
    assert len(told) == 2 and all("P2" in one and REASONS["bad"] in one for one in told)
    app = next(one for one in app.toggle if one.key == "scr_problems").set_value(False).run()
    verdicts = next(one.value for one in app.dataframe if "Verdict" in one.value)
    assert len(verdicts) == 5 and verdicts["Plate"].iloc[-1] == "All plates"
    assert verdicts["Verdict"].tolist()[:2] == ["Bad", "Bad"] and set(verdicts["Reason"][:2]) == {REASONS["bad"]}


def test_plates_that_share_a_reason_share_a_sentence():
    rows = pd.DataFrame(
        [
            ("P1", "z_prime", -0.82, "bad", "They overlap."), ("P2", "z_prime", -1.28, "bad", "They overlap."),
            ("", "z_prime", -2.2, "bad", "They overlap, all of them."), ("P1", "nrfe", np.nan, "unknown", "No drug."),
            ("P3", "suspect_wells", 2.0, "doubtful", "2 wells of 352."),
        ],
        columns=["plate", "measure", "value", "verdict", "reason"],
    )  # fmt: skip
    assert screens_quality.sentences(rows) == [
        ":material/error: **Z': P1 −0.820, P2 −1.28.** They overlap.",
        ":material/error: **Z': all plates −2.20.** They overlap, all of them.",
        ":material/warning: **Wells unlike their neighbours: P3 2.** 2 wells of 352.",
        ":material/help: **Residual fit error of the curves (NRFE): P1.** No drug.",
    ]


def test_a_screen_that_nobody_judged_says_so(screens, open_page: Open):
    app = open_page("screens.py", scr_screen=CONTROLS, **QUALITY)
    assert_healthy(app)
    assert "are not judged by this readout" in shown(app)
    app = button(app, "Score it").click().run()
    assert_healthy(app)
    assert app.session_state["scr_tab"] == "Train and score" and "is a control experiment" in shown(app)


def test_scores_of_a_network_that_was_trained_again_are_told_to_be_old(screens, open_page: Open):
    with screens.write() as connection:
        connection.execute("UPDATE readout SET run_id = 'job-t' WHERE modality = 'image_2'")  # after job-s
    app = open_page("screens.py", scr_screen=SCORED)
    assert_healthy(app)
    text = shown(app)
    assert text.count("by a network that was trained again since: score again") == 1
    assert "Images, phase II: 1 of 2 drugs (by a network" in text


def test_everything_of_a_screen_downloads(screens, open_page: Open):
    wells, scores = screens_data.wells(SCORED), screens_data.scores(SCORED)
    assert len(wells) == 2 * 5 * 2 and {"modality", "percent", "treatment"} <= set(wells)
    assert len(scores) == 12 and {"dss_asym", "gof", "ic50_nm"} <= set(scores)
    app = open_page("screens.py", scr_screen=SCORED, **QUALITY)
    assert_healthy(app)
    assert {f"screens_{kind}_csv" for kind in ("wells", "scores", "quality")} <= {
        one.proto.id.rsplit("-", 1)[-1] for one in app.get("download_button")
    }


def test_scoring_is_a_job(screens, open_page: Open):
    app = open_page("screens.py", scr_screen=SWAPPED, **WORK)
    assert_healthy(app)
    assert r"**SIM-B\_DS1 has no images.**" in shown(app)
    app = button(app, "Score").click().run()
    assert not problems(app)
    spec = last_spec()
    assert (spec.task, spec.params["screen"], spec.params["modality"]) == ("score_screen", SWAPPED, "metabolic")
    assert spec.params["settings"]["bootstrap"] == 200


def test_training_is_a_job_with_what_was_chosen(screens, open_page: Open, monkeypatch):
    asked = []
    monkeypatch.setattr("engine.spheroid.train.submit_training", lambda db, settings: asked.append(settings) or "job")
    app = open_page("screens.py", scr_screen=SCORED, **WORK)
    assert_healthy(app)
    assert any(RUN in one.value.get("Run", pd.Series(dtype=str)).tolist() for one in app.dataframe)
    app = next(one for one in app.selectbox if one.key == "scr_phase").set_value(1).run()
    app = next(one for one in app.selectbox if one.key == "scr_weights").set_value("none").run()
    assert "Random weights have never seen a picture" in shown(app)
    app = next(one for one in app.number_input if one.key == "scr_epochs").set_value(3).run()
    button(app, "Train").click().run()
    (settings,) = asked
    assert (settings.screen, settings.phase, settings.preset, settings.weights, settings.epochs) == (
        SCORED, 1, "fast", "none", 3,
    )  # fmt: skip


def test_weights_are_asked_for_only_where_they_count(screens, open_page: Open, monkeypatch):
    asked = []
    monkeypatch.setattr("engine.spheroid.train.submit_training", lambda db, settings: asked.append(settings) or "job")
    app = open_page("screens.py", scr_screen=SCORED, **WORK)

    def pick(key: str, value: object) -> None:
        next(one for one in app.selectbox if one.key == key).set_value(value).run()

    def there() -> bool:
        return "scr_weights" in {one.key for one in app.selectbox}

    pick("scr_phase", 2)
    assert not there(), "it starts from the newest run of phase I"
    pick("scr_start", "weights")
    assert there()
    pick("scr_weights", "file")
    assert button(app, "Train").disabled and "Give the path of the file" in shown(app)
    app.text_input(key="scr_weights_file").set_value("/data/w.pth").run()
    button(app, "Train").click().run()
    pick("scr_weights", "torchvision")
    button(app, "Train").click().run()
    pick("scr_phase", 3)
    assert not there() and "weights" not in next(one for one in app.selectbox if one.key == "scr_start").options
    button(app, "Train").click().run()
    told = [(settings.phase, settings.start, settings.weights) for settings in asked]
    assert told == [(2, "", "/data/w.pth"), (2, "", "torchvision"), (3, "", "")]


def test_what_a_job_refuses_is_told_in_words(screens, open_page: Open, monkeypatch):
    def refuse(db, settings):
        raise InputError("No weights: give a file.")

    monkeypatch.setattr("engine.spheroid.train.submit_training", refuse)
    app = open_page("screens.py", scr_screen=SCORED, **WORK)
    app = button(app, "Train").click().run()
    assert problems(app) == "No weights: give a file."


def test_a_folder_is_looked_at_then_imported(tumorcast_home: Path, open_page: Open, tmp_path: Path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "engine.spheroid.screen_import.submit_screen_import",
        lambda path, name, **more: asked.append((path, name, more)) or "job",
    )
    folder = write_screen(tmp_path / "Grün 1")
    app = open_page("screens.py")
    app = next(one for one in app.text_input if one.key == "scr_folder").set_value(str(folder)).run()
    assert_healthy(app)
    text = shown(app)
    assert "1 plate of 96 wells" in text and "1 drug" in text and "metabolic of 13 wells" in text
    assert "What is in the wells of P1?" in text and "13 wells with cells" in text
    app = next(one for one in app.text_input if one.key == "scr_sample").set_value("Line X").run()
    button(app, "Import").click().run()
    ((path, name, more),) = asked
    assert (path, name, more["sample"], more["replace"]) == (folder, "Grün 1", "Line X", False)


def test_simulated_screens_among_measured_ones_are_told(screens, open_page: Open):
    with screens.write() as connection:
        connection.execute("UPDATE screen SET simulated = false WHERE screen = ?", [SWAPPED])
    assert "5 plates of 2 screens, metabolic, some simulated" in shown(open_page("screens.py", scr_readout="metabolic"))


def test_an_addition_is_told_before_the_import(tumorcast_home: Path, open_page: Open, tmp_path: Path):
    folder = write_screen(tmp_path / "SIM-T_V1_DS1")
    lines = LAYOUT.splitlines()
    (folder / "layout.csv").write_text(
        "\n".join([f"{lines[0]},Addon", *(f"{x},{'Olaparib' if ',D,' in x else ''}" for x in lines[1:])])
    )
    app = open_page("screens.py")
    app = next(one for one in app.text_input if one.key == "scr_folder").set_value(str(folder)).run()
    assert_healthy(app)
    assert "with Olaparib: 5 wells" in shown(app)


def test_every_plate_can_be_looked_at_before_the_import(tumorcast_home: Path, open_page: Open, tmp_path: Path):
    folder = write_screen(tmp_path / "S")
    second = "".join(f"2,E,{column},therapy,Other,{column}\n" for column in range(2, 12))
    (folder / "layout.csv").write_text(LAYOUT + second)
    app = open_page("screens.py")
    app = next(one for one in app.text_input if one.key == "scr_folder").set_value(str(folder)).run()
    assert_healthy(app)
    plate = next(one for one in app.selectbox if one.key == "scr_map")
    assert plate.options == ["P1", "P2"] and "What is in the wells of P1?" in shown(app)
    app = plate.set_value("P2").run()
    assert_healthy(app)
    assert "What is in the wells of P2?" in shown(app) and "10 wells with cells" in shown(app)


def test_parts_of_a_stack_are_told_apart(tumorcast_home: Path, open_page: Open, tmp_path: Path):
    folder = write_screen(tmp_path / "S")
    for part in ("", "_1"):
        (folder / f"1_MMStack_B02-Site_0{part}.ome.tif").write_bytes(b"")  # names alone are looked at
    app = open_page("screens.py")
    app = next(one for one in app.text_input if one.key == "scr_folder").set_value(str(folder)).run()
    assert_healthy(app)
    (names,) = [one.value for one in app.dataframe if "Image" in one.value]
    assert names[["Well", "Image"]].to_numpy().tolist() == [["B02", "stack"], ["B02", "stack, part 1"]]


def test_percentages_and_the_day_are_told_by_the_form(
    tumorcast_home: Path, open_page: Open, tmp_path: Path, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        "engine.spheroid.screen_import.submit_screen_import",
        lambda path, name, **more: asked.append(more) or "job",
    )
    folder = write_screen(tmp_path / "S")

    def toggle(app, key: str):
        return next((one for one in app.toggle if one.key == key), None)

    def readouts_are(app, form: str):
        return next(one for one in app.selectbox if one.key == "scr_percent").set_value(form).run()

    app = open_page("screens.py")
    app = next(one for one in app.text_input if one.key == "scr_folder").set_value(str(folder)).run()
    for form in ("viability", "inhibition"):
        app = readouts_are(app, form)
        assert f"cannot be {form[:-3]}" in problems(app) and "in percent (half of them exceed" in problems(app)
        assert not [one for one in app.button if one.label == "Import"]  # signals, not percentages
    app = readouts_are(app, "")
    assert_healthy(app)
    assert toggle(app, "scr_death") is not None
    lines = [line.split("\t") for line in matrix().splitlines()]
    scaled = [[f"{float(cell) / 10:g}" if i and j and cell != "NA" else cell for j, cell in enumerate(line)]
              for i, line in enumerate(lines)]  # fmt: skip
    (folder / "P1.txt").write_text("\n".join("\t".join(line) for line in scaled) + "\n")
    app = next(one for one in app.text_input if one.key == "scr_folder").set_value(str(folder) + "/").run()
    app = readouts_are(app, "inhibition")
    assert "the metabolic readouts are given as inhibitions in percent" in problems(app)
    app = readouts_are(app, "viability")
    assert_healthy(app)
    assert "metabolic in percent of 13 wells" in shown(app) and toggle(app, "scr_death") is None
    app = next(one for one in app.date_input if one.key == "scr_day").set_value(date(2021, 3, 15)).run()
    assert_healthy(app)
    button(app, "Import").click().run()
    assert (asked[0]["percent"], asked[0]["screened_on"], asked[0]["death_readout"]) == (True, "2021-03-15", False)
    assert asked[0]["inhibition"] is False
    turned = [[f"{100 - float(cell):g}" if i and j and cell != "NA" else cell for j, cell in enumerate(line)]
              for i, line in enumerate(scaled)]  # fmt: skip
    (folder / "P1.txt").write_text("\n".join("\t".join(line) for line in turned) + "\n")
    app = next(one for one in app.text_input if one.key == "scr_folder").set_value(str(folder)).run()
    app = readouts_are(app, "inhibition")  # what was refused of this folder has been mended
    assert_healthy(app)
    assert "metabolic in percent of 13 wells" in shown(app) and "turned into viabilities (100 - inhibition)" in shown(
        app
    )
    button(app, "Import").click().run()
    assert (asked[1]["percent"], asked[1]["inhibition"], asked[1]["death_readout"]) == (False, True, False)


def test_a_zip_is_unpacked_and_looked_at(tumorcast_home: Path, open_page: Open, tmp_path: Path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mine/layout.csv", LAYOUT)
        archive.writestr("mine/P1.txt", matrix())
    app = open_page("screens.py")
    app = next(one for one in app.segmented_control if one.key == "scr_place").set_value("upload").run()
    app = app.file_uploader[0].set_value(("mine.zip", packed.getvalue(), "application/zip")).run()
    assert_healthy(app)
    assert "1 plate of 96 wells" in shown(app)


def test_a_taken_name_is_replaced_only_where_that_is_ticked(screens, open_page: Open, tmp_path: Path):
    app = open_page("screens.py", **IMPORT)
    app = next(one for one in app.text_input if one.key == "scr_folder").set_value(
        str(write_screen(tmp_path / SWAPPED))
    )
    app = app.run()
    assert_healthy(app)
    assert button(app, "Import").disabled and "There is a screen SIM-B\\_DS1 already" in shown(app)
    app = next(one for one in app.checkbox if one.key == "scr_replace").check().run()
    assert not button(app, "Import").disabled


@pytest.mark.parametrize(
    ("name", "files", "words"),
    [
        ("gone", None, "does not exist"),
        ("empty", {}, "holds no screen that could be found"),
        ("alone", {"layout.csv": LAYOUT}, "neither readouts nor images"),
        ("two", {"layout.csv": LAYOUT, "layout2.csv": LAYOUT, "P1.txt": "1"}, "holds 2 layouts"),
    ],
)
def test_what_is_no_screen_is_said_in_words(name, files, words, tumorcast_home: Path, open_page: Open, tmp_path: Path):
    folder = tmp_path / name
    if files is not None:
        folder.mkdir()
        for called, text in files.items():
            (folder / called).write_text(text)
    app = open_page("screens.py")
    app = next(one for one in app.text_input if one.key == "scr_folder").set_value(str(folder)).run()
    assert not app.exception and words in problems(app)
    assert "Import" not in [one.label for one in app.button]


def test_many_plates_are_counted_instead_of_named():
    rows = pd.DataFrame(
        {
            "plate": [f"P{i}" for i in range(6)], "value": [0.7, 0.6, 0.8, 0.4, -0.3, np.nan],
            "verdict": ["good"] * 3 + ["doubtful", "bad", "unknown"],
        }
    )  # fmt: skip
    told = screens_list.plates_in_words(rows)
    assert told == "6 plates, −0.30 to 0.80: 3 excellent, 1 marginal, 1 unusable, 1 not defined"
    assert screens_list.plates_in_words(rows.head(2)) == "P0 0.70, P1 0.60: excellent"


def test_screens_are_found_by_state_and_by_words():
    screens = pd.DataFrame(
        {
            "screen": ["A_DS1", "B_DS1"], "sample": ["Zürich 1", None], "entity": [None, "Sarcoma (GIST)"],
            "state": ["in_review", "scored"],
        }
    )  # fmt: skip
    assert list(screens_list.asked_for(screens, (), "")["screen"]) == ["A_DS1", "B_DS1"]
    assert list(screens_list.asked_for(screens, ("in_review",), "")["screen"]) == ["A_DS1"]
    assert list(screens_list.asked_for(screens, (), " zürich")["screen"]) == ["A_DS1"]
    assert list(screens_list.asked_for(screens, (), "(gist")["screen"]) == ["B_DS1"]
    assert screens_list.asked_for(screens, ("scored",), "zürich").empty


def test_home_leads_to_the_review_where_there_are_only_screens(
    tumorcast_home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    db = Database(store_path())
    put(db, modalities=("metabolic",))
    score(db, modalities=("metabolic",))
    with db.write() as connection:
        connection.execute("UPDATE screen SET entity = NULL")
    app = open_page("home.py")
    assert_healthy(app)
    text = shown(app)
    assert "gray[scored, " in text, "a diagnosis that nobody told is not called nan"
    assert "Spheroid screens" in text and "1 scored" in text and "No results yet" not in text
    assert "hits of 6 drugs (metabolic), simulated" in text
    assert "Measured pairs" not in text, "what is not there has no card"
