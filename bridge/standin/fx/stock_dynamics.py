"""Doubles of ReaGate and ReaXcomp: names, order, ends and defaults as they are known, laws drawn at random.

Not known, and made up here: how ReaGate's detector reads (peaks of a millisecond; RMS, hysteresis and its filters do
nothing), and how ReaXcomp parts its bands (so that bands at rest add up to the input; knee and RMS do nothing).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
from pedalboard import Compressor, LowpassFilter
from pedalboard._pedalboard import Pedalboard

from bridge.decibels import db_to_amplitude
from bridge.standin.fx.stock_fx import StockFxDouble, StockParameter
from bridge.types import Audio, Float64

BANDS = 4
OFF_DB = -150.0  # quieter than this is nothing
_DETECTED_S = 0.001

_GATE_PARAMETERS = (
    StockParameter("Threshold", "dB", -math.inf, 12.0, "amplitude", -math.inf),
    StockParameter("Attack", "ms", 0.0, 500.0, "linear", 3.0),
    StockParameter("Release", "ms", 0.0, 5000.0, "linear", 100.0),
    StockParameter("Pre-open", "ms", 0.0, 250.0, "linear", 0.0),
    StockParameter("Hold", "ms", 0.0, 1000.0, "linear", 0.0),
    StockParameter("Lowpass", "Hz", 20.0, 20000.0, "log", 20000.0),
    StockParameter("Hipass", "Hz", 1.0, 20000.0, "log", 1.0),
    StockParameter("SignIn", "", 0.0, 1.0, "", 0.0, choices=("Main Input L+R", "Auxiliary Input L+R")),
    StockParameter("AudIn", "", 0.0, 1.0, "", 0.0, is_toggle=True),
    StockParameter("Dry", "dB", -math.inf, 12.0, "amplitude", -math.inf),
    StockParameter("Wet", "dB", -math.inf, 12.0, "amplitude", 0.0),
    StockParameter("Noise level", "dB", -math.inf, 12.0, "amplitude", -math.inf),
    StockParameter("Hysteresis", "dB", -24.0, 0.0, "linear", 0.0),
    StockParameter("Preview Filter", "", 0.0, 1.0, "", 0.0, is_toggle=True),
    StockParameter("RMS size", "ms", 0.0, 1000.0, "linear", 0.0),
    StockParameter("Send MIDI", "", 0.0, 1.0, "", 0.0, is_toggle=True),
    StockParameter("Midi Note", "", 0.0, 1.0, "", 0.0, choices=tuple(str(note) for note in range(128))),
    StockParameter("Midi Channel", "", 0.0, 1.0, "", 0.0, choices=tuple(str(channel) for channel in range(1, 17))),
    StockParameter("Invert Wet", "", 0.0, 1.0, "", 0.0, is_toggle=True),
    StockParameter("Multichannel Mode", "", 0.0, 1.0, "", 0.0, choices=("pairs", "linked", "first two")),
    StockParameter("Metering Index", "", 0.0, 1.0, "", 0.0, is_toggle=True),
)
_TOPS_HZ = (200.0, 1000.0, 5000.0, 24000.0)


class ReaGateDouble(StockFxDouble):
    """Open above the threshold; closed, the dry signal alone is heard."""

    def __init__(self, rng: random.Random, touch: Callable[[], None]) -> None:
        super().__init__("VST: ReaGate (Cockos)", "reagate", _GATE_PARAMETERS, rng, touch)

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        wet, dry = (_amplitude(self.real_value(name)) for name in ("Wet", "Dry"))
        gate = wet * self._opening(audio, sample_rate_hz)
        return np.asarray(audio * (gate + dry), dtype=np.float32)

    def _opening(self, audio: Audio, sample_rate_hz: float) -> Float64:
        """How far the gate is open, 0..1 (samples,)."""
        block, frames = max(1, round(_DETECTED_S * sample_rate_hz)), audio.shape[1]
        threshold = _amplitude(self.real_value("Threshold"))
        padded = np.pad(np.abs(audio).max(0), (0, -frames % block))
        is_above = padded.reshape(-1, block).max(1) >= threshold
        rise, fall = (1.0 - math.exp(-1.0 / max(self.real_value(name), 1e-3)) for name in ("Attack", "Release"))
        held, opening, now, left = round(self.real_value("Hold")), np.empty(len(is_above)), 1.0, 0
        for index, above in enumerate(is_above):
            left = held + 1 if above else left - 1
            now += (rise if left > 0 else fall) * (float(left > 0) - now)
            opening[index] = now
        middles = (np.arange(len(opening)) + 0.5) * block
        return np.asarray(np.interp(np.arange(frames), middles, opening))


class ReaXcompDouble(StockFxDouble):
    """Four bands of a compressor, of which each that is active has a gain."""

    def __init__(self, rng: random.Random, touch: Callable[[], None]) -> None:
        specs = [spec for band in range(1, BANDS + 1) for spec in _band_parameters(band)]
        super().__init__("VST: ReaXcomp (Cockos)", "reaxcomp", specs, rng, touch)

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        rest, output = audio, np.zeros_like(audio)
        for band in range(1, BANDS + 1):
            top_hz = self.real_value(f"{band}-Band top frequency")
            is_last = band == BANDS or top_hz > 0.45 * sample_rate_hz
            part = rest if is_last else LowpassFilter(top_hz)(rest, sample_rate_hz)
            rest = rest - part
            output += self._band(band, part, sample_rate_hz)
        return np.asarray(output, dtype=np.float32)

    def _band(self, band: int, part: Audio, sample_rate_hz: float) -> Audio:
        if self.real_value(f"{band}-Active") < 0.5:
            return part
        compressor = Compressor(
            threshold_db=self.real_value(f"{band}-Threshold"),
            ratio=max(self.real_value(f"{band}-Ratio"), 1.0),
            attack_ms=max(self.real_value(f"{band}-Attack"), 0.01),
            release_ms=max(self.real_value(f"{band}-Release"), 0.1),
        )
        gain = np.float32(_amplitude(self.real_value(f"{band}-Gain")))
        return np.asarray(gain * Pedalboard([compressor])(part, sample_rate_hz), dtype=np.float32)


def _band_parameters(band: int) -> list[StockParameter]:
    return [
        StockParameter(f"{band}-Band top frequency", "Hz", 20.0, 24000.0, "log", _TOPS_HZ[band - 1]),
        StockParameter(f"{band}-Gain", "dB", -150.0, 12.0, "linear", 0.0),
        StockParameter(f"{band}-Threshold", "dB", -150.0, 12.0, "linear", 0.0),
        StockParameter(f"{band}-Ratio", ":1", 0.1, 100.0, "log", 2.0),
        StockParameter(f"{band}-Knee", "dB", 0.0, 24.0, "linear", 0.0),
        StockParameter(f"{band}-Attack", "ms", 0.0, 250.0, "linear", 15.0),
        StockParameter(f"{band}-Release", "ms", 0.0, 2000.0, "linear", 150.0),
        StockParameter(f"{band}-RMS", "ms", 0.0, 1000.0, "linear", 5.0),
        StockParameter(f"{band}-Make Up Gain", "", 0.0, 1.0, "", 0.0, is_toggle=True),
        StockParameter(f"{band}-Auto Release", "", 0.0, 1.0, "", 0.0, is_toggle=True),
        StockParameter(f"{band}-FeedBack Detector", "", 0.0, 1.0, "", 0.0, is_toggle=True),
        StockParameter(f"{band}-Active", "", 0.0, 1.0, "", 1.0, is_toggle=True),
    ]


def _amplitude(gain_db: float) -> float:
    return 0.0 if gain_db <= OFF_DB else float(db_to_amplitude(gain_db))
