"""Recordings to learn from: the user's folders and synthesised ones, split so that no song is on two sides.

Files in a folder of their own that all have the same length are stems of one song and stay together, with the mixes
of about that length that lie beside the folder; every other file stands for itself. A file that cannot be read is
named in the log and left out. Nothing here renders or degrades.
"""

from __future__ import annotations

import logging
import os
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from bridge.audio.file_kinds import LOOKED_AT_SUFFIXES, SUFFIXES
from bridge.audio.files import probe, read_audio
from bridge.audio.synthesis import KINDS, synthesise
from bridge.errors import AudioError
from bridge.training.data.soundfont import play_soundfont
from bridge.training.data.speech import speak
from bridge.types import Audio, Float64

Side = Literal["train", "validation", "test"]

HELD_BACK = 0.15  # share of the songs (and of the other files) that each of validation and test gets
SILENCE_RMS = 1e-3
SHORTEST_S = 0.05
PHRASES = 4  # of soundfont instruments, for each other kind of synthesised recording
_MAX_SECONDS = 60.0  # of one file: more of the same recording teaches little
MIX_WITHIN = 0.05  # of the length of its stems, that a mix may be shorter or longer: fades, tails
_SAME_LENGTH_S = 0.5

Item = TypeVar("Item")

log = logging.getLogger(__name__)


def rms(audio: Audio | Float64) -> float:
    """Return the root mean square of all samples."""
    return float(np.sqrt(np.mean(np.square(audio))))


@dataclass(frozen=True)
class Recording:
    """One recording, (channels, samples), and the song it belongs to."""

    name: str
    group: str
    audio: Audio = field(repr=False)
    sample_rate_hz: int


@dataclass(frozen=True)
class AudioFileEntry:
    """A file before it is read. `group` holds the stems that can be mixed; `song` all that must be on one side of a
    split, which may be mixes as well ("": the group)."""

    name: str
    group: str
    path: Path
    song: str = ""


def find_files(folders: Sequence[Path]) -> list[AudioFileEntry]:
    """All audio files below `folders` that can be read, each once, grouped by song. AudioError when there is none."""
    found: list[AudioFileEntry] = []
    seen: set[Path] = set()
    taken: set[str] = set()
    for folder in folders:
        by_parent: dict[Path, list[Path]] = defaultdict(list)
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in LOOKED_AT_SUFFIXES and path.is_file() and path.resolve() not in seen:
                seen.add(path.resolve())
                if is_readable(path):
                    by_parent[path.parent].append(path)
        songs_s = {
            parent: length_s
            for parent, paths in by_parent.items()
            if parent != folder and len(paths) > 1 and (length_s := _common_length_s(paths)) is not None
        }
        paths = [path for members in by_parent.values() for path in members]
        root = _root_of(folder, paths, taken)
        for path in paths:
            name = path.relative_to(folder).as_posix()
            group = path.parent.relative_to(folder).as_posix() if path.parent in songs_s else name
            song = None if path.parent in songs_s else _song_beside(path, folder, songs_s)
            beside = root + song.relative_to(folder).as_posix() if song else ""
            found.append(AudioFileEntry(root + name, root + group, path, beside))
        taken.update(file.name for file in found)
    if not found:
        raise AudioError(
            f"No audio file that can be read lies in {', '.join(map(str, folders))}. "
            f"Give folders with {', '.join(sorted(SUFFIXES))}."
        )
    return found


def is_readable(path: Path) -> bool:
    """Whether the file at `path` is audio that Bridge works with; where not, the log says why, once."""
    status = path.stat()
    return _is_readable(path, status.st_size, status.st_mtime_ns)


@cache
def _is_readable(path: Path, _size: int, _changed_ns: int) -> bool:
    try:
        probe(path)
    except AudioError as error:
        log.warning("Left out: %s", error)
        return False
    return True


def _root_of(folder: Path, paths: Sequence[Path], taken: Collection[str]) -> str:
    """What names below `folder` begin with: nothing, or so much of its own path that none is another folder's."""
    names = [path.relative_to(folder).as_posix() for path in paths]
    parts = folder.absolute().parts
    for count in range(len(parts)):
        root = "".join(f"{part}/" for part in parts[len(parts) - count :])
        if not any(root + name in taken for name in names):
            break
    return root


def split_by_song(files: Sequence[AudioFileEntry]) -> dict[Side, list[AudioFileEntry]]:
    """Songs by name, the last ones held back; single files the same way in the order of a hash of their names."""
    groups: dict[str, list[AudioFileEntry]] = defaultdict(list)
    for file in files:
        groups[file.song or file.group].append(file)
    songs = sorted(name for name, members in groups.items() if len(members) > 1)
    singles = sorted((n for n, members in groups.items() if len(members) == 1), key=lambda n: zlib.crc32(n.encode()))
    sides: dict[Side, list[AudioFileEntry]] = {"train": [], "validation": [], "test": []}
    for names in (songs, singles):
        held = max(1, round(HELD_BACK * len(names))) if len(names) >= 3 else 0
        first, second = len(names) - 2 * held, len(names) - held
        parts: dict[Side, list[str]] = {
            "train": names[:first],
            "validation": names[first:second],
            "test": names[second:],
        }
        for side, chosen in parts.items():
            sides[side].extend(member for name in chosen for member in groups[name])
    return sides


