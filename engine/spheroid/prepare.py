"""Images as a network sees them: pseudo-RGB of both projections, the intensity rule of its weights, augmentation.

Letters: b images, h x v pixels. Source: Berker et al. 2022, IEEE Trans Med Imaging, section II-A, and its code: 16-bit
counts are scaled to [0, 1], shown as red = MIP, green = MID, blue = MIP, lifted by a half because most of an image is
dark, normalised as the ImageNet weights expect, and augmented last, in training only.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from engine.errors import InputError

FULL_SCALE = 65535.0


@dataclass(frozen=True)
class Rule:
    """What weights expect: ((x + 0.5) scale - mean) / std per channel, channels in the order of bgr.

    mean and std stand in the order of the network's channels.
    """

    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    bgr: bool


# By scale 255 the half that is added becomes the published 127.5. A dark pixel lands near zero by every rule, so that
# intensity scaling after it changes what is bright and leaves the background.
RULES = {
    # Keras' VGG19, Caffe-style.
    "published": Rule(255.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0), bgr=True),
    # The SqueezeNet weights that were trained with Caffe, whose means are rounded.
    "caffe": Rule(255.0, (104.0, 117.0, 123.0), (1.0, 1.0, 1.0), bgr=True),
    # Every backbone of torchvision, VGG19 included.
    "torchvision": Rule(1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), bgr=False),
}


@dataclass(frozen=True)
class Augmentation:
    """How far an image may be changed: published values. shift: fraction of a side. zoom, intensity: from, to."""

    flips: bool = True
    rotation_degrees: float = 30.0
    shift: float = 0.1
    zoom: tuple[float, float] = (0.9, 1.1)
    intensity: tuple[float, float] = (0.5, 1.5)


PUBLISHED = Augmentation()


def pseudo_rgb(images: np.ndarray) -> torch.Tensor:
    """(b, 2, h, v) uint16 with MIP and MID -> (b, 3, h, v) float32 in [0, 1]: MIP, MID, MIP.

    Raises InputError for images of another shape or type.
    """
    if images.ndim != 4 or images.shape[1] != 2 or images.dtype != np.uint16:
        raise InputError(
            f"Images of shape {images.shape} and type {images.dtype} were given: (b, 2, h, v) uint16 are needed."
        )
    scaled = torch.from_numpy(images.astype(np.float32)) / FULL_SCALE
    return scaled[:, [0, 1, 0]]


def normalised(rgb: torch.Tensor, rule: str) -> torch.Tensor:
    """(b, 3, h, v) in [0, 1] -> the same, as the weights of a rule expect it. Raises InputError for an unknown rule."""
    if rule not in RULES:
        raise InputError(f"Unknown intensity rule {rule!r}. Choose from {', '.join(RULES)}.")
    of = RULES[rule]
    channels = rgb.flip(1) if of.bgr else rgb
    mean, std = (channels.new_tensor(values)[:, None, None] for values in (of.mean, of.std))
    return ((channels + 0.5) * of.scale - mean) / std


def network_input(images: np.ndarray, rule: str) -> torch.Tensor:
    """(b, 2, h, v) uint16 with MIP and MID -> (b, 3, h, v) float32 as a network takes it."""
    return normalised(pseudo_rgb(images), rule)


def augment(batch: torch.Tensor, generator: torch.Generator, how: Augmentation = PUBLISHED) -> torch.Tensor:
    """(b, 3, h, v) normalised images, each flipped, turned, shifted, zoomed and scaled in intensity by chance.

    generator: on the CPU, so that the same seed gives the same changes on every device. What comes into view from
    outside an image is its reflection. Both sides are zoomed by chances of their own, as Keras does.
    """
    b = len(batch)
    angle = math.radians(how.rotation_degrees) * _between(-1, 1, (b,), generator)
    shift = 2 * how.shift * _between(-1, 1, (b, 2), generator)  # an image reaches from -1 to 1
    zoom = _between(*how.zoom, (b, 2), generator)
    flip = torch.randint(0, 2, (b, 2), generator=generator) * -2.0 + 1 if how.flips else torch.ones(b, 2)
    factor = _between(*how.intensity, (b, 1, 1, 1), generator)
    moved = moved_by(batch, angle, shift, zoom * flip)
    return moved * factor.to(batch)


def moved_by(batch: torch.Tensor, angle: torch.Tensor, shift: torch.Tensor, zoom: torch.Tensor) -> torch.Tensor:
    """(b, c, h, v) images turned, shifted and zoomed, with reflected borders.

    angle: (b,) radians. shift: (b, 2) to the right and down, 2 being a whole side. zoom: (b, 2) across and down; above
    1 the content grows, below 0 it is mirrored.
    """
    cos, sin = torch.cos(angle), torch.sin(angle)
    # A pixel of the result asks where it comes from, so zooming divides and shifting subtracts.
    rows = torch.stack(
        [
            torch.stack([cos / zoom[:, 0], -sin / zoom[:, 0], -shift[:, 0]], dim=1),
            torch.stack([sin / zoom[:, 1], cos / zoom[:, 1], -shift[:, 1]], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(rows.to(batch), list(batch.shape), align_corners=False)
    return functional.grid_sample(batch, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _between(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)
