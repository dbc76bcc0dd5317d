"""Recordings whose gain goes astray, as when a singer does not keep to the microphone: words and phrases are too loud
or too soft. Nothing here evens anything out.
"""

from __future__ import annotations

import numpy as np

from bridge.decibels import db_to_amplitude
from bridge.types import Audio, Float64

DEPTH_DB = 10.0  # to either side
LENGTHS_S = (0.4, 2.5)  # of what stays at one gain: words and phrases
GLIDE_S = 0.06  # from one gain to the next
GLIDING_SHARE = 0.3  # of the gains are not held but slid to
HEADROOM = 0.99  # nothing is disturbed beyond full scale


def disturb_gain(audio: Audio, sample_rate_hz: int, generator: np.random.Generator) -> Audio:
    """Return `audio` (channels, samples) under a random gain curve within `DEPTH_DB`, nowhere beyond full scale."""
    gain_db = gain_curve(audio.shape[-1] / sample_rate_hz, generator)
    time_s = np.arange(audio.shape[-1]) / sample_rate_hz
    uneven = audio * db_to_amplitude(np.interp(time_s, *gain_db))
    return np.asarray(uneven * min(1.0, HEADROOM / max(1e-9, np.abs(uneven).max())), dtype=np.float32)


def gain_curve(duration_s: float, generator: np.random.Generator) -> tuple[Float64, Float64]:
    """Return points in time and their gains in dB: stretches of one gain, joined by short glides and some long ones."""
    times_s: list[float] = []
    gains_db: list[float] = []
    start_s = 0.0
    while start_s < duration_s:
        length_s = generator.uniform(*LENGTHS_S)
        gain_db = generator.uniform(-DEPTH_DB, DEPTH_DB)
        held_s = 0.5 * length_s if generator.random() < GLIDING_SHARE else max(0.0, length_s - GLIDE_S)
        times_s += [start_s, start_s + held_s]
        gains_db += [gain_db, gain_db]
        start_s += length_s
    return np.array(times_s), np.array(gains_db)
