"""Scenes: a speaker with breaths, clicks and pops in natural places, and the same speech without them.

A clean recording is cut at its pauses; the phrases get new pauses between them, and the sounds are laid into the
pauses, against the words, and ahead of plosives. Room, tone and gain are the same for both sides. What was added
and where is known from construction. Nothing here renders plugins or knows a model.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bridge.decibels import db_to_amplitude, power_to_db
from bridge.training.data.nonspeech_sounds import FamilySide, Kind, nonspeech_sound
from bridge.training.data.real_speech import RoomTone
from bridge.types import Float32, Float64

Span = tuple[float, float]

GAIN_DB = 8.0
BREATH_BELOW_PEAK_DB = (20.0, 35.0)  # RMS of a breath below the speech's peak
CLICK_BELOW_PEAK_DB = (10.0, 30.0)  # peak below peak
POP_BELOW_PEAK_DB = (3.0, 15.0)
FLOOR_DBFS = (-75.0, -60.0)
WITHOUT_FLOOR = 0.15  # share of the scenes in digital silence
WITHOUT_EVENTS = 0.12
RECORDED_BREATHS = 0.6
BREATHS_PER_PAUSE, CLICKS_PER_PAUSE, POPS_PER_PHRASE, POPS_PER_CLOSURE = 0.7, 0.6, 0.2, 0.06
_BREATH_PAUSE_S = 0.2  # a shorter pause is no time to breathe
_SPEECH_RMS = 0.08
_GRAIN_S = 0.010  # of the level that speech is found by
_ACTIVE_DB = 42.0  # below the loud level of the recording
_PAUSE_S = 0.16  # a shorter gap belongs to the phrase
_PAD_S = 0.025
_CLOSURE_S = (0.03, 0.15)  # the silence of a plosive within a phrase


@dataclass(frozen=True)
class SceneEvent:
    """One sound that is not speech, in seconds from the scene's beginning."""

    kind: Kind
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Scene:
    """A recording with events, `audio` (1, samples); `truth`, the same without the events; `added`, the events alone.

    `speech` are the spans in which words sound.
    """

    audio: Float32 = field(repr=False)
    truth: Float32 = field(repr=False)
    added: Float32 = field(repr=False)
    sample_rate_hz: int
    events: tuple[SceneEvent, ...]
    speech: tuple[Span, ...]


@dataclass(frozen=True)
class Surroundings:
    """What recorded speech stands in, beside what is drawn for every scene.

    Attributes:
        room: the tone of its own room, in the place of a made-up floor; `room_gain_db`: how much louder it is.
        breaths: recorded ones (samples,) at the scene's rate with a peak of 1: half of all breaths are of these.
        bed: a sound (samples,) under all of it, so far below the words: `bed_below_db`. It is to be left alone.
        highest_hz: nothing is left above it, as of a narrow band or a codec; None: all is.
    """

    room: RoomTone | None = None
    room_gain_db: float = 0.0
    breaths: Sequence[Float32] = ()
    bed: Float32 | None = field(default=None, repr=False)
    bed_below_db: float = 24.0
    highest_hz: float | None = None


def speech_spans(audio: Float32, sample_rate_hz: int, *, pause_s: float = _PAUSE_S) -> list[Span]:
    """Where a clean recording (samples,) speaks: spans in seconds between its pauses."""
    grain = max(1, round(_GRAIN_S * sample_rate_hz))
    count = audio.size // grain
    if count == 0:
        return []
    power = np.square(audio[: count * grain], dtype=np.float64).reshape(count, grain).mean(1)
    level_db = power_to_db(power)
    active = level_db > max(np.percentile(level_db, 95) - _ACTIVE_DB, -75)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], active.astype(np.int8), [0]])))
    spans: list[Span] = []
    for start, end in edges.reshape(-1, 2) * (grain / sample_rate_hz):
        if spans and start - spans[-1][1] < pause_s:
            spans[-1] = (spans[-1][0], float(end))
        else:
            spans.append((float(start), float(end)))
    return [span for span in spans if span[1] - span[0] > 3 * _GRAIN_S]


