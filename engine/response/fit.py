"""One network fitted to one fold."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from engine.learn import loop
from engine.response.batches import block_batches, block_shape, random_batches
from engine.response.factorised import FactorisedNetwork
from engine.response.folds import Fold
from engine.response.networks import ResponseNetwork
from engine.response.settings import TrainSettings
from engine.response.trained import TargetScale, TrainedNetwork, predict_pairs

GPU_BATCH = 4096  # pairs


def fit_network(
    name: str,
    fold: Fold,
    settings: TrainSettings,
    data_hash: str,
    device: str,
    resume_file: Path,
    on_step: Callable[[int, int, list[loop.Epoch]], None],
) -> tuple[TrainedNetwork, list[loop.Epoch]]:
    """Train on the fold's training pairs, stop by its validation pairs; test pairs are not looked at.

    resume_file, on_step: see `loop.fit`. Raises TrainingError where the loss is not finite.
    """
    cohort, train, validation = fold.cohort, fold.train, fold.validation
    torch.manual_seed(settings.seed)
    network = ResponseNetwork(name, len(cohort.vocabulary), cohort.drug_bits.shape[1])
    scale = TargetScale.of(network, cohort.ln_ic50[train])
    target = torch.from_numpy((cohort.ln_ic50 - scale.centre) / scale.half_range).float().to(device)
    with torch.no_grad():  # starting at the mean saves the first epoch; the loss is the published one
        mean = target[torch.from_numpy(train)].mean()
        network.docking.output.bias.fill_(torch.atanh(mean) if network.architecture.output == "tanh" else mean)
    network = network.to(device)
    factorised = FactorisedNetwork(network, cohort.genomes, cohort.drug_bits, device)
    trained = TrainedNetwork(network, scale, cohort.vocabulary, cohort.fingerprint, data_hash)

    def loss_of(batch: loop.Batch) -> torch.Tensor:
        picked = train[batch[0]]
        output = factorised.pairs(cohort.line[picked], cohort.drug[picked])
        return torch.nn.functional.mse_loss(output.float(), target[torch.from_numpy(picked)])

    def validate() -> float:
        values = predict_rows(trained, fold, validation, device)
        return float(np.sqrt(np.mean((values - cohort.ln_ic50[validation]) ** 2)))

    history = loop.fit(
        network,
        _batches(fold, settings, device),
        loss_of,
        validate,
        loop.LoopSettings(settings.epochs, settings.learning_rate, settings.patience, settings.seed, device),
        resume_file,
        on_step,
    )
    return trained, history


def predict_rows(trained: TrainedNetwork, fold: Fold, rows: np.ndarray, device: str) -> np.ndarray:
    """ln(IC50, uM) of the pairs `rows` of the fold's cohort."""
    cohort = fold.cohort
    return predict_pairs(trained, cohort.genomes, cohort.drug_bits, cohort.line[rows], cohort.drug[rows], device)


def _batches(fold: Fold, settings: TrainSettings, device: str) -> Callable[[np.random.Generator], Sequence[loop.Batch]]:
    cohort, train = fold.cohort, fold.train
    if device == "cuda":
        return random_batches(len(train), GPU_BATCH)
    line, drug = cohort.line[train], cohort.drug[train]
    # Lines and drugs that train, not those of the cohort: under honest splits some are held out.
    shape = block_shape(len(train), len(np.unique(line)), len(np.unique(drug)))
    return block_batches(
        line,
        drug,
        np.diff(cohort.genomes.indptr),
        len(cohort.drugs),
        settings.block_lines or shape[0],
        settings.block_drugs or shape[1],
    )
