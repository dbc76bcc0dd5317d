"""Paired recordings in the user's folders: the same playing dry and processed, aligned.

Two ways to lay them out, which may be mixed: a folder `dry` beside a folder `processed`, with the same file names in both
(subfolders allowed: each is one song), or `NAME.dry.wav` beside `NAME.processed.wav`. Nothing here makes or renders sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.audio.files import read_audio
from bridge.errors import AudioError
from bridge.training.sources.alignment import REACH_S, Alignment, align
from bridge.training.sources.files import SILENCE_RMS, SUFFIXES, FoundFile

Audio = NDArray[np.float32]

DRY, PROCESSED = "dry", "processed"
LEAST_CORRELATION = 0.1  # the same playing through an amplifier has 0.26 and more, another one at most 0.04
_LEAST_S = 1.0
_MAX_SECONDS = 60.0


@dataclass(frozen=True)
class FoundPair:
    """Two files that belong together, before they are read. `group` is the song: pairs of one song stay together."""

    name: str
    group: str
    dry: Path
    processed: Path

    @property
    def file(self) -> FoundFile:
        """The dry one, as other recordings are listed and split."""
        return FoundFile(self.name, self.group, self.dry)


@dataclass(frozen=True)
class Pair:
    """A recording and what became of it: (1, samples) each, aligned."""

    name: str
    group: str
    dry: Audio = field(repr=False)
    processed: Audio = field(repr=False)
    sample_rate_hz: int
    alignment: Alignment


def find_pairs(folders: Sequence[Path]) -> list[FoundPair]:
    """All pairs below `folders`; none where no file is named as one. AudioError names files without their partner."""
    return [pair for folder in folders for pair in _in_folder(folder)]


def read_pair(found: FoundPair) -> Pair:
    """Read and align a pair, at most a minute of it, as mono.

    Raises AudioError for files with different sample rates, silent or too short ones, and files that do not belong
    together.
    """
    (dry, rate), (processed, other_rate) = (
        read_audio(path, duration_s=_MAX_SECONDS) for path in (found.dry, found.processed)
    )
    if rate != other_rate:
        raise AudioError(
            f"{found.dry} has {rate} Hz and {found.processed} {other_rate} Hz. Export both at one sample rate."
        )
    dry, processed = (audio.mean(0, keepdims=True, dtype=np.float32) for audio in (dry, processed))
    for audio, path in ((dry, found.dry), (processed, found.processed)):
        if audio.shape[-1] < _LEAST_S * rate or np.sqrt(np.mean(np.square(audio))) < SILENCE_RMS:
            raise AudioError(
                f"{path} is silent or shorter than {_LEAST_S:g} s: nothing can be learned from it. Take the pair out."
            )
    alignment = align(dry, processed, rate)
    if alignment.correlation < LEAST_CORRELATION:
        raise AudioError(
            f"{found.processed} does not sound like {found.dry} processed (correlation {alignment.correlation:.2f}, "
            f"at least {LEAST_CORRELATION:g} is needed). Pair files of the same playing that lie at most {REACH_S:g} s "
            "apart, or take the pair out."
        )
    return Pair(found.name, found.group, *alignment.apply(dry, processed), rate, alignment)


def _in_folder(folder: Path) -> list[FoundPair]:
    """By name without ending, the sides that there are of it."""
    sides: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        if (named := _side_of(path.relative_to(folder))) is not None:
            name, side = named
            if side in sides.setdefault(name, {}):
                raise AudioError(f"{sides[name][side]} and {path} are both the {side} side of one pair. Rename one.")
            sides[name][side] = path
    lonely = [path for found in sides.values() if len(found) == 1 for path in found.values()]
    if lonely:
        names = ", ".join(path.relative_to(folder).as_posix() for path in lonely)
        raise AudioError(
            f"In {folder} these files have no partner: {names}. Give each the same name in {DRY}/ and {PROCESSED}/ "
            f"(or NAME.{DRY}.wav and NAME.{PROCESSED}.wav), or take them out."
        )
    return [FoundPair(name, _group_of(name), found[DRY], found[PROCESSED]) for name, found in sides.items()]


def _side_of(path: Path) -> tuple[str, str] | None:
    """The name of the pair that a file belongs to, and which side it is; None for a file of no pair."""
    for side in (DRY, PROCESSED):
        ending = f".{side}"
        if path.stem.lower().endswith(ending) and len(path.stem) > len(ending):
            return (path.parent / path.stem[: -len(ending)]).as_posix(), side
    folders = [part.lower() for part in path.parent.parts]
    for side in (DRY, PROCESSED):
        if side in folders:
            place = folders.index(side)
            kept = Path(*path.parent.parts[:place], *path.parent.parts[place + 1 :])
            return (kept / path.stem).as_posix(), side
    return None


def _group_of(name: str) -> str:
    parent = Path(name).parent.as_posix()
    return name if parent == "." else parent
