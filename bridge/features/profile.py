"""The long-term sound of a recording, and how far two such sounds lie apart.

A profile is what the guard compares: per mel band the mean and its spread over time. Nothing here needs
the two sounds to be aligned, nor torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bridge.decibels import db_to_power, power_to_db
from bridge.features.mel_bands import loudness_weights_db
from bridge.features.settings import FeatureSettings
from bridge.types import Float32, Mask

DEFAULT_FEATURES = FeatureSettings()
GATE_DB = 40.0  # frames this far below the loudest ones are pauses and do not count
SPREAD_WEIGHT = 0.5


@dataclass(frozen=True)
class SpectralProfile:
    """Long-term statistics of log-mel frames.

    Attributes:
        mean_db: (bands,) mean of each band over the frames that are not pauses.
        spread_db: (bands,) standard deviation of each band over time.
        valid_bands: bands below half the sample rate; the others carry no knowledge.
    """

    mean_db: Float32
    spread_db: Float32
    valid_bands: int


@dataclass(frozen=True)
class SoundFeatures:
    """The features of a recording, as an encoder takes them, whatever the sample rate was.

    Attributes:
        log_mel: (bands, frames) in dB.
        valid_bands: bands below half the sample rate; the others repeat the highest of these.
        loudness_lufs: integrated, where it was measured and there is one.
    """

    log_mel: Float32
    valid_bands: int
    loudness_lufs: float | None = None

    @cached_property
    def profile(self) -> SpectralProfile:
        kept = self.log_mel[:, active_frames(self.log_mel)]
        return SpectralProfile(kept.mean(1), kept.std(1), self.valid_bands)


def active_frames(log_mel: Float32) -> Mask:
    """Return which frames (frames,) are no pause: within `GATE_DB` of the 95th percentile of the frames' powers."""
    level_db = power_to_db(np.sum(db_to_power(log_mel), axis=0), floor=0.0)
    return np.asarray(level_db >= np.percentile(level_db, 95) - GATE_DB)


def profile_distance_db(
    sound: SpectralProfile,
    target: SpectralProfile,
    *,
    loudness_counts: bool,
    features: FeatureSettings = DEFAULT_FEATURES,
) -> float:
    """Return how far two profiles lie apart: the mean absolute difference over the bands that both have.

    Differences of the spread count half.

    Args:
        sound, target: the profiles, in dB.
        loudness_counts: off, the two are compared at equal loudness: a louder copy has the distance 0.
        features: what both were extracted by.

    Returns:
        The distance in dB, 0 or more.
    """
    valid = min(sound.valid_bands, target.valid_bands)
    own, other = (np.stack([profile.mean_db, profile.spread_db])[:, :valid] for profile in (sound, target))
    return float(profile_distances_db(own, other[None], loudness_counts=loudness_counts, features=features)[0])


def profile_distances_db(
    sound: Float32, targets: Float32, *, loudness_counts: bool, features: FeatureSettings
) -> Float32:
    """Return `profile_distance_db` (n,) of one sound (2, bands) from many targets (n, 2, bands): mean and spread."""
    difference = sound[0] - targets[:, 0]
    if not loudness_counts:
        louder = loudness_db(sound[0], sound[1], features) - loudness_db(targets[:, 0], targets[:, 1], features)
        difference = difference - louder[:, None]
    spread = np.abs(sound[1] - targets[:, 1])
    return np.asarray(np.abs(difference).mean(1) + SPREAD_WEIGHT * spread.mean(1), dtype=np.float32)


def loudness_db(mean_db: Float32, spread_db: Float32, features: FeatureSettings) -> Float32:
    """Return the loudness (...,) of profiles (..., bands), up to a constant; bands may be left out at the top.

    It is the power of each band where it lies one spread above its mean, K-weighted: differences agree with those
    in LUFS within 1 dB (standard deviation over changed recordings).
    """
    weighted = mean_db + spread_db + loudness_weights_db(features)[: mean_db.shape[-1]]
    return np.asarray(power_to_db(np.sum(db_to_power(weighted), axis=-1), floor=0.0), dtype=np.float32)
