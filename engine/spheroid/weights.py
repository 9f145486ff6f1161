"""ImageNet weights of a backbone's convolutions: from torchvision's own loader, or from a file somebody has.

Files: .pth (a state dict), .safetensors or .npz, with torchvision's names of parameters. What a file was trained to
see is part of its weights: the intensity rule is known by its hash, or written in it (metadata "preprocessing" of
.safetensors, array "preprocessing" of .npz); else torchvision's rule is taken and said.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from engine.errors import InputError
from engine.settings import home
from engine.spheroid.network import ScreenNetwork
from engine.spheroid.prepare import RULES
from engine.spheroid.torchvision_ops import models

RANDOM = "none"
SUFFIXES = (".pth", ".safetensors", ".npz")
USUAL_RULE = "torchvision"
# SHA-256 -> intensity rule, of files that do not say it.
KNOWN_RULES = {
    # SqueezeNet 1.0 of the Deep Compression authors, trained with Caffe, with torchvision's names.
    "5cc9bcb8011a95f5d385b271e23cc579e0b2a22fa07812d0a51f4130fac545ff": "caffe",
    # SqueezeNet 1.1, features only, likewise.
    "c94a3c9f1a7d0843b1fbc130e26b8271fbc8aec15108edb73e16743b36f932b7": "caffe",
}


@dataclass(frozen=True)
class ImageNetWeights:
    """state: of `ScreenNetwork.features`. rule: of prepare.RULES. name, sha256: of the file, '' for random weights."""

    state: Mapping[str, Tensor]
    rule: str
    name: str
    sha256: str
    notes: tuple[str, ...] = ()


def folder() -> Path:
    """Where downloaded weights lie, and where somebody without a network puts them."""
    return home() / "downloads" / "weights"


def published_file(backbone: str) -> tuple[str, str]:
    """Name and address of torchvision's weights of a backbone."""
    url = models().get_model_weights(backbone).DEFAULT.url
    return url.rsplit("/", 1)[-1], url


def load(network: ScreenNetwork, source: str) -> ImageNetWeights:
    """Weights for a network's convolutions; put them there with `use`.

    source: a file; '' for torchvision's loader, which asks `folder()` before the network; 'none' for random ones.
    Raises InputError where a file is missing, damaged or of another network, or where nothing can be downloaded.
    """
    if source == RANDOM:
        told = "The network started from random weights, not from ImageNet."
        return ImageNetWeights({}, USUAL_RULE, "", "", (told,))
    path = Path(source).expanduser() if source else _downloaded(network.backbone)
    digest = checked_hash(path)
    content, said = _read(path)
    state = _fitting(network, content, path.name)
    rule = KNOWN_RULES.get(digest) or said
    if rule and rule not in RULES:
        raise InputError(f"{path.name} names the preprocessing {rule!r}. Known: {', '.join(RULES)}.")
    official = re.fullmatch(r".+-[0-9a-f]{8}\.pth", path.name) is not None
    notes: tuple[str, ...] = ()
    if not rule and not official:
        notes = (f"{path.name} does not say how its network was shown images: torchvision's way was taken.",)
    return ImageNetWeights(state, rule or USUAL_RULE, path.name, digest, notes)


def use(network: ScreenNetwork, weights: ImageNetWeights) -> None:
    """Put weights into the convolutions of the network that they were loaded for; the top stays new."""
    if weights.state:
        network.features.load_state_dict(weights.state)


def checked_hash(path: Path) -> str:
    """SHA-256 (hex) of a file of weights.

    Raises InputError where there is none, it is of another kind, or it is not what torchvision's name for it promises.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path.name or path} is no file of weights: give one of {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise InputError(f"There is no file of weights {path}.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    promised = re.fullmatch(r".+-([0-9a-f]{8})\.pth", path.name)
    if promised and not digest.startswith(promised[1]):
        raise InputError(
            f"{path.name} is not the file that torchvision published under this name: its SHA-256 begins with "
            f"{digest[:8]}. Download it again."
        )
    return digest


def _downloaded(backbone: str) -> Path:
    name, url = published_file(backbone)
    path = folder() / name
    if path.is_file():
        return path
    folder().mkdir(parents=True, exist_ok=True)
    try:
        enum = models().get_model_weights(backbone).DEFAULT
        enum.get_state_dict(model_dir=str(folder()), check_hash=True, progress=False)
    except (URLError, OSError, RuntimeError) as error:
        why = str(getattr(error, "reason", None) or error).splitlines()[0]
        raise InputError(
            f"The ImageNet weights of {backbone} could not be downloaded ({why}). Download {url} elsewhere and put it "
            f"into {folder()}, or give a file of weights ({', '.join(SUFFIXES)})."
        ) from error
    return path


def _read(path: Path) -> tuple[dict[str, Tensor], str]:
    """Tensors by name, and the intensity rule that the file names, '' for none."""
    said = ""
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                found: dict[str, Any] = {name: arrays[name] for name in arrays.files}
            said = str(found.pop("preprocessing", ""))
            return {name: torch.from_numpy(values) for name, values in found.items()}, said
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                said = (file.metadata() or {}).get("preprocessing", "")
                return {name: file.get_tensor(name) for name in file.keys()}, said  # noqa: SIM118, it is no dict
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # bytes that are no such file make readers raise nearly anything
        raise InputError(f"{path.name} cannot be read as weights: the file is damaged. Download it again.") from error
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise InputError(f"{path.name} holds no state dict (parameter names with tensors): save one with torch.save.")
    return dict(content), said


def _fitting(network: ScreenNetwork, content: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """The convolutions' part of a file, under this network's names.

    Raises InputError naming the first parameter that is missing, of another shape, not finite, or one too many.
    """
    needed = network.features.state_dict()
    # ResNet has its convolutions beside its dense layer, the others in a module of the name `features`.
    prefix = "" if network.backbone == "resnet18" else "features."
    for_another = f"these are weights of another network than {network.backbone}."
    state = {}
    for key, own in needed.items():
        given = content.get(prefix + key)
        if given is None:
            if key.endswith("num_batches_tracked"):  # a counter; older files lack it
                state[key] = own
                continue
            raise InputError(f"{name} has no parameter {prefix}{key}: {for_another}")
        if given.shape != own.shape:
            shapes = f"{tuple(given.shape)}, not {tuple(own.shape)}"
            raise InputError(f"{name}: {prefix}{key} has the shape {shapes}: {for_another}")
        if not torch.isfinite(given).all():
            raise InputError(f"{name}: {prefix}{key} holds numbers that are not finite: the file is damaged.")
        state[key] = given.to(own.dtype)
    known = {prefix + key for key in needed}
    tops = ("fc.", "classifier.")
    more = [key for key in content if key not in known and not key.startswith(tops)]
    if more:
        raise InputError(f"{name} has the parameter {more[0]} besides: {for_another}")
    return state
