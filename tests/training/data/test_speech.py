"""Speech by espeak-ng where it is installed, and resampling by spectrum."""

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.resampling import resample_to
from bridge.training.data.speech import speak


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_speech_is_long_enough_loud_enough_and_repeats() -> None:
    voice, again, other = speak(5, sample_rate_hz=44100), speak(5, sample_rate_hz=44100), speak(6, sample_rate_hz=44100)
    assert voice is not None and again is not None and other is not None
    assert voice.size > 4 * 44100
    assert np.sqrt(np.mean(voice**2)) == pytest.approx(0.08, rel=0.01)
    np.testing.assert_array_equal(voice, again)
    assert voice.size != other.size or not np.array_equal(voice, other)


def test_without_espeak_there_is_no_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert speak(0, sample_rate_hz=44100) is None


@given(cycles=st.integers(1, 40), target=st.sampled_from([450, 900, 1800, 3600]))
def test_a_tone_keeps_its_cycles_and_level(cycles: int, target: int) -> None:
    tone = np.sin(2 * np.pi * cycles * np.arange(900) / 900).astype(np.float32)
    expected = np.sin(2 * np.pi * cycles * np.arange(target) / target)
    np.testing.assert_allclose(resample_to(tone, target), expected, atol=1e-4)
