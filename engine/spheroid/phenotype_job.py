"""The job that maps the phenotypes of a screen: images and a trained network -> table `feature`."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.jobs.context import JobContext
from engine.jobs.queue import job_folder, submit
from engine.jobs.runs import torch_device
from engine.spheroid import trained
from engine.spheroid.image_store import PreparedImages, open_images
from engine.spheroid.phenotype import describe, highest_doses, umap_missing
from engine.spheroid.phenotype_records import newest_looked
from engine.spheroid.predict import PLACE, activations, places
from engine.spheroid.screen_list import trained_runs
from engine.spheroid.train_records import layout_of, screen_with_images
from engine.spheroid.trained import TrainedScreen
from engine.store.database import Database

TASK = "map_phenotypes"
AT_ONCE = 64  # wells between two looks at whether the job was asked to stop
KINDS = {
    "negative": "negative controls",
    "positive": "positive controls",
    "metabolic_positive": "metabolic positive controls",
    "untreated": "untreated wells",
}


class Mapped(NamedTuple):
    """What a network makes of a screen. rows: of the table `feature`, without screen, run_id and job_id.

    components: how many hold 95 % of the variance. perplexity: of the t-SNE. umap: whether it was drawn. notes:
    sentences on wells that are not on the map.
    """

    rows: pd.DataFrame
    components: int
    perplexity: float
    umap: bool
    notes: tuple[str, ...]


def submit_phenotypes(db: Database, screen: str, run_id: str = "", seed: int = 0, umap: bool = False) -> str:
    """Put a screen's layout into a new job folder and start to map its phenotypes; returns the job's id.

    run_id: a run that was trained for the screen; empty: the one whose readouts of the highest phase it has.
    umap: draw one too. Raises InputError where the screen, its images or the run are missing, the run is another
    screen's, or a UMAP is asked for without its package.
    """
    if umap and (why := umap_missing()):
        raise InputError(why)
    if run_id:
        _refuse_foreign(db, screen, run_id)
    row = screen_with_images(db, screen)
    if not run_id:
        run_id = newest_looked(db, screen).run_id
    params = {
        "screen": screen, "run_id": run_id, "umap": umap, "image_job": row["image_job"],
        "simulated": bool(row["simulated"]),
    }  # fmt: skip
    return submit(TASK, f"Map phenotypes of {screen}", params, seed, {"well.parquet": layout_of(db, screen)}, gpu=True)


def _refuse_foreign(db: Database, screen: str, run_id: str) -> None:
    runs = trained_runs(db).set_index("run_id")
    if run_id not in runs.index:
        raise InputError(f"There is no trained network {run_id!r}. `python -m engine runs` lists the runs.")
    if (of := str(runs.loc[run_id, "screen"])) != screen:
        raise InputError(f"The run {run_id} was trained for {of}, not for {screen}: choose one of this screen's.")


def run_phenotypes(job: JobContext) -> None:
    """Task `map_phenotypes`. Raises InputError where too few wells have images, or all look alike to the network."""
    job.progress(0.0, "Opening images")
    layout = pd.read_parquet(job.input("well.parquet"))
    images = open_images(job_folder(job.params["image_job"]))
    network = trained.load(job.params["run_id"])
    device = torch_device(job)
    found = mapped(
        network, images, layout, job.seed, bool(job.params["umap"]), device,
        lambda part: job.progress(0.02 + 0.9 * part, "Looking at the wells"),
    )  # fmt: skip
    write_features(job, found, job.params["screen"], job.params["run_id"])
    counts = layout.merge(found.rows[PLACE], on=PLACE)["well_type"].value_counts()
    told: dict[str, Any] = {
        "screen": job.params["screen"], "run_id": job.params["run_id"], "wells": len(found.rows),
        "drug_wells": int(counts.get("therapy", 0)), "components": found.components, "perplexity": found.perplexity,
        "umap": found.umap, "notes": list(found.notes),
    }  # fmt: skip
    job.write_result(told)
    job.progress(1.0, f"{len(found.rows)} wells mapped by {found.components} components")


def mapped(
    network: TrainedScreen,
    images: PreparedImages,
    layout: pd.DataFrame,
    seed: int = 0,
    umap: bool = False,
    device: str = "cpu",
    progress: Callable[[float], object] = lambda part: None,
) -> Mapped:
    """Every drug at its highest dose and all controls, as the published map shows them.

    layout: WELL_COLUMNS of the whole screen: the highest dose is that of the layout, and a drug without an image there
    is left out, not shown at a lower one. progress: takes the share of wells looked at; what it raises stops the work.
    Raises InputError as `phenotype.describe` does.
    """
    top = layout[highest_doses(layout)].reset_index(drop=True)
    there = np.array([well in images for well in places(top)], bool)
    wells, notes = top[there].reset_index(drop=True), list(_missing(top[~there]))
    parts = []
    for start in range(0, len(wells), AT_ONCE):
        progress(start / len(wells))
        parts.append(activations(network, images, wells.iloc[start : start + AT_ONCE], device))
    seen = np.concatenate(parts) if parts else np.empty((0, 1), np.float32)
    found = describe(seen, seed, umap)
    if found.no_umap:
        notes.append(f"No UMAP was drawn. {found.no_umap}")
    axes = {"tsne": found.tsne, "umap": found.umap if found.umap is not None else np.full((len(wells), 2), np.nan)}
    rows = wells[PLACE].assign(
        components=list(found.components.astype(np.float32)),
        **{f"{name}_{axis}": xy[:, i] for name, xy in axes.items() for i, axis in enumerate("xy")},
    )
    k = found.components.shape[1]
    return Mapped(rows, k, found.perplexity, found.umap is not None, tuple(notes))


def write_map(
    job: JobContext, network: TrainedScreen, images: PreparedImages, layout: pd.DataFrame, device: str
) -> tuple[str, ...]:
    """The map among the results of a training, and its notes. Where it cannot be made, a note says why: the run stands
    without it."""
    try:
        found = mapped(network, images, layout, job.seed, device=device, progress=lambda part: job.check_cancelled())
    except InputError as error:
        return (f"No phenotype map: {error}",)
    write_features(job, found, network.screen, network.run_id)
    return found.notes


def write_features(job: JobContext, found: Mapped, screen: str, run_id: str) -> None:
    """The rows of the table `feature` among a job's results."""
    job.write_table("feature", found.rows.assign(screen=screen, run_id=run_id, job_id=job.spec.id))


def _missing(wells: pd.DataFrame) -> list[str]:
    """What would be on the map but has no image."""
    drugs = wells.loc[wells["well_type"] == "therapy", "treatment"]
    notes = []
    if len(drugs):
        names = sorted(drugs.unique())
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        notes.append(f"Wells at the highest dose without an image: {len(drugs)}, of {', '.join(names[:5])}{more}.")
    others = wells.loc[wells["well_type"] != "therapy", "well_type"].value_counts()
    notes += [f"Without an image: {n} {KINDS[kind]}." for kind, n in others.items()]
    return notes
