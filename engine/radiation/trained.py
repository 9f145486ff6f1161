"""SF2 networks that are trained: what predicts from standardised expression, on disk and in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import InputError, NetworkError
from engine.learn import checkpoint
from engine.radiation.network import SF2Network

FORMAT = "sf2-1"
AT_ONCE = 32  # samples


@dataclass(frozen=True)
class TrainedSF2:
    """m trained networks for the same p probes, on the CPU.

    weights: name -> (m, ...), as in SF2Network. mean, sd: (m, p) of each network's training samples.
    losses: (epochs, m) mean squared error of SF2 in training, dropout included.
    """

    weights: dict[str, Tensor]
    mean: Tensor
    sd: Tensor
    losses: Tensor

    @property
    def members(self) -> int:
        return self.mean.shape[0]

    @property
    def n_inputs(self) -> int:
        return self.mean.shape[1]

    def network(self, member: int, device: str = "cpu") -> SF2Network:
        """One of the networks, ready to evaluate standardised values (1, k, p)."""
        with torch.device("meta"):
            network = SF2Network(self.n_inputs)
        own = {key: value[member : member + 1].to(device) for key, value in self.weights.items()}
        network.load_state_dict(own, assign=True)
        return network.eval().requires_grad_(False)

    def standardised(self, values: np.ndarray, member: int, device: str = "cpu") -> Tensor:
        """(1, k, p): values (k, p) in the unit of the training values, scaled as one network's training samples were.

        Raises InputError where the number of probes is another one or a value is missing.
        """
        if values.ndim != 2 or values.shape[1] != self.n_inputs:
            raise InputError(
                f"These networks read {self.n_inputs:,} probes, the values have the shape {values.shape}. Align them "
                "to the run's probes first."
            )
        if not np.isfinite(values).all():
            raise InputError("Expression is missing for some probes. Fill it with the training mean first.")
        given = torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(device)
        return ((given - self.mean[member].to(device)) / self.sd[member].to(device))[None]

    @torch.no_grad()
    def predict(self, values: np.ndarray, device: str = "cpu", members: Sequence[int] | None = None) -> np.ndarray:
        """(m, k) SF2 as fractions by each network, or by those of `members`; values (k, p). Errors: `standardised`."""
        rows = []
        for member in range(self.members) if members is None else members:
            network = self.network(member, device)
            parts = [values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE)]
            found = [network(self.standardised(part, member, device))[0].cpu() for part in parts]
            rows.append(torch.cat(found) if found else torch.empty(0))
        return torch.stack(rows).numpy()

    def picked(self, members: Sequence[int] | np.ndarray) -> "TrainedSF2":
        """Some of the networks, in this order."""
        index = torch.as_tensor(np.asarray(members, np.int64))
        weights = {key: value[index] for key, value in self.weights.items()}
        return TrainedSF2(weights, self.mean[index], self.sd[index], self.losses[:, index])

    @classmethod
    def joined(cls, parts: Sequence["TrainedSF2"]) -> "TrainedSF2":
        """The networks of several, one after the other; the same probes and epochs."""
        weights = {key: torch.cat([part.weights[key] for part in parts]) for key in parts[0].weights}
        mean, sd = torch.cat([part.mean for part in parts]), torch.cat([part.sd for part in parts])
        return cls(weights, mean, sd, torch.cat([part.losses for part in parts], 1))

    def save(self, path: Path) -> None:
        """Write one file, whole or not at all."""
        content = {"weights": self.weights, "mean": self.mean, "sd": self.sd, "losses": self.losses}
        checkpoint.save(path, {"format": FORMAT, **content})

    @classmethod
    def load(cls, path: Path) -> "TrainedSF2":
        """What `save` wrote. Raises NetworkError where the file is missing, damaged or something else."""
        content: dict[str, Any] = checkpoint.load(path)
        if content.get("format") != FORMAT:
            raise NetworkError(f"{path.name} holds no SF2 networks of this version. Train again.")
        return cls(content["weights"], content["mean"], content["sd"], content["losses"])
