"""What is measured of candidates: distance to the objective, loudness, peaks. It renders nothing and decides nothing.

Everything is computed when it is first needed, and once: a job that needs no profile of a candidate pays for none.
There is one rule for peaks, wherever they are compared: true peaks, against full scale or what was there before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bridge.audio.dynamics import unevenness_db
from bridge.audio.loudness import LoudnessMeter, loudness_lufs, true_peak_dbtp
from bridge.audio.silence import SILENCED_RMS
from bridge.automix.facts import Measurements
from bridge.automix.objective import Objective
from bridge.features.background import BackgroundLift, background_lift
from bridge.features.mel import MelPower, extract_features, extract_power
from bridge.features.profile import SoundFeatures, SpectralProfile
from bridge.features.settings import FeatureSettings
from bridge.plugins.host.render_queue import RenderBatch
from bridge.types import Audio, NormalizedArray

CEILING_DBTP = 0.0
HEADROOM_DB = 0.1  # taken off beyond the ceiling, because other parts of the track may peak higher
NEAR_PEAK = 0.5  # pieces whose sample peak is within 6 dB of the highest may hold the highest true peak


@dataclass(frozen=True)
class CandidateMetrics:
    """How candidates are measured: by which features, and against which objective."""

    features: FeatureSettings
    sample_rate_hz: int
    objective: Objective

    def distance_db(self, windows: Sequence[Audio], profile: SpectralProfile) -> float:
        """Return how far a sound lies from the objective."""
        if not self.objective.evens_level:
            return self.objective.distance_db(profile)
        sounding = [window for window in windows if float(np.abs(window).max(initial=0.0)) > SILENCED_RMS]
        return float(np.mean([unevenness_db(window, self.sample_rate_hz) for window in sounding])) if sounding else 0.0

    def extract(self, rendered: Iterable[Sequence[Audio] | None]) -> list[SoundFeatures | None]:
        """Return the features of the windows of each candidate, as `CandidateRenderer.render_windows` yields them."""
        return [
            None if windows is None else extract_features(windows, self.sample_rate_hz, self.features)
            for windows in rendered
        ]


@dataclass(frozen=True)
class Baseline:
    """What a candidate is compared with: the track as it was, at the candidate's loudness."""

    profile: SpectralProfile
    distance_db: float


@dataclass(frozen=True)
class Candidate:
    """Settings and what the windows sound like through them.

    Attributes:
        amount: 0..1, the share of the way to the prediction.
        normalized: (controls,) of the model's chain.
        windows: (channels, samples) each.
        whole: the renders of the windows and, behind them, of everything else that is known of the track, where those
            were begun together.
    """

    amount: float
    normalized: NormalizedArray
    windows: tuple[Audio, ...]
    metrics: CandidateMetrics
    whole: RenderBatch | None = None

    @property
    def profile(self) -> SpectralProfile:
        return self.features.profile

    @cached_property
    def features(self) -> SoundFeatures:
        return self._power.features()

    def lift_above(self, before: Candidate) -> BackgroundLift:
        """Return by how much more than the sound these settings lift what lies behind it."""
        return background_lift(before.features, self.features, self.metrics.features)

    @cached_property
    def distance_db(self) -> float:
        return self.metrics.distance_db(self.windows, self.profile)

    @cached_property
    def loudness_lufs(self) -> float | None:
        return loudness_lufs(self._joined, self.metrics.sample_rate_hz)

    @cached_property
    def measurements(self) -> Measurements:
        """Loudness and true peak; the distance is left out."""
        return Measurements(self.loudness_lufs, true_peak_dbtp(self._joined, self.metrics.sample_rate_hz), None)

    @cached_property
    def rms(self) -> float:
        return float(np.sqrt(np.mean(np.square(self._joined))))

    @property
    def baseline(self) -> Baseline:
        """Itself, as it is."""
        return Baseline(self.profile, self.distance_db)

    def loudness_matched(self, other: Candidate) -> Baseline:
        """Return this one at the RMS of `other`, so that only their tone is compared: what falls below the floor of the
        features, as the decay of a drum does, changes a profile with the gain."""
        gain = np.float32(other.rms / max(self.rms, SILENCED_RMS))
        profile = self._power.features(float(gain)).profile
        scaled = [window * gain for window in self.windows] if self.metrics.objective.evens_level else ()
        return Baseline(profile, self.metrics.distance_db(scaled, profile))

    @cached_property
    def _power(self) -> MelPower:
        return extract_power(self.windows, self.metrics.sample_rate_hz, self.metrics.features)

    @cached_property
    def _joined(self) -> Audio:
        return np.concatenate(self.windows, axis=1)


def measure(parts: Iterable[Audio], sample_rate_hz: int) -> Measurements:
    """Return loudness and true peak of `parts` (channels, samples), one after the other; None each without a part."""
    meter: LoudnessMeter | None = None
    for part in parts:
        meter = meter or LoudnessMeter(part.shape[0], sample_rate_hz)
        meter.add(part)
    return (
        Measurements(None, None, None)
        if meter is None
        else Measurements(meter.loudness_lufs, meter.true_peak_dbtp, None)
    )


def highest_true_peak_dbtp(parts: Sequence[Audio], sample_rate_hz: int) -> float | None:
    """Return the true peak of the loudest of `parts`; None for silence. Only those near the highest are oversampled."""
    peaks = [float(np.abs(part).max(initial=0.0)) for part in parts]
    near = [part for part, peak in zip(parts, peaks, strict=True) if peak > 0 and peak >= NEAR_PEAK * max(peaks)]
    return max((peak for part in near if (peak := true_peak_dbtp(part, sample_rate_hz)) is not None), default=None)


def ceiling_dbtp(before: Measurements) -> float:
    """Return the highest true peak that is allowed: full scale, or what there was before where that is higher."""
    return CEILING_DBTP if before.true_peak_dbtp is None else max(CEILING_DBTP, before.true_peak_dbtp)


def overshoot_db(before: Measurements, after: Measurements) -> float:
    """Return how far the true peak of `after` lies above `ceiling_dbtp`; 0 or less is well, and silence is -inf."""
    return -np.inf if after.true_peak_dbtp is None else after.true_peak_dbtp - ceiling_dbtp(before)
