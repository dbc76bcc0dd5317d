"""Resampling keeps length, place and level of what both rates can hold."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.audio.resampling import resample


@pytest.mark.parametrize(("rate_hz", "target_hz"), [(44_100, 48_000), (96_000, 44_100), (22_050, 48_000)])
def test_a_tone_is_the_same_tone(rate_hz: int, target_hz: int) -> None:
    def tone(rate: int) -> np.ndarray:
        return np.sin(2 * np.pi * 997 * np.arange(rate) / rate).astype(np.float32)[None]

    made = resample(tone(rate_hz), rate_hz, target_hz)
    assert made.shape == (1, target_hz)
    np.testing.assert_allclose(made[:, 1_000:-1_000], tone(target_hz)[:, 1_000:-1_000], atol=1e-3)


def test_the_same_rate_is_not_touched() -> None:
    audio = np.ones((2, 10), np.float32)
    assert resample(audio, 44_100, 44_100) is audio
