"""Silence is what does not reach -80 dBFS, wherever in the audio that is."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.audio.silence import is_silent
from bridge.decibels import db_to_amplitude


@pytest.mark.parametrize(("peak_db", "expected"), [(-81.0, True), (-79.0, False), (0.0, False)])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("channels", [1, 2])
def test_one_sample_decides(peak_db: float, expected: bool, sign: int, channels: int) -> None:
    audio = np.zeros((channels, 1000), np.float32)
    audio[-1, 777] = sign * db_to_amplitude(peak_db)
    assert is_silent(audio) is expected


def test_no_samples_are_silent() -> None:
    assert is_silent(np.zeros((2, 0), np.float32))
