"""What the guard steers by: how far a sound lies from where it should be, in dB.

With a reference that is the reference's own profile. Without one it is a bank of well-recorded sounds, of which the
most alike count; a model without a bank aims at the profile that its encoder predicts. Of the three ways to judge
without a reference, the bank agreed best with the distance to the true original (`models/LOG.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.model.manifest import FeatureSettings
from bridge.model.profile import SoundProfile, distance_db, profile_distances_db

NEIGHBOURS = 8


class Aim(Protocol):
    """Somewhere to go to. An improvement smaller than `margin_share` of the distance is none."""

    @property
    def level_counts(self) -> bool: ...

    @property
    def margin_share(self) -> float: ...

    def distance_db(self, sound: SoundProfile) -> float: ...


@dataclass(frozen=True)
class ProfileAim:
    """One profile, at its level or at any."""

    target: SoundProfile
    features: FeatureSettings
    level_counts: bool
    margin_share: float = 0.05

    def distance_db(self, sound: SoundProfile) -> float:
        return distance_db(sound, self.target, level_counts=self.level_counts, features=self.features)


@dataclass(frozen=True)
class BankAim:
    """The `NEIGHBOURS` profiles of `bank` (n, 2, bands; mean and spread in dB) that are most alike, at any level."""

    bank: NDArray[np.float32]
    features: FeatureSettings
    level_counts: bool = False
    margin_share: float = 0.1

    def distance_db(self, sound: SoundProfile) -> float:
        """Mean distance to the nearest ones, each as `profile.distance_db` has it at equal loudness."""
        own = np.stack([sound.mean_db, sound.spread_db])[:, : sound.bands_heard]
        bank = self.bank[:, :, : sound.bands_heard]
        distances = profile_distances_db(own, bank, level_counts=False, features=self.features)
        return float(np.partition(distances, min(NEIGHBOURS, len(distances)) - 1)[:NEIGHBOURS].mean())
