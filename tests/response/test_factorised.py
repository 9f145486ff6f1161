"""The fast evaluation gives the numbers of the published one: outputs and gradients, with and without dropout."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from engine.response.factorised import FactorisedNetwork, seam_layout
from engine.response.networks import NETWORKS, ResponseNetwork


@pytest.fixture(autouse=True)
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def cohort(n_positions, n_bits=3072, lines=5, drugs=4, pairs=11, seed=0):
    rng = np.random.default_rng(seed)
    genomes = np.zeros((lines, n_positions), np.uint8)
    for i in range(lines):  # line 0 has no known mutation at all, the last is hypermutated
        set_bits = 0 if i == 0 else (n_positions // 5 if i == lines - 1 else 20)
        genomes[i, rng.choice(n_positions, set_bits, replace=False)] = 1
    bits = (rng.random((drugs, n_bits)) < 0.4).astype(np.uint8)
    return genomes, bits, rng.integers(0, lines, pairs), rng.integers(0, drugs, pairs)


def outputs_and_gradients(network, evaluate):
    torch.manual_seed(3)  # the same dropout masks on both routes
    network.zero_grad()
    output = evaluate()
    (output**2).sum().backward()
    return output.detach(), {name: p.grad.clone() for name, p in network.named_parameters()}


def assert_close(fast, slow, what):
    scale = slow.abs().max()
    assert (fast - slow).abs().max() <= 1e-9 * scale + 1e-300, what


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("n_positions", [1270, 2003, 2500])
@pytest.mark.parametrize("name", NETWORKS)
def test_equal_to_pair_by_pair(name, n_positions, training):
    genomes, bits, line, drug = cohort(n_positions)
    torch.manual_seed(1)
    network = ResponseNetwork(name, n_positions).train(training)
    if network.cell_norm is not None:
        torch.nn.init.uniform_(network.cell_norm.weight, 0.5, 2)
        torch.nn.init.uniform_(network.drug_norm.bias, -1, 1)
    state = {k: v.clone() for k, v in network.state_dict().items()}
    pairs = (torch.from_numpy(table).double() for table in (genomes[line], bits[drug]))
    slow, slow_gradients = outputs_and_gradients(network, lambda: network(*pairs))
    slow_state = {k: v.clone() for k, v in network.state_dict().items()}
    network.load_state_dict(state)
    factorised = FactorisedNetwork(network, sp.csr_matrix(genomes), bits)
    fast, fast_gradients = outputs_and_gradients(network, lambda: factorised.pairs(line, drug))
    assert_close(fast, slow, "output")
    for parameter, gradient in slow_gradients.items():
        assert_close(fast_gradients[parameter], gradient, parameter)
    for key, value in network.state_dict().items():  # the running statistics of `tanh`
        assert_close(value, slow_state[key], key)


@pytest.mark.parametrize("n_positions", range(1270, 1330, 7))
def test_unified_wherever_the_seam_falls(n_positions):
    genomes, bits, line, drug = cohort(n_positions, n_bits=1100 + n_positions % 13)
    network = ResponseNetwork("unified", n_positions, bits.shape[1]).eval()
    slow = network(*(torch.from_numpy(t).double() for t in (genomes[line], bits[drug])))
    fast = FactorisedNetwork(network, sp.csr_matrix(genomes), bits).pairs(line, drug)
    assert_close(fast, slow, "output")


def test_seam_of_the_published_sizes():
    """140 windows cross the seam; rounded to whole pools they are 145 of 6,140."""
    layout = seam_layout(ResponseNetwork("unified", 28328))
    assert (layout.line_windows, layout.drug_from) == (5525, 5670)
    assert (layout.pools_line, layout.pools_drug_from, layout.pools) == (55, 57, 61)
