"""A finished run as its job folder keeps it: the samples it was trained on, its networks, and what intervals it has.

n samples, l cell lines, p probes, k samples to look at.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from engine.errors import JobError, TrainingError
from engine.jobs.files import read_json, write_json
from engine.jobs.queue import job_folder
from engine.radiation import rsi
from engine.radiation.cohort import filled
from engine.radiation.intervals import calibration
from engine.radiation.settings import RadiationSettings
from engine.radiation.similarity import correlations
from engine.radiation.types import Cohort

ABOUT, REFERENCE = "radiation.json", "reference.npz"
ARRAYS = ("values", "sf2", "sample", "line", "panel", "replicate", "probes", "symbols")
UNUSUAL_PERCENT = 5.0  # of trained lines, so many are as unlike all others as what is flagged


@dataclass(frozen=True)
class FinishedRun:
    """cohort: complete, as the final models saw it. half_width: {model: of its 90 % intervals, SF2}, empty where the
    run promises none. results: the folder with the networks."""

    run_id: str
    cohort: Cohort
    settings: RadiationSettings
    half_width: Mapping[str, float]
    simulated: bool
    results: Path

    @cached_property
    def mean(self) -> np.ndarray:
        """(p,) mean of each probe over the samples."""
        return np.asarray(self.cohort.values.mean(axis=0, dtype=np.float64), np.float32)

    @cached_property
    def index_genes(self) -> np.ndarray:
        """(p,) which gene of the radiosensitivity index each probe stands for, '' for none."""
        names = zip(self.cohort.probes.tolist(), self.cohort.symbols.tolist(), strict=True)
        return np.array([rsi.gene_of(str(probe), str(symbol)) for probe, symbol in names], dtype=str)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """The trained lines: line, panel, sf2, samples; rows as in `profiles`."""
        table = pd.DataFrame({"line": self.cohort.line, "panel": self.cohort.panel, "sf2": self.cohort.sf2})
        found = table.groupby("line").agg(panel=("panel", "first"), sf2=("sf2", "first"), samples=("sf2", "size"))
        return found.reset_index()

    @cached_property
    def profiles(self) -> np.ndarray:
        """(l, p) mean expression of each line over its samples, minus the mean over all samples."""
        _, which = np.unique(self.cohort.line, return_inverse=True)
        sums = np.zeros((which.max() + 1, self.cohort.values.shape[1]))
        np.add.at(sums, which, self.cohort.values)
        return sums / np.bincount(which)[:, None] - self.mean

    @cached_property
    def usual(self) -> float:
        """What 95 % of trained lines reach with the trained line most similar to them."""
        found = correlations(self.profiles, self.profiles)
        np.fill_diagonal(found, -np.inf)
        best = found.max(axis=1)
        return float(np.percentile(best, UNUSUAL_PERCENT)) if len(best) > 1 else -1.0

    def similarity(self, values: np.ndarray) -> np.ndarray:
        """(k, l) Pearson correlation over the probes with every trained line, of differences from the mean profile.

        Without taking that off any two arrays correlate by more than 0.8, as some genes are loud in every cell.
        """
        return correlations(values - self.mean, self.profiles)


def half_widths(predictions: pd.DataFrame, protocol: str) -> dict[str, float]:
    """{model: half width of its 90 % intervals for lines never seen}; empty for the published protocol, in which other
    samples of a line train, and where there are too few lines."""
    if protocol != "grouped":
        return {}
    found = {}
    for model in dict.fromkeys(predictions["model"]):
        try:
            found[str(model)] = float(calibration(predictions, model).quantile)
        except TrainingError:
            return {}
    return found


def save_run(
    results: Path,
    run_id: str,
    cohort: Cohort,
    settings: RadiationSettings,
    widths: Mapping[str, float],
    simulated: bool,
) -> None:
    """Keep beside the networks what predicting needs."""
    cohort = filled(cohort, np.arange(len(cohort.line)))
    part = results / "reference.part.npz"  # a job killed here must not leave half a file that counts as kept
    arrays = {name: getattr(cohort, name) for name in ARRAYS}
    np.savez(part, **{name: kept.astype(str) if kept.dtype == object else kept for name, kept in arrays.items()})
    part.replace(results / REFERENCE)
    about = {"run_id": run_id, "settings": asdict(settings), "scale": cohort.scale, "half_width": dict(widths)}
    write_json(results / ABOUT, about | {"simulated": simulated})


def load_run(run_id: str) -> FinishedRun:
    """The run of a finished job. Raises JobError where its folder is gone or holds no radiosensitivity run."""
    try:
        results = job_folder(run_id) / "results"
    except JobError as error:
        raise JobError(
            f"The job folder of run {run_id} is gone, and what it has learned with it: train again, or choose another "
            "run of `python -m engine runs`."
        ) from error
    about = read_json(results / ABOUT)
    if about is None or not (results / REFERENCE).exists():
        raise JobError(
            f"{run_id} holds no finished radiosensitivity run. `python -m engine runs` lists the runs there are."
        )
    kept = np.load(results / REFERENCE)
    cohort = Cohort(**{name: kept[name] for name in ARRAYS}, scale=str(about["scale"]))
    settings = RadiationSettings.from_params(about["settings"])
    return FinishedRun(run_id, cohort, settings, about["half_width"], bool(about["simulated"]), results)
