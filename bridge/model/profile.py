"""The long-term sound of a recording, and how far two such sounds lie apart.

A profile is what the guard judges by: per mel band the mean level and its spread over time. Nothing here needs
the two sounds to be aligned, nor torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

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


def distance_db(sound: SoundProfile, target: SoundProfile, *, level_counts: bool) -> float:
    """How far `sound` lies from `target`: mean absolute difference over the bands both can hear.

    Differences of the spread count half. With `level_counts` off, the gain that brings the two closest (the
    median difference) is taken out first: a louder copy has the distance 0.
    """
    heard = min(sound.bands_heard, target.bands_heard)
    difference = (sound.mean_db - target.mean_db)[:heard]
    if not level_counts:
        difference = difference - np.median(difference)
    spread = np.abs(sound.spread_db - target.spread_db)[:heard]
    return float(np.mean(np.abs(difference)) + SPREAD_WEIGHT * np.mean(spread))


def level_difference_db(sound: SoundProfile, target: SoundProfile) -> float:
    """The gain in dB that brings `sound` closest to `target`."""
    heard = min(sound.bands_heard, target.bands_heard)
    return float(np.median((target.mean_db - sound.mean_db)[:heard]))
