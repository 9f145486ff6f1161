"""The one training loop: Adam, one-cycle schedule, early stopping on validation, a checkpoint after every epoch."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import TrainingError
from engine.learn import checkpoint

Batch = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class LoopSettings:
    """epochs at most; learning_rate is the schedule's peak; patience in epochs without a better validation value."""

    epochs: int
    learning_rate: float
    patience: int
    seed: int
    device: str = "cpu"


class Epoch(NamedTuple):
    """One line of a learning curve. Losses in the network's own scale, RMSE in the target's unit."""

    epoch: int
    train_loss: float
    validation_rmse: float
    learning_rate: float
    seconds: float


def fit(
    model: nn.Module,
    batches: Callable[[np.random.Generator], Sequence[Batch]],
    loss_of: Callable[[Batch], Tensor],
    validate: Callable[[], float],
    settings: LoopSettings,
    resume_file: Path,
    on_step: Callable[[int, int, list[Epoch]], None],
) -> list[Epoch]:
    """Train `model` in place and leave it with the weights of its best epoch.

    batches: an epoch's batches, the same number every time, shuffled by the generator it is given.
    loss_of: mean loss of one batch. validate: RMSE on validation rows (the model is in evaluation mode).
    resume_file: written after every epoch; when it is there, training continues after the epoch it holds.
    on_step: called with (steps done, steps in all, epochs so far); may raise to stop.
    Raises TrainingError when the loss is not finite.
    """
    torch.manual_seed(settings.seed)
    steps = len(batches(np.random.default_rng([settings.seed, 0])))
    if steps == 0:
        raise TrainingError("There is not one batch to train on.")
    total = settings.epochs * steps
    optimiser = torch.optim.Adam(model.parameters(), settings.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=total)
    history: list[Epoch] = []
    best = {key: value.clone() for key, value in model.state_dict().items()}
    if resume_file.exists():
        state = checkpoint.load(resume_file, settings.device)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["rng"].cpu())
        history, best = [Epoch(*row) for row in state["history"]], state["best"]
    while len(history) < settings.epochs and not _out_of_patience(history, settings.patience):
        number, started = len(history) + 1, time.perf_counter()
        model.train()
        losses = []
        for batch in batches(np.random.default_rng([settings.seed, number])):
            with torch.autocast(settings.device, torch.bfloat16, enabled=settings.device == "cuda"):
                loss = loss_of(batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.detach())
            on_step(len(history) * steps + len(losses), total, history)
        mean_loss = float(torch.stack(losses).mean())
        model.eval()
        with torch.no_grad():
            rmse = validate()
        if not (np.isfinite(mean_loss) and np.isfinite(rmse)):
            raise TrainingError(f"The loss was not finite in epoch {number}. Try a smaller learning rate.")
        if not history or rmse < min(epoch.validation_rmse for epoch in history):
            best = {key: value.clone() for key, value in model.state_dict().items()}
        rate = schedule.get_last_lr()[0]
        history.append(Epoch(number, mean_loss, float(rmse), float(rate), time.perf_counter() - started))
        checkpoint.save(
            resume_file,
            {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "rng": torch.get_rng_state(),
                "history": [tuple(epoch) for epoch in history],
                "best": best,
            },
        )
        on_step(len(history) * steps, total, history)
    model.load_state_dict(best)
    model.eval()
    return history


def _out_of_patience(history: list[Epoch], patience: int) -> bool:
    if not history:
        return False
    values = [epoch.validation_rmse for epoch in history]
    return len(values) - 1 - int(np.argmin(values)) >= patience
