"""What lies behind a sound: the noise in its pauses, and the rumble below its lowest band. Measured is by how much a
change lifts them beside the sound itself.

Noise is what is left in the quietest frames and holds its level there, as hiss, hum and rooms do; a note that rings
off falls, and is part of the sound. Rumble is what lies in the bands below the lowest that sounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.decibels import db_to_power, power_to_db
from bridge.features.mel_bands import loudness_weights_db
from bridge.features.profile import SoundFeatures
from bridge.features.settings import FeatureSettings
from bridge.types import Float32, Mask

HEARD_DB = 60.0  # noise farther below the loudest frames is not heard
SOUND_DB = 12.0  # frames so near to the loudest are the sound itself
PAUSE_DB = 20.0  # a sound whose quietest frames lie nearer to it has no pauses
QUIETEST = 15.0  # percentile of the frames that may be pauses
STEADY_FRAMES, STEADY_DB = 4, 5.0  # a level that moves less over so many frames to either side holds
LEAST_SHARE = 0.03  # of all frames, that must be pauses
LOWEST_DB = 40.0  # a band so far below the strongest is no part of the sound
ABOVE_NOISE_DB = 6.0  # nor is one that the sound lifts less above its pauses


@dataclass(frozen=True)
class BackgroundLift:
    """By how many dB more than the sound its background became louder; 0 where there is none that is heard."""

    noise_db: float
    rumble_db: float


def background_lift(before: SoundFeatures, after: SoundFeatures, settings: FeatureSettings) -> BackgroundLift:
    """Return what a change did to the background of a sound; `before` and `after` are the same frames."""
    valid, frames = min(before.valid_bands, after.valid_bands), min(before.log_mel.shape[1], after.log_mel.shape[1])
    was, now = (sound.log_mel[:valid, :frames] for sound in (before, after))
    was_db, now_db = _loudness_db(was, settings), _loudness_db(now, settings)
    sound = was_db >= np.percentile(was_db, 95) - SOUND_DB
    silence_db = _loudness_db(np.full((valid, 1), settings.floor_db, dtype=np.float32), settings)[0]
    pauses = _pauses(was_db, silence_db + ABOVE_NOISE_DB)
    louder_db = float(np.mean(now_db[sound] - was_db[sound]))
    return BackgroundLift(
        noise_db=_noise_lift_db(was_db, now_db, pauses, louder_db),
        rumble_db=_rumble_lift_db(was, now, sound, pauses, louder_db),
    )


def _noise_lift_db(was_db: Float32, now_db: Float32, pauses: Mask, louder_db: float) -> float:
    if not pauses.any() or now_db[pauses].mean() < np.percentile(now_db, 95) - HEARD_DB:
        return 0.0
    return float(np.mean(now_db[pauses] - was_db[pauses])) - louder_db


def _rumble_lift_db(was: Float32, now: Float32, sound: Mask, pauses: Mask, louder_db: float) -> float:
    was_db, now_db = _mean_db(was[:, sound]), _mean_db(now[:, sound])
    sounds = was_db >= was_db.max() - LOWEST_DB
    if pauses.any():
        sounds &= was_db >= _mean_db(was[:, pauses]) + ABOVE_NOISE_DB
    below = int(np.argmax(sounds))
    heard = now_db[:below] >= now_db.max() - LOWEST_DB
    return float((now_db - was_db)[:below][heard].max(initial=louder_db)) - louder_db


def _pauses(level_db: Float32, least_db: float) -> Mask:
    """Which frames (frames,) above `least_db` hold nothing but noise: none where too few do."""
    noisy = level_db > least_db
    if not noisy.any():
        return noisy
    quiet = level_db <= min(np.percentile(level_db[noisy], QUIETEST), np.percentile(level_db, 95) - PAUSE_DB)
    padded = np.pad(level_db, STEADY_FRAMES, mode="edge")
    steady = np.abs(padded[2 * STEADY_FRAMES :] - padded[: -2 * STEADY_FRAMES]) < STEADY_DB
    pauses = noisy & quiet & steady
    return np.asarray(pauses & (pauses.mean() >= LEAST_SHARE))


def _loudness_db(log_mel: Float32, settings: FeatureSettings) -> Float32:
    """The level of each frame (frames,), its bands weighted as in loudness."""
    weighted = log_mel + loudness_weights_db(settings)[: len(log_mel), None]
    return np.asarray(power_to_db(np.sum(db_to_power(weighted), axis=0), floor=0.0), dtype=np.float32)


def _mean_db(log_mel: Float32) -> Float32:
    """The mean power of each band (bands,)."""
    return np.asarray(power_to_db(np.mean(db_to_power(log_mel), axis=1), floor=0.0), dtype=np.float32)
