"""Audio at another sample rate: all of what both rates can hold, nothing else."""

from __future__ import annotations

import numpy as np

from bridge.types import Audio


def resample(audio: Audio, sample_rate_hz: int, target_hz: int) -> Audio:
    """Return `audio` (channels, samples) at `target_hz`, as long in seconds; itself where that is its rate.

    By its spectrum, cut off or with zeros behind; ends that do not meet ring for a few samples. For minutes, not hours.

    >>> resample(np.zeros((2, 44100), np.float32), 44100, 48000).shape
    (2, 48000)
    """
    if sample_rate_hz == target_hz:
        return audio
    return resample_to(audio, round(audio.shape[-1] * target_hz / sample_rate_hz))


def resample_to(audio: Audio, samples: int) -> Audio:
    """Return `audio` (..., samples) as so many samples, exact below half the lower rate."""
    made = np.fft.irfft(np.fft.rfft(audio), samples) * (samples / audio.shape[-1])
    return np.ascontiguousarray(made, dtype=np.float32)
