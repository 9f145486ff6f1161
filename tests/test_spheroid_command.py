"""The commands of spheroid screens: import, quality, score, train, explain, and what they refuse."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from command_line import document, run

from engine.demo.screens import write_screens
from engine.jobs import queue
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.judged import stored
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.screen_list import screens
from engine.store.database import Database

NAME = "Grün 7_DS1"
DOSES = (1, 10, 100, 1000, 10_000)
DRUGS = {"strong": 0.95, "weak": 0.1}


def write_screen(folder: Path, images: bool = False) -> Path:
    """One plate of two drugs in duplicate with controls; bright spheroids live, dim ones are dead."""
    wells: dict[tuple[str, int], tuple[str, str, float, float]] = {}
    for column in range(2, 10):
        wells["B", column] = ("neg", "DMSO", 0.0, 1.0)
        wells["C", column] = ("pos", "Staurosporine", 250.0, 0.0)
    for row, (drug, effect) in zip("DEFG", [item for item in DRUGS.items() for _ in range(2)], strict=True):
        for column, dose in enumerate(DOSES, 2):
            alive = 1 - effect / (1 + (100 / dose) ** 1.2)
            wells[row, column] = ("therapy", drug, float(dose), alive)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    lines = ["Plate,Row,Column,WellType,Treatment,Concentration"]
    lines += [f"P1,{row},{column},{kind},{drug},{dose:g}" for (row, column), (kind, drug, dose, _) in wells.items()]
    (folder / "layout.csv").write_text("# Concentrations in nM\n" + "\n".join(lines) + "\n")
    matrix = ["\t".join(["", *map(str, range(1, 13))])]
    for row in "ABCDEFGH":
        values = [wells.get((row, column)) for column in range(1, 13)]
        read = ["NA" if one is None else f"{100 + 1000 * one[3] + rng.normal(0, 15):.1f}" for one in values]
        matrix.append("\t".join([row, *read]))
    (folder / "P1.txt").write_text("\n".join(matrix) + "\n")
    if images:
        (folder / "Images").mkdir()
        y, x = np.mgrid[-112:112, -112:112]
        for (row, column), (*_, alive) in wells.items():
            ball = 6000 * alive * (np.hypot(x, y) < 20 + 50 * alive) + rng.normal(800, 40, (224, 224))
            for kind in ("proj", "midz"):
                name = f"{NAME}_P1_{row}{column:02d}_{kind}_224x224.tif"
                tifffile.imwrite(folder / "Images" / name, ball.clip(0, 65535).astype(np.uint16))
    return folder


def test_from_a_folder_to_scores(capsys, tumorcast_home, tmp_path):
    folder = write_screen(tmp_path / NAME)
    told = document(
        capsys, "import", "screen", str(folder), "--sample", "S7", "--entity", "Sarcoma", "--licence", "ours",
        "--date", "2021-03-15",
    )  # fmt: skip
    assert (told["state"], told["receipt"]["screen"], told["receipt"]["drugs"]) == ("collected", NAME, 2)
    row = screens(Database(store_path())).iloc[0]
    assert (row["sample"], row["entity"], row["licence"], row["state"]) == ("S7", "Sarcoma", "ours", "imported")
    assert not row["simulated"] and str(row["screened_on"])[:10] == "2021-03-15"
    status, _, error = run(capsys, "import", "screen", str(folder), "--percent", "--replace")
    assert status != 0 and "cannot be viabilities in percent" in error and "Multiply fractions by 100" in error
    status, _, error = run(capsys, "import", "screen", str(folder), "--inhibition", "--replace")
    assert status != 0 and "cannot be inhibitions in percent" in error
    status, _, error = run(capsys, "import", "screen", str(folder), "--percent", "--inhibition", "--replace")
    assert status != 0 and "percent viability and percent inhibition: choose one" in error
    verdicts = document(capsys, "quality", "--screen", NAME)
    (z,) = [one for one in verdicts if one["measure"] == "z_prime" and one["plate"] == "P1"]
    assert z["value"] > 0.5 and z["verdict"] == "good" and z["modality"] == "metabolic" and z["reason"]
    scores = document(
        capsys, "score", "--screen", NAME, "--modality", "metabolic", "--parameters", "3", "--bootstrap", "20"
    )
    assert [(one["drug"], one["replicate"]) for one in scores] == [
        (drug, replicate) for drug in DRUGS for replicate in ("pooled", 1, 2)
    ]
    assert {"dss_asym", "dss1", "dss2", "dss3", "abs_ic50", "gof"} <= set(scores[0])
    strong, weak = scores[0], scores[3]
    assert strong["dss_asym"] > 15 and strong["gof"] > 0.95 and strong["abs_ic50"] == pytest.approx(107, rel=0.3)
    assert weak["dss_asym"] < 5 and weak["abs_ic50"] == 10_000  # half of the cells are never killed: the highest dose
    row = screens(Database(store_path())).iloc[0]
    assert (row["state"], row["scored"], row["stale"]) == ("scored", ("metabolic",), ())
    status, out, _ = run(capsys, "quality", "--screen", NAME)
    assert status == 0 and "z_prime" in out and "good" in out.splitlines()[0]


def test_a_combination_screen_tells_what_the_addition_changes(capsys, tumorcast_home, tmp_path):
    """The same wells once more, with an addition that takes a tenth of the signal of all but the killed ones."""
    folder = write_screen(tmp_path / NAME)
    layout = (folder / "layout.csv").read_text().splitlines()
    lines = [layout[0], f"{layout[1]},AddOn", *(f"{line}," for line in layout[2:])]
    lines += [line.replace("P1,", "P2,", 1) + ("," if ",pos," in line else ",Added") for line in layout[2:]]
    # the controls without the addition stand on the plate of the combinations, too
    lines += [f"P2,H,{column},neg,DMSO,0," for column in range(2, 8)]
    (folder / "layout.csv").write_text("\n".join(lines) + "\n")
    matrix = [row.split("\t") for row in (folder / "P1.txt").read_text().splitlines()]
    faint = [
        [cell if cell in ("", "NA") else f"{100 + 0.9 * (float(cell) - 100):.1f}" for cell in row[1:]]
        for row in matrix[1:]
    ]
    rows = ["\t".join(matrix[0])] + ["\t".join([old[0], *new]) for old, new in zip(matrix[1:], faint, strict=True)]
    rows[8] = "\t".join(["H", "NA", *["1100"] * 6, *["NA"] * 5])
    (folder / "P2.txt").write_text("\n".join(rows) + "\n")
    document(capsys, "import", "screen", str(folder))
    status, out, _ = run(capsys, "score", "--screen", NAME, "--modality", "metabolic", "--bootstrap", "0")
    assert status == 0 and "1 of 2 drugs are hits" in out and "2 combinations are listed with them" in out
    found = document(capsys, "synergy", "--screen", NAME)
    assert {one["drug"] for one in found} == set(DRUGS) and {one["addon"] for one in found} == {"Added"}
    assert all(one["addition_percent"] == pytest.approx(10, abs=2) and abs(one["bliss"]) < 3 for one in found)
    assert all(one["loewe"] is None and one["modality"] == "metabolic" for one in found)
    status, out, _ = run(capsys, "synergy", "--screen", NAME)
    assert status == 0 and "0 of 2 combinations lie above Bliss" in out and "Added alone inhibits 10 %" in out
    review.decide(Database(store_path()), NAME, "Ann", [Decision("exclude", Target("drug", drug="strong"), "Old")], 0)
    assert {one["drug"] for one in document(capsys, "synergy", "--screen", NAME)} == {"weak"}
    review.decide(Database(store_path()), NAME, "Ann", [Decision("exclude", Target("plate", plate="P2"), "Dry")], 1)
    status, out, told = run(capsys, "synergy", "--screen", NAME)
    assert status == 2 and "the record leaves it out" in told


def test_images_are_trained_on_and_explained(capsys, tumorcast_home, tmp_path):
    folder = write_screen(tmp_path / NAME, images=True)
    assert document(capsys, "import", "screen", str(folder))["receipt"]["images"] == 36
    options = "--phase 2 --preset fast --backbone mobilenet_v3_small --weights none --epochs 2 --seed 4 --wait"
    told = document(capsys, "train", "spheroid", "--screen", NAME, *options.split())
    assert (told["state"], told["modality"], told["wells"], told["preset"]) == ("collected", "image_2", 36, "fast")
    assert any("random" in note for note in told["notes"])
    assert "image_2" in set(stored(Database(store_path()), NAME)["modality"])  # judged with its training
    assert screens(Database(store_path())).iloc[0]["state"] == "trained"
    picture = tmp_path / "well.png"
    shown = document(capsys, "explain", "--screen", NAME, "--well", "P1_D05", "--out", str(picture))
    assert shown["run"] == told["run"] and 0 < shown["raw_viability"] < 1
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_folder_of_several_screens_is_imported_whole_or_by_name(capsys, tumorcast_home, tmp_path):
    for name in ("One", "Two"):
        write_screen(tmp_path / "all" / name)
    both = document(capsys, "import", "screen", str(tmp_path / "all"))
    assert sorted(one["screen"] for one in both) == ["One", "Two"]
    status, _, err = run(capsys, "import", "screen", str(tmp_path / "all"), "--name", "One")
    assert status == 2 and "There is a screen called 'One' already" in err
    again = document(capsys, "import", "screen", str(tmp_path / "all"), "--name", "One", "--replace")
    assert again["receipt"]["screen"] == "One"


def test_a_simulated_folder_is_simulated_without_being_told(capsys, tumorcast_home, tmp_path):
    write_screens(tmp_path, screens=["SIM-NTRK_CE"])
    told = document(capsys, "import", "screen", str(tmp_path))
    assert told["receipt"]["simulated"] is True
    row = screens(Database(store_path())).iloc[0]
    assert (row["kind"], row["n_images"], bool(row["simulated"])) == ("controls", 210, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("import screen gone", "gone does not exist"),
        ("quality --screen gone", "There is no screen 'gone'; the store holds: none"),
        ("synergy --screen gone", "There is no screen 'gone'; the store holds: none"),
        ("score --screen gone", "There is no screen 'gone'; the store holds: none"),
        ("score --screen gone --parameters 7", "A curve has 2 to 5 parameters"),
        ("train spheroid", "Say which screen to train for"),
        ("train spheroid --screen gone", "no screen 'gone'"),
        ("train spheroid --screen s --networks master", "--networks is no option of train spheroid"),
        ("train spheroid --screen s --folds 3", "--folds is no option of train spheroid"),
        ("train radiation --phase 3", "--phase is no option of train radiation"),
        ("train response --screen s", "--screen is no option of train response"),
        ("explain --screen gone --well D05 --out w.png", "'D05' names no well: write plate and well, such as P1_D05"),
        ("explain --screen gone --well P1_D --out w.png", "'D' is no well"),
        ("explain --screen gone --well P1_D05 --out no/w.png", "There is no folder no to write w.png into"),
    ],
)
def test_what_is_refused_is_one_line(capsys, tumorcast_home, words, message):
    status, out, err = run(capsys, *words.split())
    assert (status, out, err.count("\n")) == (2, "", 1) and message in err
    assert queue.list_jobs() == []
