"""The long-term sound of a recording, and how far two such sounds lie apart.

A profile is what the guard judges by: per mel band the mean level and its spread over time. Nothing here needs
the two sounds to be aligned, nor torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bridge.model.bands import loudness_weights_db
from bridge.model.manifest import FeatureSettings

DEFAULT_FEATURES = FeatureSettings()
GATE_DB = 40.0  # frames this far below the loudest ones are pauses and do not count
SPREAD_WEIGHT = 0.5


@dataclass(frozen=True)
class SoundProfile:
    """Long-term statistics of log-mel frames.

    Attributes:
        mean_db: (bands,) mean level of each band over the frames that are not pauses.
        spread_db: (bands,) standard deviation of that level over time.
        bands_heard: bands below half the sample rate; the others carry no knowledge.
    """

    mean_db: NDArray[np.float32]
    spread_db: NDArray[np.float32]
    bands_heard: int


@dataclass(frozen=True)
class HeardSound:
    """Log-mel frames (bands, frames) in dB, as an encoder hears them, whatever the sample rate was."""

    log_mel: NDArray[np.float32]
    bands_heard: int

    @cached_property
    def profile(self) -> SoundProfile:
        kept = self.log_mel[:, frames_that_sound(self.log_mel)]
        return SoundProfile(kept.mean(1), kept.std(1), self.bands_heard)


def frames_that_sound(log_mel: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which frames (frames,) are no pause: within `GATE_DB` of the 95th percentile of the frames' levels."""
    level_db = 10 * np.log10(np.sum(10 ** (log_mel / 10), axis=0))
    return np.asarray(level_db >= np.percentile(level_db, 95) - GATE_DB)


def distance_db(
    sound: SoundProfile, target: SoundProfile, *, level_counts: bool, features: FeatureSettings = DEFAULT_FEATURES
) -> float:
    """How far `sound` lies from `target`: mean absolute difference over the bands both can hear.

    Differences of the spread count half. With `level_counts` off, the two are compared at equal loudness: a louder
    copy has the distance 0.
    """
    heard = min(sound.bands_heard, target.bands_heard)
    difference = (sound.mean_db - target.mean_db)[:heard]
    if not level_counts:
        difference = difference - (loudness_db(sound, features, heard) - loudness_db(target, features, heard))
    spread = np.abs(sound.spread_db - target.spread_db)[:heard]
    return float(np.mean(np.abs(difference)) + SPREAD_WEIGHT * np.mean(spread))


def loudness_db(profile: SoundProfile, features: FeatureSettings, heard: int) -> float:
    """Loudness of the first `heard` bands, up to a constant: the power of each band where it is one spread above its
    mean, K-weighted. Within 1 dB (standard deviation) of differences in LUFS as measured on changed recordings."""
    weighted = (profile.mean_db + profile.spread_db + loudness_weights_db(features))[:heard]
    return float(10 * np.log10(np.sum(10 ** (weighted / 10))))