def draw_scene(
    recording: Float32,
    sample_rate_hz: int,
    generator: np.random.Generator,
    *,
    side: FamilySide,
    duration_s: float,
    eventless: float = WITHOUT_EVENTS,
    surroundings: Surroundings = Surroundings(),
) -> Scene:
    """Return one scene made of a clean recording, the same from the same generator.

    Args:
        recording: float32 (samples,) of clean speech.
        sample_rate_hz: of it.
        generator: draws speech, sounds and noise.
        side: which families of sounds are drawn from.
        duration_s: of the scene, in seconds.
        eventless: the chance, 0..1, that nothing is added.
    """
    samples = round(duration_s * sample_rate_hz)
    speech, spans = _timeline(recording, sample_rate_hz, generator, samples)
    added, events = np.zeros(samples, dtype=np.float64), []
    if generator.random() >= eventless:
        layout = _Layout(added, sample_rate_hz, generator, side, surroundings.breaths, _peak(speech, spans))
        events = _lay_events(layout, speech, spans)
    colour = _colour(generator, samples, sample_rate_hz)
    speech, added = _through(speech, colour), _through(added, colour)
    level = _SPEECH_RMS / max(1e-6, float(np.sqrt(np.mean(np.square(_spoken(speech, spans, sample_rate_hz))))))
    gain = level * db_to_amplitude(generator.uniform(-GAIN_DB, GAIN_DB))
    floor = _floor(generator, samples, sample_rate_hz) if surroundings.room is None else np.zeros(samples)
    gain = min(gain, 0.97 / max(1e-6, float(np.abs(speech + added).max())))
    speech, added = gain * speech, gain * added
    speech += floor + _around(speech, surroundings, generator, gain, sample_rate_hz)
    if surroundings.highest_hz is not None:
        speech, added = (_narrowed(one, sample_rate_hz, surroundings.highest_hz) for one in (speech, added))
    truth, placed = (one.astype(np.float32)[None] for one in (speech, added))
    return Scene(truth + placed, truth, placed, sample_rate_hz, tuple(events), tuple(spans))


def _timeline(
    recording: Float32, rate: int, generator: np.random.Generator, samples: int
) -> tuple[Float64, list[Span]]:
    """Phrases of the recording, in an order of chance, with new pauses between them."""
    found = speech_spans(recording, rate)
    line, spans = np.zeros(samples), []
    at = round(generator.uniform(0.15, 1.0) * rate)
    while found and at < samples - round(0.3 * rate):
        start_s, end_s = found[generator.integers(len(found))]
        first, last = max(0, round((start_s - _PAD_S) * rate)), round((end_s + _PAD_S) * rate)
        phrase = _soft_ended(recording[first:last].astype(np.float64), round(0.01 * rate))
        phrase = phrase[: samples - at] * db_to_amplitude(generator.normal(0, 1.5))
        if at + phrase.size == samples:
            phrase = _soft_ended(phrase, round(0.01 * rate))
        line[at : at + phrase.size] += phrase
        pad = start_s - first / rate
        spans.append((at / rate + pad, min(at / rate + pad + end_s - start_s, samples / rate)))
        at += phrase.size + round(generator.choice([generator.uniform(0.12, 0.4), generator.uniform(0.4, 1.5)]) * rate)
    return line, spans


