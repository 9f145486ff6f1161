"""A screen under review small enough to be typed: two plates of controls and two drugs in duplicate, with images.

P1 holds a well that is unlike its neighbours and a negative control that is dead; P2 is fine.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from small_store import insert

from engine.settings import jobs_folder
from engine.store.database import Database

SCREEN, JOB = "SIM-R_DS1", "20261126-060000-import_screen-0a1b"
DEAD_CONTROL, ODD, CONTROL_ROWS = "P1_B03", "P1_D04", 8
DRUGS = ("Trametinib", "Olaparib")
DOSES = (1.0, 10.0, 100.0, 1000.0, 10000.0)


def wells(replicates: int = 2) -> pd.DataFrame:
    """plate, row, column, well_type, treatment, conc_nm, replicate and the viability that a well was given."""
    rows = []
    for plate in ("P1", "P2"):
        for n in range(CONTROL_ROWS):
            rows += [
                (plate, "B", 2 + n, "negative", "DMSO", np.nan, 1, 100 + 3 * (-1) ** n),
                (plate, "C", 2 + n, "positive", "STS", 250.0, 1, 2.0 * (-1) ** n),
            ]
        for drug, row in zip(DRUGS, "DE", strict=True):
            for dose in range(5):
                rows += [
                    (plate, row, 2 + dose + 5 * rep, "therapy", drug, DOSES[dose], rep + 1,
                     (98 - 20 * dose if drug == "Trametinib" else 99 - dose) + rep)
                    for rep in range(replicates)
                ]  # fmt: skip
    columns = ["plate", "row", "column", "well_type", "treatment", "conc_nm", "replicate", "percent"]
    return pd.DataFrame(rows, columns=columns).astype({"percent": float})


def planted(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with the dead control and the well that is unlike its neighbours."""
    name = frame["plate"] + "_" + frame["row"] + frame["column"].map("{:02d}".format)
    percent = frame["percent"].mask(name == DEAD_CONTROL, 1.0).mask(name == ODD, 5.0)
    return frame.assign(percent=percent)


def write_images(frame: pd.DataFrame, originals: Path | None = None) -> None:
    """Prepared images of the wells of P1, and the specification of the job that made them."""
    folder = jobs_folder() / JOB / "results" / "images"
    folder.mkdir(parents=True)
    mine = frame[frame["plate"] == "P1"].reset_index(drop=True)
    rng = np.random.default_rng(0)
    array = rng.integers(400, 900, (len(mine), 2, 224, 224)).astype(np.uint16)
    array[:, :, 60:160, 60:160] += (80 * mine["percent"].clip(0, 110)).to_numpy(np.uint16)[:, None, None, None]
    np.save(folder / "plate_0.npy", array)
    index = [[w.plate, w.row, int(w.column), i, 0, None] for i, w in enumerate(mine.itertuples())]
    columns = ["plate", "row", "column", "image_index", "n_planes", "mean_of_stack"]
    (folder / "index.json").write_text(json.dumps({"files": {"P1": "plate_0.npy"}, "columns": columns, "wells": index}))
    params = {"images": str(originals) if originals else str(folder / "gone"), "pattern": ""}
    spec = {
        "id": JOB, "task": "import_screen", "title": "Import", "params": params, "seed": 0, "versions": {},
        "inputs": {}, "created_at": "2026-11-26T06:00:00+00:00", "device": "cpu",
    }  # fmt: skip
    (jobs_folder() / JOB / "spec.json").write_text(json.dumps(spec))
    (jobs_folder() / JOB / "done.json").write_text("{}")


def fill(
    db: Database, images: bool = True, replicates: int = 2, modalities: tuple[str, ...] = ("metabolic",),
    simulated: bool = True, originals: Path | None = None,
) -> pd.DataFrame:  # fmt: skip
    """The screen into a store, judged and not scored; returns its wells with the planted viabilities."""
    from engine.spheroid.judged import quality_rows

    frame = planted(wells(replicates))
    screen = {
        "screen": SCREEN, "kind": "drugs", "sample": "R", "entity": "Sarcoma", "n_plates": 2, "n_wells": 96,
        "n_images": len(frame) if images else 0, "image_job": JOB if images else None, "source_id": SCREEN,
        "simulated": simulated, "screened_on": None,
    }  # fmt: skip
    source = {
        "source_id": SCREEN, "kind": "screens", "file_name": SCREEN, "file_format": "screen", "sha256": "0", "bytes": 1,
        "origin": "typed for tests", "licence": "none", "rows_read": 1, "rows_kept": 1,
        "receipt": json.dumps({"settings": {"death_readout": False}}), "imported_at": pd.Timestamp("2026-11-26"),
        "job_id": JOB, "simulated": simulated,
    }  # fmt: skip
    layout = frame.drop(columns="percent").assign(
        screen=SCREEN, addon="", addon_nm=np.nan, source_id=SCREEN, image_index=0 if images else None
    )
    tables = {"source": pd.DataFrame([source]), "screen": pd.DataFrame([screen]), "well": layout}
    places = frame[["plate", "row", "column", "percent"]]
    if modalities:
        tables["readout"] = pd.concat(
            [
                places.assign(screen=SCREEN, modality=one, raw=60 + 10 * frame["percent"], source_id=SCREEN)
                for one in modalities
            ]
        )
        full = frame.drop(columns="percent").assign(addon="", addon_nm=np.nan)
        tables["quality"] = pd.concat(
            [
                quality_rows(full, places.assign(raw=60 + 10 * frame["percent"]), one).assign(screen=SCREEN, job_id="j")
                for one in modalities
            ]
        )
    insert(db, **tables)
    if images:
        write_images(frame, originals)
    return frame
