"""The fast preset with ImageNet weights on simulated screens: what it reads beside what was planted."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from engine.collect import collect
from engine.demo import screen_plan as plan
from engine.demo.screen_wells import Defects
from engine.demo.screens import write_screens
from engine.jobs import launch
from engine.jobs.context import JobContext
from engine.jobs.files import write_json
from engine.jobs.queue import job_folder
from engine.settings import store_path
from engine.spheroid.dss import dss_asym
from engine.spheroid.predict import PLACE
from engine.spheroid.replicates import agreement, replicate_pairs
from engine.spheroid.score_job import submit_scoring
from engine.spheroid.screen_import import submit_screen_import
from engine.spheroid.settings import ScoreSettings, SpheroidSettings
from engine.spheroid.train import submit_training
from engine.spheroid.types import Curves
from engine.store.database import Database
from engine.tasks import find_task

pytestmark = pytest.mark.real_data
CONTROL, SCREEN = "SIM-NTRK_CE", "SIM-HDAC_DS1"  # the preset was chosen on the other two screens
SWAPPED, PLATE = "SIM-BRAF_DS1", "P2"


class Learned(NamedTuple):
    """folder: the simulated screens with their truth. run: of every phase of SCREEN, and of SWAPPED."""

    db: Database
    folder: Path
    run: dict[str, str]


def done(db: Database, job_id: str) -> str:
    job = JobContext.for_folder(job_folder(job_id))
    find_task(job.spec.task)(job)
    write_json(job_folder(job_id) / "done.json", {})
    assert collect(job_id, db)
    return job_id


@pytest.fixture(scope="module")
def learned(real_data, tmp_path_factory) -> Iterator[Learned]:
    folder = tmp_path_factory.mktemp("screens")
    write_screens(folder, screens=[CONTROL, SCREEN])
    spoiled = tmp_path_factory.mktemp("swapped")
    write_screens(spoiled, screens=[SWAPPED], defects={SWAPPED: Defects(swapped_controls=(PLATE,))})
    keep_controls(spoiled)
    weights = str(real_data / "weights" / "squeezenet1_0_imagenet_deepcompression.npz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCAST_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr(launch, "start", lambda job: None)
        patch.setattr(launch, "ensure_runners", lambda: None)
        db = Database(store_path())
        for screen, place in ((CONTROL, folder), (SCREEN, folder), (SWAPPED, spoiled)):
            done(db, submit_screen_import(place, screen, simulated=True))
        settings = (
            SpheroidSettings(CONTROL, 1, weights=weights), SpheroidSettings(SCREEN, 2), SpheroidSettings(SCREEN, 3),
            SpheroidSettings(SWAPPED, 2),
        )  # fmt: skip
        run = {f"{one.screen} {one.phase}": done(db, submit_training(db, one)) for one in settings}
        for modality in ("image_2", "image_3", "mos"):
            done(db, submit_scoring(db, SCREEN, modality, ScoreSettings(bootstrap=0)))
        yield Learned(db, folder, run)


def keep_controls(folder: Path) -> None:
    """Only controls train and only they have a Z': the other images would be looked at in vain."""
    truth = pd.read_csv(folder / "Truth" / f"{SWAPPED}.csv", comment="#")
    for well in truth[~truth["well_type"].isin(["neg", "pos"])].itertuples():
        for file in (folder / "Images" / SWAPPED).glob(f"{SWAPPED}_{well.plate}_{well.row}{well.column:02d}_*.tif"):
            file.unlink()


def therapy(learned: Learned, modality: str) -> pd.DataFrame:
    """Drug wells with percentages and viability_percent, the planted viability."""
    found = learned.db.query(
        """SELECT w.*, percent FROM readout JOIN well w USING (screen, plate, "row", "column")
           WHERE screen = ? AND modality = ? AND well_type = 'therapy'""",
        [SCREEN, modality],
    )
    truth = pd.read_csv(learned.folder / "Truth" / f"{SCREEN}.csv", comment="#")
    return found.merge(truth[[*PLACE, "viability_percent"]], on=PLACE, validate="one_to_one")


def true_dss(folder: Path) -> pd.Series:
    """DSS_asym of the planted curves themselves, by drug."""
    planted = pd.read_csv(folder / "Truth" / f"{SCREEN}_drugs.csv", comment="#")
    ones, zeros, top = np.ones(len(planted)), np.zeros(len(planted)), planted["top_dose_nm"].to_numpy()
    curves = Curves(
        bottom=zeros, top=planted["max_effect"].to_numpy() / (1 - plan.STS_LEAVES),
        xmid=np.log10(planted["ec50_nm"].to_numpy()), slope=planted["hill"].to_numpy(), asymmetry=ones,
        x_min=np.log10(top) - (plan.DOSES - 1), x_max=np.log10(top), loss=zeros, gof=ones, n_parameters=4 * ones,
    )  # fmt: skip
    return pd.Series(dss_asym(curves).dss, index=planted["drug_name"])


def dss_r(learned: Learned, modality: str) -> float:
    """Correlation of the pooled scores with the true ones over all drugs."""
    scored = learned.db.query(
        "SELECT drug, dss_asym FROM score WHERE screen = ? AND modality = ? AND replicate = 'pooled'",
        [SCREEN, modality],
    ).set_index("drug")["dss_asym"]
    truth = true_dss(learned.folder)
    assert len(truth) == len(scored) == 24 and set(truth.index) == set(scored.index) and scored.notna().all()
    return float(scored.corr(truth))


def z_primes(learned: Learned, run: str) -> pd.Series:
    found = learned.db.query(
        "SELECT key, value FROM metric WHERE run_id = ? AND scope = 'plate' AND name = 'z_prime'", [learned.run[run]]
    )
    return found.set_index("key")["value"]


def test_viability_follows_the_planted_one_and_the_mean_of_the_stack_does_not(learned):
    r = {}
    for modality in ("image_2", "mos"):
        beside = therapy(learned, modality)
        assert len(beside) == 240
        r[modality] = beside["percent"].corr(beside["viability_percent"])
    assert r["image_2"] >= 0.95
    assert r["mos"] < r["image_2"] - 0.2


def test_phase_three_makes_duplicates_alike_and_stays_with_the_truth(learned):
    two, three = (therapy(learned, modality) for modality in ("image_2", "image_3"))
    assert agreement(replicate_pairs(three)).r > agreement(replicate_pairs(two)).r > 0.9
    assert three["percent"].corr(three["viability_percent"]) >= 0.95


def test_scores_follow_those_of_the_planted_curves(learned):
    two, three, mos = (dss_r(learned, modality) for modality in ("image_2", "image_3", "mos"))
    assert min(two, three) >= 0.9
    assert mos < two - 0.1


def test_clean_plates_are_good_and_swapped_controls_are_found(learned):
    for run in (f"{CONTROL} 1", f"{SCREEN} 2", f"{SCREEN} 3"):
        assert z_primes(learned, run).min() > 0.5
    swapped = z_primes(learned, f"{SWAPPED} 2")
    assert set(swapped.index) == {"P1", "P2", "P3"} and swapped[PLATE] < 0
    order = learned.db.query(
        """SELECT plate, verdict FROM quality WHERE screen = ? AND measure = 'controls_order'
           AND modality = 'image_2' ORDER BY plate""",
        [SWAPPED],
    )
    assert dict(order.itertuples(index=False)) == {"P1": "good", "P2": "bad", "P3": "good"}
