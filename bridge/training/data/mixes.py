"""Mixes of stems, as mastering gets them: random balance, places in the stereo field, a room, a little saturation.

A mix is drawn once and can then be cut at any place, so that another part of it sounds alike. `TonalBalance` says what
is good here: how the levels of third-octave bands lie in finished recordings. Nothing here renders through a plugin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bridge.decibels import db_to_amplitude, power_to_db
from bridge.training.data.example_renderer import cut_clip
from bridge.training.data.recordings import Recording, rms
from bridge.types import Audio, Float64

THIRDS_HZ: Float64 = 1000.0 * 2.0 ** (np.arange(-16, 13) / 3)  # 25 Hz to 16 kHz
STEM_RMS = 0.05
BALANCE_DB = 3.0  # standard deviation of a stem's level
PLACE = 0.7  # farthest from the middle; 1 is hard left or right
LOW_SHARE = 0.5  # a stem with so much of its power below 200 Hz stands in the middle
ROOM = 0.3  # most of the level of a stem's reflections
REFLECTIONS_S = (0.007, 0.023)
SATURATED_SHARE = 0.3
SYNTHESISED_STEMS = (3, 5)
MASTER_SHARE = 1 / 3  # of the mixes are finished stereo recordings, where there are such
SYNTHESISED_SHARE = 0.4
_BLOCK = 8192
_LIMIT_DB = 9.0  # what an equaliser of finished mixes may do
_FLOOR_DB = -28.0  # bands so far below the loudest hold nothing to bring up


@dataclass(frozen=True)
class StemStrip:
    """One stem of a mix: gain as a factor, place -1..1, and its reflections' level and delays to each side."""

    stem: Recording
    gain: float
    place: float
    room: float
    delays_s: tuple[float, float]

    def cut(self, rate: int, length: int, place: float, retuning: float) -> Audio:
        """(2, length) from `place` 0..1 of the stem."""
        audio = cut_clip(self.stem, rate, length, place, retuning).astype(np.float32) * np.float32(self.gain)
        if len(audio) == 2:
            return audio
        angle = (self.place + 1) * np.pi / 4
        sides = np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]], dtype=np.float32)
        stereo: Audio = sides * audio
        for side, delay_s in enumerate(self.delays_s):
            delay = round(delay_s * rate)
            stereo[side, delay:] += np.float32(self.room) * audio[0, : length - delay]
        return stereo


@dataclass(frozen=True)
class StemMix:
    """Stems as they go together. `name` is the song's; `drive` 0: no saturation. `is_finished`: a master already."""

    name: str
    strips: tuple[StemStrip, ...]
    drive: float = 0.0
    is_finished: bool = False

    def cut(self, rate: int, length: int, place: float, retuning: float = 0.0) -> Audio:
        """(2, length) from `place` 0..1 of the song; its stems stay together in time."""
        mixed = np.sum([strip.cut(rate, length, place, retuning) for strip in self.strips], axis=0)
        if self.drive > 0:  # by level, so that every part of a mix is driven alike
            mixed = np.tanh(np.float32(self.drive) * mixed) / np.float32(self.drive)
        return np.asarray(mixed, dtype=np.float32)


@dataclass(frozen=True)
class MixGenerator:
    """Draws mixes: the stems of a song together, single mono recordings together, stereo ones as they are."""

    recordings: Sequence[Recording]

    @cached_property
    def songs(self) -> list[list[Recording]]:
        return [members for members in self._groups if len(members) > 1]

    @cached_property
    def masters(self) -> list[Recording]:
        """Single recordings in true stereo: finished, and examples of what is good."""
        return [members[0] for members in self._groups if len(members) == 1 and is_stereo(members[0])]

    @cached_property
    def layers(self) -> list[Recording]:
        return [members[0] for members in self._groups if len(members) == 1 and not is_stereo(members[0])]

    @cached_property
    def balance(self) -> TonalBalance:
        """What is good: the mean of the masters, where there are any."""
        if not self.masters:
            return PUBLISHED_BALANCE
        levels = [band_levels_db(master.audio, master.sample_rate_hz) for master in self.masters]
        return TonalBalance(np.mean([own - own[_MIDDLE].mean() for own in levels], axis=0))

    def draw(self, generator: np.random.Generator) -> StemMix:
        """A mix of any of them; ValueError where there is no recording at all."""
        if self.masters and (generator.random() < MASTER_SHARE or not (self.songs or self.layers)):
            master = self.masters[int(generator.integers(len(self.masters)))]
            return StemMix(master.name, (StemStrip(master, 1.0, 0.0, 0.0, (0.0, 0.0)),), is_finished=True)
        if self.songs and (not self.layers or generator.random() >= SYNTHESISED_SHARE):
            return draw_mix(self.songs[int(generator.integers(len(self.songs)))], generator)
        if not self.layers:
            raise ValueError("There is no recording to make a mix of.")
        count = min(len(self.layers), int(generator.integers(*SYNTHESISED_STEMS, endpoint=True)))
        return draw_mix([self.layers[i] for i in generator.permutation(len(self.layers))[:count]], generator)

    @cached_property
    def _groups(self) -> list[list[Recording]]:
        groups: dict[str, list[Recording]] = defaultdict(list)
        for recording in self.recordings:
            groups[recording.group].append(recording)
        return list(groups.values())


