"""Instruments of a General MIDI soundfont, played by FluidSynth where both are installed: phrases drawn from a seed.

Sustained chords, fifths, arpeggios, melodies and drum patterns, without reverb or chorus: the many kinds of sound that
no folder of recordings has all of.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import wave
from pathlib import Path
from typing import Literal

import mido
import numpy as np

from bridge.errors import AudioError
from bridge.types import Float32

Phrase = Literal["chords", "fifths", "arpeggio", "melody", "drums"]

SOUNDFONT_VARIABLE = "BRIDGE_SOUNDFONT"
_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)
_NAMES = ("FluidR3_GM.sf2", "GeneralUser.sf2", "default-GM.sf2", "TimGM6mb.sf2")
# Families of eight programs of General MIDI that have a pitch; sound effects have none.
_FAMILIES = 14
_PHRASES: tuple[Phrase, ...] = ("chords", "fifths", "arpeggio", "melody")
_SCALE = (0, 2, 3, 5, 7, 8, 10)
_DRUM_CHANNEL = 9
_TICKS = 480  # of a beat
_RMS = 0.1
_TIME_LIMIT_S = 30.0


def find_soundfont() -> Path | None:
    """The soundfont that BRIDGE_SOUNDFONT names, or one in the usual folders. AudioError where the named is missing."""
    named = os.environ.get(SOUNDFONT_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise AudioError(f"{SOUNDFONT_VARIABLE} names {named}, which is no file. Name a .sf2 file, or unset it.")
        return Path(named)
    places = (Path(folder) / name for name in _NAMES for folder in _FOLDERS)
    return next((place for place in places if place.is_file()), None)


def play_soundfont(seed: int, *, sample_rate_hz: int, duration_s: float = 16.0) -> tuple[str, Float32] | None:
    """A phrase on an instrument, both drawn from `seed`: what it is, and (samples,). None where nothing can play it.

    Raises AudioError when FluidSynth is there but fails.
    """
    program, soundfont = shutil.which("fluidsynth"), find_soundfont()
    if program is None or soundfont is None:
        return None
    generator = np.random.default_rng([seed, 128])
    with tempfile.TemporaryDirectory(prefix="bridge-") as folder:
        score, sound = Path(folder) / "score.mid", Path(folder) / "sound.wav"
        name = _write_score(score, generator, duration_s)
        command = [program, "-q", "-n", "-i", "-R", "0", "-C", "0", "-g", "0.4", "-r", str(sample_rate_hz)]
        command += ["-o", "synth.dynamic-sample-loading=1"]  # the instruments that play, not all 140 MiB
        command += ["-F", str(sound), str(soundfont), str(score)]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=_TIME_LIMIT_S)
            audio = _read(sound)
        except (subprocess.SubprocessError, OSError, EOFError, wave.Error) as error:
            raise AudioError(f"FluidSynth did not play {soundfont}: {error}. Mend or remove it.") from error
    audio = audio[: round(duration_s * sample_rate_hz)]
    level = float(np.sqrt(np.mean(audio**2)))
    peak = float(np.abs(audio).max(initial=1e-9))
    return name, np.asarray(audio * min(_RMS / max(level, 1e-9), 0.9 / peak), dtype=np.float32)


def _write_score(file: Path, generator: np.random.Generator, duration_s: float) -> str:
    """Write a MIDI file; what it plays."""
    tempo_bpm = float(generator.uniform(65, 140))
    beats = int(duration_s * tempo_bpm / 60)
    is_drums = generator.random() < 1 / 8
    score = mido.MidiFile(ticks_per_beat=_TICKS)
    track = mido.MidiTrack()
    score.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo_bpm)))
    if is_drums:
        name, notes, channel = "drums", _drum_notes(generator, beats), _DRUM_CHANNEL
    else:
        program = int(generator.integers(8 * _FAMILIES))
        phrase = _PHRASES[int(generator.integers(len(_PHRASES)))]
        name, notes, channel = f"{phrase}-{program}", _notes(phrase, generator, beats, program), 0
        track.append(mido.Message("program_change", program=program, channel=channel))
    events = [(start, "note_on", note, velocity) for start, _, note, velocity in notes]
    events += [(start + length, "note_off", note, 0) for start, length, note, _ in notes]
    now = 0
    for when, kind, note, velocity in sorted(events):
        ticks = round(when * _TICKS)
        track.append(mido.Message(kind, channel=channel, note=note, velocity=velocity, time=ticks - now))
        now = ticks
    score.save(file)
    return name


Note = tuple[float, float, int, int]
"""Start and length in beats, MIDI note, velocity."""


def _notes(phrase: Phrase, generator: np.random.Generator, beats: int, program: int) -> list[Note]:
    is_bass = program // 8 == 4
    root = int(generator.integers(28, 36) if is_bass else generator.integers(40, 62))
    notes: list[Note] = []
    place = 0.0
    while place < beats:
        degree = _SCALE[int(generator.integers(len(_SCALE)))]
        velocity = int(generator.integers(50, 115))
        if phrase == "chords":
            length = float(generator.choice([1, 2, 4]))
            chord = [degree, degree + 7, degree + int(generator.choice([3, 4])), degree + 12]
            notes += [(place, length * 0.95, root + note, velocity) for note in chord[: int(generator.integers(2, 5))]]
        elif phrase == "fifths":
            length = float(generator.choice([0.5, 0.5, 1, 2]))
            notes += [(place, length * 0.9, root + degree + step, velocity) for step in (0, 7)]
        elif phrase == "arpeggio":
            length = float(generator.choice([0.25, 0.5]))
            notes.append((place, length, root + degree + 12 * int(generator.integers(2)), velocity))
        else:
            length = float(generator.choice([0.5, 1, 1, 2]))
            notes.append((place, length * generator.uniform(0.5, 1.0), root + 12 + degree, velocity))
            place += float(generator.choice([0, 0, 0.5]))  # a breath between two notes
        place += length
    return notes


def _drum_notes(generator: np.random.Generator, beats: int) -> list[Note]:
    kick, snare, hat = 36, int(generator.choice([38, 40, 37])), int(generator.choice([42, 46, 51]))
    extra = int(generator.choice([39, 54, 56, 69, 70, 75]))  # clap, tambourine, bell, cabasa, maracas, claves
    notes: list[Note] = []
    for step in range(4 * beats):
        place = step / 4
        velocity = int(generator.integers(60, 120))
        if step % 16 in (0, 8) or generator.random() < 0.08:
            notes.append((place, 0.2, kick, velocity))
        if step % 16 in (4, 12):
            notes.append((place, 0.2, snare, velocity))
        if step % 2 == 0 or generator.random() < 0.2:
            notes.append((place, 0.1, hat, velocity // 2 + 20))
        if generator.random() < 0.12:
            notes.append((place, 0.1, extra, velocity))
    return notes


def _read(file: Path) -> Float32:
    """The left and right channel of a 16-bit WAV together."""
    with wave.open(str(file)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32) / np.float32(32768)
        return np.asarray(samples.reshape(-1, sound.getnchannels()).mean(1), dtype=np.float32)
