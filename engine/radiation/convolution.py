"""Strided 1-D convolution without padding for kernels of thousands of taps, values and gradients.

Input and kernel are split into `stride` phases (even and odd positions at stride 2), so that the strided convolution
becomes a sum of unstrided ones of half the length, done by real FFTs. The circular length is that of the input's phase,
not longer: what wraps around falls on outputs that are cut off. Forward and backward share the spectra, so a training
step transforms the input, the kernel and the output's gradient once each. Overlap-save was left out: its blocks would
transform 20 % more samples to save 5 % of the logarithm at these lengths.
"""

import math
from typing import Any

import scipy.fft
import torch
from torch import Tensor

THIN = 4  # phases of input channels up to which products are summed one by one instead of as matrices


def long_conv1d(x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 2) -> Tensor:
    """`torch.nn.functional.conv1d` of m independent networks; the same numbers by the cheaper of two routes.

    x: (m, b, c_in, L). weight: (m, c_out, c_in, k), k at most L. bias: (m, c_out) or None.
    Returns (m, b, c_out, (L - k) // stride + 1). float32, or float64 where x is float64: autocast is switched off, as
    a spectrum in half precision is not worth having. Gradients of first order only.
    """
    with torch.autocast(x.device.type, enabled=False):
        dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
        x, weight = x.to(dtype), weight.to(dtype)
        if by_fft(x.shape[1], weight.shape[2], weight.shape[1], x.shape[3], weight.shape[3], stride):
            out: Tensor = _SpectralConvolution.apply(x, weight, stride)
        else:
            out = _direct(x, weight, stride)
        return out if bias is None else out + bias.to(dtype)[:, None, :, None]


def pool_pairs(x: Tensor) -> Tensor:
    """Max-pooling by 2 along the last axis as `max_pool1d` does it, a last odd value left out; faster on a CPU."""
    return _PairPool.apply(x)


