"""The demonstration screens in the store: simulated folders through the ordinary import, a network, and scores."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from engine.store.database import Database

ORIGIN = "Simulated by Tumorcast"
LICENCE = "No restriction: simulated data"
TRAINED = "SIM-NTRK_DS1"
# Nothing may be downloaded for a demonstration, so its network starts from random weights, and its run says so.
BACKBONE, WEIGHTS, PHASE = "squeezenet1_0", "none", 2
# Random convolutions answer ten times more faintly than ImageNet's: the output above them needs larger steps, and more.
# Chosen here on TRAINED itself: 20 s of one core, viability against the planted one r 0.89 where 20 epochs at the
# preset's rate leave the output where it began.
EPOCHS, LEARNING_RATE = 300, 0.05
READOUTS = ("metabolic", "mos")


def submit_demo_screens(db: Database, seed: int = 0, train: bool = True) -> Iterator[str]:
    """Submits the import of every simulated screen, their scoring, and with `train` a network; yields each job's id.

    Jobs build on each other: the caller sees to it that one is in the store before it asks for the next. A screen
    whose name the store has already is left as it is. One screen, TRAINED, gets a network by the fast preset from
    random weights, and is scored by its images too.
    """
    # What simulates and imports is loaded when a screen is built, so that the command line starts fast.
    from engine.demo.screen_plan import SCREENS
    from engine.demo.screens import write_screens
    from engine.spheroid.score_job import submit_scoring
    from engine.spheroid.screen_import import submit_screen_import
    from engine.spheroid.screen_list import screens
    from engine.spheroid.settings import ScoreSettings, SpheroidSettings

    about, there = f"{ORIGIN} (size small, seed {seed})", set(screens(db)["screen"])
    fresh = [screen for screen in SCREENS if screen.name not in there]
    for screen in fresh:
        with tempfile.TemporaryDirectory(prefix="tumorcast-screen-") as folder:
            write_screens(Path(folder), seed=seed, screens=[screen.name])
            yield submit_screen_import(
                Path(folder), screen.name, sample=f"Simulated {screen.sample}", entity=screen.entity, origin=about,
                licence=LICENCE, simulated=True,
            )  # fmt: skip
    settings = ScoreSettings(seed=seed)
    for screen in fresh:
        if not screen.control:
            for modality in READOUTS:
                yield submit_scoring(db, screen.name, modality, settings)
    if train and TRAINED in {screen.name for screen in fresh}:
        from engine.spheroid.train import submit_training

        yield submit_training(
            db,
            SpheroidSettings(
                TRAINED, PHASE, "fast", BACKBONE, WEIGHTS, epochs=EPOCHS, learning_rate=LEARNING_RATE, seed=seed
            ),
        )
        yield submit_scoring(db, TRAINED, "image", settings)
