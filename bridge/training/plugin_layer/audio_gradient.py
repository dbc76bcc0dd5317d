"""The gradient to the audio that goes into plugins, from a few renders of the audio with something added.

Wanted is J'g: g the gradient of the output, J the derivative of the output (all samples) by the input (all samples).
A pair of renders at audio + d and audio - d gives J d, for one d of our choice; both renders get the same d. There
are as many unknowns as samples squared, so every estimator assumes something:

- `SimultaneousSignal` assumes how long a sample acts, and nothing else. With a reach of the whole clip it is
  SPSA on the signal: unbiased, and hopelessly noisy (cosine to the truth about 1 / sqrt(samples)). With a reach of 0
  it is what DeepAFx computes (Martínez Ramírez et al. 2021, `dafx_layer.py`: output difference by perturbation,
  sample by sample): exact for plugins without memory (gain, distortion), and wrong for all others, as what one
  sample does to the next ones is counted as noise. In between: unbiased for plugins whose response fades within the
  reach, with a noise of sqrt(samples of reach).
- `LocalTransfer` assumes that for a fraction of a second the plugins act as a linear filter upon what is added: true
  for equalisers, and nearly so for gains that move slowly (compressors, limiters, gates). It is then free of noise:
  the probe is periodic, a period of the response gives the transfer function at once, and the transposed filter
  carries the gradient back. Biased for what it leaves out: responses longer than a period (reverb, delay) fold into
  it, the detector's own share of a compressor's derivative is missing, and distortion enters by its mean slope.

Each costs two renders per probe, besides those for the settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bridge.types import Float32, Float64

PROBE_SHARE = 0.01  # of the example's level: -40 dB, well above float32's rounding and below what moves a detector
FAINTEST = 1e-4  # the probe's level in silence, -80 dB: gates stay shut
SMALL = 1e-9  # keeps what the probe does not hold from being divided by nothing


class AudioEstimator(Protocol):
    def probe(self, audio: Float32, generator: np.random.Generator) -> Float32:
        """What to add to `audio` (batch, channels, samples) and to take from it: (probes, batch, channels, samples)."""
        ...

    def pull_back(self, probe: Float32, response: Float32, upstream: Float32, sample_rate_hz: int) -> Float64:
        """J'g of one example, (channels, samples), from its probe d, its response J d and g."""
        ...


@dataclass(frozen=True)
class SimultaneousSignal:
    """Random signs on every sample. `reach_s`: how long a sample acts; None for the whole clip, 0 for itself."""

    probes: int = 1
    reach_s: float | None = 0.01

    def probe(self, audio: Float32, generator: np.random.Generator) -> Float32:
        signs = generator.integers(0, 2, (self.probes, *audio.shape), dtype=np.int8)
        return ((2 * signs - 1) * _levels(audio)).astype(np.float32)

    def pull_back(self, probe: Float32, response: Float32, upstream: Float32, sample_rate_hz: int) -> Float64:
        if self.reach_s == 0:  # channels do not meet either
            return np.asarray(np.divide(response * upstream, probe, dtype=np.float64))
        product = np.einsum("cs,cs->s", response, upstream, dtype=np.float64)
        samples = len(product)
        reach = samples if self.reach_s is None else round(self.reach_s * sample_rate_hz)
        total = np.concatenate([[0.0], np.cumsum(product)])
        start = np.arange(samples)
        ahead = total[np.minimum(start + reach + 1, samples)] - total[start]
        return np.asarray(ahead / probe.astype(np.float64))


