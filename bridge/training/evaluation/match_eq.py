"""Match EQ: what a model must beat without knowing any plugin, the same long-term spectrum as the reference."""

from __future__ import annotations

import numpy as np

from bridge.decibels import db_to_amplitude, power_to_db
from bridge.types import Audio, Float64

_BLOCK = 4096
_OCTAVE_SHARE = 1 / 3
_LIMIT_DB = 24.0


def match_eq(audio: Audio, spectrum_db: Float64) -> Audio:
    """`audio` (channels, samples) filtered (zero phase, within 24 dB) to the long-term spectrum of `spectrum_of`."""
    gain_db = np.clip(spectrum_db - spectrum_of(audio), -_LIMIT_DB, _LIMIT_DB)
    samples = audio.shape[-1]
    places = np.linspace(0, gain_db.size - 1, samples // 2 + 1)
    gain = db_to_amplitude(np.interp(places, np.arange(gain_db.size), gain_db))
    return np.asarray(np.fft.irfft(np.fft.rfft(audio) * gain, samples), dtype=np.float32)


def spectrum_of(audio: Audio) -> Float64:
    """Long-term power spectrum in dB, (2049,), smoothed over a third of an octave; channels are averaged."""
    channel_power = np.zeros(_BLOCK // 2 + 1)
    taper = np.hanning(_BLOCK)
    channels = np.atleast_2d(audio)
    for channel in channels:
        padded = np.pad(channel, (0, max(0, _BLOCK - channel.size)))
        blocks = np.lib.stride_tricks.sliding_window_view(padded, _BLOCK)[:: _BLOCK // 2]
        channel_power += (np.abs(np.fft.rfft(blocks * taper)) ** 2).mean(0) / len(channels)
    total = np.concatenate([[0.0], np.cumsum(channel_power)])
    bins = np.arange(channel_power.size)
    low = np.floor(bins * 2 ** (-_OCTAVE_SHARE / 2)).astype(int)
    high = np.minimum(np.ceil(bins * 2 ** (_OCTAVE_SHARE / 2)).astype(int) + 1, channel_power.size)
    return power_to_db((total[high] - total[low]) / (high - low))
