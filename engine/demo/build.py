"""Builds the demonstration store: simulated files through the ordinary imports, trainings and a screen."""

import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from engine.demo.sizes import size_of
from engine.errors import EngineError, InputError, JobError
from engine.jobs import queue
from engine.settings import store_path
from engine.store.database import Database

SEED = 0
EPOCHS = {"small": 12, "paper": 12}
# What the trained run is evaluated under besides the published split: every model of it anew in every fold.
EVALUATED = ("cell_line", "drug")
FOLDS = 7  # as many as a critical-difference plot asks for
EVALUATED_NETWORKS = ("master",)
ORIGIN = "Simulated by Tumorcast"
LICENCE = "No restriction: simulated data"
LIBRARY = "approved"
POLL_SECONDS = 0.5


def submit_demo(
    size: str = "small", epochs: int | None = None, train: bool = True, seed: int = SEED, folds: int = FOLDS
) -> Iterator[str]:
    """Submits the imports and, with `train`, all five networks' training, a screen and SF2; yields each job's id.

    The imports build on each other, so the caller sees to it that a job is in the store before it asks for the next.
    Before the training come the simulated spheroid screens with their network and scores (`screen_build`). Behind the
    training, and submitted together with it, come its evaluations under EVALUATED: they need nothing more
    of the caller, who may leave them to run in the background. The screen is of the list of approved drugs that comes
    along (measured by nobody here, so not simulated), imported before the training as library LIBRARY unless the store
    has one of that name. Radiosensitivity is trained last, on simulated arrays and published SF2 (`radiation.py`).
    size: small or paper. epochs: None takes the size's own number. seed: of the cohort and of the training. folds: of
    the evaluations, and at most so many of radiosensitivity's.
    Raises InputError for an unknown size, at the call; what the imports refuse, when asked for the next job.
    """
    size_of(size)
    return _jobs(size, EPOCHS[size] if epochs is None else epochs, train, seed, folds)


def start_demo(size: str = "small", epochs: int | None = None, train: bool = True, seed: int = SEED) -> str:
    """submit_demo for an app that collects in the background: returns the first job's id at once.

    A thread submits every further job as soon as the one before is in the store, and stops where one fails.
    """
    jobs = submit_demo(size, epochs, train, seed)
    first = next(jobs)
    threading.Thread(target=_follow, args=(first, jobs), name="demo", daemon=True).start()
    return first


def start_demo_screens(seed: int = SEED) -> str:
    """The simulated screens alone, for a store that has none: returns the first job's id, as `start_demo` does.

    Raises InputError where the store has them all already.
    """
    from engine.demo.screen_build import submit_demo_screens

    jobs = submit_demo_screens(Database(store_path()), seed)
    first = next(jobs, None)
    if first is None:
        raise InputError("The simulated screens are in the store already: they stand on the page Screens.")
    threading.Thread(target=_follow, args=(first, jobs), name="demo-screens", daemon=True).start()
    return first


def _jobs(size: str, epochs: int, train: bool, seed: int, folds: int) -> Iterator[str]:
    from engine.demo import radiation  # pandas-heavy modules load when a cohort is built
    from engine.demo.cohort import DATASET, simulate, write_files
    from engine.demo.responses import REPEAT_OFFSET
    from engine.response.sources import submit_import

    cohort = simulate(size, seed)
    about = f"{ORIGIN} (size {size}, seed {seed})"
    best = (
        f"{about}; over all pairs, measurement noise limits any predictor to an R² of {cohort.responses.best_r2():.3f}"
    )
    again = (
        f"{about}; {len(cohort.repeat.line):,} of the pairs of {DATASET} measured again, with noise of its own and an "
        f"assay that reads {REPEAT_OFFSET:g} ln units higher"
    )
    with tempfile.TemporaryDirectory(prefix="tumorcast-demo-") as folder:
        files = write_files(cohort, Path(folder))
        for kind, path, origin in (
            ("cell-lines", files.cell_lines, about),
            ("drugs", files.drugs, about),
            ("mutations", files.mutations, about),
            # The study imported last is the one that is trained on.
            ("responses", files.repeat, again),
            ("responses", files.responses, best),
        ):
            yield submit_import(path, kind, origin=origin, licence=LICENCE, simulated=True)
        yield from radiation.imports(Database(store_path()), Path(folder), seed, about, LICENCE)
    if train:
        from engine.response.library_import import REFERENCE_LIBRARY, REFERENCE_ORIGIN, submit_library_import
        from engine.response.screening import submit_screening
        from engine.response.settings import TrainSettings
        from engine.response.train import submit_training

        db, settings = Database(store_path()), TrainSettings(epochs=epochs, seed=seed, dataset=DATASET)
        if db.query("SELECT 1 FROM library WHERE library = ? LIMIT 1", [LIBRARY]).empty:
            yield submit_library_import(db, REFERENCE_LIBRARY, LIBRARY, origin=REFERENCE_ORIGIN)
        from engine.demo.screen_build import submit_demo_screens

        yield from submit_demo_screens(db, seed)
        run_id = submit_training(db, settings)
        evaluations = [
            replace(settings, networks=EVALUATED_NETWORKS, split=split, folds=folds, evaluates=run_id)
            for split in EVALUATED
        ]
        yield from [run_id, *(submit_training(db, each) for each in evaluations)]
        yield submit_screening(db, LIBRARY, run_id)
        yield from radiation.trainings(db, epochs, folds, seed)


def _follow(job_id: str, jobs: Iterator[str]) -> None:
    try:
        while True:
            _wait_until_stored(job_id)
            job_id = next(jobs)
    except StopIteration:
        return
    except EngineError as error:
        logging.getLogger(__name__).warning("The demonstration cohort is not complete: %s", error)


def _wait_until_stored(job_id: str) -> None:
    """Raises JobError where the job ends otherwise."""
    while (job := queue.status(job_id)).state != "collected":
        if job.state in ("failed", "cancelled"):
            raise JobError(f"{job.title} {job.state}: {job.error}")
        time.sleep(POLL_SECONDS)
