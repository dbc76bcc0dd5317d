"""What the host's worker threads work on: renders of a batch, and tasks that need one worker to themselves.

A queue, the state of each batch, the audio that its renders share, and what a task may do with its worker. No process
and no thread is known here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bridge.errors import HostClosed, PluginError
from bridge.plugins.chain.chain import BUILTIN, Chain
from bridge.plugins.worker import protocol
from bridge.plugins.worker.shared_memory import BufferPool, SharedBuffer, SharedRegion, audio_bytes
from bridge.types import Float32

ATTEMPTS = 2  # how often one render is tried before the worker's death is its result
FAULTS_PER_BATCH = 3  # crashes or hangs after which the rest of a batch is not tried


@dataclass(frozen=True)
class LocatedChain:
    """A chain and where its plugins are: for each slot the bundle's path, '' for a built-in effect."""

    chain: Chain
    paths: tuple[str, ...]

    def __str__(self) -> str:
        """The plugins that may crash: all but the built-in ones, if there are others."""
        names = [slot.plugin for slot in self.chain.slots]
        return ", ".join([name for name in names if not name.startswith(f"{BUILTIN}:")] or names)


class SharedSource:
    """One audio array of a batch: copied into shared memory by the first render that needs it, freed by the last."""

    def __init__(self, audio: Float32, pool: BufferPool) -> None:
        self.audio = audio
        self.users = 0
        self._pool = pool
        self._lock = threading.Lock()
        self._buffer: SharedBuffer | None = None

    def region(self) -> SharedRegion:
        """Return where the audio lies for the workers. PluginError where there is no room for it."""
        channels, frames = self.audio.shape
        with self._lock:
            if self._buffer is None:
                self._buffer = self._pool.acquire(audio_bytes(channels, frames))
                np.copyto(self._buffer.view(self._buffer.region(channels, frames)), self.audio)
            return self._buffer.region(channels, frames)

    def release(self) -> None:
        with self._lock:
            self.users -= 1
            if self.users == 0 and self._buffer is not None:
                self._pool.release(self._buffer)
                self._buffer = None


@dataclass
class RenderJob:
    """One render of a batch. `attempts` counts the workers that died of it."""

    batch: RenderBatch
    index: int
    source: SharedSource
    normalized: Float32  # (rows, controls)
    block_frames: int
    sample_rate_hz: int
    attempts: int = 0
    target: SharedBuffer | None = None


class RenderBatch:
    """The renders of one call: where results and errors come together. `error` ends what was not started yet."""

    def __init__(self, located: LocatedChain, count: int, *, return_errors: bool) -> None:
        self.located = located
        self.error: PluginError | None = None
        self._futures: list[Future[Float32 | PluginError]] = [Future() for _ in range(count)]
        self._return_errors = return_errors
        self._faults = 0
        self._lock = threading.Lock()

    def finish(self, job: RenderJob, result: Float32 | PluginError, *, is_fault: bool = False) -> None:
        """Set the result of a job: each exactly once."""
        job.source.release()
        with self._lock:
            self._faults += is_fault
            is_enough = not self._return_errors or self._faults >= FAULTS_PER_BATCH
            if isinstance(result, PluginError) and self.error is None and is_enough:
                self.error = result
        self._futures[job.index].set_result(result)

    def stop(self, error: PluginError) -> None:
        """Start no further render of this batch."""
        with self._lock:
            self.error = self.error or error

    def result(self, index: int) -> Float32 | PluginError:
        """Wait for one render: its audio, or its error."""
        return self._futures[index].result()

    def results(self) -> list[Float32 | PluginError]:
        """Wait for all renders: for the last first, as a thread that wakes at each would slow the workers' down."""
        return [future.result() for future in reversed(self._futures)][::-1]


class DedicatedWorker(Protocol):
    """A worker that a task has to itself."""

    @property
    def pool(self) -> BufferPool:
        """Where audio is put that the worker is to see."""

    def call(self, request: protocol.WorkerRequest, subject: LocatedChain | str) -> protocol.AnyReply:
        """Send one request and wait for its reply. `subject`: the chain, or the plugin, that the request is about.

        Raises PluginCrashed or PluginHung, which name the subject if the worker has not said at which plugin it was,
        and the error that an `ErrorReply` stands for.
        """

    def deleted_files(self) -> tuple[str, ...]:
        """The shared files that this worker may still map though they are deleted; each is returned once."""


@dataclass(frozen=True)
class ExclusiveTask:
    """Something for one worker alone: `work` runs on the worker's thread; its result comes by `future`."""

    work: Callable[[DedicatedWorker], object]
    future: Future[object] = field(default_factory=Future)


class RenderQueue:
    """First in, first out, for all worker threads of a host. `get` waits; `get_render_ahead` never does."""

    def __init__(self) -> None:
        self._items: deque[RenderJob | ExclusiveTask] = deque()
        self._changed = threading.Condition()
        self._is_closed = False

    def put(self, items: list[RenderJob] | list[ExclusiveTask]) -> None:
        with self._changed:
            if self._is_closed:
                raise HostClosed
            self._items.extend(items)
            self._changed.notify(len(items))

    def put_back(self, jobs: list[RenderJob]) -> list[RenderJob]:
        """Put at the front again. Return those that a closed queue no longer takes: all."""
        with self._changed:
            if self._is_closed:
                return jobs
            self._items.extendleft(reversed(jobs))
            self._changed.notify(len(jobs))
            return []

    def get(self) -> RenderJob | ExclusiveTask | None:
        """Return the next item, or None once the queue is closed."""
        with self._changed:
            while not self._items and not self._is_closed:
                self._changed.wait()
            return None if self._is_closed else self._items.popleft()

    def get_render_ahead(self, least: int) -> RenderJob | None:
        """Return another render for a worker, if at least `least` items wait: other workers must find one too."""
        with self._changed:
            if len(self._items) < least or not isinstance(self._items[0], RenderJob):
                return None
            job = self._items.popleft()
            assert isinstance(job, RenderJob)
            return job

    def close(self) -> list[RenderJob | ExclusiveTask]:
        """Stop handing out; return what was left."""
        with self._changed:
            self._is_closed = True
            left = list(self._items)
            self._items.clear()
            self._changed.notify_all()
            return left