def by_fft(batch: int, c_in: int, c_out: int, length: int, kernel: int, stride: int) -> bool:
    """Whether the FFT needs fewer multiplications than the sum over the kernel's taps does, for one batch.

    Both run at about as many a second (measured at the five published layers), so they are simply counted.
    """
    size = _size(length, stride)
    phases = c_in * stride
    transforms = size * math.log2(size) * (batch * phases + phases * c_out + batch * c_out) if size > 1 else 0
    products = 4 * (size // 2 + 1) * batch * phases * c_out
    return transforms + products < batch * ((length - kernel) // stride + 1) * c_in * c_out * kernel


def _size(length: int, stride: int) -> int:
    return int(scipy.fft.next_fast_len(-(-length // stride), real=True))


def _direct(x: Tensor, weight: Tensor, stride: int) -> Tensor:
    m, b, c_in, length = x.shape
    c_out, kernel = weight.shape[1], weight.shape[3]
    grouped = x.transpose(0, 1).reshape(b, m * c_in, length)
    out = torch.nn.functional.conv1d(grouped, weight.reshape(m * c_out, c_in, kernel), stride=stride, groups=m)
    return out.reshape(b, m, c_out, out.shape[-1]).transpose(0, 1)


def _phases(values: Tensor, stride: int, size: int) -> Tensor:
    """(..., c, L) -> (..., c * stride, size): position stride * q + r of channel c at [c * stride + r, q], then 0."""
    *lead, channels, _ = values.shape
    out = values.new_zeros((*lead, channels, stride, size))
    for r in range(stride):
        part = values[..., r::stride]
        out[..., r, : part.shape[-1]] = part
    return out.reshape(*lead, channels * stride, size)


def _joined(phases: Tensor, stride: int, length: int) -> Tensor:
    """The inverse of `_phases`, cut to `length`."""
    *lead, channels, size = phases.shape
    split = phases.reshape(*lead, channels // stride, stride, size)
    out = phases.new_empty((*lead, channels // stride, length))
    for r in range(stride):
        part = out[..., r::stride]
        part.copy_(split[..., r, : part.shape[-1]])
    return out


class _SpectralConvolution(torch.autograd.Function):
    """Spectra lie as (m, b, c, f) where channels are few and as (m, f, b, c) for products of matrices otherwise."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        length, kernel = x.shape[-1], weight.shape[-1]
        size, n_out = _size(length, stride), (length - kernel) // stride + 1
        x_f = torch.fft.rfft(_phases(x, stride, size))  # (m, b, p, f), p phases of all channels
        w_f = torch.fft.rfft(_phases(weight, stride, size))  # (m, o, p, f)
        thin = x_f.shape[2] <= THIN
        if thin:
            w_f = w_f.conj_physical_()
            out = x.new_empty((*x.shape[:2], weight.shape[1], n_out))
            for sample in range(x.shape[1]):  # one after the other stays in the processor's cache
                y_f = x_f[:, sample, None, 0] * w_f[:, :, 0]
                for p in range(1, x_f.shape[2]):
                    y_f.addcmul_(x_f[:, sample, None, p], w_f[:, :, p])
                out[:, sample] = torch.fft.irfft(y_f, size)[..., :n_out]
        else:
            x_f, w_f = _by_frequency(x_f, (0, 3, 1, 2)), _by_frequency(w_f, (0, 3, 2, 1)).conj_physical_()
            out = torch.fft.irfft((x_f @ w_f).permute(0, 2, 3, 1), size)[..., :n_out]
        ctx.save_for_backward(x_f, w_f)
        ctx.shape = (length, kernel, stride, size, thin)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x_f, w_f = ctx.saved_tensors
        length, kernel, stride, size, thin = ctx.shape
        products = _thin_gradients if thin else _gradients
        grad_x_f, grad_w_f = products(gradients[0], x_f, w_f, size, ctx.needs_input_grad)
        grad_x = None if grad_x_f is None else _joined(torch.fft.irfft(grad_x_f, size), stride, length)
        grad_weight = None if grad_w_f is None else _joined(torch.fft.irfft(grad_w_f, size), stride, kernel)
        return grad_x, grad_weight, None


def _by_frequency(spectrum: Tensor, order: tuple[int, ...]) -> Tensor:
    return spectrum.permute(order).contiguous()


def _thin_gradients(
    gradient: Tensor, x_f: Tensor, w_f: Tensor, size: int, needs: tuple[bool, ...]
) -> tuple[Tensor | None, Tensor | None]:
    grad_x_f = torch.empty_like(x_f) if needs[0] else None
    grad_w_f = torch.zeros_like(w_f) if needs[1] else None
    for sample in range(x_f.shape[1]):
        g_f = torch.fft.rfft(gradient[:, sample], size).conj_physical_()  # (m, o, f)
        for p in range(x_f.shape[2]):
            if grad_x_f is not None:
                grad_x_f[:, sample, p] = (g_f * w_f[:, :, p]).sum(1).conj()
            if grad_w_f is not None:
                grad_w_f[:, :, p].addcmul_(x_f[:, sample, None, p], g_f)
    return grad_x_f, grad_w_f


def _gradients(
    gradient: Tensor, x_f: Tensor, w_f: Tensor, size: int, needs: tuple[bool, ...]
) -> tuple[Tensor | None, Tensor | None]:
    g_f = _by_frequency(torch.fft.rfft(gradient, size), (0, 3, 1, 2))  # (m, f, b, o)
    grad_x_f = (g_f @ w_f.mH).permute(0, 2, 3, 1) if needs[0] else None
    grad_w_f = (g_f.mH @ x_f).permute(0, 2, 3, 1) if needs[1] else None  # (m, o, p, f)
    return grad_x_f, grad_w_f


class _PairPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        end = x.shape[-1] // 2 * 2
        even, odd = x[..., 0:end:2], x[..., 1:end:2]
        ctx.save_for_backward(even >= odd)
        ctx.shape = x.shape
        return torch.maximum(even, odd)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (first,) = ctx.saved_tensors
        gradient = gradients[0]
        end = 2 * gradient.shape[-1]
        out = gradient.new_empty(ctx.shape)
        out[..., end:] = 0
        torch.mul(gradient, first, out=out[..., 0:end:2])
        torch.mul(gradient, ~first, out=out[..., 1:end:2])
        return out
