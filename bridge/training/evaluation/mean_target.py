"""What is right on average: the target of the baselines where a use has no reference.

Always without the recording of the case itself: a baseline that knew its truth would be no opponent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.audio.loudness import loudness_lufs
from bridge.features.mel import extract_features
from bridge.features.profile import SpectralProfile
from bridge.features.settings import FeatureSettings
from bridge.training.evaluation.cases import EvaluationCase
from bridge.training.evaluation.match_eq import spectrum_of
from bridge.types import Audio, Float64


@dataclass(frozen=True)
class MeanTarget:
    """The long-term sound to come close to."""

    spectrum_db: Float64
    profile: SpectralProfile
    loudness_lufs: float | None


class MeanTargets:
    """The targets of cases of one use: the reference, or else the mean of what is right for the other recordings."""

    def __init__(self, cases: Sequence[EvaluationCase], features: FeatureSettings) -> None:
        self._features = features
        self._truths: dict[tuple[str, int], MeanTarget] = {}
        for case in cases:
            if case.reference is None and (case.name, case.sample_rate_hz) not in self._truths:
                self._truths[case.name, case.sample_rate_hz] = self._measure(case.truth, case.sample_rate_hz)

    def of(self, case: EvaluationCase) -> MeanTarget | None:
        """None where there is neither a reference nor another recording of the case's sample rate."""
        if case.reference is not None:
            return self._measure(case.reference, case.sample_rate_hz)
        others = [
            target for (name, rate), target in self._truths.items() if name != case.name and rate == case.sample_rate_hz
        ]
        if not others:
            return None
        loud = [target.loudness_lufs for target in others if target.loudness_lufs is not None]
        return MeanTarget(
            np.mean([target.spectrum_db for target in others], axis=0),
            SpectralProfile(
                np.mean([target.profile.mean_db for target in others], axis=0),
                np.mean([target.profile.spread_db for target in others], axis=0),
                min(target.profile.valid_bands for target in others),
            ),
            float(np.mean(loud)) if loud else None,
        )

    def _measure(self, audio: Audio, sample_rate_hz: int) -> MeanTarget:
        profile = extract_features([audio], sample_rate_hz, self._features).profile
        return MeanTarget(spectrum_of(audio), profile, loudness_lufs(audio, sample_rate_hz))
