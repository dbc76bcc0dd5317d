"""What calibration plays to a plugin, and how far apart what comes out lies."""

from __future__ import annotations

import numpy as np

from bridge.decibels import power_to_db
from bridge.types import Float32

SAMPLE_RATE_HZ = 48_000
PROBE_S = 1.0
_BANDS = 32
_FLOOR = 1e-9


def probe_signal(channels: int) -> Float32:
    """Float32 (channels, samples): tones and noise that swell, fall silent and burst, the two sides unlike."""
    frames = round(PROBE_S * SAMPLE_RATE_HZ)
    generator = np.random.default_rng(7)
    time_s = np.arange(frames) / SAMPLE_RATE_HZ
    envelope = np.interp(time_s, [0, 0.3, 0.45, 0.5, 0.65, 0.7, 1.0], [0.02, 0.6, 0.6, 1e-4, 1e-4, 0.9, 0.05])
    noise = generator.standard_normal((channels, frames)) * 0.25
    tones = sum(np.sin(2 * np.pi * hz * time_s + hz) for hz in (55, 220, 880, 3520, 9000)) / 5
    sides = np.array([1.0, 0.7])[:channels, np.newaxis]
    return (sides * (tones + noise) * envelope).astype(np.float32)


def difference_db(one: Float32, other: Float32) -> float:
    """Root mean square over time and bands of the difference of two level maps; infinity counts as 100 dB."""
    if np.array_equal(one, other):
        return 0.0
    if not np.isfinite(other).all():
        return 100.0
    return float(np.sqrt(np.mean((_levels_db(one) - _levels_db(other)) ** 2)))


def level_db(audio: Float32) -> float:
    """The level of all of it; infinity where it holds no numbers."""
    power = float(np.mean(np.square(audio, dtype=np.float64)))
    return float(power_to_db(power, floor=_FLOOR)) if np.isfinite(power) else np.inf


def _levels_db(audio: Float32) -> Float32:
    """(channels, frames of 21 ms, bands): power in bands of equal width on a logarithmic axis, in dB."""
    size = 1024
    usable = audio.shape[1] // size * size
    windows = audio[:, :usable].reshape(audio.shape[0], -1, size) * np.hanning(size).astype(np.float32)
    power = np.abs(np.fft.rfft(windows, axis=-1)) ** 2
    edges = np.unique(np.geomspace(1, power.shape[-1] - 1, _BANDS + 1).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=-1)
    return power_to_db(bands, floor=_FLOOR).astype(np.float32)
