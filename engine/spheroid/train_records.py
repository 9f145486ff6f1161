"""SQL: what training a network for a screen needs of the store."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from engine.errors import InputError, JobError
from engine.jobs.queue import job_folder
from engine.spheroid.score_records import wells_of
from engine.spheroid.screen_list import screen_row, trained_runs
from engine.spheroid.settings import PHASES, SpheroidSettings
from engine.store.database import Database

NETWORK_FILE = "network.pt"  # of a finished run, in the results of its job


def screen_with_images(db: Database, screen: str) -> Mapping[str, Any]:
    """Its row of `screen_list.screens`. Raises InputError where there is no such screen or it has no images."""
    row = screen_row(db, screen)
    if not row["n_images"] or not isinstance(row["image_job"], str):
        raise InputError(f"The screen {screen} has no images: import it again with its folder of images.")
    try:
        job_folder(row["image_job"])
    except JobError as error:
        raise InputError(
            f"The prepared images of {screen} are gone: the job {row['image_job']} that kept them was deleted. Import "
            "the screen again."
        ) from error
    return row


def layout_of(db: Database, screen: str) -> pd.DataFrame:
    """The screen's wells, columns of types.WELL_COLUMNS, additions '' where there is none."""
    wells = wells_of(db, screen)
    return wells.assign(**{name: wells[name].fillna("") for name in ("treatment", "addon")})


def start_run(db: Database, settings: SpheroidSettings, simulated: bool) -> str:
    """The run that training starts from; '' where it starts from ImageNet or random weights.

    Phase I starts from these. Phase II starts from the run told, else from weights where somebody chose some, else from
    the newest of phase I with the same backbone, simulated for a simulated screen and measured for a measured one.
    Phase III starts from the run told, else from the newest of phase II of the same screen and backbone.
    Raises InputError where there is no such run, the one told does not fit, or weights were chosen that count nowhere.
    """
    phase, backbone = settings.phase, settings.backbone_name
    if phase == 1:
        if settings.start:
            raise InputError("Phase I starts from ImageNet weights, not from another run: leave out the start.")
        return ""
    if phase == 3 and settings.weights:
        raise InputError(
            "Phase III goes on with the network of phase II, which has weights of its own: leave out the weights."
        )
    runs = trained_runs(db)
    if settings.start:
        if settings.weights:
            raise InputError(
                f"Training starts from {settings.start}, which has weights of its own: leave out the start or the "
                "file of weights."
            )
        found = runs[runs["run_id"] == settings.start]
        if found.empty:
            raise InputError(f"There is no trained network {settings.start!r}. `python -m engine runs` lists the runs.")
        told = found.iloc[0]
        if told["phase"] != phase - 1 or told["backbone"] != backbone:
            raise InputError(
                f"{settings.start} is a {told['backbone']} of phase {'I' * int(told['phase'])}: phase {'I' * phase} "
                f"of a {backbone} starts from a {backbone} of phase {'I' * (phase - 1)}."
            )
        if phase == 3 and told["screen"] != settings.screen:
            raise InputError(f"{settings.start} was trained for {told['screen']}: phase III goes on with the own one.")
        return _kept(settings.start)
    if phase == 2 and settings.weights:
        return ""
    fitting = runs[(runs["phase"] == phase - 1) & (runs["backbone"] == backbone) & (runs["simulated"] == simulated)]
    if phase == 3:
        fitting = fitting[fitting["screen"] == settings.screen]
    if fitting.empty:
        of = f" of the screen {settings.screen}" if phase == 3 else ""
        kind = "simulated " if simulated else ""
        or_else = "" if phase == 3 else ", or give ImageNet weights to start without phase I"
        raise InputError(
            f"There is no {kind}{backbone} of phase {'I' * (phase - 1)}{of} to start phase {'I' * phase} "
            f"({PHASES[phase]}) from: train that phase first{or_else}."
        )
    return _kept(str(fitting["run_id"].iloc[0]))


def newest_run(db: Database, screen: str) -> str:
    """The newest run of the highest phase that looked at a screen. Raises InputError where there is none."""
    runs = trained_runs(db)
    mine = runs[runs["screen"] == screen].sort_values(["phase", "created_at"], ascending=False)
    if mine.empty:
        raise InputError(f"No network was trained for the screen {screen}: train one first.")
    return str(mine["run_id"].iloc[0])


def _kept(run_id: str) -> str:
    try:
        there = (job_folder(run_id) / "results" / NETWORK_FILE).is_file()
    except JobError:
        there = False
    if not there:
        raise InputError(f"The network of run {run_id} is gone with its job folder: train that phase again.")
    return run_id
