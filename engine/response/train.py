"""The training job: store tables in, five networks, baselines, held-out predictions and their metrics out."""

import json
import time
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import torch

from engine.errors import TrainingError
from engine.jobs.context import JobContext, peak_memory_mib
from engine.jobs.queue import submit
from engine.learn import loop
from engine.learn.baselines import fit_drug_mean, fit_mean_effects
from engine.learn.splits import TEST, TRAIN, VALIDATION, split_pairs
from engine.response.batches import block_batches, block_shape, random_batches
from engine.response.cohort import Cohort, build_cohort
from engine.response.curation import CurationReceipt, curate
from engine.response.evaluate import check_finite, metric_rows
from engine.response.factorised import FactorisedNetwork
from engine.response.networks import ResponseNetwork
from engine.response.records import training_inputs
from engine.response.settings import ENSEMBLE, CurationSettings, TrainSettings
from engine.response.trained import TargetScale, TrainedNetwork, predict_pairs
from engine.store.database import Database

GPU_BATCH = 4096  # pairs
PREDICTION_SHARE = 0.02  # of the progress bar, per network


def submit_training(db: Database, settings: TrainSettings) -> str:
    """Put what training needs of the store into a new job folder and start it; returns the job's id."""
    inputs, dataset, simulated = training_inputs(db, settings.dataset)
    settings = replace(settings, dataset=dataset)
    what = f"{len(settings.networks)} networks"
    if len(settings.networks) == 1:
        what = settings.networks[0].replace("_", " ")
    title = f"Train {what}, {settings.epochs} epoch{'s' if settings.epochs > 1 else ''}"
    params = {"settings": asdict(settings), "simulated": simulated}
    return submit("train_response", title, params, settings.seed, inputs, gpu=True)


