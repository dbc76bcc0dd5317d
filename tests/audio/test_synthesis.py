"""Synthesised recordings: same seed, same samples; sane level; energy where the instrument lives."""

import numpy as np
import pytest

from bridge.audio.synthesis import KINDS, synthesise
from bridge.decibels import db_to_power
from bridge.report.plots import third_octave_spectrum


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_is_repeatable_and_has_a_sane_level(kind: str) -> None:
    audio, again, other = (synthesise(kind, duration_s=4.0, sample_rate_hz=44100, seed=seed) for seed in (5, 5, 6))
    assert audio.dtype == np.float32
    assert audio.shape == (1, 4 * 44100)
    assert np.array_equal(audio, again)
    assert not np.array_equal(audio, other)
    assert np.abs(audio).max() <= 0.9001
    assert 0.03 < np.sqrt(np.mean(audio**2)) < 0.11


def test_instruments_live_in_their_registers() -> None:
    def centroid_hz(kind: str) -> float:
        centres, level_db = third_octave_spectrum(synthesise(kind, duration_s=6.0, sample_rate_hz=48000, seed=2), 48000)
        power = db_to_power(level_db)
        return float((centres * power).sum() / power.sum())

    assert centroid_hz("bass") < centroid_hz("strings")
    assert centroid_hz("bass") < 600
    assert centroid_hz("voice") < 3000
