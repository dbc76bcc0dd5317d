"""Memory shared between the host and its workers: files mapped by both, so that audio never travels through a pipe.

Plain mapped files rather than `multiprocessing.shared_memory`, whose tracker (before Python 3.13) deletes what a
worker only borrowed. The host creates and deletes; a worker maps by path and never resizes.
"""

from __future__ import annotations

import contextlib
import errno
import math
import mmap
import os
import tempfile
import threading
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from bridge.errors import PluginError
from bridge.types import Float32

PREFIX = "bridge-audio-"
_MEMORY_FOLDER = Path("/dev/shm")  # on Linux: never written to a disk
_BYTES = 4
SPARE = 2  # a buffer may be so much larger than asked for: each one more is a file more in every process


class SharedRegion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where audio of the shape (channels, frames) lies: the start of a file."""

    file: str
    channels: int
    frames: int


class SharedBuffer:
    """One mapped file that this process created. `close` unmaps and deletes it."""

    def __init__(self, size_bytes: int) -> None:
        self.path, self._map = _create(size_bytes)
        self.size_bytes = size_bytes

    def region(self, channels: int, frames: int) -> SharedRegion:
        return SharedRegion(str(self.path), channels, frames)

    def view(self, region: SharedRegion) -> Float32:
        """A writable view, (channels, frames); it must be gone before `close`."""
        return _view(self._map, region)

    def close(self) -> None:
        with contextlib.suppress(BufferError):  # a caller still holds a view: the memory goes when the view does
            self._map.close()
        with contextlib.suppress(PermissionError):  # Windows: a worker still maps it, and deletes it later
            self.path.unlink(missing_ok=True)


class BufferPool:
    """Buffers for reuse: a warm page costs a tenth of a fresh one. Thread-safe."""

    def __init__(self, *, idle_limit_bytes: int) -> None:
        self._idle: list[SharedBuffer] = []
        self._idle_limit_bytes = idle_limit_bytes
        self._lock = threading.Lock()
        self._deleted: list[str] = []
        self._is_closed = False

    def acquire(self, size_bytes: int) -> SharedBuffer:
        size_bytes = _size_class(size_bytes)
        with self._lock:
            fitting = [n for n, idle in enumerate(self._idle) if size_bytes <= idle.size_bytes <= SPARE * size_bytes]
            if fitting:  # the smallest, and of equal ones the latest: its pages are the warmest
                return self._idle.pop(min(reversed(fitting), key=lambda n: self._idle[n].size_bytes))
        return SharedBuffer(size_bytes)

    def release(self, buffer: SharedBuffer) -> None:
        with self._lock:
            self._idle.append(buffer)
            total = sum(idle.size_bytes for idle in self._idle)
            while self._idle and (total > self._idle_limit_bytes or self._is_closed):
                oldest = self._idle.pop(0)
                total -= oldest.size_bytes
                self._deleted.append(str(oldest.path))
                oldest.close()

    def deleted_files(self, known: int) -> tuple[str, ...]:
        """The files deleted since `known` of them were known: workers unmap those."""
        with self._lock:
            return tuple(self._deleted[known:])

    def close(self) -> None:
        """Delete what is idle now, and what is given back later."""
        with self._lock:
            self._is_closed = True
            for buffer in self._idle:
                buffer.close()
            self._idle.clear()


class BorrowedBuffers:
    """The worker's side: files mapped on first use."""

    def __init__(self) -> None:
        self._maps: OrderedDict[str, mmap.mmap] = OrderedDict()

    def view(self, region: SharedRegion) -> Float32:
        mapped = self._maps.get(region.file)
        if mapped is None:
            with Path(region.file).open("r+b") as file:
                mapped = self._maps[region.file] = mmap.mmap(file.fileno(), 0)
        return _view(mapped, region)

    def unmap(self, files: Sequence[str]) -> None:
        for file in files:
            if (mapped := self._maps.pop(file, None)) is not None:
                mapped.close()
                with contextlib.suppress(PermissionError):
                    Path(file).unlink(missing_ok=True)


def delete_files_of(pid: int) -> None:
    """Delete what a process shared and can no longer delete itself, because it was killed."""
    for folder in _folders():
        for path in folder.glob(f"{PREFIX}{pid}-*"):
            with contextlib.suppress(OSError):  # somebody else's, or deleted by another worker meanwhile
                path.unlink()


def delete_stale_files() -> None:
    """Delete what killed processes have left, when even their workers could not."""
    for folder in _folders():
        pids = {path.name.removeprefix(PREFIX).partition("-")[0] for path in folder.glob(f"{PREFIX}*")}
        for pid in pids:
            if pid.isdigit() and not _is_running(int(pid)):
                delete_files_of(int(pid))


def _is_running(pid: int) -> bool:
    if os.name == "nt":  # where a signal of 0 would end it; a file in use is not deleted there anyway
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _folders() -> list[Path]:
    return [folder for folder in (_MEMORY_FOLDER, Path(tempfile.gettempdir())) if folder.is_dir()]


def audio_bytes(channels: int, frames: int) -> int:
    return channels * frames * _BYTES


def _view(mapped: mmap.mmap, region: SharedRegion) -> Float32:
    flat = np.frombuffer(mapped, np.float32, region.channels * region.frames)
    return flat.reshape(region.channels, region.frames)


def _size_class(size_bytes: int) -> int:
    """Rounded up so that buffers are reused, by an eighth at most: 64 KiB, then 8 steps to each doubling."""
    smallest = 1 << 16
    if size_bytes <= smallest:
        return smallest
    step = max(1 << (math.ceil(math.log2(size_bytes)) - 4), 1 << 12)
    return -(-size_bytes // step) * step


def _create(size_bytes: int) -> tuple[Path, mmap.mmap]:
    """A new mapped file, all of its room reserved: a full disk is an error here, not a dead process later."""
    failures = []
    for folder in _folders():
        path = folder / f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex[:12]}"
        try:
            with path.open("xb+") as file:
                _reserve(file.fileno(), size_bytes)
                return path, mmap.mmap(file.fileno(), size_bytes)
        except OSError as error:
            path.unlink(missing_ok=True)
            failures.append(f"{folder}: {error.strerror}")
    raise PluginError(
        f"No room for {size_bytes / 2**20:.0f} MiB of audio to share with the plugin workers "
        f"({'; '.join(failures)}). Free some space, or set TMPDIR to a folder that has it."
    )


def _reserve(descriptor: int, size_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, size_bytes)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
        else:
            return
    written = 0
    zeros = bytes(min(size_bytes, 1 << 20))
    while written < size_bytes:
        written += os.write(descriptor, zeros[: size_bytes - written])