def run_training(job: JobContext) -> None:
    """Task `train_response`. Finished networks of an interrupted attempt are kept, the running one continues."""
    started = time.monotonic()
    settings = TrainSettings.from_params(job.params["settings"])
    device = "cuda" if job.spec.device != "cpu" and torch.cuda.is_available() else "cpu"
    job.progress(0.0, "Reading the tables")
    cohort, receipt = read_cohort(job, settings.curation)
    part = split_pairs(cohort.cancer_type, settings.seed, settings.test_share, settings.validation_share)
    sizes = {name: int((part == code).sum()) for name, code in (("train", TRAIN), ("val", VALIDATION), ("test", TEST))}
    if min(sizes.values()) < 3:
        raise TrainingError(
            f"{len(part)} measured pairs are too few to cut into training, validation and test pairs; import more."
        )
    job.log(
        f"{len(cohort.lines):,} lines, {len(cohort.drugs):,} drugs, {len(cohort.vocabulary):,} positions; pairs: "
        f"{sizes['train']:,} training, {sizes['val']:,} validation, {sizes['test']:,} test"
    )
    test = np.flatnonzero(part == TEST)
    predicted, curves = _baselines(cohort, part, test), {}
    data_hash = cohort.data_hash()
    for i, name in enumerate(settings.networks):
        trained, history = _train_one(job, name, i, cohort, part, settings, data_hash, device)
        curves[name] = [epoch._asdict() for epoch in history]
        values = predict_pairs(trained, cohort.genomes, cohort.drug_bits, cohort.line[test], cohort.drug[test], device)
        predicted[name] = check_finite(name, values)
    predicted[ENSEMBLE] = np.mean([predicted[name] for name in settings.networks], axis=0)
    job.progress(0.99, "Computing metrics")
    frame = _prediction_rows(job.spec.id, cohort, test, predicted)
    # A resumed job trained most of its epochs in an earlier attempt.
    trained_s = sum(epoch["seconds"] for curve in curves.values() for epoch in curve)
    minutes = max(time.monotonic() - started, trained_s) / 60
    run = {
        "run_id": job.spec.id,
        "task": job.spec.task,
        "created_at": pd.Timestamp(job.spec.created_at).tz_localize(None),
        "split": settings.split,
        "seed": settings.seed,
        "config": json.dumps({**asdict(settings), "curation": receipt.as_dict(), "versions": job.spec.versions}),
        "data_hash": data_hash,
        "device": torch.cuda.get_device_name() if device == "cuda" else "CPU",
        "minutes": minutes,
        "peak_memory_mib": peak_memory_mib(),
        "n_train": sizes["train"],
        "n_validation": sizes["val"],
        "n_test": sizes["test"],
        "curves": json.dumps(curves),
        "simulated": bool(job.params.get("simulated", False)),
    }
    metrics = metric_rows(job.spec.id, frame, cohort.lines)
    job.write_table("prediction", frame)
    job.write_table("metric", metrics)
    job.write_table("run", pd.DataFrame([run]))
    overall = metrics[(metrics["scope"] == "all") & (metrics["name"] == "r2")].set_index("model")["value"]
    job.write_result(
        {
            "run_id": job.spec.id,
            "lines": len(cohort.lines),
            "drugs": len(cohort.drugs),
            "positions": len(cohort.vocabulary),
            "pairs": sizes,
            "r2": {str(model): float(value) for model, value in overall.items()},
            "epochs": {name: len(curve) for name, curve in curves.items()},
            "minutes": minutes,
            "peak_memory_mib": run["peak_memory_mib"],
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


def _train_one(
    job: JobContext,
    name: str,
    number: int,
    cohort: Cohort,
    part: np.ndarray,
    settings: TrainSettings,
    data_hash: str,
    device: str,
) -> tuple[TrainedNetwork, list[loop.Epoch]]:
    finished, curve_file = job.results / f"{name}.pt", job.checkpoints / f"{name}.curve.json"
    if finished.exists() and curve_file.exists():
        return TrainedNetwork.load(finished, device), [loop.Epoch(*row) for row in json.loads(curve_file.read_text())]
    torch.manual_seed(settings.seed)
    network = ResponseNetwork(name, len(cohort.vocabulary), cohort.drug_bits.shape[1])
    train, validation = np.flatnonzero(part == TRAIN), np.flatnonzero(part == VALIDATION)
    scale = TargetScale.of(network, cohort.ln_ic50[train])
    target = torch.from_numpy((cohort.ln_ic50 - scale.centre) / scale.half_range).float().to(device)
    with torch.no_grad():  # starting at the mean saves the first epoch; the loss is the published one
        mean = target[torch.from_numpy(train)].mean()
        network.docking.output.bias.fill_(torch.atanh(mean) if network.architecture.output == "tanh" else mean)
    network = network.to(device)
    factorised = FactorisedNetwork(network, cohort.genomes, cohort.drug_bits, device)
    trained = TrainedNetwork(network, scale, cohort.vocabulary, cohort.fingerprint, data_hash)
    line, drug = cohort.line[train], cohort.drug[train]
    if device == "cuda":
        batches = random_batches(len(train), GPU_BATCH)
    else:
        burden = np.diff(cohort.genomes.indptr)
        lines_at_once, drugs_at_once = block_shape(len(train), len(cohort.lines), len(cohort.drugs))
        batches = block_batches(
            line,
            drug,
            burden,
            len(cohort.drugs),
            settings.block_lines or lines_at_once,
            settings.block_drugs or drugs_at_once,
        )

    def loss_of(batch: loop.Batch) -> torch.Tensor:
        picked = train[batch[0]]
        output = factorised.pairs(cohort.line[picked], cohort.drug[picked])
        return torch.nn.functional.mse_loss(output.float(), target[torch.from_numpy(picked)])

    def validate() -> float:
        values = predict_pairs(
            trained, cohort.genomes, cohort.drug_bits, cohort.line[validation], cohort.drug[validation], device
        )
        return float(np.sqrt(np.mean((values - cohort.ln_ic50[validation]) ** 2)))

    def on_step(step: int, total: int, history: list[loop.Epoch]) -> None:
        share = (number + (1 - PREDICTION_SHARE) * step / total) / len(settings.networks)
        message = f"{name.replace('_', ' ')}: epoch {min(len(history) + 1, settings.epochs)} of {settings.epochs}"
        numbers = {"network": number + 1.0, "epoch": float(len(history))}
        if history:
            numbers |= {"validation_rmse": history[-1].validation_rmse, "train_loss": history[-1].train_loss}
        job.progress(0.01 + 0.97 * share, message, **numbers)
        if history and step % (total // settings.epochs) == 0 and step == len(history) * (total // settings.epochs):
            last = history[-1]
            job.log(
                f"{name} epoch {last.epoch}: loss {last.train_loss:.4f}, validation RMSE "
                f"{last.validation_rmse:.4f} ln µM, {last.seconds:.0f} s"
            )

    history = loop.fit(
        network,
        batches,
        loss_of,
        validate,
        loop.LoopSettings(settings.epochs, settings.learning_rate, settings.patience, settings.seed, device),
        job.checkpoints / f"{name}.resume.pt",
        on_step,
    )
    curve_file.write_text(json.dumps([tuple(epoch) for epoch in history]))
    trained.save(finished)
    (job.checkpoints / f"{name}.resume.pt").unlink()
    return trained, history


def _baselines(cohort: Cohort, part: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
    """Fitted on every pair that is not a test pair: they choose nothing, so they need no validation part."""
    known = np.flatnonzero(part != TEST)
    line, drug, value = cohort.line[known], cohort.drug[known], cohort.ln_ic50[known]
    sizes = len(cohort.lines), len(cohort.drugs)
    fits = {
        "drug_mean": fit_drug_mean(drug, value, *sizes),
        "mean_effects": fit_mean_effects(line, drug, value, *sizes),
    }
    return {name: fit.predict(cohort.line[test], cohort.drug[test]) for name, fit in fits.items()}


def _prediction_rows(run_id: str, cohort: Cohort, test: np.ndarray, predicted: dict[str, np.ndarray]) -> pd.DataFrame:
    pairs = pd.DataFrame(
        {
            "run_id": run_id,
            "cosmic_id": cohort.lines["cosmic_id"].to_numpy()[cohort.line[test]],
            "drug_id": cohort.drugs["drug_id"].to_numpy()[cohort.drug[test]],
            "fold": 0,
            "observed": cohort.ln_ic50[test],
        }
    )
    return pd.concat([pairs.assign(model=model, mean=values) for model, values in predicted.items()], ignore_index=True)
