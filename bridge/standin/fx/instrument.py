"""A double of ReaSynth: an instrument, which makes sound of the notes on its track and adds it to what it gets."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bridge.standin.fx.stock_fx import StockFxDouble, StockParameter
from bridge.types import Audio

_LEVEL = 0.2  # of a note, of full scale
_PARAMETERS = (
    StockParameter("Volume", "dB", -60.0, 12.0, "linear", -6.0),
    StockParameter("Release", "ms", 1.0, 5000.0, "log", 100.0),
)


@dataclass(frozen=True)
class Note:
    """A note in seconds, from whatever time is counted."""

    start_s: float
    length_s: float
    pitch_hz: float


class ReaSynthDouble(StockFxDouble):
    """Plays a sine for each note that was loaded last."""

    type = "VSTi"
    is_instrument = True

    def __init__(self, rng: random.Random, touch: Callable[[], None]) -> None:
        super().__init__("VSTi: ReaSynth (Cockos)", "reasynth", _PARAMETERS, rng, touch)
        self._notes: Sequence[Note] = ()

    def load_notes(self, notes: Sequence[Note]) -> None:
        """Take the notes of what is rendered next, in seconds from its beginning."""
        self._notes = notes

    def _process(self, audio: Audio, sample_rate_hz: float) -> Audio:
        time_s = np.arange(audio.shape[1]) / sample_rate_hz
        played = np.zeros(audio.shape[1])
        for note in self._notes:
            is_on = (time_s >= note.start_s) & (time_s < note.start_s + note.length_s)
            played += is_on * _LEVEL * np.sin(2 * np.pi * note.pitch_hz * (time_s - note.start_s))
        return (audio + played).astype(np.float32)
