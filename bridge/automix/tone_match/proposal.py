"""The tone match as a proposal: what the encoder's prediction is, without the encoder.

What a compressor or a distortion should do it does not know: what is not a filter stays as the user has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.automix.tone_match.fit import GainRange, fit_response
from bridge.automix.tone_match.responses import ChainResponse
from bridge.features.mel import extract_features
from bridge.features.profile import SoundFeatures, SpectralProfile
from bridge.features.settings import FeatureSettings
from bridge.features.tone_difference import ToneDifference, estimate_tone_difference
from bridge.model.predict import Prediction
from bridge.plugins.chain.chain import Chain
from bridge.types import Audio, Float32, Indices, Mask, NormalizedArray

LEAST_CERTAINTY = 0.5  # in spreads; less is as likely to harm as to help
EXACT_DB = 1.0  # the spread of moves that are known


@dataclass(frozen=True)
class ToneMatch:
    """A track, a reference, and what the plugins of `chain` were measured to do.

    Attributes:
        current: (controls,) normalized, as the user has it; what is not `free` stays there.
        played_db: (bands,) by how much the plugins change the track as they are set now; None where it is heard dry.
        loudness_counts: whether the track is to become as loud as the reference.
    """

    chain: Chain
    response: ChainResponse
    features: FeatureSettings
    current: NormalizedArray
    free: Mask
    played_db: Float32 | None
    loudness_counts: bool = True

    def propose(self, sound: SoundFeatures, reference: SoundFeatures) -> Prediction | None:
        """Return the settings that fit best; `current` where the difference is too unsure to follow.

        Returns None where nothing can be said or set: too short a sound, no equaliser that is free.
        """
        difference = estimate_tone_difference(sound, reference, self.features, played_db=self.played_db)
        if difference is None or not self._free_filters.size:
            return None
        return self._prediction(sound, difference, is_moved=difference.certainty >= LEAST_CERTAINTY)

    def propose_moves(self, sound: SoundFeatures, moves_db: Float32) -> Prediction | None:
        """Return the settings that come nearest to moving what is heard by `moves_db` (bands,); None where no
        equaliser is free."""
        if not self._free_filters.size:
            return None
        counts = np.arange(len(moves_db)) < sound.valid_bands
        known = ToneDifference(moves_db.astype(np.float64), np.full(len(moves_db), EXACT_DB), counts)
        return self._prediction(sound, known, is_moved=bool(np.any(moves_db)))

    def _prediction(self, sound: SoundFeatures, difference: ToneDifference, *, is_moved: bool) -> Prediction:
        normalized = self._fit(difference, self._free_filters) if is_moved else self.current
        mean_db = sound.profile.mean_db + difference.mean_db * is_moved
        mean_db = mean_db if self.played_db is None else mean_db + self.played_db
        share = difference.certainty / (1 + difference.certainty)
        return Prediction(
            normalized=normalized,
            confidence=np.full(len(normalized), share, dtype=np.float32),
            target=SpectralProfile(mean_db.astype(np.float32), sound.profile.spread_db, sound.valid_bands),
        )

    @property
    def _free_filters(self) -> Indices:
        measured = self.response.controls
        return measured[self.free[measured]] if measured.size else measured

    def _fit(self, difference: ToneDifference, free: Indices) -> NormalizedArray:
        output, start = self._output_gain, self.current.astype(np.float64)
        control = None if output is None else self.chain.controls[output]
        gain_db = 0.0 if output is None or control is None else control.real_value(float(start[output]))
        gain = GainRange(gain_db, gain_db)
        if not self.loudness_counts:
            gain = GainRange()
        elif output is not None and control is not None and self.free[output]:
            gain = GainRange(control.real_value(control.low), control.real_value(control.high))
        low, high = (bound.astype(np.float64) for bound in self.chain.bounds)
        has_effect = self.played_db is not None
        wanted_db = difference.mean_db + has_effect * (self.response.at(start[None])[0] + gain_db)
        fitted, found_db = fit_response(
            self.response, wanted_db, difference.weights, start=start, free=free, bounds=(low, high), gain=gain
        )
        if output is not None and control is not None and self.loudness_counts and self.free[output]:
            fitted[output] = np.clip(control.normalized(found_db), control.low, control.high)
        return fitted.astype(np.float32)

    @property
    def _output_gain(self) -> int | None:
        roles = [control.role for control in self.chain.controls]
        return roles.index("output_gain") if "output_gain" in roles else None


def change_of_profile(
    dry: Sequence[Audio], played: Sequence[Audio], sample_rate_hz: int, features: FeatureSettings
) -> Float32:
    """Return by how many dB (bands,) the plugins changed the windows `dry`, which came out as `played`."""
    before, after = (extract_features(windows, sample_rate_hz, features).profile for windows in (dry, played))
    return after.mean_db - before.mean_db