@dataclass
class _Layout:
    """The sounds of one scene while they are laid into `added`. `peak` is the speech's, which levels refer to."""

    added: Float64
    rate: int
    generator: np.random.Generator
    side: FamilySide
    breaths: Sequence[Float32]
    peak: float
    events: list[SceneEvent] = field(default_factory=list)

    def sound(self, kind: Kind, longest_s: float = 1.0) -> Float32:
        fitting = [one for one in self.breaths if one.size <= longest_s * self.rate]
        if kind in ("inhale", "exhale") and fitting and self.generator.random() < RECORDED_BREATHS:
            return fitting[self.generator.integers(len(fitting))]
        return nonspeech_sound(kind, self.generator, sample_rate_hz=self.rate, side=self.side, longest_s=longest_s)

    def lay(
        self, kind: Kind, wave: Float32, start_s: float, below_db: tuple[float, float], *, rms: float = 1.0
    ) -> None:
        """`wave` with a peak (or, given its `rms`, a mean level) so far below the speech's peak."""
        level = self.peak * db_to_amplitude(-self.generator.uniform(*below_db)) / rms
        start = max(0, round(start_s * self.rate))
        part = wave[: self.added.size - start]
        if part.size:
            self.added[start : start + part.size] += level * part
            self.events.append(SceneEvent(kind, start / self.rate, (start + part.size) / self.rate))

    def breathe(self, end_s: float, onset_s: float) -> None:
        """A breath in the pause from `end_s` to `onset_s`: against a word, or anywhere in it."""
        generator, gap_s = self.generator, onset_s - end_s
        kind: Kind = "inhale" if generator.random() < 0.65 else "exhale"
        wave = self.sound(kind, gap_s - 0.03)
        spare_s = gap_s - wave.size / self.rate
        place = generator.random()
        if kind == "inhale" and place < 0.5:
            shift_s = spare_s + generator.uniform(-0.02, 0.02)  # touches the word, or runs a little into it
        elif kind == "exhale" and place < 0.5:
            shift_s = generator.uniform(-0.02, 0.02)
        else:
            shift_s = generator.uniform(0, spare_s)
        rms = float(np.sqrt(np.mean(np.square(wave))))
        self.lay(kind, wave, end_s + shift_s, BREATH_BELOW_PEAK_DB, rms=rms)

    def click(self, end_s: float, onset_s: float) -> None:
        """A click just before the word, or anywhere in the pause."""
        generator = self.generator
        wave = self.sound("click")
        is_at_onset = generator.random() < 0.5
        last_s = max(end_s, onset_s - 0.02)
        start_s = onset_s - generator.uniform(0.02, 0.1) if is_at_onset else generator.uniform(end_s, last_s)
        self.lay("click", wave, start_s, CLICK_BELOW_PEAK_DB)

    def pop(self, burst_s: float, ahead_s: tuple[float, float]) -> None:
        """A pop that begins ahead of a plosive's burst."""
        self.lay("pop", self.sound("pop"), burst_s - self.generator.uniform(*ahead_s), POP_BELOW_PEAK_DB)


def _peak(speech: Float64, spans: list[Span]) -> float:
    return float(np.abs(speech).max()) if spans else 0.5


def _lay_events(layout: _Layout, speech: Float64, spans: list[Span]) -> list[SceneEvent]:
    generator, rate, duration_s = layout.generator, layout.rate, speech.size / layout.rate
    ends = [0.0, *(end for _, end in spans)]
    onsets = [*(start for start, _ in spans), duration_s]
    for end_s, onset_s in zip(ends, onsets, strict=True):
        if onset_s - end_s > _BREATH_PAUSE_S and generator.random() < BREATHS_PER_PAUSE:
            layout.breathe(end_s, onset_s)
        for _ in range(generator.poisson(CLICKS_PER_PAUSE)):
            layout.click(end_s, onset_s)
        if onset_s < duration_s and generator.random() < POPS_PER_PHRASE:
            layout.pop(onset_s, (0.01, 0.06))
    for closure_s in _closures(speech, rate):
        if generator.random() < POPS_PER_CLOSURE:
            layout.pop(closure_s, (0.005, 0.03))
    return sorted(layout.events, key=lambda event: event.start_s)


def _closures(speech: Float64, rate: int) -> list[float]:
    """Where the short silences within phrases end: there a plosive bursts."""
    fine = speech_spans(speech.astype(np.float32), rate, pause_s=_CLOSURE_S[0])
    gaps = [(end, start) for (_, end), (start, _) in itertools.pairwise(fine)]
    return [start for end, start in gaps if _CLOSURE_S[0] <= start - end <= _CLOSURE_S[1]]


