"""Loudness and true peak as broadcasters measure them (ITU-R BS.1770-4, EBU R 128), whole or as a stream.

Loudness is measured by libebur128 through pyebur128; true peaks by `true_peak`, which reads no lower than it. Silence
has no loudness: None, never minus infinity.
"""

from __future__ import annotations

import math

import numpy as np
import pyebur128

from bridge.audio.layout import check_audio
from bridge.audio.true_peak import TruePeakMeter
from bridge.types import Float32

_CHUNK_FRAMES = 1 << 13  # libebur128 holds the interpreter for each: a millisecond, in which other threads wait


class LoudnessMeter:
    """Integrated loudness and, unless `has_peak` is off, the true peak of audio that comes in blocks."""

    def __init__(self, channels: int, sample_rate_hz: int, *, has_peak: bool = True) -> None:
        self._state = pyebur128.R128State(channels, sample_rate_hz, pyebur128.MeasurementMode.MODE_I)
        self._peak = TruePeakMeter(channels) if has_peak else None

    def add(self, block: Float32) -> None:
        """Float32 (channels, samples)."""
        for start in range(0, block.shape[1], _CHUNK_FRAMES):
            frames = np.ascontiguousarray(block[:, start : start + _CHUNK_FRAMES].T)
            self._state.add_frames(frames.reshape(-1), len(frames))
        if self._peak is not None:
            self._peak.add(block)

    @property
    def loudness_lufs(self) -> float | None:
        """Integrated, gated loudness; None for silence and for less than 400 ms of audio."""
        loudness = pyebur128.get_loudness_global(self._state)
        return loudness if math.isfinite(loudness) else None

    @property
    def true_peak_dbtp(self) -> float | None:
        """The largest true peak of any channel in dB relative to full scale; None for silence, or where none is
        measured."""
        return None if self._peak is None else self._peak.peak_dbtp


def loudness_lufs(audio: Float32, sample_rate_hz: int) -> float | None:
    """Integrated loudness of float32 (channels, samples); None for silence and for less than 400 ms."""
    checked = check_audio(audio, "the audio to measure")
    meter = LoudnessMeter(checked.shape[0], sample_rate_hz, has_peak=False)
    meter.add(checked)
    return meter.loudness_lufs


def true_peak_dbtp(audio: Float32, sample_rate_hz: int) -> float | None:  # noqa: ARG001 (as of all measurements)
    """True peak of float32 (channels, samples), the same at every rate; None for silence."""
    checked = check_audio(audio, "the audio to measure")
    meter = TruePeakMeter(checked.shape[0])
    meter.add(checked)
    return meter.peak_dbtp
