"""The import of a screen as a job, from files to the store: rows, images, verdicts, resuming, bad input."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from small_folder import WELLS, flat_screen, matrix_text, published_screen, reading

from engine.collect import collect
from engine.errors import InputError, JobCancelled
from engine.jobs import launch, queue
from engine.jobs.context import JobContext
from engine.jobs.files import read_json, write_json
from engine.jobs.queue import job_folder
from engine.settings import home, store_path
from engine.spheroid import image_store, records, unpacked
from engine.spheroid.score_job import run_scoring, submit_scoring
from engine.spheroid.screen_folder import screens_in
from engine.spheroid.screen_import import run_screen_import, submit_screen_import, submit_screen_imports
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database

N_WELLS = 43


@pytest.fixture(autouse=True)
def _by_hand(tumorcast_home, monkeypatch):
    """Jobs are run here, not by a runner."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)


def finish(job_id: str, run=run_screen_import) -> dict:
    run(JobContext.for_folder(job_folder(job_id)))
    write_json(job_folder(job_id) / "done.json", {})
    collect(job_id)
    return read_json(job_folder(job_id) / "results" / "result.json")


def store() -> Database:
    return Database(store_path())


def test_a_published_screen_with_images(tmp_path):
    root = published_screen(tmp_path / "data")
    job_id = submit_screen_import(root, entity="Neuroblastoma", origin="here", licence="mine")
    told = finish(job_id)
    assert len(told["notes"]) == 2 and all("53 readouts are of wells" in note for note in told["notes"])  # mos, too
    assert told["images"] == N_WELLS and told["readouts"] == ["metabolic", "mos"]
    assert told["drugs"] == 2 and told["plates"] == 1 and told["wells_of_a_plate"] == 96
    db = store()
    screen = db.query("SELECT * FROM screen").iloc[0]
    assert (screen["screen"], screen["kind"], screen["sample"], screen["entity"]) == (
        "S1_DS1",
        "drugs",
        "S1",
        "Neuroblastoma",
    )
    assert (screen["n_plates"], screen["n_wells"], screen["n_images"], screen["image_job"]) == (1, 96, N_WELLS, job_id)
    assert db.query("SELECT n_rows, n_columns FROM plate").to_numpy().tolist() == [[8, 12]]
    wells = records.wells(db, "S1_DS1")
    assert len(wells) == N_WELLS and sorted(wells["image_index"]) == list(range(N_WELLS))
    assert records.drug_classes(db, "S1_DS1")["group_name"].tolist() == ["Kinase inhibitor", "HDAC inhibitor"]
    images = image_store.open_images(records.image_folder(db, "S1_DS1"))
    name = root / "Images/S1_DS1/S1_DS1_P1_D03_proj_224x224.tif"
    mip, _ = images.well("P1", "D", 3)
    np.testing.assert_array_equal(mip, image_store.shrink(tifffile.imread(name)))
    source = db.query("SELECT * FROM source").iloc[0]
    assert (source["kind"], source["rows_kept"], source["origin"], source["licence"]) == (
        "screens",
        3 * N_WELLS,
        "here",
        "mine",
    )
    assert set(json.loads(source["receipt"])["files"]) == {"table", "metabolic_1", "mos_1", "drugs"}


def test_percentages_by_the_right_controls(tmp_path):
    finish(submit_screen_import(published_screen(tmp_path / "data", images=False)))
    for modality, row in (("metabolic", "F"), ("mos", "C")):
        found = records.readouts(store(), "S1_DS1", modality).set_index(["row", "column"])
        first, _, _, doses = WELLS[row]
        dead = np.median([reading(row, first + i) for i in range(len(doses))])
        alive = np.median([reading("B", 2 + i) for i in range(8)])
        expected = 100 * (reading("D", 4) - dead) / (alive - dead)
        assert found.loc[("D", 4), "percent"] == pytest.approx(expected)
        assert found.loc[("D", 4), "raw"] == reading("D", 4)


def test_verdicts_come_with_the_import_and_scores_follow(tmp_path):
    finish(submit_screen_import(flat_screen(tmp_path / "S")))
    db = store()
    quality = db.query("SELECT * FROM quality WHERE measure = 'z_prime'")
    assert quality["verdict"].tolist() == ["good"] and quality["modality"].tolist() == ["metabolic"]
    finish(submit_scoring(db, "S", "metabolic", ScoreSettings(bootstrap=0)), run_scoring)
    assert sorted(records.scores(db, "S", "metabolic")["drug"].unique()) == ["Drug A", "Drug Ö"]
    assert len(records.curves(db, "S", "metabolic")) == 6