def draw_mix(stems: Sequence[Recording], generator: np.random.Generator) -> StemMix:
    """`stems` at one level give or take `BALANCE_DB`, anywhere in the field; what is low stands in the middle."""
    strips = []
    for stem in stems:
        level = STEM_RMS * db_to_amplitude(generator.normal(0, BALANCE_DB))
        place, room = generator.uniform(-PLACE, PLACE), generator.uniform(0, ROOM)
        delays = (float(generator.uniform(*REFLECTIONS_S)), float(generator.uniform(*REFLECTIONS_S)))
        if _low_share(stem) > LOW_SHARE:
            place, room = 0.1 * place, 0.2 * room
        strips.append(StemStrip(stem, level / max(rms(stem.audio), 1e-6), place, room, delays))
    drive = float(generator.uniform(0.5, 3.0)) if generator.random() < SATURATED_SHARE else 0.0
    return StemMix(stems[0].group if len({stem.group for stem in stems}) == 1 else stems[0].name, tuple(strips), drive)


@dataclass(frozen=True)
class TonalBalance:
    """Levels of `THIRDS_HZ` in dB, (29,), relative to those between 200 Hz and 4 kHz."""

    levels_db: Float64

    def finishing_db(self, audio: Audio, sample_rate_hz: int, share: float) -> Float64:
        """Gains (29,) that take `audio` that share of the way: broad, within 9 dB, none where it has nothing."""
        own = band_levels_db(audio, sample_rate_hz)
        missing = np.where(own > own.max() + _FLOOR_DB, self.levels_db - (own - own[_MIDDLE].mean()), 0.0)
        smooth = np.convolve(np.pad(missing, 2, mode="edge"), np.full(5, 0.2), mode="valid")
        return np.asarray(np.clip(share * smooth, -_LIMIT_DB, _LIMIT_DB))


def band_levels_db(audio: Audio, sample_rate_hz: int) -> Float64:
    """Mean power in each of `THIRDS_HZ` of (channels, samples) in dB, (29,); channels are averaged as power."""
    block = min(_BLOCK, audio.shape[-1])
    blocks = np.lib.stride_tricks.sliding_window_view(audio, block, axis=-1)[:, :: max(1, block // 2)]
    power = (np.abs(np.fft.rfft(blocks * np.hanning(block).astype(np.float32))) ** 2).mean(axis=(0, 1))
    total = np.concatenate([[0.0], np.cumsum(power)])
    bin_hz = sample_rate_hz / block
    low, high = (np.interp(THIRDS_HZ * 2**step / bin_hz, np.arange(total.size), total) for step in (-1 / 6, 1 / 6))
    return power_to_db(high - low)


def equalised(audio: Audio, sample_rate_hz: int, gains_db: Float64) -> Audio:
    """(channels, samples) with gains (29,) at `THIRDS_HZ`, straight lines between them over log f; zero phase."""
    samples = audio.shape[-1]
    hertz = np.maximum(np.fft.rfftfreq(samples, 1 / sample_rate_hz), 1.0)
    gain = db_to_amplitude(np.interp(np.log(hertz), np.log(THIRDS_HZ), gains_db)).astype(np.float32)
    return np.asarray(np.fft.irfft(np.fft.rfft(audio) * gain, samples), dtype=np.float32)


def is_stereo(recording: Recording) -> bool:
    """Whether its two sides differ."""
    return len(recording.audio) == 2 and not np.array_equal(recording.audio[0], recording.audio[1])


def _published_db() -> Float64:
    """Spectral density of popular recordings, by P. D. Pestana, Z. Ma, J. D. Reiss, A. Barbosa and D. A. A. Black,
    "Spectral characteristics of popular commercial recordings 1950-2010" (AES 135, 2013), in round numbers: a hump at
    100 Hz, 5 dB less per octave to 4 kHz, more above. A third of an octave holds 3 dB more per octave than a hertz."""
    octaves = np.log2(THIRDS_HZ / 100.0)
    levels = -2.0 * np.clip(octaves, 0, np.log2(40)) - 5.0 * np.clip(octaves - np.log2(40), 0, None)
    levels += 4.0 * np.clip(octaves + 1, None, 0) + 1.0 * np.clip(octaves, -1, 0)
    return np.asarray(levels - levels[_MIDDLE].mean())


def _low_share(stem: Recording) -> float:
    middle = stem.audio[0, stem.audio.shape[-1] // 4 :][: 1 << 17]
    power = np.abs(np.fft.rfft(middle)) ** 2
    below = power[: int(200.0 * middle.size / stem.sample_rate_hz)]
    return float(below.sum() / max(power.sum(), 1e-12))


_MIDDLE = (THIRDS_HZ > 200) & (THIRDS_HZ < 4000)
PUBLISHED_BALANCE = TonalBalance(_published_db())
