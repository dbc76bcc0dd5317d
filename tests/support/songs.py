"""A song in strings, drawn by seed, and how far two sounds are apart in tone."""

from __future__ import annotations

import numpy as np
from pedalboard import HighShelfFilter, LowShelfFilter
from pedalboard._pedalboard import Pedalboard

from bridge.audio.synthesis import synthesise
from bridge.features.mel import extract_features
from bridge.features.profile import profile_distance_db
from bridge.features.settings import FeatureSettings
from bridge.types import Float32

RATE_HZ = 48_000


def song(seed: int = 1, seconds: float = 8.0) -> Float32:
    left = synthesise("strings", duration_s=seconds, sample_rate_hz=RATE_HZ, seed=seed)
    right = synthesise("strings", duration_s=seconds, sample_rate_hz=RATE_HZ, seed=seed + 1)
    return np.concatenate([0.8 * left + 0.2 * right, 0.2 * left + 0.8 * right])


def muddy(audio: Float32) -> Float32:
    """A take with too much below and too little above."""
    return Pedalboard([LowShelfFilter(250, 9.0, 0.7), HighShelfFilter(5000, -8.0, 0.7)])(audio, RATE_HZ)


def tonal_distance_db(audio: Float32, target: Float32) -> float:
    heard, wanted = (extract_features([part], RATE_HZ, FeatureSettings()).profile for part in (audio, target))
    return profile_distance_db(heard, wanted, loudness_counts=False)
