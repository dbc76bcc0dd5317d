"""Families of recordings: what sounds alike because the same was recorded, by the same people, with the same means.

A model that knows one recording of a family knows much of the others: a bank of samples, a corpus, a singer, a
synthesiser, an engineer. Songs of one bank are no strangers to each other, so scores are told by family. A table beside
the recordings says which belong together; without one, a folder is a family, and so are the stems of one name over all
songs.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from bridge.training.data.recordings import AudioFileEntry

TABLE = "MANIFEST.tsv"  # columns `file` (from its folder) and `family`; `what` it is and its `use`, if there are such
FEWEST_TO_SPLIT = 3  # families: one for each side
_HIGHEST = 4  # folders above a recording in which a table is looked for


@dataclass(frozen=True)
class Family:
    """Whose a recording is, what a table says that it is ("" for nothing), and whether it may be learned from."""

    name: str
    what: str = ""
    may_train: bool = True


def families_of(files: Sequence[AudioFileEntry]) -> dict[str, Family]:
    """Return the family of each file, by the file's name.

    A table in the file's folder or one above it comes first; then the name of the stem, for stems of songs; then the
    folder that it lies in; else the file stands for itself.
    """
    return {file.name: _tabled(file.path) or Family(_untabled(file)) for file in files}


def kept_together(files: Sequence[AudioFileEntry]) -> list[AudioFileEntry]:
    """Return `files` such that those of one family of a table are on one side of a split; stems stay with songs.

    Of fewer than three families none can be held back for each of validation and test: then they are split by song.
    """
    tabled = {file.name: _tabled(file.path) for file in files}
    together = [
        file if file.song or family is None or file.group != file.name else replace(file, song=f"family {family.name}")
        for file in files
        for family in [tabled[file.name]]
    ]
    return together if len({file.song or file.group for file in together}) >= FEWEST_TO_SPLIT else list(files)


def _untabled(file: AudioFileEntry) -> str:
    path = Path(file.name)
    if file.group != file.name:
        return f"{path.stem} (stems of songs)"
    return path.parent.as_posix() if len(path.parts) > 1 else path.stem


def _tabled(path: Path) -> Family | None:
    resolved = path.resolve()
    for folder in list(resolved.parents)[:_HIGHEST]:
        if (found := _table(folder).get(resolved.relative_to(folder).as_posix())) is not None:
            return found
    return None


@cache
def _table(folder: Path) -> Mapping[str, Family]:
    """What the table in `folder` says, by file; nothing where there is none."""
    file = folder / TABLE
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return {
        row["file"]: Family(row["family"], row.get("what") or "", not (row.get("use") or "").startswith("validate"))
        for row in rows
        if row.get("file") and row.get("family")
    }
