"""Real screens as labs keep them: imported as jobs, scored beside what was published; other labs' tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.collect import collect
from engine.files.receipt import Receipt
from engine.jobs import launch
from engine.jobs.context import JobContext
from engine.jobs.files import read_json, write_json
from engine.jobs.queue import job_folder
from engine.settings import store_path
from engine.spheroid import records
from engine.spheroid.normalise import normalised
from engine.spheroid.score_job import run_scoring, submit_scoring
from engine.spheroid.screen_content import read_screen
from engine.spheroid.screen_folder import screens_in
from engine.spheroid.screen_import import run_screen_import, submit_screen_import, submit_screen_imports
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database

pytestmark = pytest.mark.real_data

NATIVE = ["BT-40_V1_DS1", "BT-40_V3_DS1", "INF_R_153_V2_DS1"]
COMBINATION = "INF-R-1632_PDX_combo"
QUICK = ScoreSettings(bootstrap=0)


@pytest.fixture(autouse=True)
def _by_hand(tumorcast_home, monkeypatch):
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)


@pytest.fixture
def measured(real_data) -> pd.DataFrame:
    frame = pd.read_parquet(real_data / "screen/itrex_wells.parquet")
    return frame.assign(addon=frame["addon"].astype("object").where(frame["addon"].notna(), ""))


def finish(job_id: str, run=run_screen_import) -> dict:
    run(JobContext.for_folder(job_folder(job_id)))
    write_json(job_folder(job_id) / "done.json", {})
    collect(job_id)
    return read_json(job_folder(job_id) / "results" / "result.json")


def as_native(wells: pd.DataFrame, folder: Path) -> Path:
    """The screen as a lab would keep it: a layout and a matrix per plate."""
    folder.mkdir(parents=True)
    layout = wells[["plate", "row", "column", "well_type", "treatment", "conc_nM", "addon"]]
    layout.columns = ["Plate", "Row", "Column", "WellType", "Treatment", "Concentration", "AddOn"]
    layout.to_csv(folder / "layout.csv", index=False)
    for plate, own in wells.groupby("plate"):
        matrix = own.pivot(index="row", columns="column", values="readout")
        matrix.to_csv(folder / f"{folder.name}_{plate}.txt", sep="\t", na_rep="NA", index_label="")
    return folder


def scored(name: str) -> pd.DataFrame:
    db = Database(store_path())
    finish(submit_scoring(db, name, "metabolic", QUICK), run_scoring)
    found = records.scores(db, name, "metabolic")
    return found[(found["replicate"] == "pooled") & (found["addon"] == "")]


def test_native_folders(real_data, measured):
    """Every well, drug, dose and replicate of three screens of 1,152 wells as in the table of the same data."""
    told = {job: finish(job) for job in submit_screen_imports(real_data / "screen/native")}
    db = Database(store_path())
    assert db.query("SELECT screen FROM screen ORDER BY screen")["screen"].tolist() == NATIVE
    assert all(result["drugs"] == 75 and result["wells"] == 1152 for result in told.values())
    for name in NATIVE:
        expected = measured[measured["screen"] == name].assign(plate=lambda frame: "P" + frame["plate"])
        both = (
            records.wells(db, name)
            .merge(records.readouts(db, name, "metabolic"), on=["plate", "row", "column"])
            .merge(expected, on=["plate", "row", "column"], suffixes=("", "_known"))
        )
        assert len(both) == 1152 and (both["raw"] == both["readout"]).all()
        drugs = both[both["well_type"] == "therapy"]
        assert (drugs["treatment"] == drugs["treatment_known"]).all() and (drugs["conc_nm"] == drugs["conc_nM"]).all()
        assert (drugs["replicate"] == drugs["replicate_known"]).all()


@pytest.mark.parametrize("name", ["BT-40_V1_DS1", "BT-40_V1_DS1_NA", "BT-40-V3-DS1_imaging"])
def test_scores_are_the_published_ones(real_data, measured, tmp_path, name):
    """From files to the store to DSS_asym. Reached: r 0.9997 to 0.99993, median difference 0.003 to 0.005."""
    finish(submit_screen_import(as_native(measured[measured["screen"] == name], tmp_path / name)))
    published = pd.read_csv(real_data / "screen/itrex_reference_params.csv.gz").query("screen == @name")
    both = scored(name).merge(published, on="drug").dropna(subset=["dss_asym", "DSS_asym"])
    assert len(both) >= len(published) - 1
    off = (both["dss_asym"] - both["DSS_asym"]).abs()
    assert np.corrcoef(both["dss_asym"], both["DSS_asym"])[0, 1] > 0.999
    assert off.median() < 0.01 and (off > 1.5).sum() <= 3


def test_a_combination_screen(measured, tmp_path):
    """Six plates called 1A to 3B; wells with trametinib against negative controls with trametinib."""
    finish(submit_screen_import(as_native(measured[measured["screen"] == COMBINATION], tmp_path / COMBINATION)))
    db = Database(store_path())
    found = records.wells(db, COMBINATION).merge(
        records.readouts(db, COMBINATION, "metabolic"), on=["plate", "row", "column"]
    )
    assert sorted(found["plate"].unique()) == ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"]
    assert found.groupby("plate")["replicate"].unique().map(list).to_dict() == {
        plate: [1 if plate.endswith("A") else 2] for plate in found["plate"].unique()
    }
    living = found[found["well_type"] == "negative"]
    medians = living.groupby(["plate", "addon"])["percent"].median()
    assert len(medians.index.get_level_values("addon").unique()) == 2
    np.testing.assert_allclose(medians, 100)
    known = measured[(measured["screen"] == COMBINATION) & (measured["well_type"] == "therapy")]
    assert (found["well_type"] == "therapy").sum() == len(known)
    assert (found["addon"] == "Trametinib").sum() == (measured.query("screen == @COMBINATION")["addon"] != "").sum()


def test_eight_screens_in_one_table(real_data):
    """Another lab's format: no column of well types, concentrations named conc_nM, controls called dmso and BzCl."""
    found = screens_in(real_data / "screen/breeze_demo_wells.parquet")
    assert len(found) == 8
    content = read_screen(found[0], Receipt())
    assert content.plates.n_wells == 384 and len(content.plates.wells) == 768
    assert content.plates.wells["well_type"].value_counts().to_dict() == {
        "therapy": 660, "untreated": 62, "negative": 24, "metabolic_positive": 22,
    }  # fmt: skip
    made = normalised(content.readouts[0], content.plates)
    assert not made.notes
    # The same lab's own percentages, of inhibition, by its own controls.
    own = pd.read_parquet(real_data / "screen/breeze_demo_percent_inhibition.parquet").query("screen == @found[0].name")
    keys = ["treatment", "conc_nm"]
    ours = made.frame[made.frame["well_type"] == "therapy"].groupby(keys)["percent"].mean()
    theirs = own.rename(columns={"drug": "treatment", "conc_nM": "conc_nm"}).groupby(keys)["percent_inhibition"].mean()
    both = pd.concat([100 - ours, theirs], axis=1, join="inner")
    assert len(both) > 300 and both.corr().iloc[0, 1] > 0.99


def test_a_plate_without_positive_controls(real_data):
    """A third lab's plate: wells told by drug, its unit in a column of its own, no positive control on it."""
    (screen,) = screens_in(real_data / "screen/kispi_example_plate.csv")
    content = read_screen(screen, Receipt())
    assert content.plates.n_wells == 384 and len(content.readouts[0].frame) == 260
    made = normalised(content.readouts[0], content.plates)
    assert made.frame["percent"].isna().all()
    assert "Plate P1 has no positive control" in made.notes[0]
