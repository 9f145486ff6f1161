"""A scored combination screen in a store, small and fast: every drug alone and beside an addition. Simulated."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from small_store import insert

from engine.spheroid.judged import quality_rows
from engine.spheroid.scoring import score_table
from engine.spheroid.scoring_records import scoring_row
from engine.spheroid.settings import ScoreSettings
from engine.spheroid.types import WELL_COLUMNS
from engine.store.database import Database

SCREEN, ADDON = "SIM-C_combo", "Added"
DOSES = (1.0, 10.0, 100.0, 1000.0, 10000.0)  # nM
ALONE = 0.2  # inhibition by the addition
# drug -> share killed alone, and of what the addition leaves
DRUGS = {"Boosted": (0.1, 0.9), "Usual": (0.7, 0.7), "Blocked": (0.9, 0.1)}
SETTINGS = ScoreSettings(bootstrap=0)


def wells(
    drugs: Mapping[str, tuple[float | None, float | None]] = DRUGS,
    addons: Sequence[str] = (ADDON,),
    controls: Sequence[str] = (ADDON,),
    replicates: int = 2,
    addon_nm: float = 33.0,
) -> pd.DataFrame:
    """WELL_COLUMNS with raw and percent. drugs: None for an arm that was not measured. controls: the additions that
    have negative controls of their own."""
    rng, rows = np.random.default_rng(3), []
    arms = [(drug, addon, share) for drug, both in drugs.items()
            for addon, share in (("", both[0]), *((one, both[1]) for one in addons)) if share is not None]  # fmt: skip
    for replicate in range(1, replicates + 1):
        for number, (drug, addon, share) in enumerate(arms):
            plate, place = f"P{1 + (replicate - 1) * (1 + (len(arms) - 1) // 60) + number // 60}", number % 60
            effect = share / (1 + 10 ** (1.3 * (1.8 - np.log10(DOSES))))
            raw = (1 - ALONE * bool(addon)) * (1 - effect) + rng.normal(0, 0.01, len(DOSES))
            rows += [
                (plate, chr(65 + place // 4), 2 + 5 * (place % 4) + at, "therapy", drug, dose, replicate, addon,
                 addon_nm if addon else np.nan, value)
                for at, (dose, value) in enumerate(zip(DOSES, raw, strict=True))
            ]  # fmt: skip
    for plate in sorted({row[0] for row in rows}):
        kinds = [("negative", "", 1.0), ("positive", "", 0.0), *(("negative", one, 1 - ALONE) for one in controls)]
        for column, (kind, addon, level) in zip((1, 22, 23, 24), kinds, strict=False):
            rows += [
                (plate, chr(65 + at), column, kind, "", np.nan, 1, addon, np.nan, level + 0.01 * (-1) ** at)
                for at in range(6)
            ]
    frame = pd.DataFrame(rows, columns=[*WELL_COLUMNS, "raw"])
    living = np.where((frame["addon"] != "") & frame["addon"].isin(controls), 1 - ALONE, 1.0)
    return frame.assign(percent=100 * frame["raw"] / living)[[*WELL_COLUMNS, "raw", "percent"]]


def put(db: Database, frame: pd.DataFrame, modality: str = "metabolic", scored: bool = True) -> None:
    """`wells` into a store as a screen."""
    layout, readout = frame[list(WELL_COLUMNS)], frame[["plate", "row", "column", "raw", "percent"]]
    place = {"screen": SCREEN, "modality": modality}
    source = {
        "source_id": SCREEN, "kind": "screens", "file_name": SCREEN, "file_format": "typed", "sha256": "0", "bytes": 1,
        "rows_read": 1, "rows_kept": 1, "receipt": json.dumps({"settings": {"death_readout": False}}),
        "job_id": "job-0", "simulated": True, "imported_at": pd.Timestamp("2026-11-26 05:00"),
        "origin": "typed for tests", "licence": "none",
    }  # fmt: skip
    plates = sorted(frame["plate"].unique())
    about = {
        "screen": SCREEN, "kind": "drugs", "sample": "C", "entity": "Glioma", "n_plates": len(plates), "n_wells": 384,
        "n_images": 0, "image_job": None, "simulated": True, "source_id": SCREEN,
    }  # fmt: skip
    tables = {
        "source": pd.DataFrame([source]), "screen": pd.DataFrame([about]),
        "plate": pd.DataFrame({"plate": plates}).assign(screen=SCREEN, n_rows=16, n_columns=24, source_id=SCREEN),
        "well": layout.assign(screen=SCREEN, source_id=SCREEN),
        "readout": readout.assign(**place, source_id=SCREEN),
    }  # fmt: skip
    if scored:
        made = score_table(frame, SETTINGS)
        tables |= {
            "curve": made.curve.assign(**place, job_id="job-1"), "score": made.score.assign(**place, job_id="job-1"),
            "quality": quality_rows(layout, readout, modality).drop(columns="modality").assign(**place, job_id="job-1"),
            "scoring": pd.DataFrame([{**place, **scoring_row(SETTINGS, None, (), ""), "job_id": "job-1"}]),
        }  # fmt: skip
    insert(db, **tables)
