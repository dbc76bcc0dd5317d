"""Do no harm, for settings that move: what does not help is reverted, region by region.

It compares the power of the same frames before and after: in a region it must fall, and in the words around it it must
stay. Nothing here renders; the caller brings the powers of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bridge.automix.automation.frame_predictions import FramePredictions
from bridge.automix.automation.regions import AutomationRegion
from bridge.automix.facts import DecisionKind
from bridge.decibels import power_to_db
from bridge.features.words import has_rhythm_of_speech
from bridge.types import Float32, Float64

SPEECH_SHARE = 0.15  # of the frames that sound: with less, nobody speaks to the network
RHYTHM_SPEECH_SHARE = 0.01
SOUNDING_DB = 35.0  # below what is loud
LEAST_DOWN_DB = 3.0
SPEECH_CHANGE_DB = 0.5  # of the words around a region
AROUND_S = 0.25
_LEAST_POWER = 1e-12


def missing_speech(frames: FramePredictions) -> DecisionKind | None:
    """Return why nothing is to be done for a voice, or None where somebody speaks: enough of what sounds is speech to
    the network, or some of it where voice comes and goes as in speech. The network was trained with few of all voices;
    that rhythm is the same in all of them."""
    sounding = frames.loudness_db > frames.loud_db - SOUNDING_DB
    share = float(np.mean(frames.speech[sounding] > 0.5)) if sounding.any() else 0.0
    if share >= SPEECH_SHARE:
        return None
    if share == 0.0 or not has_rhythm_of_speech(frames.loudness_db, frames.words, frames.hop_s):
        return DecisionKind.NO_SPEECH
    return None if share >= RHYTHM_SPEECH_SHARE else DecisionKind.UNFAMILIAR_VOICE


def harmful_regions(
    frames: FramePredictions, regions: Sequence[AutomationRegion], before: Float64, after: Float64
) -> list[AutomationRegion]:
    """Return the regions that do no good, or harm the words around them, from the power of each frame (frames,)."""
    speech = ((frames.speech > 0.5) | frames.words.mask) & (frames.activity.max(0) < 0.5)
    around = round(AROUND_S / frames.hop_s)
    harmful = []
    for region in regions:
        core = np.arange(region.start, region.end)
        core = core[frames.activity[region.control, core] >= 0.5]
        near = slice(max(0, region.start - around), region.end + around)
        words = speech[near]
        is_down = attenuation_db(before[core], after[core]) >= LEAST_DOWN_DB
        change_db = abs(attenuation_db(before[near][words], after[near][words])) if words.any() else 0.0
        if not is_down or change_db > SPEECH_CHANGE_DB:
            harmful.append(region)
    return harmful


def frame_powers(blocks: Iterable[Float32], sample_rate_hz: int, times_s: Float64) -> Float64:
    """Return the mean power (frames,) of the hop around each of `times_s`, from a sound that comes in blocks."""
    if len(times_s) < 2:
        total = [float(np.mean(np.square(block, dtype=np.float64))) for block in blocks]
        return np.full(len(times_s), np.mean(total))
    hop = round((times_s[1] - times_s[0]) * sample_rate_hz)
    first = max(0, round(times_s[0] * sample_rate_hz) - hop // 2)
    waiting, found, skipped = np.zeros(0), [], 0
    for block in blocks:
        power = np.square(block, dtype=np.float64).mean(0)
        skip = min(first - skipped, power.size)
        skipped += skip
        waiting = np.concatenate([waiting, power[skip:]])
        whole = waiting.size - waiting.size % hop
        found.append(waiting[:whole].reshape(-1, hop).mean(1))
        waiting = waiting[whole:]
    powers = np.concatenate(found)[: len(times_s)]
    return np.pad(powers, (0, len(times_s) - len(powers)), mode="edge")


def attenuation_db(before: Float64, after: Float64) -> float:
    """Return how far the power of some frames fell; 0 for none."""
    if not before.size:
        return 0.0
    return float(power_to_db((before.sum() + _LEAST_POWER) / (after.sum() + _LEAST_POWER), floor=0.0))
