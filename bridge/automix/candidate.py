"""Settings as the guard knows them: what the windows of a track sound like through them, and what is measured of that.

Everything is worked out when it is asked for, and once: a job that needs no profile of a take does not pay for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bridge.audio.dynamics import unevenness_db
from bridge.audio.loudness import loudness_lufs, true_peak_dbtp
from bridge.audio.silence import SILENCED_RMS
from bridge.automix.job import Measurements
from bridge.automix.objective import Objective
from bridge.features.mel import MelPower, extract_power
from bridge.features.profile import SpectralProfile
from bridge.features.settings import FeatureSettings
from bridge.plugins.host.render_queue import RenderBatch
from bridge.types import Audio, NormalizedArray


@dataclass(frozen=True)
class CandidateMetrics:
    """How takes are heard, and what their distance is measured to."""

    features: FeatureSettings
    sample_rate_hz: int
    aim: Objective

    def distance_db(self, windows: Sequence[Audio], profile: SpectralProfile) -> float:
        """How far a sound lies from the aim."""
        if not self.aim.evens_level:
            return self.aim.distance_db(profile)
        sounding = [window for window in windows if float(np.abs(window).max(initial=0.0)) > SILENCED_RMS]
        return float(np.mean([unevenness_db(window, self.sample_rate_hz) for window in sounding])) if sounding else 0.0


@dataclass(frozen=True)
class Baseline:
    """What a take is compared with: another one at its level."""

    profile: SpectralProfile
    distance_db: float


@dataclass(frozen=True)
class Candidate:
    """Settings and what the windows sound like through them. `whole`: the renders of the windows and, behind them, of
    everything else that is known of the track, where those were begun together."""

    amount: float
    settings: NormalizedArray
    windows: tuple[Audio, ...]
    ears: CandidateMetrics
    whole: RenderBatch | None = None

    @cached_property
    def profile(self) -> SpectralProfile:
        return self._power.features().profile

    @cached_property
    def distance_db(self) -> float:
        return self.ears.distance_db(self.windows, self.profile)

    @cached_property
    def loudness_lufs(self) -> float | None:
        return loudness_lufs(self._joined, self.ears.sample_rate_hz)

    @cached_property
    def measured(self) -> Measurements:
        """Loudness and true peak; the distance is left out."""
        return Measurements(self.loudness_lufs, true_peak_dbtp(self._joined, self.ears.sample_rate_hz), None)

    @cached_property
    def rms(self) -> float:
        return float(np.sqrt(np.mean(np.square(self._joined))))

    def as_loud_as(self, other: Candidate) -> Baseline:
        """This one at the level of `other`, so that only their tone is compared: what falls below the floor of the
        features, as the decay of a drum does, changes a profile with the level."""
        gain = np.float32(other.rms / max(self.rms, SILENCED_RMS))
        profile = self._power.features(float(gain)).profile
        louder = [window * gain for window in self.windows] if self.ears.aim.evens_level else ()
        return Baseline(profile, self.ears.distance_db(louder, profile))

    @cached_property
    def _power(self) -> MelPower:
        return extract_power(self.windows, self.ears.sample_rate_hz, self.ears.features)

    @cached_property
    def _joined(self) -> Audio:
        return np.concatenate(self.windows, axis=1)
