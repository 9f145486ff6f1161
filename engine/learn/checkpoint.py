"""Saving tensors so that a crash never leaves half a file, and loading them without running code from the file."""

import os
from pathlib import Path
from typing import Any

import torch

from engine.errors import NetworkError


def save(path: Path, content: dict[str, Any]) -> None:
    """Write to a neighbour, flush to disk, then rename: the old file stays until the new one is whole."""
    temporary = path.with_suffix(path.suffix + ".part")
    with temporary.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load(path: Path, device: str = "cpu") -> dict[str, Any]:
    """What `save` wrote. Raises NetworkError where the file is missing or not a checkpoint."""
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError as error:
        raise NetworkError(
            f"The checkpoint {path.name} of this run is gone; its job folder was deleted. Train again."
        ) from error
    except Exception as error:  # bytes that are no checkpoint make the unpickler raise nearly anything
        raise NetworkError(f"{path.name} cannot be read as a checkpoint; the file is damaged. Train again.") from error
    if not isinstance(content, dict):
        raise NetworkError(f"{path.name} is not a checkpoint of Tumorcast. Give one that a training job wrote.")
    return content
