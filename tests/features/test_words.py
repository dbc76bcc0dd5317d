"""Where words sound, and how periodic frames are: on sounds made so that the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.features.periodicity import frame_periodicity
from bridge.features.words import VOICED, find_words, without_short

HOP_S = 0.01


def buzz(rate_hz: int, pitch_hz: float, duration_s: float = 0.5) -> np.ndarray:
    """A voice's pulses through a formant."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    harmonics = [k * pitch_hz for k in range(1, int(4000 / pitch_hz))]
    tone = sum(np.sin(2 * np.pi * hz * time_s + hz) / (1 + ((hz - 600) / 300) ** 2) for hz in harmonics)
    return (0.1 * np.asarray(tone)).astype(np.float32)[None]


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("pitch_hz", [85.0, 130.0, 240.0, 360.0])
def test_voices_are_periodic_at_every_pitch_and_rate(rate_hz: int, pitch_hz: float) -> None:
    window, hop = round(0.032 * rate_hz), round(0.010 * rate_hz)
    found = frame_periodicity(buzz(rate_hz, pitch_hz), rate_hz, window=window, hop=hop)
    assert len(found) == (round(0.5 * rate_hz) - window) // hop + 1
    assert found[2:-4].min() > VOICED


@pytest.mark.parametrize("rate_hz", [22_050, 48_000, 96_000])
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_air_is_not(rate_hz: int, power: float) -> None:
    noise = np.random.default_rng(0).normal(size=2 * rate_hz)
    shaped = np.fft.rfft(noise) / np.maximum(np.fft.rfftfreq(noise.size, 1 / rate_hz), 100) ** power
    audio = np.fft.irfft(shaped, noise.size).astype(np.float32)[None]
    found = frame_periodicity(audio, rate_hz, window=round(0.032 * rate_hz), hop=round(0.010 * rate_hz))
    assert without_short(found > VOICED, 3).mean() < 0.025


def test_stereo_blocks_and_what_is_shorter_than_a_frame() -> None:
    audio = np.repeat(buzz(44_100, 120.0), 2, axis=0)
    assert frame_periodicity(audio, 44_100, window=1411, hop=441)[5] > VOICED
    assert frame_periodicity(audio[:, :300], 44_100, window=1411, hop=441).shape == (1,)
    assert frame_periodicity(np.zeros((1, 44_100), np.float32), 44_100, window=1411, hop=441).max() == 0.0


def levels(*parts: tuple[int, float]) -> np.ndarray:
    return np.concatenate([np.full(count, level_db) for count, level_db in parts])


def test_a_word_is_its_voice_with_the_consonants_beside_it() -> None:
    level_db = levels((50, -70.0), (12, -35.0), (30, -20.0), (10, -32.0), (50, -70.0), (40, -40.0), (50, -70.0))
    voiced = levels((62, 0.4), (30, 0.95), (150, 0.4)).astype(np.float32)
    words = find_words(level_db, voiced, HOP_S, before_s=0.18, behind_s=0.24)
    assert np.flatnonzero(words.mask).tolist() == list(range(50, 102))  # what sounds later by itself is no word
    assert np.flatnonzero(words.voiced).tolist() == list(range(62, 92))
    near = find_words(level_db, voiced, HOP_S, before_s=0.05, behind_s=0.07)
    assert np.flatnonzero(near.mask).tolist() == list(range(57, 99))


def test_a_hum_in_the_pauses_is_no_word() -> None:
    level_db = levels((50, -60.0), (30, -20.0), (120, -60.0))
    periodic = np.full(200, 0.99, np.float32)
    words = find_words(level_db, periodic, HOP_S, before_s=0.05, behind_s=0.05)
    assert np.flatnonzero(words.mask).tolist() == list(range(50, 80))


def test_silence_and_nothing_at_all_hold_no_words() -> None:
    assert not find_words(np.full(20, -120.0), np.zeros(20, np.float32), HOP_S, before_s=0.1, behind_s=0.1).mask.any()
    assert find_words(np.zeros(0), np.zeros(0, np.float32), HOP_S, before_s=0.1, behind_s=0.1).mask.shape == (0,)
