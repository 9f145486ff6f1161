"""Long strided convolutions: the numbers and gradients of torch's own, whichever way they are computed."""

import pytest
import torch
from torch.nn.functional import conv1d, max_pool1d

from engine.radiation import convolution
from engine.radiation.convolution import by_fft, long_conv1d, pool_pairs

# members, batch, channels in, out, length, kernel, stride
SHAPES = [
    (1, 4, 1, 10, 5467, 819, 2),  # the first block, a tenth of its size
    (2, 3, 10, 20, 1162, 205, 2),
    (1, 2, 80, 160, 86, 32, 2),  # the last block
    (3, 2, 1, 3, 301, 106, 2),
    (1, 2, 3, 4, 203, 64, 3),
    (2, 2, 3, 2, 50, 50, 2),  # one output
    (1, 1, 2, 3, 33, 9, 1),
    (1, 2, 2, 3, 33, 1, 2),
]


def both(shape, dtype, seed=0):
    """(ours, torch's): values, gradient of the input, of the weight, of the bias."""
    m, b, c_in, c_out, length, kernel, stride = shape
    generator = torch.Generator().manual_seed(seed)
    sizes = ((m, b, c_in, length), (m, c_out, c_in, kernel), (m, c_out))
    x, weight, bias = (torch.randn(size, dtype=dtype, generator=generator).requires_grad_() for size in sizes)
    ours = long_conv1d(x, weight, bias, stride)
    theirs = torch.stack([conv1d(x[i], weight[i], bias[i], stride) for i in range(m)])
    upstream = torch.randn(theirs.shape, dtype=dtype, generator=generator)
    return [[out, *torch.autograd.grad(out, (x, weight, bias), upstream)] for out in (ours, theirs)]


def relative(ours, theirs):
    assert ours.shape == theirs.shape
    return float((ours.detach() - theirs.detach()).norm() / theirs.detach().norm())


@pytest.mark.parametrize("route", ["fft", "direct"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("dtype", "allowed"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
def test_values_and_gradients_are_those_of_conv1d(shape, dtype, allowed, route, monkeypatch):
    monkeypatch.setattr(convolution, "by_fft", lambda *sizes: route == "fft")
    for ours, theirs in zip(*both(shape, dtype), strict=True):
        assert relative(ours, theirs) < allowed


def test_the_first_block_at_its_published_size():
    for ours, theirs in zip(*both((1, 1, 1, 2, 54_675, 8192, 2), torch.float32), strict=True):
        assert relative(ours, theirs) < 1e-4


def test_channels_one_by_one_and_as_matrices_agree(monkeypatch):
    shape = (2, 3, 2, 5, 400, 90, 2)
    found = []
    for thin in (0, 100):
        monkeypatch.setattr(convolution, "THIN", thin)
        found.append(both(shape, torch.float64)[0])
    for a, b in zip(*found, strict=True):
        assert relative(a, b) < 1e-12


def test_the_route_with_fewer_multiplications_is_taken():
    assert by_fft(16, 1, 10, 54_675, 8192, 2) and by_fft(1, 10, 20, 11_621, 2047, 2)
    assert not by_fft(16, 80, 160, 9, 2, 2) and not by_fft(1, 80, 160, 35, 13, 2)


def test_half_precision_does_not_reach_the_spectra():
    x, weight = torch.randn(1, 2, 1, 501), torch.randn(1, 3, 1, 101)
    exact = long_conv1d(x, weight)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(long_conv1d(x, weight), exact)
    assert long_conv1d(x.bfloat16(), weight).dtype == torch.float32


def test_only_the_gradients_that_are_asked_for():
    x, weight = torch.randn(1, 2, 1, 501), torch.randn(1, 3, 1, 101, requires_grad=True)
    long_conv1d(x, weight).sum().backward()
    assert weight.grad is not None and x.grad is None


@pytest.mark.parametrize("length", [8, 9])
def test_pooling_and_its_gradient(length):
    x = torch.randn(2, 3, 4, length, requires_grad=True)
    ours, theirs = pool_pairs(x), max_pool1d(x.flatten(0, 1), 2).unflatten(0, (2, 3))
    assert torch.equal(ours, theirs)
    upstream = torch.randn_like(ours)
    assert torch.equal(*(torch.autograd.grad(out, x, upstream)[0] for out in (ours, theirs)))
