"""Loudness and true peak as broadcasters measure them (ITU-R BS.1770-4, EBU R 128), whole or as a stream.

Measured by libebur128 through pyebur128. Silence has no loudness: None, never minus infinity.
"""

from __future__ import annotations

import math

import numpy as np
import pyebur128

from bridge.audio.buffer import Float32, check_audio

_CHUNK_FRAMES = 1 << 13  # libebur128 holds the interpreter for each: a millisecond, in which other threads wait
_LOUDNESS, _TRUE_PEAK = pyebur128.MeasurementMode.MODE_I, pyebur128.MeasurementMode.MODE_TRUE_PEAK


class LoudnessMeter:
    """Integrated loudness and true peak of audio that comes in blocks. `mode`: which of the two is measured."""

    def __init__(self, channels: int, sample_rate_hz: int, *, mode: int = _LOUDNESS | _TRUE_PEAK) -> None:
        self._state = pyebur128.R128State(channels, sample_rate_hz, mode)
        self._channels = channels

    def add(self, block: Float32) -> None:
        """Float32 (channels, samples)."""
        for start in range(0, block.shape[1], _CHUNK_FRAMES):
            frames = np.ascontiguousarray(block[:, start : start + _CHUNK_FRAMES].T)
            self._state.add_frames(frames.reshape(-1), len(frames))

    @property
    def loudness_lufs(self) -> float | None:
        """Integrated, gated loudness; None for silence and for less than 400 ms of audio."""
        return _finite(pyebur128.get_loudness_global(self._state))

    @property
    def true_peak_dbtp(self) -> float | None:
        """The largest true peak of any channel in dB relative to full scale; None for silence."""
        peak = max(pyebur128.get_true_peak(self._state, channel) for channel in range(self._channels))
        return _finite(20.0 * math.log10(peak)) if peak > 0 else None


def loudness_lufs(audio: Float32, sample_rate_hz: int) -> float | None:
    """Integrated loudness of float32 (channels, samples); None for silence and for less than 400 ms."""
    return _metered(audio, sample_rate_hz, _LOUDNESS).loudness_lufs


def true_peak_dbtp(audio: Float32, sample_rate_hz: int) -> float | None:
    """True peak of float32 (channels, samples), oversampled; None for silence."""
    return _metered(audio, sample_rate_hz, _TRUE_PEAK).true_peak_dbtp


def _metered(audio: Float32, sample_rate_hz: int, mode: int) -> LoudnessMeter:
    checked = check_audio(audio, "the audio to measure")
    meter = LoudnessMeter(checked.shape[0], sample_rate_hz, mode=mode)
    meter.add(checked)
    return meter


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
