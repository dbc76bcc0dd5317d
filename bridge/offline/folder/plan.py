"""Which files of a folder are to be auto-mixed, and into what. Reads no audio."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import msgspec

from bridge.audio.file_kinds import LOOKED_AT_SUFFIXES
from bridge.audio.files import FORMATS
from bridge.errors import AudioError
from bridge.offline.job import FileJob


def plan_files(job: FileJob) -> list[FileJob]:
    """A job for each audio file below `job.source`, with the same place below `job.target`, by name.

    What cannot be written in its own format becomes a WAV. Hidden files are passed over, and so is what lies in the
    target. Raises AudioError where there is nothing to do, and where an output would take an input's place.
    """
    source, target = job.source.resolve(), job.target.resolve()
    if source == target:
        raise AudioError(f"{job.target} is the folder of the inputs; name another with -o, and nothing is overwritten.")
    if target.exists() and not target.is_dir():
        raise AudioError(f"{job.target} is a file; for a folder of inputs name a folder with -o.")
    outputs = target if source in target.parents else None
    files = [file for file in sorted(source.rglob("*")) if _is_input(file, source) and outputs not in file.parents]
    if not files:
        raise AudioError(
            f"{job.source} holds no audio. Name a folder with {', '.join(sorted(LOOKED_AT_SUFFIXES))} files in it."
        )
    targets = _targets(files, source, target)
    if taken := set(targets) & set(files):
        raise AudioError(f"{min(taken)} is one of the inputs; name another folder with -o, and nothing is overwritten.")
    return [replace(job, source=file, target=place) for file, place in zip(files, targets, strict=True)]


def fingerprint(job: FileJob, fixed: Sequence[Path]) -> str:
    """What a result rests on, as a short text: the input and what it was asked for.

    Another text means that the file is to be done again. Files count by size and time of change, `fixed` among them:
    those of the model, the reference, the style.
    """
    options = asdict(replace(job, target=Path(job.target.name)))
    content = [sorted((name, str(value)) for name, value in options.items()), [_stamp(one) for one in fixed]]
    return hashlib.blake2b(msgspec.json.encode([_stamp(job.source), content]), digest_size=16).hexdigest()


def _stamp(file: Path) -> tuple[str, int, int]:
    state = file.stat()
    return str(file), state.st_size, state.st_mtime_ns


def _is_input(file: Path, folder: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.suffix.lower() in LOOKED_AT_SUFFIXES and not is_hidden and file.is_file()


def _targets(files: Sequence[Path], source: Path, target: Path) -> list[Path]:
    """'a.mp3' becomes 'a.wav', or 'a.mp3.wav' where another file of its folder has the same stem."""
    stems = Counter(str(file.with_suffix("")).casefold() for file in files)
    targets = []
    for file in files:
        place = target / file.relative_to(source)
        if file.suffix.lower() not in FORMATS:
            is_alone = stems[str(file.with_suffix("")).casefold()] == 1
            place = place.with_suffix(".wav") if is_alone else place.with_name(f"{place.name}.wav")
        targets.append(place)
    return targets
