"""Fitting SF2 networks: they learn, side by side as alone, resumed as uninterrupted, from training samples only."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import InputError, JobCancelled, NetworkError, TrainingError
from engine.learn import checkpoint
from engine.radiation.explain import integrated_gradients, mean_baseline
from engine.radiation.fit import fit_networks, side_by_side
from engine.radiation.network import SF2Network
from engine.radiation.settings import RadiationSettings
from engine.radiation.trained import TrainedSF2

SETTINGS = RadiationSettings(epochs=6, batch_size=6, dropout=0.1, l2=1e-6)
TRAINS = [np.arange(16), np.arange(4, 20), np.arange(13)]  # 16, 16 and 13 samples: 3 batches each
VALUES = np.random.default_rng(0).normal(8, 2, (20, 300)).astype(np.float32)
SF2 = np.random.default_rng(1).uniform(0.1, 0.9, 20)


def fit(folder, trains=TRAINS, settings=SETTINGS, on_step=lambda share: None, values=VALUES, name="fit.pt", **how):
    return fit_networks(values, SF2, trains, settings, folder / name, on_step, **how)


@pytest.fixture(scope="module")
def memorised(tmp_path_factory):
    settings = replace(SETTINGS, epochs=50, dropout=0.0, l2=0.0)
    return fit(tmp_path_factory.mktemp("memorised"), TRAINS[:2], settings)


def test_memorises_a_tiny_set(memorised):
    predicted = memorised.predict(VALUES)
    for member, rows in enumerate(TRAINS[:2]):
        assert np.abs(predicted[member, rows] - SF2[rows]).max() < 0.02
    assert (memorised.losses[-1] < 1e-3 * memorised.losses[0]).all()


def test_shares_of_the_probes_add_up_to_the_prediction(memorised):
    shares = integrated_gradients(memorised, VALUES[:4])
    gained = memorised.predict(VALUES[:4]).mean(0) - memorised.predict(mean_baseline(memorised)[None]).mean(0)
    assert np.abs(gained).max() > 0.05
    np.testing.assert_allclose(shares.sum(1), gained, atol=1e-3)
    assert not integrated_gradients(memorised, VALUES[:1], VALUES[0]).any()  # explained against itself
    moved = VALUES[:1].copy()
    moved[0, 17] += 3
    only = integrated_gradients(memorised, moved, VALUES[0])[0]
    assert only[17] != 0 and np.count_nonzero(only) == 1


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_side_by_side_as_one_by_one(tmp_path, dropout):
    settings = replace(SETTINGS, dropout=dropout)
    together, alone = (fit(tmp_path, settings=settings, name=f"{size}.pt", group=size) for size in (3, 1))
    assert not (tmp_path / "3.pt.g0.done").exists()
    np.testing.assert_allclose(together.predict(VALUES), alone.predict(VALUES), atol=1e-4)
    np.testing.assert_allclose(together.losses, alone.losses, atol=1e-4)


def test_order_and_company_do_not_matter(tmp_path):
    """Training sets that make more batches form a group of their own; results keep the order that was asked for."""
    mixed = [np.arange(20), TRAINS[0], np.arange(19)]
    several = fit(tmp_path, mixed, name="several.pt", group=2)
    alone = fit(tmp_path, [TRAINS[0]], name="alone.pt")
    np.testing.assert_allclose(several.predict(VALUES)[1], alone.predict(VALUES)[0], atol=1e-4)


def test_the_same_training_set_twice_starts_twice(tmp_path):
    predicted = fit(tmp_path, [TRAINS[0], TRAINS[0]]).predict(VALUES)
    assert np.abs(predicted[0] - predicted[1]).max() > 1e-3


def test_resumed_after_a_stop_equals_uninterrupted(tmp_path):
    whole = fit(tmp_path, name="whole.pt", group=2)

    def stop(share):
        if share > 0.85:  # in the second group, after its third epoch
            raise JobCancelled("stop")

    with pytest.raises(JobCancelled):
        fit(tmp_path, on_step=stop, group=2, save_every_s=0)
    assert (tmp_path / "fit.pt.g0.done").exists() and (tmp_path / "fit.pt.g1").exists()
    shares = []
    resumed = fit(tmp_path, on_step=shares.append, group=2, save_every_s=0)
    assert min(shares) > 0.8 and shares[-1] == pytest.approx(1)
    for name, weight in whole.weights.items():
        assert torch.equal(weight, resumed.weights[name]), name
    assert torch.equal(whole.losses, resumed.losses)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["fit.pt", "whole.pt"]
    again = fit(tmp_path, on_step=lambda share: pytest.fail("trained again"))
    assert torch.equal(again.losses, whole.losses)


def test_other_samples_do_not_touch_a_network(tmp_path):
    values = VALUES.copy()
    values[16:] = np.random.default_rng(9).normal(50, 30, values[16:].shape)
    a, b = (fit(tmp_path, TRAINS[:1], values=v, name=f"{i}.pt") for i, v in enumerate((VALUES, values)))
    assert all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)
    np.testing.assert_allclose(a.mean[0], VALUES[:16].mean(0), rtol=1e-5)
    np.testing.assert_allclose(a.sd[0], VALUES[:16].std(0), rtol=1e-4)


def test_probe_that_never_varied(tmp_path):
    values = VALUES.copy()
    values[:16, 3] = 7
    trained = fit(tmp_path, TRAINS[:1], values=values)
    assert float(trained.sd[0, 3]) == pytest.approx(0.1 * float(np.median(np.delete(values[:16].std(0), 3))), rel=1e-4)
    assert np.isfinite(trained.predict(values)).all()


def test_kept_on_disk(tmp_path, memorised):
    memorised.save(tmp_path / "n.pt")
    loaded = TrainedSF2.load(tmp_path / "n.pt")
    assert np.array_equal(loaded.predict(VALUES), memorised.predict(VALUES))
    second = loaded.predict(VALUES, members=[1])
    assert second.shape == (1, 20) and np.array_equal(second, loaded.picked([1]).predict(VALUES))
    assert loaded.predict(VALUES[:0]).shape == (2, 0)
    checkpoint.save(tmp_path / "other.pt", {"model": {}})
    with pytest.raises(NetworkError, match=r"other\.pt holds no SF2 networks of this version\. Train again"):
        TrainedSF2.load(tmp_path / "other.pt")


def test_values_that_do_not_fit(memorised):
    with pytest.raises(InputError, match=r"read 300 probes, the values have the shape \(20, 299\)\. Align them"):
        memorised.predict(VALUES[:, 1:])
    with pytest.raises(InputError, match="missing for some probes"):
        memorised.predict(VALUES * np.nan)


def test_what_cannot_be_fitted(tmp_path):
    for trains in ([], [TRAINS[0], np.empty(0, int)]):
        with pytest.raises(TrainingError, match="no sample to train on. Give every fit at least one"):
            fit(tmp_path, trains)
    missing = VALUES.copy()
    missing[2, 5] = np.nan
    with pytest.raises(TrainingError, match="training sample is missing. Fill or leave out"):
        fit(tmp_path, values=missing)
    with pytest.raises(NetworkError, match="needs 4 probes or more"):
        fit(tmp_path, values=VALUES[:, :3])
    with pytest.raises(TrainingError, match=r"not finite in epoch \d\. Try a smaller learning rate"):
        fit(tmp_path, settings=replace(SETTINGS, learning_rate=1e30), name="wild.pt")


@pytest.mark.parametrize(("epochs", "batch_size"), [(1, 64), (2, 64), (1, 8)])
def test_shortest_schedules(tmp_path, epochs, batch_size):
    trained = fit(tmp_path, settings=replace(SETTINGS, epochs=epochs, batch_size=batch_size))
    assert np.isfinite(trained.predict(VALUES)).all() and trained.losses.shape == (epochs, 3)


def test_one_network_at_a_time_on_a_cpu():
    assert side_by_side(54_675, 16, "cpu") == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_gpu_gives_the_numbers_of_the_cpu(tmp_path):
    assert side_by_side(300, 6, "cuda") >= 1
    settings = replace(SETTINGS, dropout=0.0)
    cpu, gpu = (fit(tmp_path, settings=settings, name=f"{d}.pt", device=d, group=3) for d in ("cpu", "cuda"))
    np.testing.assert_allclose(cpu.predict(VALUES), gpu.predict(VALUES), atol=1e-2)
    np.testing.assert_allclose(gpu.predict(VALUES), gpu.predict(VALUES, device="cuda"), atol=1e-4)
    network = SF2Network(1200, members=2, seeds=[1, 2])
    x = torch.randn(2, 3, 1200)
    torch.testing.assert_close(network(x), network.cuda()(x.cuda()).cpu(), rtol=1e-4, atol=1e-6)
