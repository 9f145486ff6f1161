"""The one training loop: Adam, one-cycle schedule, early stopping on validation, a checkpoint after every epoch."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import TrainingError
from engine.learn import checkpoint

Batch = tuple[np.ndarray, ...]

# One step of Adam moves every weight by about the learning rate, so a unit moves with its number of inputs: at a rate
# that suits 2,000 inputs the 70,720 of the `shallow` network's first dense layer die within an epoch (seen on GDSC1).
WIDE = 2500
DIVERGED = 1.5  # times the best validation RMSE


@dataclass(frozen=True)
class LoopSettings:
    """epochs at most; learning_rate is the schedule's peak; patience in epochs without a better validation value.

    save_every_s: least seconds between two checkpoints. 0 writes one after every epoch; with an epoch of seconds and
    weights and moments of gigabytes, writing would take longer than training, and what a stop costs is seconds anyway.
    choose: whether validation decides when to stop and which epoch stays; False only writes it down.
    constant_rate: every layer learns at learning_rate throughout, instead of the schedule.
    """

    epochs: int
    learning_rate: float
    patience: int
    seed: int
    device: str = "cpu"
    save_every_s: float = 0.0
    choose: bool = True
    constant_rate: bool = False


class Epoch(NamedTuple):
    """One line of a learning curve. Losses in the network's own scale, RMSE in the target's unit, NaN without it; where
    wells are told apart instead, the validation loss stands in its place."""

    epoch: int
    train_loss: float
    validation_rmse: float
    learning_rate: float
    seconds: float


def fit(
    model: nn.Module,
    batches: Callable[[np.random.Generator], Sequence[Batch]],
    loss_of: Callable[[Batch], Tensor],
    validate: Callable[[], float] | None,
    settings: LoopSettings,
    resume_file: Path,
    on_step: Callable[[int, int, list[Epoch]], None],
) -> list[Epoch]:
    """Train `model` in place and leave it with the weights of its best epoch.

    When validation jumps to 1.5 times its best, training goes back to the best weights and halves its rate.

    batches: an epoch's batches, the same number every time, shuffled by the generator it is given.
    loss_of: mean loss of one batch. validate: RMSE on validation rows (the model is in evaluation mode); without it
    (None) every epoch is trained, nothing is chosen and the last weights stay.
    resume_file: written after an epoch (see LoopSettings.save_every_s) and after the last; when it is there, training
        continues after the epoch it holds.
    on_step: called with (steps done, steps in all, epochs so far); may raise to stop.
    Raises TrainingError when the loss is not finite.
    """
    torch.manual_seed(settings.seed)
    steps = len(batches(np.random.default_rng([settings.seed, 0])))
    if steps == 0:
        raise TrainingError("There is not one batch to train on.")
    total = settings.epochs * steps
    optimiser, schedule = _optimiser(model, settings, total)
    history: list[Epoch] = []
    choosing = validate is not None and settings.choose
    best = {key: value.clone() for key, value in model.state_dict().items()} if choosing else {}
    saved_at = time.monotonic()
    if resume_file.exists():
        state = checkpoint.load(resume_file, settings.device)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["rng"].cpu())
        history, best = [Epoch(*row) for row in state["history"]], state["best"]
    while len(history) < settings.epochs and not (choosing and _out_of_patience(history, settings.patience)):
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
        rmse = np.nan
        if validate is not None:
            with torch.no_grad():
                rmse = validate()
        if not (np.isfinite(mean_loss) and (validate is None or np.isfinite(rmse))):
            raise TrainingError(f"The loss was not finite in epoch {number}. Try a smaller learning rate.")
        lowest = min((epoch.validation_rmse for epoch in history), default=np.inf)
        if not choosing:
            pass
        elif rmse < lowest:
            best = {key: value.clone() for key, value in model.state_dict().items()}
        elif rmse > DIVERGED * lowest:
            model.load_state_dict(best)
            _halve_rate(optimiser)
        rate = schedule.get_last_lr()[0]
        history.append(Epoch(number, mean_loss, float(rmse), float(rate), time.perf_counter() - started))
        if number == settings.epochs or time.monotonic() - saved_at >= settings.save_every_s:
            state = {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "rng": torch.get_rng_state(),
                "history": [tuple(epoch) for epoch in history],
                "best": best,
            }
            checkpoint.save(resume_file, state)
            saved_at = time.monotonic()
        on_step(len(history) * steps, total, history)
    if best:
        model.load_state_dict(best)
    model.eval()
    return history


def _optimiser(
    model: nn.Module, settings: LoopSettings, steps: int
) -> tuple[torch.optim.Adam, torch.optim.lr_scheduler.LRScheduler]:
    if settings.constant_rate:
        optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)
        return optimiser, torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0, total_iters=0)
    groups = parameter_groups(model, settings.learning_rate)
    optimiser = torch.optim.Adam(groups, fused=True)
    rates = [float(group["lr"]) for group in groups]
    return optimiser, torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps)


def parameter_groups(model: nn.Module, learning_rate: float) -> list[dict[str, Any]]:
    """Parameters with their peak rate: lower, in proportion, where a unit has more than WIDE inputs.

    A model of several networks side by side says in `member_dims` how many leading dimensions count networks.
    """
    by_rate: dict[float, list[nn.Parameter]] = {}
    units = int(getattr(model, "member_dims", 0))
    for parameter in model.parameters():
        inputs = parameter.shape[units + 1 :].numel()  # of a bias: 1
        by_rate.setdefault(learning_rate * min(1.0, WIDE / inputs), []).append(parameter)
    return [{"params": by_rate[rate], "lr": rate} for rate in sorted(by_rate, reverse=True)]


def _halve_rate(optimiser: torch.optim.Optimizer) -> None:
    optimiser.state.clear()  # the moments belong to the weights that diverged
    for group in optimiser.param_groups:
        for key in ("initial_lr", "max_lr", "min_lr"):  # what the schedule computes its rates from
            group[key] /= 2


def _out_of_patience(history: list[Epoch], patience: int) -> bool:
    if not history:
        return False
    values = [epoch.validation_rmse for epoch in history]
    if np.isnan(values[-1]):  # nothing validates
        return False
    return len(values) - 1 - int(np.argmin(values)) >= patience
