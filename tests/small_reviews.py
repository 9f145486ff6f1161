"""*Simulated* screens for tests of reviews: plates of 384 wells with controls, drugs at five doses, any modalities.

Rows of a store, scored by the real job run in this process.
"""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from small_store import insert

from engine.collect import collect
from engine.jobs import launch
from engine.jobs.context import JobContext
from engine.jobs.files import write_json
from engine.jobs.queue import job_folder
from engine.settings import store_path
from engine.spheroid import rescore
from engine.spheroid.normalise import normalised
from engine.spheroid.review_types import Target
from engine.spheroid.score_job import run_scoring, submit_scoring
from engine.spheroid.settings import ScoreSettings
from engine.spheroid.types import WELL_COLUMNS, Plates, Readouts
from engine.store.database import Database

DOSES = np.array([1.0, 10.0, 100.0, 1_000.0, 10_000.0])  # nM
ROWS = [chr(65 + row) for row in range(16)]
PER_PLATE = 320  # drug wells in columns 3 to 22
QUICK = ScoreSettings(bootstrap=20, seed=3)
SCALE = {"metabolic": (1000.0, 50.0), "mos": (-200.0, 900.0)}  # raw = scale * viability + floor; images 0.6 and 0.2


def layout(drugs: int, replicates: int = 2, plates: int = 0) -> pd.DataFrame:
    """WELL_COLUMNS: replicate after replicate, drug after drug, on as many plates as need be or told."""
    places = [
        (drug, replicate, dose) for replicate in range(1, replicates + 1) for drug in range(drugs) for dose in DOSES
    ]
    n = plates or -(-len(places) // PER_PLATE)
    share = -(-len(places) // n)
    rows = []
    for place, (drug, replicate, dose) in enumerate(places):
        plate, at = divmod(place, share)
        rows.append((f"P{plate + 1}", ROWS[at // 20], 3 + at % 20, "therapy", f"Drug {drug + 1:03d}", dose, replicate))
    for plate in range(1, n + 1):
        for number, row in enumerate(ROWS, 1):
            rows.append((f"P{plate}", row, 1, "negative", "", np.nan, number))
            rows.append((f"P{plate}", row, 2, "positive", "STS", np.nan, number))
    names = ["plate", "row", "column", "well_type", "treatment", "conc_nm", "replicate"]
    return pd.DataFrame(rows, columns=names).assign(addon="", addon_nm=np.nan)[list(WELL_COLUMNS)]


def viability(wells: pd.DataFrame, noise: float, seed: int, active: bool = True) -> np.ndarray:
    """(w,) Every third drug kills to a tenth of the cells, every third to a half; the others do nothing."""
    rng = np.random.default_rng(seed)
    number = pd.to_numeric(wells["treatment"].str.extract(r"Drug (\d+)")[0]).fillna(0).to_numpy(int)
    depth = np.select([number % 3 == 1, number % 3 == 2], [0.9, 0.5], 0.0) * active
    x = np.log10(wells["conc_nm"].fillna(1.0).to_numpy(float))
    alive = 1 - depth / (1 + 10 ** (1.2 * (1.5 + number % 5 * 0.3 - x)))
    alive = np.where(wells["well_type"] == "positive", 0.0, alive)
    return alive + rng.normal(0, noise, len(wells))


def put(
    db: Database,
    screen: str = "S1",
    drugs: int = 6,
    modalities: Sequence[str] = ("metabolic", "image_2"),
    replicates: int = 2,
    plates: int = 2,
    noise: float = 0.04,
    active: bool = True,
) -> pd.DataFrame:
    """A screen into a store, not scored; returns its layout."""
    wells = layout(drugs, replicates, plates)
    plate = sorted(wells["plate"].unique(), key=lambda name: int(name[1:]))
    readouts = []
    for number, modality in enumerate(modalities):
        scale, floor = SCALE.get(modality, (0.6, 0.2))
        raw = scale * viability(wells, noise, 10 + number, active) + floor
        given = Readouts(modality, wells[["plate", "row", "column"]].assign(raw=raw))
        frame = normalised(given, Plates(wells, 384)).frame
        readouts.append(frame[["plate", "row", "column", "raw", "percent"]].assign(modality=modality))
    receipt = json.dumps({"read": 1, "kept": 1, "dropped": {}, "settings": {}, "notes": []})
    tables = {
        "source": [{
            "source_id": screen, "kind": "screens", "file_name": screen, "file_format": "typed", "sha256": "0",
            "bytes": 1, "rows_read": 1, "rows_kept": 1, "receipt": receipt, "job_id": "job", "simulated": True,
            "imported_at": pd.Timestamp("2026-01-01"),
        }],
        "screen": [{
            "screen": screen, "kind": "drugs", "n_plates": len(plate), "n_wells": 384, "n_images": 0,
            "simulated": True, "source_id": screen,
        }],
        "plate": [
            {"screen": screen, "plate": one, "n_rows": 16, "n_columns": 24, "source_id": screen} for one in plate
        ],
        "well": wells.assign(screen=screen, source_id=screen),
        "readout": pd.concat(readouts).assign(screen=screen, source_id=screen),
    }  # fmt: skip
    insert(db, **tables)
    return wells


def score(
    db: Database,
    screen: str = "S1",
    modalities: Sequence[str] = ("metabolic", "image_2"),
    settings: ScoreSettings = QUICK,
    references: Sequence[str] = (),
) -> list[str]:
    """Scores a screen by the job; returns its ids. Runners must not start jobs by themselves."""
    return [finish(submit_scoring(db, screen, one, settings, references), db) for one in modalities]


def undrawn(monkeypatch: pytest.MonkeyPatch, settings: ScoreSettings) -> Database:
    """Screen S1 of three drugs, scored, where every decision leaves its intervals to a job that nobody starts."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    monkeypatch.setattr(rescore, "MOST_DRAWN", 0)
    found = Database(store_path())
    put(found, drugs=3, modalities=("metabolic",))
    score(found, modalities=("metabolic",), settings=settings)
    return found


def finish(job_id: str, db: Database) -> str:
    """Do a waiting scoring job in this process and collect it."""
    work(job_id)
    assert collect(job_id, db)
    return job_id


def work(job_id: str) -> None:
    """Do a waiting scoring job in this process, not yet collected."""
    run_scoring(JobContext.for_folder(job_folder(job_id)))
    write_json(job_folder(job_id) / "done.json", {})


def well(wells: pd.DataFrame, number: int = 0, well_type: str = "therapy") -> Target:
    """One of the wells of a kind."""
    row = wells[wells["well_type"] == well_type].iloc[number]
    return Target("well", plate=row["plate"], row=row["row"], column=int(row["column"]))
