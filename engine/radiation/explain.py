"""Which probes a predicted SF2 rests on: integrated gradients (Sundararajan, Taly and Yan 2017, arXiv:1703.01365)."""

import numpy as np
import torch

from engine.radiation.trained import TrainedSF2

STEPS, MOST_STEPS = 32, 1024  # points of the path; doubled until the shares add up
TOLERANCE = 5e-4  # SF2
AT_ONCE = 32  # points


def mean_baseline(trained: TrainedSF2) -> np.ndarray:
    """(p,) float32: the networks' training means, averaged; what a prediction is explained against by default."""
    return trained.mean.mean(0).numpy()


def integrated_gradients(
    trained: TrainedSF2, values: np.ndarray, baseline: np.ndarray | None = None, device: str = "cpu"
) -> np.ndarray:
    """(k, p) float64: how much SF2 each probe of each sample adds to that of the baseline, mean over the networks.

    A row sums to the mean prediction of the sample minus that of the baseline: within 5e-4, unless 1,024 points do not
    suffice for that. values: (k, p). baseline: (p,), in the unit of the values; None takes `mean_baseline`. Midpoints
    of a straight path, twice as many where the sum of a network's shares is further off, up to 1,024.
    Errors: `TrainedSF2.standardised`.
    """
    start = np.asarray(mean_baseline(trained) if baseline is None else baseline, np.float32)
    shares = np.zeros(values.shape)
    for member in range(trained.members):
        network = trained.network(member, device)
        origin = trained.standardised(start[None], member, device)
        ends = trained.standardised(values, member, device)
        with torch.no_grad():
            gained = (network(ends) - network(origin))[0].double().cpu().numpy()
        for sample in range(len(values)):
            way = ends[:, sample : sample + 1] - origin
            steps = STEPS
            while True:
                share = (_mean_gradient(network, origin, way, steps) * way[0, 0]).double().cpu().numpy()
                if abs(share.sum() - gained[sample]) <= TOLERANCE or steps >= MOST_STEPS:
                    break
                steps *= 2
            shares[sample] += share / trained.members
    return shares


def _mean_gradient(network: torch.nn.Module, origin: torch.Tensor, way: torch.Tensor, steps: int) -> torch.Tensor:
    """(p,) gradient of SF2, mean over the midpoints of `steps` equal parts of the way; origin, way: (1, 1, p)."""
    total = torch.zeros_like(way[0, 0], dtype=torch.float64)
    points = (torch.arange(steps, device=way.device) + 0.5) / steps
    for part in points.split(AT_ONCE):
        x = (origin + part[None, :, None] * way).requires_grad_()
        (gradient,) = torch.autograd.grad(network(x).sum(), x)
        total += gradient[0].double().sum(0)
    return total / steps
