"""The jobs of the demonstration for radiosensitivity: published SF2, simulated arrays and curves, both protocols."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from engine.demo.arrays import (
    CURVE_SET,
    EXPRESSION_SET,
    published_sf2,
    simulate_arrays,
    simulate_curves,
    write_array_files,
)
from engine.radiation.settings import BASELINES, BEYOND, NETWORK, RadiationSettings
from engine.store.database import Database

EPOCHS, FOLDS, BATCH_SIZE, LEARNING_RATE = 8, 6, 32, 2e-3  # seconds on one core, and far from a finished network
# One round each, so that the demonstration stands soon. Prediction validation is a further fit for every sample that
# was not correct: where arrays of a line are spread over folds these are few, and only quick models are asked.
MODELS: dict[str, tuple[str, ...]] = {"grouped": (NETWORK, *BEYOND, *BASELINES)}
MODELS["published"] = tuple(name for name in MODELS["grouped"] if name not in ("pls", "svr", "random_forest"))


def imports(db: Database, folder: Path, seed: int, about: str, licence: str) -> Iterator[str]:
    """Submits the imports; yields each job's id. folder: where the simulated files are written.

    The published SF2 were measured, so they are not simulated; they are imported unless the store has them. Simulated
    arrays and curves take the place of earlier ones.
    """
    from engine.radiation.expression_import import submit_expression_import
    from engine.radiation.survival_import import (
        REFERENCE_LICENCE,
        REFERENCE_NAME,
        REFERENCE_ORIGIN,
        REFERENCE_SF2,
        submit_survival_import,
    )

    if db.query("SELECT 1 FROM survival WHERE dataset = ? LIMIT 1", [REFERENCE_NAME]).empty:
        yield submit_survival_import(REFERENCE_SF2, REFERENCE_NAME, origin=REFERENCE_ORIGIN, licence=REFERENCE_LICENCE)
    arrays, curves = simulate_arrays(seed=seed), simulate_curves(seed)
    files = write_array_files(arrays, curves, folder)
    of_arrays = (
        f"{about}: {len(arrays.samples)} arrays of the {len(published_sf2())} lines with published SF2, "
        f"{len(arrays.drivers)} of {len(arrays.probes):,} probes planted to follow it"
    )
    of_curves = f"{about}: curves of {curves['cell_line'].nunique()} lines that pass near their published SF2"
    for submit, path, name, origin in (
        (submit_survival_import, files.curves, CURVE_SET, of_curves),
        (submit_expression_import, files.expression, EXPRESSION_SET, of_arrays),
    ):
        yield submit(path, name, origin=origin, licence=licence, simulated=True, replace=True)


def trainings(db: Database, epochs: int, folds: int, seed: int) -> Iterator[str]:
    """Submits a small training under each protocol; yields each job's id. The imports are in the store by then.

    epochs, folds: at most so many, for a quicker demonstration.
    """
    from engine.radiation.survival_import import REFERENCE_NAME
    from engine.radiation.train import submit_training

    grouped = RadiationSettings(
        protocol="grouped",
        rounds=1,
        folds=min(FOLDS, folds),
        models=MODELS["grouped"],
        epochs=min(EPOCHS, epochs),
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE,
        seed=seed,
        validation=False,
        expression=EXPRESSION_SET,
        survival=REFERENCE_NAME,
    )
    published = replace(grouped, protocol="published", models=MODELS["published"], permutations=0, validation=True)
    # The honest one is opened first, so it is trained last.
    yield from (submit_training(db, settings) for settings in (published, grouped))
