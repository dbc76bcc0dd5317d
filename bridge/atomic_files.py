"""Files that are written whole or not at all: NAME.part first, which then takes NAME's place.

Every fault is an OSError that names the file; who writes says what the file is and what to do about it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SUFFIX = ".part"

_TRIES, _WAIT_S = 20, 0.01


def write_file(path: Path, content: bytes, *, is_durable: bool = False, suffix: str = SUFFIX) -> None:
    """Write a file so that a reader finds the old content or the new one, never a part of it.

    Args:
        path: the file; what it held is replaced.
        is_durable: the new content is on the disk before the old one is gone: one of them survives a power cut.
        suffix: of the unfinished file, which lies beside `path`. Programs that write the same file need one each.

    Raises:
        OSError: the disk is full or the folder refuses. The old content stays, and no unfinished file.
    """
    with replace_when_written(path, suffix=suffix) as part:
        write_new(part, content, is_durable=is_durable)


@contextmanager
def replace_when_written(path: Path, *, suffix: str = SUFFIX) -> Iterator[Path]:
    """Give the name of an unfinished file; what is written there takes the place of `path` when all has gone well.

    Files that belong together are nested blocks: all are written before the first is replaced, the innermost.
    """
    part = path.with_name(path.name + suffix)
    part.unlink(missing_ok=True)
    try:
        with naming(path):
            yield part
            _replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give a fault of what is written in here the name of `path`: where a disk is full, the system names no file."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def write_new(path: Path, content: bytes, *, is_durable: bool = False) -> None:
    """Write a file that does not exist yet: a link that somebody laid there is not followed."""
    with path.open("xb") as file:
        file.write(content)
        if is_durable:
            file.flush()
            os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, some milliseconds; Windows has no call for it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(part: Path, path: Path) -> None:
    """Rename over an existing file; on Windows a reader that holds it open makes this fail for a moment."""
    for _ in range(_TRIES):
        try:
            part.replace(path)
            return
        except PermissionError:
            time.sleep(_WAIT_S)
    part.replace(path)
