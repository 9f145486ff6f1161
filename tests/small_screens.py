"""Three small spheroid screens for a store: one scored by two readouts, one with a plate of swapped controls, and a
control experiment with images alone. Numbers are typed, not computed."""

import json

import pandas as pd
from small_store import insert

from engine.store.database import Database

SCORED, SWAPPED, CONTROLS = "SIM-A_DS1", "SIM-B_DS1", "SIM-A_CE"
DRUGS = {"Trametinib": 31.5, "Olaparib": 4.2}
RUN = "20261126-060000-train_spheroid-0a1b"
Z = {  # screen, modality -> Z' per plate with its verdict
    (SCORED, "metabolic"): ((0.61, "good"), (0.58, "good"), (0.31, "doubtful")),
    (SCORED, "image_2"): ((0.55, "good"), (0.52, "good"), (0.57, "good")),
    (SWAPPED, "metabolic"): ((0.66, "good"), (-4.2, "bad")),
}
REASONS = {
    "good": "Living and killed controls are well apart.",
    "doubtful": "Living and killed controls overlap in part.",
    "bad": "Negative controls read below positive ones: are they swapped in the layout, was the plate turned round, or "
    "does the signal rise as cells die?",
}


def screen_rows(simulated: bool = True) -> pd.DataFrame:
    about = {"simulated": simulated, "screened_on": None}
    return pd.DataFrame(
        [
            {"screen": SCORED, "kind": "drugs", "sample": "A", "entity": "Sarcoma", "n_plates": 3, "n_wells": 384,
             "n_images": 20, "image_job": "job-a", "source_id": SCORED, **about},
            {"screen": SWAPPED, "kind": "drugs", "sample": "B", "entity": None, "n_plates": 2, "n_wells": 384,
             "n_images": 0, "image_job": None, "source_id": SWAPPED, **about},
            {"screen": CONTROLS, "kind": "controls", "sample": "A", "entity": "Sarcoma", "n_plates": 1, "n_wells": 384,
             "n_images": 210, "image_job": "job-c", "source_id": CONTROLS, **about},
        ]
    )  # fmt: skip


def tables(simulated: bool = True) -> dict[str, pd.DataFrame]:
    """Table -> rows."""
    screens = screen_rows(simulated)
    wells, readouts = [], []
    for screen, modalities in ((SCORED, ("metabolic", "image_2")), (SWAPPED, ("metabolic",)), (CONTROLS, ())):
        for number, drug in enumerate(DRUGS if screen != CONTROLS else ("",)):
            for dose in range(5):
                place = {"screen": screen, "plate": "P1", "row": "BC"[number], "column": dose + 2, "source_id": screen}
                kind = {"well_type": "therapy", "conc_nm": 10.0**dose} if drug else {"well_type": "negative"}
                wells.append({**place, **kind, "treatment": drug, "replicate": 1})
                readouts += [{**place, "modality": one, "raw": 1.0, "percent": 100.0 - 9 * dose} for one in modalities]
    keys = [
        {"screen": SCORED, "modality": modality, "drug": drug, "addon": "", "replicate": replicate, "job_id": "job-s"}
        for modality in ("metabolic", "image_2") for drug in DRUGS for replicate in ("pooled", "1", "2")
    ]  # fmt: skip
    scores = [{**key, "dss_asym": DRUGS[key["drug"]], "dss1": 10.0, "dss2": 9.0, "dss3": 8.0, "ic50_nm": 120.0,
               "n_wells": 10, "hit": DRUGS[key["drug"]] >= 10} for key in keys]  # fmt: skip
    quality = []
    for (screen, modality), plates in Z.items():
        place = {"screen": screen, "modality": modality, "job_id": "job-s"}
        for number, (value, verdict) in enumerate(plates, 1):
            about = {"value": value, "verdict": verdict, "reason": REASONS[verdict]}
            quality.append({**place, "plate": f"P{number}", "measure": "z_prime", **about})
            quality.append({**place, "plate": f"P{number}", "measure": "robust_z_prime", **about})
        told = {"measure": "replicate_pearson", "value": 0.93, "verdict": "good", "reason": "Duplicate wells agree."}
        quality.append({**place, "plate": "", **told})
    run = {
        "run_id": RUN, "task": "train_spheroid", "created_at": pd.Timestamp("2026-11-26 06:00"), "split": "phase_2",
        "seed": 0, "config": json.dumps({"screen": SCORED, "backbone": "squeezenet1_0", "preset": "fast"}),
        "data_hash": "h", "device": "CPU", "minutes": 0.5, "peak_memory_mib": 300.0, "n_train": 18, "n_validation": 2,
        "n_test": 0, "curves": "{}", "simulated": simulated,
    }  # fmt: skip
    sources = [
        {
            "source_id": name, "kind": "screens", "file_name": name, "file_format": "screen", "sha256": "0", "bytes": 1,
            "origin": "typed for tests", "licence": "none", "rows_read": 10, "rows_kept": 10,
            "receipt": json.dumps({"read": 10, "kept": 10, "dropped": {}, "settings": {}, "notes": []}),
            "imported_at": pd.Timestamp("2026-11-26 05:00") + pd.Timedelta(minutes=-place), "job_id": f"job-{place}",
            "simulated": simulated,
        }
        for place, name in enumerate(screens["screen"])
    ]  # fmt: skip
    return {
        "source": pd.DataFrame(sources), "screen": screens, "well": pd.DataFrame(wells),
        "readout": pd.DataFrame(readouts), "score": pd.DataFrame(scores),
        "curve": pd.DataFrame([{**key, "gof": 0.97} for key in keys]), "quality": pd.DataFrame(quality),
        "run": pd.DataFrame([run]),
    }  # fmt: skip


def fill(db: Database, simulated: bool = True) -> None:
    """The three screens into a store."""
    insert(db, **tables(simulated))
