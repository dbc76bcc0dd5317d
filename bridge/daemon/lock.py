"""One daemon for each home folder: a lock that dies with its owner.

The operating system holds the lock on an open file, so a killed daemon leaves nothing that must be judged stale;
the file's text only says who holds it. Workers do not inherit the handle (PEP 446).
"""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path
from types import TracebackType

import msgspec

from bridge.errors import DaemonRunning, LinkError

_HELD_BY_ANOTHER = {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
_LOCKED_BYTE = 1 << 30  # far behind the text, which stays readable on Windows while the byte is locked


class Owner(msgspec.Struct, frozen=True):
    """Who holds a lock, as written into its file."""

    pid: int
    started_s: float  # seconds since 1970, UTC


class DaemonLock:
    """Held from `acquire` to `release`; a context manager does both.

    Raises DaemonRunning, naming the pid, where another living process holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def acquire(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.is_symlink() or (self.path.exists() and not self.path.is_file()):
                raise LinkError(f"{self.path} is a link or no plain file. Remove it, then start the daemon again.")
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
            handle = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise LinkError(
                f"Cannot open {self.path}: {error.strerror}. Make the folder writable, or set BRIDGE_HOME to another."
            ) from error
        try:
            _lock(handle)
        except OSError as error:
            os.close(handle)
            if error.errno not in _HELD_BY_ANOTHER:
                raise LinkError(
                    f"Cannot lock {self.path}: {error.strerror}. Set BRIDGE_HOME to a folder on a local disk."
                ) from error
            owner = self.owner()
            who = f"process {owner.pid}, since {_clock(owner.started_s)}" if owner else "another process"
            raise DaemonRunning(
                f"A Bridge daemon already serves {self.path.parent}: {who}. Use it, or stop it first."
            ) from error
        self._handle = handle
        text = msgspec.json.encode(Owner(pid=os.getpid(), started_s=time.time()))
        os.ftruncate(handle, 0)
        os.write(handle, text)

    def owner(self) -> Owner | None:
        """Who wrote the file last; None where nobody did, or the text is no owner."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Owner)
        except (OSError, msgspec.DecodeError):
            return None

    def release(self) -> None:
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> DaemonLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _clock(time_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_s))
