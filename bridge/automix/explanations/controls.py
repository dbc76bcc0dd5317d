"""An explanation per control: where its slot acts, how far the sound lay from its target there, and lies now.

What did not help shows as such: numbers are as they were measured. Where the sound lies farther off than before, what
the slot does there by itself is given as well: the others may have outdone it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from bridge.automix.explanations.attribution import SlotEffect, measure_slot_effects
from bridge.automix.facts import Explanation, ExplanationKind, Measurements
from bridge.automix.guard.acceptance import GuardDecision
from bridge.automix.guard.metrics import CandidateMetrics
from bridge.automix.guard.renderer import CandidateRenderer
from bridge.automix.objective import Objective
from bridge.features.mel_bands import band_centres_hz, band_edges_hz
from bridge.features.profile import SpectralProfile, loudness_db
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.control import Control
from bridge.types import Float32, NormalizedArray

AUDIBLE_DB = 0.5
FARTHER_DB = 0.05
SHARE = 0.5  # of its strongest effect: the bands where a slot acts
_FREQUENCY = re.compile(r"(\d+(?:\.\d+)?) ?(k)?Hz")
_NOMINAL = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0, 10.0)  # thirds of an octave (ISO 266)


@dataclass(frozen=True)
class ToneComparison:
    """The sound before and after, and the objective that both are compared with."""

    objective: Objective
    before: SpectralProfile
    after: SpectralProfile
    has_reference: bool

    def gaps_db(self, sound: SpectralProfile) -> Float32:
        """Return how far each band of `sound` (bands,) lies above the target, at equal loudness unless level counts."""
        bands, target = self.bands, self.objective.target
        gaps = sound.mean_db[:bands] - target.mean_db[:bands]
        if not self.objective.loudness_counts:
            features = self.objective.features
            own = loudness_db(sound.mean_db[:bands], sound.spread_db[:bands], features)
            gaps = gaps - (own - loudness_db(target.mean_db[:bands], target.spread_db[:bands], features))
        return np.asarray(gaps, dtype=np.float32)

    def spread_db(self, sound: SpectralProfile) -> float:
        return float(sound.spread_db[: self.bands].mean())

    @property
    def bands(self) -> int:
        return min(self.before.valid_bands, self.objective.target.valid_bands)

    def tone(self, bands: slice, effect_db: float | None = None) -> Explanation:
        """How far the sound lay from its target in `bands`, and lies now; where that is farther, what the slot does."""
        before, after = (float(self.gaps_db(sound)[bands].mean()) for sound in (self.before, self.after))
        low_hz, high_hz = nominal_band_hz(bands, self.objective.features)
        is_farther = abs(after) >= abs(before) + FARTHER_DB
        return Explanation(
            kind=ExplanationKind.TONE,
            low_hz=low_hz,
            high_hz=high_hz,
            before_db=before,
            after_db=after,
            effect_db=effect_db if is_farther else None,
            has_reference=self.has_reference,
        )

    def dynamics(self) -> Explanation:
        """How much the bands went up and down, those of the target, and how much they do now."""
        return Explanation(
            kind=ExplanationKind.DYNAMICS,
            before_db=self.spread_db(self.before),
            target_db=self.spread_db(self.objective.target),
            after_db=self.spread_db(self.after),
            has_reference=self.has_reference,
        )


def explain_changes(
    renderer: CandidateRenderer,
    metrics: CandidateMetrics,
    result: GuardDecision,
    before: NormalizedArray,
    *,
    has_reference: bool,
) -> tuple[Explanation | None, ...]:
    """Return why each control was moved, as measured.

    Args:
        renderer: of the windows that the guard decided by.
        metrics: what these are measured by.
        result: what the guard decided.
        before: (controls,) of the chain, normalized: the settings as they were.
        has_reference: whether the objective is a reference's.

    Returns:
        (controls,) explanations, None for those that stay; () where nothing was accepted.
    """
    if result.accepted is None or result.baseline is None:
        return ()
    after = result.accepted.normalized
    change = ToneComparison(metrics.objective, result.baseline.profile, result.accepted.profile, has_reference)
    effects = {} if metrics.objective.evens_level else measure_slot_effects(renderer, metrics, before, after)
    return tuple(
        _explain(control, effects.get(control.slot), change, result) if has_moved else None
        for control, has_moved in zip(renderer.chain.controls, np.abs(after - before) > 0, strict=True)
    )


def _explain(
    control: Control, effect: SlotEffect | None, change: ToneComparison, result: GuardDecision
) -> Explanation | None:
    if change.objective.evens_level:
        return _evenness(result.before, result.after)
    if control.role in ("output_gain", "limiting", "ceiling"):
        return _loudness(result.before, result.after)
    if (named := _FREQUENCY.fullmatch(control.name)) is not None:  # one of many bands is named by where it acts
        return change.tone(_around(float(named[1]) * (1000 if named[2] else 1), change))
    if effect is None:
        return None
    if effect.is_dynamic:
        return change.dynamics()
    if np.abs(effect.colour_db[: change.bands]).max(initial=0.0) >= AUDIBLE_DB:
        bands = _strongest(effect, change.bands)
        return change.tone(bands, float(effect.colour_db[bands].mean()))
    if abs(effect.gain_db) >= AUDIBLE_DB:
        return Explanation(kind=ExplanationKind.GAIN, effect_db=effect.gain_db)
    return Explanation(kind=ExplanationKind.INAUDIBLE)


def _strongest(effect: SlotEffect, count: int) -> slice:
    """The run of bands around the strongest one in which the effect has the same sign and at least `SHARE` of it. Bands
    that hold nothing do not end it."""
    colour, sounds = effect.colour_db[:count], effect.sounds[:count]
    peak = int(np.abs(colour).argmax())
    strong = (colour * np.sign(colour[peak]) >= SHARE * abs(colour[peak])) | ~sounds
    start, end = peak, peak + 1
    while start > 0 and strong[start - 1]:
        start -= 1
    while end < strong.size and strong[end]:
        end += 1
    sounding = start + np.flatnonzero(sounds[start:end])
    return slice(int(sounding[0]), int(sounding[-1]) + 1)


def _around(frequency_hz: float, change: ToneComparison) -> slice:
    """The bands within half an octave, at least the nearest."""
    octaves = np.abs(np.log2(band_centres_hz(change.objective.features)[: change.bands] / frequency_hz))
    near = np.flatnonzero(octaves <= max(0.5, float(octaves.min())))
    return slice(int(near[0]), int(near[-1]) + 1)


def nominal_band_hz(bands: slice, features: FeatureSettings) -> tuple[float | None, float | None]:
    """Return the ends of mel bands as the nearest nominal third-octave frequencies; None is an open end.

    >>> nominal_band_hz(slice(20, 31), FeatureSettings()), nominal_band_hz(slice(0, 2), FeatureSettings())
    ((1250.0, 2500.0), (None, 125.0))
    """
    edges = band_edges_hz(features)
    low, high = (_nominal_hz(float(edges[place : place + 2].mean())) for place in (bands.start, bands.stop))
    if bands.start == 0:
        return None, high
    return low, None if bands.stop == edges.size - 2 else high


def _nominal_hz(frequency_hz: float) -> float:
    decade = 10.0 ** np.floor(np.log10(frequency_hz))
    return float(decade * min(_NOMINAL, key=lambda value: abs(np.log(frequency_hz / decade / value))))


def _loudness(before: Measurements, after: Measurements) -> Explanation:
    """A difference: the windows are parts of the track, and tables show the loudness of all of it."""
    if before.loudness_lufs is None or after.loudness_lufs is None:
        return Explanation(kind=ExplanationKind.PEAKS)
    change_lu = after.loudness_lufs - before.loudness_lufs
    if abs(change_lu) < AUDIBLE_DB:
        return Explanation(kind=ExplanationKind.MAKEUP)
    return Explanation(kind=ExplanationKind.LOUDNESS, effect_db=change_lu)


def _evenness(before: Measurements, after: Measurements) -> Explanation | None:
    if before.distance_db is None or after.distance_db is None:
        return None
    return Explanation(kind=ExplanationKind.EVENNESS, before_db=before.distance_db, after_db=after.distance_db)