def test_swapped_controls_are_imported_and_flagged(tmp_path):
    folder = flat_screen(tmp_path / "S")
    layout = folder / "layout.csv"
    swapped = (
        layout.read_text(encoding="utf-8").replace(",pos,", ",X,").replace(",neg,", ",pos,").replace(",X,", ",neg,")
    )
    layout.write_text(swapped, encoding="utf-8")
    told = finish(submit_screen_import(folder))
    assert any("Are they swapped in the layout" in note for note in told["notes"])
    quality = store().query("SELECT measure, value, verdict FROM quality").set_index("measure")
    assert quality.loc["z_prime", "value"] < 0 and quality.loc["z_prime", "verdict"] == "bad"
    assert quality.loc["controls_order", "verdict"] == "bad"


def test_a_signal_of_death(tmp_path):
    told = finish(
        submit_screen_import(flat_screen(tmp_path / "S", value=lambda r, c: 2000 - reading(r, c)), death_readout=True)
    )
    assert not any("swapped" in note for note in told["notes"])
    quality = store().query("SELECT measure, verdict FROM quality").set_index("measure")["verdict"]
    assert quality["controls_order"] == "good" and quality["z_prime"] == "good"


def test_percentages_need_no_controls(tmp_path):
    """A table without a single control, whose readouts are viabilities in percent."""
    rows = [f"P1,{r},{c},therapy,Drug,{10**i:g},{100 - 18 * i}" for r in "BC" for i, c in enumerate(range(2, 7))]
    path = tmp_path / "S.csv"
    path.write_text("Plate,Row,Column,WellType,Treatment,Conc [nM],Viability [%]\n" + "\n".join(rows), encoding="utf-8")
    told = finish(submit_screen_import(path))
    assert told["settings"]["percent"] and any("taken as viabilities in percent" in note for note in told["notes"])
    found = records.readouts(store(), "S", "metabolic")
    assert found["percent"].tolist() == found["raw"].tolist() == [100, 82, 64, 46, 28] * 2
    finish(submit_scoring(store(), "S", "metabolic", ScoreSettings(bootstrap=0)), run_scoring)
    assert records.scores(store(), "S", "metabolic")["dss_asym"].iloc[0] > 10


def test_percentages_of_a_matrix_by_word_of_the_user(tmp_path):
    folder = flat_screen(tmp_path / "S", value=lambda r, c: reading(r, c) / 10)
    with pytest.raises(InputError, match="to be viabilities in percent and to rise as cells die.*choose one"):
        submit_screen_import(folder, percent=True, death_readout=True)
    finish(submit_screen_import(folder, percent=True))
    found = records.readouts(store(), "S", "metabolic").set_index(["row", "column"])
    assert found.loc[("D", 4), "percent"] == found.loc[("D", 4), "raw"] == reading("D", 4) / 10


def test_the_day_of_the_screening(tmp_path):
    folder = flat_screen(tmp_path / "S")
    for day, told in (
        ("yesterday", "'yesterday' is no day of a screening: write year-month-day, such as 2021-03-15"),
        ("2021-02-30", "'2021-02-30' is no day"),
        ("2921-03-15", "2921-03-15, lies in the future: check the year"),
        ("0021-03-15", "lies before 1970: check the year"),
    ):
        with pytest.raises(InputError, match=told):
            submit_screen_import(folder, screened_on=day)
    for day, kept in (("2021-03-15", "2021-03-15"), (" 01.04.2022 ", "2022-04-01"), ("", "NaT")):
        finish(submit_screen_import(folder, screened_on=day, replace=True))
        assert str(store().query("SELECT screened_on FROM screen")["screened_on"].iloc[0])[:10] == kept


def test_what_was_read_but_cannot_be_put_into_the_store_is_not_waited_for(tmp_path):
    folder = flat_screen(tmp_path / "S")
    job = job_folder(submit_screen_import(folder))
    write_json(job / "done.json", {})
    write_json(job / "collect_error.json", {"error": "The disk is full."})
    with pytest.raises(InputError, match=r"'S' was read already, but is not in the store yet. The disk is full. Mend"):
        submit_screen_import(folder)


def test_importing_again_replaces_everything(tmp_path):
    folder = flat_screen(tmp_path / "S", ["P1", "P2"])
    first = submit_screen_import(folder)
    with pytest.raises(InputError, match="The screen 'S' is being imported right now"):
        submit_screen_import(folder)
    finish(first)
    db = store()
    finish(submit_scoring(db, "S", "metabolic", ScoreSettings(bootstrap=0)), run_scoring)
    with db.write() as connection:
        connection.execute(
            """INSERT INTO feature BY NAME SELECT 'S' AS screen, 'run' AS run_id, 'P1' AS plate, 'B' AS "row",
               2 AS "column", [1.0, 2.0] AS components, 'job' AS job_id"""
        )
    with pytest.raises(InputError, match="a screen called 'S' already, with 2 plates.*--replace"):
        submit_screen_import(folder)
    finish(submit_screen_import(flat_screen(tmp_path / "new/S"), replace=True))
    counts = {
        table: len(db.query(f"SELECT * FROM {table}"))
        for table in ("screen", "plate", "well", "readout", "score", "feature")
    }
    assert counts == {"screen": 1, "plate": 1, "well": N_WELLS, "readout": N_WELLS, "score": 0, "feature": 0}
    assert set(db.query("SELECT plate FROM quality")["plate"]) == {"P1"}


