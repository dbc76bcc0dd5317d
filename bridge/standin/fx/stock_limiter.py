"""A double of ReaLimit: names, order and ends as they are known, laws drawn at random.

Known are the three parameters, the ends of the threshold, and where both levels stand at 0 dB. Not known is the lowest
ceiling, and whether the limiter lifts what it limits up to its ceiling: that is drawn, or the test sets it. The
release, endless at one end, does nothing here.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from bridge.decibels import db_to_amplitude
from bridge.standin.fx.stock_fx import StockFxDouble, StockParameter
from bridge.types import Audio

_PARAMETERS = (
    StockParameter("Threshold", "dB", -60.0, 12.0, "linear", 0.0),
    StockParameter("Ceiling", "dB", -24.0, 0.0, "linear", 0.0),
    StockParameter("Release", "ms", 6.0, 500.0, "log", 15.0),
)
_LOOK_S = 0.001  # before a peak and behind it


class ReaLimitDouble(StockFxDouble):
    """Takes peaks down to the threshold; where it lifts, by as much as the threshold lies below the ceiling."""

    def __init__(self, rng: random.Random, touch: Callable[[], None], *, lifts: bool | None = None) -> None:
        super().__init__("VST: ReaLimit (Cockos)", "realimit", _PARAMETERS, rng, touch)
        self.lifts = self._rng.random() < 0.5 if lifts is None else lifts

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        threshold, ceiling = (float(db_to_amplitude(self.real_value(name))) for name in ("Threshold", "Ceiling"))
        limit = threshold if self.lifts else min(threshold, ceiling)
        look = max(1, round(_LOOK_S * sample_rate_hz))
        peaks = np.pad(np.abs(audio).max(0), 2 * look)
        highest = np.lib.stride_tricks.sliding_window_view(peaks, 2 * look + 1).max(1)
        needed = np.minimum(1.0, limit / np.maximum(highest, 1e-9))
        gain = np.lib.stride_tricks.sliding_window_view(needed, 2 * look + 1).mean(1)
        lift = ceiling / threshold if self.lifts else 1.0
        return np.asarray(np.clip(lift * gain * audio, -ceiling, ceiling), dtype=np.float32)
