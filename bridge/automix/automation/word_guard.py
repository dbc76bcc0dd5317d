"""Whatever the network says: words are never taken down, and what is taken down ends at the tone of the room.

Words are found by the voice in them (`bridge.features.words`), which needs no training and knows no speaker. A control
of all that is heard rests wherever they sound, with the least that belongs to their beginnings and ends, and wherever
sibilants do. As far as other consonants may reach it moves only where the network is sure; and what sounds by itself
between words goes down even where the network is not, unless it takes it for speech. A control of a band of frequencies
rests where a voice is. Nothing here renders.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bridge.automix.automation.frame_predictions import FramePredictions
from bridge.features.words import closed, runs, spread, without_short
from bridge.plugins.chain.chain import Chain
from bridge.plugins.chain.control import Control
from bridge.types import Float32, Float64, Mask

SURE_NEAR_WORDS = 0.8
LONE_ACTIVITY = 0.9  # of what sounds by itself, and may be an event to the network
LEAST_DOUBT = 0.3
LONE_ABOVE_ROOM_DB = 9.0
LONE_BELOW_LOUD_DB = 45.0
SPOKEN = 0.7
LOUD_AS_WORDS_DB = 3.0  # below the loud level
CREAK_BELOW_LOUD_DB, CREAK_HZ = 12.0, 1000.0  # of 110 recorded breaths none has its centroid there
CREAK_SHARE = 0.3
SIBILANT_HZ = 4200.0  # of 110 recorded breaths none has its centroid there
SIBILANT_S = 0.06
SIBILANT_ENDS = 2  # frames
NEAR_S = 2.0  # the room is listened to so far around an event
LEAST_QUIET_FRAMES = 5
QUIET_BELOW_LOUD_DB = 20.0
_LAW_POINTS = 65


def guard_words(frames: FramePredictions, chain: Chain) -> FramePredictions:
    """Return `frames` with every control at rest in words, and gains so that events come down to the room's tone."""
    activity, position = frames.activity.copy(), frames.position.copy()
    gains = [place for place, control in enumerate(chain.controls) if _is_gain(control)]
    activity[:, frames.words.voiced] = 0.0
    for place in gains:
        lone = lone_sounds(frames) & (activity[place] >= LEAST_DOUBT)
        activity[place, lone] = np.maximum(activity[place, lone], LONE_ACTIVITY)
        unsure = (activity[place] < SURE_NEAR_WORDS) | (frames.speech > SPOKEN)
        activity[place, frames.words.mask | sibilants(frames) | (frames.whole_words.mask & unsure)] = 0.0
        activity[place, too_loud_or_dark(frames, activity[place] >= 0.5)] = 0.0
    guarded = replace(frames, activity=activity, position=position)
    if gains:
        gain_db = np.minimum(room_level_db(guarded) - frames.loudness_db, 0.0)
        for place in gains:
            position[place] = _positions_of_gain(chain.controls[place], gain_db)
    return guarded


def lone_sounds(frames: FramePredictions) -> Mask:
    """Return where something sounds (frames,) that is no part of any word, and that the network does not take for
    speech."""
    level_db, words = frames.loudness_db, frames.whole_words
    least_db = max(words.floor_db + LONE_ABOVE_ROOM_DB, words.loud_db - LONE_BELOW_LOUD_DB)
    return np.asarray((level_db > least_db) & ~words.mask & (frames.speech < SPOKEN))


def sibilants(frames: FramePredictions) -> Mask:
    """Return where sibilants are: no breath is so bright, and no click so long."""
    bright = frames.centroid_hz > SIBILANT_HZ
    bright &= frames.loudness_db > max(frames.words.floor_db + LONE_ABOVE_ROOM_DB, frames.loud_db - LONE_BELOW_LOUD_DB)
    return np.asarray(spread(without_short(closed(bright, 2), round(SIBILANT_S / frames.hop_s)), SIBILANT_ENDS))


def too_loud_or_dark(frames: FramePredictions, acts: Mask) -> Mask:
    """Return the stretches of `acts` (frames,) that are no breaths, for much of them is as loud as words, or loud and
    as dark as a creaking voice, which is not periodic."""
    below_db = frames.loud_db - frames.loudness_db
    is_voice = (below_db < LOUD_AS_WORDS_DB) | ((below_db < CREAK_BELOW_LOUD_DB) & (frames.centroid_hz < CREAK_HZ))
    found = np.zeros(len(acts), dtype=bool)
    for start, end in runs(acts & (below_db < QUIET_BELOW_LOUD_DB + 5)):
        found[start:end] = np.mean(is_voice[start:end]) > CREAK_SHARE
    return np.asarray(spread(found | (is_voice & acts), SIBILANT_ENDS))


def room_level_db(frames: FramePredictions) -> Float64:
    """Return the level of the room (frames,) around each frame: the median of what is neither a word nor an event near
    it, and where there is no such moment the softest of the whole."""
    acts = frames.activity.max(0, initial=0.0) >= 0.5
    quiet = ~frames.words.mask & ~acts & (frames.loudness_db < frames.loud_db - QUIET_BELOW_LOUD_DB)
    floor_db = np.full(len(quiet), frames.words.floor_db)
    near = round(NEAR_S / frames.hop_s)
    places = np.flatnonzero(quiet)
    for index in np.flatnonzero(acts):
        first, last = np.searchsorted(places, (index - near, index + near + 1))
        if last - first >= LEAST_QUIET_FRAMES:
            floor_db[index] = np.median(frames.loudness_db[places[first:last]])
    return floor_db


def _is_gain(control: Control) -> bool:
    return control.role == "output_gain" and control.unit == "dB"


def _positions_of_gain(control: Control, gain_db: Float64) -> Float32:
    """Where a gain stands (frames,), 0..1 over its range, to be `gain_db`."""
    along = np.linspace(0.0, 1.0, _LAW_POINTS)
    values = [control.real_value(control.low + share * (control.high - control.low)) for share in along]
    return np.interp(gain_db, values, along).astype(np.float32)
