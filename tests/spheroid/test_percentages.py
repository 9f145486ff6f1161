"""Readouts given as percent inhibition: by whose word, what becomes of them, and what is no inhibition."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_folder import ROWS_96, WELLS, flat_screen, layout_text, matrix_text, published_screen, reading

from engine.collect import collect
from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.jobs import launch
from engine.jobs.context import JobContext
from engine.jobs.files import read_json, write_json
from engine.jobs.queue import job_folder
from engine.settings import store_path
from engine.spheroid import records
from engine.spheroid.layout import read_layout
from engine.spheroid.normalise import normalised
from engine.spheroid.readings import percent_of
from engine.spheroid.readout_files import ReadoutFile, read_readouts
from engine.spheroid.score_job import run_scoring, submit_scoring
from engine.spheroid.screen_import import run_screen_import, submit_screen_import
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database


@pytest.fixture(autouse=True)
def _by_hand(tumorcast_home, monkeypatch):
    """Jobs are run here, not by a runner."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)


@pytest.fixture
def plates(tmp_path):
    return layout(tmp_path, ["P1"])


def layout(folder: Path, names: list[str], text: str = ""):
    path = folder / "layout.csv"
    path.write_text(text or layout_text(names), encoding="utf-8")
    return read_layout(path, path.name, Receipt())


def alive(row: str, column: int) -> float:
    """Viability in percent: around 100 of negative controls, 20 and 10 of positive ones, falling with the dose."""
    first, kind, _, _ = WELLS.get(row, (0, "", "", ()))
    if kind != "therapy":
        return round(reading(row, column) / 10, 2)
    return round(99.7 - 17.3 * ((column - first) % 5) - 0.1 * column, 2)


def dead(row: str, column: int) -> float:
    """The same as inhibition, in two decimals as people write it."""
    return round(100 - alive(row, column), 2)


def read(folder: Path, plates, text: str, name: str = "r_P1.txt", receipt: Receipt | None = None, **asked: bool):
    (folder / name).write_text(text, encoding="utf-8")
    return read_readouts([ReadoutFile(folder / name, name)], plates, "metabolic", receipt or Receipt(), **asked)


def finish(job_id: str, run=run_screen_import) -> dict:
    run(JobContext.for_folder(job_folder(job_id)))
    write_json(job_folder(job_id) / "done.json", {})
    collect(job_id)
    return read_json(job_folder(job_id) / "results" / "result.json")


def scores(screen: str, modality: str = "metabolic") -> pd.DataFrame:
    db = Database(store_path())
    finish(submit_scoring(db, screen, modality, ScoreSettings(bootstrap=0)), run_scoring)
    return records.scores(db, screen, modality)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("% inhibition", "inhibition"),
        ("Percent inhibition of plate 1", "inhibition"),
        ("growth inhibition [%]", "inhibition"),
        ("Inhibition, percent", "inhibition"),
        ("Plate 1 \n Inhibition:", "inhibition"),
        ("percent_inhibition_P1", "inhibition"),
        ("percent inhibition = 100 - percent viability", "inhibition"),
        ("Viability [%] = 100 - inhibition [%]", "viability"),
        ("kinase inhibition", ""),
        ("5 % inhibitors", ""),
        ("IC50 is the dose of 50 % inhibition", ""),
        ("0.5% inhibition by DMSO", ""),
        ("% of control", ""),
    ],
)
def test_words_that_say_so(text, said):
    assert percent_of(text) == said


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# Percent inhibition\n" + matrix_text(value=dead), "r_P1.txt"),
        ("% Inhibition\n" + matrix_text(value=dead), "r_P1.txt"),
        ("Inhibition\n" + matrix_text(value=dead).replace(".", ","), "r_P1.txt"),
        *(
            (f"Well,{column}\n" + "".join(f"{r}{c:02},{dead(r, c)}\n" for r in "BCDF" for c in range(2, 6)), "list.csv")
            for column in ("Inhibition", "% inhibition", "Percent_Inhibition", "inhibition (%)", "Growth inhibition")
        ),
    ],
)
def test_files_that_say_so(tmp_path, plates, text, name):
    receipt = Receipt()
    found = read(tmp_path, plates, text, name, receipt)
    assert found.is_percent and found.inhibited
    for _, row, column, raw in found.frame.itertuples(index=False):
        assert raw == alive(row, column)  # to the last digit
    assert (
        sum("are inhibitions in percent, as their file says: turned into viabilities" in n for n in receipt.notes) == 1
    )