def test_names(tmp_path):
    root = published_screen(tmp_path / "data", images=False)
    published_screen(root, "S2 ä_DS1", images=False)
    with pytest.raises(InputError, match="data holds 2 screens: S1_DS1, S2 ä_DS1; say which one"):
        submit_screen_import(root)
    finish(submit_screen_import(root, "S2 ä_DS1"))
    with pytest.raises(InputError, match="a screen called 'S2 ä_DS1' already"):
        submit_screen_imports(root)
    for job_id in submit_screen_imports(root, replace=True, simulated=True):
        finish(job_id)
    assert store().query("SELECT screen, simulated FROM screen ORDER BY screen").to_numpy().tolist() == [
        ["S1_DS1", True], ["S2 ä_DS1", True],
    ]  # fmt: skip
    finish(submit_screen_import(flat_screen(tmp_path / "S"), "My own name"))
    assert "My own name" in set(store().query("SELECT screen FROM screen")["screen"])


def test_simulated_screens_say_so_by_themselves(tmp_path):
    folder = flat_screen(tmp_path / "S")
    layout = folder / "layout.csv"
    layout.write_text("# Simulated by Tumorcast\n" + layout.read_text(encoding="utf-8"), encoding="utf-8")
    finish(submit_screen_import(folder))
    assert store().query("SELECT simulated FROM screen")["simulated"].tolist() == [True]
    assert store().query("SELECT simulated FROM source")["simulated"].tolist() == [True]


def test_missing_images_are_told(tmp_path):
    root = published_screen(tmp_path / "data", skip=("D03", "E04"))
    told = finish(submit_screen_import(root))
    assert told["images"] == N_WELLS - 2
    assert any("without an image: 2 (P1_D03, P1_E04)" in note for note in told["notes"])
    wells = records.wells(store(), "S1_DS1").set_index(["row", "column"])["image_index"]
    assert pd.isna(wells["D", 3]) and wells.notna().sum() == N_WELLS - 2


def test_images_of_other_plates(tmp_path):
    root = published_screen(tmp_path / "data")
    for path in (root / "Images/S1_DS1").iterdir():
        path.rename(path.with_name(path.name.replace("_P1_", "_P7_")))
    with pytest.raises(InputError, match="images in S1_DS1 are of plates P7, the layout's wells of P1"):
        finish(submit_screen_import(root))


def test_images_that_went_away(tmp_path):
    root = published_screen(tmp_path / "data")
    job_id = submit_screen_import(root)
    (root / "Images").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="which is there no more: put them back"):
        finish(job_id)


def test_a_folder_of_stacks(tmp_path):
    """One file per plane in ImageXpress's folders; the mean of the stack becomes a readout by itself."""
    folder = flat_screen(tmp_path / "S")
    rng = np.random.default_rng(3)
    planes: dict[str, list[np.ndarray]] = {}
    for row, (first, _, _, doses) in WELLS.items():
        for column in range(first, first + len(doses)):
            for z in (1, 2, 3):
                plane = rng.integers(0, 2000, (16, 16)).astype(np.uint16)
                planes.setdefault(f"{row}{column:02}", []).append(plane)
                path = folder / f"Plate 1/TimePoint_1/ZStep_{z}/Plate 1_{row}{column:02}_s1_w1.TIF"
                path.parent.mkdir(parents=True, exist_ok=True)
                tifffile.imwrite(path, plane, metadata=None)
    told = finish(submit_screen_import(folder))
    assert told["images"] == N_WELLS and told["readouts"] == ["metabolic", "mos"]
    found = records.readouts(store(), "S", "mos").set_index(["row", "column"])["raw"]
    assert found["D", 4] == pytest.approx(np.mean(planes["D04"]))


