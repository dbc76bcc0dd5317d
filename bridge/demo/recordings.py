"""The demo's songs: good recordings, and the same with the flaws of a bad microphone in a bad room.

The good recording is the ground truth: the demo measures how near the processed track comes to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.audio.synthesis import synthesise
from bridge.decibels import db_to_amplitude
from bridge.types import Audio

SAMPLE_RATE_HZ = 48_000
DURATION_S = 12.0
FIRST_SEED = 10_000  # training draws its synthesised recordings from small seeds: none of these is among them


@dataclass(frozen=True)
class DemoRecording:
    """One track of the demo. `good` and `recorded` are float32 (1, samples) at `SAMPLE_RATE_HZ`."""

    name: str
    good: Audio
    recorded: Audio


@dataclass(frozen=True)
class RecordingFlaw:
    """A bell-shaped error of a recording's spectrum, applied to the spectrum itself: no plugin did it."""

    centre_hz: float
    octaves: float
    gain_db: float


_TRACKS: tuple[tuple[str, str, tuple[RecordingFlaw, ...]], ...] = (  # name, kind of synthesis, flaws
    ("Vocals, muddy and dull", "voice", (RecordingFlaw(260, 0.8, 9), RecordingFlaw(9000, 1.6, -12))),
    ("Guitar, thin and harsh", "strings", (RecordingFlaw(160, 1.0, -8), RecordingFlaw(3200, 0.7, 9))),
    ("Drums, boxy", "drums", (RecordingFlaw(450, 0.7, 9), RecordingFlaw(10_000, 1.2, -8))),
)


def recordings(seed: int) -> list[DemoRecording]:
    """Return the demo's three tracks; the same seed gives the same sound."""
    tracks = []
    for name, kind, flaws in _TRACKS:
        good = synthesise(kind, duration_s=DURATION_S, sample_rate_hz=SAMPLE_RATE_HZ, seed=FIRST_SEED + seed)
        tracks.append(DemoRecording(name, good, _with_flaws(good, flaws)))
    return tracks


def _with_flaws(audio: Audio, flaws: tuple[RecordingFlaw, ...]) -> Audio:
    spectrum = np.fft.rfft(audio.astype(np.float64), axis=1)
    octave = np.log2(np.maximum(np.fft.rfftfreq(audio.shape[1], 1 / SAMPLE_RATE_HZ), 1.0))
    gain_db = sum(f.gain_db * np.exp(-0.5 * ((octave - np.log2(f.centre_hz)) / f.octaves) ** 2) for f in flaws)
    flawed = np.fft.irfft(spectrum * db_to_amplitude(gain_db), audio.shape[1], axis=1)
    return np.asarray(flawed * min(1.0, 0.9 / np.abs(flawed).max()), np.float32)
