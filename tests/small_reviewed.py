"""A screen ready for review in a store, small and fast: curves and scores by the real scoring, images where asked for.
Viabilities are simulated."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from small_store import insert

from engine.settings import jobs_folder
from engine.spheroid.image_store import write
from engine.spheroid.judged import quality_rows
from engine.spheroid.scoring import score_table
from engine.spheroid.scoring_records import scoring_row
from engine.spheroid.settings import ScoreSettings
from engine.spheroid.types import WELL_COLUMNS, WellImage
from engine.store.database import Database

DOSES = (1.0, 10.0, 100.0, 1000.0, 10000.0)  # nM
DRUGS = {"Trametinib": 0.95, "Vemurafenib": 0.8, "Bortezomib": 0.9, "Olaparib": 0.1}  # share killed
CLASSES = {"Trametinib": "Kinase inhibitor: MEK", "Vemurafenib": "Kinase inhibitor: BRAF", "Bortezomib": "Proteasome"}
SETTINGS = ScoreSettings(bootstrap=20)


def layout(drugs: Sequence[str], replicates: int = 2) -> pd.DataFrame:
    """WELL_COLUMNS: 60 drugs a plate, replicate after replicate on plates of its own; controls in column 1."""
    rows = []
    for replicate in range(1, replicates + 1):
        for number, drug in enumerate(drugs):
            plate = f"P{1 + (replicate - 1) * (1 + (len(drugs) - 1) // 60) + number // 60}"
            place = number % 60
            rows += [
                (plate, chr(65 + place // 4), 2 + 5 * (place % 4) + at, "therapy", drug, dose, replicate)
                for at, dose in enumerate(DOSES)
            ]
    for plate in sorted({row[0] for row in rows}):
        rows += [(plate, chr(65 + at), 1, "negative", "DMSO", np.nan, at + 1) for at in range(6)]
        kill = (("positive", "STS"), ("metabolic_positive", "BzCl"))
        rows += [(plate, chr(71 + at), 1 + 22 * n, kind, name, np.nan, at + 1)
                 for n, (kind, name) in enumerate(kill) for at in range(6)]  # fmt: skip
    names = ["plate", "row", "column", "well_type", "treatment", "conc_nm", "replicate"]
    return pd.DataFrame(rows, columns=names).assign(addon="", addon_nm=np.nan)[list(WELL_COLUMNS)]


def put(
    db: Database,
    screen: str = "BT-40_DS1",
    drugs: Mapping[str, float] = DRUGS,
    modalities: Sequence[str] = ("metabolic", "image_2"),
    replicates: int = 2,
    broken: Sequence[str] = (),
    sample: str = "BT-40",
    simulated: bool = False,
    images: Path | None = None,
    missing: Sequence[str] = (),
    settings: ScoreSettings = SETTINGS,
) -> pd.DataFrame:
    """A scored screen into the store; returns its layout.

    broken: drugs of which only the lowest dose was read, so that they cannot be fitted. images: an empty folder for
    images of the wells; missing: wells without one (P1_A02).
    """
    wells = layout(list(drugs), replicates)
    rng = np.random.default_rng(7)
    depth = wells["treatment"].map(drugs).fillna(0.0).to_numpy(float)
    dose = np.log10(wells["conc_nm"].fillna(1.0).to_numpy(float))
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in ("readout", "curve", "score", "quality", "scoring")}
    for number, modality in enumerate(modalities):
        alive = 100 * (1 - depth / (1 + 10 ** (1.3 * (1.8 + 0.4 * number - dose)))) + rng.normal(0, 2, len(wells))
        killed = "metabolic_positive" if modality == "metabolic" else "positive"
        alive = np.where(wells["well_type"] == killed, rng.normal(0, 2, len(wells)), alive)
        lost = wells["treatment"].isin(broken) & (wells["conc_nm"] > DOSES[0])
        readout = wells[["plate", "row", "column"]].assign(raw=alive / 100, percent=alive)[~lost]
        both = wells.merge(readout, on=["plate", "row", "column"], how="left")
        scored = score_table(both, settings)
        place = {"screen": screen, "modality": modality}
        tables["readout"].append(readout.assign(**place, source_id=screen))
        tables["curve"].append(scored.curve.assign(**place, job_id="job-1"))
        tables["score"].append(scored.score.assign(**place, job_id="job-1"))
        judged = quality_rows(wells, readout, modality).drop(columns="modality")
        tables["quality"].append(judged.assign(**place, job_id="job-1"))
        tables["scoring"].append(pd.DataFrame([{**place, **scoring_row(settings, None, (), ""), "job_id": "job-1"}]))
    index = _images(images, wells, screen, missing) if images else None
    kept = wells.assign(image_index=[(index or {}).get(key) for key in _keys(wells)]).astype({"image_index": "Int64"})
    told = [
        {"drug": drug, "abbreviation": "", "group_abbr": "", "group_name": CLASSES[drug]}
        for drug in drugs if drug in CLASSES
    ]  # fmt: skip
    receipt = {"read": 1, "kept": 1, "dropped": {}, "settings": {}, "notes": [], "annotation": told}
    plates = sorted(wells["plate"].unique(), key=lambda name: int(name[1:]))
    source = {
        "source_id": screen, "kind": "screens", "file_name": screen, "file_format": "typed", "sha256": "0", "bytes": 1,
        "rows_read": 1, "rows_kept": 1, "receipt": json.dumps(receipt), "job_id": "job-0", "simulated": simulated,
        "imported_at": pd.Timestamp("2026-11-26 05:00"), "origin": "typed for tests", "licence": "none",
    }  # fmt: skip
    about = {
        "screen": screen, "kind": "drugs", "sample": sample, "entity": "Glioma", "n_plates": len(plates),
        "n_wells": 384, "n_images": len(index or {}), "image_job": image_job(screen) if index else None,
        "simulated": simulated, "source_id": screen,
    }  # fmt: skip
    rows = {
        "source": pd.DataFrame([source]), "screen": pd.DataFrame([about]),
        "plate": pd.DataFrame({"plate": plates}).assign(screen=screen, n_rows=16, n_columns=24, source_id=screen),
        "well": kept.assign(screen=screen, source_id=screen),
    } | {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items() if parts}  # fmt: skip
    insert(db, **rows)
    return wells


def image_job(screen: str) -> str:
    """The job that keeps a screen's images: its name as far as a job's may go."""
    return "images-" + re.sub(r"[^A-Za-z0-9_-]", "", screen)


def _keys(wells: pd.DataFrame) -> list[tuple[str, str, int]]:
    return [(str(one.plate), str(one.row), int(one.column)) for one in wells.itertuples()]


def _images(folder: Path, wells: pd.DataFrame, screen: str, missing: Sequence[str]) -> dict[tuple[str, str, int], int]:
    """Images of noise in the job folder `image_job`; the place of every well among its plate's."""
    rng, found = np.random.default_rng(1), []
    for plate, row, column in _keys(wells[wells["well_type"] == "therapy"]):
        name = f"{plate}_{row}{column:02d}"
        if name not in missing:
            path = folder / f"{name}.tif"
            tifffile.imwrite(path, rng.integers(100, 4000, (224, 224)).astype(np.uint16))
            found.append(WellImage(plate, row, column, mip=path, mid=path))
    written = write(jobs_folder() / image_job(screen), found, workers=1).wells
    return dict(zip(_keys(written), written["image_index"], strict=True))


def multiply(db: Database, screen: str, times: int) -> None:
    """So many copies of every drug, on plates of their own: scoring a thousand takes longer than a test may."""
    copies = f"(SELECT unnest(range(1, {times}))::VARCHAR AS n)"
    with db.write() as connection:
        for table, changed in {
            "well": "plate || 'x' || n AS plate, treatment || ' ' || n AS treatment",
            "readout": "plate || 'x' || n AS plate",
            "score": "drug || ' ' || n AS drug",
            "curve": "drug || ' ' || n AS drug",
        }.items():
            connection.execute(
                f"INSERT INTO {table} BY NAME SELECT t.* REPLACE ({changed}) FROM {table} t, {copies} WHERE screen = ?",
                [screen],
            )
