"""The networks that look at wells: their size, how they are cut, that they can learn, that they load anywhere."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from engine.errors import NetworkError
from engine.spheroid.network import ScreenNetwork, build, calibrate, parameter_count, viability
from engine.spheroid.settings import BACKBONES
from engine.spheroid.torchvision_ops import declare_missing, models

SMALL = [name for name in BACKBONES if name != "vgg19"]


def test_published_network_has_the_published_size():
    with torch.device("meta"):  # shapes without numbers: 558 MB of them would be drawn otherwise
        network = ScreenNetwork("vgg19")
        image = torch.empty(1, 3, 224, 224)
        assert network(image).shape == (1, 2)
        assert network.penultimate(image).shape == (1, 4096)
        assert network.last_block(image).shape == (1, 512, 14, 14)
    assert parameter_count(network) == 139_578_434
    assert not any(isinstance(part, torch.nn.Dropout) for part in network.modules())


@pytest.mark.parametrize(
    ("backbone", "weights", "width"),
    [("resnet18", 11_177_538, 512), ("mobilenet_v3_small", 1_519_906, 1024), ("squeezenet1_0", 736_450, 512)],
)
def test_small_backbones_and_where_they_are_cut(backbone, weights, width):
    network = build(backbone, seed=1).eval()
    assert parameter_count(network) == weights
    torch.nn.init.normal_(network.output.weight)  # it starts at 0
    images = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        outputs = network(images)
        assert outputs.shape == (2, 2) and outputs[0, 0] != outputs[1, 0]
        assert network.penultimate(images).shape == (2, width)
        torch.testing.assert_close(network.rest(network.bottom(images)), outputs)
        torch.testing.assert_close(network.from_block(network.last_block(images)), outputs)
        expected = outputs.exp()[:, 0] / outputs.exp().sum(dim=1)
        torch.testing.assert_close(viability(outputs), expected)


def test_views_are_mirror_images_and_four_tell_no_side_from_the_other():
    network = build("squeezenet1_0", seed=1).eval()
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        one, across, down, both = (
            network.bottom(seen) for seen in (images, images.flip(3), images.flip(2), images.flip(2, 3))
        )
        torch.testing.assert_close(network.bottom(images, 2), (one + across) / 2)
        torch.testing.assert_close(network.bottom(images, 4), (one + across + down + both) / 4)
        torch.testing.assert_close(network.penultimate(images, 4), network.penultimate(images.flip(2), 4))
        assert (one - down).abs().max() > 1e-4


@pytest.mark.parametrize("backbone", SMALL)
def test_each_small_backbone_memorises_a_tiny_set(backbone):
    torch.manual_seed(0)
    network = build(backbone, seed=0).train()
    images, target = torch.randn(4, 3, 48, 48), torch.tensor([[0.8, 0.2]] * 2 + [[0.2, 0.8]] * 2)
    calibrate(network, images)
    assert viability(network(images)).tolist() == pytest.approx([0.5] * 4)  # it says nothing before it has learned
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    for _ in range(60):
        loss = functional.cross_entropy(network(images), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if loss < 0.502:
            break
    network.eval()
    assert viability(network(images)).tolist() == pytest.approx([0.8] * 2 + [0.2] * 2, abs=0.1)


def test_batch_normalisation_keeps_its_statistics_in_training():
    network = build("mobilenet_v3_small").train()
    before = network.features[0][1].running_mean.clone()
    network(torch.randn(1, 3, 64, 64) + 3)
    assert torch.equal(network.features[0][1].running_mean, before)


def test_the_same_seed_gives_the_same_network_and_leaves_other_draws_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = build("squeezenet1_0", 3), build("squeezenet1_0", 3), build("squeezenet1_0", 4)
    assert torch.rand(1) == expected
    first = "features.0.weight"
    assert torch.equal(one.state_dict()[first], same.state_dict()[first])
    assert not torch.equal(one.state_dict()[first], other.state_dict()[first])


def test_unknown_backbone():
    with pytest.raises(NetworkError, match="Unknown backbone 'vgg16'. Choose from vgg19, resnet18"):
        ScreenNetwork("vgg16")


def test_torchvision_is_imported_in_a_fresh_process_and_declared_once():
    code = "from engine.spheroid.torchvision_ops import models; models(); import torchvision; print('there')"
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert ran.stdout.strip() == "there", ran.stderr
    assert models() is models()
    assert declare_missing() == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
def test_the_same_numbers_on_a_gpu():
    network = build("squeezenet1_0").eval()
    torch.nn.init.normal_(network.output.weight)
    images = torch.randn(4, 3, 224, 224)
    with torch.inference_mode():
        on_cpu = viability(network(images))
        on_gpu = viability(network.cuda()(images.cuda())).cpu()
    torch.testing.assert_close(on_cpu, on_gpu, rtol=1e-3, atol=1e-4)
