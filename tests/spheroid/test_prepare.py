"""What a network gets to see, by typed numbers; changes by chance that are the same for the same seed."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import InputError
from engine.spheroid.prepare import PUBLISHED, RULES, Augmentation, augment, moved_by, network_input, pseudo_rgb

STILL = Augmentation(False, 0.0, 0.0, (1.0, 1.0), (1.0, 1.0))


def image(mip: int, mid: int) -> np.ndarray:
    return np.stack([np.full((4, 4), mip), np.full((4, 4), mid)])[None].astype(np.uint16)


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def batch() -> torch.Tensor:
    """Smooth images, (3, 3, 40, 40): what lies between pixels is then known."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, 40), torch.linspace(-1, 1, 40), indexing="ij")
    return torch.stack([torch.stack([x + k, y * k, x * y]) for k in range(3)])


def test_pseudo_rgb_is_mip_mid_mip():
    rgb = pseudo_rgb(image(65535, 13107))
    assert rgb.shape == (1, 3, 4, 4) and rgb.dtype == torch.float32
    assert rgb[0, :, 0, 0].tolist() == pytest.approx([1.0, 0.2, 1.0])


@pytest.mark.parametrize(
    ("rule", "dark", "bright"),
    [
        # 127.5 - mean and 382.5 - mean (MIP full), 178.5 - mean (MID a fifth); blue, green, red.
        ("published", [23.561, 10.721, 3.82], [278.561, 61.721, 258.82]),
        ("caffe", [23.5, 10.5, 4.5], [278.5, 61.5, 259.5]),
        # (0.5 - mean) / std and so on; red, green, blue.
        ("torchvision", [0.0655022, 0.1964286, 0.4177778], [4.4323144, 1.0892857, 4.8622222]),
    ],
)
def test_rules_by_typed_numbers(rule, dark, bright):
    assert network_input(image(0, 0), rule)[0, :, 1, 2].tolist() == pytest.approx(dark, abs=1e-4)
    assert network_input(image(65535, 13107), rule)[0, :, 1, 2].tolist() == pytest.approx(bright, abs=1e-4)


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, 3, 4, 4), np.uint16), np.zeros((2, 4, 4), np.uint16), np.zeros((1, 2, 4, 4), np.uint8)]
)
def test_other_images_and_rules_are_refused(wrong):
    with pytest.raises(InputError, match=r"\(b, 2, h, v\) uint16 are needed"):
        pseudo_rgb(wrong)
    with pytest.raises(InputError, match="Unknown intensity rule 'vgg'. Choose from published, caffe, torchvision"):
        network_input(image(0, 0), "vgg")


def test_published_extents():
    assert Augmentation(True, 30.0, 0.1, (0.9, 1.1), (0.5, 1.5)) == PUBLISHED
    assert set(RULES) == {"published", "caffe", "torchvision"}


def test_the_same_seed_gives_the_same_bytes(batch):
    first, second = augment(batch, draw(1)), augment(batch, draw(1))
    assert torch.equal(first, second) and first.shape == batch.shape
    assert not torch.equal(first, augment(batch, draw(2)))


def test_no_change_without_chance(batch):
    torch.testing.assert_close(augment(batch, draw(), STILL), batch, atol=1e-5, rtol=0)


def test_flips_are_the_four_there_are(batch):
    seen = set()
    how = replace(STILL, flips=True)
    for seed in range(20):
        for before, after in zip(batch, augment(batch, draw(seed), how), strict=True):
            kinds = {"none": before, "v": before.flip(1), "h": before.flip(2), "vh": before.flip(1, 2)}
            same = [kind for kind, wanted in kinds.items() if torch.allclose(after, wanted, atol=1e-5)]
            assert len(same) == 1
            seen.add(same[0])
    assert seen == {"none", "v", "h", "vh"}


def test_intensity_alone_scales_every_image_by_one_number(batch):
    factors = []
    for seed in range(100):
        changed = augment(batch + 5, draw(seed), replace(STILL, intensity=(0.5, 1.5))) / (batch + 5)
        factors += changed.mean(dim=(1, 2, 3)).tolist()
        assert changed.std(dim=(1, 2, 3)).max() < 1e-5
    assert 0.5 <= min(factors) < 0.52 and 1.48 < max(factors) <= 1.5


def moved(batch, angle=0.0, shift=(0.0, 0.0), zoom=(1.0, 1.0)):
    n = len(batch)
    return moved_by(batch, torch.full((n,), angle), torch.tensor([shift] * n), torch.tensor([zoom] * n))


def test_shifts_bring_reflections_into_view(batch):
    down = moved(batch, shift=(0.0, 0.2))  # a tenth of 40 pixels
    torch.testing.assert_close(down[:, :, 4:], batch[:, :, :-4], atol=1e-5, rtol=0)
    torch.testing.assert_close(down[:, :, :4], batch[:, :, :4].flip(2), atol=1e-5, rtol=0)
    right = moved(batch, shift=(0.2, 0.0))
    torch.testing.assert_close(right[..., 4:], batch[..., :-4], atol=1e-5, rtol=0)


def test_a_quarter_turn_and_a_turn_of_30_degrees(batch):
    torch.testing.assert_close(moved(batch, math.pi / 2), batch.rot90(1, (2, 3)), atol=1e-5, rtol=0)
    y, x = torch.meshgrid(torch.linspace(-1, 1, 40), torch.linspace(-1, 1, 40), indexing="ij")
    turned = moved(x[None, None], math.pi / 6)[0, 0]
    wanted = x * math.cos(math.pi / 6) - y * math.sin(math.pi / 6)
    torch.testing.assert_close(turned[12:28, 12:28], wanted[12:28, 12:28], atol=1e-4, rtol=0)


def test_zoom_grows_and_shrinks_the_content(batch):
    spot = torch.zeros(1, 1, 41, 41)
    spot[0, 0, 20, 10:31] = 1  # a line of 21 pixels
    grown = moved(spot, zoom=(1.1, 1.0))[0, 0, 20]
    small = moved(spot, zoom=(0.9, 1.0))[0, 0, 20]
    assert grown.sum() == pytest.approx(23.1, abs=0.3) and small.sum() == pytest.approx(18.9, abs=0.3)


def test_extents_are_reached_and_kept():
    """Where the centre of a line goes: shifts up to 10 % of 100 pixels, and no further."""
    line = torch.zeros(64, 1, 100, 100)
    line[:, :, :, 50] = 1
    places = []
    for seed in range(10):
        out = augment(line, draw(seed), replace(STILL, shift=0.1))
        places += (out.sum(dim=(1, 2)) * torch.arange(100)).sum(1).div(out.sum(dim=(1, 2, 3))).tolist()
    assert 39.9 <= min(places) < 40.5 and 59.5 < max(places) <= 60.1