def test_a_stopped_import_goes_on_where_it_was(tmp_path, monkeypatch):
    root = published_screen(tmp_path / "data")
    job_id = submit_screen_import(root)
    seen: list[str] = []
    real = image_store.small_images

    def watched(well):
        seen.append(image_store.label(well.plate, well.row, well.column))
        return real(well)

    monkeypatch.setattr(image_store, "small_images", watched)
    folder = job_folder(job_id)
    job = JobContext.for_folder(folder)
    progress = job.progress

    def stop_at_ten(fraction, message, **numbers):
        if "10 of" in message:
            (folder / "cancel").touch()
        progress(fraction, message, **numbers)

    monkeypatch.setattr(job, "progress", stop_at_ten)
    with pytest.raises(JobCancelled):
        run_screen_import(job)
    before = len(seen)
    assert 10 <= before < N_WELLS
    (folder / "cancel").unlink()
    told = finish(job_id)
    assert told["images"] == N_WELLS
    assert len(seen) - before == N_WELLS - 10  # ten were done, whatever had been begun
    images = image_store.open_images(folder)
    for row, column in (("B", 2), ("G", 6)):
        mip, mid = images.well("P1", row, column)
        for kind, kept in (("proj", mip), ("midz", mid)):
            whole = tifffile.imread(root / f"Images/S1_DS1/S1_DS1_P1_{row}{column:02}_{kind}_224x224.tif")
            np.testing.assert_array_equal(kept, image_store.shrink(whole))


def packed_screens(tmp_path, names=("S1_DS1", "S2_DS1")) -> Path:
    for name in names:
        published_screen(tmp_path / "pack/data", name, images=name == names[0])
    return Path(shutil.make_archive(str(tmp_path / "some screens"), "zip", tmp_path / "pack"))


def unpacked_folders() -> list[str]:
    root = home() / "downloads" / "screens"
    return sorted(path.name for path in root.iterdir()) if root.is_dir() else []


def test_an_unpacked_archive_goes_when_its_last_screen_is_in_the_store(tmp_path):
    archive = packed_screens(tmp_path)
    first, second = submit_screen_imports(archive)
    finish(first)
    assert len(unpacked_folders()) == 2  # the folder and its mark: the second screen still needs it
    told = finish(second)
    assert told["images"] == 0 and unpacked_folders() == []
    assert archive.exists() and store().query("SELECT n_images FROM screen")["n_images"].sum() == N_WELLS
    finish(submit_screen_imports(archive, replace=True)[0])  # unpacked again


def test_an_archive_stays_for_an_import_that_can_go_on(tmp_path):
    first, second = submit_screen_imports(packed_screens(tmp_path))
    queue.cancel(second)
    finish(first)
    assert len(unpacked_folders()) == 2
    queue.resume(second)
    finish(second)
    assert unpacked_folders() == []


def test_an_archive_that_nobody_imported_goes_a_day_later(tmp_path):
    screens_in(packed_screens(tmp_path))
    (mark,) = (home() / "downloads" / "screens").glob("*.complete")
    other = shutil.copy(tmp_path / "some screens.zip", tmp_path / "other.zip")
    screens_in(Path(other))
    assert len(unpacked_folders()) == 4
    os.utime(mark, (0, 0))
    screens_in(Path(other))
    assert len(unpacked_folders()) == 2 and all(name.startswith("other") for name in unpacked_folders())


def test_folders_that_are_no_archive_are_never_removed(tmp_path):
    folder = flat_screen(tmp_path / "S")
    finish(submit_screen_import(folder))
    unpacked.release(home())
    unpacked.release(home() / "downloads" / "screens")
    assert (folder / "layout.csv").exists() and home().is_dir()


def test_images_are_not_copied(tmp_path):
    root = published_screen(tmp_path / "data")
    job_id = submit_screen_import(root)
    assert sorted(path.name for path in (job_folder(job_id) / "inputs").iterdir()) == [
        "drugs", "metabolic_1", "mos_1", "table",
    ]  # fmt: skip


def test_bad_files_are_refused_before_the_job(tmp_path):
    folder = flat_screen(tmp_path / "S")
    (folder / "S_P1.txt").write_text(matrix_text(columns=24), encoding="utf-8")
    with pytest.raises(InputError, match=r"S_P1.txt, line 2: the matrix has 8 rows.*such a plate has 16"):
        submit_screen_import(folder)
    (folder / "S_P1.txt").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="S_P1.txt is empty"):
        submit_screen_import(folder)


@pytest.mark.parametrize("name", ["x" * 101, "a\x07b"])
def test_names_that_no_page_can_show(tmp_path, name):
    with pytest.raises(InputError, match="or some that cannot be printed: give it a name of at most 100"):
        submit_screen_import(flat_screen(tmp_path / "S"), name)


def test_records_name_what_there_is(tmp_path):
    finish(submit_screen_import(flat_screen(tmp_path / "S")))
    with pytest.raises(InputError, match="There is no screen 'X'; the store holds: S"):
        records.wells(store(), "X")
    with pytest.raises(InputError, match="The screen S has no images: import it again with them"):
        records.image_folder(store(), "S")
    with pytest.raises(InputError, match="Unknown modality 'x'. Choose from image_1"):
        records.readouts(store(), "S", "x")
    assert records.drug_classes(store(), "S").empty
