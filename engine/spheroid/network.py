"""The networks that look at a well: a torchvision backbone, a new top, two outputs.

Letters: b images; c channels and h x v pixels of the last convolutional block; f activations of the penultimate layer.
Source: Berker et al. 2022, section II-B.2: VGG19 with its published top (two dense layers of 4,096, no dropout) and two
outputs, 139,578,434 weights. The small backbones are this project's, for machines without a GPU.
"""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from engine.errors import NetworkError
from engine.spheroid.settings import BACKBONES
from engine.spheroid.torchvision_ops import models

ALIVE = 0  # which output is the negative control: its probability is the raw viability


@dataclass(frozen=True)
class Anatomy:
    """How a backbone is cut. channels: c. grid: side of the pooled activations. dense: widths of the layers of the top,
    the last is f; none: the pooled activations are the penultimate ones. block: after how many modules of its
    convolutions the last block ends, before any pooling."""

    channels: int
    grid: int
    dense: tuple[int, ...]
    block: int


ANATOMY = {
    "vgg19": Anatomy(512, 7, (4096, 4096), block=36),
    "resnet18": Anatomy(512, 1, (), block=8),
    "mobilenet_v3_small": Anatomy(576, 1, (1024,), block=13),
    # The 1 x 1 convolution of SqueezeNet before its average is the same as a dense layer after it, but for a ReLU
    # by which none of ImageNet's 1,000 outputs can fall below 0; with two they must.
    "squeezenet1_0": Anatomy(512, 1, (), block=13),
}


class ScreenNetwork(nn.Module):
    """features: convolutions. pool: their average on a grid, flat. top: dense layers. output: two numbers, before the
    softmax.

    Batch normalisation keeps the statistics it came with: with one image a batch there are none to learn.
    """

    def __init__(self, backbone: str) -> None:
        super().__init__()
        if backbone not in BACKBONES:
            raise NetworkError(f"Unknown backbone {backbone!r}. Choose from {', '.join(BACKBONES)}.")
        self.backbone = backbone
        self.anatomy = ANATOMY[backbone]
        self.features = _convolutions(backbone)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(self.anatomy.grid), nn.Flatten())
        widths = (self.anatomy.channels * self.anatomy.grid**2, *self.anatomy.dense)
        act = nn.Hardswish if backbone == "mobilenet_v3_small" else nn.ReLU
        layers = [layer for n, m in pairwise(widths) for layer in (nn.Linear(n, m), act())]
        self.top = nn.Sequential(*layers)
        self.output = nn.Linear(widths[-1], 2)
        for part in (*self.top, self.output):
            if isinstance(part, nn.Linear):  # as Keras starts dense layers, which the published top was made with
                nn.init.xavier_uniform_(part.weight)
                nn.init.zeros_(part.bias)
        if backbone != "vgg19":
            # What training never touches stays 0 instead of random: between the controls, viabilities of simulated
            # screens then follow the truth with r 0.96 instead of 0.77 to 0.92.
            nn.init.zeros_(self.output.weight)

    def forward(self, images: Tensor) -> Tensor:
        """(b, 3, 224, 224) as `prepare.network_input` makes them -> (b, 2), before the softmax."""
        return self.rest(self.bottom(images))

    def bottom(self, images: Tensor, views: int = 1) -> Tensor:
        """(b, channels * grid * grid): what the convolutions make of images; the fast preset leaves these alone.

        views: the mean over so many of an image and its mirror images (left to right, upside down, both).
        """
        mirrored = (images, *(images.flip(axes) for axes in ((3,), (2,), (2, 3))))
        return torch.stack([self.pool(self.features(image)) for image in mirrored[:views]]).mean(dim=0)

    def rest(self, bottom: Tensor) -> Tensor:
        """What `bottom` made -> (b, 2), before the softmax."""
        return self.output(self.top(bottom))

    def penultimate(self, images: Tensor, views: int = 1) -> Tensor:
        """(b, f): what phenotypes are told by. views: as of `bottom`."""
        return self.top(self.bottom(images, views))

    def last_block(self, images: Tensor) -> Tensor:
        """(b, c, h, v): activations of the last convolutional block."""
        return self.features[: self.anatomy.block](images)

    def from_block(self, block: Tensor) -> Tensor:
        """(b, c, h, v) of `last_block` -> (b, 2), before the softmax."""
        return self.rest(self.pool(self.features[self.anatomy.block :](block)))

    def dense(self) -> nn.ModuleList:
        """The part above `bottom`, sharing its weights."""
        return nn.ModuleList([self.top, self.output])

    def train(self, mode: bool = True) -> "ScreenNetwork":
        """Training mode for all but batch normalisation."""
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self


def calibrate(network: ScreenNetwork, images: Tensor) -> None:
    """Give batch normalisation of a network with random weights the statistics of some images, (b, 3, h', v').

    It keeps what it has afterwards, and without statistics nothing of an image reaches the output of a deep network.
    """
    normalising = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    usual = [part.momentum for part in normalising]
    for part in normalising:
        part.reset_running_stats()
        part.momentum = None  # the plain mean over batches
        part.train()
    with torch.no_grad():
        network(images)
    for part, momentum in zip(normalising, usual, strict=True):
        part.momentum = momentum
        part.eval()


def viability(outputs: Tensor) -> Tensor:
    """(b, 2) before the softmax -> (b,) raw viability: the probability of "negative control"."""
    return torch.softmax(outputs.float(), dim=1)[:, ALIVE]


def build(backbone: str, seed: int = 0) -> ScreenNetwork:
    """A network with random weights, the same for the same seed. Raises NetworkError for an unknown backbone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ScreenNetwork(backbone)


def parameter_count(network: nn.Module) -> int:
    """How many weights."""
    return sum(parameter.numel() for parameter in network.parameters())


def _convolutions(backbone: str) -> nn.Sequential:
    made = getattr(models(), backbone)(weights=None)
    if backbone == "resnet18":
        names = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
        return nn.Sequential(OrderedDict((name, getattr(made, name)) for name in names))
    return made.features