def _colour(generator: np.random.Generator, samples: int, rate: int) -> NDArray[np.complex128]:
    """A microphone and a room as one spectrum, for `_through`."""
    size = _padded(samples, rate)
    frequency = np.fft.rfftfreq(size, 1 / rate)
    places = np.log(np.array([40, 120, 350, 1000, 2500, 6000, 14000]))
    shift_db = np.clip(generator.normal(0, 2.0, places.size), -5, 5)
    tone = db_to_amplitude(np.interp(np.log(np.maximum(frequency, 1)), places, shift_db))
    room = np.zeros(size)
    room[0] = 1
    if generator.random() < 0.6:
        decay_s, wet_db = generator.uniform(0.08, 0.5), generator.uniform(-32, -16)
        length, early = min(size, round(1.2 * decay_s * rate)), round(generator.uniform(0.003, 0.012) * rate)
        tail = generator.normal(size=length) * np.exp(-6.9 * np.arange(length) / (decay_s * rate))
        tail[:early] = 0
        room[:length] += tail * db_to_amplitude(wet_db) / max(1e-6, float(np.sqrt(np.sum(tail**2))))
    return np.asarray(tone * np.fft.rfft(room))


def _through(wave: Float64, colour: NDArray[np.complex128]) -> Float64:
    size = 2 * (colour.size - 1)
    return np.fft.irfft(np.fft.rfft(wave, size) * colour, size)[: wave.size]


def _padded(samples: int, rate: int) -> int:
    """A fast length with room for the tail of the room."""
    block = 3600
    return -(-(samples + round(0.6 * rate)) // block) * block


def _spoken(line: Float64, spans: list[Span], rate: int) -> Float64:
    parts = [line[round(start * rate) : round(end * rate)] for start, end in spans]
    return np.concatenate(parts) if parts else line


def _floor(generator: np.random.Generator, samples: int, rate: int) -> Float64:
    """Room tone: noise that falls towards high frequencies, at times with a hum."""
    if generator.random() < WITHOUT_FLOOR:
        return np.zeros(samples)
    size = _padded(samples, rate)
    frequency = np.fft.rfftfreq(size, 1 / rate)
    slope = generator.uniform(0.0, 0.7)
    shaped = np.fft.rfft(generator.normal(size=size)) / np.maximum(frequency, 40) ** slope
    noise = np.fft.irfft(shaped, size)[:samples]
    noise *= db_to_amplitude(generator.uniform(*FLOOR_DBFS)) / float(np.sqrt(np.mean(noise**2)))
    if generator.random() < 0.2:
        hum_hz = generator.choice([50, 60, 100, 120])
        noise += db_to_amplitude(generator.uniform(-85, -70)) * np.sin(2 * np.pi * hum_hz * np.arange(samples) / rate)
    return noise


def _around(
    speech: Float64, surroundings: Surroundings, generator: np.random.Generator, gain: float, rate: int
) -> Float64:
    """The room and the bed (samples,) of a scene whose words are `speech`, already scaled by `gain`."""
    around = np.zeros(speech.size)
    if surroundings.room is not None:
        noise = surroundings.room.noise(generator, speech.size, rate)
        around += gain * db_to_amplitude(surroundings.room_gain_db) * noise
    if surroundings.bed is not None:
        bed = np.resize(surroundings.bed, speech.size)
        words = speech[speech != 0]
        level = db_to_amplitude(-surroundings.bed_below_db) * float(np.sqrt(np.mean(words**2))) if words.size else 0.05
        around += bed * level / max(1e-6, float(np.sqrt(np.mean(bed**2))))
    return around


def _narrowed(wave: Float64, rate: int, highest_hz: float) -> Float64:
    """`wave` without what lies above `highest_hz`, over a twentieth of it."""
    spectrum = np.fft.rfft(wave)
    frequency = np.fft.rfftfreq(wave.size, 1 / rate)
    return np.fft.irfft(spectrum * np.clip((1.05 * highest_hz - frequency) / (0.05 * highest_hz), 0, 1), wave.size)


def _soft_ended(phrase: Float64, fade: int) -> Float64:
    fade = min(fade, phrase.size // 2)
    slope = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
    phrase[:fade] *= slope
    phrase[phrase.size - fade :] *= slope[::-1]
    return phrase
