"""Heat maps against the formulas written out, and what is drawn of them."""

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import InputError
from engine.spheroid.explain import METHODS, drawn, explain_well, heat_of
from engine.spheroid.network import ScreenNetwork, build


@pytest.fixture(scope="module")
def network() -> ScreenNetwork:
    found = build("squeezenet1_0", seed=2).eval()
    with torch.no_grad():
        found.output.weight.copy_(torch.randn(2, 512, generator=torch.Generator().manual_seed(1)))
    return found


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def shown(heat: torch.Tensor) -> np.ndarray:
    heat = torch.nn.functional.interpolate(heat.relu()[None, None], (64, 64), mode="bilinear")[0, 0]
    return (heat / heat.max()).detach().numpy()


@pytest.mark.parametrize(("towards", "output"), [("alive", 0), ("dead", 1)])
def test_gradients_of_a_mean_and_a_dense_layer_are_its_weights(network, image, towards, output):
    """y = sum_k w_k mean(A_k): the gradient is w_k / n at each of n places, so that both methods have closed forms."""
    with torch.no_grad():
        block, weight = network.last_block(image)[0], network.output.weight[output]
    n = block.shape[1] * block.shape[2]
    plain = (weight[:, None, None] / n * block).sum(dim=0)
    np.testing.assert_allclose(heat_of(network, image, "grad_cam", towards), shown(plain), atol=1e-5)
    gradient = weight / n
    share = gradient**2 / (2 * gradient**2 + block.sum(dim=(1, 2)) * gradient**3)
    better = ((n * share * gradient.relu())[:, None, None] * block).sum(dim=0)
    np.testing.assert_allclose(heat_of(network, image, "grad_cam_pp", towards), shown(better), atol=1e-4)


def test_score_cam_is_what_is_left_when_only_a_channels_places_are_shown(network, image):
    with torch.no_grad():
        block = network.last_block(image)[0]
        nothing = network(torch.zeros(1, 3, 64, 64))[0, 0]
        heat = torch.zeros(block.shape[1:])
        for channel in block:
            if channel.max() > channel.min():
                mask = (channel - channel.min()) / (channel.max() - channel.min())
                mask = torch.nn.functional.interpolate(mask[None, None], (64, 64), mode="bilinear")
                heat += (network(image * mask)[0, 0] - nothing) * channel
    np.testing.assert_allclose(heat_of(network, image, "score_cam", "alive"), shown(heat), atol=1e-4)


def test_heat_where_nothing_speaks_for_an_output(image):
    silent = build("squeezenet1_0")  # its output starts at 0
    assert all(heat_of(silent, image, method, "dead").max() == 0 for method in METHODS)


def test_what_is_drawn():
    mip, heat = np.zeros((224, 224), np.uint16), np.zeros((224, 224))
    mip[:, 112:], heat[:112] = 20_000, 1.0
    page = np.asarray(drawn(mip, heat, ("Simulated. S1 P1_B02", "Grad-CAM")))
    assert page.shape == (488, 896, 3)
    grey = page[:448, :448]
    assert (grey[..., 0] == grey[..., 2]).all() and grey[10, 10, 0] == 0 and grey[10, 440, 0] == 255
    over = page[:448, 448:].astype(int)
    assert over[10, 10, 0] > over[10, 10, 2] > 0 and over[440, 10].max() == 0  # hot above, nothing below
    assert (page[448:] < 100).any()  # words
    assert Image.fromarray(page).size == (896, 488)


def test_what_cannot_be_explained(tmp_path):
    with pytest.raises(InputError, match="Unknown explanation 'saliency'. Choose from grad_cam, grad_cam_pp, s"):
        explain_well(None, "S1", ("P1", "B", 2), tmp_path / "x.png", "saliency")
    with pytest.raises(InputError, match="An explanation is towards alive or dead, not 'left'"):
        explain_well(None, "S1", ("P1", "B", 2), tmp_path / "x.png", towards="left")
