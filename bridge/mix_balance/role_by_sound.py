"""The role of a track by its sound: a few numbers on tone and attack, and which role's recordings they lie among.

What lies among none of them, or between two, has no role. It knows the roles that were measured, and no voice.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bridge.decibels import amplitude_to_db, power_to_db
from bridge.types import Audio, Float32, Float64

BAND_EDGES_HZ = (0.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0, 20000.0)
FEATURES = len(BAND_EDGES_HZ) + 2
FAR = 4.0  # mean square distance in standard deviations: nothing that was measured sounds like that
NARROW = 1.5  # how much farther the next role must lie
_WINDOW, _HOP, _BLOCK_S = 4096, 2048, 0.01
_PAUSE = 1e-4  # of the loudest window's power


@dataclass(frozen=True)
class RoleFeatures:
    """Mean and standard deviation of each feature over recordings of a role, (FEATURES,)."""

    mean: Sequence[float]
    deviation: Sequence[float]


def role_features(parts: Sequence[Audio], sample_rate_hz: int) -> Float64:
    """Return (FEATURES,) of a sound in parts (channels, samples), whatever its gain; of silence, those of white noise.

    Shares of six bands in dB; how far the spectrum is from noise, in dB; the steepest rises of the peaks in dB per
    10 ms; how much these go up and down, in dB.
    """
    mono = np.concatenate([part.mean(0) for part in parts]) if parts else np.zeros(0, np.float32)
    mono = np.pad(mono, (0, max(0, _WINDOW - mono.size)))
    power = _spectra(mono)
    hertz = np.fft.rfftfreq(_WINDOW, 1 / sample_rate_hz)
    places = np.searchsorted(hertz, BAND_EDGES_HZ)
    bands = np.array([power[:, low:high].sum() for low, high in itertools.pairwise(places)])
    shares_db = power_to_db(bands / bands.sum(), floor=1e-6)
    flatness = np.exp(np.log(power).mean(1)) / power.mean(1)
    block = max(1, round(_BLOCK_S * sample_rate_hz))
    peaks = np.abs(mono[: mono.size // block * block]).reshape(-1, block).max(1)
    peaks_db = amplitude_to_db(peaks / max(float(peaks.max()), 1e-6), floor=1e-4)
    sounding = peaks_db[peaks_db > peaks_db.max() - 40]
    rise_db = float(np.percentile(np.diff(peaks_db), 97))
    return np.array([*shares_db, power_to_db(np.median(flatness), floor=0.0), rise_db, sounding.std()])


def role_by_sound(features: Float64, known: Mapping[str, RoleFeatures]) -> str | None:
    """Return the role of `known` among whose recordings `features` (FEATURES,) lie, or None."""
    far = {name: float(np.mean(((features - one.mean) / one.deviation) ** 2)) for name, one in known.items()}
    width = {name: 2 * float(np.mean(np.log(one.deviation))) for name, one in known.items()}
    nearest, *others = sorted(far, key=lambda name: far[name] + width[name])
    if far[nearest] > FAR:
        return None
    is_clear = all(far[name] + width[name] > far[nearest] + width[nearest] + NARROW for name in others)
    return nearest if is_clear else None


def _spectra(mono: Float32) -> Float64:
    """(windows, bins) power of the windows that sound."""
    windows = np.lib.stride_tricks.sliding_window_view(mono, _WINDOW)[::_HOP]
    loud = np.square(windows).mean(1)
    kept = windows[loud >= max(float(loud.max()) * _PAUSE, 0.0)]
    return np.asarray(np.abs(np.fft.rfft(kept * np.hanning(_WINDOW).astype(np.float32))) ** 2 + 1e-12)
