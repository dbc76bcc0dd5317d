"""Dynamics of a recording: its momentary RMS, and how much that goes up and down. Nothing here changes it."""

from __future__ import annotations

import numpy as np

from bridge.decibels import power_to_db
from bridge.types import Audio, Float64, Mask

WINDOW_S, HOP_S = 0.4, 0.1  # of a momentary value, as in EBU Tech 3341
GATE_DB = 30.0  # moments this far below the loudest are pauses and do not count


def momentary_rms_db(audio: Audio, sample_rate_hz: int) -> Float64:
    """Return the momentary RMS of `audio` (channels, samples) in dBFS, (moments,): at least one.

    Source: windows of 0.4 s, ten a second, as in EBU Tech 3341; without the K-weighting.
    """
    power = np.mean(np.square(audio, dtype=np.float64), axis=0)
    window, hop = round(WINDOW_S * sample_rate_hz), round(HOP_S * sample_rate_hz)
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, max(1, power.size - window + 1), hop)
    ends = np.minimum(starts + window, power.size)
    return power_to_db((total[ends] - total[starts]) / (ends - starts))


def active_moments(rms_db: Float64) -> Mask:
    """Return which moments (moments,) are no pause: within `GATE_DB` of the loudest."""
    return np.asarray(rms_db >= rms_db.max() - GATE_DB)


def unevenness_db(audio: Audio, sample_rate_hz: int) -> float:
    """Return the standard deviation in dB of the momentary RMS of `audio` (channels, samples), pauses left out.

    >>> steady = np.sin(np.arange(44100) / 20).astype(np.float32)[None]
    >>> unevenness_db(steady, 44100) < 0.1
    True
    """
    rms_db = momentary_rms_db(audio, sample_rate_hz)
    return float(rms_db[active_moments(rms_db)].std())