def test_a_sheet_that_says_so(tmp_path, plates):
    frame = pd.DataFrame([[dead(r, c) for c in range(1, 13)] for r in ROWS_96], list(ROWS_96), columns=range(1, 13))
    frame.to_excel(tmp_path / "r_P1.xlsx", sheet_name="% inhibition")
    found = read_readouts([ReadoutFile(tmp_path / "r_P1.xlsx", "r_P1.xlsx")], plates, "metabolic", Receipt())
    assert found.inhibited and found.frame.set_index(["row", "column"]).loc[("D", 4), "raw"] == alive("D", 4)


def test_the_word_of_a_person(tmp_path, plates):
    receipt = Receipt()
    found = read(tmp_path, plates, matrix_text(value=dead), receipt=receipt, inhibition=True)
    assert found.inhibited and found.frame["raw"].tolist() == [alive(r, c) for _, r, c, _ in found.frame.to_numpy()]
    assert any("as was asked for: turned into viabilities (100 - inhibition)" in note for note in receipt.notes)


def test_values_outside_of_0_to_100_are_told_and_stay(tmp_path, plates):
    odd = {("B", 2): -8.25, ("B", 3): 101.0, ("D", 2): -350.0, ("E", 4): 160.0}
    receipt = Receipt()
    found = read(
        tmp_path, plates, matrix_text(value=lambda r, c: odd.get((r, c), min(max(dead(r, c), 0.0), 100.0))),
        receipt=receipt, inhibition=True,
    ).frame  # fmt: skip
    assert found.set_index(["row", "column"]).loc[("D", 2), "raw"] == 450
    assert (
        "4 of 43 inhibitions lie below 0 or above 100 (from -350 to 160) and stay so; look at P1_D02 -350, P1_E04 160."
        in receipt.notes[-1]
    )


@pytest.mark.parametrize(
    ("asked", "cure"),
    [(True, r"import them as percent viability \(--percent\), or correct"), (False, "call them viability in the file")],
)
def test_viabilities_that_are_called_inhibitions_are_refused(tmp_path, plates, asked, cure):
    text = matrix_text(value=alive) if asked else "% inhibition\n" + matrix_text(value=alive)
    with pytest.raises(
        InputError, match=rf"r_P1.txt: .*negative controls read 100.6 and positive ones 10.4, as viabilities do: {cure}"
    ):
        read(tmp_path, plates, text, inhibition=asked)


def test_without_controls_the_doses_tell(tmp_path):
    head, *rows = layout_text().splitlines()
    drugs = layout(tmp_path, ["P1"], "\n".join([head, *(row for row in rows if ",therapy," in row)]) + "\n")
    assert read(tmp_path, drugs, matrix_text(value=dead), inhibition=True).inhibited
    with pytest.raises(
        InputError, match=r"wells of the lowest dose read 99.25 and of the highest 29.65, as viabilities do: import"
    ):
        read(tmp_path, drugs, matrix_text(value=alive), inhibition=True)
    killed = layout(tmp_path, ["P1"], "\n".join([head, *(row for row in rows if ",neg," not in row)]) + "\n")
    assert read(tmp_path, killed, matrix_text(value=dead), inhibition=True).inhibited
    with pytest.raises(InputError, match="wells of the lowest dose read 99"):
        read(tmp_path, killed, matrix_text(value=alive), inhibition=True)


def test_one_plate_that_was_turned_round_is_told_by_its_controls(tmp_path):
    plates = layout(tmp_path, ["P1", "P2", "P3"])
    for plate in ("P1", "P2", "P3"):
        (tmp_path / f"r_{plate}.txt").write_text(matrix_text(value=alive if plate == "P2" else dead), encoding="utf-8")
    files = [ReadoutFile(tmp_path / f"r_{plate}.txt", f"r_{plate}.txt") for plate in ("P1", "P2", "P3")]
    found = read_readouts(files, plates, "metabolic", Receipt(), inhibition=True)
    (note,) = normalised(found, plates).notes
    assert (
        "Plate P2: the metabolic readouts are given as inhibitions in percent, but its negative control reads" in note
    )
    assert "reads 100.6 % where 0 was expected. Check the readouts, or import them as raw ones." in note


