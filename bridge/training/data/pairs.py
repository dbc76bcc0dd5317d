"""Paired recordings in the user's folders: the same playing dry and processed, aligned.

Two ways to lay them out, which may be mixed: a folder `dry` beside a folder `processed`, with the same file names in
both (subfolders allowed: each is one song), or `NAME.dry.wav` beside `NAME.processed.wav`. Nothing here makes or
renders sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bridge.audio.files import read_audio
from bridge.audio.resampling import resample
from bridge.errors import AudioError
from bridge.training.data.alignment import REACH_S, align
from bridge.training.data.recordings import SILENCE_RMS, AudioFileEntry, Recording, rms
from bridge.types import Audio

DRY, PROCESSED = "dry", "processed"
LEAST_CORRELATION = 0.1  # the same playing through an amplifier has 0.26 and more, another one at most 0.04
LEAST_S = 1.0
_MAX_SECONDS = 60.0


@dataclass(frozen=True)
class PairEntry:
    """Two files that belong together, before they are read."""

    dry: AudioFileEntry
    processed: AudioFileEntry


@dataclass(frozen=True)
class PairedRecording(Recording):
    """A dry recording, and `processed`, what became of it: (1, samples) each, aligned."""

    processed: Audio = field(repr=False)


def pairs_among(files: Sequence[AudioFileEntry]) -> list[PairEntry]:
    """The pairs of which both sides are among `files`. The song of a pair is the subfolder it lies in, or itself."""
    return [
        PairEntry(AudioFileEntry(found[DRY].name, group, found[DRY].path), found[PROCESSED])
        for group, found in _sides(files).values()
        if len(found) == 2
    ]


def check_partners(files: Sequence[AudioFileEntry]) -> None:
    """AudioError naming the files that are one side of a pair whose other side is missing."""
    alone = [file.name for _, found in _sides(files).values() if len(found) == 1 for file in found.values()]
    if alone:
        raise AudioError(
            f"These files have no partner: {', '.join(alone)}. Give each the same name in {DRY}/ and {PROCESSED}/ "
            f"(or NAME.{DRY}.wav and NAME.{PROCESSED}.wav), or take them out."
        )


def read_pair(found: PairEntry) -> PairedRecording:
    """Read and align a pair, at most a minute of it, as mono.

    Files of two sample rates are brought to that of the dry one. Raises AudioError for silent or too short files, and
    for such as do not belong together.
    """
    paths = found.dry.path, found.processed.path
    (dry, rate), (processed, other_rate) = (read_audio(path, duration_s=_MAX_SECONDS) for path in paths)
    dry, processed = (audio.mean(0, keepdims=True, dtype=np.float32) for audio in (dry, processed))
    processed = resample(processed, other_rate, rate)
    for audio, path in zip((dry, processed), paths, strict=True):
        if audio.shape[-1] < LEAST_S * rate or rms(audio) < SILENCE_RMS:
            raise AudioError(
                f"{path} is silent or shorter than {LEAST_S:g} s: nothing can be learned from it. Take the pair out."
            )
    return paired(found.dry, dry, processed, rate)


def paired(file: AudioFileEntry, dry: Audio, processed: Audio, sample_rate_hz: int) -> PairedRecording:
    """The two (1, samples), aligned. AudioError where `processed` does not sound like `dry` processed."""
    alignment = align(dry, processed, sample_rate_hz)
    if alignment.correlation < LEAST_CORRELATION:
        raise AudioError(
            f"What is paired with {file.path} does not sound like it processed (correlation "
            f"{alignment.correlation:.2f}, at least {LEAST_CORRELATION:g} is needed). Pair files of the same playing "
            f"that lie at most {REACH_S:g} s apart, or take the pair out."
        )
    dry, processed = alignment.apply(dry, processed)
    return PairedRecording(file.name, file.group, dry, sample_rate_hz, processed)


def _sides(files: Sequence[AudioFileEntry]) -> dict[str, tuple[str, dict[str, AudioFileEntry]]]:
    """By the path of a pair without side and ending: its song, and the sides that there are of it."""
    pairs: dict[str, tuple[str, dict[str, AudioFileEntry]]] = {}
    for file in files:
        if (named := _side_of(Path(file.name))) is None:
            continue
        name, side = named
        parent = name.parent.as_posix()
        key = file.path.absolute().as_posix().removesuffix(file.name) + name.as_posix()
        _, found = pairs.setdefault(key, (name.as_posix() if parent == "." else parent, {}))
        if side in found:
            raise AudioError(f"{found[side].path} and {file.path} are both the {side} side of one pair. Rename one.")
        found[side] = file
    return pairs


def _side_of(path: Path) -> tuple[Path, str] | None:
    """The name of the pair that a file belongs to, and which side it is; None for a file of no pair."""
    for side in (DRY, PROCESSED):
        ending = f".{side}"
        if path.stem.lower().endswith(ending) and len(path.stem) > len(ending):
            return path.parent / path.stem[: -len(ending)], side
    folders = [part.lower() for part in path.parent.parts]
    for side in (DRY, PROCESSED):
        if side in folders:
            place = folders.index(side)
            return Path(*path.parent.parts[:place], *path.parent.parts[place + 1 :], path.stem), side
    return None
