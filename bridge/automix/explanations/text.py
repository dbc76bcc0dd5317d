"""Reasons as sentences: where a slot acts, how far the sound lay from its target there, and how far it lies now.

What did not help reads as such: the numbers are told as they were measured. Where the sound lies farther off than
before, what the slot itself does there is told as well: the others may have outdone it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from bridge.automix.explanations.attribution import SlotEffect, measure_slot_effects
from bridge.automix.guard.guard import Guard, GuardDecision
from bridge.automix.job import UNHEARD
from bridge.automix.objective import Objective
from bridge.features.bands import band_centres_hz, band_edges_hz
from bridge.features.profile import SpectralProfile, loudness_db
from bridge.features.settings import FeatureSettings
from bridge.plugins.chain.control import Control
from bridge.types import Float32, NormalizedArray

AUDIBLE_DB = 0.5
SHARE = 0.5  # of its strongest effect: the bands where a slot acts
_FREQUENCY = re.compile(r"(\d+(?:\.\d+)?) ?(k)?Hz")
_NOMINAL = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0, 10.0)  # thirds of an octave, as on any equaliser


@dataclass(frozen=True)
class ProfileChange:
    """The sound before and after against its target, (bands,) in dB: positive lies above it."""

    aim: Objective
    before: SpectralProfile
    after: SpectralProfile
    goal: str

    def gaps_db(self, sound: SpectralProfile) -> Float32:
        """At equal loudness, unless level is part of the target."""
        heard, target = self.heard, self.aim.target
        gaps = sound.mean_db[:heard] - target.mean_db[:heard]
        if not self.aim.level_counts:
            own = loudness_db(sound.mean_db[:heard], sound.spread_db[:heard], self.aim.features)
            gaps = gaps - (own - loudness_db(target.mean_db[:heard], target.spread_db[:heard], self.aim.features))
        return np.asarray(gaps, dtype=np.float32)

    def spread_db(self, sound: SpectralProfile) -> float:
        return float(sound.spread_db[: self.heard].mean())

    @property
    def heard(self) -> int:
        return min(self.before.valid_bands, self.aim.target.valid_bands)


def explain_changes(
    guard: Guard, verdict: GuardDecision, before: NormalizedArray, *, has_reference: bool
) -> tuple[str, ...]:
    """One sentence for each control (controls,); '' for those that stay. Empty where nothing was accepted."""
    if verdict.accepted is None or verdict.before_profile is None:
        return ()
    after = verdict.accepted.settings
    goal = "the reference" if has_reference else "the target"
    course = ProfileChange(guard.aim, verdict.before_profile, verdict.accepted.profile, goal)
    effects = {} if guard.aim.evens_level else measure_slot_effects(guard, before, after)
    moved = np.abs(after - before) > 0
    return tuple(
        _sentence(control, effects.get(control.slot), course, verdict) if is_moved else ""
        for control, is_moved in zip(guard.chain.controls, moved, strict=True)
    )


def _sentence(control: Control, effect: SlotEffect | None, course: ProfileChange, verdict: GuardDecision) -> str:
    if course.aim.evens_level:
        return _evenness(verdict)
    if control.role in ("output_gain", "limiting", "ceiling"):
        return _loudness(verdict)
    if (named := _FREQUENCY.fullmatch(control.name)) is not None:  # one of many bands says itself where it acts
        return _gap(_around(float(named[1]) * (1000 if named[2] else 1), course), course)
    if effect is None:
        return ""
    if effect.is_dynamic:
        before, now = course.spread_db(course.before), course.spread_db(course.after)
        aim = course.spread_db(course.aim.target)
        return f"The level went up and down by {before:.1f} dB, {course.goal} by {aim:.1f} dB; now {now:.1f} dB."
    if np.abs(effect.colour_db[: course.heard]).max(initial=0.0) >= AUDIBLE_DB:
        bands = _strongest(effect, course.heard)
        return _gap(bands, course, by_itself_db=float(effect.colour_db[bands].mean()))
    if abs(effect.level_db) >= AUDIBLE_DB:
        return (
            f"By itself it brings the level {'up' if effect.level_db > 0 else 'down'} by {abs(effect.level_db):.1f} dB."
        )
    return UNHEARD


def _gap(bands: slice, course: ProfileChange, *, by_itself_db: float | None = None) -> str:
    """How far the sound lay from its target in `bands`, and lies now; where that is farther, what the slot does."""
    was, now = (float(course.gaps_db(sound)[bands].mean()) for sound in (course.before, course.after))
    told = f"{region(bands, course.aim.features)} lay {_above(was)} {course.goal}, now {_above(now)}"
    if by_itself_db is None or abs(now) < abs(was) + 0.05:
        return f"{told}."
    return f"{told}; this alone {'raises' if by_itself_db > 0 else 'lowers'} it by {abs(by_itself_db):.1f} dB."


def _above(gap_db: float) -> str:
    if abs(gap_db) < 0.05:
        return "level with"
    return f"{abs(gap_db):.1f} dB {'above' if gap_db > 0 else 'below'}"


def _strongest(effect: SlotEffect, heard: int) -> slice:
    """The run of bands around the strongest one in which the effect has the same sign and at least `SHARE` of it. Bands
    that hold nothing do not end it."""
    colour, sounds = effect.colour_db[:heard], effect.sounds[:heard]
    peak = int(np.abs(colour).argmax())
    strong = (colour * np.sign(colour[peak]) >= SHARE * abs(colour[peak])) | ~sounds
    start, end = peak, peak + 1
    while start > 0 and strong[start - 1]:
        start -= 1
    while end < strong.size and strong[end]:
        end += 1
    sounding = start + np.flatnonzero(sounds[start:end])
    return slice(int(sounding[0]), int(sounding[-1]) + 1)


def _around(frequency_hz: float, course: ProfileChange) -> slice:
    """The bands within half an octave, at least the nearest."""
    octaves = np.abs(np.log2(band_centres_hz(course.aim.features)[: course.heard] / frequency_hz))
    near = np.flatnonzero(octaves <= max(0.5, float(octaves.min())))
    return slice(int(near[0]), int(near[-1]) + 1)


def region(bands: slice, features: FeatureSettings) -> str:
    """Bands as people speak of them.

    >>> region(slice(20, 31), FeatureSettings()), region(slice(0, 2), FeatureSettings())
    ('1.25-2.5 kHz', 'Below 125 Hz')
    """
    edges = band_edges_hz(features)
    low, high = (float(edges[place : place + 2].mean()) for place in (bands.start, bands.stop))
    if bands.start == 0:
        return f"Below {_hertz(high)}"
    if bands.stop == edges.size - 2:
        return f"Above {_hertz(low)}"
    shown = [_hertz(low), _hertz(high)]
    if shown[0] == shown[1]:
        return f"Around {shown[0]}"
    if shown[0][-3:] == shown[1][-3:]:
        shown[0] = shown[0].rsplit(" ", 1)[0]
    return "-".join(shown)


def _hertz(frequency_hz: float) -> str:
    """The nearest third of an octave."""
    decade = 10.0 ** np.floor(np.log10(frequency_hz))
    nominal = min(_NOMINAL, key=lambda value: abs(np.log(frequency_hz / decade / value)))
    hertz = nominal * decade
    return f"{hertz / 1000:g} kHz" if hertz >= 1000 else f"{hertz:g} Hz"


def _loudness(verdict: GuardDecision) -> str:
    """A difference: what was listened to is parts of the track, and tables tell the loudness of all of it."""
    before, after = verdict.before.loudness_lufs, verdict.after.loudness_lufs
    if before is None or after is None:
        return "It keeps the peaks below full scale."
    if abs(after - before) < 0.5:
        return "The other settings changed the loudness; this brings it back to what it was."
    return f"The loudness changes by {after - before:+.1f} LU where it was listened to."


def _evenness(verdict: GuardDecision) -> str:
    before, after = verdict.before.distance_db, verdict.after.distance_db
    if before is None or after is None:
        return ""
    return f"The level went up and down by {before:.1f} dB from moment to moment, now by {after:.1f} dB."