def test_what_is_no_percentage(tmp_path, plates):
    for scale, told in ((0.01, "the highest is 0.8975, as of fractions"), (1000, "half of them exceed")):
        text = matrix_text(value=lambda r, c, scale=scale: round(dead(r, c) * scale, 4))
        with pytest.raises(
            InputError, match=rf"cannot be inhibitions in percent \({told}.*Multiply fractions by 100, or imp"
        ):
            read(tmp_path, plates, text, inhibition=True)
        with pytest.raises(
            InputError, match=rf"cannot be inhibitions in percent .{told}.* or call raw readouts otherwise, which are"
        ):
            read(tmp_path, plates, "% inhibition\n" + text)


def test_words_that_contradict_each_other(tmp_path):
    plates = layout(tmp_path, ["P1", "P2"])
    for plate, title, value in (("P1", "% inhibition", dead), ("P2", "% viability", alive)):
        (tmp_path / f"r_{plate}.txt").write_text(f"{title}\n" + matrix_text(value=value), encoding="utf-8")
    files = [ReadoutFile(tmp_path / f"r_{plate}.txt", f"r_{plate}.txt") for plate in ("P1", "P2")]
    with pytest.raises(
        InputError, match="r_P1.txt says that it holds inhibitions in percent, r_P2.txt viabilities: give"
    ):
        read_readouts(files, plates, "metabolic", Receipt())
    with pytest.raises(
        InputError, match="r_P2.txt says .* viabilities in percent, but inhibitions were asked for: ask for"
    ):
        read_readouts(files, plates, "metabolic", Receipt(), inhibition=True)
    with pytest.raises(
        InputError, match="r_P1.txt says that it holds inhibitions in percent, but viabilities were asked"
    ):
        read_readouts(files, plates, "metabolic", Receipt(), percent=True)
    (tmp_path / "r_P2.txt").write_text(matrix_text(), encoding="utf-8")
    with pytest.raises(
        InputError, match="r_P1.txt says that it holds inhibitions in percent, r_P2.txt does not: give the"
    ):
        read_readouts(files, plates, "metabolic", Receipt())
    both = "% viability\nPlate 1\n" + matrix_text(value=alive) + "\n% inhibition\nPlate 2\n" + matrix_text(value=dead)
    with pytest.raises(InputError, match="all.txt calls some readouts viabilities and others inhibitions: give one of"):
        read(tmp_path, plates, both, "all.txt")


def test_the_same_screen_as_viability_and_as_inhibition_has_the_same_scores(tmp_path):
    finish(submit_screen_import(flat_screen(tmp_path / "V", value=alive), percent=True))
    told = finish(submit_screen_import(flat_screen(tmp_path / "I", value=dead), inhibition=True))
    assert told["settings"]["percent"] and told["settings"]["inhibition"]
    assert any("turned into viabilities (100 - inhibition)" in note for note in told["notes"])
    db = Database(store_path())
    pd.testing.assert_frame_equal(
        records.readouts(db, "V", "metabolic"), records.readouts(db, "I", "metabolic"), check_exact=True
    )
    ours, theirs = (scores(screen).drop(columns="job_id") for screen in ("V", "I"))
    assert len(ours) == 6 and (ours["dss_asym"] > 10).all()
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    found = db.query("SELECT screen, measure, value, verdict FROM quality ORDER BY screen, measure, plate")
    both = [own.drop(columns="screen").reset_index(drop=True) for _, own in found.groupby("screen")]
    pd.testing.assert_frame_equal(*both)
    assert both[0].set_index("measure").loc["controls_order", "verdict"] == "good"


def test_both_modalities_as_inhibition(tmp_path):
    """A published folder whose metabolic readouts and means of stacks were both normalised before."""
    root = published_screen(tmp_path / "data", images=False)
    for kind in ("Metabolic", "MeanOfStack"):
        path = root / kind / "S1_DS1/S1_DS1_P1.txt"
        path.write_text("% inhibition\n" + matrix_text(value=dead), encoding="utf-8")
    told = finish(submit_screen_import(root))
    assert sum("readouts are inhibitions in percent, as their file says" in note for note in told["notes"]) == 2
    for modality in ("metabolic", "mos"):
        found = records.readouts(Database(store_path()), "S1_DS1", modality).set_index(["row", "column"])
        assert found.loc[("D", 4), "percent"] == found.loc[("D", 4), "raw"] == alive("D", 4)
        assert (scores("S1_DS1", modality)["dss_asym"] > 10).all()