def until(must_stop: Callable[[], bool], items: Iterable[Item]) -> Iterator[Item]:
    """Yield the first of `items`, and the further ones until `must_stop`."""
    for number, item in enumerate(items):
        if number and must_stop():
            return
        yield item


def read_recordings(
    files: Sequence[AudioFileEntry],
    *,
    channels: Literal[1, 2] | None = 1,
    must_stop: Callable[[], bool] = lambda: False,
) -> list[Recording]:
    """Read `files` as mono, stereo or (None) as they are, at most a minute of each. Silent ones are left out, and
    those that are over at once: repeated to fill a clip, they would be a tone that nobody played. So are those that
    cannot be read, which the log names. Once `must_stop`, those that were read will do, one at least."""
    recordings: list[Recording] = []
    for number, file in enumerate(files):
        if recordings and must_stop():
            log.warning("There was time to read %d of %d recordings.", number, len(files))
            break
        try:
            audio, rate = read_audio(file.path, duration_s=_MAX_SECONDS)
        except AudioError as error:
            log.warning("Left out: %s", error)
            continue
        if channels == 1:
            audio = audio.mean(0, keepdims=True, dtype=np.float32)
        elif channels == 2 and len(audio) == 1:
            audio = np.repeat(audio, 2, axis=0)
        if audio.shape[-1] >= SHORTEST_S * rate and rms(audio) >= SILENCE_RMS:
            recordings.append(Recording(file.name, file.group, audio, rate))
    return recordings


def synthesised(
    seed: int,
    *,
    takes: int,
    sample_rate_hz: int,
    duration_s: float = 16.0,
    must_stop: Callable[[], bool] = lambda: False,
) -> list[Recording]:
    """`takes` recordings of each kind that `bridge.audio.synthesis` knows, as many spoken ones where espeak-ng is
    installed, and `PHRASES` times as many phrases of soundfont instruments where FluidSynth and a soundfont are. Once
    `must_stop`, those there are will do, one at least."""

    def synthesise_one(kind: str, number: int) -> Recording:
        audio = synthesise(kind, duration_s=duration_s, sample_rate_hz=sample_rate_hz, seed=number)
        return _alone(f"synthesised/{kind}-{number}", audio, sample_rate_hz)

    def speak_one(number: int) -> Recording | None:
        voice = speak(number, sample_rate_hz=sample_rate_hz)
        return None if voice is None else _alone(f"synthesised/speech-{number}", voice[None], sample_rate_hz)

    def play_one(number: int) -> Recording | None:
        played = play_soundfont(number, sample_rate_hz=sample_rate_hz, duration_s=duration_s)
        return None if played is None else _alone(f"synthesised/{played[0]}-{number}", played[1][None], sample_rate_hz)

    makers: list[Callable[[], Recording | None]] = []
    for number in range(seed, seed + takes):
        makers += [partial(synthesise_one, kind, number) for kind in sorted(KINDS)]
        makers.append(partial(speak_one, number))
        makers += [partial(play_one, phrase) for phrase in range(PHRASES * number, PHRASES * (number + 1))]
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # most of it is spent in other programs and in NumPy
        made = threads.map(lambda each: None if each[0] and must_stop() else each[1](), enumerate(makers))
        return [one for one in made if one is not None]


def _alone(name: str, audio: Audio, sample_rate_hz: int) -> Recording:
    """A recording that belongs to no song."""
    return Recording(name, name, audio, sample_rate_hz)


def _common_length_s(paths: Sequence[Path]) -> float | None:
    """The length of stems; None where the files have several."""
    lengths_s = [probe(path).duration_s for path in paths]
    return lengths_s[0] if max(lengths_s) - min(lengths_s) <= _SAME_LENGTH_S else None


def _song_beside(path: Path, folder: Path, songs_s: Mapping[Path, float]) -> Path | None:
    """Of the folders of stems that lie where `path` does, or above it, the one of which it may be a mix: that of the
    nearest length. `folder` itself, which was given, is no song's, whatever lies in it."""
    near = [song for song in songs_s if song.parent in path.parents and song.parent != folder]
    if not near:
        return None
    length_s = probe(path).duration_s
    nearest = min(near, key=lambda song: abs(songs_s[song] - length_s))
    return nearest if abs(songs_s[nearest] - length_s) <= MIX_WITHIN * songs_s[nearest] else None
