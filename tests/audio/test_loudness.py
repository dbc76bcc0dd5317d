"""Loudness and true peak, by the standards' own test tones."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.audio.loudness import LoudnessMeter, loudness_lufs, true_peak_dbtp
from bridge.decibels import amplitude_to_db, db_to_amplitude
from bridge.errors import AudioError


def sine(level_db: float, *, hz: float = 1000.0, rate_hz: int = 48_000, seconds: float = 20, phase: float = 0.0):
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (db_to_amplitude(level_db) * np.sin(2 * np.pi * hz * time_s + phase)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("level_db", [-23.0, -33.0])
def test_the_standards_tone(rate_hz: int, level_db: float) -> None:
    """EBU Tech 3341, cases 1 and 2: a stereo sine of 1 kHz at -23 dBFS is -23 LUFS, within 0.1."""
    side = sine(level_db, rate_hz=rate_hz)
    assert loudness_lufs(np.stack([side, side]), rate_hz) == pytest.approx(level_db, abs=0.1)


def test_gating_leaves_silence_out() -> None:
    """EBU Tech 3341, case 3: -36, -23, -36 LUFS for 10, 60 and 10 s is -23 LUFS."""
    side = np.concatenate([sine(-36, seconds=10), sine(-23, seconds=60), sine(-36, seconds=10)])
    assert loudness_lufs(np.stack([side, side]), 48_000) == pytest.approx(-23.0, abs=0.1)


def test_one_side_is_3_db_less_than_two() -> None:
    side = sine(-20)
    both = loudness_lufs(np.stack([side, side]), 48_000)
    mono = loudness_lufs(side[np.newaxis], 48_000)
    assert both is not None
    assert mono == pytest.approx(both - 3.01, abs=0.02)


def test_true_peak_lies_between_samples() -> None:
    """EBU Tech 3341, case 16: a quarter of the rate at 45 degrees; samples read 3 dB below the true peak."""
    tone = sine(-6, hz=12_000, seconds=1, phase=np.pi / 4)
    assert amplitude_to_db(np.abs(tone).max()) == pytest.approx(-9.0, abs=0.1)
    assert true_peak_dbtp(tone[np.newaxis], 48_000) == pytest.approx(-6.0, abs=0.4)


def test_the_louder_side_is_the_peak() -> None:
    audio = np.stack([sine(-20, seconds=1), sine(-8, seconds=1)])
    assert true_peak_dbtp(audio, 48_000) == pytest.approx(-8.0, abs=0.1)


def test_silence_has_neither() -> None:
    silence = np.zeros((2, 96_000), dtype=np.float32)
    assert loudness_lufs(silence, 48_000) is None
    assert true_peak_dbtp(silence, 48_000) is None


def test_too_short_for_loudness() -> None:
    assert loudness_lufs(sine(-20, seconds=0.3)[np.newaxis], 48_000) is None


def test_blocks_measure_as_the_whole() -> None:
    audio = np.random.default_rng(2).normal(0, 0.1, (2, 480_000)).astype(np.float32)
    meter = LoudnessMeter(2, 48_000)
    for start in range(0, 480_000, 7_777):
        meter.add(audio[:, start : start + 7_777])
    assert meter.loudness_lufs == pytest.approx(loudness_lufs(audio, 48_000), abs=1e-6)
    assert meter.true_peak_dbtp == pytest.approx(true_peak_dbtp(audio, 48_000), abs=1e-6)


def test_wrong_layouts_are_refused() -> None:
    with pytest.raises(AudioError, match="transpose"):
        loudness_lufs(np.zeros((48_000, 2), np.float32), 48_000)
