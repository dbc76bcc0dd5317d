"""Our true peak beside libebur128's own, which it must be to the last digits of a float32."""

from __future__ import annotations

import numpy as np
import pyebur128
import pytest

from bridge.audio.true_peak import TruePeakMeter


def by_libebur128(audio: np.ndarray, rate_hz: int) -> float:
    state = pyebur128.R128State(len(audio), rate_hz, pyebur128.MeasurementMode.MODE_TRUE_PEAK)
    state.add_frames(np.ascontiguousarray(audio.T).reshape(-1), audio.shape[1])
    return max(pyebur128.get_true_peak(state, channel) for channel in range(len(audio)))


def sounds(rate_hz: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    time_s = np.arange(rate_hz) / rate_hz
    noise = rng.normal(0, 0.1, (2, 20_000)).astype(np.float32)
    clicks = np.zeros((2, 9_000), dtype=np.float32)
    clicks[0, 4_321], clicks[1, 17] = 0.9, -0.8
    last = np.zeros((1, 5_000), dtype=np.float32)
    last[0, -9:] = (0.3, -0.9, 0.9, 0.9, -0.9, 0.2, 0.7, 0.7, -0.1)
    return {
        "noise": noise,
        "clipped noise": np.clip(8 * noise, -1, 1),
        "a tone": np.sin(2 * np.pi * 0.2493 * rate_hz * time_s + 0.3)[None].astype(np.float32),
        "clicks": clicks,
        "its peak at the end": last,
        "shorter than the filter": noise[:, :7],
        "one sample": noise[:, :1],
        "silence": np.zeros((2, 3_000), dtype=np.float32),
    }


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000])
@pytest.mark.parametrize("block", [1 << 20, 1_237, 5])
def test_the_peak_is_libebur128s(rate_hz: int, block: int) -> None:
    for name, audio in sounds(rate_hz).items():
        heard = audio if block > 5 else audio[:, -400:]
        meter = TruePeakMeter(len(heard), rate_hz)
        for start in range(0, heard.shape[1], block):
            meter.add(heard[:, start : start + block])
        assert meter.peak == pytest.approx(by_libebur128(heard, rate_hz), rel=2e-6), name


def test_nothing_is_no_block() -> None:
    meter = TruePeakMeter(2, 48_000)
    meter.add(np.zeros((2, 0), dtype=np.float32))
    assert meter.peak == 0.0
