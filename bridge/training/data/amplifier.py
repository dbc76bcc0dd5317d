"""A guitar amplifier in formulas: the hidden target that the task `distortion` is demonstrated on.

Two valve stages whose bias shifts and whose supply sags under load, an output transformer, a loudspeaker with its
reflections. No plugin is made of these parts, so that none can copy it exactly. It renders whole recordings, for making
pairs; it is no effect for people, and nothing here learns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.decibels import db_to_amplitude
from bridge.types import Audio

Wave = NDArray[np.floating[Any]]  # float32 all the way: twice as fast, and far below what is audible
Spectrum = NDArray[np.complexfloating[Any, Any]]

OVERSAMPLING = (
    4  # what clipping adds above half of this rate folds back, 50 dB below a tone of 5 kHz and less elsewhere
)
TAIL_S = 0.25  # rendered beyond the end, so that the end does not ring into the beginning


@dataclass(frozen=True)
class Amplifier:
    """How one amplifier is dialled. `play` is deterministic and the same at every sample rate.

    Attributes:
        drive_db: gain before the first valve.
        bias: where the first valve rests on its curve; above 0 the two half waves clip unlike.
        bias_shift: how far the bias moves with the signal's envelope (blocking distortion).
        sag: how much the supply of the second valve gives way under load.
        level_db: gain at the end.
        delay_samples, is_inverted: what the way through the recording desk adds; pairs have to be aligned.
    """

    drive_db: float = 20.0
    bias: float = 0.25
    bias_shift: float = 0.35
    sag: float = 0.5
    level_db: float = -11.0
    delay_samples: int = 0
    is_inverted: bool = False

    def play(self, audio: Audio, sample_rate_hz: int) -> Audio:
        """`audio` (channels, samples) through the amplifier: the same shape, later by `delay_samples`."""
        return np.stack([self._channel(channel, sample_rate_hz) for channel in audio])

    def _channel(self, dry: Wave, rate: int) -> Audio:
        samples = _fast_length(dry.size + round(TAIL_S * rate))
        padded = np.zeros(samples, np.float32)
        padded[: dry.size] = dry
        high = OVERSAMPLING * samples
        hertz = np.fft.rfftfreq(high, 1 / (OVERSAMPLING * rate)).astype(np.float32)
        spectrum: Spectrum = np.zeros(hertz.size, np.complex64)
        audible = hertz[: samples // 2 + 1]
        spectrum[: audible.size] = np.fft.rfft(padded) * _high_pass(audible, 60.0) * OVERSAMPLING
        wave: Wave = np.fft.irfft(spectrum, high)
        wave = self._first_valve(wave, hertz)
        wave = self._second_valve(_through(wave, _voicing(hertz)), hertz)
        spectrum = np.fft.rfft(wave)[: audible.size] * _transformer(audible) * _loudspeaker(audible)
        made = np.fft.irfft(spectrum, samples) / OVERSAMPLING
        made *= db_to_amplitude(self.level_db) * (-1 if self.is_inverted else 1)
        return np.concatenate([np.zeros(self.delay_samples), made])[: dry.size].astype(np.float32)

    def _first_valve(self, wave: Wave, hertz: Wave) -> Wave:
        driven = wave * np.float32(db_to_amplitude(self.drive_db))
        bias = self.bias + self.bias_shift * np.tanh(_envelope(driven, hertz, 12.0))
        return np.asarray(_valve(driven + bias) - _valve(bias))

    def _second_valve(self, wave: Wave, hertz: Wave) -> Wave:
        supply = 1 / (1 + self.sag * _envelope(wave, hertz, 4.0))
        return np.asarray(supply * np.arctan(wave / supply))


def _fast_length(samples: int) -> int:
    """A little more than `samples`, and at most 15 times a power of two: such lengths are transformed fast."""
    step = 1 << max(0, samples.bit_length() - 4)
    return -(-samples // step) * step


def _valve(x: Wave) -> Wave:
    """A slope of 1 at rest; upwards it ends at 1, downwards later and more gently: a triode's grid and plate."""
    return np.asarray(np.where(x > 0, np.tanh(x), x / np.sqrt(1 + (x / 1.7) ** 2)))


def _envelope(wave: Wave, hertz: Wave, corner_hz: float) -> Wave:
    """The load that a signal puts on a supply: its rectified wave through a capacitor."""
    return np.maximum(0.0, _through(np.abs(wave), 1 / (1 + 1j * hertz / corner_hz)))


def _high_pass(hertz: Wave, corner_hz: float) -> Spectrum:
    ratio = 1j * hertz / corner_hz
    return np.asarray(ratio / (1 + ratio))


def _low_pass(hertz: Wave, corner_hz: float, quality: float) -> Spectrum:
    ratio = 1j * hertz / corner_hz
    return np.asarray(1 / (1 + ratio / quality + ratio**2))


def _peak(hertz: Wave, centre_hz: float, gain_db: float, quality: float) -> Spectrum:
    ratio = 1j * hertz / centre_hz
    gain = db_to_amplitude(gain_db)
    return np.asarray((1 + gain * ratio / quality + ratio**2) / (1 + ratio / quality + ratio**2))


def _voicing(hertz: Wave) -> Spectrum:
    """Between the valves: the middle scooped, the treble lifted, the rails' capacitor."""
    return 1.8 * _high_pass(hertz, 35.0) * _peak(hertz, 480.0, -6.0, 0.6) * _peak(hertz, 2800.0, 5.0, 0.8)


def _transformer(hertz: Wave) -> Spectrum:
    return _high_pass(hertz, 45.0) * _peak(hertz, 95.0, 3.0, 1.2) * _low_pass(hertz, 9000.0, 0.7)


def _loudspeaker(hertz: Wave) -> Spectrum:
    """A cone that falls off above 5 kHz, its breakup, and what the cabinet's edge reflects."""
    cone = _low_pass(hertz, 5200.0, 0.9) * _peak(hertz, 2300.0, 4.0, 2.0) * _peak(hertz, 130.0, 3.0, 1.0)
    edge = 1 + 0.22 * np.exp(-2j * np.pi * hertz * 0.41e-3) - 0.13 * np.exp(-2j * np.pi * hertz * 0.93e-3)
    return np.asarray(cone * edge)


def _through(wave: Wave, response: Spectrum) -> Wave:
    return np.fft.irfft(np.fft.rfft(wave) * response, wave.size)
