"""Distances between batches of audio, each by one way of looking: spectra, waveform, loudness.

Pure functions of tensors, one value per example, differentiable. Windows are given in seconds, so that a distance
means the same at every sample rate. Sources stand in `audio_losses`, which weighs them.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from bridge.decibels import db_to_power

WINDOWS_S = (0.012, 0.035, 0.093)
OVERLAP = 4  # a hop is this part of the window
FLOOR = 1e-4  # of a full-scale sine: -80 dB; log magnitudes below it do not count
LEAST_LEVEL = 1e-3  # the truth's level below which shares of it are taken of this
BLOCK_S, BLOCK_OVERLAP = 0.4, 4  # of BS.1770
SILENCE_LUFS = -70.0
RELATIVE_GATE_LU = 10.0


def magnitudes(audio: Tensor, sample_rate_hz: int) -> tuple[Tensor, ...]:
    """Magnitudes of `audio` (batch, channels, samples) under each window, (batch, channels, bins, frames).

    A full-scale sine reads 1. The floor is added as power, so that the slope is finite where there is silence.
    """
    batch, channels, samples = audio.shape
    spectra = []
    for seconds in WINDOWS_S:
        window = round(seconds * sample_rate_hz)
        size = 1 << (window - 1).bit_length()
        flat = torch.nn.functional.pad(audio.reshape(batch * channels, samples), (0, max(0, size - samples)))
        taper = _taper(window, audio.device)
        bins = torch.stft(flat, size, window // OVERLAP, window, taper, center=False, return_complex=True)
        power = bins.real.square() + bins.imag.square()
        spectra.append((power + FLOOR**2).sqrt().reshape(batch, channels, *power.shape[1:]))
    return tuple(spectra)


def spectral_convergence(audio: tuple[Tensor, ...], truth: tuple[Tensor, ...]) -> Tensor:
    """Size of the difference of magnitudes by the size of the truth's, (batch,), mean over windows."""
    shares = []
    for a, t in zip(audio, truth, strict=True):
        least = LEAST_LEVEL**2 * a[0].numel()
        shares.append(((a - t).square().sum((1, 2, 3)) / t.square().sum((1, 2, 3)).clamp_min(least) + 1e-12).sqrt())
    return torch.stack(shares).mean(0) - 1e-6


def log_difference_db(audio: tuple[Tensor, ...], truth: tuple[Tensor, ...]) -> Tensor:
    """Mean absolute difference of log magnitudes in dB, (batch,), mean over windows."""
    decibel = 20 / math.log(10)
    each = [(torch.log(a) - torch.log(t)).abs().mean((1, 2, 3)) for a, t in zip(audio, truth, strict=True)]
    return decibel * torch.stack(each).mean(0)


def waveform_error(audio: Tensor, truth: Tensor, *, reach: int) -> Tensor:
    """L1 distance of samples as a share of the truth's, (batch,), at the best delay and polarity; see `alignment`."""
    lags, signs = align_waveforms(audio, truth, reach=reach)
    samples = audio.shape[-1]
    index = torch.arange(samples, device=audio.device) - lags[:, None]  # of the truth
    meets = ((index >= 0) & (index < samples))[:, None]
    moved = truth.gather(2, index.clamp(0, samples - 1)[:, None].expand_as(truth)) * signs[:, None, None]
    level = truth.abs().mean((1, 2)).clamp_min(LEAST_LEVEL)
    count = audio.shape[1] * meets.sum((1, 2))
    return ((audio - moved).abs() * meets).sum((1, 2)) / count / level


