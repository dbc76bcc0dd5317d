"""The demo's songs: good recordings, and what a bad microphone in a bad room made of them.

The good recording is the truth that the demo measures by: how near does the processed track come to it?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.audio.synthesis import synthesise
from bridge.decibels import db_to_amplitude
from bridge.types import Float32

SAMPLE_RATE_HZ = 48_000
DURATION_S = 12.0
UNHEARD_SEED = 10_000  # training draws its synthesised recordings from small seeds: none of these is among them


@dataclass(frozen=True)
class DemoRecording:
    """One track of the demo. `good` and `recorded` are float32 (1, samples) at `SAMPLE_RATE_HZ`."""

    name: str
    good: Float32
    recorded: Float32


@dataclass(frozen=True)
class RecordingFlaw:
    """A bell-shaped or shelving error of a recording, drawn on the spectrum itself: no plugin made it."""

    centre_hz: float
    octaves: float
    gain_db: float


_TAKES: tuple[tuple[str, str, tuple[RecordingFlaw, ...]], ...] = (
    ("Vocals, muddy and dull", "voice", (RecordingFlaw(260, 0.8, 9), RecordingFlaw(9000, 1.6, -12))),
    ("Guitar, thin and harsh", "strings", (RecordingFlaw(160, 1.0, -8), RecordingFlaw(3200, 0.7, 9))),
    ("Drums, boxy", "drums", (RecordingFlaw(450, 0.7, 9), RecordingFlaw(10_000, 1.2, -8))),
)


def recordings(seed: int) -> list[DemoRecording]:
    """The demo's three tracks; the same seed gives the same sound."""
    takes = []
    for name, kind, faults in _TAKES:
        good = synthesise(kind, duration_s=DURATION_S, sample_rate_hz=SAMPLE_RATE_HZ, seed=UNHEARD_SEED + seed)
        takes.append(DemoRecording(name, good, _with_faults(good, faults)))
    return takes


def _with_faults(audio: Float32, faults: tuple[RecordingFlaw, ...]) -> Float32:
    spectrum = np.fft.rfft(audio.astype(np.float64), axis=1)
    octave = np.log2(np.maximum(np.fft.rfftfreq(audio.shape[1], 1 / SAMPLE_RATE_HZ), 1.0))
    gain_db = sum(f.gain_db * np.exp(-0.5 * ((octave - np.log2(f.centre_hz)) / f.octaves) ** 2) for f in faults)
    faulty = np.fft.irfft(spectrum * db_to_amplitude(gain_db), audio.shape[1], axis=1)
    return np.asarray(faulty * min(1.0, 0.9 / np.abs(faulty).max()), np.float32)
