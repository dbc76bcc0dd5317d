"""Our true peak beside exact interpolation and libebur128's twelve taps: not below the taps, and at most 0.1 dB below
the exact one; above the higher of both by as little."""

from __future__ import annotations

import numpy as np
import pyebur128
import pytest
from foreign_meters import exactly
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.audio.true_peak import TruePeakMeter
from bridge.decibels import amplitude_to_db


def by_libebur128(audio: np.ndarray, rate_hz: int) -> float:
    """With silence behind it: the filter is half its length late."""
    audio = np.pad(audio, ((0, 0), (0, 16)))
    state = pyebur128.R128State(len(audio), rate_hz, pyebur128.MeasurementMode.MODE_TRUE_PEAK)
    state.add_frames(np.ascontiguousarray(audio.T).reshape(-1), audio.shape[1])
    return max(pyebur128.get_true_peak(state, channel) for channel in range(len(audio)))


def measured(audio: np.ndarray, block: int = 1 << 20) -> float:
    meter = TruePeakMeter(len(audio))
    for start in range(0, audio.shape[1], block):
        meter.add(audio[:, start : start + block].astype(np.float32))
    return meter.peak


def limited(audio: np.ndarray, drive_db: float, ceiling: float = 0.8) -> np.ndarray:
    """As a limiter without look-ahead leaves it: cut off at the ceiling."""
    return np.clip(audio * 10 ** (drive_db / 20) / np.abs(audio).max(), -ceiling, ceiling).astype(np.float32)


def sounds(rate_hz: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    time_s = np.arange(rate_hz // 2) / rate_hz
    noise = rng.normal(0, 0.1, (2, 20_000)).astype(np.float32)
    chord = sum(np.sin(2 * np.pi * hz * time_s + hz) / hz**0.5 for hz in (110, 277, 659, 1_318, 5_273, 9_397))
    clicks = np.zeros((2, 9_000), dtype=np.float32)
    clicks[0, 4_321], clicks[1, 17] = 0.9, -0.8
    last = np.zeros((1, 5_000), dtype=np.float32)
    last[0, -9:] = (0.3, -0.9, 0.9, 0.9, -0.9, 0.2, 0.7, 0.7, -0.1)
    return {
        "noise": noise,
        "limited noise": limited(noise, 18.0),
        "a limited chord": limited(chord[None], 9.0),
        "a tone": np.sin(2 * np.pi * 0.2493 * rate_hz * time_s + 0.3)[None].astype(np.float32),
        "clicks": clicks,
        "its peak at the end": last,
        "shorter than the filter": noise[:, :7],
        "one sample": noise[:, :1],
    }


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000])
def test_no_meter_reads_higher(rate_hz: int) -> None:
    for name, audio in sounds(rate_hz).items():
        strictest = max(exactly(audio), by_libebur128(audio, rate_hz))
        assert -0.014 <= amplitude_to_db(measured(audio) / strictest) <= 0.012, name


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    samples=st.integers(1, 6_000),
    steepness=st.floats(0.0, 1.5),
    drive_db=st.floats(0.0, 24.0),
)
@example(seed=71039, samples=4943, steepness=0.0, drive_db=20.0)  # highest where twelve taps read others higher
@example(seed=74967, samples=3846, steepness=0.0, drive_db=24.0)  # much near half the sample rate
def test_limited_noise_of_any_colour_reads_as_by_exact_interpolation(
    seed: int, samples: int, steepness: float, drive_db: float
) -> None:
    white = np.fft.rfft(np.random.default_rng(seed).normal(size=samples + 2))
    noise = np.fft.irfft(white / np.arange(1, white.size + 1) ** steepness)[None]
    audio = limited(noise, drive_db)
    peak, exact, by_taps = measured(audio), exactly(audio), by_libebur128(audio, 44_100)
    assert amplitude_to_db(peak / exact) >= -0.1
    assert peak >= by_taps * (1 - 1e-5)
    assert amplitude_to_db(peak / max(exact, by_taps)) <= 0.1


@pytest.mark.parametrize("block", [1_237, 5])
def test_blocks_measure_as_the_whole(block: int) -> None:
    for name, audio in sounds(44_100).items():
        for heard in (audio,) if block > 5 else (audio[:, :400], audio[:, -400:]):
            assert measured(heard, block) == pytest.approx(measured(heard), rel=1e-6), name


def test_silence_and_nothing_have_no_peak() -> None:
    meter = TruePeakMeter(2)
    meter.add(np.zeros((2, 0), dtype=np.float32))
    assert meter.peak == 0.0
    meter.add(np.zeros((2, 30_000), dtype=np.float32))
    assert meter.peak == 0.0