def align_waveforms(audio: Tensor, truth: Tensor, *, reach: int) -> tuple[Tensor, Tensor]:
    """By how many samples `audio` comes later than `truth`, (batch,) within -reach..reach, and its polarity, 1 or -1.

    The largest cross-correlation of either sign, channels together; no gradient. Silence gives 0 and 1.

    >>> click = torch.zeros(1, 1, 64)
    >>> click[..., 20] = 1.0
    >>> [int(found) for found in align_waveforms(-click.roll(3), click, reach=8)]
    [3, -1]
    """
    with torch.no_grad():
        samples = audio.shape[-1]
        reach = min(reach, samples - 1)
        size = 1 << (samples + reach).bit_length()
        product = torch.fft.rfft(audio, n=size) * torch.fft.rfft(truth, n=size).conj()
        correlation = torch.fft.irfft(product.sum(1), n=size)
        order = sorted(range(-reach, reach + 1), key=abs)  # of equals, the shortest delay
        lags = torch.tensor(order, device=audio.device)
        near = correlation[:, lags % size]
        best = near.abs().argmax(1)
        signs = near.gather(1, best[:, None])[:, 0].sign()
        return lags[best], torch.where(signs == 0, torch.ones_like(signs), signs)


def loudness_lufs(audio: Tensor, sample_rate_hz: int) -> Tensor:
    """Integrated loudness (batch,) of (batch, channels, samples) after BS.1770-4; silence is -70 LUFS.

    The K-weighting is applied as the frequency response of its two filters, exact at any rate. Audio shorter than a
    block of 400 ms is one block.
    """
    samples = audio.shape[-1]
    size = samples + round(0.25 * sample_rate_hz)  # room for what the filters hold
    size += size % 2
    spectrum = torch.fft.rfft(audio, n=size) * _k_weighting(size, sample_rate_hz).to(audio.device, audio.dtype)
    power = torch.fft.irfft(spectrum, n=size)[..., :samples].square().sum(1)
    block = min(round(BLOCK_S * sample_rate_hz), samples)
    blocks = power.unfold(-1, block, max(1, block // BLOCK_OVERLAP)).mean(-1)
    least = db_to_power(SILENCE_LUFS + 0.691)
    with torch.no_grad():
        sounding = blocks > least
        mean = (blocks * sounding).sum(1) / sounding.sum(1).clamp_min(1)
        passing = sounding & (blocks > mean[:, None] * db_to_power(-RELATIVE_GATE_LU))
    energy = (blocks * passing).sum(1) / passing.sum(1).clamp_min(1)
    return -0.691 + 10 * torch.log10(energy.clamp_min(least))


@lru_cache(maxsize=16)
def _k_weighting(size: int, sample_rate_hz: int) -> Tensor:
    """Gain (bins,) of the two filters of BS.1770's annex, whose analogue prototypes give it at any rate."""
    turn = torch.exp(-2j * math.pi * torch.arange(size // 2 + 1, dtype=torch.float64) / size)
    shelf = _biquad(1681.974450955533, 0.7071752369554196, 3.999843853973347, sample_rate_hz)
    cut = _biquad(38.13547087602444, 0.5003270373238773, None, sample_rate_hz)
    gain = torch.ones(size // 2 + 1, dtype=torch.float64)
    for top, bottom in (shelf, cut):
        gain = gain * (_polynomial(top, turn) / _polynomial(bottom, turn)).abs()
    return gain


def _biquad(hertz: float, q: float, gain_db: float | None, rate: int) -> tuple[list[float], list[float]]:
    """A high shelf of `gain_db`, or a high pass where that is None, as libebur128 and pyloudnorm derive them."""
    k = math.tan(math.pi * hertz / rate)
    bottom = [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k]
    if gain_db is None:
        return [bottom[0], -2 * bottom[0], bottom[0]], bottom
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    return [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k], bottom


def _polynomial(coefficients: list[float], turn: Tensor) -> Tensor:
    return coefficients[0] + coefficients[1] * turn + coefficients[2] * turn * turn


@lru_cache(maxsize=16)
def _taper(window: int, device: torch.device) -> Tensor:
    taper = torch.hann_window(window, dtype=torch.float64)
    return (taper * 2 / taper.sum()).float().to(device)
