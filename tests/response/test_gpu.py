"""What only a GPU shows. Skipped where there is none."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from engine.response.factorised import FactorisedNetwork
from engine.response.networks import NETWORKS, ResponseNetwork

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine")


@pytest.mark.parametrize("name", NETWORKS)
def test_gpu_gives_the_numbers_of_the_cpu(name):
    rng = np.random.default_rng(0)
    genomes = csr_matrix((rng.random((8, 1500)) < 0.02).astype(np.uint8))
    bits = (rng.random((5, 3072)) < 0.4).astype(np.uint8)
    line, drug = rng.integers(0, 8, 64), rng.integers(0, 5, 64)
    torch.manual_seed(0)
    network = ResponseNetwork(name, 1500).double().eval()
    cpu = FactorisedNetwork(network, genomes, bits).pairs(line, drug)
    (cpu**2).mean().backward()
    expected = {key: p.grad.clone() for key, p in network.named_parameters()}
    network.zero_grad()
    gpu = FactorisedNetwork(network.cuda(), genomes, bits, "cuda").pairs(line, drug)
    (gpu**2).mean().backward()
    torch.testing.assert_close(gpu.cpu(), cpu, rtol=1e-8, atol=1e-10)
    for key, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.grad.cpu(), expected[key], rtol=1e-6, atol=1e-9)
