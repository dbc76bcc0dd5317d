"""Somebody who hums words between pauses: a clean recording with phrases, out of nothing, for tests without a voice."""

from __future__ import annotations

import numpy as np


def synthetic_speech(seed: int = 0, *, count: int = 6, sample_rate_hz: int = 44100) -> np.ndarray:
    """(samples,): `count` phrases of tones with syllables, 0.4 s of silence behind each."""
    generator = np.random.default_rng(seed)
    parts = []
    for _ in range(count):
        time_s = np.arange(round(generator.uniform(0.6, 1.4) * sample_rate_hz)) / sample_rate_hz
        pitch_hz = generator.uniform(90, 220)
        voice = sum(np.sin(2 * np.pi * pitch_hz * n * time_s) / n for n in range(1, 30))
        syllables = 0.15 + np.abs(np.sin(np.pi * 3.5 * time_s))
        parts += [0.2 * voice * syllables, np.zeros(round(0.4 * sample_rate_hz))]
    return np.concatenate(parts).astype(np.float32)
