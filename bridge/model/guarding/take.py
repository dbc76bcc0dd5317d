"""Settings as the guard knows them: what the windows of a track sound like through them, and what is measured of that.

Everything is worked out when it is asked for, and once: a job that needs no profile of a take does not pay for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bridge.audio.levels import unevenness_db
from bridge.audio.measures import loudness_lufs, true_peak_dbtp
from bridge.model.guarding.aim import Aim
from bridge.model.hearing.features import MelPower, hear_power
from bridge.model.hearing.profile import SoundProfile
from bridge.model.manifest import FeatureSettings
from bridge.model.task import Measured
from bridge.plugins.jobs import Batch

Audio = NDArray[np.float32]
Settings = NDArray[np.float32]

SILENT_RMS = 1e-5


@dataclass(frozen=True)
class Ears:
    """How takes are heard, and what their distance is measured to."""

    features: FeatureSettings
    sample_rate_hz: int
    aim: Aim

    def distance_db(self, windows: Sequence[Audio], profile: SoundProfile) -> float:
        """How far a sound lies from the aim."""
        if not self.aim.evens_level:
            return self.aim.distance_db(profile)
        sounding = [window for window in windows if float(np.abs(window).max(initial=0.0)) > SILENT_RMS]
        return float(np.mean([unevenness_db(window, self.sample_rate_hz) for window in sounding])) if sounding else 0.0


@dataclass(frozen=True)
class Rival:
    """What a take is compared with: another one at its level."""

    profile: SoundProfile
    distance_db: float


@dataclass(frozen=True)
class Take:
    """Settings and what the windows sound like through them. `whole`: the renders of the windows and, behind them, of
    everything else that is known of the track, where those were begun together."""

    amount: float
    settings: Settings
    windows: tuple[Audio, ...]
    ears: Ears
    whole: Batch | None = None

    @cached_property
    def profile(self) -> SoundProfile:
        return self._power.sound().profile

    @cached_property
    def distance_db(self) -> float:
        return self.ears.distance_db(self.windows, self.profile)

    @cached_property
    def loudness_lufs(self) -> float | None:
        return loudness_lufs(self._joined, self.ears.sample_rate_hz)

    @cached_property
    def measured(self) -> Measured:
        """Loudness and true peak; the distance is left out."""
        return Measured(self.loudness_lufs, true_peak_dbtp(self._joined, self.ears.sample_rate_hz), None)

    @cached_property
    def rms(self) -> float:
        return float(np.sqrt(np.mean(np.square(self._joined))))

    def as_loud_as(self, other: Take) -> Rival:
        """This one at the level of `other`, so that only their tone is compared: what falls below the floor of the
        features, as the decay of a drum does, changes a profile with the level."""
        gain = np.float32(other.rms / max(self.rms, SILENT_RMS))
        profile = self._power.sound(float(gain)).profile
        louder = [window * gain for window in self.windows] if self.ears.aim.evens_level else ()
        return Rival(profile, self.ears.distance_db(louder, profile))

    @cached_property
    def _power(self) -> MelPower:
        return hear_power(self.windows, self.ears.sample_rate_hz, self.ears.features)

    @cached_property
    def _joined(self) -> Audio:
        return np.concatenate(self.windows, axis=1)
