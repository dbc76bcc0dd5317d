"""One daemon for each home folder: a lock that dies with its owner.

The operating system holds the lock, so a killed daemon leaves nothing that may be stale; a note beside it only says
who holds it.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from types import TracebackType

import msgspec
from filelock import FileLock, Timeout

from bridge.atomic_files import write_file
from bridge.errors import DaemonRunning, LinkError


class Owner(msgspec.Struct, frozen=True):
    """Who holds a lock, as its note says."""

    pid: int
    started_s: float  # seconds since 1970, UTC


class DaemonLock:
    """The lock `path`, held from `acquire` to `release`; a context manager does both.

    Raises DaemonRunning, naming the pid, where another living process holds it; LinkError where it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note = path.with_suffix(".owner")
        self._lock = FileLock(path, timeout=0, mode=0o600, thread_local=False)

    def acquire(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.is_symlink() or (self.path.exists() and not self.path.is_file()):
                raise LinkError(f"{self.path} is a link or no plain file. Remove it, then start the daemon again.")
            self._lock.acquire()
            write_file(self.note, msgspec.json.encode(Owner(pid=os.getpid(), started_s=time.time())))
        except Timeout as error:
            owner = self.owner()
            since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(owner.started_s)) if owner else ""
            who = f"process {owner.pid}, since {since}" if owner else "another process"
            raise DaemonRunning(
                f"A Bridge daemon already serves {self.path.parent}: {who}. Use it, or stop it first."
            ) from error
        except (OSError, NotImplementedError) as error:  # the latter of older filelocks, for a disk without locks
            self.release()
            reason = getattr(error, "strerror", None) or error
            raise LinkError(
                f"Cannot lock {self.path}: {reason}. Make the folder writable, or set BRIDGE_HOME to another "
                "one, on a local disk."
            ) from error

    def owner(self) -> Owner | None:
        """Who wrote the note last; None where nobody did, or its text is no owner."""
        try:
            return msgspec.json.decode(self.note.read_bytes(), type=Owner)
        except (OSError, msgspec.DecodeError):
            return None

    def release(self) -> None:
        if self._lock.is_locked:
            with contextlib.suppress(OSError):  # Windows: somebody reads it; beside a lock that is free it says nothing
                self.note.unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> DaemonLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
