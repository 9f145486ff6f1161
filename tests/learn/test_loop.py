"""The training loop: learns, stops, resumes to the same weights."""

import numpy as np
import pytest
import torch

from engine.errors import JobCancelled, NetworkError, TrainingError
from engine.learn import checkpoint
from engine.learn.loop import LoopSettings, fit, parameter_groups

X = torch.linspace(-1, 1, 32)[:, None]
Y = 3 * X[:, 0] - 1


def rmse(model, target):
    with torch.no_grad():
        return float(((model(X)[:, 0] - target) ** 2).mean().sqrt())


def run(resume_file, epochs=40, on_step=lambda *a: None, target=Y, patience=100, rate=0.05, models=None):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Dropout(0.1), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    if models is not None:
        models.append(model)
    history = fit(
        model,
        lambda rng: [(part,) for part in np.array_split(rng.permutation(32), 4)],
        lambda batch: ((model(X[batch[0]])[:, 0] - target[batch[0]]) ** 2).mean(),
        lambda: rmse(model, target),
        LoopSettings(epochs, rate, patience, seed=3),
        resume_file,
        on_step,
    )
    return model, history


def test_learns_and_keeps_the_best_epoch(tmp_path):
    model, history = run(tmp_path / "r.pt")
    best = min(epoch.validation_rmse for epoch in history)
    assert best < 0.2 < history[0].validation_rmse
    assert rmse(model, Y) == pytest.approx(best)


def test_resumed_after_a_stop_equals_uninterrupted(tmp_path):
    whole, whole_history = run(tmp_path / "whole.pt")

    def stop_in_epoch_8(step, total, history):
        if step == 30:
            raise JobCancelled("stop")

    with pytest.raises(JobCancelled):
        run(tmp_path / "stopped.pt", on_step=stop_in_epoch_8)
    resumed, resumed_history = run(tmp_path / "stopped.pt")
    assert [e[:4] for e in resumed_history] == [e[:4] for e in whole_history]
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


def test_stops_when_validation_does_not_improve(tmp_path):
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=32)).float()
    _, history = run(tmp_path / "r.pt", epochs=200, target=noise * 0, patience=3, rate=1e-9)
    assert len(history) < 200


def test_goes_back_and_slows_down_when_it_diverges(tmp_path):
    """Weights blown up after epoch 5 cost one epoch, not the run."""
    blown = []

    def blow_up(step, total, history):
        if step == 5 * 4 + 2 and not blown:
            blown.append(step)
            with torch.no_grad():
                for parameter in models[0].parameters():
                    parameter.mul_(100)

    models = []
    model, history = run(tmp_path / "r.pt", on_step=blow_up, models=models)
    assert history[5].validation_rmse > 1.5 * history[4].validation_rmse
    assert history[6].validation_rmse < 1.5 * history[4].validation_rmse
    usual = run(tmp_path / "usual.pt")[1]
    assert history[6].learning_rate == pytest.approx(usual[6].learning_rate / 2)
    assert rmse(model, Y) < 0.3


def test_wide_layers_learn_at_a_lower_rate():
    wide, narrow = torch.nn.Linear(10_000, 2), torch.nn.Linear(2, 1)
    groups = parameter_groups(torch.nn.Sequential(wide, narrow), 1e-3)
    assert [group["lr"] for group in groups] == [1e-3, 0.25e-3]
    assert groups[1]["params"] == [wide.weight]


def test_networks_side_by_side_learn_at_the_rate_of_one():
    several = torch.nn.Module()
    several.member_dims = 1
    several.weight = torch.nn.Parameter(torch.zeros(30, 2, 100, 100))  # 10,000 inputs each
    several.bias = torch.nn.Parameter(torch.zeros(30, 5000))
    groups = parameter_groups(several, 1e-3)
    assert [(group["lr"], group["params"][0] is several.bias) for group in groups] == [(1e-3, True), (0.25e-3, False)]


def without_validation(resume_file, epochs=12, save_every_s=0.0, on_step=lambda *a: None):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Dropout(0.1), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    history = fit(
        model,
        lambda rng: [(part,) for part in np.array_split(rng.permutation(32), 4)],
        lambda batch: ((model(X[batch[0]])[:, 0] - Y[batch[0]]) ** 2).mean(),
        None,
        LoopSettings(epochs, 0.05, patience=1, seed=3, save_every_s=save_every_s),
        resume_file,
        on_step,
    )
    return model, history


def test_without_validation_every_epoch_is_trained_and_the_last_weights_stay(tmp_path):
    model, history = without_validation(tmp_path / "r.pt")
    assert len(history) == 12 and all(np.isnan(epoch.validation_rmse) for epoch in history)
    state = checkpoint.load(tmp_path / "r.pt")
    assert state["best"] == {} and len(state["history"]) == 12
    for name, value in model.state_dict().items():
        assert torch.equal(state["model"][name], value)


def test_checkpoints_now_and_then_resume_to_the_same_weights(tmp_path):
    def stop_in_epoch_8(step, total, history):
        if step == 30:
            raise JobCancelled("stop")

    whole, _ = without_validation(tmp_path / "whole.pt")
    with pytest.raises(JobCancelled):
        without_validation(tmp_path / "rare.pt", save_every_s=1e9, on_step=stop_in_epoch_8)
    assert not (tmp_path / "rare.pt").exists()
    with pytest.raises(JobCancelled):
        without_validation(tmp_path / "often.pt", on_step=stop_in_epoch_8)
    assert len(checkpoint.load(tmp_path / "often.pt")["history"]) == 7
    for name in ("rare.pt", "often.pt"):
        resumed, _ = without_validation(tmp_path / name, save_every_s=1e9)
        assert len(checkpoint.load(tmp_path / name)["history"]) == 12  # the last is always written
        for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
            assert torch.equal(a, b)


def test_loss_that_is_not_finite(tmp_path):
    with pytest.raises(TrainingError, match=r"not finite in epoch 1\. Try a smaller learning rate"):
        run(tmp_path / "r.pt", target=Y * float("nan"))


def test_checkpoint_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "c.pt"
    checkpoint.save(path, {"a": torch.ones(2)})

    def disk_full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", disk_full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(path, {"a": torch.zeros(2)})
    assert torch.equal(checkpoint.load(path)["a"], torch.ones(2))


def test_bad_checkpoints(tmp_path):
    with pytest.raises(NetworkError, match="gone"):
        checkpoint.load(tmp_path / "absent.pt")
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(NetworkError, match=r"text\.pt cannot be read as a checkpoint"):
        checkpoint.load(tmp_path / "text.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(NetworkError, match=r"list\.pt is not a checkpoint"):
        checkpoint.load(tmp_path / "list.pt")
