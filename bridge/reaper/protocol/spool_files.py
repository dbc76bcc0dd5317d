"""Files in a folder to which others write: opened only when they are plain, written whole or not at all.

It knows nothing of messages; every fault is a LinkError with a remedy.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from bridge.atomic_files import write_file
from bridge.errors import LinkError

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG} if hasattr(errno, "EDQUOT") else {errno.ENOSPC, errno.EFBIG}


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder; a link in its place is refused, as it may lead anywhere."""
    if folder.is_symlink():
        raise LinkError(f"{folder} is a link now. Put the folder back, or remove the link.")
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError as error:
        raise LinkError(f"Cannot read the folder {folder}: {reason(error)}. Restart `reaper-bridge daemon`.") from error


def check_regular(path: Path, limit_bytes: int, name: str) -> os.stat_result:
    """The state of a regular file (no link, no folder, no device) that is not too large, else LinkError."""
    try:
        state = path.lstat()
    except OSError as error:
        raise LinkError(f"{name} cannot be read: {reason(error)}. Run the action again.") from error
    if not stat.S_ISREG(state.st_mode):
        raise LinkError(f"{name} is a link or no regular file; Bridge opens neither. It was ignored.")
    if state.st_size > limit_bytes:
        raise LinkError(f"{name} holds {state.st_size:,} bytes; at most {limit_bytes:,} are read. It was ignored.")
    return state


def read_regular(path: Path, name: str, limit_bytes: int) -> bytes:
    """The content of a regular file, which must be the one that was checked. `name` is for errors."""
    state = check_regular(path, limit_bytes, name)
    try:
        with path.open("rb") as file:
            if not os.path.samestat(os.fstat(file.fileno()), state):
                raise LinkError(f"{name} was exchanged while it was opened. It was ignored.")
            return file.read(limit_bytes + 1)
    except OSError as error:
        raise LinkError(f"{name} cannot be read: {reason(error)}. Run the action again.") from error


def remove(path: Path) -> bool:
    """Unlink a file or link. A folder or a file that another process holds open stays until the next sweep."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def reason(error: OSError) -> str:
    """The system's own words for an error."""
    return error.strerror or type(error).__name__


def write_whole(path: Path, data: bytes, *, is_durable: bool) -> None:
    """Write a file of which a reader finds all or nothing. With `is_durable` it survives a power cut."""
    try:
        write_file(path, data, is_durable=is_durable)
    except OSError as error:
        remedy = "Free some space." if error.errno in _DISK_FULL else "Make the folder writable for Bridge."
        raise LinkError(f"Cannot write {path}: {reason(error)}. {remedy}") from error
