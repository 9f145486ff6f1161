"""A small scored screen with a phenotype map, and a second one with other scores. Numbers are typed, not computed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from small_store import insert

from engine.jobs.queue import job_folder, submit
from engine.spheroid.image_store import write
from engine.spheroid.types import WellImage
from engine.store.database import Database

ONE, OTHER, RUN = "SIM-P_DS1", "SIM-Q_DS1", "20261126-070000-train_spheroid-00aa"
# drug -> class, DSS by images and metabolic, place on both components
DRUGS = {
    "Bortezomib": ("Proteasome inhibitor", 25.0, 24.0, (10.0, 0.0)),
    "Panobinostat": ("Epigenetic modifier: HDAC", 22.0, 4.0, (0.0, 10.0)),
    "Entinostat": ("Epigenetic modifier: HDAC", 14.0, 12.0, (0.5, 9.0)),
    "Trametinib": ("Kinase inhibitor: MEK", 3.0, 15.0, (2.0, 2.0)),
    "Imatinib": ("Kinase inhibitor: ABL", 1.0, 2.0, (1.0, 1.5)),
    "Olaparib": ("", 0.5, 1.0, (1.0, 1.0)),
}
DOSES = (10.0, 1000.0)


def _wells(screen: str) -> pd.DataFrame:
    rows = []
    for replicate in (1, 2):
        for number, drug in enumerate(DRUGS):
            for at, dose in enumerate(DOSES):
                place = {"plate": f"P{replicate}", "row": "BCDEFG"[number], "column": 2 + at}
                rows.append({**place, "well_type": "therapy", "treatment": drug, "conc_nm": dose})
        for at, kind in enumerate(("negative", "negative", "positive", "positive", "metabolic_positive", "untreated")):
            place = {"plate": f"P{replicate}", "row": "H", "column": 2 + at}
            rows.append({**place, "well_type": kind, "treatment": "", "conc_nm": np.nan})
        for row in rows:
            row.setdefault("replicate", replicate)
    return pd.DataFrame(rows).assign(screen=screen, source_id=screen)


def _percent(well) -> float:
    effect = DRUGS[well.treatment][1] / 30 if well.well_type == "therapy" else 0.0
    return 100 - 100 * (well.well_type.endswith("positive") or effect * (well.conc_nm > 100))


def _scores(screen: str, shift: float, modalities: tuple[str, ...]) -> pd.DataFrame:
    rows = []
    for drug, (_, image, metabolic, _) in DRUGS.items():
        for modality in modalities:
            for replicate in ("pooled", "1", "2"):
                value = max(0.0, (metabolic if modality == "metabolic" else image) + shift)
                rows.append({"screen": screen, "modality": modality, "drug": drug, "addon": "", "replicate": replicate,
                             "dss_asym": value, "hit": value >= 10, "n_wells": 4, "job_id": "job-s"})  # fmt: skip
    return pd.DataFrame(rows)


def _features(wells: pd.DataFrame) -> pd.DataFrame:
    top = wells[(wells["well_type"] != "therapy") | (wells["conc_nm"] == max(DOSES))]
    spots = {"negative": (-6.0, -6.0), "untreated": (-6.5, -6.0), "positive": (6.0, 6.0)}
    rows = []
    for well in top.itertuples():
        x, y = DRUGS[well.treatment][3] if well.well_type == "therapy" else spots.get(well.well_type, (8.0, 8.0))
        x += 0.2 * well.replicate
        rows.append({"plate": well.plate, "row": well.row, "column": well.column, "components": [x, y],
                     "tsne_x": x, "tsne_y": y, "umap_x": y, "umap_y": x})  # fmt: skip
    return pd.DataFrame(rows).assign(screen=wells["screen"].iloc[0], run_id=RUN, job_id="job-m")


def image_job(folder: Path, wells: pd.DataFrame) -> str:
    """A finished job with a dim picture of every well."""
    import tifffile

    picture = (np.hypot(*(np.mgrid[:224, :224] - 112)) < 60).astype(np.uint16) * 4000 + 300
    for which in ("proj", "midz"):
        tifffile.imwrite(folder / f"{which}.tif", picture)
    paths = [folder / "proj.tif", folder / "midz.tif"]
    job_id = submit("self_test", "Images", {})
    write(job_folder(job_id), [WellImage(w.plate, w.row, w.column, (), *paths) for w in wells.itertuples()])
    return job_id


def fill(
    db: Database,
    images: Path | None = None,
    mapped: bool = True,
    modalities: tuple[str, ...] = ("image_2", "metabolic"),
    shift: float = 0.0,
    other: bool = True,
) -> None:
    """Both screens into a store. images: a folder to draw pictures in; None: the import's job is gone. shift: added to
    every score of the first. other: the second screen, whose scores are higher by 6, too."""
    annotation = [{"drug": drug, "abbreviation": drug[:3], "group_abbr": "", "group_name": told[0]}
                  for drug, told in DRUGS.items()]  # fmt: skip
    receipt = json.dumps({"read": 1, "kept": 1, "dropped": {}, "settings": {}, "notes": [], "annotation": annotation})
    for screen in (ONE, OTHER) if other else (ONE,):
        first = screen == ONE
        wells = _wells(screen)
        with_images = first and any(one.startswith("image") for one in modalities)
        job = (image_job(images, wells) if images else "job-gone") if with_images else None
        readouts = [
            {"screen": screen, "modality": modality, "plate": well.plate, "row": well.row, "column": well.column,
             "raw": 1.0, "percent": _percent(well), "run_id": RUN if modality.startswith("image") else None,
             "source_id": screen} for well in wells.itertuples() for modality in modalities
        ]  # fmt: skip
        scores = _scores(screen, shift if first else 6.0, modalities)
        tables = {
            "source": pd.DataFrame([{
                "source_id": screen, "kind": "screens", "file_name": screen, "file_format": "screen", "sha256": "0",
                "bytes": 1, "origin": "typed for tests", "licence": "none", "rows_read": 1, "rows_kept": 1,
                "receipt": receipt, "imported_at": pd.Timestamp("2026-11-26 05:00" if first else "2026-11-26 04:00"),
                "job_id": "job-i", "simulated": True,
            }]),
            "screen": pd.DataFrame([{
                "screen": screen, "kind": "drugs", "sample": "P", "entity": "Sarcoma", "n_plates": 2, "n_wells": 96,
                "n_images": len(wells) if with_images else 0, "image_job": job, "simulated": True, "source_id": screen,
            }]),
            "well": wells, "readout": pd.DataFrame(readouts), "score": scores,
            "curve": scores[["screen", "modality", "drug", "addon", "replicate", "job_id"]].assign(
                reason="two doses are too few"
            ),
        }  # fmt: skip
        if mapped and with_images:
            tables["feature"] = _features(wells)
        if with_images:
            tables["run"] = pd.DataFrame([{
                "run_id": RUN, "task": "train_spheroid", "created_at": pd.Timestamp("2026-11-26 07:00"),
                "split": "phase_2", "seed": 0, "config": json.dumps({"screen": screen, "backbone": "squeezenet1_0"}),
                "data_hash": "h", "device": "CPU", "minutes": 0.5, "peak_memory_mib": 300.0, "n_train": 8,
                "n_validation": 0, "n_test": 0, "curves": "{}", "simulated": True,
            }])  # fmt: skip
        insert(db, **tables)
