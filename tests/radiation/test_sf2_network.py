"""The published network: its lengths, its members, its dropout."""

from itertools import pairwise

import pytest
import torch
from torch.nn.functional import conv1d, leaky_relu, linear, max_pool1d

from engine.errors import NetworkError
from engine.radiation.network import SF2Network, layer_plan

PUBLISHED = [  # filters, kernel, output length, after pooling
    (10, 8192, 23_242, 11_621),
    (20, 2047, 4_788, 2_394),
    (40, 512, 942, 471),
    (80, 128, 172, 86),
    (160, 32, 28, 14),
]


def test_lengths_of_the_published_table():
    assert [tuple(block) for block in layer_plan(54_675)] == PUBLISHED
    network = SF2Network(54_675)
    assert network.dense[0].weight.shape == (1, 800, 2240)
    convolutions = sum(f * c * k + f for (f, k, *_), c in zip(PUBLISHED, (1, 10, 20, 40, 80), strict=True))
    widths = (2240, 800, 256, 100, 32)
    dense = sum(2 * a * b + b for a, b in pairwise(widths)) + 33
    assert sum(parameter.numel() for parameter in network.parameters()) == convolutions + dense == 5_772_851


@pytest.mark.parametrize(
    ("inputs", "kernels", "flat"),
    [(22_283, (3339, 834, 209, 52, 13), 160 * 6), (1200, (180, 45, 11, 3), 80 * 2), (706, (106, 26, 7, 2), 80)],
)
def test_other_widths(inputs, kernels, flat):
    network = SF2Network(inputs, members=2)
    assert tuple(block.kernel for block in network.plan) == kernels
    assert network.dense[0].weight.shape[2] == flat
    out = network(torch.randn(2, 3, inputs))
    assert out.shape == (2, 3) and (out >= 0).all()


def test_every_width_from_four_probes_on_has_a_network():
    for inputs in range(4, 400):
        blocks = layer_plan(inputs)
        assert min(block.pooled for block in blocks) >= 1
    with pytest.raises(NetworkError, match="needs 4 probes or more, and there are 3"):
        layer_plan(3)


def test_numbers_are_those_of_plain_layers():
    """Layer by layer as the paper has them, in float64: values and gradients."""
    network = SF2Network(1200, members=2, seeds=[1, 2]).double()
    x = torch.randn(2, 3, 1200, dtype=torch.float64, requires_grad=True)
    outputs = []
    for i in range(2):
        h = x[i][:, None]
        for layer in network.convolutions:
            h = max_pool1d(leaky_relu(conv1d(h, layer.weight[i], layer.bias[i], 2), 0.3), 2)
        h = h.flatten(1)
        for layer, skip in zip(network.dense, network.skips, strict=True):
            h = leaky_relu(linear(h, layer.weight[i], layer.bias[i]), 0.3) + linear(h, skip.weight[i])
        outputs.append(linear(h, network.output.weight[i], network.output.bias[i])[:, 0].abs())
    ours, plain = network(x), torch.stack(outputs)
    torch.testing.assert_close(ours, plain, rtol=1e-9, atol=1e-12)
    inputs = [x, *network.parameters()]
    pairs = zip(torch.autograd.grad(ours.sum(), inputs), torch.autograd.grad(plain.sum(), inputs), strict=True)
    for a, b in pairs:
        assert (a - b).norm() <= 1e-9 * b.norm()


def test_members_do_not_depend_on_each_other():
    together = SF2Network(706, members=3, dropout=0.2, seeds=[7, 8, 9])
    alone = SF2Network(706, dropout=0.2, seeds=[8])
    for a, b in zip(together.parameters(), alone.parameters(), strict=True):
        assert torch.equal(a[1], b[0])
    x = torch.randn(3, 4, 706)
    torch.testing.assert_close(together(x, [1, 2, 3])[1:2], alone(x[1:2], [2]))
    together(x, [1, 2, 3])[1].sum().backward()
    assert all(not parameter.grad[[0, 2]].any() for parameter in together.parameters())


def test_dropout_is_drawn_by_seed_in_training_only():
    network = SF2Network(706, dropout=0.5, seeds=[1])
    x = torch.randn(1, 4, 706)
    assert torch.equal(network(x, [5]), network(x, [5]))
    assert not torch.equal(network(x, [5]), network(x, [6]))
    network.eval()
    assert torch.equal(network(x, [5]), network(x))


def test_dropout_keeps_the_mean():
    from engine.radiation.network import _Dropout

    dropped = _Dropout(0.1, [3, 4], torch.device("cpu"))(torch.ones(2, 50, 1001))
    for member in dropped:
        assert float((member == 0).float().mean()) == pytest.approx(26 / 256, abs=0.005)
        assert float(member.mean()) == pytest.approx(1, abs=0.005)
    assert not torch.equal(*dropped)


def test_squared_weights_leave_biases_out():
    network = SF2Network(706, members=2)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.fill_(5 if name.endswith("bias") else 1)
    weights = sum(parameter[0].numel() for name, parameter in network.named_parameters() if name.endswith("weight"))
    assert network.squared_weights().tolist() == [weights, weights]
