import pytest
import torch

from engine.errors import NetworkError
from engine.response.networks import ARCHITECTURES, NETWORKS, ResponseNetwork, network_table, smallest_input


def test_published_parameter_counts():
    """Chang et al. 2018, Table 1."""
    assert network_table() == [
        {"name": "master", "parameters": 365_486, "dual_convergence": True},
        {"name": "fully_connected", "parameters": 367_116, "dual_convergence": True},
        {"name": "shallow", "parameters": 8_427_949, "dual_convergence": True},
        {"name": "tanh", "parameters": 367_124, "dual_convergence": True},
        {"name": "unified", "parameters": 262_306, "dual_convergence": False},
    ]


def test_master_layer_by_layer():
    """The published order, conv, tanh, pool, against our pooling before the activation."""
    torch.manual_seed(0)
    network = ResponseNetwork("master", 1500).double().eval()
    genome, drug = (torch.rand(3, 1500) < 0.01).double(), (torch.rand(3, 3072) < 0.4).double()

    def branch(part, x):
        x = torch.max_pool1d(torch.tanh(part.convs[0](x[:, None])), 5)
        x = torch.max_pool1d(torch.relu(part.convs[1](x)), 10)
        return torch.relu(part.dense(x.flatten(1)))

    docking = network.docking
    x = torch.tanh(docking.dense(torch.cat([branch(network.cell, genome), branch(network.drug, drug)], 1)))[:, None]
    for conv, pool in zip(docking.convs, (2, 3, 3), strict=True):
        x = torch.max_pool1d(torch.relu(conv(x)), pool)
    torch.testing.assert_close(network(genome, drug), docking.output(x.flatten(1))[:, 0], rtol=1e-12, atol=1e-12)


def test_layer_lengths_of_master():
    network = ResponseNetwork("master", 28_328)
    assert (network.cell.length, network.drug.length) == (55, 2)
    assert network.cell.dense.in_features == 1650
    assert network.docking.output.in_features == 30


@pytest.mark.parametrize("name", NETWORKS)
def test_too_few_positions_says_how_many_are_needed(name):
    needed = smallest_input(ARCHITECTURES[name].cell)
    ResponseNetwork(name, max(needed, 1270))
    with pytest.raises(NetworkError, match=f"{needed:,}"):
        ResponseNetwork(name, needed - 1)


def test_too_few_drug_bits():
    with pytest.raises(NetworkError, match=r"1,000 drug bits are too few .* at least 1,622"):
        ResponseNetwork("master", 2000, 1000)


def test_unknown_network():
    with pytest.raises(NetworkError, match="'resnet'. Known: master, fully_connected"):
        ResponseNetwork("resnet", 2000)


def test_keras_defaults():
    torch.manual_seed(0)
    network = ResponseNetwork("tanh", 2000)
    limit = (6 / (700 + 50 * 700)) ** 0.5
    weight = network.cell.convs[0].weight
    assert weight.abs().max() <= limit and weight.abs().max() > 0.99 * limit
    assert not network.cell.convs[0].bias.any()
    scale, shift = network.cell_norm.train().affine(torch.tensor(0.002))
    assert float(scale.detach()) == pytest.approx((0.002 * 0.998 + 1e-3) ** -0.5)
    assert float(shift.detach()) == pytest.approx(-0.002 * float(scale.detach()))
    assert float(network.cell_norm.running_mean) == pytest.approx(0.01 * 0.002)