@dataclass(frozen=True)
class LocalTransfer:
    """The filter that the plugins are at each moment, measured by a periodic probe; see above.

    `period` samples hold the response and set the resolution: 2048 are 43 ms and 23 Hz at 48 kHz. With two channels
    each gets every second frequency of a period twice as long, so that what crosses over can be separated.
    """

    period: int = 2048

    def probe(self, audio: Float32, generator: np.random.Generator) -> Float32:
        """A period of equal amplitudes and random phases, repeated; one probe."""
        _, channels, samples = audio.shape
        length = channels * self._period(channels, samples)
        spectrum = np.zeros((channels, length // 2 + 1), np.complex128)
        for channel in range(channels):
            phases = 2 * np.pi * generator.random(length // 2 + 1)
            spectrum[channel, channel::channels] = np.exp(1j * phases)[channel::channels]
        spectrum[0, [0, -1]] = 1.0  # neither the constant nor half the sample rate has a phase
        period = np.fft.irfft(spectrum, n=length)
        period /= np.sqrt(np.square(period).mean(1, keepdims=True))
        noise = np.tile(period, -(-samples // length))[:, :samples]
        return (noise * _levels(audio)).astype(np.float32)[np.newaxis]

    def pull_back(self, probe: Float32, response: Float32, upstream: Float32, sample_rate_hz: int) -> Float64:  # noqa: ARG002
        channels, samples = probe.shape
        period = self._period(channels, samples)
        length, hop = period * channels, period * channels // 2
        filters = _filters(probe, response, period, hop)  # (moments, out, in, period)
        pieces = _windowed(upstream, length, hop)  # (moments + 1, out, length), the first half a length early
        size = 2 * length
        held = np.minimum(np.maximum(np.arange(len(pieces)) - 1, 0), len(filters) - 1)
        transfer = np.fft.rfft(filters, n=size)[held]
        back = np.fft.irfft(np.einsum("tof,toif->tif", np.fft.rfft(pieces, n=size), transfer.conj()), n=size)
        gradient = np.zeros((channels, length + hop * (len(pieces) + 1)))
        for moment, piece in enumerate(back):  # what a filter delays, its transpose puts earlier
            at = length + hop * moment
            gradient[:, at : at + length] += piece[:, :length]
            gradient[:, at - length : at] += piece[:, length:]
        return gradient[:, length + hop :][:, :samples]

    def _period(self, channels: int, samples: int) -> int:
        """Shorter for clips that would not hold three periods."""
        period = self.period
        while period > 32 and 3 * period * channels > samples:
            period //= 2
        return period


def _filters(probe: Float32, response: Float32, period: int, hop: int) -> Float64:
    """Impulse responses (moments, out, in, period), one each `hop` samples.

    In its steady state the response to a periodic probe is periodic: the Fourier transform of any one period of it,
    divided by that of the probe, is the transfer function, with no window and no leakage.
    """
    channels = len(probe)
    length = period * channels
    missing = max(0, length - probe.shape[1])  # of clips shorter than the shortest period
    padded = (np.pad(sound, ((0, 0), (0, missing))) for sound in (response, probe))
    response_spectra, probe_spectra = (np.fft.fft(_slices(sound, length, hop)) for sound in padded)
    turn = np.exp(2j * np.pi * np.outer(np.arange(channels), np.arange(period)) / length)
    filters = np.empty((len(response_spectra), channels, channels, period))
    for source in range(channels):
        probed = probe_spectra[:, source : source + 1, source::channels]
        weight = np.square(np.abs(probed))
        transfer = response_spectra[:, :, source::channels] * probed.conj() / (weight + SMALL * weight.mean())
        filters[:, :, source] = (np.fft.ifft(transfer) * turn[source]).real
    if len(filters) > 1:
        filters[0] = filters[1]  # the response has not prepare yet in the first
    return filters


def _slices(sound: Float32 | Float64, length: int, hop: int) -> Float64:
    """(moments, channels, length)."""
    view = np.lib.stride_tricks.sliding_window_view(sound.astype(np.float64), length, axis=1)
    return np.asarray(view[:, ::hop].transpose(1, 0, 2))


def _windowed(sound: Float32, length: int, hop: int) -> Float64:
    """Slices that add up to the sound, under a Hann window; the first begins `hop` before it, the last ends after."""
    count = -(-sound.shape[1] // hop) + 1
    padded = np.zeros((len(sound), hop * (count - 1) + length))
    padded[:, hop : hop + sound.shape[1]] = sound
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    pieces: Float64 = _slices(padded, length, hop) * window
    return pieces


def _levels(audio: Float32) -> Float64:
    """The probe's root mean square for each example, (batch, 1, 1)."""
    level = np.sqrt(np.square(audio, dtype=np.float64).mean((1, 2), keepdims=True))
    levels: Float64 = np.maximum(PROBE_SHARE * level, FAINTEST)
    return levels
