"""Recordings for `nonspeech`: speech with its room, single breaths, and what a table says of others.

Of speech as it was recorded the words are taken, of breaths each by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.training.data.example_renderer import cut_clip
from bridge.training.data.real_speech import (
    RoomTone,
    in_whole_seconds,
    room_tone,
    single_breaths,
    speech_frames,
    with_air,
    words_alone,
)
from bridge.training.data.recording_notes import RecordingNotes
from bridge.training.data.recordings import AudioFileEntry, Recording, Side, read_recordings
from bridge.types import Float32

SPEECH_RATE_HZ = 44_100
SCENE_BREATHS = 8  # recorded ones that a scene draws from


@dataclass(frozen=True)
class SpokenRecording(Recording):
    """Clean speech; every other recording is to be left alone. `family`: whose it is, of recorded speech; `room`: its
    room's tone."""

    family: str = ""
    room: RoomTone | None = None


@dataclass(frozen=True)
class BreathRecording(Recording):
    """One breath, by itself."""


def noted_recordings(
    files: Sequence[AudioFileEntry],
    notes: Mapping[Path, RecordingNotes],
    side: Side | None,
    *,
    must_stop: Callable[[], bool],
) -> list[Recording]:
    """The recordings of one side (None: of all) that the table names: words of speech, breaths, and what is to be left
    alone."""
    recordings: list[Recording] = []
    for file in files:
        if side in (None, notes[file.path].side):
            for one in read_recordings([file], must_stop=must_stop):
                recordings += _as_noted(one, notes[file.path])
    return recordings


def _as_noted(recording: Recording, notes: RecordingNotes) -> Sequence[Recording]:
    name, group, rate = recording.name, recording.group, recording.sample_rate_hz
    if notes.kind == "breath":
        return [BreathRecording(name, group, breath[None], rate) for breath in single_breaths(recording)]
    if notes.kind != "speech":
        return [recording]
    frames = speech_frames(recording.audio[0], rate)
    line = in_whole_seconds(words_alone(recording.audio[0], rate, frames), rate, SPEECH_RATE_HZ)
    room = room_tone(recording.audio[0], rate, frames)
    return [SpokenRecording(name, group, line[None], SPEECH_RATE_HZ, family=notes.family, room=room)]


def draw_breaths(
    recordings: Sequence[BreathRecording], sample_rate_hz: int, generator: np.random.Generator
) -> list[Float32]:
    """Some breaths at a rate; half of them with air above where their recording ends, as no breath does."""
    breaths = []
    for index in generator.permutation(len(recordings))[:SCENE_BREATHS]:
        wave = at_rate(recordings[index], sample_rate_hz)
        breaths.append(with_air(wave, sample_rate_hz, generator) if generator.random() < 0.5 else wave)
    return breaths


def at_rate(recording: Recording, sample_rate_hz: int) -> Float32:
    """(samples,) of a mono recording."""
    samples = round(recording.audio.shape[-1] * sample_rate_hz / recording.sample_rate_hz)
    return np.asarray(cut_clip(recording, sample_rate_hz, samples, 0.0)[0])
