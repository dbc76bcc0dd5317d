"""What candidates are measured against: how far a sound lies from a target profile, in dB.

With a reference the target is the reference's own profile. Without one it is a range (`tone_range`), or the profile
that the encoder predicts for the track; because an encoder tends to agree with itself, much of the way must be made
then, and profiles of well-recorded sounds have a veto: what moves away from all of them is no improvement. How this
was chosen: `models/LOG.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.automix.tone_range import LEAST_DB as LEAST_OUTSIDE_DB
from bridge.automix.tone_range import ToneRangeTarget
from bridge.features.profile import SpectralProfile, profile_distance_db, profile_distances_db
from bridge.features.settings import FeatureSettings
from bridge.model.manifest import PredictionUse
from bridge.types import Float32

NEIGHBOURS = 4
LEAST_DB = 0.25
RETURN_DB, RETURN_SHARE = 1.5, 1.1  # how much nearer to good recordings an unfamiliar sound must come, and how near
BEYOND_LU = 0.5  # of the loudness before and of the reference's, that a result may lie
REFERENCE_MARGIN_DB = 0.5  # at 0.25 dB twice as many files came out worse


@dataclass(frozen=True)
class Objective:
    """A profile to come close to.

    Attributes:
        loudness_counts: whether level is part of the sound, as with a reference.
        margin_share, margin_db: an improvement must be at least this share of the distance, and at least so large.
        evens_level: the distance is not of profiles: it is how uneven the loudness is over time (0: even).
        reference_profiles: (n, 2, bands) profiles of well-recorded sounds, mean and spread in dB; None: no veto.
        familiar_db: how far from them a sound may lie that the encoder knows; None: nothing is asked.
        reference_lufs: the loudness of the reference, where that is known: what comes out lies between it and the
            loudness there was. Bands of another instrument alone would be followed beyond both.
        range: what is within it is right as it is: distances are how far a sound lies outside. `target` is then its
            nearest edge.
    """

    target: SpectralProfile
    features: FeatureSettings
    loudness_counts: bool
    margin_share: float
    margin_db: float
    reference_profiles: Float32 | None = None
    evens_level: bool = False
    familiar_db: float | None = None
    reference_lufs: float | None = None
    range: ToneRangeTarget | None = None

    def distance_db(self, sound: SpectralProfile) -> float:
        """Return how far the profile of a sound lies from the target's, or outside of the range."""
        if self.range is not None:
            return self.range.distance_db(sound)
        return profile_distance_db(sound, self.target, loudness_counts=self.loudness_counts, features=self.features)

    def needed_db(self, before_db: float, share: float) -> float:
        """Return the distance to fall to for an improvement on `before_db`; `share` 0..1 is the part of the way."""
        least_db = min(LEAST_DB, self.margin_db)
        return before_db - max(least_db, share * max(self.margin_db, self.margin_share * before_db))

    def is_met(self, distance_db: float) -> bool:
        """Return whether a sound at that distance lies within a range: there is nothing to do."""
        return self.range is not None and distance_db < LEAST_OUTSIDE_DB

    def permits(self, before: SpectralProfile, after: SpectralProfile) -> bool:
        """Return whether `after` is no farther from good recordings than `before` was."""
        if self.reference_profiles is None:
            return True
        return self._reference_distance_db(after) <= self._reference_distance_db(before)

    def knows(self, before: SpectralProfile, after: SpectralProfile) -> bool:
        """Return whether the target can be believed: the encoder knows such sounds, or the change leads from far off
        into the range of good recordings. Other sounds it pulls towards those that it knows."""
        if self.reference_profiles is None or self.familiar_db is None:
            return True
        before_db = self._reference_distance_db(before)
        if before_db <= self.familiar_db:
            return True
        after_db = self._reference_distance_db(after)
        return after_db <= min(RETURN_SHARE * self.familiar_db, before_db - RETURN_DB)

    def missing_lu(self, before_lufs: float, loudness_lufs: float) -> float:
        """Return how much louder a sound of `loudness_lufs` must become, where it was `before_lufs` at first."""
        if not self.loudness_counts:
            return before_lufs - loudness_lufs
        if self.reference_lufs is None:
            return 0.0
        low, high = sorted((before_lufs, self.reference_lufs))
        return float(np.clip(loudness_lufs, low - BEYOND_LU, high + BEYOND_LU)) - loudness_lufs

    def _reference_distance_db(self, sound: SpectralProfile) -> float:
        assert self.reference_profiles is not None
        return nearest_distance_db(sound, self.reference_profiles, self.features)


def nearest_distance_db(sound: SpectralProfile, profiles: Float32, features: FeatureSettings) -> float:
    """Return the mean distance of `sound` at equal loudness to the nearest of `profiles` (n, 2, bands)."""
    own = np.stack([sound.mean_db, sound.spread_db])[:, : sound.valid_bands]
    distances = profile_distances_db(own, profiles[:, :, : sound.valid_bands], loudness_counts=False, features=features)
    return float(np.partition(distances, min(NEIGHBOURS, len(distances)) - 1)[:NEIGHBOURS].mean())


def reference_objective(
    reference: SpectralProfile,
    features: FeatureSettings,
    *,
    loudness_counts: bool = True,
    reference_lufs: float | None = None,
) -> Objective:
    """Return the objective of a job with a reference.

    Args:
        reference: the profile to come close to.
        features: what it was extracted by.
        loudness_counts: whether the sound is to become as loud.
        reference_lufs: the loudness of the reference in LUFS; None where it is not known.
    """
    return Objective(
        reference,
        features,
        loudness_counts=loudness_counts,
        margin_share=0.05,
        margin_db=REFERENCE_MARGIN_DB,
        reference_lufs=reference_lufs,
    )


def prediction_objective(
    predicted: SpectralProfile,
    features: FeatureSettings,
    reference_profiles: Float32 | None,
    settings: PredictionUse | None = None,
    *,
    loudness_counts: bool = False,
) -> Objective:
    """Return the objective of a job without a reference; `settings` of the model say how much of the way to make."""
    settings = settings or PredictionUse()
    return Objective(
        predicted,
        features,
        loudness_counts=loudness_counts,
        margin_share=settings.margin_share,
        margin_db=settings.margin_db,
        reference_profiles=reference_profiles,
        evens_level=settings.evens_level,
        familiar_db=settings.familiar_db,
    )


def range_objective(target: SpectralProfile, tone_range: ToneRangeTarget) -> Objective:
    """Return the objective of coming within a range of tone; `target` is its nearest edge."""
    return Objective(
        target, tone_range.features, loudness_counts=False, margin_share=0.25, margin_db=LEAST_DB, range=tone_range
    )