def test_the_word_of_a_person_is_about_metabolic_readouts_alone(tmp_path):
    root = published_screen(tmp_path / "data", images=False)
    (root / "Metabolic/S1_DS1/S1_DS1_P1.txt").write_text(matrix_text(value=dead), encoding="utf-8")
    told = finish(submit_screen_import(root, inhibition=True))
    assert sum("inhibitions in percent" in note for note in told["notes"]) == 1
    found = records.readouts(Database(store_path()), "S1_DS1", "mos").set_index(["row", "column"])
    assert found.loc[("D", 4), "raw"] == reading("D", 4) and found.loc[("D", 4), "percent"] != reading("D", 4)


def test_one_table_with_a_column_of_inhibitions(tmp_path):
    wells = [(r, c, drug, dose) for r in "DE" for c, dose in enumerate(WELLS[r][3], 2) for drug in (WELLS[r][2],)]
    rows = "".join(f"P1,{r},{c},therapy,{drug},{dose},{dead(r, c)}\n" for r, c, drug, dose in wells)
    (tmp_path / "T.csv").write_text("Plate,Row,Column,WellType,Treatment,Conc [nM],% inhibition\n" + rows, "utf-8")
    told = finish(submit_screen_import(tmp_path / "T.csv"))
    assert told["settings"]["inhibition"]
    found = records.readouts(Database(store_path()), "T", "metabolic")
    assert found["percent"].tolist() == [alive(r, c) for r, c, _, _ in wells]


def test_what_cannot_both_be_said(tmp_path):
    folder = flat_screen(tmp_path / "S", value=dead)
    with pytest.raises(InputError, match="said to be percent viability and percent inhibition: choose one"):
        submit_screen_import(folder, percent=True, inhibition=True)
    with pytest.raises(InputError, match="Percent inhibition rises as cells die by itself: leave out that"):
        submit_screen_import(folder, inhibition=True, death_readout=True)


def test_a_signal_of_death_is_not_kept_of_inhibitions_that_the_file_tells(tmp_path):
    folder = flat_screen(tmp_path / "S", value=dead)
    path = folder / "S_P1.txt"
    path.write_text("% inhibition\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    told = finish(submit_screen_import(folder, death_readout=True))
    assert told["settings"]["inhibition"] and not told["settings"]["death_readout"]


@pytest.mark.real_data
def test_a_real_screen_scores_alike_by_signal_and_by_inhibition(real_data, tmp_path):
    """Another lab's plates: its own percent inhibitions, and its signals held against the plates' controls."""
    wells = pd.read_parquet(real_data / "screen/breeze_demo_wells.parquet")
    given = pd.read_parquet(real_data / "screen/breeze_demo_percent_inhibition.parquet")
    name = "Cell_Line1_160122"
    wells, given = (frame[frame["screen"] == name].drop(columns="screen") for frame in (wells, given))
    drugs = wells[wells["conc_nM"].notna()].merge(given[given["conc_nM"].notna()], on=["drug", "conc_nM"])
    controls = wells[wells["drug"].isin(["dmso", "BzCl"])].copy()
    for plate, own in drugs.groupby("plate"):  # their inhibitions are told without wells, but lie on the plate's line
        slope, start = np.polyfit(own["signal"], own["percent_inhibition"], 1)
        mine = controls["plate"] == plate
        controls.loc[mine, "percent_inhibition"] = start + slope * controls.loc[mine, "signal"]
    table = pd.concat(
        [drugs.assign(kind="therapy"), controls.assign(kind=controls["drug"].map({"dmso": "neg", "BzCl": "pos"}))]
    )
    table = table.rename(columns={"well": "Well", "plate": "Plate", "drug": "Treatment", "kind": "WellType"})
    table = table.rename(columns={"conc_nM": "Conc [nM]"})
    columns = ["Plate", "Well", "WellType", "Treatment", "Conc [nM]"]
    table.assign(Signal=table["signal"])[[*columns, "Signal"]].to_csv(tmp_path / "by_signal.csv", index=False)
    table.rename(columns={"percent_inhibition": "% inhibition"})[[*columns, "% inhibition"]].to_csv(
        tmp_path / "by_inhibition.csv", index=False
    )
    found = {}
    for one in ("by_signal", "by_inhibition"):
        told = finish(submit_screen_import(tmp_path / f"{one}.csv"))
        assert told["settings"]["inhibition"] == (one == "by_inhibition")
        own = scores(one)
        found[one] = own[own["replicate"] == "pooled"].set_index("drug")["dss_asym"]
    both = pd.DataFrame(found)
    assert len(both) > 100
    assert both.corr().iloc[0, 1] > 0.999 and (both["by_signal"] - both["by_inhibition"]).abs().median() < 0.2
