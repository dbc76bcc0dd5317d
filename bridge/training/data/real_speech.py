"""Recorded speech for scenes: where words sound, the line of the words alone, the tone of the room, and single breaths.

Real pauses hold breaths and noises that nobody has labelled. So words are found by the voice in them, with the
consonants beside it; what else sounds is left out of the line, and the room is filled in by noise with its spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bridge.audio.resampling import resample_to
from bridge.decibels import power_to_db
from bridge.features.periodicity import frame_periodicity
from bridge.features.words import Words, closed, find_words, runs
from bridge.training.data.recordings import Recording
from bridge.types import Float32, Float64, Mask

_HOP_S, _WINDOW_S = 0.010, 0.032
_BEFORE_S, _BEHIND_S = 0.18, 0.24  # consonants of air at the ends of words, at most
_FADE_S = 0.012
_ROOM_SIZE = 1024
_ROOM_SHARE = 0.08  # of the frames are taken for the room
_BREATH_BELOW_DB = 22.0
_AIR_SLOPE_DB = (-12.0, -3.0)  # per octave
_BREATH_S = (0.15, 1.2)


@dataclass(frozen=True)
class SpeechFrames:
    """A recording in frames of 10 ms: their middles, levels in dB, and where words sound."""

    times_s: Float64
    level_db: Float64
    words: Words

    @property
    def mask(self) -> Mask:
        return self.words.mask


@dataclass(frozen=True)
class RoomTone:
    """The mean power of a room (bins,) at a sample rate, each bin that of a frame of white noise of that power."""

    power: Float64 = field(repr=False)
    sample_rate_hz: int

    def noise(self, generator: np.random.Generator, samples: int, sample_rate_hz: int) -> Float64:
        """Noise (samples,) with the room's spectrum and level at another rate."""
        white = np.fft.rfft(generator.normal(size=samples))
        frequency = np.fft.rfftfreq(samples, 1 / sample_rate_hz)
        places = np.linspace(0, self.sample_rate_hz / 2, self.power.size)
        shape = np.sqrt(np.interp(frequency, places, self.power, right=float(self.power[-1])))
        return np.asarray(np.fft.irfft(white * shape, samples))


def speech_frames(audio: Float32, sample_rate_hz: int) -> SpeechFrames:
    """Return levels and words of `audio` (samples,)."""
    window, hop = round(_WINDOW_S * sample_rate_hz), round(_HOP_S * sample_rate_hz)
    count = max(1, (audio.size - window) // hop + 1)
    total = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64))])
    starts = np.arange(count) * hop
    level_db = power_to_db((total[np.minimum(starts + window, audio.size)] - total[starts]) / window)
    periodicity = frame_periodicity(audio[None], sample_rate_hz, window=window, hop=hop)
    words = find_words(level_db, periodicity, _HOP_S, before_s=_BEFORE_S, behind_s=_BEHIND_S)
    return SpeechFrames((starts + window // 2) / sample_rate_hz, level_db, words)


def words_alone(audio: Float32, sample_rate_hz: int, frames: SpeechFrames) -> Float32:
    """`audio` (samples,) with silence where no word sounds, faded."""
    samples = np.arange(audio.size) / sample_rate_hz
    gate = np.interp(samples, frames.times_s, frames.mask.astype(np.float64))
    width = max(1, round(_FADE_S * sample_rate_hz))
    gate = np.convolve(gate, np.ones(width) / width, mode="same")
    return (audio * gate).astype(np.float32)


def in_whole_seconds(audio: Float32, sample_rate_hz: int, target_hz: int) -> Float32:
    """`audio` (samples,) at another rate, with silence up to a whole second: other lengths are slow to transform."""
    seconds = -(-audio.size // sample_rate_hz)
    padded = np.pad(audio, (0, seconds * sample_rate_hz - audio.size))
    return padded if sample_rate_hz == target_hz else resample_to(padded, seconds * target_hz)


def room_tone(audio: Float32, sample_rate_hz: int, frames: SpeechFrames) -> RoomTone | None:
    """The room of `audio` (samples,), from its softest moments without words; None where those are digital silence."""
    quiet = np.flatnonzero(~frames.mask & (frames.level_db > -115))
    if quiet.size < 4:
        quiet = np.flatnonzero(frames.level_db > -115)
    if not quiet.size:
        return None
    softest = quiet[np.argsort(frames.level_db[quiet])][: max(4, round(_ROOM_SHARE * frames.mask.size))]
    taper = np.hanning(_ROOM_SIZE)
    taper /= np.sqrt(np.sum(taper**2))
    starts = np.clip(np.round(frames.times_s[softest] * sample_rate_hz).astype(int) - _ROOM_SIZE // 2, 0, None)
    moments = [audio[start : start + _ROOM_SIZE] for start in starts if start + _ROOM_SIZE <= audio.size]
    if not moments:
        return None
    power = np.square(np.abs(np.fft.rfft(np.stack(moments) * taper, axis=1))).mean(0)
    return RoomTone(power, sample_rate_hz)


def single_breaths(recording: Recording) -> list[Float32]:
    """The breaths (samples,) of a recording of nothing else, each by itself with a peak of 1."""
    audio, rate = recording.audio.mean(0), recording.sample_rate_hz
    hop = round(_HOP_S * rate)
    level_db = power_to_db(np.square(audio[: audio.size // hop * hop], dtype=np.float64).reshape(-1, hop).mean(1))
    sounding = closed(level_db > np.quantile(level_db, 0.98) - _BREATH_BELOW_DB, 8)
    breaths = []
    for start, end in runs(sounding):
        length_s = (end - start) * _HOP_S
        if _BREATH_S[0] <= length_s:
            wave = audio[start * hop : min(end, start + round(_BREATH_S[1] / _HOP_S)) * hop].astype(np.float64)
            fade = min(wave.size // 3, round(0.02 * rate))
            slope = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
            wave[:fade] *= slope
            wave[-fade:] *= slope[::-1]
            breaths.append((wave / max(1e-6, float(np.abs(wave).max()))).astype(np.float32))
    return breaths


def with_air(breath: Float32, sample_rate_hz: int, generator: np.random.Generator) -> Float32:
    """`breath` (samples,) with noise above the highest frequency that its recording has, falling on as breath does."""
    size = breath.size
    power = np.square(np.abs(np.fft.rfft(breath)))
    bins = np.fft.rfftfreq(size, 1 / sample_rate_hz)
    edges = np.arange(1000.0, sample_rate_hz / 2, 500.0)
    bands = np.array([power[(bins >= low) & (bins < low + 500)].mean() for low in edges])
    sounding = np.flatnonzero(bands > bands.max() * 1e-4)
    highest_hz = float(edges[sounding[-1]]) if sounding.size else 1000.0
    slope_db = generator.uniform(*_AIR_SLOPE_DB) * np.log2(np.maximum(bins, 1) / highest_hz)
    shape = np.where(bins > highest_hz, np.sqrt(bands[sounding[-1]] if sounding.size else 0) * 10 ** (slope_db / 20), 0)
    air = np.fft.irfft(np.fft.rfft(generator.normal(size=size)) * shape / np.sqrt(size), size)
    width = round(0.02 * sample_rate_hz)
    envelope = np.sqrt(np.convolve(np.square(breath, dtype=np.float64), np.ones(width) / width, mode="same"))
    envelope /= max(1e-9, float(np.sqrt(np.mean(envelope**2))))
    return np.asarray(breath + air * envelope, dtype=np.float32)
