"""The training job: store tables in; networks, baselines, held-out predictions and their metrics out, fold by fold."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.jobs.context import JobContext
from engine.jobs.queue import submit
from engine.jobs.runs import run_row, torch_device
from engine.response.cohort import Cohort, build_cohort
from engine.response.curation import CurationReceipt, curate
from engine.response.domain import domain_rows
from engine.response.evaluate import metric_rows, prediction_rows, strongest_naive
from engine.response.fold_models import predict_fold
from engine.response.folds import Fold, make_cut, make_fold
from engine.response.records import RunSummary, run_summary, training_inputs
from engine.response.reference import save_reference
from engine.response.settings import PUBLISHED_SPLIT, SPLIT_NAMES, CurationSettings, TrainSettings
from engine.store.database import Database

FITTED = 0.9  # of the progress bar; the rest are predictions, metrics and their intervals


def submit_training(db: Database, settings: TrainSettings) -> str:
    """Put what training needs of the store into a new job folder and start it; returns the job's id."""
    inputs, dataset, simulated = training_inputs(db, settings.dataset)
    settings = replace(settings, dataset=dataset)
    params = {"settings": asdict(settings), "simulated": simulated}
    return submit("train_response", _title(settings), params, settings.seed, inputs, gpu=bool(settings.networks))


def submit_evaluation(
    db: Database,
    run_id: str,
    split: str,
    folds: int = 0,
    only_folds: Sequence[int] = (),
    networks: Sequence[str] | None = None,
    ablations: Sequence[str] = (),
    epochs: int | None = None,
) -> str:
    """Train and test a run's models again under another split, from scratch in every fold; returns the job's id.

    networks: None takes the run's own. epochs: None takes the run's.
    Raises StoreError for a run that is not in the store, InputError for settings that do not go together.
    """
    settings = settings_of(run_summary(db, run_id))
    settings = replace(
        settings,
        networks=settings.networks if networks is None else tuple(networks),
        ablations=tuple(ablations),
        split=split,
        folds=folds,
        only_folds=tuple(only_folds),
        evaluates=run_id,
        epochs=settings.epochs if epochs is None else epochs,
    )
    return submit_training(db, settings)


def settings_of(run: RunSummary) -> TrainSettings:
    """The settings that a run was trained with. Raises InputError for a run that kept none."""
    kept = {**run.config, "curation": run.config.get("curation", {}).get("settings", {})}
    if "networks" not in kept:
        raise InputError(f"Run {run.run_id} kept no settings to train again with: start a training instead.")
    kept = {key: value for key, value in kept.items() if key not in ("folds", "only_folds")}
    if kept.get("split") == PUBLISHED_SPLIT:
        kept.pop("validation_share", None)  # of pairs; other splits validate on whole lines, types or drugs
    return TrainSettings.from_params(kept)


def _title(settings: TrainSettings) -> str:
    what, epochs = "the baselines", ""
    if settings.networks:
        one = len(settings.networks) == 1
        what = settings.networks[0].replace("_", " ") if one else f"{len(settings.networks)} networks"
        epochs = f", {settings.epochs} epoch{'s' if settings.epochs > 1 else ''}"
    if settings.n_folds == 1:
        return f"Train {what}{epochs}"
    folds = len(settings.fold_numbers)
    unseen = "unseen pairs" if settings.split == PUBLISHED_SPLIT else SPLIT_NAMES[settings.split]
    return f"Evaluate {what} on {unseen}{epochs}, {folds} fold{'s' if folds > 1 else ''}"


