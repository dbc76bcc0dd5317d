"""How a reference's tone differs from a track's, band by band, and how sure that is. Nothing here is learned.

Two recordings differ because they were treated differently, and because something else is played. The second is taken
for noise, whose size and shape the two recordings tell themselves: parts of one recording differ by playing alone. The
first is taken for what equalisers do: a gain, and a curve in which neighbouring bands go together. What is returned is
the expectation of the first, given the sum of both (a Wiener filter, or kriging): where playing could explain the
difference, it is shrunk away. How the numbers were chosen, and what was no better: `models/LOG.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.decibels import db_to_power, power_to_db
from bridge.features.mel_bands import band_centres_hz
from bridge.features.profile import SoundFeatures, active_frames
from bridge.features.settings import FeatureSettings
from bridge.types import Float32, Float64, Mask

SEGMENTS = 16  # of a recording, whose differences show what playing does
GAIN_DB, CURVE_DB, CURVE_OCTAVES = 10.0, 5.5, 2.5  # prior of a treatment: standard deviations, and reach in octaves
PLAYING_OCTAVES = 3.0
MEASURED_SHARE = 0.7  # of the noise: as the segments move together; the rest falls off with the distance
LEAST_DB, LEAST_COMMON_DB = 0.5, 0.3  # of the noise, however steady the segments are
WIDENING = 2.0  # neighbouring segments are alike, so that a mean is less sure than they say
AUDIBLE_DB = 70.0  # bands that lie deeper below the loudest hold nothing to go by
_NOTHING = 1e5  # variance of what holds nothing


@dataclass(frozen=True)
class ToneDifference:
    """What brings a track to the tone of a reference.

    Attributes:
        mean_db: (bands,) gain in each band.
        spread_db: (bands,) its standard deviation.
        counts: (bands,) where both sounds have something.
    """

    mean_db: Float64
    spread_db: Float64
    counts: Mask

    @property
    def certainty(self) -> float:
        """The mean gain, in spreads: below about 0.5 it is as likely to harm as to help."""
        size = float(np.abs(self.mean_db[self.counts]).mean())
        return size / float(np.sqrt(np.square(self.spread_db[self.counts]).mean()))

    @property
    def weights(self) -> Float64:
        """(bands,) how much each counts where settings are fitted to it."""
        return np.asarray(self.counts / (self.spread_db**2 + LEAST_DB**2))


def estimate_tone_difference(
    sound: SoundFeatures, reference: SoundFeatures, settings: FeatureSettings, *, played_db: Float32 | None = None
) -> ToneDifference | None:
    """Return what brings `sound` to the tone of `reference`; None where one of them is too short to tell.

    Args:
        played_db: (bands,) by how much the plugins change `sound` as they are set now; None for not at all.
    """
    own, other = (one.log_mel[:, active_frames(one.log_mel)].astype(np.float64) for one in (sound, reference))
    if min(own.shape[1], other.shape[1]) < SEGMENTS:
        return None
    counts = _audible(sound.log_mel) & _audible(reference.log_mel)
    counts[min(sound.valid_bands, reference.valid_bands) :] = False
    if not counts.any():
        return None
    difference = other.mean(1) - own.mean(1) - (0.0 if played_db is None else played_db)
    octaves = np.log2(band_centres_hz(settings))
    apart = np.abs(np.subtract.outer(octaves, octaves))
    prior = GAIN_DB**2 + CURVE_DB**2 * np.exp(-apart / CURVE_OCTAVES)
    noise = _playing(own, apart) + _playing(other, apart)
    noise[np.diag_indices_from(noise)] += np.where(counts, 0.0, _NOTHING)
    gain = np.linalg.solve(prior + noise, prior).T
    variance = np.diag(prior - gain @ prior)
    return ToneDifference(gain @ difference, np.sqrt(np.maximum(variance, 0.0)), counts)


def _playing(frames_db: Float64, apart: Float64) -> Float64:
    """Covariance (bands, bands) of the mean of `frames_db` (bands, frames), as its segments show it."""
    means = np.stack([segment.mean(1) for segment in np.array_split(frames_db, SEGMENTS, axis=1)])
    measured = np.cov(means.T) / SEGMENTS
    least = LEAST_DB**2 / 2
    deviation = np.sqrt(np.diag(measured) + least)
    measured = measured + LEAST_COMMON_DB**2 / 2 * (1 + np.eye(len(apart)))
    falling = np.exp(-apart / PLAYING_OCTAVES) * np.outer(deviation, deviation)
    return np.asarray(WIDENING**2 * (MEASURED_SHARE * measured + (1 - MEASURED_SHARE) * falling))


def _audible(log_mel: Float32) -> Mask:
    level_db = power_to_db(np.mean(db_to_power(log_mel), axis=1))
    return np.asarray(level_db > level_db.max() - AUDIBLE_DB)