@dataclass
class _Outcome:
    """What the folds so far have given."""

    predictions: list[pd.DataFrame] = field(default_factory=list)
    domain: list[pd.DataFrame] = field(default_factory=list)
    folds: list[dict[str, object]] = field(default_factory=list)
    curves: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    conformal: dict[str, dict[str, dict[str, float | int | None]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def run_training(job: JobContext) -> None:
    """Task `train_response`. What an interrupted attempt has finished is kept, the running network continues."""
    started = time.monotonic()
    settings = TrainSettings.from_params(job.params["settings"])
    device = torch_device(job)
    job.progress(0.0, "Reading the tables")
    cohort, receipt = read_cohort(job, settings.curation)
    structure = cohort.structure()
    plan = make_cut(cohort, structure, settings)
    data_hash, found = cohort.data_hash(), _Outcome(notes=list(plan.notes))
    numbers = settings.fold_numbers
    for i, number in enumerate(numbers):
        fold = make_fold(cohort, structure, plan, number)
        share = FITTED / len(numbers)
        _run_fold(job, fold, settings, data_hash, device, found, (i * share, share))
    frame = pd.concat(found.predictions, ignore_index=True)
    naive = strongest_naive(frame)

    def measured(share: float, model: str) -> None:
        job.progress(FITTED + (1 - FITTED) * share, f"Metrics and their intervals: {model.replace('_', ' ')}")

    metrics = metric_rows(
        job.spec.id, frame, cohort.lines, settings, naive, structure_of(cohort, structure), on_progress=measured
    )
    # A resumed job trained most of its epochs in an earlier attempt.
    trained_s = sum(epoch["seconds"] for curve in found.curves.values() for epoch in curve)
    sizes = pd.DataFrame(found.folds)[["n_train", "n_validation", "n_test"]]
    run = run_row(
        job,
        _config(settings, receipt, found, naive),
        device,
        split=settings.split,
        data_hash=data_hash,
        minutes=max(time.monotonic() - started, trained_s) / 60,
        n_train=round(sizes["n_train"].mean()),
        n_validation=round(sizes["n_validation"].mean()),
        n_test=int(sizes["n_test"].sum()),
        curves=json.dumps(found.curves),
        simulated=bool(job.params.get("simulated", False)),
    )
    job.write_table("prediction", frame)
    job.write_table("metric", metrics)
    job.write_table("fold", pd.DataFrame(found.folds))
    job.write_table("domain", pd.concat(found.domain, ignore_index=True))
    job.write_table("run", pd.DataFrame([run]))
    overall = metrics[(metrics["scope"] == "all") & (metrics["name"] == "r2")].set_index("model")["value"]
    job.write_result(
        {
            "run_id": job.spec.id,
            "split": settings.split,
            "folds": f"{len(numbers)} of {settings.n_folds}",
            "lines": len(cohort.lines),
            "drugs": len(cohort.drugs),
            "positions": len(cohort.vocabulary),
            "pairs": {name: run[f"n_{name}"] for name in ("train", "validation", "test")},
            "r2": {str(model): float(value) for model, value in overall.items()},
            "epochs": {name: len(curve) for name, curve in found.curves.items()},
            "minutes": run["minutes"],
            "peak_memory_mib": run["peak_memory_mib"],
            "notes": found.notes,
            "curation": receipt.as_dict(),
        }
    )


def read_cohort(job: JobContext, rules: CurationSettings) -> tuple[Cohort, CurationReceipt]:
    """The curated arrays of a job folder's inputs."""
    tables = {
        name: pd.read_parquet(job.input(f"{name}.parquet")) for name in ("cell_line", "drug", "mutation", "response")
    }
    data = curate(tables["cell_line"], tables["drug"], tables["mutation"], tables["response"], rules)
    return build_cohort(data), data.receipt


def structure_of(cohort: Cohort, structure: np.ndarray) -> dict[int, int]:
    """drug_id -> number of its structure."""
    return dict(zip(cohort.drugs["drug_id"].tolist(), structure.tolist(), strict=True))


def _run_fold(
    job: JobContext,
    fold: Fold,
    settings: TrainSettings,
    data_hash: str,
    device: str,
    found: _Outcome,
    span: tuple[float, float],
) -> None:
    cohort, run_id = fold.cohort, job.spec.id
    where = f"fold {fold.number} of {settings.n_folds}: " if fold.number else ""
    job.log(
        f"{where}{len(cohort.lines):,} lines, {len(cohort.drugs):,} drugs, {len(cohort.vocabulary):,} positions; "
        f"pairs: {len(fold.train):,} training, {len(fold.validation):,} validation, {len(fold.test):,} test"
    )
    models, curves = predict_fold(job, fold, settings, data_hash, device, where, span)
    for name, curve in curves.items():
        found.curves[f"{name}, fold {fold.number}" if fold.number else name] = [epoch._asdict() for epoch in curve]
    frame, calibrations, notes = prediction_rows(run_id, fold, models)
    found.predictions.append(frame)
    found.conformal[str(fold.number)] = calibrations
    found.notes += [where.capitalize() + note for note in notes]
    found.domain.append(domain_rows(run_id, fold))
    save_reference(job.results, fold)
    test = fold.test
    found.folds.append(
        {
            "run_id": run_id,
            "fold": fold.number,
            "n_train": len(fold.train),
            "n_validation": len(fold.validation),
            "n_test": len(test),
            "lines_test": len(np.unique(cohort.line[test])),
            "drugs_test": len(np.unique(cohort.drug[test])),
            "positions": len(cohort.vocabulary),
        }
    )


def _config(settings: TrainSettings, receipt: CurationReceipt, found: _Outcome, naive: str) -> dict[str, object]:
    return {
        **asdict(settings),
        "folds": settings.n_folds,
        "ran_folds": list(settings.fold_numbers),
        "naive": naive,
        "conformal": found.conformal,
        "notes": found.notes,
        "command": settings.command(),
        "curation": receipt.as_dict(),
    }
